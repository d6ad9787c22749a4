"""Axes of an array, by how its shape agrees with the layout of its file."""

from collections.abc import Sequence

from convscope.ingest.mapping import Axis
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.layout import Layout, Sizes
from convscope_loaders.structure.lexicon import Meaning

_OF_PAIRS = frozenset({Meaning.ATTENTION, Meaning.GATE})
_OF_ENTITIES = frozenset({Meaning.POSITION, Meaning.ALIVE})
_MAX_MEMBERS = 128
_POINT = (2, 3)
"""So many numbers without a name that tells may be a place in space, not one number of each agent."""


def fits(family: Family, layout: Layout, lead: tuple[Axis, ...]) -> bool:
    """Whether arrays of a family are led by these axes, in at least half of the groups that hold the reference too."""
    # Thousands of episodes say what some of them say; the reading checks each one.
    members = family.members[:: 1 + len(family.members) // _MAX_MEMBERS]
    beside = [(info.shape, sizes) for info, values in members if (sizes := layout.sizes(values))]
    n_fitting = sum(any(_agrees(shape, lead, one) for one in sizes) for shape, sizes in beside)
    return len(family.first.shape) >= len(lead) and bool(beside) and 2 * n_fitting >= len(beside)


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
        The declared ones, else those of the container and of agents, pairs or entities, then one ``value`` for all
        that remain. An axis of agents and other things together is called ``entity``.
    """
    if family.declared:
        return family.declared
    lead, shape = layout.lead(family), family.first.shape
    pairs = _pairs(family, layout)
    if pairs is not None:
        return pairs
    if lead == layout.container:
        return _whole(lead, shape) if fits(family, layout, lead) else None
    if fits(family, layout, lead) and _may_be_agents(family, layout):
        return _whole(lead, shape)
    crowd = _crowd(family, layout, n_entities=n_entities)
    if crowd is not None:
        return crowd
    is_of_group = Axis.AGENT in family.axes
    return _whole(layout.container, shape) if fits(family, layout, layout.container) and not is_of_group else None


def is_unslotted(family: Family, axes: tuple[Axis, ...], layout: Layout) -> bool:
    """Whether an array has an axis of agents and nothing tells which entry of it is whose."""
    of_pairs = {Axis.SENDER, Axis.SLOT} & set(axes)
    on_axis = of_pairs | ({Axis.AGENT, Axis.ENTITY} & set(axes))
    return bool(on_axis) and (Axis.AGENT not in family.axes or bool(of_pairs)) and not layout.knows_slots


def lies_beside(family: Family, layout: Layout) -> bool:
    """Whether some group of arrays holds both the family and the reference."""
    return any(layout.sizes(values) for _, values in family.members)


def static_axes(family: Family, layout: Layout) -> tuple[Axis, ...] | None:
    """Return the axes of an array that has no row for each step: (episode, agent) or (agent); None for any other."""
    shape = family.first.shape
    if shape == (layout.n_agents,):
        return (Axis.AGENT,)
    if len(shape) != 2 or shape[1] != layout.n_agents:
        return None
    sizes = [one for _, values in family.members for one in layout.sizes(values) if Axis.EPISODE in one]
    return (Axis.EPISODE, Axis.AGENT) if all(one[Axis.EPISODE] == shape[0] for one in sizes) else None


def entity_count(families: Sequence[Family], layout: Layout) -> int:
    """Return how many agents and other things together some array of positions or lives holds; 0 where none does."""
    for family in families:
        if family.meaning in _OF_ENTITIES and not family.is_next and Axis.AGENT not in family.axes:
            axes = axes_of(family, layout)
            if axes is not None and Axis.ENTITY in axes:
                return family.first.shape[axes.index(Axis.ENTITY)]
    return 0


def _agrees(shape: tuple[int, ...], lead: tuple[Axis, ...], sizes: Sizes) -> bool:
    if len(shape) < len(lead):
        return False
    # On a time axis one row more is the final observation.
    return all(
        have - sizes.get(axis, have) in ({0, 1} if axis is Axis.TIME else {0})
        for have, axis in zip(shape, lead, strict=False)
    )


def _whole(lead: tuple[Axis, ...], shape: tuple[int, ...]) -> tuple[Axis, ...]:
    return (*lead, Axis.VALUE) if len(shape) > len(lead) else lead


def _may_be_agents(family: Family, layout: Layout) -> bool:
    has_values = len(family.first.shape) > len(layout.order)
    if Axis.AGENT in family.axes:
        return True
    if family.meaning is None:
        # Where each agent has arrays of its own, others are the world's, such as two pots.
        return layout.has_agent_axis and (has_values or layout.n_agents not in _POINT)
    return has_values or family.meaning not in {Meaning.POSITION, Meaning.STATE}


def _pairs(family: Family, layout: Layout) -> tuple[Axis, ...] | None:
    """Return the axes of weights between agents: of all of them, or of the one that a path names."""
    container, rest = layout.container, family.first.shape[len(layout.container) :]
    is_own = Axis.AGENT in family.axes
    if family.meaning not in _OF_PAIRS or layout.order[-1] is not Axis.AGENT or not fits(family, layout, container):
        return None
    # With as many heads as agents, heads come first.
    places = [place for place, size in enumerate(rest) if size == layout.n_agents][-1 if is_own else -2 :]
    if len(places) != (1 if is_own else 2):
        return _slots(container, rest, n_agents=layout.n_agents, is_own=is_own)
    named = (Axis.SENDER,) if is_own else (Axis.RECEIVER, Axis.SENDER)
    return (*container, *(dict(zip(places, named, strict=True)).get(at, Axis.HEAD) for at in range(len(rest))))


def _slots(
    container: tuple[Axis, ...], rest: tuple[int, ...], *, n_agents: int, is_own: bool
) -> tuple[Axis, ...] | None:
    """Return the axes of weights that have one column less than there are agents."""
    agents = [place for place, size in enumerate(rest[:-1]) if size == n_agents]
    if rest[-1:] != (n_agents - 1,) or n_agents < 3 or (not is_own and not agents):
        return None
    named = {len(rest) - 1: Axis.SLOT} | ({} if is_own else {agents[-1]: Axis.RECEIVER})
    return (*container, *(named.get(at, Axis.HEAD) for at in range(len(rest))))


def _crowd(family: Family, layout: Layout, *, n_entities: int) -> tuple[Axis, ...] | None:
    """Return the axes of an array of agents and other things together."""
    lead = tuple(Axis.ENTITY if axis is Axis.AGENT else axis for axis in layout.order)
    shape = family.first.shape
    if not fits(family, layout, lead):
        return None
    n_things = shape[lead.index(Axis.ENTITY)]
    is_told = family.meaning in _OF_ENTITIES and (len(shape) > len(lead) or family.meaning is Meaning.ALIVE)
    is_crowd = (is_told and n_things > layout.n_agents) or (n_entities and n_things == n_entities)
    return _whole(lead, shape) if is_crowd else None
