"""What agents saw after each step, held against the next row: whether rows are in the order of time.

Where another observation follows than was announced, an episode has ended, whatever the flags say; where that is so
almost everywhere, the rows were shuffled, or what is called next is something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.errors import AmbiguousLogError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.mapping import Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.values.arrays import BoolArray
from convscope.values.fields import OBSERVATIONS
from convscope.values.figures import count
from convscope.values.header import Notice
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.plan import RowPlan
from convscope_loaders.structure.readings import ambiguous
from convscope_loaders.structure.rows import plan_rows
from convscope_loaders.structure.succession import find_breaks
from convscope_loaders.structure.templates import PathValues, Template

_BY_FLAGS = (Cut.WHOLE, Cut.FLAGS, Cut.FIRST_ROWS)
"""Cuts that may lack some ends, or stand a row off."""
_MOST_BREAKS = 0.25
"""Share of steps without the announced successor above which rows are not in the order of time."""


def hold_against_next(
    reading: Reading, inventory: Inventory, file: ArrayReader, *, declared: LogMapping | None, place: str
) -> Reading:
    """Return a reading whose episodes are cut where other observations follow than were announced.

    Parameters
    ----------
    reading
        Of the file.
    inventory
        What it holds.
    file
        Open file; observations are read, part by part.
    declared
        What a mapping says; cuts that it declares stand, and a notice tells where they are doubtful.
    place
        The file, for errors.

    Raises
    ------
    AmbiguousLogError
        If most rows are not followed by what was announced.
    """
    mapping = reading.mapping
    watched = next((field for field in mapping.fields if field.name == OBSERVATIONS and field.next_path), None)
    if watched is None:
        return reading
    look = _Look(inventory=inventory, file=file, mapping=mapping, watched=watched, place=place)
    seen = look.under(mapping.episodes)
    if not seen.n_breaks:
        return reading
    if declared is not None and declared.episodes is not None:
        message = f"{seen.in_words(watched)}: rows may not be in the order of time, or episodes end there"
        notice = Notice(code="unannounced-observations", message=message, where=watched.next_path)
        return replace(reading, notices=(*reading.notices, notice))
    cut = Cut.WHOLE if mapping.episodes is None else mapping.episodes.cut
    is_odd = seen.share > _MOST_BREAKS or seen.n_apart > seen.n_breaks / 2 or not seen.is_even
    if cut not in _BY_FLAGS or is_odd:
        raise _not_in_order(seen, watched, place)
    episodes, said = look.cut(mapping.episodes or EpisodeMapping(cut=cut), seen)
    return replace(reading, mapping=replace(mapping, episodes=episodes), assumptions=(*reading.assumptions, said))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """How often rows of one episode are not followed by what was announced."""

    n_steps: int
    """Rows that another one of their episode follows."""
    n_breaks: int
    n_apart: int
    """Breaks right after another one."""
    is_even: bool = True
    """Whether all agents with arrays of their own have as many."""

    @property
    def share(self) -> float:
        return self.n_breaks / max(self.n_steps, 1)

    def in_words(self, watched: FieldMapping) -> str:
        return (
            f"after {self.n_breaks} of {count(self.n_steps, 'row')} within episodes another observation follows in "
            f"{watched.array.path} than {watched.next_path} announces"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    inventory: Inventory
    file: ArrayReader
    mapping: LogMapping
    watched: FieldMapping
    place: str

    def under(self, episodes: EpisodeMapping | None) -> _Seen:
        """Return what is seen within episodes that are cut in some way."""
        mapping = replace(self.mapping, episodes=episodes)
        plan = plan_rows(self.inventory, self.file, mapping, place=self.place).plan
        has_own = Axis.AGENT in Template(text=self.watched.array.path).axes
        streams = [
            _in_stream(plan, breaks, cell=cell, stream=plan.stream_of(agent))
            for cell in range(len(plan.cells))
            for agent in (range(len(plan.agents)) if has_own else (None,))
            if (breaks := self._breaks(plan.values_of(cell, agent), plan.agents)) is not None
        ]
        return _Seen(
            n_steps=sum(seen.n_steps for seen in streams),
            n_breaks=sum(seen.n_breaks for seen in streams),
            n_apart=sum(seen.n_apart for seen in streams),
            is_even=len({seen.n_breaks for seen in streams}) <= 1 or not has_own,
        )

    def cut(self, episodes: EpisodeMapping, seen: _Seen) -> tuple[EpisodeMapping, str]:
        """Return how episodes are cut so that announced rows follow, and why."""
        words = seen.in_words(self.watched)
        turned = replace(episodes, cut=Cut.FIRST_ROWS if episodes.cut is Cut.FLAGS else Cut.FLAGS)
        if episodes.cut is not Cut.WHOLE and not self.under(turned).n_breaks:
            where = "the first row of the next episode" if turned.cut is Cut.FIRST_ROWS else "the last row"
            return turned, f"end flags mark {where}: {words} if they do not"
        has_flags = episodes.cut is Cut.FLAGS
        marked = EpisodeMapping(
            cut=Cut.ANNOUNCED,
            array=self.watched.array,
            after=replace(self.watched.array, path=self.watched.next_path),
            terminated=episodes.terminated if has_flags else None,
            truncated=episodes.truncated if has_flags else None,
            ended=episodes.array if has_flags else None,
            time=episodes.time,
        )
        return marked, f"an episode ends there as well: {words}"

    def _breaks(self, values: PathValues, agents: Sequence[str]) -> BoolArray | None:
        """Return the breaks of one group of arrays; None where it lacks some of them."""
        array = self.watched.array
        after = replace(array, path=self.watched.next_path)
        paths = (Template(text=one.path).fill(values) for one in (array, after))
        seen, then = (self.inventory.datasets.get(path) for path in paths)
        if seen is None or then is None or seen.shape != then.shape or not seen.shape:
            return None
        return find_breaks(self.file, array, after, values=values, agents=agents)


def _in_stream(plan: RowPlan, breaks: BoolArray, *, cell: int, stream: int) -> _Seen:
    here = np.flatnonzero((plan.cell == cell) & (plan.count[:, stream] > 0))
    spans = zip(
        np.maximum(plan.index[here], 0).tolist(),
        plan.start[here, stream].tolist(),
        plan.count[here, stream].tolist(),
        strict=True,
    )
    inner = [breaks[entry, start : start + n_rows - 1] for entry, start, n_rows in spans]
    return _Seen(
        n_steps=sum(map(len, inner)),
        n_breaks=sum(int(own.sum()) for own in inner),
        n_apart=sum(int((own[1:] & own[:-1]).sum()) for own in inner),
    )


def _not_in_order(seen: _Seen, watched: FieldMapping, place: str) -> AmbiguousLogError:
    return ambiguous(
        place,
        "the order of the rows",
        [
            f"that of time, and {watched.next_path} holds something else than the next {watched.array.path}",
            "any other (shuffled, or several environments in turn), of which no trajectories can be made",
        ],
        mapping=LogMapping(ignore=(watched.next_path,)),
        evidence=f"{seen.in_words(watched).capitalize()}.",
    )
