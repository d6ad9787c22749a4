"""JSON lines of RLlib's old API stack: a batch of steps in each line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.errors import LogFormatError
from convscope.ingest.json_text import parsed_json
from convscope.values.arrays import IntArray
from convscope_loaders.rllib.columns import fields_of
from convscope_loaders.rllib.nested import Leaves, leaves_of
from convscope_loaders.rllib.packed import Unpacker, is_packed
from convscope_loaders.rllib.rows import FLAGS, RowTable

_KEYS = frozenset({"eps_id", "agent_index", "t", "type", "unroll_id"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """The steps of the agents of one policy."""

    policy: str
    """Empty for a batch of the only agent."""
    index: tuple[int, ...]
    """Number of the agent of each row."""
    table: RowTable
    """With agents still unnamed."""
    packed: tuple[str, ...]
    unread: tuple[str, ...]
    """Columns that are left out because they are pickles, or no numbers."""


def read_batches(path: Path, *, trusts_pickle: bool) -> Iterator[Batch]:
    """Read the batches of one file.

    Parameters
    ----------
    path
        A text file with an object a line.
    trusts_pickle
        Whether packed columns may be read.

    Raises
    ------
    LogFormatError
        If a line is no batch, or its columns do not fit together.
    """
    unpacker = Unpacker() if trusts_pickle else None
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            place = f"{path}: line {number}"
            batch = parsed_json(line)
            if not isinstance(batch, dict) or batch.get("type") not in ("MultiAgentBatch", "SampleBatch"):
                raise LogFormatError(f"{place} is no batch of RLlib; an interrupted recording ends in half a line")
            policies = batch.get("policy_batches") if batch["type"] == "MultiAgentBatch" else {"": batch}
            for policy, columns in policies.items() if isinstance(policies, dict) else ():
                if isinstance(columns, dict):
                    yield _batch(str(policy), columns, place, unpacker=unpacker)


def named(batches: Sequence[Batch]) -> tuple[tuple[RowTable, ...], str]:
    """Give every row the name of its agent, and say how it was found.

    Parameters
    ----------
    batches
        Of a whole log.
    """
    pairs = dict.fromkeys((batch.policy, index) for batch in batches for index in batch.index)
    of_policy = len({policy for policy, _ in pairs}) == len(pairs) == len({index for _, index in pairs})
    policies = {policy for policy, _ in pairs}
    is_clear = len({index for _, index in pairs}) == len(pairs)
    if of_policy and not policies <= {"", "default_policy"}:
        names = {pair: pair[0] for pair in pairs}
        told = "each policy has one agent, which is called by its name"
    elif is_clear:
        names = {pair: f"agent_{pair[1]}" for pair in pairs}
        told = "agents are called by their agent_index"
    else:
        names = {pair: f"{pair[0]}_{pair[1]}" for pair in pairs}
        told = "agents are called by their policy and agent_index"
    tables = tuple(
        RowTable(
            episodes=batch.table.episodes,
            agents=[names[batch.policy, index] for index in batch.index],
            times=batch.table.times,
            values=batch.table.values,
            flags=batch.table.flags,
        )
        for batch in batches
    )
    return tables, told


def _batch(policy: str, columns: Mapping[str, object], place: str, *, unpacker: Unpacker | None) -> Batch:
    episodes = columns.get("eps_id")
    if not isinstance(episodes, list):
        raise LogFormatError(f"{place} has no list eps_id, which tells episodes apart")
    found: dict[str, Leaves] = {}
    packed: list[str] = []
    unread: list[str] = []
    for name in (name for name in columns if name not in _KEYS | {*FLAGS}):
        data = columns[name]
        is_pickled = is_packed(data)
        if is_pickled and unpacker is not None:
            data = unpacker.unpack(data, f"{place}:{name}")
        leaves = leaves_of(data)
        if leaves is not None and all(len(column) == len(episodes) for column in leaves.values()):
            found[name] = leaves
        else:
            (packed if is_pickled and unpacker is None else unread).extend([name] if _holds_any(data) else [])
    table = RowTable(
        episodes=[str(episode) for episode in episodes],
        agents=(),
        times=_counts(columns, "t", len(episodes), place=place) if "t" in columns else None,
        values=fields_of(found, place),
        flags={name: _counts(columns, name, len(episodes), place=place) > 0 for name in FLAGS if name in columns},
    )
    index = (
        _counts(columns, "agent_index", len(episodes), place=place)
        if "agent_index" in columns
        else np.zeros(len(episodes), np.int64)
    )
    return Batch(policy=policy, index=tuple(index.tolist()), table=table, packed=tuple(packed), unread=tuple(unread))


def _holds_any(data: object) -> bool:
    """Whether a column holds anything; the infos of most environments are empty dictionaries."""
    return not isinstance(data, list) or any(bool(np.size(item)) and item not in ({}, None) for item in data)


def _counts(columns: Mapping[str, object], name: str, n_rows: int, *, place: str) -> IntArray:
    values = columns[name]
    is_list = isinstance(values, list) and all(isinstance(value, int) and abs(value) < 1 << 62 for value in values)
    if not is_list or not isinstance(values, list) or len(values) != n_rows:
        raise LogFormatError(f"{place}: {name} is no list of {n_rows} whole numbers")
    return np.array(values, np.int64)
