"""The tables of a convscope log: agents and episodes."""

from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.container import Inventory
from convscope.ingest.episode_numbers import episode_numbers
from convscope.ingest.hdf5.reading import Hdf5Reader
from convscope.ingest.json_text import parsed_json
from convscope.ingest.log_layout import CONTINUES
from convscope.ingest.stated_space import stated_space
from convscope.values.arrays import IntArray
from convscope.values.episodes import EpisodeTable
from convscope.values.header import ActionKind, ActionSpace, Agent
from convscope.values.status import EndKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tables:
    """Reads columns of tables, and says which file they are missing from."""

    name: str
    """The file, for errors."""
    inventory: Inventory
    file: Hdf5Reader
    n_episodes: int | None = None
    """Entries of the table of episodes that count, where more may be on their way; None where all do."""

    def has(self, path: str) -> bool:
        """Whether there is such a column."""
        return path in self.inventory.datasets

    def texts(self, path: str) -> tuple[str, ...]:
        """Return a column of texts; an absent one is empty."""
        return self.file.read_text(path) if self.has(path) else ()

    def numbers(self, path: str, shape: tuple[int, ...], default: int | None = None) -> IntArray:
        """Return a column of whole numbers.

        Parameters
        ----------
        path
            Of the column.
        shape
            That it must have.
        default
            Value of an absent column; None where it must be there.

        Raises
        ------
        LogFormatError
            If it is missing or of another shape.
        """
        info = self.inventory.datasets.get(path)
        if info is None:
            if default is None:
                raise LogFormatError(f"{self.name} has no {path}, which every convscope log has; convert it again")
            return np.full(shape, default, dtype=np.int64)
        is_growing = self.n_episodes is not None and path.startswith("/episodes/")
        found = shape if is_growing and len(info.shape) == 1 and info.shape >= shape else info.shape
        if found != shape or not info.is_whole:
            raise LogFormatError(f"{self.name}:{path} is {info.dtype} of shape {info.shape}, expected whole {shape}")
        return self.file.read(path, 0, shape[0] if shape else None).astype(np.int64)

    def codes(self, path: str, shape: tuple[int, ...], n_names: int) -> IntArray:
        """Return a column of indices into a list of names, -1 for none; all -1 where it is absent.

        Raises
        ------
        LogFormatError
            If an index is beyond the names.
        """
        codes = self.numbers(path, shape, default=-1)
        if codes.size and not (codes.min() >= -1 and codes.max() < n_names):
            raise LogFormatError(f"{self.name}:{path} counts to {codes.max()}, but there are {n_names} names")
        return codes


def read_agents(tables: Tables) -> tuple[Agent, ...]:
    """Return the agents, in the order of their slots.

    Raises
    ------
    LogFormatError
        If there are none, two have one name, or an action space cannot be.
    """
    names = tables.texts("/agents/id")
    if not names or len(set(names)) < len(names):
        raise LogFormatError(f"{tables.name}:/agents/id must name each agent once; it has {len(names)} entries")
    n_agents = len(names)
    slots = tables.numbers("/agents/slot", (n_agents,), 0) if tables.has("/agents/slot") else np.arange(n_agents)
    if (slots != np.arange(n_agents)).any():
        raise LogFormatError(f"{tables.name}:/agents/slot: agents that do not keep to their slots are not read yet")
    columns = {name: _padded(tables, f"/agents/{name}", n_agents) for name in ("team", "group", "declared_role")}
    spaces = _padded(tables, "/agents/action_space", n_agents)
    return tuple(
        Agent(
            name=name,
            action_space=_space(spaces[slot], f"{tables.name}:/agents/action_space[{slot}]"),
            group=columns["group"][slot],
            team=columns["team"][slot] or None,
            declared_role=columns["declared_role"][slot] or None,
        )
        for slot, name in enumerate(names)
    )


def read_episodes(tables: Tables, agents: tuple[Agent, ...], roles: tuple[str, ...]) -> EpisodeTable:
    """Return the table of episodes.

    Raises
    ------
    LogFormatError
        If a column that every log has is missing, or columns do not fit each other.
    """
    length_info = tables.inventory.datasets.get("/episodes/length")
    shape = length_info.shape[:1] if length_info is not None else (0,)
    shape = shape if tables.n_episodes is None else (tables.n_episodes,)
    length = tables.numbers("/episodes/length", shape)
    runs, run = _runs(tables, shape)
    checkpoints, conditions = tables.texts("/checkpoints/label"), tables.texts("/conditions/name")
    checkpoint = tables.codes("/episodes/checkpoint", shape, len(checkpoints))
    condition = tables.codes("/episodes/condition", shape, len(conditions))
    if tables.n_episodes is not None:  # a name may have come before its first episode
        checkpoints = checkpoints[: int(checkpoint.max(initial=-1)) + 1]
        conditions = conditions[: int(condition.max(initial=-1)) + 1]
    rows = tables.numbers("/episodes/rows", shape) if tables.has("/episodes/rows") else length
    if (length < 1).any() or not np.isin(rows - length, (0, 1)).all():
        raise LogFormatError(f"{tables.name}:/episodes: an episode has as many rows as steps, at least 1, or one more")
    end = tables.codes("/episodes/end", shape, len(EndKind))
    has_numbers = tables.has("/episodes/number")
    return EpisodeTable(
        runs=runs,
        checkpoints=checkpoints,
        conditions=conditions,
        run=run,
        checkpoint=checkpoint,
        condition=condition,
        number=tables.numbers("/episodes/number", shape) if has_numbers else episode_numbers(run, checkpoint),
        length=length,
        rows=rows,
        end=np.maximum(end, EndKind.UNKNOWN).astype(np.uint8),
        path=_paths(tables, len(length)),
        declared_roles=_declared_roles(tables, agents, roles, n_episodes=len(length)),
    )


def _runs(tables: Tables, shape: tuple[int, ...]) -> tuple[tuple[str, ...], IntArray]:
    """Return the names of the runs, and each episode's; one without is of a run that is called after the file."""
    names = tables.texts("/runs/name")
    run = tables.codes("/episodes/run", shape, len(names))
    if tables.n_episodes is not None:
        names = names[: int(run.max(initial=-1)) + 1]
    if names and (run >= 0).all():
        return names, run
    return (*names, _own_run(tables)), np.where(run < 0, len(names), run)


def _own_run(tables: Tables) -> str:
    """Return the name of a run that is called after its file: the one that the recording began in, if it says so."""
    first = tables.inventory.attributes.get("/", {}).get(CONTINUES)
    path = PurePosixPath(tables.name)
    is_name = isinstance(first, str) and PurePosixPath(first).name == first
    return path.with_name(str(first)).as_posix() if is_name else tables.name


def _declared_roles(tables: Tables, agents: tuple[Agent, ...], roles: tuple[str, ...], *, n_episodes: int) -> IntArray:
    if tables.has("/slots/declared_role"):
        return tables.codes("/slots/declared_role", (n_episodes, len(agents)), len(roles))
    own = [roles.index(agent.declared_role) if agent.declared_role in roles else -1 for agent in agents]
    return np.tile(np.array(own, dtype=np.int64), (n_episodes, 1))


def _paths(tables: Tables, n_episodes: int) -> tuple[str, ...]:
    paths = tables.texts("/episodes/path") or tuple(f"/episodes[{episode}]" for episode in range(n_episodes))
    if len(paths) != n_episodes:
        raise LogFormatError(f"{tables.name}:/episodes/path has {len(paths)} entries for {n_episodes} episodes")
    return paths


def _padded(tables: Tables, path: str, n_agents: int) -> tuple[str, ...]:
    texts = tables.texts(path) or ("",) * n_agents
    if len(texts) != n_agents:
        raise LogFormatError(f"{tables.name}:{path} has {len(texts)} entries for {n_agents} agents")
    return texts


def _space(text: str, place: str) -> ActionSpace:
    """Return the space that a text states; none at all where it states no kind that is known."""
    return stated_space(parsed_json(text), place) or ActionSpace(kind=ActionKind.CONTINUOUS, width=0)
