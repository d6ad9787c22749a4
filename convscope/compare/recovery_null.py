"""Found against declared roles: counts of units, under relabelling of agents and over runs or episodes."""

import numpy as np
from sklearn.metrics.cluster import expected_mutual_information

from convscope.compare.attainable import specificity_attainable
from convscope.compare.joint import join
from convscope.compare.null_range import null_range
from convscope.compare.nulls import Outcome
from convscope.compare.recovery_units import RunUnits, Units, adjusted_information, normalised_information, tables_of
from convscope.compare.relabelling import Relabellings, relabellings
from convscope.compare.shortfall import shortfall
from convscope.randomness import generator
from convscope.routing.intervals import FEWEST_RUNS, Interval, mean_half_width, percentiles
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.chance import at_least


def recovery_outcome(units: Units, *, n_draws: int, seed: int) -> Outcome:
    """Test whether found roles follow declared ones, under relabelling of the agents within each run.

    Statistic: mutual information over the mean of the two entropies, on the units of all runs together. An agent keeps
    its label over all its episodes (else it would count as many times as it was seen); where roles are redrawn, agents
    are relabelled within each episode. The attainable p is that of a perfect recovery.

    Parameters
    ----------
    units
        Of at least one run.
    n_draws, seed
        As in `convscope.compare.joint.join`.
    """
    found = [_relabelled(run, units, n_draws=n_draws, seed=seed) for run in units.runs]
    joint = join([labels for labels, _ in found], [run.run for run in units.runs], n_draws=n_draws, seed=seed)
    whole = np.sum([tables[0] for _, tables in found], axis=0)
    observed = float(normalised_information(whole))
    relabelled = len(found) * joint.mean_of([tables for _, tables in found])
    null = normalised_information(relabelled)
    missed = 1 - np.clip(adjusted_information(relabelled, _expected(whole)), 0.0, 1.0)
    attainable, _ = specificity_attainable([labels for labels, _ in found])
    return Outcome(
        statistic=observed,
        p_value=joint.p_value(at_least(observed, null)),
        attainable_p=max(attainable, joint.resolution),
        null=null_range(missed),
    )


def recovery_by_run(units: Units) -> tuple[tuple[str, float], ...]:
    """Return what the found roles of each run miss of its declared ones: 0 = nothing, 1 = no better than chance."""
    tables = [(run.run, tables_of(run, units).sum(axis=0)) for run in units.runs]
    return tuple((run, shortfall(float(adjusted_information(table, _expected(table))))) for run, table in tables)


def recovery_interval(units: Units, *, n_draws: int, seed: int) -> Interval | None:
    """Interval of the adjusted mutual information of all units together.

    From three runs on: Student-t with the jackknife's error over runs; with fewer: whole episodes drawn with
    replacement. None where neither is possible.
    """
    tables = [tables_of(run, units) for run in units.runs]
    whole = np.sum([table.sum(axis=0) for table in tables], axis=0)
    expected = _expected(whole)
    if len(tables) >= FEWEST_RUNS:
        left_out = np.array([adjusted_information(whole - table.sum(axis=0), expected) for table in tables])
        centre = float(adjusted_information(whole, expected))
        half = mean_half_width((len(tables) - 1) * left_out)
        return centre - half, centre + half
    if any(len(table) < 2 for table in tables):
        return None
    drawn = np.zeros((n_draws, *whole.shape))
    for run, table in zip(units.runs, tables, strict=True):
        rng = generator(seed, "gap", "units", run.run)
        times = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=n_draws)
        drawn += np.tensordot(times, table, axes=1)
    return percentiles(adjusted_information(drawn, expected))


def _expected(table: FloatArray) -> float:
    counts = table.round().astype(np.int64)
    # Roles that nobody holds add nothing, and their logarithm is a warning.
    counts = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    return float(expected_mutual_information(counts, int(table.sum())))


def _relabelled(run: RunUnits, units: Units, *, n_draws: int, seed: int) -> tuple[Relabellings, FloatArray]:
    """Return the relabellings of a run and the table of declared and found roles under each, (L, D, F)."""
    rng = generator(seed, "gap", "recovery", run.run)
    labels = relabellings(run.declared, run.found >= 0, n_roles=units.n_declared, n_draws=n_draws, rng=rng)
    is_found = np.equal(run.found[..., None], np.arange(units.n_found)).astype(np.float64)
    if labels.labels.shape[1] == 1:
        is_found = is_found.sum(axis=0, keepdims=True)
    tables = [_table(label, is_found, units.n_declared) for label in labels.labels]
    return labels, np.array(tables)


def _table(labels: IntArray, is_found: FloatArray, n_declared: int) -> FloatArray:
    is_declared = np.equal(labels[..., None], np.arange(n_declared)).astype(np.float64)
    return np.asarray(np.tensordot(is_declared, is_found, axes=([0, 1], [0, 1])))
