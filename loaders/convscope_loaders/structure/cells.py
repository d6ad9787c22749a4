"""The groups of arrays of a file, one per run, checkpoint, condition and episode that its paths tell apart."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.mapping import Axis
from convscope.ingest.names import numbered_key
from convscope_loaders.structure.lexicon import stem_of
from convscope_loaders.structure.templates import PathValues, Template, matches

_OUTER = (Axis.RUN, Axis.CHECKPOINT, Axis.CONDITION, Axis.EPISODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The groups of arrays, in log order."""

    values: tuple[PathValues, ...]
    """Of the path's axes, but the agent's."""
    agents: tuple[str, ...]
    """What stands for each agent in a path; empty where no path names agents."""


def find_cells(
    inventory: Inventory, templates: Iterable[Template], agent_order: Sequence[str], *, is_choice: bool
) -> Cells:
    """Find the groups of arrays.

    Parameters
    ----------
    inventory
        What the file holds.
    templates
        Of the fields.
    agent_order
        Names of the agents in the order that the file gives elsewhere.
    is_choice
        Whether these are all the agents there are, whatever else lies beside their arrays.
    """
    outer: dict[tuple[str, ...], PathValues] = {}
    agents: dict[str, None] = {}
    for template in templates:
        for _, values in matches(template, inventory.datasets):
            cell = {axis: values[axis] for axis in _OUTER if axis in values}
            outer.setdefault(tuple(cell.get(axis, "") for axis in _OUTER), cell)
            if Axis.AGENT in values:
                agents.setdefault(values[Axis.AGENT])
    ordered = sorted(outer, key=_order(outer))
    known = [name for name in agent_order if name in agents]
    is_told = len(known) == len(agents) or (is_choice and 0 < len(known) == len(agent_order))
    parts = known if is_told else sorted(agents, key=numbered_key)
    return Cells(values=tuple(outer[key] for key in ordered), agents=tuple(parts))


def shape_of(inventory: Inventory, template: Template, values: Mapping[Axis, str]) -> ArrayInfo | None:
    """Return what the file holds in one place of a template; None where nothing."""
    return inventory.datasets.get(template.fill(values))


def _order(outer: Mapping[tuple[str, ...], PathValues]) -> "_Key":
    # Trials that are numbered through over all layouts happened in that order, whatever group they lie in.
    names = [key[3] for key in outer if key[3]]
    numbers = {stem_of(name)[1] for name in names}
    return _Key(is_numbered_through=bool(names) and "" not in numbers and len(numbers) == len(outer))


@dataclass(frozen=True, slots=True)
class _Key:
    is_numbered_through: bool

    def __call__(self, key: tuple[str, ...]) -> tuple[tuple[tuple[int, int, str, str], ...], ...]:
        run, checkpoint, condition, episode = (numbered_key(part) for part in key)
        if self.is_numbered_through:
            return run, checkpoint, numbered_key(stem_of(key[3])[1]), condition
        return run, checkpoint, condition, episode
