"""Mutual information of messages and actions, observed and under two nulls: whole episodes shuffled, or re-drawn."""

import numpy as np

from convscope.values.arrays import FloatArray, IntArray

_MOST_CELLS = 8_000_000


def information(tables: FloatArray) -> FloatArray:
    """Return the information between two things given a third, in bits, of many tables at once.

    Parameters
    ----------
    tables
        Counts or sums of probabilities, shape (..., message, stratum, action).

    Returns
    -------
    FloatArray
        Shape (...). The plug-in value, with the sum over actions, never their mean; 0 for an empty table.

    References
    ----------
    Lowe, Foerster, Boureau, Pineau and Dauphin, "On the pitfalls of measuring emergent communication", AAMAS 2019.
    """
    total = np.maximum(tables.sum(axis=(-3, -2, -1)), 1e-300)
    each = _entropic(tables) - _entropic(tables.sum(axis=-1, keepdims=True))
    pooled = _entropic(tables.sum(axis=-3, keepdims=True)) - _entropic(tables.sum(axis=(-3, -1), keepdims=True))
    return np.asarray(np.maximum((each - pooled) / total, 0.0))


def shuffled_tables(messages: FloatArray, outcomes: FloatArray, orders: IntArray) -> FloatArray:
    """Return tables of messages against outcomes, with the messages of other episodes in the place of the own ones.

    Parameters
    ----------
    messages
        1 for the symbol sent, shape (E, T, message); zeros where there is none.
    outcomes
        Probability of each action in its stratum, shape (E, T, stratum, action); zeros where there is none.
    orders
        Which episode's messages stand beside each episode's outcomes, shape (B, E).

    Returns
    -------
    FloatArray
        Shape (B, message, stratum, action).
    """
    n_episodes, n_steps, n_symbols = messages.shape
    _, _, n_strata, n_actions = outcomes.shape
    sent = messages.transpose(0, 2, 1).reshape(-1, n_steps)
    followed = outcomes.reshape(n_episodes, n_steps, -1)
    n_columns = n_strata * n_actions
    tables = np.empty((len(orders), n_symbols, n_columns))
    own = np.arange(n_episodes)
    at_once = max(_MOST_CELLS // (n_episodes**2 * n_symbols), 1)
    for start in range(0, n_columns, at_once):
        some = followed[..., start : start + at_once]
        # Every episode's messages against every episode's outcomes, once; an order then only picks and adds.
        cells = (sent @ some.transpose(1, 0, 2).reshape(n_steps, -1)).reshape(n_episodes, n_symbols, n_episodes, -1)
        for number, order in enumerate(orders):
            tables[number, :, start : start + at_once] = cells[order, :, own].sum(axis=0)
    return tables.reshape(-1, n_symbols, n_strata, n_actions)


def redrawn_tables(
    messages: FloatArray, outcomes: FloatArray, law: FloatArray, *, n_draws: int, rng: np.random.Generator
) -> FloatArray:
    """Return tables in which each message counts by one over its probability: what follows if it is sent by decree.

    The first table is the observed one; in the others the messages are drawn anew from their logged probabilities.

    Parameters
    ----------
    messages, outcomes
        As in `shuffled_tables`.
    law
        Probability of each message when it was sent, shape (E, T, message).
    n_draws
        Number of new draws.
    rng
        Draws them.

    Returns
    -------
    FloatArray
        Shape (1 + n_draws, message, stratum, action).
    """
    is_sent = messages.sum(axis=-1).reshape(-1) > 0
    chances = law.reshape(-1, law.shape[-1])[is_sent]
    taken = messages.reshape(-1, law.shape[-1])[is_sent].argmax(axis=-1)
    followed = outcomes.reshape(len(is_sent), -1)[is_sent]
    bounds = chances.cumsum(axis=-1)
    tables = [_by_decree(taken, chances, followed)]
    for _ in range(n_draws):
        drawn = (bounds < rng.random((len(bounds), 1)) * bounds[:, -1:]).sum(axis=-1)
        tables.append(_by_decree(drawn, chances, followed))
    return np.array(tables).reshape(len(tables), law.shape[-1], *outcomes.shape[2:])


def _by_decree(taken: IntArray, chances: FloatArray, followed: FloatArray) -> FloatArray:
    rows = np.arange(len(taken))
    counted = np.zeros_like(chances)
    counted[rows, taken] = 1 / np.maximum(chances[rows, taken], 1e-3)
    sums: FloatArray = counted.T @ followed
    total = sums.sum(axis=1, keepdims=True)
    # Messages keep the shares in which they are sent on average.
    return np.asarray(sums / np.maximum(total, 1e-300) * chances.mean(axis=0)[:, None])


def _entropic(tables: FloatArray) -> FloatArray:
    """Return the sum of x log2 x."""
    terms = tables * np.log2(np.where(tables > 0, tables, 1.0))
    return np.asarray(terms.sum(axis=(-3, -2, -1)))
