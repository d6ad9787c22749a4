"""The file of a recording: made with all its columns, then grown piece by piece, each committed by a counter.

A commit appends rows in chunks that nothing was written to, then the tables, hands all that to the operating system,
and only then raises the counter of whole episodes, which readers go by. It may be killed anywhere in between.
"""

from collections.abc import Sequence
from math import prod
from pathlib import Path

import numpy as np

from convscope.ingest.hdf5.growing import TABLE, TEXTS, next_chunk, open_growing, rows_storage
from convscope.ingest.hdf5.publishing import writing
from convscope.ingest.hdf5.storage import Storage
from convscope.ingest.hdf5.writing import Attribute, Hdf5Writer, create_hdf5
from convscope.ingest.log_layout import COMMITTED, CONTINUES, NOTES, group_path
from convscope.ingest.log_tables import GROUP_VERSION, flags_of, root_attributes, slots_of, write_agents
from convscope.ingest.log_targets import create_columns
from convscope.recording.episode import RecordedEpisode
from convscope.recording.filling import PlacedEpisode, placed, rows_of
from convscope.recording.layout import Layout
from convscope.values.arrays import IntArray
from convscope.values.status import EndKind

LABEL_BYTES = 200
"""Room for the name of a run, a checkpoint or a condition."""
NOTE_BYTES = 600

_LABELS = {"run": "/runs/name", "checkpoint": "/checkpoints/label", "condition": "/conditions/name"}
_EPISODE_COLUMNS = {"start": "<i8", "length": "<i4", "rows": "<i4", "end": "<u1", **dict.fromkeys(_LABELS, "<i4")}
_STATE = Storage(chunk_rows=1)


class RecordingFile:
    """A file that grows by whole episodes; its only writer.

    Parameters
    ----------
    path
        Claimed (`claim`); the file appears there with its first episodes in it.
    layout
        Its datasets, which never change.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path = path
        self.n_episodes = 0
        self._layout = layout
        self._names = tuple(agent.name for agent in layout.header.agents)
        self._groups = {group_path(group): slots for group, slots in slots_of(layout.header).items()}
        self._codes: dict[str, dict[str, int]] = {kind: {} for kind in _LABELS}
        self._n_rows = 0
        self._n_notes = 0
        self._storage = TABLE
        self._writer: Hdf5Writer | None = None

    def create(
        self,
        episodes: Sequence[RecordedEpisode],
        *,
        notes: Sequence[str],
        assumptions: Sequence[str],
        continues: str | None,
        is_live: bool,
    ) -> None:
        """Make the file, with its first episodes.

        Parameters
        ----------
        episodes
            At least one.
        notes
            What was noticed on the way, a sentence each.
        assumptions
            What the log takes for granted, a sentence each.
        continues
            Name of the file in which the recording began; None for that file itself.
        is_live
            Whether more is to come; without it the file is closed.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        widest = max(prod(target.shape) * np.dtype(target.dtype).itemsize for target in self._layout.targets)
        self._storage = rows_storage(widest, sum(episode.rows for episode in episodes))
        with create_hdf5(self.path, is_claimed=True) as file:
            attributes = root_attributes(
                self._layout.header, loader="recorder", assumptions=(*self._layout.notes, *assumptions)
            )
            file.group("/", attributes if continues is None else {**attributes, CONTINUES: continues})
            self._create_tables(file)
            create_columns(file, self._layout.header, self._layout.targets, n_rows=0, storage=self._storage)
            self._append(file, episodes, notes)
        if is_live:
            self._writer = open_growing(self.path)

    def commit(self, episodes: Sequence[RecordedEpisode], notes: Sequence[str]) -> None:
        """Append episodes, and what is to be noted; once this returns they survive the death of the process.

        Raises
        ------
        OutputError
            If they cannot be written.
        """
        if self._writer is None:
            raise ValueError(f"{self.path} is closed")
        with writing(self.path):
            self._append(self._writer, episodes, notes)

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            with writing(self.path):
                self._writer.close()
        self._writer = None

    def _create_tables(self, file: Hdf5Writer) -> None:
        write_agents(file, self._layout.header)
        for kind, path in _LABELS.items():
            file.group(path.rpartition("/")[0], _table())
            file.texts(path, kind, (), width=LABEL_BYTES, storage=TEXTS)
        file.group("/episodes", _table())
        for name, dtype in _EPISODE_COLUMNS.items():
            attributes = flags_of(EndKind) if name == "end" else None
            file.column(f"/episodes/{name}", ("episode",), (0,), dtype=dtype, attributes=attributes, storage=TABLE)
        file.group("/recording", _table())
        file.column(COMMITTED, ("counter",), (1,), dtype="<i8", storage=_STATE)
        file.texts(NOTES, "note", (), width=NOTE_BYTES, storage=TEXTS)

    def _append(self, file: Hdf5Writer, episodes: Sequence[RecordedEpisode], notes: Sequence[str]) -> None:
        _append_texts(file, NOTES, notes, axis="note", start=self._n_notes)
        n_rows, n_episodes = self._n_rows, self.n_episodes + len(episodes)
        if episodes:
            first = next_chunk(n_rows, self._storage)
            lengths = np.array([episode.rows for episode in episodes], dtype=np.int64)
            starts = first + np.cumsum(lengths) - lengths
            self._append_rows(file, [placed(episode, self._names) for episode in episodes], starts)
            self._append_episodes(file, episodes, starts)
            n_rows = first + int(lengths.sum())
        file.flush()
        file.write(COMMITTED, 0, np.array([n_episodes], dtype="<i8"))
        file.flush()
        # Only now: what fails on the way is written again, to the same place.
        self._n_rows, self.n_episodes = n_rows, n_episodes
        self._n_notes += len(notes)

    def _append_rows(self, file: Hdf5Writer, found: Sequence[PlacedEpisode], starts: IntArray) -> None:
        lengths = [episode.episode.rows for episode in found]
        first, n_rows = int(starts[0]), sum(lengths)
        rows = first + np.arange(n_rows)
        file.append("/step", first, rows)
        file.append("/steps/episode", first, np.repeat(self.n_episodes + np.arange(len(found)), lengths))
        file.append("/steps/t", first, rows - np.repeat(starts, lengths))
        status = np.concatenate([episode.status for episode in found])
        for path, slots in self._groups.items():
            file.append(f"{path}/status", first, status[:, slots])
        for target in self._layout.targets:
            file.append(target.path, first, rows_of(target, found))

    def _append_episodes(self, file: Hdf5Writer, episodes: Sequence[RecordedEpisode], starts: IntArray) -> None:
        columns: dict[str, IntArray | list[int]] = {
            "start": starts,
            "length": [episode.length for episode in episodes],
            "rows": [episode.rows for episode in episodes],
            "end": [episode.end for episode in episodes],
            "run": self._codes_of(file, "run", [episode.labels.run for episode in episodes]),
            "checkpoint": self._codes_of(file, "checkpoint", [episode.labels.checkpoint for episode in episodes]),
            "condition": self._codes_of(file, "condition", [episode.labels.condition for episode in episodes]),
        }
        for name, values in columns.items():
            file.append(f"/episodes/{name}", self.n_episodes, np.array(values, dtype=_EPISODE_COLUMNS[name]))
        file.append("/episode", self.n_episodes, self.n_episodes + np.arange(len(episodes)))

    def _codes_of(self, file: Hdf5Writer, kind: str, labels: Sequence[str | None]) -> list[int]:
        codes = self._codes[kind]
        new = [label for label in dict.fromkeys(labels) if label is not None and label not in codes]
        _append_texts(file, _LABELS[kind], new, axis=kind, start=len(codes))
        codes |= {label: len(codes) + number for number, label in enumerate(new)}
        return [-1 if label is None else codes[label] for label in labels]


def _append_texts(file: Hdf5Writer, path: str, texts: Sequence[str], *, axis: str, start: int) -> None:
    if texts:
        file.append_texts(path, start, texts)
        file.append(f"/{axis}", start, start + np.arange(len(texts)))


def _table() -> dict[str, Attribute]:
    return {"encoding-type": "table", "encoding-version": GROUP_VERSION}
