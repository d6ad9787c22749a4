"""Ways in which the arrays of a file may be laid out, before any of them is looked into."""

from collections import defaultdict

from convscope.ingest.mapping import Axis
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.layout import Layout, make_layout
from convscope_loaders.structure.lexicon import stem_of

_E, _T, _R, _A = Axis.EPISODE, Axis.TIME, Axis.ROW, Axis.AGENT
_STREAMS = ((_R, _A), (_A, _R))
_BLOCKS = ((_E, _T, _A), (_T, _E, _A), (_E, _A, _T), (_A, _E, _T), (_T, _A, _E), (_A, _T, _E))
_EPISODES = ((_T, _A), (_A, _T))


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


def _has_one_team(layout: Layout) -> bool:
    """Whether every group of arrays has as many agents."""
    counts: dict[str | None, set[int]] = defaultdict(set)
    for group in layout.sizes_of.values():
        for agent, sizes in group:
            counts[agent].add(sizes.get(Axis.AGENT, 1))
    return all(len(found) == 1 and 0 not in found for found in counts.values())
