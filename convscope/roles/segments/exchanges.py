"""Whether two agents exchange their roles at the same step of the same episodes."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from convscope.roles.segments.chain import Chain, best_paths
from convscope.roles.segments.changes import LEAST_PIECE, beyond_valley, likeliest_changes
from convscope.roles.segments.fit import FIRST_STAY, fit_chain
from convscope.roles.segments.kinds import MIN_EPISODES
from convscope.roles.segments.sequences import Sequences
from convscope.values.arrays import FloatArray, IntArray

N_DRAWS = 999
MAX_EPISODES = 300
"""Common episodes of a pair that enter its test and null: every one is laid beside every other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exchange:
    """What two agents of one group show."""

    agents: tuple[int, int]
    p_value: float
    """Family-wise over the pairs of the group."""
    rows: IntArray
    """Sequences of the first and the second agent in episodes with an exchange, none where none is claimed, shape
    (n, 2)."""
    state: IntArray
    """Kind in each window of these sequences, shape (n, 2, W)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    agents: tuple[int, int]
    kinds: tuple[int, int]
    rows: IntArray
    """Sequences of both agents in common episodes, shape (n, 2)."""

    def without_rows(self) -> "_Pair":
        return replace(self, rows=self.rows[:0])


def find_exchanges(
    sequences: Sequences, evidence: FloatArray, constant: IntArray, *, alpha: float, rng: np.random.Generator
) -> list[Exchange]:
    """Test all pairs of agents of a group that mostly have different kinds.

    Statistic: mean over episodes of the gain, where positive, when both agents change at the same step, one from its
    kind to the other's and the other the other way round. Null: episodes of the one laid beside other episodes of the
    other. What a model of conduct misses in an agent is the same in both; only coincidence tells them apart.
    Family-wise by the largest standardised statistic over pairs.

    Parameters
    ----------
    sequences
        Of the group, in canonical order.
    evidence
        As in `likeliest_changes`.
    constant
        Kind of each sequence as a whole, shape (S,).
    alpha
        Up to which p exchanges are located.
    rng
        Draws the null.
    """
    pairs = _pairs(sequences, constant)
    if not pairs:
        return []
    curves = _Curves(evidence, sequences.lengths)
    observed, null, own = np.zeros(len(pairs)), np.zeros((N_DRAWS, len(pairs))), list[FloatArray]()
    for place, pair in enumerate(pairs):
        some = pair.rows[:MAX_EPISODES]
        beside = np.maximum(_beside(curves, some, pair.kinds), 0.0)
        order = rng.permuted(np.tile(np.arange(len(some)), (N_DRAWS, 1)), axis=1)
        null[:, place] = beside[np.arange(len(some)), order].mean(axis=1)
        observed[place] = np.diag(beside).mean()
        own.append(_alone(curves, pair))
    centre, spread = null.mean(axis=0), null.std(axis=0) + 1e-6
    largest = ((null - centre) / spread).max(axis=1)
    p_value = (1 + (largest[:, np.newaxis] >= (observed - centre) / spread).sum(axis=0)) / (1 + N_DRAWS)
    likeness = likeliest_changes(evidence, sequences.lengths, constant).likeness
    is_claimed = [
        p <= alpha and bool(beyond_valley(gain, likeness[pair.rows]).any())
        for pair, p, gain in zip(pairs, p_value.tolist(), own, strict=True)
    ]
    return [
        _followed(pair if claimed else pair.without_rows(), p, evidence=evidence, lengths=sequences.lengths)
        for pair, p, claimed in zip(pairs, p_value.tolist(), is_claimed, strict=True)
    ]


class _Curves:
    """Gain of one change behind each window, over the best constant kind."""

    def __init__(self, evidence: FloatArray, lengths: IntArray) -> None:
        self._sums = np.cumsum(evidence, axis=1)
        before = np.arange(1, evidence.shape[1] + 1)
        least = np.ceil(LEAST_PIECE * lengths)[:, np.newaxis]
        self._is_allowed = (before >= least) & (before <= lengths[:, np.newaxis] - least)

    def __call__(self, rows: IntArray, first: int, second: int) -> FloatArray:
        """Return the gain of a change from the first kind to the second, shape (n, W)."""
        sums = self._sums[rows]
        total = sums[:, -1]
        change = sums[:, :, first] - sums[:, :, second] + (total[:, second] - total.max(axis=1))[:, np.newaxis]
        return np.where(self._is_allowed[rows], change, -np.inf)


def _pairs(sequences: Sequences, constant: IntArray) -> list[_Pair]:
    _, first = np.unique(sequences.agent, return_index=True)
    agents = sequences.agent[np.sort(first)].tolist()
    rows = {agent: np.flatnonzero(sequences.agent == agent) for agent in agents}
    begins = np.searchsorted(sequences.sequence, np.arange(len(sequences.lengths)))
    key = list(zip(sequences.episode.tolist(), sequences.time[begins].tolist(), strict=True))
    usual = {agent: int(np.bincount(constant[mine]).argmax()) for agent, mine in rows.items()}
    found: list[_Pair] = []
    for one, other in combinations(agents, 2):
        there = {key[row]: row for row in rows[other].tolist()}
        common = [(row, there[key[row]]) for row in rows[one].tolist() if key[row] in there]
        if usual[one] != usual[other] and len(common) >= MIN_EPISODES:
            found.append(_Pair(agents=(one, other), kinds=(usual[one], usual[other]), rows=np.array(common)))
    return found


def _beside(curves: _Curves, rows: IntArray, kinds: tuple[int, int]) -> FloatArray:
    """Gain of an exchange if any episode of the one were any episode of the other, shape (n, n)."""
    best = np.full((len(rows), len(rows)), -np.inf)
    for first, second in (kinds, kinds[::-1]):
        one, other = curves(rows[:, 0], first, second), curves(rows[:, 1], second, first)
        for window in range(one.shape[1]):
            np.maximum(best, one[:, window, np.newaxis] + other[:, window], out=best)
    return best


def _alone(curves: _Curves, pair: _Pair) -> FloatArray:
    """Gain of an exchange in each common episode, NaN where too short, shape (n,)."""
    (first, second), rows = pair.kinds, pair.rows
    sums = [curves(rows[:, 0], a, b) + curves(rows[:, 1], b, a) for a, b in ((first, second), (second, first))]
    gain = np.maximum(*sums).max(axis=1)
    return np.where(np.isfinite(gain), gain, np.nan)


def _followed(pair: _Pair, p_value: float, *, evidence: FloatArray, lengths: IntArray) -> Exchange:
    """Follow who has which of the two kinds, both agents together, through their common episodes."""
    kinds, longer = np.array(pair.kinds), lengths[pair.rows].max(axis=1)
    one, other = evidence[pair.rows[:, 0]], evidence[pair.rows[:, 1]]
    together = one[:, :, kinds] + other[:, :, kinds[::-1]]
    begin = np.array([[FIRST_STAY, 1 - FIRST_STAY], [1 - FIRST_STAY, FIRST_STAY]])
    start = np.full((len(pair.rows), 2), 0.5)
    transition = fit_chain(together, longer, Chain(start=start, transition=begin))
    paths = best_paths(together, longer, Chain(start=start, transition=transition))
    changes = paths.gain > 0
    state = np.stack([kinds[paths.state], kinds[1 - paths.state]], axis=1)
    return Exchange(agents=pair.agents, p_value=p_value, rows=pair.rows[changes], state=state[changes])
