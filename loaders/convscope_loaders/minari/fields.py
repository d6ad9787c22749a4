"""Which datasets of Minari episodes become which fields."""

from collections.abc import Iterable, Sequence
from math import prod

from convscope.values.fields import ACTION_MASKS, ACTIONS, INFO, OBSERVATIONS, REWARDS, TEAM_REWARDS, FieldSpec, Level
from convscope.values.header import Notice
from convscope_loaders.minari.layout import MinariLayout
from convscope_loaders.minari.source import MinariColumn, MinariPart

_REWARD_INFOS = frozenset({"agent_reward", "agent_rewards", "individual_reward", "individual_rewards"})

Field = tuple[FieldSpec, MinariColumn]


def find_fields(layout: MinariLayout) -> tuple[tuple[Field, ...], tuple[Notice, ...]]:
    """Return every field with the datasets that fill it, and what is left out."""
    keys = layout.keys
    observations = [layout.observations(key) for key in keys]
    masks = [(mask,) if (mask := layout.mask(key)) else () for key in keys]
    fields = [
        _agent_field(layout, ACTIONS, [(f"actions/{key}",) for key in keys], is_of_step=True),
        _team_field(layout, TEAM_REWARDS, "rewards", is_of_step=True),
    ]
    if any(observations):
        fields.append(_agent_field(layout, OBSERVATIONS, observations, is_of_step=False))
    if any(masks):
        fields.append(_agent_field(layout, ACTION_MASKS, masks, is_of_step=False))
    read = {part.leaf for _, column in fields for part in column.parts} | {"terminations", "truncations"}
    fields.extend(_info_fields(layout))
    read |= {part.leaf for _, column in fields for part in column.parts}
    left = [leaf for leaf in layout.leaves if leaf not in read]
    return tuple(fields), tuple(Notice(code="not-read", message=_why(leaf), where=leaf) for leaf in left)


def reward_info(layout: MinariLayout) -> str | None:
    """Return the name of the info that holds each agent's own reward; None where there is none."""
    names = (_shared_info(layout, name) for name in _info_names(layout))
    return next((name for name in names if name in _REWARD_INFOS), None)


def _info_fields(layout: MinariLayout) -> Iterable[Field]:
    for name in _info_names(layout):
        if _shared_info(layout, name) is None:
            leaves = [leaf for leaf in layout.infos() if leaf.split("/")[1] == name and _is_numeric(layout, leaf)]
            yield from (_team_field(layout, INFO + leaf.removeprefix("infos/"), leaf) for leaf in leaves)
        else:
            is_reward = name in _REWARD_INFOS
            parts = [(f"infos/{name}/{key}",) for key in layout.keys]
            yield _agent_field(layout, REWARDS if is_reward else INFO + name, parts, is_of_step=is_reward)


def _info_names(layout: MinariLayout) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leaf.split("/")[1] for leaf in layout.infos()))


def _shared_info(layout: MinariLayout, name: str) -> str | None:
    """Return the name of an info that has one entry per agent, else None."""
    leaves = {leaf for leaf in layout.infos() if leaf.split("/")[1] == name}
    own = {f"infos/{name}/{key}" for key in layout.keys}
    return name if leaves == own and all(_is_numeric(layout, leaf) for leaf in own) else None


def _is_numeric(layout: MinariLayout, leaf: str) -> bool:
    info = layout.leaves[leaf]
    return not info.is_text and not info.columns and bool(info.shape)


def _agent_field(layout: MinariLayout, field: str, leaves: Sequence[tuple[str, ...]], *, is_of_step: bool) -> Field:
    parts: list[MinariPart] = []
    widths: list[int] = []
    for slot, own in enumerate(leaves):
        offset = 0
        for leaf in own:
            width = prod(layout.leaves[leaf].shape[1:])
            parts.append(MinariPart(leaf=leaf, slot=slot, offset=offset, width=width))
            offset += width
        widths.append(offset)
    is_scalar = field not in (ACTIONS, OBSERVATIONS, ACTION_MASKS) and set(widths) == {1}
    shape = () if is_scalar else (max(widths),)
    spec = FieldSpec(
        name=field,
        level=Level.AGENT,
        shape=shape,
        dtype=_dtype(layout, [part.leaf for part in parts]),
        widths=tuple(widths) if len(set(widths)) > 1 else None,
        path=f"/episode_*/{parts[0].leaf}",
    )
    column = MinariColumn(field=field, row_shape=(len(layout.keys), *shape), parts=tuple(parts), is_of_step=is_of_step)
    return spec, column


def _team_field(layout: MinariLayout, field: str, leaf: str, *, is_of_step: bool = False) -> Field:
    info = layout.leaves[leaf]
    width = prod(info.shape[1:])
    shape = () if width == 1 else (width,)
    spec = FieldSpec(name=field, level=Level.TEAM, shape=shape, dtype=info.dtype, path=f"/episode_*/{leaf}")
    part = MinariPart(leaf=leaf, slot=None, offset=0, width=width)
    return spec, MinariColumn(field=field, row_shape=shape, parts=(part,), is_of_step=is_of_step)


def _dtype(layout: MinariLayout, leaves: Sequence[str]) -> str:
    found = {layout.leaves[leaf].dtype for leaf in leaves}
    return found.pop() if len(found) == 1 else "<f8"


def _why(leaf: str) -> str:
    where = leaf.partition("/")[0]
    return f"left out: {where} that belong to no agent, or hold texts or images instead of numbers, are not read"
