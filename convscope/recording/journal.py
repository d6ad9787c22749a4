"""Episodes on their way into files: kept until they are committed, in a new file where they do not fit the last one."""

import os
import time
import warnings
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from convscope.errors import UsageError
from convscope.ingest.hdf5.publishing import claim
from convscope.recording.episode import Labels, RecordedEpisode
from convscope.recording.layout import About, layout_of, without_agents
from convscope.recording.recording_file import RecordingFile
from convscope.recording.sketch import Sketch, difference, kind_of, merged, sketch_of
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
        ...


class FinishedEpisode(Protocol):
    """An episode that is over, whole or yet to be put together."""

    @property
    def n_bytes(self) -> int:
        """Memory that it takes, about."""
        ...

    def episode(self) -> RecordedEpisode:
        """Return it whole."""
        ...


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
        self.labels = Labels()
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
        self._pending: list[FinishedEpisode] = []
        self._pending_bytes = 0
        self._assumptions: dict[str, None] = {}
        self._notes: dict[str, bool] = {}
        self._sketch: Sketch | None = None
        self._known_kinds: set[Hashable] = set()
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

    def add(self, *finished: FinishedEpisode) -> None:
        """Take episodes; they are committed now or later, as the rule has it.

        Raises
        ------
        UsageError
            If the journal is closed or belongs to another process, or as `commit` does.
        OutputError
            If it cannot be written.
        """
        self._check_usable()
        self._pending += finished
        self._pending_bytes += sum(episode.n_bytes for episode in finished)
        self.n_episodes += len(finished)
        is_time = time.monotonic() - self._last_commit >= self._rule.seconds
        if is_time or self._pending_bytes >= self._rule.n_bytes:
            self.commit()

    def commit(self) -> None:
        """Commit what was taken: once this returns, it survives the death of the process.

        Raises
        ------
        UsageError
            If the journal is closed or belongs to another process, or an episode holds what cannot be recorded or
            contradicts those before it; it is left out, and the others are committed all the same.
        OutputError
            If it cannot be written.
        """
        self._check_usable()
        pending = deque[FinishedEpisode](self._pending)
        self._pending, self._pending_bytes = [], 0
        batch: list[RecordedEpisode] = []
        refused: UsageError | None = None
        try:
            while pending:
                finished = pending.popleft()
                try:
                    episode = finished.episode()
                    sketch = self._sketch_with(episode)
                except UsageError as error:
                    refused = error
                    continue
                pending.appendleft(episode)
                if self._file is not None and sketch is not self._sketch:
                    self._write(batch)
                    batch = []
                    self._begin_another_file(sketch)
                self._sketch = sketch
                pending.popleft()
                batch.append(episode)
            self._write(batch)
        except BaseException:  # what was not written is kept, but for what could not be put together
            self._pending = [*batch, *pending]
            raise
        self._last_commit = time.monotonic()
        if refused is not None:
            raise refused

    def close(self) -> None:
        """End the episodes that are going on, commit and close; a second call does nothing.

        In a process that was forked off nothing happens: the files belong to the one that opened them.
        """
        if self.is_closed or os.getpid() != self._process:
            return
        refused: UsageError | None = None
        for episode in list(self.going_on.values()):
            try:
                episode.cut()
            except UsageError as error:
                refused = error
        try:
            self.commit()
        finally:
            self._close_file()
            self.is_closed = True
            if not self.paths:
                self._path.unlink(missing_ok=True)
        if refused is not None:
            raise refused

    def _check_usable(self) -> None:
        if self.is_closed:
            raise UsageError(f"the recorder of {self._path} is closed; make another one, with another file")
        if os.getpid() != self._process:
            raise UsageError(
                f"the recorder of {self._path} belongs to process {self._process}, this is {os.getpid()}: a file has "
                "one writer; make a recorder in each process, with a file of its own (part-0.h5, part-1.h5), and "
                "give convscope the folder"
            )

    def _sketch_with(self, episode: RecordedEpisode) -> Sketch:
        """Return the sketch with room for an episode too; the same object where it has room already."""
        kind = kind_of(episode, self.spaces)
        if self._sketch is not None and kind in self._known_kinds:
            return self._sketch
        own = sketch_of(episode, self.spaces)
        sketch = own if self._sketch is None else merged(self._sketch, own)
        if kind is not None:
            self._known_kinds.add(kind)
        return sketch

    def _begin_another_file(self, sketch: Sketch) -> None:
        if self._file is not None and self._sketch is not None:
            reason = difference(self._sketch, sketch)
            self.note(f"{self._file.path.name} has no room for {reason}: the recording goes on in a file beside it")
        self._close_file()

    def _write(self, episodes: Sequence[RecordedEpisode]) -> None:
        if self._file is None and episodes and self._sketch is not None:
            new = self._new_file(self._sketch)
            notes = self._new_notes
            try:
                new.create(
                    episodes,
                    notes=notes,
                    assumptions=tuple(self._assumptions),
                    continues=self._path.name if self.paths else None,
                    is_live=self._is_live,
                )
            except BaseException:
                if self.paths:  # the first name stays claimed, others are chosen anew
                    new.path.unlink(missing_ok=True)
                raise
            self._file = new
            self.paths.append(new.path)
        elif self._file is not None and (episodes or self._new_notes):
            notes = self._new_notes
            self._file.commit(episodes, notes)
        else:
            return
        self._notes.update(dict.fromkeys(notes, True))
        self.n_committed += len(episodes)
        if not self._is_live:
            self._close_file()

    @property
    def _new_notes(self) -> list[str]:
        """Notes that are in no file yet."""
        return [sentence for sentence, is_written in self._notes.items() if not is_written]

    def _new_file(self, sketch: Sketch) -> RecordingFile:
        for kind, patterns_of in (("role", self.about.roles), ("team", self.about.teams)):
            for name in without_agents(patterns_of, sketch.agents):
                self.note(f"no agent is in the {kind} {name}: its patterns fit none of {', '.join(sketch.agents)}")
        path = self._free_path() if self.paths else self._path
        return RecordingFile(path, layout_of(sketch, self.about, self.spaces))

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
