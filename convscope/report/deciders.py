"""What decides who plays which role: a bar of shares, and a sentence."""

from dataclasses import dataclass

from convscope.values.explained import Explained
from convscope.values.figures import count, probability, share

_WORDS = {
    "declared": "declared role",
    "agent": "agent, beyond its declared role",
    "situation": "starting situation, beyond both",
    "unexplained": "unexplained",
}
_LARGE = 0.5
_SMALL = 0.1
_MOSTLY = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One piece of the bar."""

    label: str
    kind: int
    """Of its colour."""
    percent: str
    """Width of the piece."""
    share: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciders:
    """What the section shows."""

    slices: tuple[Slice, ...]
    sentence: str
    alike: str | None
    """Said where the agents of an episode mostly play the same role."""
    is_over_runs: bool


def deciders_of(explained: Explained | None, alpha: float) -> Deciders | None:
    """Return the bar and its sentence; None where nothing was explained. A declared role leads only beyond chance."""
    if explained is None:
        return None
    slices = tuple(
        Slice(
            label=_WORDS[name],
            kind=6 if name == "unexplained" else kind,
            percent=f"{100 * part.share:.1f}",
            share=part.share,
            interval=part.interval,
        )
        for kind, (name, part) in enumerate(explained.parts)
        if part is not None
    )
    return Deciders(
        slices=slices,
        sentence=_sentence(explained, alpha),
        alike=alike_sentence(explained, alpha),
        is_over_runs=explained.is_over_runs,
    )


def situational_words(explained: Explained | None, alpha: float) -> str | None:
    """Return the few words that keep roles which follow the situation from passing for roles of agents, or None.

    Said where the start of the episode explains most of the roles, its interval included, and agents next to nothing;
    or where the agents of an episode mostly play the same role, beyond chance.
    """
    if explained is None:
        return None
    situation = explained.situation
    by_agents = explained.agent.share + (0.0 if explained.declared is None else explained.declared.share)
    if situation is not None and situation.interval[0] >= _LARGE and by_agents <= _SMALL:
        start = f"how an episode starts explains {share(situation.share)} of them, which agent it is {share(by_agents)}"
        return f"they follow the situation: {start}"
    if alike_sentence(explained, alpha) is not None:
        return "they tell episodes apart, not agents: all agents of an episode mostly play the same"
    return None


def alike_sentence(explained: Explained, alpha: float) -> str | None:
    """Return how often all agents of an episode play the same role; None where that is rare or may be chance."""
    alike = explained.alike
    if alike is None or alike.share < _MOSTLY or alike.p_value > alpha:
        return None
    return (
        f"In {share(alike.share)} of {count(alike.n_episodes, 'episode')} all agents play the same role (by chance in "
        f"{share(alike.by_chance)}; p {probability(alike.p_value)}): the roles tell episodes apart, not agents."
    )


def _sentence(explained: Explained, alpha: float) -> str:
    if explained.declared is None or explained.declared_p_value is None or explained.declared_p_value <= alpha:
        return _leading(explained)
    by_chance, p_value = share(explained.declared_by_chance), probability(explained.declared_p_value)
    chance = f"labels dealt anew explain {by_chance} (p {p_value})"
    by_agents = explained.declared.share + explained.agent.share
    told = f"Which agent it is explains {share(by_agents)}" if by_agents >= _LARGE else _leading(explained)
    return f"{told.rstrip('.')}. Declared roles explain no more of that than chance would: {chance}."


def _leading(explained: Explained) -> str:
    known = [(name, part.share) for name, part in explained.parts if part is not None]
    name, most = max(known, key=lambda item: item[1])
    if most < _LARGE:
        return "No single thing decides who plays which role."
    if name == "agent" and explained.declared is None:
        return f"Who plays which role is decided mostly by which agent it is ({share(most)} of the entropy)."
    words = {
        "declared": "Who plays which role is decided mostly by the declared role",
        "agent": "Who plays which role is decided mostly by which agent it is, beyond what was declared",
        "situation": "Roles follow the situation: who plays which is decided mostly by how the episode starts",
        "unexplained": "Who plays which role is mostly not explained by declared role, agent or starting situation",
    }
    return f"{words[name]} ({share(most)} of the entropy)."
