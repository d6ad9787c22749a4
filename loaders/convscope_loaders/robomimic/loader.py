"""The loader of robomimic demonstrations: knows such a file, and makes a log of it."""

from dataclasses import replace

from convscope.ingest.container import Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import Axis, Cut, EpisodeMapping, LogMapping
from convscope.ingest.probe import Probe
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope_loaders.robomimic.demos import DATA, DEMO, Demos, demo_names, find_demos
from convscope_loaders.robomimic.filters import with_filters
from convscope_loaders.robomimic.team import find_team
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.joint import JointSteps, read_joint, read_team
from convscope_loaders.structure.known import Known, KnownLoader
from convscope_loaders.structure.names import agent_names


class RobomimicLoader(KnownLoader):
    """Reads robomimic's HDF5 files."""

    name = "robomimic"
    description = "robomimic demonstrations: a group demo_<k> each, observations by key"

    def sniff(self, probe: Probe) -> Match:
        """Look for demonstrations with actions."""
        if probe.hdf5 is None:
            return Match(score=0.0, reason="not an HDF5 file")
        n_demos = len(demo_names(probe.hdf5))
        if not n_demos:
            return Match(score=0.0, reason=f"no {DATA}/demo_<k>/actions")
        return Match(score=0.9, reason=f"{n_demos} demonstrations with actions in {DATA}")

    def known(self, probe: Probe, declared: LogMapping | None) -> Known:
        """Return the arrays and what they mean.

        Raises
        ------
        AmbiguousLogError
            If nothing tells whose the columns of the actions are.
        LogFormatError
            If the file is of another kind.
        """
        container, place = self.container_of(probe), str(probe.path)
        demos = find_demos(container.inventory, place)
        with container.store.open() as file:
            listed = agent_names(container.inventory, file)
        team = find_team(container, demos, listed[0])
        steps = _joint(demos)
        if team is None:
            reading = read_joint(steps, declared=declared, listed=listed, place=place)
            return Known(container=container, reading=_completed(reading, demos, container.inventory))
        reading = read_team(steps, team.names, widths=team.widths, declared=declared, place=place)
        mapping = replace(reading.mapping, fields=(*reading.mapping.fields, *team.fields), ignore=team.ignore)
        reading = replace(reading, mapping=mapping, assumptions=(team.said, *reading.assumptions))
        return Known(container=team.container, reading=_completed(reading, demos, container.inventory))

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log, with its filters as conditions."""
        log = super().open(probe, mapping)
        return log if probe.container is None else with_filters(log, probe.container)


LOADER = RobomimicLoader()
"""What the entry point names."""


def _joint(demos: Demos) -> JointSteps:
    """Return the actions, and the observations where they lie under one key alone, as in data sets made from others."""
    tables = [key for key, info in demos.observations.items() if len(info.shape) == 2 and 0 not in info.shape[1:]]
    key = tables[0] if len(tables) == len(demos.observations) == 1 else ""
    return JointSteps(
        lead=(Axis.TIME,),
        actions=f"{DEMO}/actions",
        n_actions=demos.n_actions,
        observations=f"{DEMO}/obs/{key}" if key else "",
        n_observed=demos.width(key) if key else 0,
        next_observations=f"{DEMO}/next_obs/{key}" if key and demos.has_next else "",
    )


def _completed(reading: Reading, demos: Demos, inventory: Inventory) -> Reading:
    said = "each demonstration is one episode; its dones mark success or its end, so that how it ended is not known"
    mapping = replace(
        reading.mapping,
        episodes=EpisodeMapping(cut=Cut.WHOLE),
        framework="robomimic",
        environment=demos.environment,
    )
    return replace(
        reading,
        mapping=mapping,
        assumptions=(*reading.assumptions, said),
        notices=(*reading.notices, *_lengths(demos, inventory)),
    )


def _lengths(demos: Demos, inventory: Inventory) -> tuple[Notice, ...]:
    """Say where demonstrations are not as long as they claim, as where a file was cut or edited."""
    claimed = {name: inventory.attributes.get(f"{DATA}/{name}", {}).get("num_samples") for name in demos.names}
    held = {name: inventory.datasets[f"{DATA}/{name}/actions"].shape[0] for name in demos.names}
    differing = [name for name in demos.names if claimed[name] not in {None, held[name]}]
    if not differing:
        return ()
    first = differing[0]
    message = (
        f"{len(differing)} demonstrations do not have as many steps as their num_samples says, such as {first}: "
        f"{held[first]}, not {claimed[first]}"
    )
    return (Notice(code="lengths-differ", message=message, where=f"{DATA}/{first}"),)
