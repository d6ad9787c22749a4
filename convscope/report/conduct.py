"""The policy reading and its changes in one sentence each, for the terminal and the cards of the page."""

from collections.abc import Sequence

from convscope.values.evidence import Evidence
from convscope.values.figures import count, figure, probability, share
from convscope.values.inert import inert
from convscope.values.policy_reading import ChangePoint, PolicyReading, PolicyRun

_MOST_NAMED = 3


def policy_sentence(policy: PolicyReading) -> str | None:
    """Return what is known of what agents decide, given what they see; None where no run could be read."""
    if not policy.runs:
        return None
    if policy.k_agents is None:
        return "no two agents meet the same situations often enough to compare what they decide"
    if policy.k_agents == 1:
        return f"no two could be told apart by what they decide, given what they see{_of_pairs(policy.runs)}"
    n_members = max(len(run.members) for run in policy.runs)
    return (
        f"{_least(policy)}{figure(policy.k_agents)} kinds among {figure(n_members)} decide differently, given "
        f"what they see{_of_pairs(policy.runs)}"
    )


def policy_note(policy: PolicyReading) -> str:
    """Return what is said of the number of kinds on its card."""
    if policy.k_agents is None:
        return "not comparable: agents hardly ever meet the same situations"
    if policy.k_agents == 1:
        return f"no two could be told apart given what they see{_of_pairs(policy.runs)}"
    return f"{_least(policy)}so many, given what they see{_of_pairs(policy.runs)}"


def change_sentence(changes: Sequence[ChangePoint] | None) -> str | None:
    """Return from when on agents act otherwise on what they see; None where that was not looked for."""
    if changes is None:
        return None
    if not changes:
        return "none found within a run of what agents do given what they see"
    named = [
        f"episode {change.episode} of {inert(change.run)} (p {probability(change.p_value)})"
        for change in changes[:_MOST_NAMED]
    ]
    more = f" and {count(len(changes) - _MOST_NAMED, 'more place')}" if len(changes) > _MOST_NAMED else ""
    return f"agents act otherwise on what they see from {', '.join(named)}{more} on"


def change_note(changes: Sequence[ChangePoint]) -> str:
    """Return what is said of the number of changes on its card."""
    if not changes:
        return "none found of what agents do given what they see"
    return f"from episode {changes[0].episode} of {inert(changes[0].run)} on (p {probability(changes[0].p_value)})"


def stretch_sentences(policy: PolicyReading) -> tuple[str, ...]:
    """Return on which side of the changes of its run each reading of pairs rests."""
    return tuple(
        f"In {inert(run.run)} policies change, so its pairs are read in episodes {run.stretch[0]} to {run.stretch[1]} "
        "alone, the longest stretch without a change. The p of what they do is over all episodes."
        for run in policy.runs
        if run.stretch is not None
    )


def refused_sentence(policy: PolicyReading, least: float) -> str | None:
    """Return what it means that no pair at all meets the same situations; None where one does.

    Parameters
    ----------
    policy
        The policy reading.
    least
        Common situations from which on a pair is compared.
    """
    overlaps = [run.largest_overlap for run in policy.runs if run.largest_overlap is not None]
    if not overlaps or any(run.n_compared for run in policy.runs):
        return None
    return (
        f"No two agents meet the same situations often enough to be compared: at most {share(max(overlaps))} are "
        f"common to two of them, and it takes {share(least)}. What one of them sees, the others hardly ever see, or "
        "what they see says who sees. So this log does not tell whether they decide differently or are only in "
        "different places; neither is ruled out. What is told above of what they do stands."
    )


def _least(policy: PolicyReading) -> str:
    is_lowest = policy.k_agents != max(len(run.members) for run in policy.runs)
    return "at least " if is_lowest and _of_pairs(policy.runs) else ""


def _of_pairs(runs: Sequence[PolicyRun]) -> str:
    """Return how many pairs could be compared, unless all could; agents of other spaces are kinds of their own."""
    n_pairs = sum(len(run.members) * (len(run.members) - 1) // 2 for run in runs)
    n_compared = sum(run.n_compared for run in runs)
    return "" if n_compared == n_pairs else f" ({n_compared} of {count(n_pairs, 'pair')} comparable)"


def conduct_lines(evidence: Evidence) -> tuple[str, ...]:
    """Return a line each for the terminal, where there is something to say."""
    told = (
        ("Policy", policy_sentence(evidence.policy)),
        ("Changes", change_sentence(evidence.policy.change_points)),
    )
    return tuple(f"{name}: {sentence}" for name, sentence in told if sentence is not None)
