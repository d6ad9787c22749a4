"""What a mapping file says, held against the arrays that it names: what cannot be right is an error with its line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from convscope.errors import MappingError
from convscope.ingest.container import ArrayInfo, ArrayReader, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, FieldMapping, LogMapping
from convscope.values import fields as names
from convscope.values.header import Notice
from convscope_loaders.structure.evidence import Sampler, is_one_hot
from convscope_loaders.structure.lexicon import Meaning, meaning_of
from convscope_loaders.structure.rows import reference_field
from convscope_loaders.structure.templates import Template, matches

_Place = tuple[str, ...]
_LAST = (Axis.VALUE, Axis.AGENT_VALUE)
_STEPS = (Axis.TIME, Axis.ROW)
_BY_BLANKS = (Cut.MISSING, Cut.ZEROS, Cut.REPEATS, Cut.ANNOUNCED)
_CALLED = {
    names.ACTIONS: {Meaning.ACTION, Meaning.ACTION_ONE_HOT},
    names.OBSERVATIONS: {Meaning.OBSERVATION, Meaning.STATE, Meaning.POSITION, Meaning.HIDDEN},
    names.REWARDS: {Meaning.REWARD},
    names.TEAM_REWARDS: {Meaning.REWARD},
    "time": {Meaning.TIMESTEP},
    "lengths": {Meaning.LENGTHS},
}
"""What arrays are called that a mapping may name there without a second thought."""


def check_mapping(inventory: Inventory, file: ArrayReader, mapping: LogMapping) -> tuple[Notice, ...]:
    """Hold a mapping against the arrays of a file.

    Parameters
    ----------
    inventory
        What the file holds.
    file
        Open file; the first rows of marks and of discrete actions are read.
    mapping
        As a user gave it.

    Returns
    -------
    tuple of Notice
        On arrays that are called as something else.

    Raises
    ------
    MappingError
        If a path names nothing, axes do not fit a shape, two fields are one array, or flags and numbers of steps hold
        fractions.
    """
    checks = _Checks(inventory=inventory, sampler=Sampler(file), mapping=mapping)
    checks.run()
    return tuple(checks.notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checks:
    inventory: Inventory
    sampler: Sampler
    mapping: LogMapping
    notices: list[Notice] = field(default_factory=list[Notice])

    def run(self) -> None:
        for place, array in (*self._of_fields(), *self._marks(), *self._labels()):
            self._axes(place, array)
            self._shapes(place, array, self._infos(place, array))
        for place, array in self._of_fields():
            if not set(array.axes) & set(_STEPS):
                raise self._fault(place, f'{array.path} needs an axis "time" or "row": a field has a row for each step')
        self._once()
        self._sizes()
        for place, array in self._marks():
            self._is_whole(place, array, "flags or numbers of steps")
        for own in self.mapping.fields:
            self._discrete(own)
        self._called()

    def _of_fields(self) -> Iterator[tuple[_Place, ArrayMapping]]:
        return ((("fields", own.name), own.array) for own in self.mapping.fields)

    def _marks(self) -> Iterator[tuple[_Place, ArrayMapping]]:
        cut, mapping = self.mapping.episodes, self.mapping
        keys = ("lengths", "time", "terminated", "truncated", "ended")
        marks = {} if cut is None else {("episodes", key): getattr(cut, key) for key in keys}
        # What tells padding by NaN or zeros is no mark.
        has_list = cut is not None and cut.array is not None and cut.cut not in _BY_BLANKS
        listed = {("episodes", "list"): cut.array} if cut is not None and has_list else {}
        lives = {("agents", key): getattr(mapping, key) for key in ("alive", "leaves", "acting")}
        return ((place, array) for place, array in {**listed, **marks, **lives}.items() if array is not None)

    def _labels(self) -> Iterator[tuple[_Place, ArrayMapping]]:
        told = {name: getattr(self.mapping, name) for name in ("roles", "run", "checkpoint", "condition")}
        return (((name,), one.array) for name, one in told.items() if one is not None and one.array is not None)

    def _fault(self, place: _Place, message: str) -> MappingError:
        return MappingError(f"{self.mapping.place(*place)}: [{'.'.join(place)}] {message}")

    def _infos(self, place: _Place, array: ArrayMapping) -> Sequence[ArrayInfo]:
        datasets = self.inventory.datasets
        found = [datasets[path] for path, _ in matches(Template(text=array.path), datasets)]
        if not found:
            listed = ", ".join(list(datasets)[:6])
            raise self._fault(place, f"there is no array {array.path}; the file has {listed}")
        return found

    def _axes(self, place: _Place, array: ArrayMapping) -> None:
        axes = array.axes
        twice = next((axis for axis in axes if axes.count(axis) > 1), None)
        if twice is not None:
            raise self._fault(place, f'axes name "{twice}" twice')
        if any(axis in _LAST for axis in axes[:-1]):
            raise self._fault(place, f'"{Axis.VALUE}" and "{Axis.AGENT_VALUE}" stand for the last axes of an array')
        if Axis.ROW in axes and {Axis.TIME, Axis.EPISODE} & set(axes):
            raise self._fault(place, 'a "row" is a timestep of any episode: no axis "episode" or "time" is beside it')
        both = next((axis for axis in Template(text=array.path).axes if axis in axes and axis is not Axis.AGENT), None)
        if both is not None:
            raise self._fault(place, f'"{both}" is in the path of {array.path} and an axis of it')

    def _shapes(self, place: _Place, array: ArrayMapping, infos: Sequence[ArrayInfo]) -> None:
        n_axes = len(array.axes) - (array.axes[-1:] != () and array.axes[-1] in _LAST)
        longest = max(infos, key=lambda info: len(info.shape))
        if n_axes > len(longest.shape):
            quoted = ", ".join(array.axes)
            raise self._fault(place, f"{longest.path} {longest.shape} has not the axes {quoted}")
        of_agents = next((at for at, axis in enumerate(array.axes) if axis in {Axis.AGENT, Axis.ENTITY}), None)
        if array.take and (of_agents is None or max(array.take) >= longest.shape[of_agents]):
            raise self._fault(place, f"take names entries that {longest.path} {longest.shape} does not have")

    def _once(self) -> None:
        """Make sure that no two fields are one array, but for different entries of it."""
        seen: dict[str, list[FieldMapping]] = {}
        for own in self.mapping.fields:
            for other in seen.setdefault(own.array.path, []):
                if not own.array.take or not other.array.take or set(own.array.take) & set(other.array.take):
                    raise self._fault(("fields", own.name), f"{own.array.path} is given as {other.name} already")
            seen[own.array.path].append(own)

    def _sizes(self) -> None:
        """Make sure that arrays count as many agents, episodes and rows as the actions (or the first field) do."""
        if not self.mapping.fields:
            return
        reference = reference_field(self.mapping)
        known = self._sizes_of(("fields", reference.name), reference.array)
        for place, array in (*self._of_fields(), *self._marks()):
            for axis, size in self._sizes_of(place, array).items():
                wanted = known.get(axis, size)
                if size != wanted and not (axis is Axis.TIME and abs(size - wanted) == 1):
                    said = f"{array.path} has {size} {axis}s and {reference.array.path} has {wanted}"
                    raise self._fault(place, f"{said}: the axes of one of them are wrong")
        n_agents, n_named = known.get(Axis.AGENT), len(self.mapping.agents)
        if n_agents is not None and n_named and n_named != n_agents and not reference.array.take:
            raise self._fault(("agents", "names"), f"{n_named} names for {n_agents} agents of {reference.array.path}")

    def _sizes_of(self, place: _Place, array: ArrayMapping) -> Mapping[Axis, int]:
        """Return the sizes of an array that stands alone; those of groups are checked as they are read."""
        infos = self._infos(place, array)
        if Template(text=array.path).axes or len(infos) != 1:
            return {}
        sizes = dict(zip(array.axes, infos[0].shape, strict=False))
        counted = {Axis.EPISODE, Axis.TIME, Axis.ROW, *(() if array.take else (Axis.AGENT,))}
        return {axis: size for axis, size in sizes.items() if axis in counted}

    def _is_whole(self, place: _Place, array: ArrayMapping, what: str) -> None:
        for info in self._infos(place, array)[:1]:
            if info.is_text or info.columns:
                raise self._fault(place, f"{info.path} holds texts or records, not {what}")
            # Health may fall by fractions; what is zero is dead.
            is_amount = place == ("agents", "alive") and not self.mapping.alive_values
            if not is_amount and not info.is_whole and self._has_fractions(info):
                raise self._fault(place, f"{info.path} holds fractions, not {what}")

    def _has_fractions(self, info: ArrayInfo) -> bool:
        numbers = self.sampler.whole(info.path) if not info.shape else self.sampler.part(info.path)
        finite = numbers[np.isfinite(numbers)]
        return bool((finite != np.round(finite)).any())

    def _discrete(self, own: FieldMapping) -> None:
        place = ("fields", own.name)
        info = self._infos(place, own.array)[0]
        if own.is_one_hot and not (0 in info.shape or self._is_one_hot(own, info)):
            raise self._fault(place, f"{info.path} {info.shape} is not one-hot: its last axis is not zeros and a one")
        if own.values:
            self._is_whole(place, own.array, "numbers of named values")

    def _is_one_hot(self, own: FieldMapping, info: ArrayInfo) -> bool:
        n_lead = len(own.array.axes) - (own.array.axes[-1] in _LAST)
        return len(info.shape) > n_lead and is_one_hot(self.sampler.part(info.path))

    def _called(self) -> None:
        """Note arrays that are called as something else than what they are said to be."""
        for place, array in (*self._of_fields(), *self._marks()):
            told = meaning_of(tuple(array.path.strip("/").split("/")))
            wanted = _CALLED.get(place[-1])
            if told is not None and wanted is not None and told not in wanted:
                message = (
                    f"{self.mapping.place(*place)}: {array.path} is read as {place[-1]}, as the mapping says, though "
                    f"it is called as a {told}"
                )
                self.notices.append(Notice(code="suspicious-mapping", message=message, where=array.path))
