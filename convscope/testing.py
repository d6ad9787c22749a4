"""The contract for loader authors: what every loader promises, checked on a file (``docs/loaders.md``)."""

import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from convscope.errors import ConvscopeError
from convscope.ingest.loader import Loader, Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe, probe
from convscope.ingest.problems import Severity
from convscope.ingest.validate import validate_log
from convscope.ingest.writer import write_log
from convscope.values.fields import FIELD_NAMES, INFO, Level
from convscope.values.log import Block, TrajectoryLog
from convscope.values.status import EndKind, Status

MAX_TASK_BYTES = 16 << 20
"""What a block that has not been read yet may weigh when it is sent to another process."""
MAX_SINGLE = 24
"""Episodes that are read one by one and compared with the whole."""

_NO_LOGS = (b"hello\n" * 9, b"\x89HDF\r\n\x1a\n" + bytes(99), b"PK\x03\x04" + bytes(99), b"PAR1" + bytes(99), bytes(99))


class LoaderContractError(AssertionError):
    """A loader breaks its promises; the message lists which."""


def check_loader(
    loader: Loader, path: Path, *, mapping: LogMapping | None = None, trusts_pickle: bool = False
) -> TrajectoryLog:
    """Check that a loader keeps the contract on a log that it should read.

    Parameters
    ----------
    loader
        What the entry point names.
    path
        A genuine log of its kind, small: it is read several times.
    mapping
        Given to the loader, if it takes one.
    trusts_pickle
        Whether the loader may read pickled parts.

    Returns
    -------
    TrajectoryLog
        What the loader makes of the log, for tests of its content: the contract is about form, and cannot know what
        the file means.

    Raises
    ------
    LoaderContractError
        If any promise is broken; all that are broken are listed.
    """
    seen = probe(path, path.name, trusts_pickle=trusts_pickle)
    broken = list(_checked(loader, seen))
    log = loader.open(seen, mapping)
    for check in _CHECKS:
        broken.extend(check(log))
    broken.extend(f"opened twice, it gives another {part}" for part in _differences(log, loader.open(seen, mapping)))
    if log.header.inputs[:1] != (seen.input_file(loader.name, assumptions=log.header.inputs[0].assumptions),):
        broken.append("the header's input is not what probe.input_file(loader.name) says")
    if broken:
        lines = "\n".join(f"- {sentence}" for sentence in dict.fromkeys(broken))
        raise LoaderContractError(f"the loader {loader.name!r} breaks its promises on {path}:\n{lines}")
    return log


def _checked(loader: Loader, seen: Probe) -> Iterator[str]:
    """Check what a loader says of itself and of a log, before it is opened."""
    if not loader.name or not loader.description:
        yield "a loader has a name and a description"
    match = loader.sniff(seen)
    if not 0 < match.score <= 1 or not match.reason:
        yield f"sniff gives a score above 0, at most 1, and a reason for its own log, not {match}"
    if loader.sniff(seen) != match:
        yield "sniff says the same of the same log"
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(_NO_LOGS):
            place = Path(folder) / f"{number}"
            place.write_bytes(content)
            said = _sniffed(loader, place)
            if said is not None and said.score > 0:
                yield f"sniff gives 0 for what is no log, not {said.score} for {content[:8]!r}"


def _sniffed(loader: Loader, path: Path) -> Match | None:
    try:
        seen = probe(path, path.name)
    except ConvscopeError:
        return None
    return loader.sniff(seen)


def _has_a_sound_header(log: TrajectoryLog) -> Iterator[str]:
    header = log.header
    names = [agent.name for agent in header.agents]
    if not names or len(set(names)) < len(names) or not all(names):
        yield "the header names every agent once"
    if any(not sentence.strip() for sentence in header.inputs[0].assumptions):
        yield "every assumption is a sentence"
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
    names = frozenset(spec.name for spec in log.header.fields)
    whole = list(log.blocks(names, max_bytes=1 << 40))
    single = [task.load() for task in log.tasks(names, max_bytes=1)[:MAX_SINGLE]]
    for name in names:
        if not _begins_with(whole, single, name):
            yield f"the field {name} reads the same in blocks of any size"
        alone = list(log.blocks(frozenset({name}), max_bytes=1 << 40))
        if any(set(block.columns) != {name} for block in alone) or not _begins_with(whole, alone, name):
            yield f"the field {name} reads the same when it is asked for alone, and nothing else comes with it"
    ours, theirs = _statuses(whole), _statuses(single)
    if not np.array_equal(ours[: len(theirs)], theirs):
        yield "status reads the same in blocks of any size"


def _fits_its_header(log: TrajectoryLog) -> Iterator[str]:
    n_agents = len(log.header.agents)
    for block in log.blocks(frozenset(spec.name for spec in log.header.fields)):
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
    for task in log.tasks(frozenset(spec.name for spec in log.header.fields)):
        packed = pickle.dumps(task.alone())
        if len(packed) > MAX_TASK_BYTES:
            yield f"a block to be read weighs at most {MAX_TASK_BYTES >> 20} MiB, not {len(packed) >> 20}"
        there = pickle.loads(packed).load()  # noqa: S301  our own bytes
        if not np.array_equal(there.status, task.load().status):
            yield "another process reads the same"


def _keeps_the_rules_of_the_format(log: TrajectoryLog) -> Iterator[str]:
    """Convert the log: the format's own rules say whether rows, statuses and actions make sense."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.h5"
        write_log(log, path)
        for problem in validate_log(path):
            if problem.severity is not Severity.SUGGESTION:
                yield f"converted, it keeps the rule {problem.rule}: {problem.where}: {problem.message}; {problem.fix}"


_CHECKS: tuple[Callable[[TrajectoryLog], Iterator[str]], ...] = (
    _has_a_sound_header,
    _has_sound_episodes,
    _fits_its_header,
    _reads_the_same_in_any_blocks,
    _travels,
    _keeps_the_rules_of_the_format,
)


def _differences(first: TrajectoryLog, second: TrajectoryLog) -> Iterator[str]:
    if first.header != second.header:
        yield "header"
    if first.episodes.path != second.episodes.path or not np.array_equal(first.episodes.rows, second.episodes.rows):
        yield "table of episodes"
    names = frozenset(spec.name for spec in first.header.fields)
    ours, theirs = list(first.blocks(names)), list(second.blocks(names))
    for name in names:
        if not _begins_with(ours, theirs, name):
            yield f"field {name}"


def _begins_with(first: list[Block], second: list[Block], name: str) -> bool:
    ours, theirs = (np.concatenate([block.columns[name] for block in blocks]) for blocks in (first, second))
    return np.array_equal(ours[: len(theirs)], theirs, equal_nan=True)


def _statuses(blocks: list[Block]) -> np.ndarray:
    return np.concatenate([block.status for block in blocks])
