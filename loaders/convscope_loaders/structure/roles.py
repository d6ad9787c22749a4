"""Declared roles that are in the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import Axis, RoleMapping
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.header import Notice
from convscope_loaders.structure.plan import RowPlan
from convscope_loaders.structure.segments import read_plain
from convscope_loaders.structure.templates import Template


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeclaredRoles:
    """Roles as the log's header and episode table hold them."""

    names: tuple[str, ...]
    codes: IntArray
    """Index into ``names`` of each agent, -1 for none, shape (E, N)."""
    identities_persist: bool = True
    """False where an agent's role differs between episodes."""
    of_agent: Mapping[str, str] = field(default_factory=dict[str, str])
    """Role of each agent where it is the same in all episodes."""
    notices: tuple[Notice, ...] = ()


def read_roles(
    file: ArrayReader, mapping: RoleMapping | None, plan: RowPlan, *, agents: Sequence[str]
) -> DeclaredRoles:
    """Read the declared roles.

    Parameters
    ----------
    file
        Open file.
    mapping
        Where they are; None where the file declares none.
    plan
        Where the rows of each episode are.
    agents
        Names.
    """
    shape = (len(plan.length), len(agents))
    if mapping is None:
        return DeclaredRoles(names=(), codes=np.full(shape, -1))
    if mapping.of_agent:
        names = tuple(dict.fromkeys(mapping.of_agent[agent] for agent in agents if agent in mapping.of_agent))
        own = [names.index(mapping.of_agent[agent]) if agent in mapping.of_agent else -1 for agent in agents]
        return _declared(names, np.tile(np.array(own, dtype=np.int64), (shape[0], 1)), agents)
    numbers, n_changing = _numbers(file, mapping, plan, shape=shape)
    known = np.unique(numbers[numbers >= 0])
    names = mapping.names or tuple(f"role_{code}" for code in range(int(known.max(initial=-1)) + 1))
    codes = np.where(numbers < len(names), numbers, -1)
    notices = (_changing(n_changing),) if n_changing else ()
    return _declared(names, codes, agents, notices=notices)


def _declared(
    names: tuple[str, ...], codes: IntArray, agents: Sequence[str], *, notices: tuple[Notice, ...] = ()
) -> DeclaredRoles:
    persists = not len(codes) or bool((codes == codes[:1]).all())
    first = codes[0].tolist() if persists and len(codes) else []
    of_agent = {agent: names[code] for agent, code in zip(agents, first, strict=False) if code >= 0}
    return DeclaredRoles(names=names, codes=codes, identities_persist=persists, of_agent=of_agent, notices=notices)


def _numbers(file: ArrayReader, mapping: RoleMapping, plan: RowPlan, *, shape: tuple[int, int]) -> tuple[IntArray, int]:
    array = mapping.array
    if array is None:
        return np.full(shape, -1), 0
    numbers = np.full(shape, -1, dtype=np.int64)
    n_changing = 0
    has_own = Axis.AGENT in Template(text=array.path).axes
    for cell in range(len(plan.cells)):
        here = np.flatnonzero(plan.cell == cell)
        for agent in range(len(plan.agents)) if has_own else (None,):
            codes = read_plain(file, array, plan.values_of(cell, agent))
            first, last = _at_ends(codes, array.axes, plan, here=here, stream=plan.stream_of(agent))
            n_changing += int((first != last).any())
            columns = slice(None) if agent is None else slice(agent, agent + 1)
            numbers[here, columns] = first.reshape(len(here), -1)
    return numbers, n_changing


def _at_ends(
    codes: FloatArray, axes: tuple[Axis, ...], plan: RowPlan, *, here: IntArray, stream: int
) -> tuple[IntArray, IntArray]:
    whole = np.where(np.isfinite(codes), codes, -1).astype(np.int64)
    start, count = plan.start[here, stream], plan.count[here, stream]
    if Axis.ROW in axes or (Axis.TIME in axes and Axis.EPISODE not in axes):
        return whole[start], whole[start + count - 1]
    if Axis.TIME in axes:
        return whole[plan.index[here], start], whole[plan.index[here], start + count - 1]
    if Axis.EPISODE in axes:
        index = plan.index[here] if plan.index[here].min(initial=0) >= 0 else np.arange(len(here))
        return whole[index], whole[index]
    same = np.broadcast_to(whole, (len(here), *whole.shape))
    return same, same


def _changing(n_cells: int) -> Notice:
    return Notice(
        code="roles-change",
        message=f"declared roles change within episodes in {n_cells} groups; the role of the first step counts",
    )
