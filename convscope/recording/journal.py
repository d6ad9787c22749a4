"""Episodes on their way into files: kept until they are committed, in a new file where they do not fit the last one."""

import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from convscope.errors import UsageError
from convscope.ingest.hdf5.writing import claim
from convscope.recording.episode import RecordedEpisode
from convscope.recording.layout import About, layout_of
from convscope.recording.recording_file import RecordingFile
from convscope.recording.sketch import Sketch, difference, merged, sketch_of
from convscope.values.header import ActionSpace


class RecordingWarning(UserWarning):
    """Something that a recording lacks, or that goes another way than was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRule:
    """When episodes are committed: at the end of one, as soon as either is reached."""

    seconds: float = 1.0
    """Since the last commit; 0 commits every episode."""
    n_bytes: int = 8 << 20
    """Of episodes that are not committed."""


class OpenEpisode(Protocol):
    """An episode that is still going on."""

    def cut(self) -> None:
        """End it here, as far as it got."""


class Journal:
    """Takes finished episodes and commits them.

    Parameters
    ----------
    path
        Of the first file; claimed at once.
    rule
        When to commit.
    is_live
        Whether a file grows while others may read it. Without it every commit makes a file of its own.

    Raises
    ------
    OutputError
        If something is there already, or the folder cannot be written.
    """

    def __init__(self, path: Path, rule: CommitRule, *, is_live: bool) -> None:
        claim(path)
        self.about = About()
        self.spaces = dict[str, ActionSpace]()
        self.going_on: dict[int, OpenEpisode] = {}
        self.paths: list[Path] = []
        self.n_episodes = 0
        self.n_committed = 0
        self.is_closed = False
        self._path = path
        self._rule = rule
        self._is_live = is_live
        self._process = os.getpid()
        self._pending: list[RecordedEpisode] = []
        self._pending_bytes = 0
        self._assumptions: dict[str, None] = {}
        self._notes: dict[str, bool] = {}
        self._sketch: Sketch | None = None
        self._file: RecordingFile | None = None
        self._last_commit = time.monotonic()

    def assume(self, sentence: str) -> None:
        """Keep what is taken for granted: in what the log says of itself, or among its notes once that is written."""
        if sentence not in self._assumptions:
            self._assumptions[sentence] = None
            if self._file is not None:
                self._notes.setdefault(sentence, False)

    def note(self, sentence: str) -> None:
        """Warn of something, once, and keep it with the log."""
        if sentence not in self._notes:
            self._notes[sentence] = False
            warnings.warn(sentence, RecordingWarning, stacklevel=3)

    def add(self, episode: RecordedEpisode) -> None:
        """Take an episode; it is committed now or later, as the rule has it.

        Raises
        ------
        UsageError
            If the journal is closed or belongs to another process, or the episode contradicts those before it.
        OutputError
            If it cannot be written.
        """
        self._check_usable()
        sketch = sketch_of(episode, self.spaces)
        if self._sketch is not None and sketch != self._sketch:
            sketch = merged(self._sketch, sketch)
            if self._file is not None and sketch != self._sketch:
                self._begin_another_file(self._sketch, sketch)
        self._sketch = sketch
        self._pending.append(episode)
        self._pending_bytes += episode.n_bytes
        self.n_episodes += 1
        is_time = time.monotonic() - self._last_commit >= self._rule.seconds
        if is_time or self._pending_bytes >= self._rule.n_bytes:
            self.commit()

    def commit(self) -> None:
        """Commit what was taken: once this returns, it survives the death of the process.

        Raises
        ------
        UsageError
            If the journal is closed or belongs to another process.
        OutputError
            If it cannot be written.
        """
        self._check_usable()
        notes = [sentence for sentence, is_written in self._notes.items() if not is_written]
        if self._pending and self._file is None:
            self._file = self._new_file(notes)
        elif self._file is not None and (self._pending or notes):
            self._file.commit(self._pending, notes)
        else:
            return
        self._notes.update(dict.fromkeys(notes, True))
        self.n_committed += len(self._pending)
        self._pending, self._pending_bytes = [], 0
        if not self._is_live:
            self._close_file()
        self._last_commit = time.monotonic()

    def close(self) -> None:
        """End the episodes that are going on, commit and close; a second call does nothing.

        In a process that was forked off nothing happens: the files belong to the one that opened them.
        """
        if self.is_closed or os.getpid() != self._process:
            return
        for episode in list(self.going_on.values()):
            episode.cut()
        self.commit()
        self._close_file()
        self.is_closed = True
        if not self.paths:
            self._path.unlink(missing_ok=True)

    def _check_usable(self) -> None:
        if self.is_closed:
            raise UsageError(f"the recorder of {self._path} is closed; make another one, with another file")
        if os.getpid() != self._process:
            raise UsageError(
                f"the recorder of {self._path} belongs to process {self._process}, this is {os.getpid()}: a file has "
                "one writer; make a recorder in each process, with a file of its own (part-0.h5, part-1.h5), and "
                "give convscope the folder"
            )

    def _begin_another_file(self, before: Sketch, after: Sketch) -> None:
        self.commit()
        self._close_file()
        reason = difference(before, after)
        self.note(f"{self.paths[-1].name} has no room for {reason}: the recording goes on in another file beside it")

    def _new_file(self, notes: Sequence[str]) -> RecordingFile:
        if self._sketch is None:
            raise ValueError("no episode was taken yet")
        is_first = not self.paths
        file = RecordingFile(
            self._path if is_first else self._free_path(), layout_of(self._sketch, self.about, self.spaces)
        )
        file.create(
            self._pending,
            notes=notes,
            assumptions=tuple(self._assumptions),
            continues=None if is_first else self._path.name,
            is_live=self._is_live,
        )
        self.paths.append(file.path)
        return file

    def _free_path(self) -> Path:
        number = len(self.paths) + 1
        while True:
            path = self._path.with_name(f"{self._path.stem}.{number:04d}{self._path.suffix}")
            if not os.path.lexists(path):
                claim(path)
                return path
            number += 1

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
