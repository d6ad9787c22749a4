"""Whether actions that a mapping declares are one-hot, where it does not say so."""

from dataclasses import replace

from convscope.ingest.container import Inventory
from convscope.ingest.mapping import Axis, FieldMapping, LogMapping
from convscope.values.fields import ACTIONS
from convscope_loaders.structure.evidence import Sampler, is_one_hot
from convscope_loaders.structure.templates import Template, matches


def one_hot_in_words(path: str) -> str:
    """Return what is taken for granted of one-hot actions."""
    return f"{path} is one-hot: the place of the one is the action"


def with_one_hot_told(
    declared: LogMapping, inventory: Inventory, sampler: Sampler
) -> tuple[LogMapping, tuple[str, ...]]:
    """Return the mapping of a file with actions as one-hot where they look so and it does not say, and sentences."""
    if declared.file is None:
        return declared, ()
    hot = [field.name for field in declared.fields if _is_hot(field, inventory, sampler)]
    fields = tuple(replace(field, is_one_hot=True) if field.name in hot else field for field in declared.fields)
    said = tuple(one_hot_in_words(field.array.path) for field in fields if field.name in hot)
    return replace(declared, fields=fields), said


def _is_hot(field: FieldMapping, inventory: Inventory, sampler: Sampler) -> bool:
    if field.name != ACTIONS or field.is_one_hot is not None or field.array.axes[-1:] != (Axis.VALUE,):
        return False
    n_lead = len(field.array.axes) - 1
    infos = [inventory.datasets[path] for path, _ in matches(Template(text=field.array.path), inventory.datasets)]
    infos = [info for info in infos if 0 not in info.shape and not info.is_text and not info.columns]
    return bool(infos) and len(infos[0].shape) == n_lead + 1 and is_one_hot(sampler.part(infos[0].path))
