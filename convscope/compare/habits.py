"""How much runs would differ that share one preference."""

from collections.abc import Sequence

import numpy as np

from convscope.compare.relabelling import Relabellings
from convscope.compare.scores import Scores
from convscope.randomness import generator
from convscope.routing.choice_model import collapse, fit
from convscope.routing.divergence import conditioned
from convscope.routing.preference import by_role
from convscope.values.arrays import BoolArray, FloatArray
from convscope.values.routing import RoutingTallies


def drawn_around_mean(
    tallies: RoutingTallies, scores: Scores, relabellings: Sequence[Relabellings], *, n_draws: int, seed: int
) -> FloatArray | None:
    """Draw studies of runs that share one preference and differ only by habits between single agents.

    Runs are drawn around the mean preference; each pair of agents draws a log-normal factor for the run, whose variance
    is that of the weights within cells of one role pair (after the receiver's total and the run's preference).

    Parameters
    ----------
    tallies
        Of all runs.
    scores
        Of at least two runs, with scorable rows.
    relabellings
        Of each run; says whether roles are redrawn.
    n_draws
        Studies to draw.
    seed
        Of the analysis; each run's draws depend on its name.

    Returns
    -------
    FloatArray or None
        P over the cells that can be compared, shape (B, S, R, R). None where that variance cannot be told: roles with
        one member each, roles that are redrawn between episodes, or pairs without any weight.
    """
    runs = [_main_rows(tallies.rows(np.equal(tallies.run, tallies.runs.index(run)))) for run in scores.runs]
    squares, n_free = _habit_squares(runs, scores.learned)
    if n_free < 1 or not all(run.sizes for run in relabellings):
        return None
    # The variance is known from a few pairs only: each study draws it anew from what they allow.
    spread = np.sqrt(squares / generator(seed, "gap", "habits").chisquare(n_free, n_draws))
    common = scores.learned.mean(axis=0)
    drawn = [
        _drawn_preferences(run, common, spread, rng=generator(seed, "gap", "habits", name))
        for name, run in zip(scores.runs, runs, strict=True)
    ]
    return conditioned(np.stack(drawn, axis=1), scores.cells)


def _main_rows(tallies: RoutingTallies) -> RoutingTallies:
    """Keep of each receiver the set of valid senders that it met most; its episodes are summed."""
    keys = np.column_stack([tallies.receiver, np.packbits(tallies.valid, axis=1)])
    _, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    mass = np.zeros((len(first), tallies.valid.shape[1]))
    np.add.at(mass, number.ravel(), np.where(tallies.valid, tallies.mass, 0.0))
    n_steps = np.bincount(number.ravel(), tallies.n_steps, len(first)).astype(np.float64)
    order = np.lexsort((-n_steps, tallies.receiver[first]))
    _, heaviest = np.unique(tallies.receiver[first][order], return_index=True)
    kept = order[heaviest]
    summed = tallies.rows(first[kept])
    return RoutingTallies(
        run=summed.run,
        unit=summed.unit,
        receiver=summed.receiver,
        valid=summed.valid,
        mass=mass[kept],
        n_steps=n_steps[kept],
        roles=summed.roles,
        runs=summed.runs,
    )


def _habit_squares(runs: list[RoutingTallies], learned: FloatArray) -> tuple[float, int]:
    """Return the sum of squares of log weights within cells and its degrees of freedom; 0 where a weight is missing."""
    squares, n_free = 0.0, 0
    for run, preference in zip(runs, learned, strict=True):
        used, pull = _pull(run, preference)
        if not (run.mass[used] > 0).all() or not (pull[used] > 0).all():
            return 0.0, 0
        residual = np.log(np.where(used, run.mass, 1.0)) - np.log(np.where(used, pull, 1.0))
        n_used = used.sum(axis=1, keepdims=True)
        centred = np.where(
            used, residual - residual.sum(axis=1, keepdims=True, where=used) / np.maximum(n_used, 1), 0.0
        )
        squares += float((centred**2).sum())
        n_cells = np.isfinite(preference).sum(axis=1)
        n_free += int(np.maximum(n_used - 1, 0).sum()) - int(np.maximum(n_cells - 1, 0).sum())
    return squares, n_free


def _pull(run: RoutingTallies, preference: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Return who counts as a sender in each row, and θ of the pair, 0 where it is not known; both (K, N)."""
    receiving = run.roles[np.arange(len(run.receiver)), run.receiver]
    used = run.valid & (run.roles >= 0) & (receiving >= 0)[:, None]
    return used, np.where(used, np.nan_to_num(preference[receiving[:, None], run.roles]), 0.0)


def _drawn_preferences(
    run: RoutingTallies, common: FloatArray, spread: FloatArray, *, rng: np.random.Generator
) -> FloatArray:
    used, pull = _pull(run, common)
    # Slots that are never used must move neither the others' draws nor their last digits.
    columns = used.any(axis=0)
    used, pull = used[:, columns], pull[:, columns]
    sender_roles, summed = run.roles[:, columns], run.mass[:, columns]
    n_draws = len(spread)
    habits = np.ones((n_draws, *used.shape))
    habits[:, used] = np.exp(spread[:, None] * rng.standard_normal((n_draws, int(used.sum()))))
    weights = pull * habits
    total = weights.sum(axis=2, keepdims=True)
    mass = np.divide(
        summed.sum(axis=1, where=used)[:, None] * weights, total, out=np.zeros_like(weights), where=total > 0
    )
    n_roles = len(common)
    receiving, counts, _ = by_role(run, n_roles)
    is_role = np.equal(sender_roles[..., None], np.arange(n_roles)) & used[..., None]
    role_mass = np.einsum("bkn,knr->bkr", mass, is_role.astype(np.float64))
    n_rows = len(receiving)
    found = collapse(
        np.tile(receiving, n_draws),
        np.tile(counts, (n_draws, 1)),
        role_mass.reshape(-1, n_roles),
        fit_of_row=np.repeat(np.arange(n_draws), n_rows),
        n_fits=n_draws,
    )
    return fit(found).preference
