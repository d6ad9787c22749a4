"""The tables of a convscope log: what it is, who is in it, and which episodes it holds."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from convscope.ingest.hdf5.writing import Attribute, Hdf5Writer
from convscope.ingest.log_layout import ENCODING, VERSION, group_path
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.header import ActionKind, ActionSpace, LogHeader
from convscope.values.log import TrajectoryLog
from convscope.values.status import EndKind, Status
from convscope.version import __version__

GROUP_VERSION = "1.0.0"

_FLAGS = {kind: " ".join(member.name.lower() for member in kind) for kind in (Status, EndKind)}


def flags_of(kind: type[Status] | type[EndKind]) -> dict[str, Attribute]:
    """Return the CF attributes that tell what the numbers of an enumeration mean."""
    return {"flag_values": [int(member) for member in kind], "flag_meanings": _FLAGS[kind]}


def write_tables(file: Hdf5Writer, log: TrajectoryLog) -> None:
    """Write all but the rows."""
    header, episodes = log.header, log.episodes
    file.group("/", root_attributes(header))
    if not _is_unnamed_run(log):
        _write_names(file, "/runs/name", episodes.runs, axis="run")
    _write_names(file, "/checkpoints/label", episodes.checkpoints, axis="checkpoint")
    _write_names(file, "/conditions/name", episodes.conditions, axis="condition")
    write_agents(file, header)
    _write_episodes(file, episodes, run=np.full(episodes.n_episodes, -1) if _is_unnamed_run(log) else episodes.run)
    _write_slots(file, log)


def write_agents(file: Hdf5Writer, header: LogHeader) -> None:
    """Write who is in the log: the agents, their groups, and the names of the declared roles."""
    agents = header.agents
    _write_names(file, "/roles/name", header.roles, axis="role")
    file.group("/agents", _encoded("table"))
    spaces = [json.dumps(space_to_json(agent.action_space)) for agent in agents]
    columns = {
        "id": [agent.name for agent in agents],
        "team": [agent.team or "" for agent in agents],
        "group": [agent.group for agent in agents],
        "declared_role": [agent.declared_role or "" for agent in agents],
        "action_space": spaces,
    }
    for name, texts in columns.items():
        file.texts(f"/agents/{name}", "agent", texts)
    _write_numbers(file, "/agents/slot", np.arange(len(agents)), axis="agent", dtype="<i4")
    for group, slots in slots_of(header).items():
        space = header.agents[slots[0]].action_space
        attributes: dict[str, Attribute] = {
            "name": group,
            "slots": slots,
            "action_space": json.dumps(space_to_json(space)),
        }
        file.group(group_path(group), _encoded("agent-group") | attributes)


def root_attributes(
    header: LogHeader, *, loader: str | None = None, assumptions: Sequence[str] = ()
) -> dict[str, Attribute]:
    """Return what the root says of a log.

    Parameters
    ----------
    header
        Of the log.
    loader
        What made it; None names the loaders of its files.
    assumptions
        Sentences beside those of its files.
    """
    files = [{"name": file.name, "sha256": file.sha256, "bytes": file.n_bytes} for file in header.inputs]
    of_files = [sentence for file in header.inputs for sentence in file.assumptions]
    source = {
        "loader": loader or ", ".join(dict.fromkeys(file.loader for file in header.inputs)),
        "loader_version": __version__,
        "files": files,
        "assumptions": list(dict.fromkeys([*of_files, *assumptions])),
    }
    notices = [{"code": n.code, "message": n.message, "where": n.where} for n in header.notices]
    return {
        "encoding-type": ENCODING,
        "encoding-version": VERSION,
        "required-features": "[]",
        "producer": json.dumps({"framework": header.framework, "env_id": header.environment}),
        "source": json.dumps(source),
        "notices": json.dumps(notices),
        "fields": json.dumps([field.name for field in header.fields]),
    }


def slots_of(header: LogHeader) -> dict[str, list[int]]:
    """Return the slots of each group of agents, groups in order of their first agent."""
    slots: dict[str, list[int]] = {}
    for slot, agent in enumerate(header.agents):
        slots.setdefault(agent.group, []).append(slot)
    return slots


def is_redrawn(log: TrajectoryLog) -> bool:
    """Whether declared roles must be kept per episode, because the agents' own labels do not say them all."""
    own = [log.header.roles.index(a.declared_role) if a.declared_role else -1 for a in log.header.agents]
    return bool((log.episodes.declared_roles != np.array(own, dtype=np.int64)).any())


def space_to_json(space: ActionSpace) -> Mapping[str, object]:
    """Return an action space as Minari and Gymnasium encode it, without infinities."""
    if space.kind is ActionKind.DISCRETE:
        return {"type": "Discrete", "n": space.n[0], "start": 0}
    if space.kind is ActionKind.MULTI_DISCRETE:
        return {"type": "MultiDiscrete", "nvec": list(space.n)}
    return {"type": "Box", "shape": [space.width], "low": None, "high": None}


def _write_names(file: Hdf5Writer, path: str, names: Sequence[str], *, axis: str) -> None:
    if names:
        file.group(path.rpartition("/")[0], _encoded("table"))
        file.texts(path, axis, names)


def _is_unnamed_run(log: TrajectoryLog) -> bool:
    """Whether the run is only called after its file.

    Such a name is not kept, so that two converted files called alike do not become one run.
    """
    return log.episodes.runs == tuple(file.name for file in log.header.inputs)[:1] and len(log.header.inputs) == 1


def _write_episodes(file: Hdf5Writer, episodes: EpisodeTable, *, run: IntArray) -> None:
    file.group("/episodes", _encoded("table"))
    columns = {
        "run": ("<i4", run),
        "checkpoint": ("<i4", episodes.checkpoint),
        "condition": ("<i4", episodes.condition),
        "number": ("<i4", episodes.number),
        "start": ("<i8", np.cumsum(episodes.rows) - episodes.rows),
        "length": ("<i4", episodes.length),
        "rows": ("<i4", episodes.rows),
    }
    for name, (dtype, values) in columns.items():
        _write_numbers(file, f"/episodes/{name}", values, axis="episode", dtype=dtype)
    file.column("/episodes/end", ("episode",), (episodes.n_episodes,), dtype="<u1", attributes=flags_of(EndKind))
    file.write("/episodes/end", 0, episodes.end)
    file.texts("/episodes/path", "episode", episodes.path)


def _write_slots(file: Hdf5Writer, log: TrajectoryLog) -> None:
    file.group("/slots", _encoded("table") | {"identities-persist": int(log.header.identities_persist)})
    shape = log.episodes.declared_roles.shape
    file.column("/slots/agent", ("episode", "slot"), shape, dtype="<i4", missing=-1)
    if is_redrawn(log):
        file.column("/slots/declared_role", ("episode", "slot"), shape, dtype="<i2", missing=-1)
        file.write("/slots/declared_role", 0, log.episodes.declared_roles)


def _write_numbers(file: Hdf5Writer, path: str, values: IntArray, *, axis: str, dtype: str) -> None:
    file.column(path, (axis,), (len(values),), dtype=dtype)
    file.write(path, 0, values)


def _encoded(kind: str) -> dict[str, Attribute]:
    return {"encoding-type": kind, "encoding-version": GROUP_VERSION}
