"""What the single numbers beside a buffer's arrays mean for its rows, and whether they mean them at all."""

from collections import Counter
from dataclasses import dataclass

from convscope.errors import LogFormatError, MappingError
from convscope.ingest.container import ArrayInfo, ArrayReader, Inventory
from convscope.ingest.mapping import LogMapping, RingMapping
from convscope.ingest.toml_text import list_text
from convscope_loaders.structure.lexicon import Meaning, RingMark, meaning_of
from convscope_loaders.structure.readings import ambiguous
from convscope_loaders.structure.ring_marks import RingMarks, RingNumber
from convscope_loaders.structure.ring_order import RingNumbers, RingOrder, order_of
from convscope_loaders.structure.unwritten import is_blank_from

_STEPS = (Meaning.ACTION, Meaning.ACTION_ONE_HOT, Meaning.OBSERVATION, Meaning.POSITION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """Arrays that were written together, row by row."""

    arrays: tuple[ArrayInfo, ...]
    axis: int
    """That of the rows."""
    n_rows: int


def find_buffer(inventory: Inventory, group: str, marks: RingMarks, *, others: frozenset[str]) -> Buffer | None:
    """Return the arrays that the numbers of a group speak of; None where it holds no steps.

    Parameters
    ----------
    inventory
        What the file holds.
    group
        The group.
    marks
        Its numbers.
    others
        Groups with numbers of their own, which speak of the arrays in them.
    """
    nearer = tuple(f"{other.rstrip('/')}/" for other in others if len(other) > len(group))
    inside = f"{group.rstrip('/')}/"
    own = [
        info
        for path, info in inventory.datasets.items()
        if path.startswith(inside) and not path.startswith(nearer) and not info.is_text
    ]
    steps = [info for info in own if info.shape and _meaning(info.path) in _STEPS and not info.columns]
    if not steps:
        return None
    capacity = marks[RingMark.CAPACITY].value if RingMark.CAPACITY in marks else 0
    axis = next((info.shape.index(capacity) for info in steps if capacity in info.shape), 0)
    n_rows = Counter(info.shape[axis] for info in steps if len(info.shape) > axis).most_common(1)[0][0]
    return Buffer(
        arrays=tuple(info for info in own if info.shape[axis : axis + 1] == (n_rows,)), axis=axis, n_rows=n_rows
    )


def _meaning(path: str) -> Meaning | None:
    return meaning_of(tuple(path.strip("/").split("/")[-2:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RingChoice:
    """Decides on the order of a buffer's rows."""

    file: ArrayReader
    place: str
    """The file, for errors."""
    buffer: Buffer
    marks: RingMarks
    declared: RingMapping | None
    """What a mapping says, which the marks come from then."""

    def decide(self) -> tuple[RingOrder, str]:
        """Return the order of the rows, and what was taken for granted."""
        n_all = self.buffer.n_rows
        as_they_stand = RingOrder(first=0, n_rows=n_all)
        told: RingMarks = {mark: self.marks[mark] for mark in self.marks if mark is not RingMark.CAPACITY}
        if self.declared is not None and self.declared.rows is not None:
            return self._said(RingOrder(first=0, n_rows=self._declared("rows", self.declared.rows)), "")
        if self.declared is not None and self.declared.first is not None:
            first = self._declared("first", self.declared.first)
            return self._said(RingOrder(first=first % max(n_all, 1), n_rows=n_all, may_have_lost=True), "")
        if not told:
            return as_they_stand, ""
        is_said = self.declared is not None
        listed = ", ".join(f"{number.place} = {number.value}" for number in told.values())
        order = order_of(self._numbers(), n_all) or self._rows_before_cursor(told)
        if order is not None and not order.n_rows and not self._is_blank_from(0):
            order = None
        if order is not None and (is_said or self._is_sure() or self._is_blank_from(order.n_rows)):
            return self._said(order, f"{listed}: ")
        # A cursor on the first row says that none is before the others.
        if (is_said or self._is_sure()) and {number.value for number in told.values()} != {0}:
            raise self._open(listed)
        named = ", ".join(number.place.rpartition("@")[2] for number in told.values())
        return as_they_stand, f"{named} is not taken for a mark of rows that were written"

    def _declared(self, key: str, row: int) -> int:
        if row > self.buffer.n_rows:
            raise MappingError(f"[ring] {key} = {row}, but the arrays of {self.place} have {self.buffer.n_rows} rows")
        return row

    def _numbers(self) -> RingNumbers:
        cursor, count, full = (self._value(mark) for mark in (RingMark.CURSOR, RingMark.COUNT, RingMark.FULL))
        n_all = self.buffer.n_rows
        if cursor is not None and cursor > n_all > 0 and self._value(RingMark.CAPACITY) == n_all:
            # A counter of all rows that were ever written.
            cursor, full = cursor % n_all, 1
        if self.declared is not None and count is None and full is None:
            full = 1
        return RingNumbers(cursor=cursor, count=count, is_full=None if full is None else full > 0)

    def _rows_before_cursor(self, told: RingMarks) -> RingOrder | None:
        """Return the order of a buffer of which a cursor alone is told, if there is nothing from it on."""
        cursor = told.get(RingMark.CURSOR)
        is_alone = cursor is not None and len(told) == 1
        if cursor is None or not is_alone or not 0 < cursor.value < self.buffer.n_rows:
            return None
        return RingOrder(first=0, n_rows=cursor.value) if self._is_blank_from(cursor.value) else None

    def _is_sure(self) -> bool:
        """Whether these numbers speak of the buffer: by name, by the capacity beside them, or by agreeing."""
        cursor, count, n_all = self._value(RingMark.CURSOR), self._value(RingMark.COUNT), self.buffer.n_rows
        agree = cursor is not None and (count in {cursor, n_all} or RingMark.FULL in self.marks)
        named = any(number.is_telling for mark, number in self.marks.items() if mark is not RingMark.CAPACITY)
        return named or agree or self._value(RingMark.CAPACITY) == n_all

    def _is_blank_from(self, first: int) -> bool:
        buffer = self.buffer
        if first == buffer.n_rows:
            return True
        return not buffer.axis and is_blank_from(self.file, buffer.arrays, first, n_rows=buffer.n_rows)

    def _value(self, mark: RingMark) -> int | None:
        return self.marks[mark].value if mark in self.marks else None

    def _said(self, order: RingOrder, by: str) -> tuple[RingOrder, str]:
        n_all = self.buffer.n_rows
        if order.n_rows < n_all:
            return order, f"{by}{order.n_rows} of {n_all} rows of the buffer were written; the others are left out"
        if not order.first:
            return order, ""
        return order, f"{by}the buffer is full, and its rows are read from the oldest (row {order.first}) on"

    def _open(self, listed: str) -> LogFormatError:
        """Return the error of a buffer whose numbers leave its order open, or contradict each other."""
        n_all = self.buffer.n_rows
        cursor, count = self.marks.get(RingMark.CURSOR), self.marks.get(RingMark.COUNT)
        told = [number for number in (count, cursor) if number is not None and 0 < number.value < n_all]
        if not told:
            ignored = list_text([number.place for number in self.marks.values()])
            return LogFormatError(
                f"{self.place}: {listed} does not fit arrays of {n_all} rows; if it speaks of something else, leave it "
                f"out with [log] ignore = {ignored} in a mapping"
            )
        readings = [_first_rows(number) for number in told]
        readings += [_whole_ring(number) for number in told if number is cursor]
        readings += [(f"all {n_all} rows happened in the order in which they stand", RingMapping(rows=n_all))]
        return ambiguous(
            self.place,
            f"the {n_all} rows of the buffer, of which {listed} should tell what was written,",
            [text for text, _ in readings],
            mapping=LogMapping(ring=readings[0][1]),
            changes=[f"reading {n}: {_line(ring)}" for n, (_, ring) in enumerate(readings[1:], start=2)],
        )


def _first_rows(number: RingNumber) -> tuple[str, RingMapping]:
    text = f"rows 0 to {number.value - 1} were written, in this order, and no others"
    return text, RingMapping(count=number.place)


def _whole_ring(number: RingNumber) -> tuple[str, RingMapping]:
    return f"all rows were written, and row {number.value} is the oldest", RingMapping(cursor=number.place)


def _line(ring: RingMapping) -> str:
    told = {"cursor": ring.cursor, "count": ring.count}
    return next((f'{key} = "{place}"' for key, place in told.items() if place), f"rows = {ring.rows}")
