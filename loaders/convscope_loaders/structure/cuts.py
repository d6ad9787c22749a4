"""How the rows of a file are told apart into episodes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping
from convscope.values.arrays import FloatArray
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.facts import arranged
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.shapes import axes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CutFinder:
    """Looks for what marks the episodes."""

    families: Sequence[Family]
    layout: Layout
    sampler: Sampler
    place: str
    """The file, for errors."""

    def find(self) -> tuple[EpisodeMapping, tuple[str, ...]]:
        """Return how episodes are cut, and what was taken for granted.

        Raises
        ------
        AmbiguousLogError
            If two marks contradict each other.
        """
        terminated, truncated = self._flags(Meaning.TERMINATED), self._flags(Meaning.TRUNCATED)
        cut, array, said = self._cut(terminated, truncated)
        time = self._rowwise(Meaning.TIMESTEP) if Axis.AGENT in self.layout.reference.axes else None
        episodes = EpisodeMapping(
            cut=cut,
            array=array,
            time=_array(time, self.layout),
            terminated=_array(terminated, self.layout),
            truncated=_array(truncated, self.layout),
        )
        return episodes, said

    def _cut(
        self, terminated: Family | None, truncated: Family | None
    ) -> tuple[Cut, ArrayMapping | None, tuple[str, ...]]:
        if self.layout.container == (Axis.TIME,):
            return Cut.WHOLE, None, ()
        if self.layout.container == (Axis.ROW,):
            return self._cut_of_rows(terminated, truncated)
        return self._cut_of_blocks(terminated, truncated)

    def _cut_of_rows(
        self, terminated: Family | None, truncated: Family | None
    ) -> tuple[Cut, ArrayMapping | None, tuple[str, ...]]:
        for meaning in (Meaning.STARTS, Meaning.ENDS, Meaning.LENGTHS):
            listed = self._listed(meaning)
            if listed is not None:
                cut = self._kind_of_list(listed)
                array = ArrayMapping(path=listed.template.text, axes=(Axis.EPISODE,))
                return cut, array, (f"{listed.template.text} lists the episodes ({cut})",)
        numbers = self._rowwise(Meaning.EPISODE_ID)
        if numbers is not None:
            return (
                Cut.IDS,
                _array(numbers, self.layout),
                (f"an episode is a run of one number in {numbers.template.text}",),
            )
        steps = self._rowwise(Meaning.TIMESTEP)
        if steps is not None:
            said = f"an episode begins where {steps.template.text} starts again"
            return Cut.TIMES, _array(steps, self.layout), (said,)
        flags = self._flags(Meaning.DONE)
        if terminated is None and truncated is None and flags is None:
            return Cut.WHOLE, None, ("nothing marks the end of an episode: all rows are read as one episode",)
        said = "end flags mark the last row of each episode"
        use_done = terminated is None and truncated is None
        return Cut.FLAGS, _array(flags, self.layout) if use_done else None, (said,)

    def _cut_of_blocks(
        self, terminated: Family | None, truncated: Family | None
    ) -> tuple[Cut, ArrayMapping | None, tuple[str, ...]]:
        filled = self._rowwise(Meaning.FILLED)
        flags = self._flags(Meaning.DONE) if terminated is None and truncated is None else None
        if filled is not None:
            cut, said = self._kind_of_mask(filled, [f for f in (flags, terminated, truncated) if f is not None])
            return cut, _array(filled, self.layout), (said,)
        lengths = next((f for f in self.families if f.meaning is Meaning.LENGTHS and f.rank == 1), None)
        if lengths is not None:
            array = ArrayMapping(path=lengths.template.text, axes=(Axis.EPISODE,))
            return Cut.LENGTHS, array, (f"{lengths.template.text} counts the steps of each episode",)
        numbers = self._rowwise(Meaning.EPISODE_ID)
        if numbers is not None:
            said = f"an episode is a run of one number in {numbers.template.text}"
            return Cut.IDS, _array(numbers, self.layout), (said,)
        marked = [family for family in (flags, terminated, truncated) if family is not None]
        ends = self._ends(marked)
        if ends is None or not ends[:, :-1].any():
            return Cut.WHOLE, None, ("every row of the time axis happened: nothing marks padding",)
        cut = Cut.FIRST_FLAG if self._is_padded(ends) else Cut.FLAGS
        what = "padding" if cut is Cut.FIRST_FLAG else "the next episode"
        return cut, _array(flags, self.layout), (f"rows after an end flag are {what}",)

    def _listed(self, meaning: Meaning) -> Family | None:
        found = [f for f in self.families if f.meaning is meaning and f.rank == 1 and not f.is_next]
        return found[0] if found else None

    def _rowwise(self, meaning: Meaning) -> Family | None:
        """Return a family of a meaning that has one number for each row."""
        for family in self.families:
            axes = axes_of(family, self.layout) if family.meaning is meaning and not family.is_next else None
            if axes is not None and set(axes) - {Axis.VALUE} <= set(self.layout.container):
                return family
        return None

    def _flags(self, meaning: Meaning) -> Family | None:
        # Where what follows the step is kept apart, the flags there are those of the step.
        found = [f for f in self.families if f.meaning is meaning and axes_of(f, self.layout) is not None]
        later = [family for family in found if family.is_next]
        return next(iter([*later, *found]), None)

    def _kind_of_list(self, listed: Family) -> Cut:
        if listed.meaning is not Meaning.ENDS:
            return Cut.STARTS if listed.meaning is Meaning.STARTS else Cut.LENGTHS
        n_rows = next((one[Axis.ROW] for one in self.layout.sizes(listed.members[0][1])), 0)
        last = int(self.sampler.whole(listed.first.path).ravel()[-1])
        if last not in {n_rows, n_rows - 1}:
            raise AmbiguousLogError(
                f"{self.place}:{listed.first.path} ends at {last}, but the arrays have {n_rows} rows: it may count the "
                "last row or one past it; declare the cut in a mapping"
            )
        return Cut.ENDS if last == n_rows else Cut.LAST_ROWS

    def _kind_of_mask(self, filled: Family, marked: Sequence[Family]) -> tuple[Cut, str]:
        """Tell whether the mask covers the steps, or one row more with the final observation."""
        text = filled.template.text
        plain = Cut.FILLED, f"{text} is true in the steps that happened"
        ends = self._ends(marked)
        mask = self._blocks(filled)
        if ends is None or mask is None or not ends.any():
            return plain
        count, first = (mask > 0).sum(axis=1), ends.argmax(axis=1)
        excess = count[ends.any(axis=1)] - first[ends.any(axis=1)] - 1
        if (excess == 1).all():
            said = f"{text} is true in one row after the last step as well, which holds the final observation"
            return Cut.FILLED_AND_FINAL, said
        if (excess == 0).all():
            return plain
        raise AmbiguousLogError(
            f"{self.place}: {text} and {marked[0].template.text} disagree about the last step; declare the cut in a"
            " mapping"
        )

    def _ends(self, marked: Sequence[Family]) -> FloatArray | None:
        blocks = [block for block in map(self._blocks, marked) if block is not None]
        return np.asarray(np.maximum.reduce(blocks), dtype=np.float64) if blocks else None

    def _blocks(self, family: Family) -> FloatArray | None:
        """Return flags or a mask of the first group of arrays, shape (entries, rows); all agents' together."""
        if Axis.EPISODE not in self.layout.order:
            return None
        flags = arranged(family, self.layout, self.sampler)
        return None if flags is None else np.asarray(flags.reshape(*flags.shape[:2], -1).min(axis=2), dtype=np.float64)

    def _is_padded(self, ends: FloatArray) -> bool:
        other = pick([f for f in self.families if not f.is_next], Meaning.OBSERVATION, Meaning.POSITION)
        reference = other or self.layout.reference
        values = self.sampler.whole(reference.first.path)
        blocks = values if self.layout.container[0] is Axis.EPISODE else np.swapaxes(values, 0, 1)
        after = np.cumsum(ends > 0, axis=1) - (ends > 0) > 0
        return not blocks[:, : ends.shape[1]][after].any()


def _array(family: Family | None, layout: Layout) -> ArrayMapping | None:
    if family is None:
        return None
    axes = axes_of(family, layout)
    return None if axes is None else ArrayMapping(path=family.template.text, axes=axes)
