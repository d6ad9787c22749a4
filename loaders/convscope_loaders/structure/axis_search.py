"""Looks for the axes of episodes, timesteps and agents in the arrays of an unknown file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.errors import AmbiguousLogError
from convscope.ingest.container import ArrayInfo
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.evidence import Sampler, is_filled_from_start, smoother_axis
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.joint import JointSteps, two_readings
from convscope_loaders.structure.lexicon import Meaning

_LISTS = (Meaning.STARTS, Meaning.ENDS, Meaning.LENGTHS)
_FLAGS = (Meaning.DONE, Meaning.TERMINATED, Meaning.TRUNCATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisSearch:
    """Weighs what names, shapes and numbers say; every vote is one method."""

    families: Sequence[Family]
    reference: Family
    """The actions, else what comes nearest."""
    n_named: int
    """Agents that the file names, 0 for none."""
    sampler: Sampler
    place: str
    """The file, for errors."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the reference, without trailing axes of 1."""
        return _stripped(self.reference.first.shape)

    def container_rank(self) -> tuple[int, int]:
        """Return how many axes lead to a row, and the number of agents."""
        if Axis.AGENT in self.reference.axes:
            return self._rank_of_own(), self.n_named
        places = [1] if Axis.EPISODE in self.reference.axes else self._places_of_agents()
        shape = self.reference.first.shape
        fitting = [at for at in places if at < len(shape) and self.n_named in {0, shape[at]} and self._shares(at)]
        if not fitting:
            raise self._no_agent_axis()
        if len(fitting) > 1:
            raise self._two_places(fitting)
        return fitting[0], shape[fitting[0]]

    def order(self) -> tuple[tuple[Axis, ...], tuple[str, ...]]:
        """Return the order of the episode and the time axis, and the reason."""
        for vote in (self._by_final_row, self._by_lists, self._by_mask, self._by_flags, self._by_statics):
            axis, said = vote()
            if axis is not None:
                return _ordered(axis), (f"axis {axis} of {self.reference.template.text} is time: {said}",)
        axis, said = self._by_smoothness()
        if axis is None:
            raise AmbiguousLogError(
                f"{self.place}: {self.reference.template.text} {self.reference.first.shape} may be (episode, time) or "
                f"(time, episode): {said}; declare its axes in a mapping"
            )
        return _ordered(axis), (f"axis {axis} of {self.reference.template.text} is taken as time: {said}",)

    def _rank_of_own(self) -> int:
        if Axis.EPISODE in self.reference.axes:
            self._check_single_agents(1)
            return 1
        if self._rows_are_listed() or len(self.shape) == 1:
            self._check_single_agents(1)
            return 1
        other = self._beside()
        shared = 1 if other is None else _shared(self.shape, other.shape)[0]
        return min(shared, 2)

    def _check_single_agents(self, n_container: int) -> None:
        other = self._beside()
        mine = self.shape[n_container:]
        if other is not None and mine and len(other.shape) > n_container + 1 and other.shape[n_container] == mine[0]:
            raise AmbiguousLogError(
                f"{self.place}:{self.reference.first.path} seems to hold several agents; a mapping must name them"
            )

    def _places_of_agents(self) -> list[int]:
        shape = self.reference.first.shape
        if self._rows_are_listed():
            return [1]
        flags = [family for family in self.families if family.meaning in {*_FLAGS, Meaning.REWARD, Meaning.FILLED}]
        ranks = {
            len(_stripped(f.first.shape))
            for f in flags
            if _stripped(f.first.shape) == shape[: len(_stripped(f.first.shape))]
        }
        if 1 in ranks:
            return [1]
        other = self._beside()
        shared = len(shape) if other is None else _shared(shape, other.shape)[0]
        if self.n_named:
            return [at for at in (1, 2) if at < len(shape) and shape[at] == self.n_named]
        if shared >= 3:
            return [2]
        if shared == 2 and self._has_own_flags():
            return [1]
        return []

    def _has_own_flags(self) -> bool:
        """Whether some flags of (rows, agents) are the same for all agents in every row, and not all false."""
        for family in self.families:
            if family.meaning in _FLAGS and _stripped(family.first.shape) == self.reference.first.shape[:2]:
                flags = self.sampler.whole(family.first.path).reshape(family.first.shape[:2])
                if flags.any() and (flags == flags[:, :1]).all():
                    return True
        return False

    def _shares(self, at: int) -> bool:
        """Whether the arrays beside the reference have agents on the same axis."""
        other = self._beside()
        if other is None or Axis.AGENT in self._beside_axes():
            return True
        shape = self.reference.first.shape
        return len(other.shape) > at and other.shape[at] == shape[at]

    def _beside(self) -> ArrayInfo | None:
        family = self._beside_family()
        return None if family is None else family.first

    def _beside_axes(self) -> tuple[Axis, ...]:
        family = self._beside_family()
        return () if family is None else family.axes

    def _beside_family(self) -> Family | None:
        current = [family for family in self.families if family is not self.reference and not family.is_next]
        return pick(current, Meaning.OBSERVATION, Meaning.POSITION)

    def _rows_are_listed(self) -> bool:
        """Whether a list of episodes, or a column of episode numbers, counts the rows of axis 0."""
        n_rows = self.reference.first.shape[0] if self.reference.first.shape else 0
        for family in self.families:
            shape = _stripped(family.first.shape)
            if len(shape) != 1 or family.is_next:
                continue
            if family.meaning in {Meaning.EPISODE_ID, Meaning.TIMESTEP} and shape == (n_rows,):
                return True
            if family.meaning in _LISTS and self._counts_rows(family, n_rows):
                return True
        return False

    def _counts_rows(self, family: Family, n_rows: int) -> bool:
        numbers = self.sampler.whole(family.first.path).ravel()
        if not numbers.size or not np.isfinite(numbers).all():
            return False
        if family.meaning is Meaning.LENGTHS:
            return int(numbers.sum()) == n_rows
        rises = bool((np.diff(numbers) > 0).all())
        highest = int(numbers[-1])
        first = int(numbers[0])
        if family.meaning is Meaning.STARTS:
            return rises and first == 0 and highest < n_rows
        return rises and highest in {n_rows, n_rows - 1}

    def _by_final_row(self) -> tuple[int | None, str]:
        other = self._beside()
        axis = None if other is None else _shared(self.shape, other.shape)[1]
        return axis, "observations have one row more on it"

    def _by_lists(self) -> tuple[int | None, str]:
        shape = self.reference.first.shape
        for family in self.families:
            if family.meaning is Meaning.LENGTHS and len(_stripped(family.first.shape)) == 1:
                numbers = self.sampler.whole(family.first.path).ravel()
                fits = [axis for axis in (0, 1) if len(numbers) == shape[1 - axis] and numbers.max() <= shape[axis]]
                if len(fits) == 1:
                    return fits[0], f"{family.template.text} counts it for each entry of the other"
        return None, ""

    def _by_mask(self) -> tuple[int | None, str]:
        for family in self.families:
            shape = _stripped(family.first.shape)
            if family.meaning is Meaning.FILLED and shape == self.reference.first.shape[:2]:
                mask = self.sampler.whole(family.first.path).reshape(shape)
                fits = [axis for axis in (0, 1) if is_filled_from_start(mask, axis)]
                if len(fits) == 1:
                    return fits[0], f"{family.template.text} is filled along it"
        return None, ""

    def _by_flags(self) -> tuple[int | None, str]:
        for family in self.families:
            shape = _stripped(family.first.shape)
            if family.meaning not in _FLAGS or shape[:2] != self.reference.first.shape[:2]:
                continue
            flags = self.sampler.whole(family.first.path).reshape(*shape[:2], -1).all(axis=2)
            fits = [axis for axis in (0, 1) if flags.any() and np.take(flags, -1, axis=axis).all()]
            if len(fits) == 1 and not flags.all():
                return fits[0], f"{family.template.text} ends on its last entry everywhere"
        return None, ""

    def _by_statics(self) -> tuple[int | None, str]:
        shape = self.reference.first.shape
        if shape[0] == shape[1]:
            return None, ""
        for family in self.families:
            inner = _stripped(family.first.shape)
            is_per_episode = family.meaning is Meaning.ROLE and len(inner) == 2
            if is_per_episode and self.reference.rank >= 3 and inner[1] == shape[2]:
                fits = [axis for axis in (0, 1) if inner[0] == shape[1 - axis]]
                if len(fits) == 1:
                    return fits[0], f"{family.template.text} has one row for each entry of the other"
        return None, ""

    def _by_smoothness(self) -> tuple[int | None, str]:
        current = [family for family in self.families if not family.is_next]
        found = [pick(current, meaning) for meaning in (Meaning.POSITION, Meaning.OBSERVATION, Meaning.STATE)]
        rowwise = [f for f in found if f is not None and f.rank >= 2 and f.first.shape[:2] == self.shape[:2]]
        votes = [smoother_axis(self.sampler.head(f.first.path)) for f in rowwise or [self.reference]]
        told = {axis for axis, _ in votes if axis is not None}
        if len(told) > 1:
            return None, "; ".join(said for _, said in votes)
        return next((vote for vote in votes if vote[0] is not None), votes[0])

    def _no_agent_axis(self) -> AmbiguousLogError:
        shape, other = self.reference.first.shape, self._beside()
        beside = "" if other is None else f" and {other.path} {other.shape}"
        named = f"; the file names {self.n_named} agents" if self.n_named else ""
        if len(_stripped(shape)) < 2:
            return AmbiguousLogError(
                f"{self.place}: {self.reference.first.path} {shape}{beside} have no axis of agents{named}: the rows "
                "may be one agent's, or agents in turn; declare the axes in a mapping"
            )
        shapes = f"{self.reference.first.path} {shape}{beside}"
        return two_readings(self._joint_steps(), place=self.place, shapes=shapes, remark=named)

    def _joint_steps(self) -> JointSteps:
        beside = self._beside_family()
        return JointSteps(
            lead=Axis.TIME if Axis.EPISODE in self.reference.axes else Axis.ROW,
            actions=self.reference.template.text,
            n_actions=self.reference.first.shape[-1],
            observations=beside.template.text if beside is not None else "",
            n_observed=beside.first.shape[-1] if beside is not None else 0,
        )

    def _two_places(self, fitting: list[int]) -> AmbiguousLogError:
        listed = " or ".join(f"axis {at}" for at in fitting)
        return AmbiguousLogError(
            f"{self.place}: agents of {self.reference.first.path} {self.reference.first.shape} may be on {listed}; "
            "declare its axes in a mapping"
        )


def _ordered(time_axis: int) -> tuple[Axis, ...]:
    return (Axis.EPISODE, Axis.TIME) if time_axis == 1 else (Axis.TIME, Axis.EPISODE)


def _stripped(shape: tuple[int, ...]) -> tuple[int, ...]:
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _shared(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, int | None]:
    """Return how many leading axes two arrays share, and on which of them the second has one entry more."""
    longer: int | None = None
    for axis, (a, b) in enumerate(zip(first, second, strict=False)):
        if a == b:
            continue
        if b == a + 1 and longer is None:
            longer = axis
            continue
        return axis, longer
    return min(len(first), len(second)), longer
