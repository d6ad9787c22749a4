"""What end flags tell of episodes: where they end, which rows are padding, and which agents leave before the end."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convscope.ingest.mapping import ArrayMapping, Axis, Cut
from convscope.values.arrays import BoolArray, IntArray
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.cutters import last_ends
from convscope_loaders.structure.evidence import is_still, jumps_before
from convscope_loaders.structure.facts import is_column
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.lexicon import FLAG_MEANINGS, LAST_NAMES, NEGATED, Meaning
from convscope_loaders.structure.mark_readings import agents_that_go_on, contradicting_begins, contradicting_marks
from convscope_loaders.structure.shapes import axes_of
from convscope_loaders.structure.templates import Cell
from convscope_loaders.structure.uniform import flags_of

_ACTIVE = (Meaning.ACTION, Meaning.OBSERVATION, Meaning.POSITION, Meaning.STATE)
"""Arrays that stand still only where nothing happens."""


@dataclass(frozen=True, kw_only=True)
class EndFlags:
    """The end flags of a file, each found once: no slots, so that they are remembered."""

    clues: Clues

    @cached_property
    def terminated(self) -> Family | None:
        """Flags of tasks that ended."""
        return self._of(Meaning.TERMINATED, Meaning.NOT_TERMINATED)

    @cached_property
    def truncated(self) -> Family | None:
        """Flags of time limits."""
        return self._of(Meaning.TRUNCATED)

    @cached_property
    def done(self) -> Family | None:
        """Flags of unknown kind."""
        return self._of(Meaning.DONE, Meaning.ENDS, Meaning.NOT_DONE)

    @cached_property
    def all(self) -> list[Family]:
        """Flags of every kind."""
        found = [family for family in (self.done, self.terminated, self.truncated) if family is not None]
        return [
            *found,
            *(family for family in self._told(*FLAG_MEANINGS) if family not in found and self._has_agents(family)),
        ]

    def kind_of_mask(self, filled: Family) -> tuple[Cut, str]:
        """Tell whether a mask covers the steps, or one row more with the final observation.

        Raises
        ------
        AmbiguousLogError
            If it and the flags disagree about the last step.
        """
        text = filled.template.text
        plain = Cut.FILLED, f"{text} is true in the steps that happened"
        final = (
            Cut.FILLED_AND_FINAL,
            f"{text} is true in one row after the last step, which holds the final observation",
        )
        excess = np.concatenate([self._excess(filled, cell) for cell in self.clues.layout.largest])
        if (excess == 0).all():
            return plain
        if (excess == 1).all() or not self.all:
            return final
        raise contradicting_marks(_array(filled, self.clues), _array(self.all[0], self.clues), place=self.clues.place)

    def _excess(self, filled: Family, cell: Cell) -> IntArray:
        """Return how many rows more a mask counts than the flags, in each episode that has one."""
        mask = self.clues.view(filled, cell)
        if mask is None:
            return np.zeros(0, np.int64)
        counted = (mask[..., 0, 0] > 0).sum(axis=1)
        flags = self._together(cell)
        if flags is None or not flags.any():
            n_rows = max(one.get(Axis.TIME, 0) for _, one in self.clues.layout.sizes_of[cell])
            return np.array([max(int(counted.max(initial=0)) - n_rows, 0)])
        over = _over(flags)
        if len(over) != len(counted):
            return np.zeros(0, np.int64)
        is_marked = over.any(axis=1)
        return np.asarray(counted[is_marked] - over.argmax(axis=1)[is_marked] - 1, dtype=np.int64)

    def cut_of_blocks(self) -> tuple[Cut, str] | None:
        """Return what follows an end flag on the time axis, in words as well; None where nothing does."""
        told = [self._after_ends(cell) for cell in self.clues.layout.largest]
        if Cut.FLAGS in told:
            self.check_agents()
            return Cut.FLAGS, "rows after an end flag are the next episode"
        return (Cut.FIRST_FLAG, "rows after an end flag are padding") if Cut.FIRST_FLAG in told else None

    def _after_ends(self, cell: Cell) -> Cut | None:
        flags = self._together(cell)
        if flags is None or not flags.any():
            return None
        since: BoolArray = np.logical_or.accumulate(_over(flags), axis=1)
        after = np.zeros(since.shape, bool)
        after[:, 1:] = since[:, :-1]
        if not after.any():
            return None
        of_all: BoolArray = np.all(flags, axis=2)
        is_sticky = bool(of_all[after].all()) and not of_all.all()
        is_padding = is_sticky or self._stands_still(after[..., None], cell)
        return Cut.FIRST_FLAG if is_padding else Cut.FLAGS

    def mark_first_rows(self) -> bool | None:
        """Whether the flags mark the first row of the next episode, as agents' sight tells; None where it does not."""
        if len(self.all) != 1:
            return None
        told = [self._jumps_before(cell) for cell in self.clues.layout.largest]
        return True if True in told and False not in told else False if False in told and True not in told else None

    def are_ahead(self) -> bool:
        """Whether there is one flag more than steps, none of them in the first row: they stand a row after the step."""
        if len(self.all) != 1 or Axis.TIME not in self.clues.layout.order:
            return False
        cells = self.clues.layout.largest
        told = [
            (self._together(cell), max(one.get(Axis.TIME, 0) for _, one in self.clues.layout.sizes_of[cell]))
            for cell in cells
        ]
        found = [(flags, n_rows) for flags, n_rows in told if flags is not None]
        return bool(found) and all(flags.shape[1] == n_rows + 1 and not flags[:, 0].any() for flags, n_rows in found)

    @property
    def ends(self) -> dict[Cell, BoolArray]:
        """In which rows all agents have had an end flag, by group of arrays, shape (entries, rows)."""
        flags = ((cell, self._together(cell)) for cell in self.clues.layout.largest)
        return {cell: _ends(own) for cell, own in flags if own is not None}

    def follow(self, begins: Family) -> bool:
        """Whether each end flag stands in the row before one that is marked as the first of an episode.

        Raises
        ------
        AmbiguousLogError
            If some do and others do not.
        """
        agree = contradict = 0
        for cell in self.clues.layout.largest:
            over, first = self.ends.get(cell), self.clues.view(begins, cell)
            if over is None or first is None:
                continue
            is_first = first[:, 1 : over.shape[1], 0, 0] > 0
            agree += int((over[:, :-1] & is_first).sum())
            contradict += int((over[:, :-1] & ~is_first).sum())
        if contradict and agree:
            raise contradicting_begins(
                _array(begins, self.clues), _array(self.all[0], self.clues), place=self.clues.place
            )
        return not contradict

    def _jumps_before(self, cell: Cell) -> bool | None:
        """Whether what agents see jumps before flagged rows and not after them; None where it does not tell."""
        flags = self._together(cell)
        observed = self.clues.called(Meaning.OBSERVATION, Meaning.POSITION)
        views = [self.clues.view(family, cell, is_whole=False) for family in observed]
        if flags is None:
            return None
        is_end: BoolArray = np.all(flags, axis=2)
        told = {jumps_before(view, is_end) for view in views if view is not None}
        return True if told == {True} else False if False in told else None

    def check_agents(self) -> None:
        """Make sure that agents whose flags come before the episode's end have left the game.

        Raises
        ------
        AmbiguousLogError
            If they go on.
        """
        if any(self._has_left(cell) is False for cell in self.clues.layout.largest):
            raise agents_that_go_on(_array(self.all[0], self.clues), place=self.clues.place)

    def leaves(self) -> Family | None:
        """Return the flags with which agents leave the game before the episode ends; None where they do not."""
        told = [self._has_left(cell) for cell in self.clues.layout.largest]
        if True not in told or False in told:
            return None
        return next((family for family in self.all if self._has_agents(family)), None)

    def _of(self, *meanings: Meaning) -> Family | None:
        # Where what follows the step is kept apart, the flags there are those of the step; those of a team before
        # those of its agents.
        found = self._told(*meanings)
        later = [family for family in found if family.is_next]
        of_team = [family for family in found if not self._has_agents(family)]
        return next(iter([*later, *of_team, *found]), None)

    def _told(self, *meanings: Meaning) -> list[Family]:
        """Return the flags of some meanings, in the order of these."""
        flags = [family for meaning in meanings for family in self.clues.families if family.meaning is meaning]
        return [
            family for family in flags if axes_of(family, self.clues.layout) is not None and self._are_flags(family)
        ]

    def _are_flags(self, family: Family) -> bool:
        if family.meaning is Meaning.ENDS:
            return is_column(family, self.clues.sampler)
        is_plain = family.key.lower() not in LAST_NAMES
        if family.meaning not in NEGATED and is_plain:
            return True
        numbers = self.clues.sampler.whole(family.first.path)
        if not is_plain:
            return bool(np.isin(numbers, (0, 1)).all())
        # Discounts are 0 at an end, else always the same.
        return bool((numbers == 0).any()) and len(np.unique(numbers[numbers != 0])) == 1

    def _together(self, cell: Cell) -> BoolArray | None:
        """Return the flags of all kinds, shape (entries, rows, agents), with a single one for a team."""
        return flags_of(self.all, self.clues.layout, self.clues.sampler, cell=cell)

    def _early(self, cell: Cell) -> BoolArray | None:
        """Return in which rows of an episode an agent has had its flag before, shape (entries, rows, agents)."""
        flags = self._together(cell)
        if flags is None or flags.shape[2] < 2:
            return None
        early = np.zeros(flags.shape, bool)
        for entry, own in enumerate(flags):
            start = 0
            for stop in (*(last_ends(own) + 1).tolist(), len(own)):
                seen = np.logical_or.accumulate(own[start:stop], axis=0)
                early[entry, start + 1 : stop] = seen[:-1]
                start = stop
        return early

    def _has_left(self, cell: Cell) -> bool | None:
        """Whether agents whose flags come before the episode's end are gone from then on; None where none comes."""
        flags, early = self._together(cell), self._early(cell)
        if flags is None or early is None or not early.any():
            return None
        return bool(flags[early].all()) or self._stands_still(early, cell)

    def _stands_still(self, rows: BoolArray, cell: Cell) -> bool:
        """Whether nothing moves in some rows; (entries, rows, agents), or one column for all."""
        seen: list[bool] = []
        for family in self.clues.called(*_ACTIVE):
            view = self.clues.view(family, cell, is_whole=False)
            if view is not None and (rows.shape[2] == 1 or view.shape[2] == rows.shape[2]):
                # Where observations have one row more, what follows a step is one row later.
                still = (
                    is_still(view)[:, view.shape[1] - rows.shape[1] :]
                    if view.shape[1] > rows.shape[1]
                    else is_still(view)
                )
                part = rows[: still.shape[0], : still.shape[1]]
                seen.append(bool(still[np.broadcast_to(part, still.shape)].all()))
        return bool(seen) and all(seen)

    def stillness(self, rows: BoolArray, cell: Cell) -> float | None:
        """Return in which share of some rows, (entries, rows, agents), nothing moves; None where there is none."""
        shares: list[float] = []
        for family in self.clues.called(*_ACTIVE):
            view = self.clues.view(family, cell, is_whole=False)
            if view is not None and view.shape[2] == rows.shape[2]:
                n_rows = min(view.shape[1], rows.shape[1])
                part = rows[: len(view), :n_rows]
                shares += [float(is_still(view)[:, :n_rows][part].mean())] if part.any() else []
        return min(shares, default=None)

    def _has_agents(self, family: Family) -> bool:
        view = self.clues.view(family)
        return view is not None and view.shape[2] > 1


def _ends(flags: BoolArray) -> BoolArray:
    is_end = np.zeros(flags.shape[:2], bool)
    for entry, own in enumerate(flags):
        is_end[entry, last_ends(own)] = True
    return is_end


def _over(flags: BoolArray) -> BoolArray:
    """Return in which rows the last agent has had its flag, the first such row of each entry, shape (entries, rows)."""
    had: BoolArray = np.logical_or.accumulate(flags, axis=1)
    since: BoolArray = np.all(had, axis=2)
    is_first = since.copy()
    is_first[:, 1:] &= ~since[:, :-1]
    return is_first


def _array(family: Family, clues: Clues) -> ArrayMapping:
    axes = axes_of(family, clues.layout) or ()
    return ArrayMapping(path=family.template.text, axes=axes, is_negated=family.meaning in NEGATED)
