"""What the log of a loader promises; each check yields a sentence for every promise that is broken."""

import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np

from convscope.engine.executors import open_executor
from convscope.ingest.problems import Severity
from convscope.ingest.validate import validate_log
from convscope.ingest.writer import write_log
from convscope.testing.comparing import begins_with, statuses
from convscope.values.fields import FIELD_NAMES, INFO, Level
from convscope.values.log import Block, BlockTask, TrajectoryLog
from convscope.values.status import EndKind, Status

MAX_TASK_BYTES = 16 << 20
"""What a block that has not been read yet may weigh when it is sent to another process."""
MAX_SINGLE = 24
"""Episodes that are read one by one and compared with the whole."""
MAX_ELSEWHERE = 3
"""Episodes that another process reads one by one, beside the whole."""

Check: TypeAlias = Callable[[TrajectoryLog], Iterator[str]]


def _has_a_sound_header(log: TrajectoryLog) -> Iterator[str]:
    header = log.header
    names = [agent.name for agent in header.agents]
    if not names or len(set(names)) < len(names) or not all(names):
        yield "the header names every agent once"
    fields = [spec.name for spec in header.fields]
    if len(set(fields)) < len(fields):
        yield "every field has a name of its own"
    for name in fields:
        if name not in FIELD_NAMES and not name.startswith(INFO):
            yield f"a field is one of convscope.values.fields or begins with {INFO!r}, not {name!r}"


def _has_sound_episodes(log: TrajectoryLog) -> Iterator[str]:
    table = log.episodes
    if not table.n_episodes or table.length.min(initial=1) < 1:
        yield "there is an episode, and each has a step"
    if not np.isin(table.rows - table.length, (0, 1)).all():
        yield "an episode has as many rows as steps, or one more for the final observation"
    if not np.isin(table.end, [*EndKind]).all():
        yield "the end of an episode is an EndKind"
    if (np.diff(table.run) < 0).any():
        yield "the episodes of a run lie together, runs in order"
    if (np.diff(log.source_of) < 0).any():
        yield "source_of ascends"


def _reads_the_same_in_any_blocks(log: TrajectoryLog) -> Iterator[str]:
    names = _names(log)
    whole = list(log.blocks(names, max_bytes=1 << 40))
    single = [task.load() for task in log.tasks(names, max_bytes=1)[:MAX_SINGLE]]
    for name in sorted(names):
        if not begins_with(whole, single, name):
            yield f"the field {name} reads the same in blocks of any size"
        alone = list(log.blocks(frozenset({name}), max_bytes=1 << 40))
        if any(set(block.columns) != {name} for block in alone) or not begins_with(whole, alone, name):
            yield f"the field {name} reads the same when it is asked for alone, and nothing else comes with it"
    ours, theirs = statuses(whole), statuses(single)
    if not np.array_equal(ours[: len(theirs)], theirs):
        yield "status reads the same in blocks of any size"


def _fits_its_header(log: TrajectoryLog) -> Iterator[str]:
    n_agents = len(log.header.agents)
    for block in log.blocks(_names(log)):
        if not np.isin(block.status, [*Status]).all() or block.status.shape[1] != n_agents:
            yield "status has a column per agent and holds values of Status"
        if block.n_rows != int(log.episodes.rows[block.episodes].sum()):
            yield "a block has the rows that its episodes say"
        for spec in log.header.fields:
            inner = {
                Level.TEAM: spec.shape,
                Level.AGENT: (n_agents, *spec.shape),
                Level.PAIR: (*spec.shape, n_agents, n_agents),
            }[spec.level]
            if block.columns[spec.name].shape != (block.n_rows, *inner):
                found = block.columns[spec.name].shape
                yield f"the field {spec.name} has the shape {(block.n_rows, *inner)} that its spec says, not {found}"


def _travels(log: TrajectoryLog) -> Iterator[str]:
    names = _names(log)
    tasks = [*log.tasks(names), *log.tasks(names, max_bytes=1)[:MAX_ELSEWHERE]]
    packed = [pickle.dumps(task.alone()) for task in tasks]
    if max(map(len, packed)) > MAX_TASK_BYTES:
        yield f"a block to be read weighs at most {MAX_TASK_BYTES >> 20} MiB, not {max(map(len, packed)) >> 20}"
    # Two workers, so that there is one at all: a single one would be this process.
    with open_executor(2) as executor:
        for task, content in zip(tasks, packed, strict=True):
            there, here = executor.submit(_load, content).result(), task.load()
            yield from _unlike(here, there)


def _load(packed: bytes) -> Block:
    task: BlockTask = pickle.loads(packed)  # noqa: S301  our own bytes
    return task.load()


def _unlike(here: Block, there: Block) -> Iterator[str]:
    if not np.array_equal(there.status, here.status):
        yield "another process reads the same status"
    for name, column in here.columns.items():
        if name not in there.columns or not np.array_equal(there.columns[name], column, equal_nan=True):
            yield f"another process reads the same in the field {name}"


def _keeps_the_rules_of_the_format(log: TrajectoryLog) -> Iterator[str]:
    """Convert the log: the format's own rules say whether rows, statuses and actions make sense."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.h5"
        write_log(log, path)
        for problem in validate_log(path):
            if problem.severity is not Severity.SUGGESTION:
                yield f"converted, it keeps the rule {problem.rule}: {problem.where}: {problem.message}; {problem.fix}"


def _names(log: TrajectoryLog) -> frozenset[str]:
    return frozenset(spec.name for spec in log.header.fields)


CHECKS_OF_HEADER: tuple[Check, ...] = (_has_a_sound_header, _has_sound_episodes)
CHECKS_OF_ROWS: tuple[Check, ...] = (
    _fits_its_header,
    _reads_the_same_in_any_blocks,
    _travels,
    _keeps_the_rules_of_the_format,
)
"""For logs that hold an episode."""
