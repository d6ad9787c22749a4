"""Axes of an array, by how its shape agrees with the layout of its file."""

from convscope.ingest.container import ArrayInfo
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import Meaning

_OF_PAIRS = frozenset({Meaning.ATTENTION, Meaning.GATE})
_OF_ENTITIES = frozenset({Meaning.POSITION, Meaning.ALIVE})


def axes_of(family: Family, layout: Layout, *, n_entities: int = 0) -> tuple[Axis, ...] | None:
    """Return the axes of a family's arrays; None where they have no row for each step.

    Parameters
    ----------
    family
        Datasets of one template.
    layout
        Of the file.
    n_entities
        Number of agents and other things together, where some array told it; 0 where none did.

    Returns
    -------
    tuple of Axis or None
        The declared ones, else the container's axes, then agents, pairs or entities, then one ``value`` for all that
        remain. An axis of agents and other things together is called ``entity``.
    """
    if family.declared:
        return family.declared
    info, sizes = _typical(family, layout)
    if sizes is None or not _fits(info.shape, sizes, layout):
        return None
    rest = info.shape[len(sizes) :]
    return (*layout.container, *_inner(family, rest, layout, n_entities=n_entities))


def lies_beside(family: Family, layout: Layout) -> bool:
    """Whether some group of arrays holds both the family and the reference."""
    return _typical(family, layout)[1] is not None


def static_axes(family: Family, layout: Layout) -> tuple[Axis, ...] | None:
    """Return the axes of an array that has no row for each step: (episode, agent) or (agent); None for any other."""
    info, sizes = _typical(family, layout)
    n_agents = layout.n_agents
    if info.shape == (n_agents,):
        return (Axis.AGENT,)
    if sizes is None or len(info.shape) != 2 or info.shape[1] != n_agents or Axis.ROW in layout.container:
        return (Axis.EPISODE, Axis.AGENT) if len(info.shape) == 2 and info.shape[1:] == (n_agents,) else None
    at = layout.container.index(Axis.EPISODE) if Axis.EPISODE in layout.container else None
    return (Axis.EPISODE, Axis.AGENT) if at is not None and info.shape[0] == sizes[at] else None


def entity_count(families: tuple[Family, ...], layout: Layout) -> int:
    """Return how many agents and other things together some array of positions or lives holds; 0 where none does."""
    for family in families:
        if family.meaning in _OF_ENTITIES and not family.is_next and Axis.AGENT not in family.axes:
            axes = axes_of(family, layout)
            if axes is not None and Axis.ENTITY in axes:
                return family.first.shape[axes.index(Axis.ENTITY)]
    return 0


def _typical(family: Family, layout: Layout) -> tuple[ArrayInfo, tuple[int, ...] | None]:
    """Return the first member that lies beside a reference, and the container's sizes there."""
    for info, values in family.members:
        sizes = layout.sizes(values)
        if sizes is not None:
            return info, sizes
    return family.first, None


def _fits(shape: tuple[int, ...], sizes: tuple[int, ...], layout: Layout) -> bool:
    if len(shape) < len(sizes):
        return False
    more = [1 if axis is Axis.TIME else 0 for axis in layout.container]
    return all(have in {want, want + one} for have, want, one in zip(shape, sizes, more, strict=False))


def _inner(family: Family, rest: tuple[int, ...], layout: Layout, *, n_entities: int) -> tuple[Axis, ...]:
    n_agents = layout.n_agents
    n_first = next(iter(rest), 0)
    if not rest or Axis.AGENT in family.axes:
        return (Axis.VALUE,) if rest else ()
    if family.meaning in _OF_PAIRS and rest[-2:] == (n_agents, n_agents):
        return (*(Axis.HEAD,) * (len(rest) - 2), Axis.RECEIVER, Axis.SENDER)
    values = (Axis.VALUE,) if len(rest) > 1 else ()
    if n_first == n_agents and _may_be_agents(family, rest, layout):
        return (Axis.AGENT, *values)
    is_crowd = (
        family.meaning in _OF_ENTITIES and n_first > n_agents and (len(rest) > 1 or family.meaning is Meaning.ALIVE)
    )
    if is_crowd or (n_entities and n_first == n_entities):
        return (Axis.ENTITY, *values)
    return (Axis.VALUE,)


def _may_be_agents(family: Family, rest: tuple[int, ...], layout: Layout) -> bool:
    # Two numbers are a point; and where each agent has arrays of its own, others are the world's, such as two pots.
    is_point = family.meaning is Meaning.POSITION and len(rest) == 1
    return not is_point and (layout.has_agent_axis or family.meaning is not None)
