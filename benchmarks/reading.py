"""How fast logs are read, and how much memory their conversion takes, beside plain reading of the same bytes.

Usage: python benchmarks/reading.py [--episodes N] [--repeats N] [--only NAME] [--gigabytes N]

Times are CPU seconds of this process, ours and the plain reading in turns within one run: only their ratios mean
anything on a busy machine. Then logs of ``--gigabytes`` of numbers are converted in a child process each, and its
largest memory is told.

Opening reads each file's SHA-256 anew. Of a group per episode the library alone takes 1.5 times the low-level reading
for listing and opening what is there and saying what it is (h5py 3.16, HDF5 2.0), before a line of ours; so the
structure of files of the format's first version is read without it. What is left is mostly the loader's: where nothing
names the framework, every path is folded and every array weighed.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import h5py
import numpy as np
from h5py import h5d, h5s, h5t
from reading_logs import (
    N_ACTIONS,
    N_AGENTS,
    N_OBSERVED,
    write_episodes,
    write_padded,
    write_structure,
)

from convscope.ingest.digests import sha256_of_file
from convscope.ingest.hdf5.heaps import check_heaps
from convscope.ingest.hdf5.listing import read_inventory
from convscope.ingest.open import open_logs
from convscope.ingest.writer import write_log
from convscope.values.log import TrajectoryLog

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A kind of log, and the plain reading that it is held against."""

    name: str
    write: Callable[[Path, int], None]
    plain: Callable[[Path, TrajectoryLog], None]
    compared: str


def write_packed(path: Path, n_episodes: int) -> None:
    """Write a convscope log."""
    source = path.with_name("padded_source.h5")
    write_padded(source, n_episodes)
    write_log(open_logs([source]), path)


def read_columns(path: Path, log: TrajectoryLog) -> None:
    """Read the rows of each block from the datasets of all fields, as float64."""
    with h5py.File(path) as file:
        datasets = _columns(file)
        for start, stop in _row_spans(log):
            for dataset in datasets:
                dataset[start:stop].astype(np.float64)


def read_padded(path: Path, log: TrajectoryLog) -> None:
    """Read the episodes of each block from the datasets of all fields, as float64 and with their padding."""
    with h5py.File(path) as file:
        datasets = [file[spec.path] for spec in log.header.fields]
        for task in log.tasks(_all_fields(log)):
            for dataset in datasets:
                dataset[int(task.local[0]) : int(task.local[-1]) + 1].astype(np.float64)


def read_each(path: Path, _log: TrajectoryLog) -> None:
    """Open each small dataset by its path and read it, with the least that h5py needs; no checks, no conversion."""
    with h5py.File(path) as file:
        episodes = [name.encode() for name in file]
        first = file[episodes[0]]
        kinds = [(f"/{leaf}".encode(), first[leaf].dtype) for leaf in _leaves(first)]
        opened = [(leaf, dtype, h5t.py_create(dtype)) for leaf, dtype in kinds]
        for place in episodes:
            for leaf, dtype, kind in opened:
                dataset = h5d.open(file.id, place + leaf)
                rows = np.empty(dataset.shape, dtype)
                dataset.read(h5s.ALL, h5s.ALL, rows, kind)


LAYOUTS = (
    Layout(
        name="packed",
        write=write_packed,
        plain=read_columns,
        compared="h5py dataset[start:stop].astype(float64) of the same columns, gzip",
    ),
    Layout(
        name="padded",
        write=write_padded,
        plain=read_padded,
        compared="h5py dataset[start:stop].astype(float64) of the same arrays, gzip, padding left in",
    ),
    Layout(
        name="episodes",
        write=lambda path, n: write_episodes(path, n, compression=None),
        plain=read_each,
        compared="low-level h5d.open and DatasetID.read of the same small chunked arrays",
    ),
    Layout(
        name="episodes-gzip",
        write=lambda path, n: write_episodes(path, n, compression="gzip"),
        plain=read_each,
        compared="low-level h5d.open and DatasetID.read of the same small gzipped arrays",
    ),
    Layout(
        name="structure",
        write=write_structure,
        plain=read_each,
        compared="low-level h5d.open and DatasetID.read of the same small contiguous arrays",
    ),
)


def compare(layout: Layout, path: Path, *, repeats: int) -> None:
    """Print what opening and reading cost, and how both compare with the plain reading."""
    opening, reading, plain = [], [], []
    for _ in range(repeats):
        # Digests are kept for files that have not changed.
        path.touch()
        seconds, log = _timed(lambda: open_logs([path]))
        opening.append(seconds)
        reading.append(_timed(lambda log=log: _read_all(log))[0])
        plain.append(_timed(lambda log=log: layout.plain(path, log))[0])
    megabytes = path.stat().st_size / 1e6
    print(f"{layout.name}: {megabytes:.0f} MB, {log.episodes.n_episodes} episodes; against {layout.compared}")
    for name, seconds in (("plain", plain), ("rows", reading), ("opening", opening)):
        print(f"  {name:8} min {min(seconds):.3f} s, median {median(seconds):.3f} s")
    ratio = min(reading) / min(plain)
    pairs = median(ours / theirs for ours, theirs in zip(reading, plain, strict=True))
    whole = (min(opening) + min(reading)) / min(plain)
    print(f"  rows take {ratio:.2f} of the plain time (median of pairs {pairs:.2f}): {1 / ratio:.2f} of its speed")
    print(f"  opening and rows take {whole:.2f} of it")
    _print_once(path)


def _print_once(path: Path) -> None:
    """Print the parts of opening that look at all of a file."""
    parts = {"walk": read_inventory, "heaps": check_heaps, "sha256": _digest}
    seconds = {name: min(_timed(lambda look=look: look(path))[0] for _ in range(3)) for name, look in parts.items()}
    print("  of opening: " + ", ".join(f"{name} {value:.3f} s" for name, value in seconds.items()), flush=True)


def _digest(path: Path) -> str:
    path.touch()
    return sha256_of_file(path)


def convert(name: str, write: Callable[[Path, float], None], folder: Path, *, gigabytes: float) -> None:
    """Print the largest memory of a child that converts a log of a size, and its speed."""
    source, target = folder / f"{name}.h5", folder / f"{name}_converted.h5"
    write(source, gigabytes)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", _CONVERT, "convert", source, target]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  our own command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sizes = [path.stat().st_size / 1e9 for path in (source, target)]
    print(f"convert, {name}: {sizes[0]:.2f} GB of {gigabytes:g} GB of numbers became {sizes[1]:.2f} GB", end="")
    speed, memory = 1e3 * gigabytes / seconds, int(told.split()[-2]) / 1e3
    print(f" in {seconds:.0f} CPU s ({speed:.0f} MB/s), with at most {memory:.0f} MB")
    source.unlink()
    target.unlink()


_CONVERT = """
import atexit, pathlib
status = pathlib.Path("/proc/self/status")
# Not getrusage: that counts what the parent held before it became this process.
atexit.register(lambda: print(*[line for line in status.read_text().splitlines() if line.startswith("VmHWM")]))
from convscope.cli import main
main()
"""


def write_noise(path: Path, gigabytes: float) -> None:
    """Write uncompressed noise, which gets no smaller on the way either."""
    write_padded(path, _episodes_of(gigabytes, _WIDE), n_observed=_WIDE, compression=None)


def write_grids(path: Path, gigabytes: float) -> None:
    """Write observations that are mostly zeros, compressed: a small file of a large log."""
    write_padded(path, _episodes_of(gigabytes, _WIDE), n_observed=_WIDE, n_told=8)


def write_groups(path: Path, gigabytes: float) -> None:
    """Write a group per episode, of several hundred steps."""
    n_bytes = 0.75 * _LONG * N_AGENTS * (4 * N_OBSERVED + 8)
    write_episodes(path, max(1, int(gigabytes * 1e9 / n_bytes)), compression=None, longest=_LONG)


CONVERTED = {"noise": write_noise, "grids": write_grids, "groups": write_groups}
_WIDE, _LONG = 256, 500


def _episodes_of(gigabytes: float, n_observed: int) -> int:
    """Return how many padded episodes hold so many bytes of observations, actions and masks."""
    return max(1, int(gigabytes * 1e9 / (61 * N_AGENTS * (4 * n_observed + 8 + 4 * N_ACTIONS))))


def _timed(work: Callable[[], _Result]) -> tuple[float, _Result]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def _read_all(log: TrajectoryLog) -> None:
    for _ in log.blocks(_all_fields(log)):
        pass


def _all_fields(log: TrajectoryLog) -> frozenset[str]:
    return frozenset(spec.name for spec in log.header.fields)


def _row_spans(log: TrajectoryLog) -> Iterable[tuple[int, int]]:
    stops = np.cumsum(log.episodes.rows)
    for task in log.tasks(_all_fields(log)):
        last = int(stops[task.episodes[-1]])
        yield last - int(log.episodes.rows[task.episodes].sum()), last


def _columns(file: h5py.File) -> list[h5py.Dataset]:
    """Return the datasets of a convscope log with the rows of fields, and who acts."""
    found: list[h5py.Dataset] = []
    n_rows = file["steps/t"].shape[0]
    for top in ("groups", "steps", "state", "channels", "entities"):
        if top in file:
            file[top].visititems(lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None)
    return [item for item in found if item.shape[:1] == (n_rows,) and item.name not in ("/steps/t", "/steps/episode")]


def _leaves(episode: h5py.Group) -> list[str]:
    """Return the datasets of an episode, all of which opening and reading look at too."""
    found: list[str] = []
    episode.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--episodes", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", choices=[*(layout.name for layout in LAYOUTS), *CONVERTED])
    parser.add_argument("--gigabytes", type=float, default=0.2, help="size of the logs that are converted")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for layout in LAYOUTS:
            if asked.only in (None, layout.name):
                path = folder / f"{layout.name}.h5"
                layout.write(path, asked.episodes)
                compare(layout, path, repeats=asked.repeats)
        for kind, write in CONVERTED.items():
            if asked.only in (None, kind):
                convert(kind, write, folder, gigabytes=asked.gigabytes)


if __name__ == "__main__":
    main()
