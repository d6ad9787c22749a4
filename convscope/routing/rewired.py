"""Graphs with other partners but equal activity and popularity: reciprocity of agents that ignore each other."""

import numpy as np

from convscope.values.arrays import BoolArray, FloatArray

_SWAPS_PER_EDGE = 10
_MOST_SWAPS = 20_000


def rewired(weights: FloatArray, is_tested: BoolArray, *, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Return graphs in which pairs of edges have exchanged their senders again and again, shape (D, N, N).

    Every receiver keeps its weights, hence what it draws in all, and every sender keeps how many draw on it. What is
    drawn on a sender in all is kept only as far as its edges have like weights.

    Parameters
    ----------
    weights
        Shape (receiver, sender), at least 0; 0 for no edge.
    is_tested
        Where an edge may be, shape (receiver, sender).
    n_draws
        Graphs, D.
    rng
        Draws them.

    References
    ----------
    Milo, Kashtan, Itzkovitz, Newman and Alon, "On the uniform generation of random graphs with prescribed degree
    sequences", arXiv:cond-mat/0312028 (2003): switches, ten for each edge.
    """
    receiver, first_sender = np.nonzero(weights)
    n_edges, own = len(receiver), np.arange(n_draws)
    sender = np.tile(first_sender, (n_draws, 1))
    is_taken = np.tile((weights > 0) | ~is_tested, (n_draws, 1, 1))
    for _ in range(min(_SWAPS_PER_EDGE * n_edges, _MOST_SWAPS) if n_edges > 1 else 0):
        one, two = rng.integers(n_edges, size=(2, n_draws))
        to_one, to_two, from_one, from_two = receiver[one], receiver[two], sender[own, one], sender[own, two]
        is_free = ~is_taken[own, to_one, from_two] & ~is_taken[own, to_two, from_one]
        some, one, two, to_one, to_two = own[is_free], one[is_free], two[is_free], to_one[is_free], to_two[is_free]
        from_one, from_two = from_one[is_free], from_two[is_free]
        is_taken[some, to_one, from_one] = is_taken[some, to_two, from_two] = False
        is_taken[some, to_one, from_two] = is_taken[some, to_two, from_one] = True
        sender[some, one], sender[some, two] = from_two, from_one
    drawn = np.zeros((n_draws, *weights.shape))
    drawn[own[:, None], receiver, sender] = weights[receiver, first_sender]
    return drawn
