"""D4RL data sets: flat arrays of one agent's steps, or of a team whose columns were put side by side."""

from convscope.ingest.container import ArrayInfo, Container, Inventory
from convscope.ingest.loader import Match
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, LogMapping
from convscope.ingest.probe import Probe
from convscope.values.header import Notice
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.joint import JointSteps, read_joint
from convscope_loaders.structure.known import Known, KnownLoader
from convscope_loaders.structure.long import find_columns
from convscope_loaders.structure.names import agent_names

_OBSERVATIONS = "/observations"
_ACTIONS = "/actions"
_REWARDS = "/rewards"
_TERMINALS = "/terminals"
_TIMEOUTS = "/timeouts"
_NEXT = "/next_observations"


class D4rlLoader(KnownLoader):
    """Reads D4RL's HDF5 files."""

    name = "d4rl"
    description = "D4RL data sets: flat observations, actions, rewards and terminals"

    def sniff(self, probe: Probe) -> Match:
        """Look for D4RL's four arrays at the root, without an axis of agents."""
        if probe.hdf5 is None:
            return Match(score=0.0, reason="not an HDF5 file")
        missed = _missed(probe.hdf5)
        if missed is not None:
            return Match(score=0.0, reason=missed)
        return Match(score=0.9, reason="flat observations, actions, rewards and terminals at the root")

    def known(self, probe: Probe, declared: LogMapping | None) -> Known:
        """Return the arrays and what they mean.

        Raises
        ------
        AmbiguousLogError
            If nothing tells whether the columns are one agent's or several agents'.
        LogFormatError
            If the file is of another kind.
        """
        container = self.container_of(probe)
        return Known(container=container, reading=_reading(container, declared, place=str(probe.path)))


LOADER = D4rlLoader()
"""What the entry point names."""


def _missed(inventory: Inventory) -> str | None:
    """Return what speaks against D4RL; None where nothing does."""
    needed = (_OBSERVATIONS, _ACTIONS, _REWARDS, _TERMINALS)
    found = [inventory.datasets[path] for path in needed if path in inventory.datasets]
    if len(found) < len(needed) or any(info.is_text or info.columns for info in found):
        return f"no {', '.join(needed)} at the root"
    if find_columns(inventory) is not None:
        return "its rows are those of a table, which names the agent of each"
    if "/episode_terminals" in inventory.datasets:
        return "episode_terminals mark its episodes, as in d3rlpy"
    observations, actions, rewards, terminals = found
    if len({info.shape[:1] for info in found}) > 1 or len(observations.shape) != 2 or len(actions.shape) not in {1, 2}:
        return "its arrays are not flat, one row a step"
    return None if _is_column(rewards) and _is_column(terminals) else "rewards or end flags of several agents"


def _is_column(info: ArrayInfo) -> bool:
    return info.shape[1:] in {(), (1,)}


def _reading(container: Container, declared: LogMapping | None, *, place: str) -> Reading:
    datasets = container.inventory.datasets
    with container.store.open() as file:
        listed = agent_names(container.inventory, file)
    steps = JointSteps(
        lead=(Axis.ROW,),
        actions=_ACTIONS,
        n_actions=(*datasets[_ACTIONS].shape, 1)[1],
        observations=_OBSERVATIONS,
        n_observed=datasets[_OBSERVATIONS].shape[1],
        next_observations=_NEXT if _NEXT in datasets else "",
    )
    joint = read_joint(steps, declared=declared, listed=listed, place=place)
    has_timeouts = _TIMEOUTS in datasets
    said = "an episode ends at its terminal" + (" or timeout" if has_timeouts else "")
    return Reading(
        mapping=LogMapping(
            fields=joint.mapping.fields,
            agents=joint.mapping.agents,
            episodes=EpisodeMapping(
                cut=Cut.FLAGS,
                terminated=ArrayMapping(path=_TERMINALS, axes=(Axis.ROW,)),
                truncated=ArrayMapping(path=_TIMEOUTS, axes=(Axis.ROW,)) if has_timeouts else None,
            ),
            framework="D4RL",
        ),
        assumptions=(*joint.assumptions, said),
        notices=joint.notices if has_timeouts else (*joint.notices, _NO_TIMEOUTS),
    )


_NO_TIMEOUTS = Notice(
    code="no-timeouts",
    message="there are no timeouts: an episode that a time limit ended runs on into the next one",
    where=_TERMINALS,
)
