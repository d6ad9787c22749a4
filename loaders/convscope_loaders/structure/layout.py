"""Which axes of a file's arrays are episodes, timesteps and agents."""

from collections.abc import Sequence
from dataclasses import dataclass

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.axis_search import AxisSearch
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.plan import CONTAINER_AXES
from convscope_loaders.structure.templates import PathValues

_OUTER = (Axis.RUN, Axis.CHECKPOINT, Axis.CONDITION, Axis.EPISODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How arrays are laid out."""

    container: tuple[Axis, ...]
    """Axes that lead to a row: (time), (row), (episode, time) or (time, episode)."""
    reference: Family
    """The actions, else what comes nearest."""
    n_agents: int
    has_agent_axis: bool
    """Whether the reference has agents on the axis after the container's."""
    assumptions: tuple[str, ...]

    def sizes(self, values: PathValues) -> tuple[int, ...] | None:
        """Return the container's sizes in one group of arrays; None where the reference is not there."""
        key = _cell(values)
        for info, other in self.reference.members:
            mine, theirs = values.get(Axis.AGENT), other.get(Axis.AGENT)
            if _cell(other) == key and (mine is None or theirs is None or mine == theirs):
                axes = self.reference.declared or self.container
                return tuple(info.shape[axes.index(axis)] for axis in self.container)
        return None


def find_layout(families: Sequence[Family], names: Sequence[str], sampler: Sampler, *, place: str) -> Layout:
    """Find the layout.

    Parameters
    ----------
    families
        All datasets but those that repeat the next step.
    names
        Of the agents, where the file lists them.
    sampler
        Reads what the evidence needs.
    place
        The file, for errors.

    Raises
    ------
    AmbiguousLogError
        If the file can be read in more than one way.
    LogFormatError
        If nothing in it looks like steps of agents.
    """
    reference = _reference(families, place)
    agents = {values[Axis.AGENT] for family in families for _, values in family.members if Axis.AGENT in values}
    n_named = len(agents) or len(names)
    search = AxisSearch(families=families, reference=reference, n_named=n_named, sampler=sampler, place=place)
    n_container, n_agents = search.container_rank()
    has_own = Axis.AGENT in reference.axes
    if Axis.EPISODE in reference.axes:
        container: tuple[Axis, ...] = (Axis.TIME,)
        said: tuple[str, ...] = ()
    elif n_container == 1:
        container, said = (Axis.ROW,), ()
    else:
        container, said = search.order()
    return Layout(
        container=container, reference=reference, n_agents=n_agents, has_agent_axis=not has_own, assumptions=said
    )


def declared_layout(families: Sequence[Family], n_named: int) -> Layout | None:
    """Return the layout that declared fields show, the first of them being the reference; None without any.

    Parameters
    ----------
    families
        Of the declared fields, the actions first, with their axes declared.
    n_named
        Number of agents that the mapping names.
    """
    for family in families:
        axes = family.declared
        container = tuple(axis for axis in axes if axis in CONTAINER_AXES)
        if not container:
            continue
        agents = {values[Axis.AGENT] for _, values in family.members if Axis.AGENT in values}
        in_array = family.first.shape[axes.index(Axis.AGENT)] if Axis.AGENT in axes else 0
        return Layout(
            container=container,
            reference=family,
            n_agents=len(agents) or n_named or in_array,
            has_agent_axis=Axis.AGENT in axes,
            assumptions=(),
        )
    return None


def _reference(families: Sequence[Family], place: str) -> Family:
    current = [family for family in families if not family.is_next]
    found = pick(current, Meaning.ACTION, Meaning.ACTION_ONE_HOT, Meaning.OBSERVATION, Meaning.POSITION)
    if found is None:
        listed = ", ".join(family.template.text for family in families[:8])
        raise LogFormatError(
            f"{place} holds no actions, observations or positions by name; found {listed or 'nothing'}"
        )
    alike = [f.template.text for f in current if f.meaning is found.meaning is Meaning.ACTION and not f.first.is_text]
    if len(alike) > 1:
        raise AmbiguousLogError(
            f"{place} has several arrays of actions: {', '.join(alike[:4])}; declare in a mapping which are meant"
        )
    return found


def _cell(values: PathValues) -> tuple[str | None, ...]:
    return tuple(values.get(axis) for axis in _OUTER)
