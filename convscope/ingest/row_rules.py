"""Rules about the rows of a convscope log, checked a stretch of rows at a time."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from convscope.ingest.agent_rules import RULES, RowRule, Stretch
from convscope.ingest.packing import unpack
from convscope.ingest.problems import LogView, Problem, Severity
from convscope.values.arrays import FloatArray
from convscope.values.fields import NO_SLOT, OwnColumn
from convscope.values.status import Status

_CELLS_AT_A_TIME = 1 << 22
_TOLERANCE = 1e-2  # half-precision weights of a hundred senders sum to 1 within this


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
    episode, clock = np.full(view.n_rows, -1), np.full(view.n_rows, -1)
    rows = view.rows
    numbers = np.repeat(np.arange(len(rows)), rows)
    times = np.arange(len(numbers)) - np.repeat(np.cumsum(rows) - rows, rows)
    places = np.repeat(view.starts, rows) + times
    episode[places], clock[places] = numbers, times
    for path, expected in (("/steps/episode", episode), ("/steps/t", clock)):
        stored = view.numbers(path, 0, view.n_rows)
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
        if not is_attention or len(info.shape) < 4 or info.is_text or info.columns:
            continue
        n_negative, n_uneven = 0, 0
        for start, stop in _spans((view.n_rows, *info.shape[1:])):
            weights = _weights(view, path, start, stop=stop)
            sums = np.nansum(weights, axis=-1)
            is_uneven = (sums != 0) & (np.abs(sums - 1) > _TOLERANCE)
            n_negative += int((weights < 0).reshape(len(weights), -1).any(axis=1).sum())
            n_uneven += int(is_uneven.reshape(len(weights), -1).any(axis=1).sum())
        if n_negative:
            yield Problem(
                rule="negative-attention",
                severity=Severity.CRITICAL,
                message=f"negative weights in {n_negative} rows",
                where=path,
                fix="write weights after the softmax, not scores",
            )
        elif n_uneven and not _is_unnormalised(view, path):
            yield Problem(
                rule="attention-sum",
                severity=Severity.SUGGESTION,
                message=f"weights of a receiver do not sum to 1 in {n_uneven} rows",
                where=path,
                fix="set the attribute unnormalised to 1 if that is meant",
            )


def _weights(view: LogView, path: str, start: int, *, stop: int) -> FloatArray:
    """Return weights with 0 where there is no slot, and for receivers themselves where that means nothing."""
    stored = view.file.read(path, start, stop).astype(np.float64)
    weights: FloatArray = np.where(np.equal(stored, NO_SLOT), 0.0, stored)
    if view.inventory.attributes.get(path, {}).get("own_column") == OwnColumn.NOTHING:
        own = np.arange(weights.shape[-1])
        weights[..., own, own] = 0.0
    return weights


def _is_unnormalised(view: LogView, path: str) -> bool:
    attributes = view.inventory.attributes.get(path, {})
    return bool(attributes.get("unnormalised")) or attributes.get("row_sum") == "keep"


def _problem(view: LogView, where: str, rule: RowRule, *, n_rows: int, first: int) -> Problem:
    episode, step = view.numbers("/steps/episode", first, first + 1), view.numbers("/steps/t", first, first + 1)
    place = f"first in episode {int(episode[0])} at timestep {int(step[0])}"
    message = f"{rule.message}, in {n_rows} rows, {place}"
    return Problem(rule=rule.rule, severity=rule.severity, message=message, where=where, fix=rule.fix)


def _stretches(view: LogView, group: str) -> Iterator[tuple[int, Stretch]]:
    space = view.json(group, "action_space")
    shapes = [view.inventory.datasets[f"{group}/{name}"].shape for name in _COLUMNS if view.has(f"{group}/{name}")]
    rows, starts = view.rows, view.starts
    finals = (starts + view.numbers("/episodes/length"))[rows > view.numbers("/episodes/length")]
    widest = max(int(np.prod(shape[1:])) for shape in shapes)
    for start, stop in _spans((view.n_rows, widest)):
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
    match space:
        case {"type": "Discrete", "n": int(n)}:
            return n
        case _:
            return None


def _spans(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    step = max(1, _CELLS_AT_A_TIME // max(1, int(np.prod(shape[1:]))))
    return ((start, min(start + step, shape[0])) for start in range(0, shape[0], step))
