"""Version 1 of d3rlpy's data sets: flat arrays, with a flag for each episode's end beside that of the task."""

from convscope.ingest.container import Container, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, LogMapping
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.joint import JointSteps, read_joint
from convscope_loaders.structure.names import agent_names

_NEEDED = ("/observations", "/actions", "/rewards", "/terminals", "/episode_terminals")


def is_flat(inventory: Inventory) -> bool:
    """Whether a file is a data set of version 1."""
    infos = [inventory.datasets[path] for path in _NEEDED if path in inventory.datasets]
    is_table = all(not (info.is_text or info.columns) and info.shape[:1] == infos[0].shape[:1] for info in infos)
    return len(infos) == len(_NEEDED) and is_table and len(infos[0].shape) == 2 and len(infos[1].shape) in {1, 2}


def read_flat(container: Container, declared: LogMapping | None, *, place: str) -> Reading:
    """Return what the arrays mean; errors as in `convscope_loaders.structure.joint.read_joint`."""
    datasets = container.inventory.datasets
    with container.store.open() as file:
        listed = agent_names(container.inventory, file)
    steps = JointSteps(
        lead=(Axis.ROW,),
        actions="/actions",
        n_actions=(*datasets["/actions"].shape, 1)[1],
        observations="/observations",
        n_observed=datasets["/observations"].shape[1],
    )
    joint = read_joint(steps, declared=declared, listed=listed, place=place)
    episodes = EpisodeMapping(
        cut=Cut.FLAGS,
        array=ArrayMapping(path="/episode_terminals", axes=(Axis.ROW,)),
        terminated=ArrayMapping(path="/terminals", axes=(Axis.ROW,)),
    )
    said = "an episode ends at its episode_terminal; one without a terminal there ran out of time or was clipped"
    return Reading(
        mapping=LogMapping(
            fields=joint.mapping.fields, agents=joint.mapping.agents, episodes=episodes, framework="d3rlpy"
        ),
        assumptions=(*joint.assumptions, said),
        notices=joint.notices,
    )
