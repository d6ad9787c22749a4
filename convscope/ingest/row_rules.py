"""Rules about the rows of a convscope log, checked a stretch of rows at a time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convscope.ingest.packing import unpack
from convscope.ingest.problems import LogView, Problem, Severity
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.status import Status

_CELLS_AT_A_TIME = 1 << 22
_TOLERANCE = 1e-2  # half-precision weights of a hundred senders sum to 1 within this


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Consecutive rows of one group of agents."""

    status: IntArray
    """Shape (T, n)."""
    status_before: IntArray
    """Of the row before, shape (T, n); 0 where an episode starts."""
    is_final: BoolArray
    """Whether the row is a final observation, shape (T,)."""
    n_actions: int | None
    """Choices of a discrete action; None for other kinds."""
    actions: FloatArray | None
    """Shape (T, n, k), NaN for missing."""
    masks: FloatArray | None
    observations: FloatArray | None

    @property
    def is_acting(self) -> BoolArray:
        """Who takes an action, shape (T, n)."""
        return np.asarray(self.status == Status.ACTING, dtype=np.bool_)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """Finds agents in rows that break a rule."""

    rule: str
    dataset: str
    """Within the group, for the report."""
    message: str
    fix: str
    find: Callable[[Stretch], BoolArray]
    """Returns what breaks the rule, shape (T, n)."""
    severity: Severity = Severity.VIOLATION


def _unknown_status(rows: Stretch) -> BoolArray:
    return np.asarray(rows.status > max(Status), dtype=np.bool_)


def _back_from_death(rows: Stretch) -> BoolArray:
    return np.asarray((rows.status_before == Status.DEAD) & (rows.status != Status.DEAD), dtype=np.bool_)


def _acts_at_the_end(rows: Stretch) -> BoolArray:
    return np.asarray(rows.is_acting & rows.is_final[:, None], dtype=np.bool_)


def _acts_without_action(rows: Stretch) -> BoolArray:
    if rows.actions is None:
        return np.zeros_like(rows.is_acting)
    is_missing = np.asarray(np.isnan(rows.actions).any(axis=2), dtype=np.bool_)
    return rows.is_acting & is_missing


def _acts_outside(rows: Stretch) -> BoolArray:
    if rows.actions is None or rows.n_actions is None:
        return np.zeros_like(rows.is_acting)
    action = rows.actions[..., 0]
    is_outside = (action < 0) | (action >= rows.n_actions) | (action != np.round(action))
    return np.asarray(rows.is_acting & is_outside & ~np.isnan(action), dtype=np.bool_)


def _acts_illegally(rows: Stretch) -> BoolArray:
    if rows.actions is None or rows.masks is None or rows.n_actions is None:
        return np.zeros_like(rows.is_acting)
    n_choices = rows.masks.shape[2]
    choice = np.clip(np.nan_to_num(rows.actions[..., 0]), 0, n_choices - 1).astype(np.int64)
    is_legal = np.take_along_axis(rows.masks, choice[..., None], axis=2)[..., 0] != 0
    return np.asarray(rows.is_acting & ~is_legal & ~_acts_without_action(rows), dtype=np.bool_)


def _sees_nothing(rows: Stretch) -> BoolArray:
    if rows.observations is None:
        return np.zeros_like(rows.is_acting)
    return rows.is_acting & ~np.isfinite(rows.observations).all(axis=2)


RULES = (
    RowRule(
        rule="status",
        dataset="status",
        message="status beyond the four that the format knows",
        fix="use 0 absent, 1 acting, 2 waiting, 3 dead",
        find=_unknown_status,
        severity=Severity.CRITICAL,
    ),
    RowRule(
        rule="dead-stays-dead",
        dataset="status",
        message="agents that are dead and take part again in the same episode",
        fix="use waiting (2) for a pause; dead (3) lasts until the episode ends",
        find=_back_from_death,
    ),
    RowRule(
        rule="final-row-acting",
        dataset="status",
        message="agents that act in the row of the final observation",
        fix="use waiting (2) there: no step follows",
        find=_acts_at_the_end,
    ),
    RowRule(
        rule="acting-without-action",
        dataset="action",
        message="agents that act without an action",
        fix="write the action, or another status",
        find=_acts_without_action,
    ),
    RowRule(
        rule="action-range",
        dataset="action",
        message="actions outside the action space",
        fix="number actions from 0 and state how many there are in action_space",
        find=_acts_outside,
    ),
    RowRule(
        rule="illegal-action",
        dataset="action_mask",
        message="actions that the mask forbids",
        fix="write the mask that was in force when the action was chosen",
        find=_acts_illegally,
    ),
    RowRule(
        rule="missing-observation",
        dataset="observation",
        message="acting agents whose observation has missing or infinite numbers",
        fix="write what the agent saw, or another status",
        find=_sees_nothing,
    ),
)
"""Checked on every group; a new rule is a function and a line here."""


def check_rows(view: LogView) -> Iterator[Problem]:
    """Find rows that break a rule, one problem per group and rule."""
    for group in view.groups:
        count = dict.fromkeys(RULES, 0)
        first: dict[RowRule, int] = {}
        for start, rows in _stretches(view, group):
            for rule in RULES:
                is_bad = rule.find(rows).any(axis=1)
                if is_bad.any():
                    count[rule] += int(is_bad.sum())
                    first.setdefault(rule, start + int(np.argmax(is_bad)))
        for rule, row in first.items():
            yield _problem(view, f"{group}/{rule.dataset}", rule, n_rows=count[rule], first=row)


def check_clock(view: LogView) -> Iterator[Problem]:
    """Find rows that do not say which episode and timestep they are."""
    length = view.numbers("/episodes/rows") if view.has("/episodes/rows") else view.numbers("/episodes/length")
    episode = np.repeat(np.arange(len(length)), length)
    clock = np.arange(len(episode)) - np.repeat(np.cumsum(length) - length, length)
    for path, expected in (("/steps/episode", episode), ("/steps/t", clock)):
        stored = view.numbers(path)
        is_wrong = stored != expected
        if is_wrong.any():
            row = int(np.argmax(is_wrong))
            yield Problem(
                rule="clock",
                severity=Severity.VIOLATION,
                message=f"row {row} says {stored[row]}, but the episodes make it {expected[row]}",
                where=path,
                fix="count episodes from 0, and timesteps from 0 in each",
            )


def check_weights(view: LogView) -> Iterator[Problem]:
    """Find routing weights that are negative, or rows of attention that do not sum to 1."""
    for path, info in view.inventory.datasets.items():
        is_attention = path.endswith("/attention") and path.startswith("/channels/")
        if not is_attention or len(info.shape) != 4:
            continue
        n_negative, n_uneven = 0, 0
        for start, stop in _spans(info.shape):
            weights = view.file.read(path, start, stop).astype(np.float64)
            sums = np.nansum(weights, axis=-1)
            n_negative += int((weights < 0).any(axis=(1, 2, 3)).sum())
            n_uneven += int(((sums != 0) & (np.abs(sums - 1) > _TOLERANCE)).any(axis=(1, 2)).sum())
        if n_negative:
            yield Problem(
                rule="negative-attention",
                severity=Severity.CRITICAL,
                message=f"negative weights in {n_negative} rows",
                where=path,
                fix="write weights after the softmax, not scores",
            )
        elif n_uneven and not view.inventory.attributes.get(path, {}).get("unnormalised"):
            yield Problem(
                rule="attention-sum",
                severity=Severity.SUGGESTION,
                message=f"weights of a receiver do not sum to 1 in {n_uneven} rows",
                where=path,
                fix="set the attribute unnormalised to 1 if that is meant",
            )


def _problem(view: LogView, where: str, rule: RowRule, *, n_rows: int, first: int) -> Problem:
    episode, step = view.numbers("/steps/episode", first, first + 1), view.numbers("/steps/t", first, first + 1)
    place = f"first in episode {int(episode[0])} at timestep {int(step[0])}"
    message = f"{rule.message}, in {n_rows} rows, {place}"
    return Problem(rule=rule.rule, severity=rule.severity, message=message, where=where, fix=rule.fix)


def _stretches(view: LogView, group: str) -> Iterator[tuple[int, Stretch]]:
    space = view.inventory.attributes.get(group, {}).get("action_space")
    shapes = [view.inventory.datasets[f"{group}/{name}"].shape for name in _COLUMNS if view.has(f"{group}/{name}")]
    rows = view.numbers("/episodes/rows") if view.has("/episodes/rows") else view.numbers("/episodes/length")
    starts = np.cumsum(rows) - rows
    finals = (starts + view.numbers("/episodes/length"))[rows > view.numbers("/episodes/length")]
    for start, stop in _spans(max(shapes, key=lambda shape: int(np.prod(shape[1:])))):
        before = view.numbers(f"{group}/status", max(start - 1, 0), stop)
        status = before if start == 0 else before[1:]
        status_before = np.concatenate([np.zeros_like(status[:1]), before])[-len(status) - 1 : -1].copy()
        status_before[np.isin(np.arange(start, stop), starts)] = Status.ABSENT
        yield (
            start,
            Stretch(
                status=status,
                status_before=status_before,
                is_final=np.isin(np.arange(start, stop), finals),
                n_actions=_n_actions(space),
                actions=_values(view, f"{group}/action", start, stop=stop),
                masks=_values(view, f"{group}/action_mask", start, stop=stop),
                observations=_values(view, f"{group}/observation", start, stop=stop),
            ),
        )


_COLUMNS = ("status", "action", "action_mask", "observation")


def _values(view: LogView, path: str, start: int, *, stop: int) -> FloatArray | None:
    """Return rows of a column as (T, n, k), NaN for missing; None where there is no such column."""
    if not view.has(path):
        return None
    mark = view.inventory.attributes.get(path, {}).get("_FillValue")
    stored: npt.NDArray[np.generic] = view.file.read(path, start, stop)
    is_whole = np.dtype(stored.dtype).kind in "iu" and isinstance(mark, int)
    values = unpack(stored, mark if is_whole and isinstance(mark, int) else None)
    return values.reshape(*values.shape[:2], -1)


def _n_actions(space: object) -> int | None:
    try:
        content = json.loads(space) if isinstance(space, str) else None
    except (ValueError, RecursionError):
        return None
    match content:
        case {"type": "Discrete", "n": int(n)}:
            return n
        case _:
            return None


def _spans(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    step = max(1, _CELLS_AT_A_TIME // max(1, int(np.prod(shape[1:]))))
    return ((start, min(start + step, shape[0])) for start in range(0, shape[0], step))
