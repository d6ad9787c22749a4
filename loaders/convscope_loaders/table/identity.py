"""Which columns of a table tell its episodes apart, and which only look so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.table_mapping import TableMapping
from convscope.values.arrays import FloatArray, IntArray
from convscope_loaders.structure.lexicon import TIME_NAMES, Meaning
from convscope_loaders.table.columns import Column, single
from convscope_loaders.table.stretches import Stretches, find_stretches, joint_codes
from convscope_loaders.tidy.places import check_filled, read_numbers
from convscope_loaders.tidy.row_names import RowNames

_SEGMENTS = frozenset({"round", "trial", "game", "match", "demo", "rollout"})
"""Names that are as well those of parts of an episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells episodes apart, by paths of columns."""

    time: str | None = None
    episode: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    """Columns of environments side by side, where no other column tells episodes apart."""
    run: str | None = None
    checkpoint: str | None = None
    condition: str | None = None
    environment: str | None = None
    """Name of the environment, where one is told for all rows."""
    spent: frozenset[str] = frozenset()
    """Columns that say nothing more."""
    said: tuple[str, ...] = ()
    """What was taken for granted."""

    @property
    def outer(self) -> tuple[str, ...]:
        """Columns that episodes never reach beyond."""
        told = (self.run, self.checkpoint, self.condition, *self.instances)
        return tuple(column for column in told if column is not None)


class IdentityFinder:
    """Looks for what tells episodes apart.

    Parameters
    ----------
    file
        Open table; identity columns are read whole.
    columns
        Of the table.
    declared
        What a mapping says, by paths; it stands for what would be found.
    agent
        Path of the column that says who a row is about.
    rows
        For errors.
    """

    def __init__(
        self, file: ArrayReader, columns: Sequence[Column], declared: TableMapping, *, agent: str, rows: RowNames
    ) -> None:
        self._file, self._columns, self._declared, self._rows = file, columns, declared, rows
        self._agent, self._place = agent, rows.place
        self._spent: set[str] = set()
        self._said: list[str] = []
        self._clock: FloatArray | None = None

    def find(self) -> Identity:
        """Return the columns.

        Raises
        ------
        AmbiguousLogError
            If two columns could be one thing, runs could be episodes, or the clock contradicts the episodes.
        LogFormatError
            If a row has no timestep.
        """
        declared = self._declared
        time = declared.time or self._time()
        if time is not None:
            self._clock = self._checked_clock(time)
            if declared.episode and self._n_late(declared.episode, self._clock):
                self._clock = self._stretches(declared.episode, self._clock).local(self._clock)
        found = Identity(time=time, run=declared.run, checkpoint=declared.checkpoint, condition=declared.condition)
        found = self._with_instances(replace(found, episode=declared.episode or self._episodes()))
        found = replace(found, run=found.run or self._sole(Meaning.RUN, found))
        found = replace(found, checkpoint=found.checkpoint or self._sole(Meaning.CHECKPOINT, found))
        found = replace(found, condition=found.condition or self._sole(Meaning.CONDITION, found))
        if declared.run is None and found.run is not None and found.episode:
            self._check_runs(found.run, found.episode)
        return replace(found, spent=frozenset(self._spent), said=tuple(self._said))

    def _time(self) -> str | None:
        clocks = single(self._columns, Meaning.TIMESTEP)
        candidates = [column for column in clocks if column.values is None]
        if not candidates:
            if clocks:
                raise LogFormatError(
                    f"{self._place}: the column {clocks[0].shown} should hold numbers and holds texts, such as "
                    f'{clocks[0].sample}; number the timesteps, or leave it out: ignore = ["{clocks[0].shown}"]'
                )
            return None
        # The clock that starts again shows its first number most often.
        starts = {column.path: self._n_starts(column.path) for column in candidates}
        best = max(candidates, key=lambda column: (starts[column.path], -TIME_NAMES.index(column.name)))
        return best.path

    def _n_starts(self, path: str) -> int:
        numbers = read_numbers(self._file, path)
        return int((numbers == np.nanmin(numbers)).sum()) if np.isfinite(numbers).any() else 0

    def _checked_clock(self, path: str) -> FloatArray:
        clock = read_numbers(self._file, path)
        check_filled(clock, path, self._rows, what="timestep")
        return clock

    def _episodes(self) -> tuple[str, ...]:
        kept: list[str] = []
        candidates = single(self._columns, Meaning.EPISODE_ID)
        for column in candidates:
            if kept and self._is_same(column.path, kept):
                self._spent.add(column.path)
            elif self._is_outer(column.path, kept):
                kept.append(column.path)
        if candidates and not kept and self._clock is not None:
            kept = self._in_stretches(candidates, self._clock)
        if len(kept) > 1:
            self._said.append(f"episodes are told apart by {' and '.join(path.strip('/') for path in kept)}")
        return tuple(kept)

    def _in_stretches(self, candidates: Sequence[Column], clock: FloatArray) -> list[str]:
        """Return the column whose episodes are stretches of rows, though the clock does not start again with each."""
        for column in candidates:
            check_filled(read_numbers(self._file, column.path), column.path, self._rows, what="episode")
            stretches = self._stretches([column.path], clock)
            again = stretches.first_repeated(self._groups([*self._side_by_side(), column.path, *self._kept(stretches)]))
            if again is None:
                self._clock = stretches.local(clock)
                self._said.append(
                    f"the clock does not start again with each {column.shown}: the timesteps of an episode are counted "
                    "from its first row"
                )
                return [column.path]
            if column.name not in _SEGMENTS:
                raise AmbiguousLogError(
                    f"{self._rows.of(again)} is the first where {column.shown} and the clock contradict each other: "
                    f"{column.shown} comes back there, or the clock falls; an episode may begin where the "
                    f'clock starts again, then say ignore = ["{column.shown}"] in a mapping, or be told apart by '
                    f'{column.shown} and another column, then say episode = ["{column.shown}", "COLUMN"]'
                )
            self._said.append(f"{column.shown} changes within episodes, so it is read as a value of the step")
        return []

    def _stretches(self, episode: Sequence[str], clock: FloatArray) -> Stretches:
        return find_stretches(self._groups(self._side_by_side()), self._groups(episode), clock)

    def _side_by_side(self) -> list[str]:
        """Return the columns whose rows follow each other independently."""
        others = single(self._columns, Meaning.RUN, Meaning.INSTANCE)
        return [self._agent, *(column.path for column in others)]

    def _kept(self, stretches: Stretches) -> list[str]:
        outer = single(self._columns, Meaning.CHECKPOINT, Meaning.CONDITION)
        return [column.path for column in outer if stretches.is_constant(self._groups([column.path]))]

    def _with_instances(self, found: Identity) -> Identity:
        for column in single(self._columns, Meaning.INSTANCE):
            if column.path in found.episode:
                continue
            if len(self._levels(column.path)) == 1:
                self._spent.add(column.path)
                if column.values:
                    found = replace(found, environment=column.values[0])
            elif not self._is_outer(column.path, found.episode):
                self._check_in_turn(column, found.episode)
                continue
            elif column.values is None:
                self._said.append(f"{column.shown} counts environments side by side, each with its own episodes")
                is_told = bool(found.episode)
                found = (
                    replace(found, episode=(*found.episode, column.path))
                    if is_told
                    else replace(found, instances=(*found.instances, column.path))
                )
            elif found.condition is None:
                self._said.append(f"{column.shown} is read as the condition")
                found = replace(found, condition=column.path)
        return found

    def _check_in_turn(self, column: Column, episode: Sequence[str]) -> None:
        """Refuse environments whose rows come in turn under a clock that runs on, without a column of episodes."""
        agent, instance = self._groups([self._agent]), self._groups([column.path])
        order = np.argsort(agent, kind="stable")
        changes = (np.diff(instance[order]) != 0) & (np.diff(agent[order]) == 0)
        n_stretches = int(changes.sum()) + len(np.unique(agent))
        if not episode and n_stretches > len(np.unique(self._groups([self._agent, column.path]))):
            raise AmbiguousLogError(
                f"{self._place}: rows of {column.shown} come in turn, and the clock runs on: they may be environments "
                "side by side, whose episodes nothing tells apart (give a column with the episode), or a value of the "
                f'step (say ignore = ["{column.shown}"] in a mapping)'
            )

    def _sole(self, meaning: Meaning, found: Identity) -> str | None:
        kept: list[Column] = []
        for column in single(self._columns, meaning):
            if not self._is_outer(column.path, (*found.outer, *found.episode)):
                self._said.append(f"{column.shown} changes within episodes, so it is read as a value of the step")
            elif kept and self._is_same(column.path, [kept[0].path]):
                self._spent.add(column.path)
            else:
                kept.append(column)
        if len(kept) > 1:
            both = " and ".join(column.shown for column in kept[:3])
            raise AmbiguousLogError(
                f"{self._place}: {both} could each be the {meaning}; say which in a mapping: "
                f'{meaning} = "{kept[0].shown}"'
            )
        return kept[0].path if kept else None

    def _check_runs(self, run: str, episode: Sequence[str]) -> None:
        if len(self._levels(run)) > 1 and self._is_same(run, episode):
            name, other = run.strip("/"), episode[0].strip("/")
            raise AmbiguousLogError(
                f"{self._place}: {name} is another one in each episode ({other}): each may be a run of one episode, or "
                f'{name} the seed of the episode; say run = "{name}" in a mapping, or ignore = ["{name}"]'
            )

    def _is_outer(self, path: str, base: Sequence[str]) -> bool:
        """Whether episodes that a column tells apart begin where the clock does, as far as they did without it."""
        if self._clock is None:
            return True
        return self._n_late([*base, path], self._clock) <= self._n_late(base, self._clock)

    def _n_late(self, paths: Sequence[str], clock: FloatArray) -> int:
        group = self._groups(paths)
        first = np.full(int(group.max(initial=0)) + 1, np.inf)
        np.minimum.at(first, group, clock)
        return int((first > clock.min(initial=np.inf)).sum())

    def _is_same(self, path: str, others: Sequence[str]) -> bool:
        """Whether a column and some others tell the same rows apart."""
        one, two = self._groups([path]), self._groups(others)
        both = len(np.unique(one * (int(two.max(initial=0)) + 1) + two))
        return both == len(np.unique(one)) == len(np.unique(two))

    def _groups(self, paths: Sequence[str]) -> IntArray:
        """Return one number for each combination of values, shape (n,)."""
        return joint_codes(
            [read_numbers(self._file, path) for path in paths], len(read_numbers(self._file, self._agent))
        )

    def _levels(self, path: str) -> FloatArray:
        return np.unique(read_numbers(self._file, path))
