"""A mapping written as the text of a mapping file, ready to edit."""

from collections.abc import Mapping, Sequence

from convscope.ingest.mapping import (
    MAPPING_VERSION,
    ArrayMapping,
    EpisodeMapping,
    FieldMapping,
    LabelMapping,
    LogMapping,
    RingMapping,
    RoleMapping,
)
from convscope.ingest.pair_mapping import EdgeMapping, SlotMapping
from convscope.ingest.table_mapping import TableField, TableMapping
from convscope.ingest.toml_text import key_text, list_text, quoted_text
from convscope.values.fields import Level, OwnColumn, RowSum


def mapping_text(mapping: LogMapping) -> str:
    """Return a mapping as the text of a mapping file, ready to edit."""
    lines = [f"convscope-mapping = {MAPPING_VERSION}", ""]
    lines += _section("log", _log_entries(mapping))
    if mapping.table is not None:
        lines += _section("table", _table_entries(mapping.table))
        for column in mapping.table.fields:
            lines += _section(f"table.fields.{key_text(column.name)}", _column_entries(column))
    lines += _section("agents", _agent_entries(mapping))
    if mapping.ring is not None:
        lines += _section("ring", _ring_entries(mapping.ring))
    if mapping.episodes is not None:
        lines += _section("episodes", _episode_entries(mapping.episodes))
    for field in mapping.fields:
        name = f"fields.{key_text(field.name)}"
        lines += _section(name, _field_entries(field))
        lines += _section(f"{name}.slots", _slot_entries(field.slots))
        lines += _section(f"{name}.edges", _edge_entries(field.edges))
    if mapping.roles is not None:
        lines += _section("roles", _role_entries(mapping.roles))
    for name, label in (("run", mapping.run), ("checkpoint", mapping.checkpoint), ("condition", mapping.condition)):
        lines += [] if label is None else _section(name, _label_entries(label))
    return "\n".join(lines).rstrip("\n") + "\n"


def array_text(array: ArrayMapping) -> str:
    """Return an array as a mapping file names it, on one line."""
    return "{ " + ", ".join(f"{key} = {value}" for key, value in _array_entries(array).items()) + " }"


def _section(name: str, entries: Mapping[str, str]) -> list[str]:
    return [f"[{name}]", *(f"{key} = {value}" for key, value in entries.items()), ""] if entries else []


def _log_entries(mapping: LogMapping) -> dict[str, str]:
    entries = {"environment": mapping.environment, "framework": mapping.framework}
    told = {key: quoted_text(value) for key, value in entries.items() if value is not None}
    return told | ({"ignore": list_text(mapping.ignore)} if mapping.ignore else {})


def _agent_entries(mapping: LogMapping) -> dict[str, str]:
    entries = {"names": list_text(mapping.agents)} if mapping.agents else {}
    for team in dict.fromkeys(mapping.teams.values()):
        entries[f"teams.{key_text(team)}"] = list_text([agent for agent, own in mapping.teams.items() if own == team])
    arrays = {"alive": mapping.alive, "leaves": mapping.leaves, "acting": mapping.acting}
    entries |= {key: array_text(array) for key, array in arrays.items() if array is not None}
    if mapping.dead_see_nothing is not None:
        entries["dead_see_nothing"] = str(mapping.dead_see_nothing).lower()
    return entries | ({"alive_values": _numbers(mapping.alive_values)} if mapping.alive_values else {})


def _table_entries(table: TableMapping) -> dict[str, str]:
    single = {"path": table.table, **table.single}
    lists = {"agents": table.agents, "episode": table.episode}
    told = {key: quoted_text(value) for key, value in single.items() if value is not None}
    told |= {key: list_text(value) for key, value in lists.items() if value}
    return told | ({"dead_see_nothing": "true"} if table.dead_see_nothing else {})


def _column_entries(field: TableField) -> dict[str, str]:
    entries = {"columns": list_text(field.columns)}
    if field.level is not Level.AGENT:
        entries["level"] = quoted_text(field.level)
    if field.is_late is not None:
        entries["late"] = str(field.is_late).lower()
    return entries | ({"values": list_text(field.values)} if field.values else {})


def _ring_entries(ring: RingMapping) -> dict[str, str]:
    marks = {"cursor": ring.cursor, "count": ring.count, "full": ring.full}
    told = {key: quoted_text(path) for key, path in marks.items() if path}
    numbers = {"rows": ring.rows, "first": ring.first}
    return told | {key: str(number) for key, number in numbers.items() if number is not None}


def _episode_entries(episodes: EpisodeMapping) -> dict[str, str]:
    arrays = {
        "list": episodes.array,
        "next": episodes.after,
        "lengths": episodes.lengths,
        "time": episodes.time,
        "terminated": episodes.terminated,
        "truncated": episodes.truncated,
        "ended": episodes.ended,
    }
    inline = {key: array_text(array) for key, array in arrays.items() if array is not None}
    return {"cut": quoted_text(episodes.cut), **inline}


def _field_entries(field: FieldMapping) -> dict[str, str]:
    said = {
        "next": quoted_text(field.next_path) if field.next_path else "",
        "one_hot": "" if field.is_one_hot is None else str(field.is_one_hot).lower(),
        "kind": "" if field.kind is None else quoted_text(field.kind),
        "late": "true" if field.is_late else "",
        "widths": _numbers(field.widths) if field.widths else "",
        "values": list_text(field.values) if field.values else "",
        "row_sum": "" if field.row_sum is RowSum.RENORMALISE else quoted_text(field.row_sum),
        "own_column": "" if field.own_column is OwnColumn.WEIGHT else quoted_text(field.own_column),
        "slots": "" if field.slots is None or field.slots.order is None else quoted_text(field.slots.order),
        "randomized": "true" if field.is_randomized else "",
    }
    return _array_entries(field.array) | {key: text for key, text in said.items() if text}


def _slot_entries(slots: SlotMapping | None) -> dict[str, str]:
    if slots is None or slots.order is not None:
        return {}
    entries = _array_entries(slots.array) if slots.array is not None else {}
    entries |= {f"agents.{key_text(agent)}": list_text(names) for agent, names in slots.agents.items()}
    return entries | _pair_entries(slots)


def _edge_entries(edges: EdgeMapping | None) -> dict[str, str]:
    if edges is None:
        return {}
    return {name: array_text(array) for name, array in edges.arrays()} | _pair_entries(edges)


def _pair_entries(pairs: SlotMapping | EdgeMapping) -> dict[str, str]:
    entries = {} if pairs.absent is None else {"absent": quoted_text(pairs.absent)}
    entries |= {"first": str(pairs.first)} if pairs.first else {}
    return entries | ({"empty": _numbers(pairs.empty)} if pairs.empty else {})


def _role_entries(roles: RoleMapping) -> dict[str, str]:
    entries = _array_entries(roles.array) if roles.array is not None else {}
    if roles.attribute:
        entries["attribute"] = quoted_text(roles.attribute)
    if roles.names:
        entries["names"] = list_text(roles.names)
    for agent, role in roles.of_agent.items():
        entries[f"of_agent.{key_text(agent)}"] = quoted_text(role)
    return entries


def _label_entries(label: LabelMapping) -> dict[str, str]:
    entries = _array_entries(label.array) if label.array is not None else {}
    told = {"attribute": label.attribute, "prefix": label.prefix}
    entries |= {key: quoted_text(text) for key, text in told.items() if text}
    return entries | ({"names": list_text(label.names)} if label.names else {})


def _array_entries(array: ArrayMapping) -> dict[str, str]:
    entries = {"path": quoted_text(array.path), "axes": list_text(array.axes)}
    entries |= {"negated": "true"} if array.is_negated else {}
    return entries | ({"take": _numbers(array.take)} if array.take else {})


def _numbers(numbers: Sequence[int]) -> str:
    return f"[{', '.join(str(number) for number in numbers)}]"
