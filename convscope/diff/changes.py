"""What changed between two analyses, with intervals over runs."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from convscope.diff.analysis import Analysed, RunValues
from convscope.diff.comparable import Figure, cautions, not_compared, shared_figures
from convscope.diff.matched import Matched, match_profiles
from convscope.routing.intervals import FEWEST_RUNS
from convscope.values.arrays import FloatArray

LEVEL = 0.05
_NOTHING = 1e-9
"""Differences below are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One compared figure."""

    what: str
    first: float
    second: float
    interval: tuple[float, float] | None
    """Of second minus first, at 95 % for all figures together; None with fewer than three runs on a side."""
    is_paired: bool
    """Whether both have the figure for runs of the same names."""

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
    cautions: tuple[str, ...]
    """In what the two analyses differ that makes their figures mean something else."""
    not_compared: tuple[str, ...]
    """What could not be compared, and why."""
    changes: tuple[Change, ...]
    """Cells of the role preference, components of the gap and effects of behaviour that both have run by run."""
    roles: Matched
    figures: tuple[tuple[str, float | str | None, float | str | None], ...]
    """Those that differ, side by side; no test stands behind them."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs in what could be compared."""
        same = all(abs(change.second - change.first) <= _NOTHING for change in self.changes)
        return same and not (self.figures or self.roles.only_first or self.roles.only_second)


def diff_analyses(first: Analysed, second: Analysed) -> Diff:
    """Compare two analyses: found roles matched by their profiles, declared ones by name.

    Intervals are Student-t over runs, paired where both sides have a figure for runs of the same names, else Welch's;
    with m figures each is at 1 - .05/m (Bonferroni), so that two studies of one kind show any change in at most 5 %.

    Parameters
    ----------
    first, second
        The earlier and the later one, or however the user reads the difference.
    """
    found = shared_figures(first, second)
    changes = tuple(_change(figure, level=1 - LEVEL / len(found)) for figure in found)
    tested = {change.what for change in changes if change.interval is not None}
    names = list(dict.fromkeys([*first.figures, *second.figures]))
    both = [(name, first.figures.get(name), second.figures.get(name)) for name in names if name not in tested]
    return Diff(
        names=(first.name, second.name),
        n_runs=(first.n_runs, second.n_runs),
        cautions=tuple(cautions(first, second)),
        not_compared=tuple(not_compared(first, second)),
        changes=changes,
        roles=match_profiles(first.profiles, second.profiles),
        figures=tuple(each for each in both if not _is_same(each[1], each[2])),
    )


def _change(figure: Figure, *, level: float) -> Change:
    is_paired = set(figure.first) == set(figure.second)
    a, b = _in_order(figure.first), _in_order(figure.second)
    return Change(
        what=figure.what,
        first=float(a.mean()),
        second=float(b.mean()),
        interval=_interval(a, b, is_paired=is_paired, level=level),
        is_paired=is_paired,
    )


def _in_order(values: RunValues) -> FloatArray:
    return np.array([values[run] for run in sorted(values)])


def _is_same(first: float | str | None, second: float | str | None) -> bool:
    if isinstance(first, int | float) and isinstance(second, int | float):
        return abs(first - second) <= _NOTHING
    return first == second


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
