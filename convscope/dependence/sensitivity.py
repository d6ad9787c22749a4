"""Formation sensitivity: the largest change of routing between two formations, and what chance would give."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from math import exp, lgamma

import numpy as np

from convscope.dependence.formation_shift import formation_shift
from convscope.dependence.labelled import Labelled
from convscope.dependence.runs import over_runs, preferences
from convscope.dependence.standard import common_time, joined_sums, timed_preferences
from convscope.randomness import generator
from convscope.routing.divergence import conditioned
from convscope.values.arrays import FloatArray
from convscope.values.chance import p_of_draws
from convscope.values.config import AnalysisConfig
from convscope.values.dependence import (
    Formation,
    FormationOrigin,
    FormationSensitivity,
    LargestChange,
    RunChange,
    Shift,
)

_FITS_AT_ONCE = 256
"""Draws and pairs of formations; keeps memory in bounds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Changes:
    """Largest changes of every draw (the first is the log itself); NaN where a draw compares other cells."""

    cell: FloatArray
    """Shape (B,)."""
    key: FloatArray
    """Shape (B,)."""

    @classmethod
    def of(cls, difference: FloatArray) -> "_Changes":
        """Return those of differences (B, pairs, R, R)."""
        flat = difference.reshape(len(difference), -1)
        keys = over_runs(tuple(np.moveaxis(difference, -2, 0))).reshape(len(difference), -1)
        return cls(cell=_largest(flat), key=_largest(keys))


def formation_sensitivity(
    runs: Sequence[Labelled],
    names: Sequence[str],
    nodes: Sequence[str],
    *,
    origin: FormationOrigin,
    width: int,
    config: AnalysisConfig,
) -> FormationSensitivity | None:
    """Compare routing between formations (docs/formation.md).

    Parameters
    ----------
    runs
        At least one.
    names
        Of the K formations.
    nodes
        Roles or agents, R of them.
    origin
        Who named the formations.
    width
        Timesteps of a window.
    config
        ``n_permutations`` and ``seed`` are used.

    Returns
    -------
    FormationSensitivity or None
        None where no two formations share a cell of the matrix. The null exchanges the formation labels of whole
        episodes within runs: each episode gets the sequence of labels of another one.
    """
    pairs = tuple(combinations(range(len(names)), 2))
    attainable = attainable_p([run.share for run in runs], config.n_permutations)
    n_draws = 0 if attainable is None else config.n_permutations
    fits = [_fits(run, pairs, n_draws=n_draws, seed=config.seed) for run in runs]
    differences = [_difference(*fit) for fit in fits]
    return changes_between(
        differences,
        _formations(runs, names, over_runs([_plain(run) for run in runs])),
        run_names=[run.windows.name for run in runs],
        nodes=nodes,
        origin=origin,
        width=width,
        attainable_p=attainable,
        shift=formation_shift(runs, fits, names, attainable_p=attainable, seed=config.seed),
    )


def changes_between(
    differences: Sequence[FloatArray],
    formations: Sequence[Formation],
    *,
    run_names: Sequence[str],
    nodes: Sequence[str],
    origin: FormationOrigin,
    width: int,
    attainable_p: float | None,
    shift: Shift | None = None,
) -> FormationSensitivity | None:
    """Return the largest changes between every two formations.

    Parameters
    ----------
    differences
        Of each run, of the log and then under exchanged labels, shape (1 + B, pairs, receiver, sender); NaN = unknown.
    formations, run_names
        What they are of.
    nodes, origin, width, attainable_p, shift
        As in `FormationSensitivity`.

    Returns
    -------
    FormationSensitivity or None
        None where no two formations share a cell.
    """
    mean = over_runs(differences)
    if not np.isfinite(mean[0]).any():
        return None
    changes, own = _Changes.of(mean), [_Changes.of(each) for each in differences]
    labels = [(first.name, second.name) for first, second in combinations(formations, 2)]
    return FormationSensitivity(
        origin=origin,
        nodes=tuple(nodes),
        formations=tuple(formations),
        cell=_cell(mean[0], changes.cell, labels=labels, nodes=nodes),
        key=_key(mean[0], changes.key, labels=labels, nodes=nodes),
        runs=tuple(
            RunChange(
                run=name,
                cell=float(each.cell[0]),
                key=float(each.key[0]),
                cell_p_value=_p_value(each.cell),
                key_p_value=_p_value(each.key),
            )
            for name, each in zip(run_names, own, strict=True)
            if np.isfinite(each.cell[0])
        ),
        attainable_p=attainable_p,
        window=width,
        shift=shift,
    )


def _fits(run: Labelled, pairs: Sequence[tuple[int, int]], *, n_draws: int, seed: int) -> FloatArray:
    """Return the preference in both formations of each pair, shape (2, 1 + B, pairs, R, R).

    Of the log, then under exchanged labels; both sides of a pair weight the time in the episode alike.
    """
    windows = run.windows
    rng = generator(seed, "dependence", "formations", windows.name)
    n_episodes = len(windows.episodes)
    orders = [np.arange(n_episodes), *(rng.permutation(n_episodes) for _ in range(n_draws))]
    first, second = np.array(pairs).T
    sums, is_reached = joined_sums(windows), np.ones(1, dtype=np.bool_)
    found: list[FloatArray] = []
    at_once = max(1, _FITS_AT_ONCE // len(pairs))
    for start in range(0, len(orders), at_once):
        sides = np.stack([_summed(run.share[order], sums) for order in orders[start : start + at_once]])
        time = common_time(sides[:, first], sides[:, second])
        if not start:
            is_reached = time[0] > 0
        time = np.where(is_reached, time, 0.0)
        found.append(
            np.stack([timed_preferences(sides[:, side], time, windows.compositions) for side in (first, second)])
        )
    return np.concatenate(found, axis=1)


def _plain(run: Labelled) -> FloatArray:
    """Return the preference in each formation over all of its timesteps, shape (K, R, R)."""
    sides = _summed(run.share, joined_sums(run.windows)).sum(axis=1)
    n_roles = sides.shape[1]
    return preferences(sides[..., :n_roles], sides[..., n_roles:], run.windows.compositions)


def _summed(share: FloatArray, sums: FloatArray) -> FloatArray:
    """Add up episodes by their shares (E, W, K) in each formation, shape (K, W, R, R + C)."""
    n_episodes, n_windows, *rest = sums.shape
    held = share.transpose(1, 2, 0) @ sums.reshape(n_episodes, n_windows, -1).swapaxes(0, 1)
    return np.asarray(held.swapaxes(0, 1).reshape(-1, n_windows, *rest))


def _difference(first: FloatArray, second: FloatArray) -> FloatArray:
    """Subtract over the cells that both know: where a sender is missing in one, the others' shares are larger there."""
    known = np.isfinite(first) & np.isfinite(second)
    return conditioned(first, known) - conditioned(second, known)


def _cell(
    difference: FloatArray, changes: FloatArray, *, labels: Sequence[tuple[str, str]], nodes: Sequence[str]
) -> LargestChange:
    pair, receiver, sender = _place(np.abs(difference))
    return _change(changes, formations=labels[pair], receiver=nodes[receiver], sender=nodes[sender])


def _key(
    difference: FloatArray, changes: FloatArray, *, labels: Sequence[tuple[str, str]], nodes: Sequence[str]
) -> LargestChange:
    pair, sender = _place(np.abs(over_runs(tuple(np.moveaxis(difference, -2, 0)))))
    return _change(changes, formations=labels[pair], receiver=None, sender=nodes[sender])


def _place(values: FloatArray) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(np.nanargmax(values), values.shape)))


def _change(changes: FloatArray, *, formations: tuple[str, str], receiver: str | None, sender: str) -> LargestChange:
    null = _null(changes)
    return LargestChange(
        value=float(changes[0]),
        formations=formations,
        sender=sender,
        receiver=receiver,
        null_mean=float(null.mean()) if null.size else None,
        null_high=float(np.quantile(null, 0.95)) if null.size else None,
        p_value=_p_value(changes),
    )


def _p_value(changes: FloatArray) -> float | None:
    null = _null(changes)
    return p_of_draws(float(changes[0]), null) if null.size else None


def _null(changes: FloatArray) -> FloatArray:
    return np.asarray(changes[1:][np.isfinite(changes[1:])])


def _largest(differences: FloatArray) -> FloatArray:
    """Return the largest absolute change of each draw; NaN where another choice of cells than in the log is known.

    A maximum over fewer cells is smaller by itself. Draws that compare the same cells are exchangeable among them.
    """
    is_known = np.isfinite(differences)
    largest = np.where(is_known, np.abs(differences), 0.0).max(axis=1)
    return np.asarray(np.where((is_known == is_known[0]).all(axis=1) & is_known[0].any(), largest, np.nan))


def _formations(runs: Sequence[Labelled], names: Sequence[str], matrix: FloatArray) -> tuple[Formation, ...]:
    steps = [run.share * run.windows.n_steps[..., None] for run in runs]
    found: list[Formation] = []
    for place, name in enumerate(names):
        own = [each[..., place] for each in steps]
        found.append(
            Formation(
                name=name,
                n_episodes=sum(int((each.sum(axis=1) > 0).sum()) for each in own),
                n_timesteps=round(sum(float(each.sum()) for each in own)),
                spread=_spread(runs, own),
                matrix=matrix[place],
            )
        )
    return tuple(found)


def _spread(runs: Sequence[Labelled], steps: Sequence[FloatArray]) -> float | None:
    """Return the mean over timesteps of the median distance between two members."""
    distances = [run.windows.shape[..., 2] for run in runs]
    known = [np.where(np.isfinite(each), own, 0.0) for each, own in zip(distances, steps, strict=True)]
    total = sum(float(each.sum()) for each in known)
    summed = sum(float((np.nan_to_num(each) * own).sum()) for each, own in zip(distances, known, strict=True))
    return summed / total if total > 0 else None


def attainable_p(shares: Sequence[FloatArray], n_draws: int) -> float | None:
    """Return the smallest p that exchanges can give; None where every episode of each run has the same labels."""
    log_arrangements = 0.0
    for share in shares:
        sizes = Counter(each.tobytes() for each in share).values()
        log_arrangements += lgamma(len(share) + 1) - sum(lgamma(size + 1) for size in sizes)
    if log_arrangements < 1e-9:
        return None
    return min(1.0, max(1 / (1 + n_draws), _n_symmetries(shares) * exp(-log_arrangements)))


def _n_symmetries(shares: Sequence[FloatArray]) -> int:
    """Return how many ways of renaming the formations leave every run with the same labels: they change no maximum."""
    n_formations = shares[0].shape[-1]
    if n_formations > 4:
        return 1
    own = [Counter(each.tobytes() for each in share) for share in shares]
    return sum(
        all(
            Counter(each.tobytes() for each in np.ascontiguousarray(share[..., list(order)])) == counts
            for share, counts in zip(shares, own, strict=True)
        )
        for order in permutations(range(n_formations))
    )
