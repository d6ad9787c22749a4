"""The smallest p that a test could give: with few runs and small teams, none that would count."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.compare.automorphisms import n_automorphisms
from convscope.compare.joint import resolution
from convscope.compare.relabelling import Relabellings
from convscope.routing.intervals import FEWEST_RUNS
from convscope.values.arrays import FloatArray, IntArray

MOST_RUNS = 1_000
"""No study is told that it needs more runs than this."""
MOST_SYMMETRIES = 5_000
"""Of a prior; fewer than there are make the attainable p larger, so nothing is claimed on their account."""


def specificity_attainable(runs: Sequence[Relabellings]) -> tuple[float, float]:
    """Return the attainable p of specificity on the average over runs, and run-wise (docs/gap.md).

    Without noise only relabellings that rename whole roles of equal size keep the statistic: on the average all runs
    must be renamed alike, run-wise each may be renamed in its own way. In 1-1-1 teams that is ``|G|^-(S-1)`` and 1; in
    2-2-2 teams 6/90 a run, run-wise.
    """
    renamings = [_renamings(run) for run in runs]
    n_all = math.prod(run.n_all for run in runs)
    return _shared_renamings(runs) / n_all, math.prod(renamings) / n_all


def alignment_attainable(runs: Sequence[Relabellings], target: FloatArray) -> float:
    """Return the attainable p of alignment: the product over runs of ``|Aut Q ∩ G| / |G|``.

    Counted over agents: relabellings under which each agent would have to divide its routing as before.

    Parameters
    ----------
    runs
        Relabellings of each run.
    target
        Q of the scorable rows; cells that are not declared are taken as all different.
    """
    return math.prod(automorphic_share(run, target) for run in runs)


def automorphic_share(run: Relabellings, target: FloatArray) -> float:
    """Return the share of a run's relabellings that leave the prior as it is; of redrawn roles only the first does."""
    if not run.sizes:
        return 1 / len(run.labels)
    return n_automorphisms(run.sizes, _filled(target)) / run.n_all


def specificity_as_declared(runs: Sequence[Relabellings], target: FloatArray) -> tuple[float, float]:
    """Return the attainable p of specificity on the average and run-wise, should P share the symmetries of the prior.

    Then relabellings that leave the prior as it is keep the statistic too, in each run on their own: with a circulant
    prior ``2^-(S-1)`` instead of ``6^-(S-1)`` in 1-1-1 teams. Parameters as in `alignment_attainable`.
    """
    shares = [automorphic_share(run, target) for run in runs]
    run_wise = [_unlike_renamings([run], target) * share for run, share in zip(runs, shares, strict=True)]
    return min(1.0, _unlike_renamings(runs, target) * math.prod(shares)), min(1.0, math.prod(run_wise))


def entering_tests(attainable: tuple[float, float], *, alpha: float) -> tuple[bool, bool]:
    """Return which tests of specificity share the level: those that can still reach it when it is divided.

    Parameters
    ----------
    attainable
        Attainable p on the average over runs, and run-wise.
    alpha
        Level.

    Returns
    -------
    tuple
        Both where both can reach half the level; else the finer one (the average when they are equal) where it can
        reach the whole; else none.
    """
    if 2 * max(attainable) <= alpha:
        return True, True
    is_able = min(attainable) <= alpha
    is_average = attainable[0] <= attainable[1] * (1 + 1e-9)
    return is_able and is_average, is_able and not is_average


def shared_level(p_values: tuple[float, float], entering: tuple[bool, bool]) -> float:
    """Return the smallest p of the tests that enter, times their number; 1 when none does."""
    found = [p_value for p_value, enters in zip(p_values, entering, strict=True) if enters]
    return min(1.0, len(found) * min(found)) if found else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificityReach:
    """The smallest p that the tests of specificity could give."""

    tests: tuple[float, float]
    """On the average over runs, and run-wise."""
    entering: tuple[bool, bool]
    """Which of them share the level."""
    together: float
    """Of those that enter, times their number; where none does, of the finer one."""
    as_declared: float
    """The same should P share the symmetries of the prior."""


def specificity_reach(
    runs: Sequence[Relabellings], target: FloatArray, *, alpha: float, finest: float
) -> SpecificityReach:
    """Return what the tests of specificity could give.

    Parameters
    ----------
    runs, target
        As in `alignment_attainable`.
    alpha
        Level.
    finest
        The smallest p that the number of joint relabellings can give.
    """
    average, run_wise = specificity_attainable(runs)
    tests = (max(average, finest), max(run_wise, finest))
    entering = entering_tests(tests, alpha=alpha)
    together = _least(tests, entering)
    return SpecificityReach(
        tests=tests,
        entering=entering,
        together=together,
        as_declared=max(together, _least(specificity_as_declared(runs, target), entering)),
    )


def _least(attainable: tuple[float, float], entering: tuple[bool, bool]) -> float:
    return shared_level(attainable, entering) if any(entering) else min(attainable)


def runs_to_attain(runs: Sequence[Relabellings], target: FloatArray, *, alpha: float, n_draws: int) -> int | None:
    """Return the smallest number of runs in all, at least 3, that could reach the level in both tests.

    Further runs are taken to be like the least telling one of those at hand, and P to share the symmetries of the
    prior. None when no number would do, or when ``n_draws`` joint relabellings are too few for the level.
    """
    least = max(runs, key=lambda run: automorphic_share(run, target))
    n_all = min(run.n_all for run in runs)
    shared, run_wise = _shared_renamings(runs), max(_renamings(run) / run.n_all for run in runs)
    unlike, share = _unlike_renamings(runs, target), automorphic_share(least, target)
    one_run = max(specificity_as_declared([run], target)[1] for run in runs)
    for n_runs in range(FEWEST_RUNS, MOST_RUNS):
        finest = resolution([least] * n_runs, n_draws=n_draws)
        reached = (max(shared * (1 / n_all) ** n_runs, finest), max(run_wise**n_runs, finest))
        entering = entering_tests(reached, alpha=alpha)
        specificity = shared_level((unlike * share**n_runs, one_run**n_runs), entering)
        if max(specificity, shared_level(reached, entering), share**n_runs) <= alpha:
            return n_runs
    return None


def _renamings(run: Relabellings) -> int:
    return math.prod(math.factorial(n) for n in Counter(size for size in run.sizes if size).values())


def _shared_renamings(runs: Sequence[Relabellings]) -> int:
    """Count the renamings of roles that keep the sizes of all runs; redrawn roles allow none but the first."""
    if not all(run.sizes for run in runs):
        return 1
    profiles = zip(*(run.sizes for run in runs), strict=True)
    return math.prod(math.factorial(n) for n in Counter(sizes for sizes in profiles if any(sizes)).values())


def _unlike_renamings(runs: Sequence[Relabellings], target: FloatArray) -> float:
    """Count the renamings of roles that keep the sizes of all runs, those as one that lead to the same prior."""
    return _shared_renamings(runs) / len(prior_symmetries(runs, target))


def prior_symmetries(runs: Sequence[Relabellings], target: FloatArray) -> list[dict[int, int]]:
    """Return the renamings of roles that keep the sizes of all runs and the prior, the one that renames none first.

    Parameters
    ----------
    runs
        Relabellings of each run; of redrawn roles only the first renaming is returned.
    target
        Q of the scorable rows; cells that are not declared are taken as all different.

    Returns
    -------
    list
        The new role of each role that any run shows; at most `MOST_SYMMETRIES` are looked for.
    """
    if not all(run.sizes for run in runs):
        return [{role: role for role in range(len(target))}]
    sizes = np.array([run.sizes for run in runs])
    roles = np.flatnonzero(sizes.any(axis=0)).tolist()
    filled = _filled(target)
    # No agent routes to itself: the diagonal of a role with single members is never asked for.
    single = np.flatnonzero(sizes.max(axis=0) < 2)
    filled[single, single] = 0
    begun: list[tuple[int, ...]] = [()]
    for _ in roles:
        begun = [
            (*one, role)
            for one in begun
            for role in roles
            if role not in one and _is_alike((*one, role), roles, sizes=sizes, filled=filled)
        ][:MOST_SYMMETRIES]
    return [dict(zip(roles, renamed, strict=True)) for renamed in begun]


def _is_alike(renamed: tuple[int, ...], roles: list[int], *, sizes: IntArray, filled: FloatArray) -> bool:
    """Return whether the last of some renamed roles has the sizes and the prior of the role that it replaces."""
    old, new = roles[: len(renamed)], list(renamed)
    if (sizes[:, old[-1]] != sizes[:, new[-1]]).any():
        return False
    of_columns = np.abs(filled[old, old[-1]] - filled[new, new[-1]])
    of_rows = np.abs(filled[old[-1], old] - filled[new[-1], new])
    return float(max(of_columns.max(), of_rows.max())) <= 1e-9


def _filled(target: FloatArray) -> FloatArray:
    """Return the prior with a value of its own in each cell that is not declared."""
    unlike = 2.0 + np.arange(target.size).reshape(target.shape)
    return np.where(np.isfinite(target), target, unlike)
