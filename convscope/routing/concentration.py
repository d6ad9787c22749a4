"""How concentrated each receiver's routing is, and how sure that is."""

from collections.abc import Callable, Sequence

import numpy as np

from convscope.randomness import generator
from convscope.routing.intervals import FEWEST_RUNS, OVER_RUNS, THESE_RUNS_ONLY, Interval, percentiles, student_t
from convscope.routing.preference import role_preference
from convscope.routing.resampling import resampled
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.routing import Concentration, RoutingTallies

Halves = Sequence[tuple[RoutingTallies, RoutingTallies]]


def role_concentration(
    tallies: RoutingTallies, halves: Halves, roles: tuple[str, ...], *, config: AnalysisConfig
) -> tuple[Concentration, ...]:
    """Return how concentrated the routing of each receiving role is, ``1 - H(P_a) / log K_a`` (docs/formation.md).

    Parameters
    ----------
    tallies
        Routed weight.
    halves
        Of random halves of the episodes.
    roles
        Names of the roles.
    config
        ``seed`` and ``n_permutations`` are used.

    Returns
    -------
    tuple of Concentration
        Mean over runs, each over its K_a identifiable columns: 0 = even, 1 = one target. Roles whose row is blank in
        all runs are left out.
    """
    n_roles, n_draws = len(roles), config.n_permutations
    draws = _draws(tallies, lambda part, rng: resampled(part, n_roles, n_draws=n_draws, rng=rng), seed=config.seed)
    return _concentrations(
        roles,
        row_concentration(role_preference(tallies, roles).per_run),
        halves=[[row_concentration(role_preference(half, roles).per_run) for half in pair] for pair in halves],
        draws=draws,
    )


def agent_concentration(
    tallies: RoutingTallies, halves: Halves, agents: Sequence[str], *, config: AnalysisConfig
) -> tuple[Concentration, ...]:
    """Return ``1 - H(w) / log K`` of each receiver's mean shares w over its K senders, where no roles were declared.

    Parameters
    ----------
    agents
        Names, in the order of the agent axis. Agents without a choice are left out.
    tallies, halves, config
        As in `role_concentration`.
    """
    n_draws = config.n_permutations
    draws = _draws(tallies, lambda part, rng: _resampled_agents(part, n_draws, rng), seed=config.seed)
    return _concentrations(
        agents,
        _by_run(tallies),
        halves=[[_by_run(half) for half in pair] for pair in halves],
        draws=draws,
    )


def row_concentration(shares: FloatArray) -> FloatArray:
    """Return ``1 - H / log K`` over the K columns that are not NaN, shape (...) for (..., K); NaN under two columns."""
    known = np.isfinite(shares)
    total = np.where(known, shares, 0.0).sum(axis=-1, keepdims=True)
    share = np.divide(np.where(known, shares, 0.0), total, out=np.zeros(shares.shape), where=total > 0)
    logs = np.log(share, out=np.zeros(shares.shape), where=share > 0)
    n_known = known.sum(axis=-1)
    even = np.log(np.maximum(n_known, 2))
    # Rounding must not push an even row below 0; adding 0.0 turns a negative zero into a plain one.
    found = np.maximum(0.0, 1.0 + (share * logs).sum(axis=-1) / even) + 0.0
    return np.asarray(np.where((n_known >= 2) & (total[..., 0] > 0), found, np.nan))


def _draws(
    tallies: RoutingTallies, resample: Callable[[RoutingTallies, np.random.Generator], FloatArray], *, seed: int
) -> FloatArray | None:
    """Return the concentration in resampled episodes, shape (B, S, R); None where the runs speak for themselves."""
    parts = [tallies.rows(np.equal(tallies.run, run)) for run in range(len(tallies.runs))]
    if len(parts) >= FEWEST_RUNS or any(len(np.unique(part.unit)) < 2 for part in parts):
        return None
    rngs = [generator(seed, "routing", "concentration", run) for run in tallies.runs]
    found = [row_concentration(resample(part, rng)) for part, rng in zip(parts, rngs, strict=True)]
    return np.stack(found, axis=1)


def _concentrations(
    names: Sequence[str], per_run: FloatArray, *, halves: list[list[FloatArray]], draws: FloatArray | None
) -> tuple[Concentration, ...]:
    floor = _floor(per_run, halves)
    found: list[Concentration] = []
    for place, name in enumerate(names):
        values = per_run[:, place]
        is_known = np.isfinite(values)
        if not is_known.any():
            continue
        own = None if draws is None else draws[:, is_known, place].mean(axis=1)
        value = float(values[is_known].mean())
        interval = _interval(values[is_known] - floor[is_known, place], value, own)
        found.append(
            Concentration(
                receiver=name,
                value=value,
                floor=_mean(floor[is_known, place]),
                interval=interval,
                interval_kind=None if interval is None else OVER_RUNS if own is None else THESE_RUNS_ONLY,
            )
        )
    return tuple(found)


def _interval(above_floor: FloatArray, value: float, draws: FloatArray | None) -> Interval | None:
    if draws is None:
        bounds = student_t(above_floor)
    else:
        middle = percentiles(draws)
        # Resampled episodes are as far above the log as the log is above the truth: reflect them.
        bounds = None if middle is None else (2 * value - middle[1], 2 * value - middle[0])
    return None if bounds is None else (min(max(bounds[0], 0.0), 1.0), min(max(bounds[1], 0.0), 1.0))


def _floor(per_run: FloatArray, halves: list[list[FloatArray]]) -> FloatArray:
    """Return what luck adds, shape (S, R): half of the episodes add twice as much; NaN where untold."""
    if not halves:
        return np.full(per_run.shape, np.nan)
    above = np.array(halves) - per_run
    known = np.isfinite(above)
    total = np.where(known, above, 0.0).sum(axis=(0, 1))
    n_known = known.sum(axis=(0, 1))
    return np.asarray(np.divide(total, n_known, out=np.full(per_run.shape, np.nan), where=n_known > 0))


def _mean(values: FloatArray) -> float | None:
    return float(values.mean()) if np.isfinite(values).all() else None


def _by_run(tallies: RoutingTallies) -> FloatArray:
    n_agents = tallies.valid.shape[1]
    shape = (len(tallies.runs), n_agents, n_agents)
    return row_concentration(_shares(tallies, tallies.run, shape))


def _resampled_agents(tallies: RoutingTallies, n_draws: int, rng: np.random.Generator) -> FloatArray:
    units, unit = np.unique(tallies.unit, return_inverse=True)
    n_agents = tallies.valid.shape[1]
    each = _shares(tallies, unit.ravel(), (len(units), n_agents, n_agents))
    is_sender = np.isfinite(each).any(axis=0)
    times = rng.multinomial(len(units), np.full(len(units), 1 / len(units)), size=n_draws).astype(np.float64)
    drawn = np.tensordot(times, np.nan_to_num(each), axes=1)
    return np.asarray(np.where(is_sender, drawn, np.nan))


def _shares(tallies: RoutingTallies, place: IntArray, shape: tuple[int, int, int]) -> FloatArray:
    """Sum the mass of each place and receiver; NaN where a sender was never there."""
    mass = np.zeros(shape)
    np.add.at(mass, (place, tallies.receiver), tallies.mass)
    is_sender = np.zeros(shape, dtype=np.bool_)
    np.logical_or.at(is_sender, (place, tallies.receiver), tallies.valid)
    return np.where(is_sender, mass, np.nan)
