"""What rules a layout out: shapes, names, lists, masks and columns of numbers that it contradicts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.mapping import Axis
from convscope.values.arrays import FloatArray
from convscope_loaders.structure.evidence import Sampler, is_filled_from_start
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import FLAG_MEANINGS, Meaning
from convscope_loaders.structure.shapes import fits
from convscope_loaders.structure.uniform import view_of

LISTS = (Meaning.STARTS, Meaning.ENDS, Meaning.LENGTHS)
_OF_ALL_AGENTS = (
    Meaning.OBSERVATION,
    Meaning.ACTION,
    Meaning.ACTION_ONE_HOT,
    Meaning.ACTION_MASK,
    Meaning.LOGITS,
    Meaning.PROBABILITIES,
)
_OF_ROWS = (*FLAG_MEANINGS, Meaning.REWARD, Meaning.POSITION)
_COLUMNS = (Meaning.EPISODE_ID, Meaning.TIMESTEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that no right layout contradicts."""

    stands: Callable[[Layout], bool]
    """Whether a layout agrees with it."""
    said: str
    """In words, after "because"."""
    is_required: bool = False
    """Whether a file that no layout agrees with cannot be read; else the fact is then no fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Collects what the file tells of its layout."""

    families: Sequence[Family]
    sampler: Sampler
    names: tuple[str, ...]
    """Of the agents, where the file lists them."""
    reference: Family
    n_told: int | None = None
    """Number of agents that the file tells without their names."""

    @property
    def n_named(self) -> int:
        """Number of agents that lists or paths name, 0 where neither does."""
        in_paths = {values[Axis.AGENT] for f in self.families for _, values in f.members if Axis.AGENT in values}
        return len(self.names) or len(in_paths)

    def filters(self) -> list[Fact]:
        """Return the facts, those of shapes before those that need a look at numbers."""
        told = [family for family in self.families if family.meaning is not None and not family.first.is_text]
        shapes = [fact for family in told for fact in self._of_shape(family)]
        numbers = [fact for family in told for fact in self._of_numbers(family)]
        return [*self._of_names(), *self._of_number(), self._of_agents(told), *shapes, *numbers]

    def _of_names(self) -> list[Fact]:
        is_in_path = Axis.AGENT in self.reference.axes
        if not self.n_named:
            return []

        def stands(layout: Layout) -> bool:
            return layout.n_agents == self.n_named or (layout.has_groups and not self.names)

        return [Fact(stands=stands, said=f"the file names {self.n_named} agents", is_required=not is_in_path)]

    def _of_number(self) -> list[Fact]:
        n_told = self.n_told
        said = f"the file says that there are {n_told} agents"
        return [] if n_told is None else [Fact(stands=lambda one: one.n_agents == n_told, said=said)]

    def _of_agents(self, told: Sequence[Family]) -> Fact:
        """Take a column of actions for an agent's only where something else says how many agents there are."""
        others = [family for family in told if family is not self.reference]

        def stands(layout: Layout) -> bool:
            has_components = has_values(self.reference, layout)
            is_shown = self.n_named or has_components or Axis.AGENT not in layout.lead(self.reference)
            return bool(is_shown) or any(_shows_agents(family, layout) for family in others)

        return Fact(stands=stands, said="other arrays have as many agents", is_required=True)

    def _of_shape(self, family: Family) -> list[Fact]:
        said = f"{family.template.text} {family.first.shape} fits no other order"
        if family.meaning in _OF_ALL_AGENTS:
            is_required = family.meaning is Meaning.OBSERVATION and not family.is_next
            return [Fact(stands=lambda one: has_all_agents(family, one), said=said, is_required=is_required)]
        if family.meaning in _OF_ROWS:
            return [Fact(stands=lambda one: _has_rows(family, one), said=said)]
        return []

    def _of_numbers(self, family: Family) -> list[Fact]:
        text = family.template.text
        if is_column(family, self.sampler):
            return [Fact(stands=lambda one: _has_rows(family, one), said=f"{text} has its rows")]
        if family.meaning in LISTS and len(stripped(family.first.shape)) == 1:
            return [Fact(stands=lambda one: self._counts(family, one), said=f"{text} counts the steps of each episode")]
        if family.meaning in _COLUMNS:
            return [Fact(stands=lambda one: self._numbers(family, one), said=f"{text} numbers its rows")]
        if family.meaning is Meaning.FILLED:
            return [Fact(stands=lambda one: self._is_prefix(family, one), said=f"{text} is filled along the time axis")]
        return []

    def _counts(self, family: Family, layout: Layout) -> bool:
        """Whether a list of episodes may count the rows or the entries of a layout."""
        sizes = next((one for _, values in family.members for one in layout.sizes(values)), {})
        numbers = self.sampler.whole(family.first.path).ravel()
        if Axis.EPISODE in sizes:
            return len(numbers) == sizes[Axis.EPISODE] and bool(numbers.max() <= sizes[Axis.TIME] + 1)
        if Axis.ROW not in sizes:
            return True
        is_beside_starts = any(f.meaning is Meaning.STARTS and f.first.shape == numbers.shape for f in self.families)
        return counts_rows(family.meaning, numbers, sizes[Axis.ROW], has_gaps=is_beside_starts)

    def _numbers(self, family: Family, layout: Layout) -> bool:
        """Whether a column of episode numbers or timesteps may be one of this layout."""
        numbers = view_of(family, layout, self.sampler, is_whole=True)
        if numbers is None:
            # A list with a number for each episode says nothing of the rows.
            listed = self.sampler.whole(family.first.path)
            return listed.ndim == 1 and len(np.unique(listed)) == len(listed)
        steps = np.diff(numbers, axis=1)
        if Axis.EPISODE not in layout.order or not steps.size:
            return True
        return bool((steps == (0 if family.meaning is Meaning.EPISODE_ID else 1)).mean() >= 0.5)

    def _is_prefix(self, family: Family, layout: Layout) -> bool:
        # A stream has no padding to be masked.
        mask = None if Axis.ROW in layout.order else view_of(family, layout, self.sampler, is_whole=True)
        return mask is not None and is_filled_from_start(mask, 1)


def is_column(family: Family, sampler: Sampler) -> bool:
    """Whether what is called a list of episodes is a column of flags: true in their first (or last) rows."""
    if family.meaning not in {Meaning.STARTS, Meaning.ENDS} or family.first.is_text or family.first.columns:
        return False
    # A list of starts rises; zeros and ones do that for two episodes at most.
    numbers = sampler.whole(family.first.path)
    return numbers.size > 2 and bool(np.isin(numbers, (0, 1)).all())


def is_marked(family: Family, sampler: Sampler) -> bool:
    """Whether an array holds truth values, and some of them true."""
    if family.first.is_text or family.first.columns:
        return False
    numbers = sampler.whole(family.first.path)
    return bool(np.isin(numbers, (0, 1)).all()) and bool((numbers == 1).any())


def counts_rows(meaning: Meaning | None, numbers: FloatArray, n_rows: int, *, has_gaps: bool = False) -> bool:
    """Whether a list of starts, ends or lengths covers so many rows, or leaves some out where it may have gaps."""
    if not numbers.size or not np.isfinite(numbers).all():
        return False
    if meaning is Meaning.LENGTHS:
        total = int(numbers.sum())
        return bool(numbers.min() >= 0) and (total == n_rows or (has_gaps and total < n_rows))
    rises = bool((np.diff(numbers) > 0).all())
    if meaning is Meaning.STARTS:
        return rises and numbers[0] == 0 and (numbers[-1] < n_rows or (len(numbers) > 1 and numbers[-1] == n_rows))
    return rises and int(numbers[-1]) in {n_rows, n_rows - 1}


def has_all_agents(family: Family, layout: Layout) -> bool:
    """Whether the arrays of a family hold values of each agent in each row."""
    lead = layout.lead(family)
    # An observation may be a whole number; numbers with a fraction are rather the values of one agent or of all.
    is_number = family.meaning is Meaning.ACTION or (family.meaning is Meaning.OBSERVATION and family.first.is_whole)
    return fits(family, layout, lead) and (is_number or has_values(family, layout))


def has_values(family: Family, layout: Layout) -> bool:
    """Whether axes follow those that lead an array with all agents."""
    return len(family.first.shape) > len(layout.lead(family))


def stripped(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without trailing axes of 1."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _shows_agents(family: Family, layout: Layout) -> bool:
    is_number = family.meaning in {*FLAG_MEANINGS, Meaning.REWARD, Meaning.ALIVE}
    return fits(family, layout, layout.lead(family)) and (is_number or has_values(family, layout))


def _has_rows(family: Family, layout: Layout) -> bool:
    leads = [layout.lead(family), layout.container]
    if family.meaning is Meaning.POSITION:
        leads.append(tuple(Axis.ENTITY if axis is Axis.AGENT else axis for axis in layout.lead(family)))
        return any(fits(family, layout, lead) for lead in leads)
    # A reward or a flag is one number.
    return any(fits(family, layout, lead) and set(family.first.shape[len(lead) :]) <= {1} for lead in leads)
