"""Which files of a folder are the memories of one team, told by their names: a time and a place in memory."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from convscope.errors import AmbiguousLogError

_NAME = re.compile(r"(\d\d-\d\d-\d\d_\d\d-\d\d-\d\d-\d{6})_memory_(0x[0-9a-f]+)\.(npz|pt|csv)")
_TIME = "%y-%m-%d_%H-%M-%S-%f"
_LONGEST_GAP = timedelta(minutes=1)
"""Between the files of one export; memories of a team are saved one right after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryFile:
    """A file that skrl wrote."""

    name: str
    time: datetime
    address: str
    """Of the memory, the same in all its exports."""
    suffix: str
    """``npz``, ``pt`` or ``csv``."""

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return self.name.removesuffix(f".{self.suffix}")


def memory_file(name: str) -> MemoryFile | None:
    """Return what a file's name says; None where skrl names no file so."""
    found = _NAME.fullmatch(name)
    try:
        time = datetime.strptime(found[1], _TIME) if found is not None else None  # noqa: DTZ007  only differences count
    except ValueError:
        time = None
    if found is None or time is None:
        return None
    return MemoryFile(name=name, time=time, address=found[2], suffix=found[3])


def team_exports(files: Sequence[MemoryFile], *, place: str) -> tuple[tuple[MemoryFile, ...], ...]:
    """Return the exports of a team, each with a file for every agent in the order of the first one.

    Parameters
    ----------
    files
        Of one suffix.
    place
        The folder, for errors.

    Raises
    ------
    AmbiguousLogError
        If the files may be of several runs.
    """
    of_agent: dict[str, list[MemoryFile]] = defaultdict(list)
    for file in sorted(files, key=lambda file: file.time):
        of_agent[file.address].append(file)
    if len({len(own) for own in of_agent.values()}) > 1:
        raise _several_runs(place, "memories were saved different numbers of times")
    exports = tuple(zip(*of_agent.values(), strict=True))
    for export in exports:
        times = sorted(file.time for file in export)
        if any(later - earlier > _LONGEST_GAP for earlier, later in pairwise(times)):
            raise _several_runs(place, "the memories of one export were saved more than a minute apart")
    for earlier, later in pairwise(exports):
        if max(file.time for file in earlier) > min(file.time for file in later):
            raise _several_runs(place, "a memory was saved again before another one was saved at all")
    return exports


def _several_runs(place: str, why: str) -> AmbiguousLogError:
    return AmbiguousLogError(
        f"{place} may hold the agents of one team or of several runs: {why}; put the memories of each run into a "
        "folder of its own"
    )
