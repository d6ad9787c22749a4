"""How the rows of a file are told apart into episodes."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping
from convscope_loaders.structure.closing import ClosingRows
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.facts import counts_rows, is_column, is_marked
from convscope_loaders.structure.families import MASK_NAMES, Family, followed_path, pick
from convscope_loaders.structure.flags import EndFlags
from convscope_loaders.structure.lexicon import LAST_NAMES, NEGATED, Meaning
from convscope_loaders.structure.mark_readings import (
    last_or_first_rows,
    lengths_or_more,
    rows_in_turn,
    steps_or_ends,
    steps_or_finals,
)
from convscope_loaders.structure.padding import find_padding
from convscope_loaders.structure.shapes import axes_of
from convscope_loaders.structure.single_flags import single_flag
from convscope_loaders.structure.turns import count_interleaved

_BY_ROWS = frozenset({Cut.WHOLE, Cut.FLAGS, Cut.FIRST_ROWS, Cut.FINAL_FLAGS, Cut.BEGINS})
"""Cuts that take each row for the successor of the one before."""
_TERMINATED = (Meaning.TERMINATED, Meaning.NOT_TERMINATED)
_DONE = (Meaning.DONE, Meaning.NOT_DONE)
_Found = tuple[Cut, ArrayMapping | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutFinder:
    """Looks for what marks the episodes."""

    clues: Clues

    def find(self) -> tuple[EpisodeMapping, tuple[str, ...]]:
        """Return how episodes are cut, and what was taken for granted.

        Raises
        ------
        AmbiguousLogError
            If two marks contradict each other, or nothing tells padding from steps.
        """
        flags = EndFlags(clues=self.clues)
        cut, array, said = self._cut(flags)
        is_own = Axis.AGENT in self.clues.layout.reference.axes
        starts, lengths = self._listed(Meaning.STARTS), self._listed(Meaning.LENGTHS)
        has_both = cut is Cut.STARTS and starts is not None and lengths is not None
        # Flags that do not stand in the last rows say nothing of how an episode ended.
        has_ends = cut is not Cut.BEGINS or (self._begins is not None and flags.follow(self._begins))
        single = partial(single_flag, self.clues)
        episodes = EpisodeMapping(
            cut=cut,
            array=array,
            lengths=_list(lengths) if has_both and lengths is not None else None,
            time=self._array(self._rowwise(Meaning.TIMESTEP)) if is_own else None,
            terminated=(self._array(flags.terminated) or single(*_TERMINATED)) if has_ends else None,
            truncated=(self._array(flags.truncated) or single(Meaning.TRUNCATED)) if has_ends else None,
            ended=(self._array(flags.done) if cut is Cut.BEGINS else single(*_DONE)) if has_ends else None,
        )
        said = (*said, *(f"{one.path} says how each episode ended" for one in _single_in(episodes)))
        if Axis.ROW in self.clues.layout.order and cut in _BY_ROWS:
            self._check_interleaved(episodes)
        return episodes, said

    def _cut(self, flags: EndFlags) -> _Found:
        begins = self._begins
        is_told = Axis.ROW not in self.clues.layout.order and (
            self._rowwise(Meaning.FILLED) is not None or self._listed(Meaning.LENGTHS) is not None
        )
        if begins is None or is_told:
            return self._cut_of_rows(flags) if Axis.ROW in self.clues.layout.order else self._cut_of_blocks(flags)
        if flags.all and flags.follow(begins):
            closing = self._closed(flags, is_first_told=True)
            if closing is not None:
                return closing
        return Cut.BEGINS, self._array(begins), self._on_begins(begins)

    def _on_begins(self, begins: Family) -> tuple[str, ...]:
        text = begins.template.text
        views = (self.clues.view(begins, cell) for cell in self.clues.layout.largest)
        is_late = any(bool((view[:, 0] == 0).any()) for view in views if view is not None)
        said = f"rows before the first that {text} marks are read as an episode, which may have begun earlier"
        return (f"{text} is true in first rows of episodes", *((said,) if is_late else ()))

    def _closed(self, flags: EndFlags, *, is_first_told: bool = False) -> _Found | None:
        """Return the cut of flags that mark rows after the last step; None where they mark steps.

        Raises
        ------
        AmbiguousLogError
            If nothing tells, and first rows are marked as well, as is usual where they do.
        """
        array = self._array(flags.done or flags.terminated or flags.truncated)
        # Where what follows each step is stored with it, every row is a step.
        if array is None or self._is_told_by_next():
            return None
        rows = ClosingRows(clues=self.clues, is_end=flags.ends)
        acts, pays, pays_first = rows.hold_actions, rows.hold_rewards, rows.first_rows_hold_rewards
        is_usual = is_first_told or (flags.done is not None and flags.done.key.lower() in LAST_NAMES)
        if acts is False and is_usual:
            said = f"the row that {array.path} marks holds the observation after the last step: nobody acts in it"
            return Cut.FINAL_FLAGS, self._array(flags.done), (said,)
        # No reward for what was done last, or with what was seen first.
        is_odd = is_first_told and (pays is False or pays_first is False)
        if acts is False or (is_usual and (acts is None or is_odd)):
            episodes = EpisodeMapping(
                cut=Cut.FINAL_FLAGS,
                array=self._array(flags.done),
                terminated=self._array(flags.terminated),
                truncated=self._array(flags.truncated),
            )
            raise steps_or_finals(array, episodes, place=self.clues.place)
        return None

    def _cut_of_rows(self, flags: EndFlags) -> _Found:
        for meaning in (Meaning.STARTS, Meaning.ENDS, Meaning.LENGTHS):
            listed = self._listed(meaning)
            if listed is not None:
                cut = self._kind_of_list(listed)
                return cut, _list(listed), (f"{listed.template.text} lists the episodes ({cut})",)
        numbers = self._rowwise(Meaning.EPISODE_ID)
        if numbers is not None:
            said = f"an episode is a run of one number in {numbers.template.text}"
            return Cut.IDS, self._array(numbers), (said,)
        steps = self._rowwise(Meaning.TIMESTEP)
        if steps is not None and self._restarts(steps):
            said = f"an episode begins where {steps.template.text} starts again"
            return Cut.TIMES, self._array(steps), (said,)
        if not flags.all:
            return Cut.WHOLE, None, ("nothing marks the end of an episode: all rows are read as one episode",)
        late = self._late(flags)
        if late is not None:
            return late
        flags.check_agents()
        final = self._closed(flags)
        return final or (Cut.FLAGS, self._array(flags.done), ("end flags mark the last row of each episode",))

    def _check_interleaved(self, episodes: EpisodeMapping) -> None:
        """Refuse to read rows of several environments in turn as those of one.

        Raises
        ------
        AmbiguousLogError
            If what agents see goes on some rows later, and not in the next one.
        """
        observed = pick(self.clues.called(Meaning.OBSERVATION), Meaning.OBSERVATION)
        for cell in self.clues.layout.largest:
            view = None if observed is None else self.clues.view(observed, cell, is_whole=False)
            n_turns = 1 if view is None else count_interleaved(view[0])
            array = self._array(observed)
            if n_turns > 1 and array is not None:
                raise rows_in_turn(array, episodes, n_turns=n_turns, place=self.clues.place)

    def _check_mask(self, filled: Family) -> None:
        """Refuse to take a mask for one of steps that leaves out last rows alone, in which something stands.

        Raises
        ------
        AmbiguousLogError
            If it may as well be 1 minus the end flag.
        """
        if filled.key.lower() not in MASK_NAMES:
            return
        for cell in self.clues.layout.largest:
            mask = self.clues.view(filled, cell)
            seen = [self.clues.view(f, cell, is_whole=False) for f in self.clues.called(Meaning.OBSERVATION)]
            if mask is None or not (mask[:, :-1] > 0).all():
                continue
            last = mask[:, -1, 0, 0] == 0
            if any((view[last[: len(view)], -1] != 0).any() for view in seen if view is not None):
                raise steps_or_ends(self._array(filled), place=self.clues.place)

    def _late(self, flags: EndFlags) -> _Found | None:
        """Return the cut of end flags in the first row of the next episode; None where they stand in the last row.

        Raises
        ------
        AmbiguousLogError
            If their name means both, and nothing else tells.
        """
        if flags.are_ahead():
            said = "end flags have one row more than steps: each stands in the row after its step"
            return Cut.FIRST_ROWS, self._array(flags.done), (said,)
        late = flags.mark_first_rows()
        if late:
            said = "end flags mark the first row of the next episode: what agents see jumps before it, not after it"
            return Cut.FIRST_ROWS, self._array(flags.done), (said,)
        array = self._array(flags.done)
        # Rollouts hold them a row late, replay buffers in the row of the step.
        is_mask = flags.done is not None and flags.done.key.lower() in MASK_NAMES
        if late is None and array is not None and is_mask and not self._is_told_by_next():
            raise last_or_first_rows(array, place=self.clues.place)
        return None

    def _is_told_by_next(self) -> bool:
        """Whether observations after each step are stored, against which the cut is held later."""
        observed = {family.template.text for family in self.clues.called(Meaning.OBSERVATION)}
        return any(family.is_next and followed_path(family.template.text) in observed for family in self.clues.families)

    def _cut_of_blocks(self, flags: EndFlags) -> _Found:
        filled = self._rowwise(Meaning.FILLED)
        if filled is not None:
            self._check_mask(filled)
            cut, said = flags.kind_of_mask(filled)
            return cut, self._array(filled), (said,)
        lengths = self._listed(Meaning.LENGTHS)
        if lengths is not None:
            return Cut.LENGTHS, _list(lengths), (f"{lengths.template.text} counts the steps of each episode",)
        for meaning, cut in ((Meaning.EPISODE_ID, Cut.IDS), (Meaning.TIMESTEP, Cut.TIMES)):
            numbers = self._rowwise(meaning)
            if numbers is not None and (cut is Cut.IDS or self._restarts(numbers)):
                return cut, self._array(numbers), (f"{numbers.template.text} tells episodes apart ({cut})",)
        late = self._late(flags)
        if late is not None:
            return late
        marked = flags.cut_of_blocks()
        if marked is not None:
            return marked[0], self._array(flags.done), (marked[1],)
        cut, array, said = find_padding(self.clues)
        return cut, array, (said,) if said else ()

    @property
    def _begins(self) -> Family | None:
        """A column of flags that are true in the first row of each episode."""
        columns = (
            family
            for family in self.clues.families
            if (family.meaning is Meaning.FIRST and is_marked(family, self.clues.sampler))
            or (family.meaning is Meaning.STARTS and is_column(family, self.clues.sampler))
        )
        return next((family for family in columns if axes_of(family, self.clues.layout) is not None), None)

    def _listed(self, meaning: Meaning) -> Family | None:
        rank = 0 if Axis.EPISODE in self.clues.layout.reference.axes else 1
        found = [f for f in self.clues.families if f.meaning is meaning and len(_bare(f)) == rank and not f.is_next]
        found = [family for family in found if not is_column(family, self.clues.sampler)]
        return next((family for family in found if family.first.is_whole), None) if found else None

    def _rowwise(self, meaning: Meaning) -> Family | None:
        """Return a family of a meaning that has one number for each row."""
        for family in self.clues.families:
            axes = axes_of(family, self.clues.layout) if family.meaning is meaning and not family.is_next else None
            if axes is not None and set(axes) - {Axis.VALUE} <= set(self.clues.layout.container):
                return family
        return None

    def _restarts(self, steps: Family) -> bool:
        views = [view for cell in self.clues.layout.largest if (view := self.clues.view(steps, cell)) is not None]
        for view in views:
            repeats = np.diff(view, axis=1) == 0
            if (repeats & (view[:, 1:] > view.min(initial=np.inf))).any():
                raise LogFormatError(
                    f"{self.clues.place}:{steps.first.path} repeats timesteps: rows of several environments or agents "
                    "lie between each other; sort the rows by episode"
                )
        return any(bool((np.diff(view, axis=1) <= 0).any()) for view in views)

    def _kind_of_list(self, listed: Family) -> Cut:
        if listed.meaning is Meaning.STARTS:
            return Cut.STARTS
        n_rows = next((one[Axis.ROW] for one in self.clues.layout.sizes(listed.members[0][1])), 0)
        numbers = self.clues.sampler.whole(listed.first.path).ravel()
        if listed.meaning is Meaning.LENGTHS:
            if len(numbers) and numbers.sum() + len(numbers) == n_rows:
                raise lengths_or_more(_list(listed), place=self.clues.place)
            return Cut.LENGTHS
        if not counts_rows(Meaning.ENDS, numbers, n_rows):
            raise LogFormatError(
                f"{self.clues.place}:{listed.first.path} should count the last row of each episode, or one past it, "
                f"but does not end with the arrays ({n_rows} rows); leave it out with [log] ignore in a mapping"
            )
        return Cut.ENDS if int(numbers[-1]) == n_rows else Cut.LAST_ROWS

    def _array(self, family: Family | None) -> ArrayMapping | None:
        axes = None if family is None else axes_of(family, self.clues.layout)
        if family is None or axes is None:
            return None
        return ArrayMapping(path=family.template.text, axes=axes, is_negated=family.meaning in NEGATED)


def _single_in(episodes: EpisodeMapping) -> list[ArrayMapping]:
    marks = (episodes.terminated, episodes.truncated, episodes.ended)
    return [mark for mark in marks if mark is not None and not mark.axes]


def _list(family: Family) -> ArrayMapping:
    return ArrayMapping(path=family.template.text, axes=(Axis.EPISODE,))


def _bare(family: Family) -> tuple[int, ...]:
    shape = family.first.shape
    return shape[:1] if len(shape) == 2 and shape[1] == 1 else shape
