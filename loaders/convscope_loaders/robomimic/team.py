"""Who acts in a robomimic file: agents with observations of their own, robots with keys of their own, or one."""

from collections.abc import Sequence
from dataclasses import dataclass

from convscope.ingest.container import Container
from convscope.ingest.mapping import ArrayMapping, Axis, FieldMapping
from convscope.values.fields import OBSERVATIONS, POSITIONS
from convscope_loaders.robomimic.demos import DEMO, Demos
from convscope_loaders.robomimic.robots import EFFECTORS, NEXT_ROBOTS, ROBOTS, has_effectors, robot_keys, with_robots
from convscope_loaders.structure.lexicon import axis_of_stem, stem_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Agents that the observations tell apart."""

    names: tuple[str, ...]
    widths: tuple[int, ...]
    """Columns that each of them observes."""
    container: Container
    fields: tuple[FieldMapping, ...]
    """Observations, and positions where there are any."""
    said: str
    """How they are told apart."""
    ignore: tuple[str, ...] = ()
    """Arrays that are part of their observations."""


def find_team(container: Container, demos: Demos, listed: Sequence[str]) -> Team | None:
    """Return the agents; None where the keys of the observations tell none apart.

    Parameters
    ----------
    container
        The file's arrays.
    demos
        What the demonstrations hold.
    listed
        Names of agents in the file; empty where it lists none.
    """
    own = _agent_keys(demos, listed)
    if own:
        path = "{agent}" if set(own) == set(demos.observations) else f"{_prefix(own)}{{agent}}"
        following = f"{DEMO}/next_obs/{path}" if demos.has_next else ""
        return Team(
            names=own,
            widths=tuple(demos.width(key) for key in own),
            container=container,
            fields=(_of_agents(OBSERVATIONS, f"{DEMO}/obs/{path}", following),),
            said=f"{', '.join(own[:6])} are the agents, because observations are kept under these keys",
        )
    keys = robot_keys(demos)
    if not keys or demos.n_robots not in {0, len(keys)}:
        return None
    fields = [
        _of_agents(
            OBSERVATIONS,
            f"{DEMO}/{ROBOTS}/robot{{agent}}",
            f"{DEMO}/{NEXT_ROBOTS}/robot{{agent}}" if demos.has_next else "",
        )
    ]
    if has_effectors(keys):
        fields.append(_of_agents(POSITIONS, f"{DEMO}/{EFFECTORS}/robot{{agent}}", ""))
    return Team(
        names=tuple(keys),
        widths=tuple(demos.width(*own) for own in keys.values()),
        container=with_robots(container, demos, keys),
        fields=tuple(fields),
        said="each robot is an agent: it observes all its keys but images, and its hand is its position",
        ignore=tuple(f"{DEMO}/obs/{key}" for own in keys.values() for key in own),
    )


def _agent_keys(demos: Demos, listed: Sequence[str]) -> tuple[str, ...]:
    """Return the keys that name agents, at least two: those the file lists, or one word with numbers."""
    if len(listed) > 1 and set(listed) == set(demos.observations):
        return tuple(listed)
    stems = {key: stem_of(key) for key in demos.observations}
    found = [key for key, (stem, number) in stems.items() if number and axis_of_stem(stem) is Axis.AGENT]
    is_one_word = len({stems[key][0] for key in found}) == 1
    return tuple(found) if len(found) > 1 and is_one_word else ()


def _prefix(keys: Sequence[str]) -> str:
    return keys[0][: len(keys[0]) - len(stem_of(keys[0])[1])]


def _of_agents(name: str, path: str, next_path: str) -> FieldMapping:
    return FieldMapping(name=name, array=ArrayMapping(path=path, axes=(Axis.TIME, Axis.VALUE)), next_path=next_path)
