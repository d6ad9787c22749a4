"""From mapped fields to plans: shapes over all agents and cells, checked before a row is read."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from math import prod

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.mapping import INNER_AXES, Axis, FieldMapping
from convscope.values import fields as names
from convscope.values.fields import FieldSpec, Level
from convscope_loaders.structure.plan import CONTAINER_AXES, FieldPlan, RowPlan
from convscope_loaders.structure.templates import Template

_FLAT = frozenset(
    {
        names.OBSERVATIONS,
        names.ACTIONS,
        names.ACTION_MASKS,
        names.ACTION_LOGITS,
        names.ACTION_PROBABILITIES,
        names.MESSAGES,
        names.HIDDEN_STATES,
        names.POSITIONS,
        names.STATE,
    }
)
"""Fields with one axis of values, however many the file has."""

_WITH_FINAL = frozenset(
    {names.OBSERVATIONS, names.STATE, names.POSITIONS, names.ENTITY_POSITIONS, names.ACTION_MASKS, names.HIDDEN_STATES}
)
_OF_TEAM = frozenset({names.TEAM_REWARDS, names.STATE, names.ENTITY_POSITIONS})
_AXES = frozenset({*Axis}) - {Axis.VALUE, Axis.AGENT_VALUE}


def plan_field(
    inventory: Inventory, field: FieldMapping, rows: RowPlan, *, n_agents: int, place: str
) -> tuple[FieldPlan, frozenset[str]]:
    """Plan how a field is read.

    Parameters
    ----------
    inventory
        What the file holds.
    field
        What the arrays mean.
    rows
        Where the rows of each episode are.
    n_agents
        Of the log.
    place
        The file, for errors.

    Returns
    -------
    plan
        For the source.
    missing
        Paths that the file lacks.

    Raises
    ------
    LogFormatError
        If an array is too short, or has another shape than its like.
    """
    template = Template(text=field.array.path)
    axes = tuple(axis for axis in field.array.axes if axis in _AXES)
    found: list[tuple[int | None, ArrayInfo]] = []
    missing: set[str] = set()
    for cell, agent in _places(rows, template):
        path = template.fill(rows.values_of(cell, agent))
        info = inventory.datasets.get(path)
        if info is None:
            missing.add(path)
        else:
            found.append((agent, info))
    if not found:
        raise LogFormatError(f"{place} holds no dataset {field.array.path}")
    _check_rows(field, found, place)
    shape, widths = _values(field, found, axes, n_agents=n_agents, place=place)
    missing |= _lacking_next(inventory, field, rows, place=place)
    plan = FieldPlan(
        spec=FieldSpec(
            name=field.name,
            level=_level(field, template),
            shape=shape,
            dtype=found[0][1].dtype,
            widths=widths,
            path=field.array.path,
            values=field.values,
            inner_axes=_inner_axes(axes),
            row_sum=field.row_sum,
            own_column=field.own_column,
            is_randomized=field.is_randomized,
        ),
        template=template,
        axes=axes,
        n_agents=n_agents,
        take=field.array.take,
        is_negated=field.array.is_negated,
        is_one_hot=bool(field.is_one_hot),
        has_final=field.name in _WITH_FINAL,
        next_template=Template(text=field.next_path) if field.next_path else None,
    )
    return plan, frozenset(missing)


def _places(rows: RowPlan, template: Template) -> Iterator[tuple[int, int | None]]:
    agents = range(len(rows.agents)) if Axis.AGENT in template.axes else (None,)
    return ((cell, agent) for cell in range(len(rows.cells)) for agent in agents)


def _lacking_next(inventory: Inventory, field: FieldMapping, rows: RowPlan, *, place: str) -> set[str]:
    """Return which arrays of what follows each step are not there; those that are must be shaped like the field's."""
    if not field.next_path:
        return set()
    template, later = Template(text=field.array.path), Template(text=field.next_path)
    if template.axes != later.axes:
        raise LogFormatError(f"{place}: {field.next_path} does not name the axes of {field.array.path}")
    missing: set[str] = set()
    for cell, agent in _places(rows, template):
        values = rows.values_of(cell, agent)
        info, after = (inventory.datasets.get(path.fill(values)) for path in (template, later))
        if after is None:
            missing.add(later.fill(values))
        elif info is not None and (after.shape != info.shape or after.is_text or after.columns):
            raise LogFormatError(f"{place}:{after.path} {after.shape} is not shaped like {info.path} {info.shape}")
    if len(missing) == sum(1 for _ in _places(rows, template)):
        raise LogFormatError(f"{place} holds no dataset {field.next_path}")
    return missing


def _level(field: FieldMapping, template: Template) -> Level:
    axes = field.array.axes
    if Axis.SENDER in axes:
        return Level.PAIR
    if field.name in _OF_TEAM:
        return Level.TEAM
    has_agents = Axis.AGENT in axes or Axis.AGENT_VALUE in axes or Axis.AGENT in template.axes
    return Level.AGENT if has_agents else Level.TEAM


def _check_rows(field: FieldMapping, found: list[tuple[int | None, ArrayInfo]], place: str) -> None:
    """Make sure that each agent's arrays have as many axes everywhere, and those of the mapping at least."""
    # One value needs no axis of values, and one agent with one value none of agents and values.
    n_axes = len(field.array.axes) - (field.array.axes[-1:] in {(Axis.VALUE,), (Axis.AGENT_VALUE,)})
    ranks: dict[int | None, Counter[int]] = defaultdict(Counter)
    for agent, info in found:
        if info.is_text or info.columns:
            raise LogFormatError(f"{place}:{info.path} holds texts or records; {field.name} should be numbers")
        ranks[agent][len(info.shape)] += 1
    usual = {agent: max(count, key=lambda rank: (count[rank], rank)) for agent, count in ranks.items()}
    for agent, info in found:
        if len(info.shape) != usual[agent] or usual[agent] < n_axes:
            raise LogFormatError(
                f"{place}:{info.path} has the shape {info.shape}; {field.name} should have the axes "
                f"{', '.join(field.array.axes)}, as elsewhere"
            )


def check_sizes(
    inventory: Inventory, field: FieldMapping, reference: FieldMapping, *, rows: RowPlan, place: str
) -> None:
    """Make sure that a field has as many episodes and rows as the reference, in every group of arrays.

    Raises
    ------
    LogFormatError
        If it has not; on a time axis one more is a final observation.
    """
    if field is reference:
        return
    template, other = Template(text=field.array.path), Template(text=reference.array.path)
    for cell, agent in _places(rows, template):
        info = inventory.datasets.get(template.fill(rows.values_of(cell, agent)))
        beside = [
            known
            for partner in (range(len(rows.agents)) if Axis.AGENT in other.axes and agent is None else (agent,))
            if (known := inventory.datasets.get(other.fill(rows.values_of(cell, partner)))) is not None
        ]
        if info is None or not beside:
            continue
        # Streams of single agents may be shorter than what all share; of episodes each must have as many.
        n_entries = [_entries(known, reference) for known in beside]
        beside = [known for known, n in zip(beside, n_entries, strict=True) if n == max(n_entries)]
        if not any(_agree(info, field.array.axes, known, known_axes=reference.array.axes) for known in beside):
            raise LogFormatError(
                f"{place}:{info.path} {info.shape} does not fit {beside[0].path} {beside[0].shape}: "
                "the number of episodes or timesteps differs"
            )


def _entries(info: ArrayInfo, field: FieldMapping) -> int:
    return dict(zip(field.array.axes, info.shape, strict=False)).get(Axis.EPISODE, 1)


def _agree(info: ArrayInfo, axes: tuple[Axis, ...], known: ArrayInfo, *, known_axes: tuple[Axis, ...]) -> bool:
    mine, theirs = (
        {axis: size for axis, size in zip(named, sizes, strict=False) if axis in CONTAINER_AXES}
        for named, sizes in ((axes, info.shape), (known_axes, known.shape))
    )
    return all(size - theirs.get(axis, size) in ({0, 1} if axis is Axis.TIME else {0}) for axis, size in mine.items())


def _values(
    field: FieldMapping,
    found: list[tuple[int | None, ArrayInfo]],
    axes: tuple[Axis, ...],
    *,
    n_agents: int,
    place: str,
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """Return the shape of one agent's (or entity's, or row's) values, and the widths where agents differ."""
    if field.is_one_hot:
        return (1,), None
    is_split = Axis.AGENT_VALUE in field.array.axes
    shapes = _shapes(field, found, axes, place=place)
    if Axis.SENDER in axes:
        # Attention without heads has one.
        return (shapes[0] or (1,)) if field.name == names.ATTENTION else shapes[0], None
    if is_split:
        return _split(field, prod(shapes[0]), n_agents, place=place)
    is_flat = field.name in _FLAT or len(set(shapes)) > 1
    if not is_flat:
        return shapes[0], None
    widths = tuple(prod(shape) for shape in shapes)
    if len(set(widths)) > 1:
        return (max(widths),), widths
    return (widths[0],), field.widths or None


def _split(
    field: FieldMapping, n_columns: int, n_agents: int, *, place: str
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    if field.widths and (len(field.widths) != n_agents or sum(field.widths) != n_columns):
        raise LogFormatError(
            f"{place}:{field.array.path} has {n_columns} columns for {n_agents} agents, which widths of "
            f"{', '.join(map(str, field.widths))} do not divide"
        )
    if not field.widths and n_columns % n_agents:
        raise LogFormatError(
            f"{place}:{field.array.path} has {n_columns} columns, which {n_agents} agents cannot share evenly; give the"
            " number of each agent's columns as widths in a mapping"
        )
    is_even = len(set(field.widths)) <= 1
    return ((n_columns // n_agents,), None) if is_even else ((max(field.widths),), field.widths)


def _shapes(
    field: FieldMapping, found: list[tuple[int | None, ArrayInfo]], axes: tuple[Axis, ...], *, place: str
) -> list[tuple[int, ...]]:
    """Return the shape of each agent's values, which must be the same in every group."""
    shape_of: dict[int, tuple[int, ...]] = {}
    for agent, info in found:
        shape = _inner(info, axes, field)
        known = shape_of.setdefault(-1 if agent is None else agent, shape)
        if known != shape:
            raise LogFormatError(f"{place}:{info.path} has values of shape {shape}, elsewhere they have shape {known}")
    return [shape_of[agent] for agent in sorted(shape_of)]


def _inner(info: ArrayInfo, axes: tuple[Axis, ...], field: FieldMapping) -> tuple[int, ...]:
    inner = info.shape[len(axes) :]
    entities = [size for axis, size in zip(axes, info.shape, strict=False) if axis is Axis.ENTITY]
    heads = [size for inner in INNER_AXES for axis, size in zip(axes, info.shape, strict=False) if axis is inner]
    if entities and field.array.take:
        entities = [len(field.array.take)]
    # A reward of (episode, time, 1) is one number, and so is what a log calls its own.
    while field.name not in _FLAT and inner and inner[-1] == 1:
        inner = inner[:-1]
    return (*entities, *heads, *inner)


def _inner_axes(axes: tuple[Axis, ...]) -> tuple[str, ...]:
    return tuple(inner.value for inner in INNER_AXES for axis in axes if axis is inner)
