"""Version 2 of d3rlpy's data sets: arrays at the root with the episode's number behind their names.

Observations are one array an episode (``observations_3``) or, where they are a tuple, one for each part
(``observations_3_0``). People write a team's observations as such parts; others one agent's pictures and numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from convscope.ingest.container import ArrayInfo, ArrayReader, Container, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.values.fields import INFO, OBSERVATIONS, REWARDS, TEAM_REWARDS
from convscope.values.header import Notice
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.joint import JointSteps, read_joint, read_team
from convscope_loaders.structure.readings import ambiguous

_COUNT = "/num_episodes"
_OWN = ("observations", "actions", "rewards", "terminated")
_PARTS = "/observations_{episode}_{agent}"
_SAID = (
    "terminated is false where an episode ran out of time and where its writer clipped it: how such an episode ended "
    "is not known"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """What the episodes hold, as the first of them shows."""

    actions: ArrayInfo
    observations: ArrayInfo | None
    """None where they are a tuple, or are not there."""
    parts: tuple[ArrayInfo, ...]
    """Of a tuple of observations; empty otherwise."""
    others: tuple[ArrayInfo, ...]
    """Rewards, and columns that are not d3rlpy's own."""

    @property
    def steps(self) -> JointSteps:
        """The arrays with all columns of a step in one axis."""
        observed = self.observations
        return JointSteps(
            lead=(Axis.TIME,),
            actions="/actions_{episode}",
            n_actions=(*self.actions.shape, 1)[1],
            observations="/observations_{episode}" if observed is not None else "",
            n_observed=prod(observed.shape[1:]) if observed is not None else 0,
        )


def is_numbered(inventory: Inventory) -> bool:
    """Whether a file is a data set of version 2."""
    columns, count, actions = (inventory.datasets.get(path) for path in ("/columns", _COUNT, "/actions_0"))
    has_marks = columns is not None and columns.is_text and count is not None and count.is_whole
    return has_marks and actions is not None and _is_table(actions) and len(actions.shape) in {1, 2}


def read_numbered(container: Container, declared: LogMapping | None, *, place: str) -> Reading:
    """Return what the arrays mean.

    Raises
    ------
    AmbiguousLogError
        If columns, or parts of the observations, may be one agent's or several agents'.
    """
    with container.store.open() as file:
        episodes = _episodes(container.inventory, file)
        missing = _missing(container.inventory, file)
    steps = episodes.steps
    names = declared.agents if declared is not None else ()
    if len(episodes.parts) > 1 and (len(names) > 1 or (not names and steps.n_actions > 1)):
        reading = _by_parts(episodes, declared, place=place)
    else:
        reading = read_joint(steps, declared=declared, listed=((), ""), place=place)
    mapping = replace(
        reading.mapping,
        fields=(*reading.mapping.fields, *_others(episodes, len(reading.mapping.agents))),
        episodes=EpisodeMapping(cut=Cut.WHOLE, terminated=_terminated(container.inventory)),
        framework="d3rlpy",
        ignore=(_COUNT,),
    )
    return replace(
        reading, mapping=mapping, assumptions=(*reading.assumptions, _SAID), notices=(*reading.notices, *missing)
    )


def _by_parts(episodes: Episodes, declared: LogMapping | None, *, place: str) -> Reading:
    """Read the parts of the observations as the agents' own, where the user names the agents."""
    n_parts, steps = len(episodes.parts), episodes.steps
    observed = FieldMapping(name=OBSERVATIONS, array=ArrayMapping(path=_PARTS, axes=(Axis.TIME, Axis.VALUE)))
    names = tuple(f"agent_{slot}" for slot in range(n_parts))
    if declared is None or not declared.agents:
        actions = ArrayMapping(path=steps.actions, axes=(Axis.TIME, Axis.AGENT_VALUE))
        fields = (FieldMapping(name="actions", array=actions), observed)
        raise ambiguous(
            place,
            f"observations, a tuple of {n_parts} parts, and {steps.n_actions} columns of actions",
            [
                f"{n_parts} agents, each with its part of the observations and its share of the columns",
                "one agent whose observation has parts: then there is no team with roles or routing",
            ],
            mapping=LogMapping(agents=names, fields=fields),
            changes=[f'reading 2: names = ["agent_0"], and no [fields.{OBSERVATIONS}]'],
        )
    widths = [prod(info.shape[1:]) for info in episodes.parts]
    reading = read_team(steps, names, widths=widths, declared=declared, place=place)
    return replace(reading, mapping=replace(reading.mapping, fields=(*reading.mapping.fields, observed)))


def _episodes(inventory: Inventory, file: ArrayReader) -> Episodes:
    datasets = inventory.datasets
    actions = datasets["/actions_0"]
    columns = [name for name in file.read_text("/columns") if name not in {"observations", "actions", "terminated"}]
    others = (datasets.get(f"/{name}_0") for name in columns)
    observed = datasets.get("/observations_0")
    return Episodes(
        actions=actions,
        observations=observed if observed is not None and _is_table(observed) else None,
        parts=tuple(_parts(inventory)),
        others=tuple(
            info for info in others if info is not None and _is_table(info) and info.shape[0] == actions.shape[0]
        ),
    )


def _parts(inventory: Inventory) -> Iterator[ArrayInfo]:
    number = 0
    while (info := inventory.datasets.get(f"/observations_0_{number}")) is not None and _is_table(info):
        yield info
        number += 1


def _is_table(info: ArrayInfo) -> bool:
    return bool(info.shape) and not (info.is_text or info.columns)


def _others(episodes: Episodes, n_agents: int) -> Iterator[FieldMapping]:
    if n_agents == 1 and episodes.parts:
        for number in range(len(episodes.parts)):
            path = f"/observations_{{episode}}_{number}"
            yield FieldMapping(name=f"{INFO}observations_{number}", array=ArrayMapping(path=path, axes=_VALUES))
    for info in episodes.others:
        name = info.path.removeprefix("/").removesuffix("_0")
        path = f"/{name}_{{episode}}"
        if name == "rewards" and info.shape[1:] in {(), (1,)}:
            yield FieldMapping(name=TEAM_REWARDS, array=ArrayMapping(path=path, axes=(Axis.TIME,)))
        elif name == "rewards" and info.shape[1:] == (n_agents,):
            yield FieldMapping(name=REWARDS, array=ArrayMapping(path=path, axes=(Axis.TIME, Axis.AGENT)))
        else:
            yield FieldMapping(name=INFO + name, array=ArrayMapping(path=path, axes=_VALUES))


_VALUES = (Axis.TIME, Axis.VALUE)


def _terminated(inventory: Inventory) -> ArrayMapping | None:
    info = inventory.datasets.get("/terminated_0")
    return ArrayMapping(path="/terminated_{episode}", axes=()) if info is not None and not info.is_text else None


def _missing(inventory: Inventory, file: ArrayReader) -> tuple[Notice, ...]:
    """Say how many of the episodes that the file counts are not there, as where it was cut."""
    claimed = file.read(_COUNT).ravel()
    held = sum(path.startswith("/actions_") for path in inventory.datasets)
    if len(claimed) == 1 and claimed[0] == held:
        return ()
    message = (
        f"the file counts {claimed.tolist()[0] if len(claimed) else 'no'} episodes, but holds the actions of {held}"
    )
    return (Notice(code="episodes-missing", message=message, where=_COUNT),)
