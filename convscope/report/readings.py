"""Both readings of each pair of agents side by side: what they do, and what they decide given what they see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from convscope.report.conduct import refused_sentence, stretch_sentences
from convscope.report.listing import Listing, listing
from convscope.roles.policy.kinds import MIN_OVERLAP
from convscope.values.evidence import Evidence
from convscope.values.inert import inert
from convscope.values.policy_reading import ChangePoint, PolicyRun
from convscope.values.roles import AgentClasses

MOST_PAIRS = 15
MOST_CHANGES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PairReadings:
    """A pair of agents in one run."""

    run: str
    first: str
    second: str
    situational_p: float | None
    """None where not tested."""
    policy_p: float | None
    """None where the two are not comparable by policy."""
    nats: float | None
    interval: tuple[float, float] | None
    overlap: float | None
    verdict: str
    """What both readings say together, in a few words."""


def pair_readings(evidence: Evidence) -> tuple[PairReadings, ...]:
    """Return the pairs of all runs, the clearest differences of policy first."""
    classes = {one.run: one for one in evidence.roles.classes}
    alpha = evidence.config.alpha
    found = [
        _pair(run, classes.get(run.run), (a, b), alpha=alpha)
        for run in evidence.policy.runs
        for a, b in combinations(range(len(run.members)), 2)
    ]
    return tuple(sorted(found, key=lambda pair: (pair.nats is None, -(pair.nats or 0.0))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the section shows."""

    k_agents: int | None
    """Classes by policy."""
    refused: str | None
    """What it means that no pair at all could be compared."""
    stretches: tuple[str, ...]
    """Which side of a change pairs are read on."""
    sentences: tuple[str, ...]
    pairs: Listing[PairReadings]
    changes: Listing[ChangePoint]
    is_scanned: bool
    """Whether changes were looked for."""


def readings_of(evidence: Evidence) -> Readings:
    """Return both readings of all pairs, and the changes of policy that were found."""
    pairs = pair_readings(evidence)
    changes = evidence.policy.change_points
    return Readings(
        k_agents=evidence.policy.k_agents,
        refused=refused_sentence(evidence.policy, MIN_OVERLAP),
        stretches=stretch_sentences(evidence.policy),
        sentences=reading_sentences(pairs),
        pairs=listing(pairs, MOST_PAIRS),
        changes=listing(changes or (), MOST_CHANGES),
        is_scanned=changes is not None,
    )


def reading_sentences(pairs: Sequence[PairReadings], *, most: int = 4) -> tuple[str, ...]:
    """Return what holding the situation equal changes, a sentence for each kind of pair that there is."""
    return tuple(_sentences(pairs, most))


def _pair(run: PolicyRun, classes: AgentClasses | None, pair: tuple[int, int], *, alpha: float) -> PairReadings:
    a, b = pair
    names = run.members[a], run.members[b]
    situational = _situational_p(classes, names)
    is_compared = bool(np.isfinite(run.nats[a, b]))
    policy = float(run.p_value[a, b]) if is_compared else None
    return PairReadings(
        run=run.run,
        first=names[0],
        second=names[1],
        situational_p=situational,
        policy_p=policy,
        nats=float(run.nats[a, b]) if is_compared else None,
        interval=(float(run.nats_low[a, b]), float(run.nats_high[a, b])) if is_compared else None,
        overlap=float(run.overlap[a, b]) if np.isfinite(run.overlap[a, b]) else None,
        verdict=_verdict(situational, policy, alpha, is_alike=bool(np.isfinite(run.overlap[a, b]))),
    )


def _situational_p(classes: AgentClasses | None, names: tuple[str, str]) -> float | None:
    if classes is None or not set(names) <= set(classes.members):
        return None
    a, b = (classes.members.index(name) for name in names)
    return float(classes.p_value[a, b])


_DECIDE = "they decide differently on what they see"
_PLACED = "they differ in what they do; that they decide differently on what they see could not be shown"
_HIDDEN = "what they do adds up to the same, but they decide differently on what they see"
_ALIKE = "cannot be told apart"
_APART = "hardly ever in the same situation: no telling what they would decide"
_UNLIKE = "not comparable by policy"


def _verdict(situational: float | None, policy: float | None, alpha: float, *, is_alike: bool) -> str:
    differs = situational is not None and situational <= alpha
    if policy is None:
        return _APART if is_alike else _UNLIKE
    if policy <= alpha:
        return _DECIDE if differs or situational is None else _HIDDEN
    return _PLACED if differs else _ALIKE


def _sentences(pairs: Sequence[PairReadings], most: int) -> Iterator[str]:
    for verdict in (_PLACED, _DECIDE, _HIDDEN, _APART):
        those = [pair for pair in pairs if pair.verdict == verdict]
        if not those:
            continue
        names = list(dict.fromkeys(f"{inert(pair.first)} and {inert(pair.second)}" for pair in those))
        more = f", and {len(names) - most} more pairs" if len(names) > most else ""
        yield f"{'; '.join(names[:most])}{more}: {verdict}."
