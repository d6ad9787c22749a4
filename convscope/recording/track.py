"""What one agent, or the team, had in the rows of an episode that is going on."""

import numpy as np

from convscope.errors import UsageError
from convscope.recording.episode import Numbers, plain_numbers
from convscope.values.arrays import BoolArray


class Track:
    """Grows by a row at a time; copies what it is given.

    Parameters
    ----------
    field
        What it is of, for its type and for errors.
    capacity
        Rows to have room for at first.
    """

    __slots__ = ("_field", "_is_given", "_rows")

    def __init__(self, field: str, capacity: int) -> None:
        self._field = field
        self._is_given = np.zeros(capacity, np.bool_)
        self._rows: Numbers | None = None

    def put(self, row: int, value: object) -> None:
        """Set a row.

        Raises
        ------
        UsageError
            If the value is no number or array of numbers, or has another shape than those before it.
        """
        rows, numbers = self._rows, np.asarray(value)
        if rows is None or numbers.dtype != rows.dtype or row >= len(rows):
            rows = self._with_room(row, plain_numbers(self._field, numbers))
        if numbers.shape != rows.shape[1:]:
            raise UsageError(f"{self._field} has shape {numbers.shape} in row {row}, and {rows.shape[1:]} before it")
        rows[row] = numbers
        self._is_given[row] = True

    def has(self, row: int) -> bool:
        """Whether a row was set."""
        return row < len(self._is_given) and bool(self._is_given[row])

    def part(self, n_rows: int) -> tuple[Numbers, BoolArray]:
        """Return the first rows, and which of them were set; the others hold zeros."""
        rows = np.zeros(0) if self._rows is None else self._rows
        if len(rows) < n_rows:
            rows = self._with_room(n_rows - 1, rows[:0].reshape(0, *rows.shape[1:]))
        return rows[:n_rows], self._is_given[:n_rows]

    def _with_room(self, row: int, numbers: Numbers) -> Numbers:
        """Return the rows, with room for one more and of a type that holds it too."""
        before = self._rows
        if before is None:
            before = np.zeros((0, *numbers.shape), numbers.dtype)
        dtype = np.result_type(before.dtype, numbers.dtype)
        if row < len(before) and dtype == before.dtype:
            return before
        capacity = max(len(before), len(self._is_given))
        while capacity <= row:
            capacity *= 2
        rows: Numbers = np.zeros((capacity, *before.shape[1:]), dtype)
        rows[: len(before)] = before
        self._is_given = np.concatenate([self._is_given, np.zeros(capacity - len(self._is_given), np.bool_)])
        self._rows = rows
        return rows
