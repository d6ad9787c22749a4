"""The directions in which agents that were told apart differ: evidence from all episodes for judging single ones."""

from dataclasses import dataclass

import numpy as np

from convscope.roles.spread import spread_within
from convscope.roles.units import Units
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.roles import AgentClasses

MIN_DISTANCE = 1.0
"""Standard deviations of a unit by which two classes must differ in a direction, to tell single units apart in it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Discriminant:
    """Coordinates in which classes of agents differ most."""

    values: FloatArray
    """Of every unit, in standard deviations within classes, shape (U, D), D at least 1."""
    loadings: FloatArray
    """What each standardised feature adds to the coordinates, shape (F, D)."""
    class_of_unit: IntArray
    """Class of each unit's agent, numbered over all runs, -1 for none, shape (U,)."""


def discriminant(units: Units, classes: tuple[AgentClasses, ...]) -> Discriminant | None:
    """Find the directions in which the classes of agents of each run differ.

    Principal components are scaled by the spread within classes, drawn towards independent components while units are
    few; then come the principal axes of the classes' means, each run's mean taken away. Units keep what tells agents
    apart and lose what varies for all of them.

    Parameters
    ----------
    units
        Units of the analysed agents.
    classes
        Classes of agents, by run, that a test told apart; their members are agents.

    Returns
    -------
    Discriminant or None
        None when no two classes are a standard deviation apart.

    References
    ----------
    Fisher, "The use of multiple measurements in taxonomic problems" (1936); Friedman, "Regularized discriminant
    analysis" (1989).
    """
    class_of_unit, run_of_class = _class_of_unit(units, classes)
    is_used = units.is_fitted & (class_of_unit >= 0)
    if len(run_of_class) < 2 or not is_used.any():
        return None
    values, code = units.coordinates, class_of_unit[is_used]
    means = _means(values[is_used], code, len(run_of_class))
    lower = np.linalg.cholesky(spread_within(values[is_used] - means[code]))
    scaled_means = np.asarray(np.linalg.solve(lower, means.T).T, dtype=np.float64)
    run_means = _means(scaled_means, run_of_class, int(run_of_class.max()) + 1)
    axes = _axes(scaled_means - run_means[run_of_class])
    if not axes.shape[1]:
        return None
    loadings = np.linalg.solve(lower, units.axes.T).T @ axes
    return Discriminant(
        values=np.linalg.solve(lower, values.T).T @ axes, loadings=loadings, class_of_unit=class_of_unit
    )


def _class_of_unit(units: Units, classes: tuple[AgentClasses, ...]) -> tuple[IntArray, IntArray]:
    """Class of each unit (U,), and run of each class; runs whose agents cannot be told apart have none."""
    code_of: dict[tuple[str, str], int] = {}
    run_of_class: list[int] = []
    for run, found in enumerate(classes):
        if found.n_classes > 1:
            first = len(run_of_class)
            run_of_class += [run] * found.n_classes
            code_of |= {(found.run, m): first + c for m, c in zip(found.members, found.class_of, strict=True)}
    keys = units.frame.select("run", "agent").iter_rows()
    return np.array([code_of.get(key, -1) for key in keys], dtype=np.int64), np.array(run_of_class, dtype=np.int64)


def _means(values: FloatArray, group: IntArray, n_groups: int) -> FloatArray:
    total = np.zeros((n_groups, values.shape[1]))
    np.add.at(total, group, values)
    return np.asarray(total / np.maximum(np.bincount(group, minlength=n_groups), 1)[:, np.newaxis])


def _axes(means: FloatArray) -> FloatArray:
    """Principal axes along which some two means differ enough, largest loading positive, shape (C, D)."""
    axes = np.linalg.svd(means, full_matrices=False)[2].T
    reach = means @ axes
    axes = axes[:, (reach.max(axis=0) - reach.min(axis=0)) >= MIN_DISTANCE]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.asarray(axes * np.where(largest < 0, -1.0, 1.0))
