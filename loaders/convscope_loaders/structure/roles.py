"""Declared roles that are in the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, RoleMapping
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.header import Notice
from convscope_loaders.structure.labels import attribute_of, label_text
from convscope_loaders.structure.plan import RowPlan
from convscope_loaders.structure.segments import arranged, read_plain
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
    inventory: Inventory, file: ArrayReader, mapping: RoleMapping | None, *, plan: RowPlan, agents: Sequence[str]
) -> DeclaredRoles:
    """Read the declared roles.

    Parameters
    ----------
    inventory
        What the file holds.
    file
        Open file.
    mapping
        Where they are; None where the file declares none.
    plan
        Where the rows of each episode are.
    agents
        Names.

    Raises
    ------
    LogFormatError
        If an array of roles has fewer rows than there are episodes.
    """
    shape = (len(plan.length), len(agents))
    if mapping is None:
        return DeclaredRoles(names=(), codes=np.full(shape, -1))
    if mapping.of_agent:
        names = tuple(dict.fromkeys(mapping.of_agent[agent] for agent in agents if agent in mapping.of_agent))
        own = [names.index(mapping.of_agent[agent]) if agent in mapping.of_agent else -1 for agent in agents]
        return _declared(names, np.tile(np.array(own, dtype=np.int64), (shape[0], 1)), agents)
    reader = _Reader(inventory=inventory, file=file, plan=plan, code_of={})
    if mapping.array is None:
        codes = reader.attributes(mapping.attribute, shape)
        notices: tuple[Notice, ...] = ()
    else:
        codes, notices = reader.array(mapping.array, shape)
    if reader.code_of:
        return _declared(tuple(reader.code_of), codes, agents, notices=notices)
    return _named(codes, mapping.names, agents, notices=notices)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Reader:
    inventory: Inventory
    file: ArrayReader
    plan: RowPlan
    code_of: dict[str, int]
    """Codes of the texts that were met."""

    def attributes(self, attribute: str, shape: tuple[int, int]) -> IntArray:
        """Return codes of the roles in attributes, each group's or each agent's, shape (E, N)."""
        codes = np.full(shape, -1)
        has_own = Axis.AGENT in Template(text=attribute).axes
        for cell in range(len(self.plan.cells)):
            for agent in range(len(self.plan.agents)) if has_own else (None,):
                told = label_text(attribute_of(self.inventory, attribute, self.plan.values_of(cell, agent)))
                columns = slice(None) if agent is None else slice(agent, agent + 1)
                codes[self.plan.cell == cell, columns] = self._code(told or "")
        return codes

    def array(self, array: ArrayMapping, shape: tuple[int, int]) -> tuple[IntArray, tuple[Notice, ...]]:
        """Return codes of the roles in an array, as they are in it, shape (E, N)."""
        codes = np.full(shape, -1, dtype=np.int64)
        n_changing = 0
        has_own = Axis.AGENT in Template(text=array.path).axes
        for cell in range(len(self.plan.cells)):
            here = np.flatnonzero(self.plan.cell == cell)
            for agent in range(len(self.plan.agents)) if has_own else (None,):
                path = Template(text=array.path).fill(self.plan.values_of(cell, agent))
                if path not in self.inventory.datasets or not len(here):
                    continue
                whole = self._whole(path, array.axes)
                if Axis.EPISODE in array.axes and len(whole) <= _entries(self.plan, here).max():
                    raise LogFormatError(
                        f"{path} holds declared roles of {len(whole)} episodes, but there are more; leave it out with "
                        "[log] ignore in a mapping"
                    )
                first, last = _at_ends(whole, array.axes, self.plan, here=here, stream=self.plan.stream_of(agent))
                n_changing += int((first != last).any())
                columns = slice(None) if agent is None else slice(agent, agent + 1)
                codes[here, columns] = first.reshape(len(here), -1)
        return codes, (_changing(n_changing),) if n_changing else ()

    def _whole(self, path: str, axes: tuple[Axis, ...]) -> IntArray:
        info = self.inventory.datasets[path]
        if info.is_text:
            texts = self.file.read_text(path)
            numbers: FloatArray = np.array([self._code(text) for text in texts], dtype=np.float64).reshape(info.shape)
            numbers = arranged(numbers, axes, path)
        else:
            numbers = read_plain(self.file, ArrayMapping(path=path, axes=axes), {})
        return np.where(np.isfinite(numbers), numbers, -1).astype(np.int64)

    def _code(self, text: str) -> int:
        name = text.strip()
        return self.code_of.setdefault(name, len(self.code_of)) if name else -1


def _named(
    codes: IntArray, names: tuple[str, ...], agents: Sequence[str], *, notices: tuple[Notice, ...]
) -> DeclaredRoles:
    """Give codes of roles their names; what has none is called by its number."""
    known = np.unique(codes[codes >= 0])
    highest = int(known.max(initial=-1))
    if names and known.size and known.min() == 1 and highest == len(names):
        message = "codes of declared roles are counted from 1: the first name is that of code 1"
        shifted = (*notices, Notice(code="roles-from-1", message=message))
        return _declared(names, np.where(codes > 0, codes - 1, -1), agents, notices=shifted)
    called = tuple(names[code] if code < len(names) else f"role_{code}" for code in range(highest + 1))
    return _declared(names if highest < len(names) else called, codes, agents, notices=notices)


def _declared(
    names: tuple[str, ...], codes: IntArray, agents: Sequence[str], *, notices: tuple[Notice, ...] = ()
) -> DeclaredRoles:
    persists = not len(codes) or bool((codes == codes[:1]).all())
    first = codes[0].tolist() if persists and len(codes) else []
    of_agent = {agent: names[code] for agent, code in zip(agents, first, strict=False) if code >= 0}
    return DeclaredRoles(names=names, codes=codes, identities_persist=persists, of_agent=of_agent, notices=notices)


def _entries(plan: RowPlan, here: IntArray) -> IntArray:
    """Return the row of each episode in a list of episodes."""
    return plan.index[here] if plan.index[here].min() >= 0 else plan.ordinal[here]


def _at_ends(
    whole: IntArray, axes: tuple[Axis, ...], plan: RowPlan, *, here: IntArray, stream: int
) -> tuple[IntArray, IntArray]:
    start, count = plan.start[here, stream], plan.count[here, stream]
    last = np.maximum(start + count - 1, 0)
    if Axis.ROW in axes or (Axis.TIME in axes and Axis.EPISODE not in axes):
        return whole[start], whole[last]
    if Axis.TIME in axes:
        return whole[plan.index[here], start], whole[plan.index[here], last]
    if Axis.EPISODE in axes:
        return whole[_entries(plan, here)], whole[_entries(plan, here)]
    same = np.broadcast_to(whole, (len(here), *whole.shape))
    return same, same


def _changing(n_cells: int) -> Notice:
    return Notice(
        code="roles-change",
        message=f"declared roles change within episodes in {n_cells} groups; the role of the first step counts",
    )
