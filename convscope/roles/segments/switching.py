"""Whether agents switch between kinds of conduct, where, and how often by chance."""

from dataclasses import dataclass

import numpy as np

from convscope.roles.segments.chain import Chain, Paths, best_paths, dwell_times, follow
from convscope.roles.segments.conduct import Law
from convscope.roles.segments.fit import Fit, fit_chain, fit_roles
from convscope.roles.segments.sequences import Sequences
from convscope.values.arrays import BoolArray, FloatArray, IntArray

N_DRAWS = 99
"""Draws of the null."""
MAX_TESTED = 60
"""Episodes of each agent that enter the test and its null."""
MIN_STAY = 0.2
"""Share of a median episode that roles must last: what alternates faster cannot be told from habits within a role."""
MIN_CUT = 0.05
"""Share of an agent's episodes that must stand out: one in a hundred is what a model of conduct may miss."""
MIN_RETURN = 0.1
"""Changes from one kind to another need so many back, as a share of them, in the group: a change that only goes one way
may be a phase of the episode."""
MIN_SHARE = 0.05
"""Share of the switching agents' time from which on a role's stay counts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Switching:
    """Roles of the sequences of one group of agents in one run."""

    state: IntArray
    """Kind in each window; where the agent or the episode shows no switch, one and the same, shape (S, W)."""
    constant: IntArray
    """Kind of each sequence as a whole, shape (S,)."""
    is_switched: BoolArray
    """Whether a sequence has more than one segment, shape (S,)."""
    agents: IntArray
    """Shape (A,)."""
    p_value: FloatArray
    """Family-wise p of each agent, shape (A,)."""
    transition: FloatArray | None
    """Chain of those who switch, shape (K, K); None when nobody does."""
    n_one_way: int
    """Sequences with a change that was withdrawn, because hardly any sequence shows the change back."""
    is_restless: bool
    """Whether switches were found but withdrawn, because roles would not last `MIN_STAY` of an episode."""


def find_switching(
    sequences: Sequences, kind: IntArray, *, law: Law, alpha: float, rng: np.random.Generator
) -> Switching:
    """Follow the roles of agents through their episodes, and test whether they switch at all.

    What is learnt in one half of the episodes is used in the other one. The statistic of an agent is the mean gain of
    the likeliest path over the best path that never switches. Null: acts drawn anew in the same situations, by the
    conduct of the one kind that fits the whole episode best; family-wise by the largest standardised statistic over
    agents. Only episodes of agents that switch are cut, and of these only those whose gain the null does not reach,
    at a false discovery rate of alpha among the agent's episodes (Benjamini and Hochberg 1995).

    Parameters
    ----------
    sequences
        Of one group in one run.
    kind
        As from `kinds_of`, shape (S,).
    law
        Of conduct.
    alpha
        Level of the test.
    rng
        Splits the episodes and draws the null.
    """
    k = int(kind.max()) + 1
    number = np.unique(sequences.episode, return_index=True, return_inverse=True)
    appearance = np.argsort(np.argsort(number[1], kind="stable"), kind="stable")[number[2]]
    is_first = (rng.permutation(int(appearance.max()) + 1) % 2 == 0)[appearance]
    tested = _tested(sequences.agent, rng)
    parts: list[_Decoded] = []
    for half in (is_first, ~is_first):
        fit = fit_roles(sequences.of(~half), kind[~half], k, law=law, rng=rng)
        parts.append(_half(sequences, kind, half, fit=fit, tested=tested, rng=rng))
    whole = _joined(parts, (is_first, ~is_first), tested)
    agents, p_value = _agent_tests(sequences.agent, whole, tested)
    is_cut = _cut(sequences.agent, whole, tested, candidates=agents[p_value <= alpha], alpha=alpha)
    is_one_way = is_cut & _goes_one_way(whole.paths.state, is_cut)
    is_cut = _often(sequences.agent, is_cut & ~is_one_way)
    is_restless = is_cut.any() and not _lasts(sequences, whole, is_cut)
    is_switched = is_cut & (not is_restless)
    return Switching(
        state=np.where(is_switched[:, np.newaxis], whole.paths.state, whole.paths.constant[:, np.newaxis]),
        constant=whole.paths.constant,
        is_switched=is_switched,
        agents=agents,
        p_value=p_value,
        transition=_transition(sequences, whole, is_switched),
        is_restless=bool(is_restless),
        n_one_way=int(is_one_way.sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Decoded:
    """Sequences that were decoded with what the other half taught."""

    evidence: FloatArray
    paths: Paths
    start: FloatArray
    null: FloatArray
    """Gains of the tested sequences under the null, shape (draws, tested)."""
    transition: FloatArray


def _tested(agent: IntArray, rng: np.random.Generator) -> BoolArray:
    tested = np.zeros(len(agent), dtype=np.bool_)
    order = rng.permutation(len(agent))
    for number in np.unique(agent):
        tested[order[agent[order] == number][:MAX_TESTED]] = True
    return tested


def _half(
    sequences: Sequences, kind: IntArray, half: BoolArray, *, fit: Fit, tested: BoolArray, rng: np.random.Generator
) -> _Decoded:
    mine = sequences.of(half)
    chain = fit.chain(kind[half])
    evidence = mine.in_windows(fit.conduct.outlook(mine.inputs).score(mine.acts))
    paths = best_paths(evidence, mine.lengths, chain)
    some = sequences.of(half & tested)
    inner = tested[half]
    constant, some_chain = paths.constant[inner], Chain(start=chain.start[inner], transition=chain.transition)
    outlook = fit.conduct.outlook(some.inputs)
    null = np.empty((N_DRAWS, len(some.lengths)))
    for draw in range(N_DRAWS):
        acts = outlook.draw(constant[some.sequence], rng)
        null[draw] = best_paths(some.in_windows(outlook.score(acts)), some.lengths, some_chain).gain
    return _Decoded(evidence=evidence, paths=paths, start=chain.start, null=null, transition=fit.transition)


def _joined(parts: list[_Decoded], halves: tuple[BoolArray, BoolArray], tested: BoolArray) -> _Decoded:
    """Put the halves back into the order of the sequences."""
    n, n_windows, k = len(tested), max(part.evidence.shape[1] for part in parts), parts[0].evidence.shape[2]
    evidence, start = np.zeros((n, n_windows, k)), np.zeros((n, k))
    state, gain, constant = np.zeros((n, n_windows), dtype=np.int64), np.zeros(n), np.zeros(n, dtype=np.int64)
    null = np.zeros((N_DRAWS, int(tested.sum())))
    for part, half in zip(parts, halves, strict=True):
        evidence[half, : part.evidence.shape[1]] = part.evidence
        state[half, : part.evidence.shape[1]] = part.paths.state
        gain[half], constant[half], start[half] = part.paths.gain, part.paths.constant, part.start
        null[:, half[tested]] = part.null
    return _Decoded(
        evidence=evidence,
        paths=Paths(state=state, gain=gain, constant=constant),
        start=start,
        null=null,
        transition=parts[0].transition,
    )


def _agent_tests(agent: IntArray, whole: _Decoded, tested: BoolArray) -> tuple[IntArray, FloatArray]:
    agents = np.unique(agent)
    observed, null = np.zeros(len(agents)), np.zeros((N_DRAWS, len(agents)))
    for place, number in enumerate(agents):
        mine = agent[tested] == number
        observed[place], null[:, place] = whole.paths.gain[tested][mine].mean(), whole.null[:, mine].mean(axis=1)
    spread = null.std(axis=0) + 1e-3
    largest = ((null - null.mean(axis=0)) / spread).max(axis=1)
    reached = largest[:, np.newaxis] >= (observed - null.mean(axis=0)) / spread
    return agents, (1 + reached.sum(axis=0)) / (1 + N_DRAWS)


def _transition(sequences: Sequences, whole: _Decoded, is_cut: BoolArray) -> FloatArray | None:
    """Learn the chain of agents that have episodes with a change; their other episodes count as stays."""
    if not is_cut.any():
        return None
    is_whole = np.isin(sequences.agent, np.unique(sequences.agent[is_cut])) & ~is_cut
    k = len(whole.transition)
    n_stays = sequences.lengths[is_whole] - 1.0
    stays = np.bincount(whole.paths.constant[is_whole], weights=n_stays, minlength=k).astype(np.float64)
    chain = Chain(start=whole.start[is_cut], transition=whole.transition)
    return fit_chain(whole.evidence[is_cut], sequences.lengths[is_cut], chain, stays=stays)


def _goes_one_way(state: IntArray, is_cut: BoolArray) -> BoolArray:
    """Whether a cut sequence makes a change that hardly any makes the other way round, shape (S,)."""
    before, after = state[:, :-1], state[:, 1:]
    k = int(state.max(initial=0)) + 1
    changes = (before != after) & is_cut[:, np.newaxis]
    flow = np.bincount((before * k + after)[changes], minlength=k * k).reshape(k, k)
    is_lone = np.asarray(MIN_RETURN * flow > flow.T)
    return np.asarray((changes & is_lone[before, after]).any(axis=1))


def _lasts(sequences: Sequences, whole: _Decoded, is_cut: BoolArray) -> bool:
    """Whether roles last, by a chain that is free to change in all episodes of the agents that have a cut one.

    Where kinds differ in habits only, and agents share these, such a chain alternates throughout.
    """
    mine = np.isin(sequences.agent, np.unique(sequences.agent[is_cut]))
    chain = Chain(start=whole.start[mine], transition=whole.transition)
    transition = fit_chain(whole.evidence[mine], sequences.lengths[mine], chain)
    followed = follow(whole.evidence[mine], sequences.lengths[mine], Chain(start=chain.start, transition=transition))
    # What was visited, not the long run: a chain may hold roles that these agents never come back to.
    counts = followed.state.sum(axis=(0, 1)) >= MIN_SHARE * sequences.lengths[mine].sum()
    return bool((dwell_times(transition)[counts] >= MIN_STAY * float(np.median(sequences.lengths))).all())


def _cut(agent: IntArray, whole: _Decoded, tested: BoolArray, *, candidates: IntArray, alpha: float) -> BoolArray:
    is_cut = np.zeros(len(agent), dtype=np.bool_)
    for number in candidates:
        mine = np.flatnonzero(agent == number)
        null = np.sort(whole.null[:, agent[tested] == number].reshape(-1))
        gain = whole.paths.gain[mine]
        p_value = (1 + len(null) - np.searchsorted(null, gain, side="left")) / (1 + len(null))
        order = np.argsort(p_value, kind="stable")
        below = np.flatnonzero(p_value[order] <= alpha * np.arange(1, len(mine) + 1) / len(mine))
        chosen = mine[order[: below.max(initial=-1) + 1]]
        chosen = chosen[whole.paths.gain[chosen] > 0]
        is_cut[chosen] = True
    return is_cut


def _often(agent: IntArray, is_cut: BoolArray) -> BoolArray:
    """Keep the cuts of agents that have enough of them."""
    n_cut, n = np.bincount(agent, weights=is_cut), np.bincount(agent)
    return np.asarray(is_cut & (n_cut >= MIN_CUT * n)[agent])
