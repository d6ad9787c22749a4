"""A log made from arrays in memory: for notebooks, simulations and tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.episode_numbers import episode_numbers
from convscope.values.arrays import ByteArray, FloatArray, IntArray, sealed
from convscope.values.episodes import EpisodeTable
from convscope.values.fields import ACTIONS, FieldSpec, Level, level_of, randomized
from convscope.values.header import ActionKind, ActionSpace, Agent, LogHeader
from convscope.values.log import Columns, TrajectoryLog
from convscope.values.status import EndKind, Status


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArraySource:
    """Episodes that are in memory already."""

    lengths: IntArray
    """Rows of each episode, shape (E,)."""
    status: ByteArray
    """Shape (T, N)."""
    columns: Mapping[str, FloatArray]
    """As in `Columns`."""

    def read(self, episodes: IntArray, fields: frozenset[str]) -> Columns:
        """Return copies of these episodes' rows."""
        stops = np.cumsum(self.lengths).tolist()
        starts = [0, *stops[:-1]]
        rows = np.concatenate([np.arange(starts[e], stops[e]) for e in episodes.tolist()])
        return Columns(
            lengths=self.lengths[episodes],
            status=self.status[rows],
            columns={name: column[rows] for name, column in self.columns.items() if name in fields},
        )


def log_from_arrays(
    columns: Mapping[str, FloatArray],
    lengths: Sequence[int] | IntArray,
    agents: Sequence[str],
    *,
    status: ByteArray | None = None,
    declared_roles: Mapping[str, str] | Sequence[Sequence[str]] | None = None,
    runs: Sequence[str] | None = None,
    checkpoints: Sequence[str] | None = None,
    interventions_randomized: bool = False,
) -> TrajectoryLog:
    """Make a log from arrays.

    Parameters
    ----------
    columns
        By field name, time first, all episodes one after the other: ``actions`` (T, N, K), ``positions`` (T, N, d),
        ``attention`` (T, heads, receiver, sender), and so on (`convscope.values.fields`). Actions whose finite values
        are all whole numbers are discrete.
    lengths
        Timesteps of each episode, shape (E,).
    agents
        Names, in the order of the agent axis.
    status
        Shape (T, N); everybody acts in every row when left out.
    declared_roles
        Role of each agent by name, or of each agent in each episode; none when left out.
    runs, checkpoints
        Run and checkpoint of each episode, each in the order of training; one run and no checkpoint when left out.
    interventions_randomized
        Whether interventions were drawn at random, given the time in the episode.

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """
    rows = np.asarray(lengths, dtype=np.int64)
    held = {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}
    shape = (int(rows.sum()), len(agents))
    for name, column in held.items():
        _check_shape(name, column, shape)
    present = np.full(shape, Status.ACTING, dtype=np.uint8) if status is None else status
    names, codes = _role_codes(declared_roles, agents, len(rows))
    header = _header(held, agents, roles=names, codes=codes)
    if interventions_randomized:
        header = replace(header, fields=tuple(map(randomized, header.fields)))
    source = ArraySource(lengths=rows, status=sealed(present, shape, "status"), columns=held)
    return TrajectoryLog(
        header=header,
        episodes=_episode_table(rows, codes, runs=runs, checkpoints=checkpoints),
        sources=(source,),
        source_of=np.zeros(len(rows), dtype=np.int64),
        local_of=np.arange(len(rows)),
    )


def _check_shape(name: str, column: FloatArray, shape: tuple[int, int]) -> None:
    n_rows, n_agents = shape
    level = level_of(name)
    fits = {
        Level.TEAM: column.shape[:1] == (n_rows,),
        Level.AGENT: column.shape[:2] == (n_rows, n_agents),
        Level.PAIR: column.shape[:1] == (n_rows,) and column.shape[-2:] == (n_agents, n_agents),
    }
    if not fits[level]:
        raise ValueError(f"{name} has shape {column.shape}; the log has {n_rows} rows and {n_agents} agents")


def _header(
    columns: Mapping[str, FloatArray], agents: Sequence[str], *, roles: tuple[str, ...], codes: IntArray
) -> LogHeader:
    space = _action_space(columns.get(ACTIONS))
    is_redrawn = bool((codes != codes[:1]).any())
    fixed = ["" if is_redrawn or code < 0 else roles[code] for code in codes[0].tolist()]
    return LogHeader(
        agents=tuple(
            Agent(name=name, action_space=space, group="all", declared_role=role or None)
            for name, role in zip(agents, fixed, strict=True)
        ),
        fields=tuple(_spec(name, column) for name, column in columns.items()),
        inputs=(),
        roles=roles,
        identities_persist=not is_redrawn,
    )


def _episode_table(
    rows: IntArray, codes: IntArray, *, runs: Sequence[str] | None, checkpoints: Sequence[str] | None
) -> EpisodeTable:
    n_episodes = len(rows)
    run_names, run = _codes(runs or ["run_0"] * n_episodes)
    checkpoint_names, checkpoint = _codes(checkpoints) if checkpoints else ((), np.full(n_episodes, -1))
    return EpisodeTable(
        runs=run_names,
        checkpoints=checkpoint_names,
        conditions=(),
        run=run,
        checkpoint=checkpoint,
        condition=np.full(n_episodes, -1),
        number=episode_numbers(run, checkpoint),
        length=rows,
        rows=rows,
        end=np.full(n_episodes, EndKind.UNKNOWN, dtype=np.uint8),
        path=tuple(f"/episode_{e}" for e in range(n_episodes)),
        declared_roles=codes,
    )


def _spec(name: str, column: FloatArray) -> FieldSpec:
    level = level_of(name)
    shape = {Level.PAIR: column.shape[1:-2], Level.TEAM: column.shape[1:], Level.AGENT: column.shape[2:]}[level]
    return FieldSpec(name=name, level=level, shape=shape)


def _action_space(actions: FloatArray | None) -> ActionSpace:
    if actions is None:
        return ActionSpace(kind=ActionKind.CONTINUOUS, width=0)
    width = actions.shape[2]
    finite = actions[np.isfinite(actions)]
    if not width or not (finite == np.round(finite)).all():
        return ActionSpace(kind=ActionKind.CONTINUOUS, width=width)
    kind = ActionKind.DISCRETE if width == 1 else ActionKind.MULTI_DISCRETE
    seen = np.where(np.isfinite(actions), actions, 0.0).max(axis=(0, 1), initial=0.0)
    counts = seen.astype(np.int64) + 1
    return ActionSpace(kind=kind, n=tuple(counts.tolist()), width=width)


def _role_codes(
    declared: Mapping[str, str] | Sequence[Sequence[str]] | None, agents: Sequence[str], n_episodes: int
) -> tuple[tuple[str, ...], IntArray]:
    if declared is None:
        return (), np.full((n_episodes, len(agents)), -1)
    table = [[declared.get(a, "") for a in agents]] * n_episodes if isinstance(declared, Mapping) else declared
    names = tuple(dict.fromkeys(role for row in table for role in row if role))
    code_of = {role: code for code, role in enumerate(names)} | {"": -1}
    return names, np.array([[code_of[role] for role in row] for row in table], dtype=np.int64)


def _codes(labels: Sequence[str]) -> tuple[tuple[str, ...], IntArray]:
    names = tuple(dict.fromkeys(labels))
    return names, np.array([names.index(label) for label in labels], dtype=np.int64)
