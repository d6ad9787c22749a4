"""Runs, checkpoints or conditions on an axis of arrays: each gets arrays of its own before anything looks at them."""

from dataclasses import replace
from functools import partial

from convscope.errors import MappingError
from convscope.ingest.container import ArrayInfo, Container
from convscope.ingest.mapping import ArrayMapping, Axis, LogMapping
from convscope_loaders.structure.groups import SlotView
from convscope_loaders.structure.mapped_arrays import arrays_of, with_arrays
from convscope_loaders.structure.templates import Template, matches
from convscope_loaders.structure.views import with_views

OUTER_AXES = (Axis.RUN, Axis.CHECKPOINT, Axis.CONDITION)


def split_outer(container: Container, mapping: LogMapping) -> tuple[Container, LogMapping]:
    """Give each run (checkpoint, condition) that an axis counts arrays of its own, called ``/run_0/...`` and so on.

    Parameters
    ----------
    container
        Arrays.
    mapping
        What they mean. Arrays that it does not name are split as well where their first axis counts as many.

    Raises
    ------
    MappingError
        If arrays count different numbers of runs, or count them elsewhere than on their first axis.
    """
    counted = {axis for array in arrays_of(mapping) for axis in array.axes if axis in OUTER_AXES}
    for axis in sorted(counted):
        container, mapping = _split(container, mapping, axis)
    return container, mapping


def joined_outer(found: LogMapping, declared: LogMapping) -> LogMapping:
    """Return a mapping that was completed after `split_outer` as it fits the file."""
    counted = {axis for array in arrays_of(declared) for axis in array.axes if axis in OUTER_AXES}
    for axis in sorted(counted, reverse=True):
        prefix = _under(axis, "")
        fields = tuple(replace(one, next_path=one.next_path.removeprefix(prefix)) for one in found.fields)
        found = with_arrays(replace(found, fields=fields), partial(_counting, axis=axis))
    return found


def _split(container: Container, mapping: LogMapping, axis: Axis) -> tuple[Container, LogMapping]:
    datasets = container.inventory.datasets
    named = list(arrays_of(mapping))
    own = {path: array for array in named for path, _ in matches(Template(text=array.path), datasets)}
    split = [datasets[path] for path, array in own.items() if axis in array.axes]
    if not split:
        return container, mapping
    n_entries = _n_entries(split, [array for array in named if axis in array.axes], axis=axis, mapping=mapping)
    others = [info for path, info in datasets.items() if path not in own and _begins_with(info, n_entries)]
    parts = (*split, *others)
    views = [
        SlotView(path=f"/{axis}_{slot}{info.path}", own=info, axis=0, slot=slot)
        for info in parts
        for slot in range(n_entries)
    ]
    left = {path: info for path, info in datasets.items() if path not in {info.path for info in parts}}
    groups = tuple(f"/{axis}_{slot}" for slot in range(n_entries))
    inventory = replace(container.inventory, datasets=left, groups=(*container.inventory.groups, *groups))
    own_next = {f.name: _under(axis, f.next_path) for f in mapping.fields if axis in f.array.axes and f.next_path}
    fields = tuple(replace(field, next_path=own_next.get(field.name, field.next_path)) for field in mapping.fields)
    divided = with_arrays(replace(mapping, fields=fields), partial(_own, axis=axis))
    return with_views(replace(container, inventory=inventory), views), divided


def _n_entries(split: list[ArrayInfo], arrays: list[ArrayMapping], *, axis: Axis, mapping: LogMapping) -> int:
    odd = next((array for array in arrays if array.axes[0] is not axis or axis in Template(text=array.path).axes), None)
    if odd is not None:
        raise MappingError(
            f"{mapping.place('fields')}: {odd.path}: an axis of {axis}s comes first, and no path names them then"
        )
    sizes = {info.shape[0] if info.shape else 0: info.path for info in split}
    if len(sizes) > 1:
        told = ", ".join(f"{path} {size}" for size, path in sizes.items())
        raise MappingError(f"{mapping.place('fields')}: the arrays count different numbers of {axis}s: {told}")
    return next(iter(sizes))


def _begins_with(info: ArrayInfo, n_entries: int) -> bool:
    return len(info.shape) > 1 and info.shape[0] == n_entries and not info.is_text and not info.columns


def _own(array: ArrayMapping, axis: Axis) -> ArrayMapping:
    if axis not in array.axes:
        return array
    axes = tuple(other for other in array.axes if other is not axis)
    return replace(array, path=_under(axis, array.path), axes=axes)


def _under(axis: Axis, path: str) -> str:
    return f"/{{{axis}}}{path}"


def _counting(array: ArrayMapping, axis: Axis) -> ArrayMapping:
    prefix = _under(axis, "/")
    if not array.path.startswith(prefix):
        return array
    return replace(array, path=array.path[len(prefix) - 1 :], axes=(axis, *array.axes))
