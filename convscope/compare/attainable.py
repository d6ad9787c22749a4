"""The smallest p that a test could give: with few runs and small teams, none that would count."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from convscope.compare.relabelling import Relabellings
from convscope.values.arrays import FloatArray

MOST_RUNS = 1_000
"""No study is told that it needs more runs than this."""


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
    unlike = 2.0 + np.arange(target.size).reshape(target.shape)
    filled = np.where(np.isfinite(target), target, unlike)
    labels = run.labels[:, 0]
    labels = labels[:, (labels[0] >= 0)]
    asked = filled[labels[:, :, None], labels[:, None, :]]
    is_pair = ~np.eye(labels.shape[1], dtype=np.bool_)
    is_same = (np.abs(asked - asked[0]) < 1e-9) | ~is_pair
    return float(is_same.all(axis=(1, 2)).mean())


def runs_to_attain(runs: Sequence[Relabellings], target: FloatArray, *, alpha: float) -> int | None:
    """Return the smallest number of runs in all, at least 3, that could reach the level in both tests.

    Further runs are taken to be like the least telling one of those at hand. None when no number would do.
    """
    share = max(automorphic_share(run, target) for run in runs)
    n_all = min(run.n_all for run in runs)
    shared, run_wise = _shared_renamings(runs), max(_renamings(run) / run.n_all for run in runs)
    for n_runs in range(3, MOST_RUNS):
        specificity = min(shared * (1 / n_all) ** n_runs, run_wise**n_runs)
        if max(specificity, share**n_runs) <= alpha:
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
