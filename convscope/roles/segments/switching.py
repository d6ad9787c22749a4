"""Whether agents switch between kinds of conduct, and where."""

from dataclasses import dataclass

import numpy as np

from convscope.roles.segments.chain import Chain, Paths, best_paths
from convscope.roles.segments.changes import beyond_valley, likeliest_changes, single_mode_p
from convscope.roles.segments.conduct import Law
from convscope.roles.segments.exchanges import find_exchanges
from convscope.roles.segments.fit import Fit, fit_chain, fit_roles
from convscope.roles.segments.sequences import Sequences
from convscope.values.arrays import BoolArray, FloatArray, IntArray

MIN_RETURN = 0.1
"""Changes from one kind to another need so many back, as a share of them, in the group: a change that only goes one way
may be a phase of the episode."""


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
    partner: IntArray
    """Agent that each exchanges its role with, -1 for none, shape (A,)."""
    visited: IntArray
    """Kinds that those who switch take on, shape (V,)."""
    transition: FloatArray
    """Chain of those who switch, among these kinds, shape (V, V)."""
    n_one_way: int
    """Sequences with a change that was withdrawn, because hardly any sequence shows the change back."""


def find_switching(
    sequences: Sequences, kind: IntArray, *, law: Law, alpha: float, rng: np.random.Generator
) -> Switching:
    """Follow the roles of agents through their episodes, and test whether they switch at all.

    What is learnt in one half of the episodes is used in the other one. Two tests share the level. An agent by itself
    changes where its episodes are of two sorts by the gain of a change, and those of the upper sort are, before and
    behind it, like whole episodes of the roles they change between: these are cut along the likeliest path of the
    agent. Two agents exchange their roles where their changes coincide more than in other pairings of their episodes:
    these are cut along the likeliest path of both together.

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
        Splits the episodes, and pairs them anew.
    """
    k = int(kind.max()) + 1
    number = np.unique(sequences.episode, return_index=True, return_inverse=True)
    appearance = np.argsort(np.argsort(number[1], kind="stable"), kind="stable")[number[2]]
    is_first = (rng.permutation(int(appearance.max()) + 1) % 2 == 0)[appearance]
    parts: list[_Decoded] = []
    for half in (is_first, ~is_first):
        fit = fit_roles(sequences.of(~half), kind[~half], k, law=law, rng=rng)
        parts.append(_half(sequences.of(half), kind[half], fit))
    whole = _joined(parts, (is_first, ~is_first))
    agents, p_value, is_beyond = _alone(sequences, whole, alpha / 2)
    partner = np.full(len(agents), -1)
    state = np.repeat(whole.paths.constant[:, np.newaxis], whole.paths.state.shape[1], axis=1)
    is_exchanged = np.zeros(len(state), dtype=np.bool_)
    exchanges = find_exchanges(sequences, whole.evidence, whole.paths.constant, alpha=alpha / 2, rng=rng)
    for exchange in sorted(exchanges, key=lambda each: each.p_value):
        place = np.searchsorted(agents, exchange.agents)
        p_value[place] = np.minimum(p_value[place], exchange.p_value)
        is_free = ~is_exchanged[exchange.rows].any(axis=1)
        state[exchange.rows[is_free]] = exchange.state[is_free]
        is_exchanged[exchange.rows[is_free]] = True
        if is_free.any():
            partner[place] = np.where(partner[place] < 0, exchange.agents[::-1], partner[place])
    # Two agents followed together are followed better: those that exchange are not cut by themselves as well.
    is_cut = is_beyond & (whole.paths.gain > 0) & ~np.isin(sequences.agent, agents[partner >= 0])
    is_one_way = is_cut & _goes_one_way(whole.paths.state, is_cut)
    is_alone = is_cut & ~is_one_way
    state[is_alone] = whole.paths.state[is_alone]
    is_switched = is_exchanged | is_alone
    visited, transition = _chain(sequences, whole, state, is_cut=is_switched)
    return Switching(
        state=state,
        constant=whole.paths.constant,
        is_switched=is_switched,
        agents=agents,
        p_value=np.minimum(1.0, 2 * p_value),
        partner=partner,
        visited=visited,
        transition=transition,
        n_one_way=int(is_one_way.sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Decoded:
    """Sequences that were decoded with what the other half taught."""

    evidence: FloatArray
    paths: Paths
    start: FloatArray
    transition: FloatArray


def _half(mine: Sequences, kind: IntArray, fit: Fit) -> _Decoded:
    chain = fit.chain(kind)
    evidence = mine.in_windows(fit.conduct.outlook(mine.inputs).score(mine.acts))
    paths = best_paths(evidence, mine.lengths, chain)
    return _Decoded(evidence=evidence, paths=paths, start=chain.start, transition=fit.transition)


def _joined(parts: list[_Decoded], halves: tuple[BoolArray, BoolArray]) -> _Decoded:
    """Put the halves back into the order of the sequences."""
    n, n_windows, k = len(halves[0]), max(part.evidence.shape[1] for part in parts), parts[0].evidence.shape[2]
    evidence, start = np.zeros((n, n_windows, k)), np.zeros((n, k))
    state, gain, constant = np.zeros((n, n_windows), dtype=np.int64), np.zeros(n), np.zeros(n, dtype=np.int64)
    for part, half in zip(parts, halves, strict=True):
        evidence[half, : part.evidence.shape[1]] = part.evidence
        state[half, : part.evidence.shape[1]] = part.paths.state
        gain[half], constant[half], start[half] = part.paths.gain, part.paths.constant, part.start
    return _Decoded(
        evidence=evidence,
        paths=Paths(state=state, gain=gain, constant=constant),
        start=start,
        transition=parts[0].transition,
    )


def _alone(sequences: Sequences, whole: _Decoded, alpha: float) -> tuple[IntArray, FloatArray, BoolArray]:
    """Test each agent by itself, Bonferroni over the group, and say which episodes of those that change do so."""
    changes = likeliest_changes(whole.evidence, sequences.lengths, whole.paths.constant)
    agents = np.unique(sequences.agent)
    p_value, is_beyond = np.ones(len(agents)), np.zeros(len(sequences.agent), dtype=np.bool_)
    for place, number in enumerate(agents):
        mine = np.flatnonzero(sequences.agent == number)
        p_value[place] = min(1.0, single_mode_p(changes.gain[mine]) * len(agents))
        is_beyond[mine] = (p_value[place] <= alpha) & beyond_valley(changes.gain[mine], changes.likeness[mine])
    return agents, p_value, is_beyond


def _chain(sequences: Sequences, whole: _Decoded, state: IntArray, *, is_cut: BoolArray) -> tuple[IntArray, FloatArray]:
    """Learn the chain of agents that have episodes with a change; their other episodes count as stays."""
    visited = np.unique(state[is_cut])
    if not len(visited):
        return visited, np.empty((0, 0))
    is_whole = np.isin(sequences.agent, np.unique(sequences.agent[is_cut])) & ~is_cut
    n_stays = sequences.lengths[is_whole] - 1.0
    stays = np.bincount(whole.paths.constant[is_whole], weights=n_stays, minlength=len(whole.transition))
    start, transition = whole.start[is_cut][:, visited], whole.transition[np.ix_(visited, visited)]
    chain = Chain(
        start=start / start.sum(axis=1, keepdims=True), transition=transition / transition.sum(axis=1, keepdims=True)
    )
    evidence = whole.evidence[is_cut][:, :, visited]
    return visited, fit_chain(evidence, sequences.lengths[is_cut], chain, stays=stays[visited].astype(np.float64))


def _goes_one_way(state: IntArray, is_cut: BoolArray) -> BoolArray:
    """Whether a cut sequence makes a change that hardly any makes the other way round, shape (S,)."""
    before, after = state[:, :-1], state[:, 1:]
    k = int(state.max(initial=0)) + 1
    changes = (before != after) & is_cut[:, np.newaxis]
    flow = np.bincount((before * k + after)[changes], minlength=k * k).reshape(k, k)
    is_lone = np.asarray(MIN_RETURN * flow > flow.T)
    return np.asarray((changes & is_lone[before, after]).any(axis=1))
