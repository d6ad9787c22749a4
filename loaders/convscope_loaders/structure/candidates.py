"""Ways in which the arrays of a file may be laid out, before any of them is looked into."""

from collections import defaultdict
from collections.abc import Sequence
from math import prod

from convscope.ingest.mapping import Axis
from convscope_loaders.structure.evidence import Sampler, is_one_hot
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.layout import Layout, make_layout
from convscope_loaders.structure.lexicon import Meaning, stem_of

_E, _T, _R, _A = Axis.EPISODE, Axis.TIME, Axis.ROW, Axis.AGENT
_STREAMS = ((_R, _A), (_A, _R))
_BLOCKS = ((_E, _T, _A), (_T, _E, _A), (_E, _A, _T), (_A, _E, _T), (_T, _A, _E), (_A, _T, _E))
_EPISODES = ((_T, _A), (_A, _T))


_ALL = 4
"""Axes of arrays that have one for runs, episodes, timesteps and agents each."""
_NUMBERS = frozenset({Meaning.REWARD, Meaning.DONE, Meaning.TERMINATED, Meaning.TRUNCATED, Meaning.ALIVE})


def candidates(reference: Family) -> list[Layout]:
    """Return every layout that the number of the reference's axes allows, the most customary first.

    Parameters
    ----------
    reference
        The actions, else what comes nearest. Where its paths name agents, its arrays may hold one of them or a group.
    """
    names = {values.get(Axis.AGENT, "") for _, values in reference.members}
    # What has a number is one of several alike: an agent, not a group of agents.
    may_be_groups = not all(stem_of(name)[1] for name in names)
    orders = _EPISODES if Axis.EPISODE in reference.axes else (*_BLOCKS, *_STREAMS)
    if Axis.AGENT in reference.axes:
        last = [order for order in orders if order[-1] is Axis.AGENT]
        pairs = [(order, lead) for order in last for lead in ((order[:-1], order) if may_be_groups else (order[:-1],))]
    else:
        pairs = [(order, order) for order in orders]
    found = (make_layout(order, reference, lead=lead) for order, lead in pairs)
    return [layout for layout in found if layout is not None and _has_one_team(layout)]


def has_outer_axis(reference: Family, families: Sequence[Family], sampler: Sampler) -> bool:
    """Whether other arrays share four axes with the actions: then one of them counts runs, or there are components.

    A reward or an end flag of each component is not to be thought of; an observation may have as many rows as an action
    has components.
    """
    shape, is_own = reference.first.shape, {Axis.AGENT, Axis.EPISODE, Axis.RUN} & set(reference.axes)
    if is_own or reference.meaning is not Meaning.ACTION or len(shape) < _ALL or shape[-1] == 1:
        return False
    others = [one for one in families if one is not reference and one.first.shape[:_ALL] == shape[:_ALL]]
    if any(one.meaning in _NUMBERS and prod(one.first.shape[_ALL:]) == 1 for one in others):
        return True
    is_observed = any(one.meaning is Meaning.OBSERVATION and one.rank > _ALL for one in others)
    return is_observed and not is_one_hot(sampler.part(reference.first.path))


def with_agents_last(reference: Family, families: Sequence[Family]) -> Family | None:
    """Return observations that count on their last axis what the actions count on theirs, with values before it."""
    shape = reference.first.shape
    if len(shape) < 2 or shape[-1] == 1:
        return None
    for family in families:
        *lead, inner, last = (0, 0, *family.first.shape)
        is_observed = family.meaning is Meaning.OBSERVATION and not family.is_next
        if is_observed and tuple(lead) == (0, 0, *shape[:-1]) and last == shape[-1] != inner:
            return family
    return None


def _has_one_team(layout: Layout) -> bool:
    """Whether every group of arrays has as many agents."""
    counts: dict[str | None, set[int]] = defaultdict(set)
    for group in layout.sizes_of.values():
        for agent, sizes in group:
            counts[agent].add(sizes.get(Axis.AGENT, 1))
    return all(len(found) == 1 and 0 not in found for found in counts.values())
