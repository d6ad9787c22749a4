"""Found against declared roles: counts of units, relabelled and resampled."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.metrics.cluster import expected_mutual_information

from convscope.compare.attainable import specificity_attainable
from convscope.compare.intervals import FEWEST_RUNS, Interval, mean_half_width, percentiles
from convscope.compare.joint import join
from convscope.compare.nulls import Outcome, at_least
from convscope.compare.relabelling import Relabellings, relabellings
from convscope.randomness import generator
from convscope.values.arrays import FloatArray, IntArray, sealed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunUnits:
    """The units of one run that have both a declared and a found role. U episodes, N agents."""

    run: str
    declared: IntArray
    """Shape (U, N), -1 = no unit."""
    found: IntArray
    """Shape (U, N), -1 = no unit."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "declared", sealed(self.declared, (None, None), "declared"))
        object.__setattr__(self, "found", sealed(self.found, self.declared.shape, "found"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """The units of all runs."""

    runs: tuple[RunUnits, ...]
    n_declared: int
    n_found: int


def units_of(table: pl.DataFrame, *, checkpoint: str | None) -> Units:
    """Arrange the analysed units of a role table by run, episode and agent.

    Parameters
    ----------
    table
        As in `convscope.values.roles.RoleAssignment`, in log order.
    checkpoint
        Label of the checkpoint to analyse; None takes the last one of each run.
    """
    last = pl.col("checkpoint").last().over("run") if checkpoint is None else pl.lit(checkpoint)
    known = pl.col("role").is_not_null() & pl.col("declared_role").is_not_null()
    units = table.filter(pl.col("checkpoint").eq_missing(last)).filter(known)
    names = sorted(units["declared_role"].unique().to_list())
    runs = [_run_units(frame, names) for frame in units.partition_by("run", maintain_order=True)]
    return Units(
        runs=tuple(runs), n_declared=len(names), n_found=1 + max((int(run.found.max()) for run in runs), default=-1)
    )


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
    found = [_relabelled(run, units, n_draws, seed) for run in units.runs]
    joint = join([labels for labels, _ in found], [run.run for run in units.runs], n_draws=n_draws, seed=seed)
    observed = float(_normalised(np.sum([tables[0] for _, tables in found], axis=0)))
    null = _normalised(joint.mean_of([tables for _, tables in found]))
    attainable, _ = specificity_attainable([labels for labels, _ in found])
    return Outcome(
        statistic=observed,
        p_value=joint.p_value(at_least(observed, null)),
        attainable_p=max(attainable, joint.resolution),
    )


def recovery_interval(units: Units, *, n_draws: int, seed: int) -> Interval | None:
    """Interval of the adjusted mutual information of all units together.

    From three runs on: Student-t with the jackknife's error over runs; with fewer: whole episodes drawn with
    replacement. None where neither is possible.
    """
    tables = [_tables(run, units) for run in units.runs]
    whole = np.sum([table.sum(axis=0) for table in tables], axis=0)
    expected = float(expected_mutual_information(whole.astype(np.int64), int(whole.sum())))
    if len(tables) >= FEWEST_RUNS:
        left_out = np.array([_adjusted(whole - table.sum(axis=0), expected) for table in tables])
        centre = float(_adjusted(whole, expected))
        half = mean_half_width((len(tables) - 1) * left_out)
        return centre - half, centre + half
    if any(len(table) < 2 for table in tables):
        return None
    drawn = np.zeros((n_draws, *whole.shape))
    for run, table in zip(units.runs, tables, strict=True):
        rng = generator(seed, "gap", "units", run.run)
        times = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=n_draws)
        drawn += np.tensordot(times, table, axes=1)
    return percentiles(_adjusted(drawn, expected))


def _run_units(frame: pl.DataFrame, names: list[str]) -> RunUnits:
    agents = sorted(frame["agent"].unique().to_list())
    episodes, episode = np.unique(frame["episode"].to_numpy(), return_inverse=True)
    agent = frame["agent"].replace_strict(agents, list(range(len(agents))), return_dtype=pl.Int64).to_numpy()
    code = frame["declared_role"].replace_strict(names, list(range(len(names))), return_dtype=pl.Int64).to_numpy()
    declared = np.full((len(episodes), len(agents)), -1)
    found = declared.copy()
    declared[episode, agent] = code
    found[episode, agent] = frame["role"].cast(pl.Int64).to_numpy()
    return RunUnits(run=str(frame["run"][0]), declared=declared, found=found)


def _relabelled(run: RunUnits, units: Units, n_draws: int, seed: int) -> tuple[Relabellings, FloatArray]:
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


def _tables(run: RunUnits, units: Units) -> FloatArray:
    """Return the table of declared and found roles of each episode, shape (U, D, F)."""
    is_found = np.equal(run.found[..., None], np.arange(units.n_found)).astype(np.float64)
    is_declared = np.equal(run.declared[..., None], np.arange(units.n_declared)).astype(np.float64)
    return np.asarray(np.einsum("und,unf->udf", is_declared, is_found))


def _information(table: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mutual information and mean entropy of tables (..., D, F), in nats."""
    share = table / table.sum(axis=(-2, -1), keepdims=True)
    rows, columns = _entropy(share.sum(axis=-1)), _entropy(share.sum(axis=-2))
    joint = _entropy(share.reshape(*share.shape[:-2], -1))
    return rows + columns - joint, (rows + columns) / 2


def _entropy(share: FloatArray) -> FloatArray:
    return np.asarray(-(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=-1))


def _normalised(table: FloatArray) -> FloatArray:
    information, entropy = _information(table)
    return np.asarray(np.divide(information, entropy, out=np.zeros_like(information), where=entropy > 0))


def _adjusted(table: FloatArray, expected: float) -> FloatArray:
    information, entropy = _information(table)
    room = entropy - expected
    return np.asarray(np.divide(information - expected, room, out=np.zeros_like(room), where=room > 1e-12))
