"""Conduct and switching learnt together: how each kind acts, and how kinds follow each other."""

from dataclasses import dataclass

import numpy as np

from convscope.roles.segments.chain import Chain, follow
from convscope.roles.segments.conduct import Conduct, Law
from convscope.roles.segments.sequences import Sequences
from convscope.values.arrays import BoolArray, FloatArray, IntArray

N_ROUNDS = 8
"""Rounds of expectation-maximisation: agents that switch no longer blur the kinds after a few."""
SETTLED = 0.002
"""Mean change of the chance of a role from round to round at which conduct counts as found."""
N_CHAIN_ROUNDS = 50
TOLERANCE = 1e-5
"""Largest change of a transition at which the chain counts as found."""
STAYS = 10.0
"""Windows that speak for staying in each role before any is seen: the stickiness."""
LEAVES = 0.5
"""Windows that speak for each switch before any is seen."""
FIRST_STAY = 0.97
"""Chance to stay at which the fit begins."""
MAX_ROWS = 15_000
"""Steps that conduct is learnt from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """What was learnt."""

    conduct: Conduct
    transition: FloatArray
    """Shape (K, K)."""
    start: FloatArray
    """Chance of each role at the start of an episode, of each kind's agents, shape (K, K)."""

    def chain(self, kind: IntArray) -> Chain:
        """Return the chain of sequences of these kinds, shape (S,)."""
        return Chain(start=self.start[kind], transition=self.transition)


def fit_roles(sequences: Sequences, kind: IntArray, k: int, *, law: Law, rng: np.random.Generator) -> Fit:
    """Learn conduct and chain by expectation-maximisation, starting from the kinds of whole sequences.

    Parameters
    ----------
    sequences
        To learn from; of very many, a random part is used.
    kind
        Of each sequence, from 0, shape (S,).
    k
        Number of kinds.
    law
        Of conduct.
    rng
        Draws the part.

    References
    ----------
    Baum, Petrie, Soules and Weiss (1970); the weight on staying after Fox, Sudderth, Jordan and Willsky, "A sticky
    HDP-HMM with application to speaker diarization" (2011), with a given number of roles.
    """
    chosen = _part(sequences, rng)
    sequences, kind = sequences.of(chosen), kind[chosen]
    known = sequences.is_known
    weights = np.eye(k)[kind][sequences.sequence]
    transition = _uniform_but(k, FIRST_STAY)
    start = _uniform_but(k, FIRST_STAY)
    conduct = law.fit(sequences.inputs[known], sequences.acts[known], weights[known])
    for _ in range(N_ROUNDS):
        evidence = sequences.in_windows(conduct.outlook(sequences.inputs).score(sequences.acts))
        followed = follow(evidence, sequences.lengths, Chain(start=start[kind], transition=transition))
        transition, start = _transition(followed.transitions.sum(axis=0)), _start(followed.state[:, 0], kind, k)
        before, weights = weights, followed.state[sequences.sequence, sequences.window]
        conduct = law.fit(sequences.inputs[known], sequences.acts[known], weights[known])
        if float(np.abs(weights - before).mean()) < SETTLED:
            break
    return Fit(conduct=conduct, transition=transition, start=start)


def fit_chain(evidence: FloatArray, lengths: IntArray, chain: Chain, *, stays: FloatArray | None = None) -> FloatArray:
    """Learn the transitions of sequences whose windows speak for roles by known evidence, without a weight on staying.

    Parameters
    ----------
    evidence, lengths
        As in `follow`.
    chain
        Where to begin.
    stays
        Windows followed by the same role in sequences that are known not to change, shape (K,); none when left out.

    Returns
    -------
    FloatArray
        Transitions, shape (K, K); a role that never occurs stays as it began.
    """
    transition = chain.transition
    fixed = np.zeros_like(transition) if stays is None else np.diag(stays)
    for _ in range(N_CHAIN_ROUNDS):
        followed = follow(evidence, lengths, Chain(start=chain.start, transition=transition))
        counts = fixed + followed.transitions.sum(axis=0)
        n = counts.sum(axis=1, keepdims=True)
        learnt = np.where(n > 0, counts / np.where(n > 0, n, 1.0), transition)
        change = float(np.abs(learnt - transition).max())
        transition = learnt
        if change < TOLERANCE:
            break
    return transition


def _part(sequences: Sequences, rng: np.random.Generator) -> BoolArray:
    order = rng.permutation(len(sequences.lengths))
    total = np.cumsum(np.bincount(sequences.sequence)[order])
    chosen = np.zeros(len(order), dtype=np.bool_)
    chosen[order[: max(1, int(np.searchsorted(total, MAX_ROWS, side="right")))]] = True
    return chosen


def _uniform_but(k: int, stay: float) -> FloatArray:
    matrix = np.full((k, k), (1 - stay) / max(k - 1, 1))
    np.fill_diagonal(matrix, stay)
    return matrix


def _transition(counts: FloatArray) -> FloatArray:
    weighted = counts + LEAVES + STAYS * np.eye(len(counts))
    return np.asarray(weighted / weighted.sum(axis=1, keepdims=True))


def _start(state: FloatArray, kind: IntArray, k: int) -> FloatArray:
    counts = np.full((k, k), LEAVES)
    np.add.at(counts, kind, state)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
