"""Found against declared roles: the units of each run, and the information that one holds about the other."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.values.arrays import FloatArray, IntArray, sealed
from convscope.values.roles import RoleAssignment


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


def units_of(roles: RoleAssignment) -> Units:
    """Arrange the analysed units of a role table by run, episode and agent.

    Parameters
    ----------
    roles
        Declared roles beside those that were found.
    """
    known = pl.col("role").is_not_null() & pl.col("declared_role").is_not_null()
    units = roles.of_analysed(roles.table).filter(known)
    names = sorted(units["declared_role"].unique().to_list())
    runs = [_run_units(frame, names) for frame in units.partition_by("run", maintain_order=True)]
    return Units(
        runs=tuple(runs), n_declared=len(names), n_found=1 + max((int(run.found.max()) for run in runs), default=-1)
    )


def tables_of(run: RunUnits, units: Units) -> FloatArray:
    """Return the table of declared and found roles of each episode, shape (U, D, F)."""
    is_found = np.equal(run.found[..., None], np.arange(units.n_found)).astype(np.float64)
    is_declared = np.equal(run.declared[..., None], np.arange(units.n_declared)).astype(np.float64)
    return np.asarray(np.einsum("und,unf->udf", is_declared, is_found))


def normalised_information(table: FloatArray) -> FloatArray:
    """Return mutual information over the mean of the two entropies, of tables (..., D, F); 0 where nothing varies."""
    information, entropy = _information(table)
    return np.asarray(np.divide(information, entropy, out=np.zeros_like(information), where=entropy > 0))


def adjusted_information(table: FloatArray, expected: float) -> FloatArray:
    """Return the adjusted mutual information of tables: 0 = chance, 1 = the same roles.

    Parameters
    ----------
    table
        Units by declared and found role, shape (..., D, F).
    expected
        Mutual information that chance would bring, in nats.

    References
    ----------
    Vinh, Epps and Bailey, "Information theoretic measures for clusterings comparison", Journal of Machine Learning
    Research 11 (2010).
    """
    information, entropy = _information(table)
    room = entropy - expected
    return np.asarray(np.divide(information - expected, room, out=np.zeros_like(room), where=room > 1e-12))


def _information(table: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mutual information and mean entropy of tables (..., D, F), in nats."""
    share = table / table.sum(axis=(-2, -1), keepdims=True)
    rows, columns = _entropy(share.sum(axis=-1)), _entropy(share.sum(axis=-2))
    joint = _entropy(share.reshape(*share.shape[:-2], -1))
    return rows + columns - joint, (rows + columns) / 2


def _entropy(share: FloatArray) -> FloatArray:
    return np.asarray(-(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=-1))


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
