"""Values that stand in the row after their step, as rewards beside the next observation do."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.container import ArrayReader
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import ACTIONS, ALL_REWARDS, Level
from convscope.values.header import Notice
from convscope_loaders.tidy.mapping import TidyField, TidyMapping
from convscope_loaders.tidy.places import Places, read_numbers
from convscope_loaders.tidy.table import TidyTable


@dataclass(frozen=True, slots=True, kw_only=True)
class LateTold:
    """A mapping that says of every field whether it is late, and why."""

    mapping: TidyMapping
    said: tuple[str, ...]
    notices: tuple[Notice, ...]


def tell_late(file: ArrayReader, table: TidyTable, length: IntArray) -> LateTold:
    """Tell from the rows whether values stand a row after their step, where the mapping leaves that open.

    Rewards that come with the observation after the last step do. Where first rows are empty, it may be: a notice.

    Parameters
    ----------
    file
        Open container.
    table
        Its episodes.
    length
        Steps of each episode; one that has a row more ends with an observation.
    """
    fields: list[TidyField] = []
    said: list[str] = []
    notices: list[Notice] = []
    for mapped in table.mapping.fields:
        found = _Sight.of(file, table, mapped, length=length) if mapped.is_late is None else None
        is_late = found is not None and found.come_with_last and not found.come_with_first
        name = mapped.columns[0].strip("/")
        if is_late:
            said.append(
                f"{name} stands in the row after the action that it came of: some come with the last observation, and "
                "none with the first"
            )
        elif found is not None and (found.come_with_last or found.lack_first):
            notices.append(_may_be_late(mapped, name, found))
        fields.append(mapped if found is None and mapped.is_late is not None else replace(mapped, is_late=is_late))
    mapping = replace(table.mapping, fields=tuple(fields))
    return LateTold(mapping=mapping, said=tuple(said), notices=tuple(notices))


def earlier(values: FloatArray, places: Places, *, level: Level) -> FloatArray:
    """Return for each row what the agent's next row in the episode holds; nothing for its last one.

    Parameters
    ----------
    values
        Of each row, shape (n, K).
    places
        Where each row goes.
    level
        ``TEAM`` where all rows of a timestep say the same.
    """
    cell = _cells(places, level)
    order = np.lexsort((places.step, cell))
    follows = np.append(cell[order][1:] == cell[order][:-1], False)[: len(order)]
    shifted = np.full_like(values, np.nan)
    if level is Level.AGENT:
        shifted[order[follows]] = values[order[np.flatnonzero(follows) + 1]]
        return shifted
    # Several rows of one timestep: the next timestep's first row that says something.
    known = np.flatnonzero(np.isfinite(values).any(axis=1))[::-1]
    said = np.full((int(places.rows.sum()) + 1, values.shape[1]), np.nan)
    said[places.row[known]] = values[known]
    is_last = places.step + 1 >= places.rows[places.episode]
    shifted[~is_last] = said[places.row[~is_last] + 1]
    return shifted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sight:
    """What the first and the last rows say."""

    come_with_last: bool
    """Whether some stand in rows after the last step, in which nobody acts."""
    come_with_first: bool
    """Whether some stand in first rows."""
    lack_first: bool
    """Whether no first row has any, not even zero, and every other row has one."""

    @classmethod
    def of(cls, file: ArrayReader, table: TidyTable, mapped: TidyField, *, length: IntArray) -> "_Sight":
        """Look at the rows of a field."""
        places = table.places
        values = read_numbers(file, mapped.columns[0])[places.taken]
        cell = _cells(places, mapped.level)
        first = np.full(int(cell.max(initial=0)) + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, cell, places.step)
        is_first = places.step == first[cell]
        is_after = places.step >= length[places.episode]
        is_known = np.isfinite(values)
        is_there = _is_there(file, table)
        holds = is_known & (values != 0)
        return cls(
            come_with_last=mapped.name in ALL_REWARDS and bool(holds[is_after].any()),
            come_with_first=bool(holds[is_first].any()),
            lack_first=not is_known[is_first].any()
            and bool((~is_first).any() and is_known[~is_first & is_there].all()),
        )


def _may_be_late(mapped: TidyField, name: str, found: _Sight) -> Notice:
    if found.come_with_last:
        what = f"{name} stands in rows in which nobody acts, after the last step, and in first rows"
    else:
        what = f"{name} is empty in the first row of every agent in every episode and nowhere else"
    if mapped.name == ACTIONS:
        doubt = "what stands beside an action is read as what was seen before it; if it is what the action led to"
    else:
        doubt = "each action is given the reward of its own row; if it came of the action of the row before"
    message = f"{what}: {doubt}, say late = true under [table.fields.{mapped.name}] in a mapping"
    return Notice(code="may-be-late", message=message, where=mapped.columns[0])


def _is_there(file: ArrayReader, table: TidyTable) -> BoolArray:
    if table.mapping.alive is None:
        return np.ones(len(table.places.taken), bool)
    return np.asarray(read_numbers(file, table.mapping.alive)[table.places.taken] > 0, dtype=np.bool_)


def _cells(places: Places, level: Level) -> IntArray:
    n_agents = int(places.agent.max(initial=0)) + 1
    return places.episode if level is Level.TEAM else places.episode * n_agents + places.agent
