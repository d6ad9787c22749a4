"""Logs of frameworks that know one agent, into which people write a team: its columns side by side in one array."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from convscope.errors import AmbiguousLogError
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping, LogMapping
from convscope.ingest.mapping_text import mapping_text
from convscope.values.fields import ACTIONS, OBSERVATIONS, STATE
from convscope.values.header import Notice
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.readings import ambiguous

ONE_AGENT = Notice(
    code="one-agent",
    message="the log has one agent: there is nobody to attend to, and no team in which to tell roles apart",
)
"""What every loader says of a log that is read as one agent's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSteps:
    """Actions, and what was observed, with all columns of a step in one axis."""

    lead: tuple[Axis, ...]
    """Axes that lead to a step: ``row``, ``time``, or ``episode`` and ``time``."""
    actions: str
    """Path."""
    n_actions: int
    """Columns."""
    observations: str = ""
    """Path; empty where nothing is observed in such an array."""
    n_observed: int = 0
    """Columns."""
    next_observations: str = ""
    """Path of what is observed after each step; empty where there is none."""


def joint_mapping(steps: JointSteps, agents: Sequence[str]) -> LogMapping:
    """Return the mapping that divides the columns among agents, evenly.

    Observations that cannot be divided so are the state that all share.
    """
    is_divided = steps.n_observed % len(agents) == 0
    fields = [_actions(steps)]
    if steps.observations:
        inner = Axis.AGENT_VALUE if is_divided else Axis.VALUE
        observed = FieldMapping(
            name=OBSERVATIONS if is_divided else STATE,
            array=ArrayMapping(path=steps.observations, axes=(*steps.lead, inner)),
            next_path=steps.next_observations,
        )
        fields.append(observed)
    return LogMapping(agents=tuple(agents), fields=tuple(fields))


def read_joint(
    steps: JointSteps, *, declared: LogMapping | None, listed: tuple[Sequence[str], str], place: str
) -> Reading:
    """Read columns as one agent's or a team's, as far as something tells.

    Parameters
    ----------
    steps
        The arrays.
    declared
        What the user declares; names of agents, and of columns where there are several kinds of agents.
    listed
        Names of agents in the file, and where they stand; empty where it lists none.
    place
        The log, for errors.

    Raises
    ------
    AmbiguousLogError
        If several columns of actions may be one agent's or several agents', or the named agents cannot share them.
    """
    own = declared.agents if declared is not None else ()
    agents = tuple(own or listed[0])
    if _declares_actions(declared):
        return _reading(steps, agents or ("agent_0",), ())
    if not agents and steps.n_actions > 1:
        raise side_by_side(steps, slots(steps.n_actions), place=place)
    if not agents:
        said = f"{steps.actions} has one column: the log is one agent's, which is called agent_0"
        return _reading(steps, ("agent_0",), (said,))
    if steps.n_actions % len(agents):
        raise AmbiguousLogError(
            f"{place}: {steps.actions} has {steps.n_actions} columns, which {len(agents)} agents cannot share evenly; "
            "give the number of each agent's columns as widths of [fields.actions] in a mapping"
        )
    named = () if own else (f"agents are named as in {listed[1]}",)
    return _reading(steps, agents, (*named, _on_columns(steps, len(agents))))


def read_team(
    steps: JointSteps, names: Sequence[str], *, widths: Sequence[int], declared: LogMapping | None, place: str
) -> Reading:
    """Divide joint actions among agents that have observations of their own.

    Parameters
    ----------
    steps
        The actions.
    names
        Of the agents.
    widths
        Columns that each of them observes: agents that observe as much as each other act alike.
    declared
        What the user declares; names of agents, and of columns where there are several kinds of agents.
    place
        The log, for errors.

    Raises
    ------
    AmbiguousLogError
        If the columns can be divided in several ways, or in none.
    """
    agents = (declared.agents if declared is not None else ()) or tuple(names)
    n_agents, n_columns = len(agents), steps.n_actions
    is_even = n_columns % n_agents == 0 and len(set(widths)) == 1
    if not _declares_actions(declared) and n_columns != n_agents and not is_even:
        raise _several_ways(steps, agents, widths, place=place)
    return Reading(
        mapping=LogMapping(agents=tuple(agents), fields=(_actions(steps),)),
        assumptions=() if _declares_actions(declared) else (_on_columns(steps, n_agents),),
        notices=(ONE_AGENT,) if n_agents == 1 else (),
    )


def _several_ways(steps: JointSteps, agents: Sequence[str], widths: Sequence[int], *, place: str) -> AmbiguousLogError:
    n_agents, n_columns = len(agents), steps.n_actions
    observed = ", ".join(f"{name} ({width})" for name, width in list(zip(agents, widths, strict=False))[:6])
    where = f"{place}: {steps.actions} has {n_columns} columns for {n_agents} agents with observations of their own"
    if n_columns < n_agents:
        return AmbiguousLogError(f"{where}, {observed}: too few to tell the actions of each")
    parts = [n_columns // n_agents + (slot < n_columns % n_agents) for slot in range(n_agents)]
    field = replace(_actions(steps), widths=tuple(parts))
    mapping = mapping_text(LogMapping(agents=tuple(agents), fields=(field,)))
    message = (
        f"{where}, {observed}: nothing tells how many are each agent's.\n"
        f"Give this mapping with --mapping, with the number of each one's columns as widths.\n{mapping}"
    )
    return AmbiguousLogError(message, mapping)


def _declares_actions(declared: LogMapping | None) -> bool:
    return declared is not None and any(field.name == ACTIONS for field in declared.fields)


def _actions(steps: JointSteps) -> FieldMapping:
    return FieldMapping(name=ACTIONS, array=ArrayMapping(path=steps.actions, axes=(*steps.lead, Axis.AGENT_VALUE)))


def _on_columns(steps: JointSteps, n_agents: int) -> str:
    n_each = steps.n_actions // n_agents
    if n_agents == 1:
        return f"all columns of {steps.actions} are the one agent's"
    return f"{n_each} column{'s' if n_each > 1 else ''} of {steps.actions} for each agent, in their order"


def _reading(steps: JointSteps, agents: Sequence[str], said: tuple[str, ...]) -> Reading:
    uneven = f"the columns of {steps.observations} cannot be shared evenly: they are the state that all share"
    is_uneven = bool(steps.observations) and steps.n_observed % len(agents) > 0
    return Reading(
        mapping=joint_mapping(steps, agents),
        assumptions=(*said, uneven) if is_uneven else said,
        notices=(ONE_AGENT,) if len(agents) == 1 else (),
    )


def side_by_side(steps: JointSteps, agents: Sequence[str], *, place: str, what: str = "") -> AmbiguousLogError:
    """Return the error for columns that may be one agent's or several agents'.

    Parameters
    ----------
    steps
        The arrays.
    agents
        Names of the agents, if they are several, who share the columns of the actions evenly.
    place
        The log, for errors.
    what
        The arrays with their shapes; made from their columns where left out.
    """
    beside = f" and {steps.observations} with {steps.n_observed}" if steps.observations else ""
    readings, changes = _readings_of_columns(steps, len(agents))
    return ambiguous(
        place,
        what or f"{steps.actions} with {steps.n_actions} columns{beside}",
        readings,
        mapping=joint_mapping(steps, agents),
        changes=changes,
    )


def _readings_of_columns(steps: JointSteps, n_agents: int) -> tuple[list[str], list[str]]:
    """Return what the columns may be, and how the mapping of the first reading becomes that of each other one."""
    each = steps.n_actions // n_agents
    team = f"{n_agents} agents with {'one action' if each == 1 else f'{each} action columns'} each"
    is_divided = bool(steps.observations) and steps.n_observed % n_agents == 0
    whole = f"{team}, who all see the whole of the observations"
    alone = f"one agent with {steps.n_actions} action columns: then there is no team with roles or routing"
    to_one = 'names = ["agent_0"]'
    if not steps.observations:
        return [team, alone], [f"reading 2: {to_one}"]
    if not is_divided:
        return [whole, alone], [f"reading 2: {to_one}, and [fields.{OBSERVATIONS}] instead of [fields.{STATE}]"]
    axes = ", ".join(f'"{axis}"' for axis in (*steps.lead, Axis.VALUE))
    to_state = f"[fields.{STATE}] instead of [fields.{OBSERVATIONS}], with axes = [{axes}]"
    divided = f"{team}, every agent's columns side by side in the observations as well"
    return [divided, whole, alone], [f"reading 2: {to_state}", f"reading 3: {to_one}"]


def slots(n_agents: int) -> tuple[str, ...]:
    """Return names for agents that have none."""
    return tuple(f"agent_{slot}" for slot in range(n_agents))
