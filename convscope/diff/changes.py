"""What changed between two analyses, with intervals over runs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import stdtrit

from convscope.diff.analysis import Analysed
from convscope.routing.divergence import even, mean_divergence
from convscope.routing.intervals import FEWEST_RUNS
from convscope.values.arrays import FloatArray

LEVEL = 0.05
_NOTHING = 1e-9
"""Differences below are rounding."""
_ALIKE = 0.5
"""Found roles whose profiles have a smaller cosine are not the same role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One compared figure."""

    what: str
    first: float
    second: float
    interval: tuple[float, float] | None
    """Of second minus first, at 95 % for all figures together; None with fewer than three runs on a side."""

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out 0."""
        if self.interval is None or abs(self.second - self.first) <= _NOTHING:
            return False
        return self.interval[0] > 0 or self.interval[1] < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Two analyses side by side."""

    names: tuple[str, str]
    n_runs: tuple[int, int]
    is_paired: bool
    """Whether both have runs of the same names."""
    changes: tuple[Change, ...]
    """Cells of the role preference that both can show, and the distance to the prior."""
    matched: tuple[tuple[str, str], ...]
    """Found roles that are alike."""
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    figures: tuple[tuple[str, float | str | None, float | str | None], ...]
    """Those that differ, side by side; no test stands behind them."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs in anything."""
        same = all(abs(change.second - change.first) <= _NOTHING for change in self.changes)
        return same and not (self.figures or self.only_first or self.only_second)


def diff_analyses(first: Analysed, second: Analysed) -> Diff:
    """Compare two analyses: found roles matched by their profiles, declared ones by name.

    Intervals are Student-t over runs, paired where both sides have runs of the same names, else Welch's; with m figures
    each at 1 - .05/m (Bonferroni), so that two studies of one kind show any change in at most 5 %.

    Parameters
    ----------
    first, second
        The earlier and the later one, or however the user reads the difference.
    """
    is_paired = len(first.runs) > 0 and set(first.runs) == set(second.runs)
    pairs = _figures(first, second)
    changes = tuple(
        Change(
            what=what,
            first=float(a.mean()),
            second=float(b.mean()),
            interval=_interval(a, b, is_paired=is_paired, level=1 - LEVEL / len(pairs)),
        )
        for what, a, b in pairs
    )
    matched, only_first, only_second = _matched(first.profiles, second.profiles)
    names = list(dict.fromkeys([*first.figures, *second.figures]))
    both = [(name, first.figures.get(name), second.figures.get(name)) for name in names]
    return Diff(
        names=(first.name, second.name),
        n_runs=(len(first.runs), len(second.runs)),
        is_paired=is_paired,
        changes=changes,
        matched=matched,
        only_first=only_first,
        only_second=only_second,
        figures=tuple(each for each in both if not _is_same(each[1], each[2])),
    )


def _is_same(first: float | str | None, second: float | str | None) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) <= _NOTHING
    return first == second


def _figures(first: Analysed, second: Analysed) -> list[tuple[str, FloatArray, FloatArray]]:
    """Return each figure's values over the runs of both, in the order of the runs' names."""
    shared = [role for role in first.roles if role in second.roles]
    a, b = _of_roles(first, shared), _of_roles(second, shared)
    found = [
        (f"{receiver} draws on {sender}", a[:, i, j], b[:, i, j])
        for i, receiver in enumerate(shared)
        for j, sender in enumerate(shared)
        if len(a) and len(b) and np.isfinite(a[:, i, j]).all() and np.isfinite(b[:, i, j]).all()
    ]
    distances = [_distance(each) for each in (first, second)]
    if distances[0] is not None and distances[1] is not None:
        found.append(("distance to the prior (1 = role-blind)", distances[0], distances[1]))
    return found


def _of_roles(analysed: Analysed, roles: list[str]) -> FloatArray:
    places = [analysed.roles.index(role) for role in roles]
    return analysed.preference[_by_name(analysed)][:, places][:, :, places]


def _by_name(analysed: Analysed) -> list[int]:
    return sorted(range(len(analysed.runs)), key=lambda run: analysed.runs[run])


def _distance(analysed: Analysed) -> FloatArray | None:
    """Return sqrt(T / T_U) of each run, without the noise floor, which no analysis.json holds by run."""
    if analysed.declared is None or len(analysed.runs) == 0:
        return None
    anchor = mean_divergence(even(np.isfinite(analysed.declared)), analysed.declared)
    distance = np.sqrt(mean_divergence(analysed.preference[_by_name(analysed)], analysed.declared) / anchor)
    return np.asarray(distance) if np.isfinite(distance).all() else None


def _interval(a: FloatArray, b: FloatArray, *, is_paired: bool, level: float) -> tuple[float, float] | None:
    if min(len(a), len(b)) < FEWEST_RUNS:
        return None
    middle = float(b.mean() - a.mean())
    if is_paired:
        variance, freedom = float((b - a).var(ddof=1)) / len(a), len(a) - 1.0
    else:
        parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
        variance = float(parts.sum())
        least = float((parts**2 / np.array([len(a) - 1, len(b) - 1])).sum())
        freedom = variance**2 / least if least > 0 else float(len(a) + len(b) - 2)
    half = float(stdtrit(freedom, (1 + level) / 2)) * np.sqrt(variance)
    return middle - float(half), middle + float(half)


Profiles = Mapping[str, Mapping[str, float]]


def _matched(first: Profiles, second: Profiles) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...], tuple[str, ...]]:
    """Match found roles one to one, by the cosine of their effects."""
    names, others = list(first), list(second)
    likeness = np.array([[_cosine(first[a], second[b]) for b in others] for a in names]).reshape(
        len(names), len(others)
    )
    rows, columns = linear_sum_assignment(-likeness)
    pairs = [(names[i], others[j]) for i, j in zip(rows, columns, strict=True) if likeness[i, j] >= _ALIKE]
    left, right = {a for a, _ in pairs}, {b for _, b in pairs}
    return tuple(pairs), tuple(a for a in names if a not in left), tuple(b for b in others if b not in right)


def _cosine(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    names = list(dict.fromkeys([*first, *second]))
    a, b = (np.array([effects.get(name, 0.0) for name in names]) for effects in (first, second))
    sizes = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    # One role alone has nothing that sets it apart: two of these are alike.
    return float(a @ b) / (sizes[0] * sizes[1]) if min(sizes) > 0 else float(max(sizes) == 0)
