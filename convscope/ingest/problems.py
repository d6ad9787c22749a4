"""What is wrong with a convscope log, and a view of one for the rules that find it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from convscope.ingest.container import Inventory
from convscope.ingest.hdf5.reading import Hdf5Reader
from convscope.ingest.json_text import parsed_json
from convscope.ingest.log_layout import COMMITTED
from convscope.values.arrays import IntArray


class Severity(StrEnum):
    """How much a problem matters."""

    CRITICAL = "critical"
    """The log cannot be read, or reads as something else."""
    VIOLATION = "violation"
    """The log breaks a rule of the format; results may be wrong."""
    SUGGESTION = "suggestion"
    """Nothing is wrong, but a reader would be better off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A rule that a log breaks."""

    rule: str
    """Stable name of the rule."""
    severity: Severity
    message: str
    """What is wrong."""
    where: str
    """Path within the file."""
    fix: str
    """What would be right."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogView:
    """An open log as the rules see it."""

    inventory: Inventory
    file: Hdf5Reader

    def has(self, path: str) -> bool:
        """Whether there is such a dataset."""
        return path in self.inventory.datasets

    def size(self, path: str) -> int:
        """Length of a dataset's first axis; 0 where there is none."""
        info = self.inventory.datasets.get(path)
        return info.shape[0] if info is not None and info.shape else 0

    def numbers(self, path: str, start: int = 0, stop: int | None = None) -> IntArray:
        """Return rows of a column of whole numbers; none where there is no such column."""
        info = self.inventory.datasets.get(path)
        if info is None or info.is_text or info.columns or len(info.shape) == 0:
            return np.zeros(0, np.int64)
        if path.startswith("/episodes/") and self.n_committed is not None:
            stop = self.n_committed if stop is None else min(stop, self.n_committed)
        return self.file.read(path, start, stop).astype(np.int64)

    def json(self, path: str, name: str) -> object:
        """Return what an attribute says in JSON; None where it says nothing."""
        return parsed_json(self.inventory.attributes.get(path, {}).get(name))

    @property
    def n_committed(self) -> int | None:
        """Episodes that a recorder has committed; None for logs that were written at once."""
        if not self.has(COMMITTED):
            return None
        counter = self.numbers(COMMITTED)
        return int(counter[0]) if counter.shape == (1,) else 0

    @property
    def is_unfinished(self) -> bool:
        """Whether a recorder has not closed the file, so that more than what it committed may be in it."""
        is_open = any(notice.code == "unfinished-file" for notice in self.inventory.notices)
        return is_open and self.has(COMMITTED)

    @property
    def rows(self) -> IntArray:
        """Rows of each episode; its timesteps where the log tells no rows."""
        return self.numbers("/episodes/rows" if self.has("/episodes/rows") else "/episodes/length")

    @property
    def starts(self) -> IntArray:
        """First row of each episode."""
        return self.numbers("/episodes/start")

    @property
    def n_rows(self) -> int:
        """Rows that count; in a file that a recorder has not closed, those up to the last committed episode."""
        return int((self.starts + self.rows).max(initial=0)) if self.is_unfinished else self.size("/steps/t")

    @property
    def groups(self) -> tuple[str, ...]:
        """Paths of the groups of agents."""
        return tuple(g for g in self.inventory.groups if g.startswith("/groups/") and g.count("/") == 2)

    def slots(self, group: str) -> tuple[int, ...]:
        """Agents of a group."""
        value = self.inventory.attributes.get(group, {}).get("slots")
        return tuple(slot for slot in value if isinstance(slot, int)) if isinstance(value, tuple) else ()
