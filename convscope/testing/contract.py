"""Checks a loader on a log, and lists every promise that it breaks."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from convscope.errors import ConvscopeError
from convscope.ingest.loader import Loader, Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe, probe
from convscope.testing.comparing import differences
from convscope.testing.promises import CHECKS_OF_HEADER, CHECKS_OF_ROWS
from convscope.values.log import TrajectoryLog

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
        A genuine log of its kind, small: it is read several times, by another process, too.
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
    broken = _listed("sniff", partial(_sniffs_well, loader, seen))
    log = _opened(loader, seen, mapping, broken=broken)
    if log is not None:
        broken += _broken_by(loader, seen, log)
        again = _opened(loader, seen, mapping, broken=broken)
        if again is not None:
            broken += _listed("opening it twice", partial(_gives_the_same_log, log, again))
    if broken or log is None:
        lines = "\n".join(f"- {sentence}" for sentence in dict.fromkeys(broken))
        raise LoaderContractError(f"the loader {loader.name!r} breaks its promises on {path}:\n{lines}")
    return log


def _broken_by(loader: Loader, seen: Probe, log: TrajectoryLog) -> list[str]:
    broken = _listed("the header's input", partial(_names_its_input, loader, seen, log))
    # Rows are of no use where there are none.
    checks = (*CHECKS_OF_HEADER, *(CHECKS_OF_ROWS if log.episodes.n_episodes else ()))
    for check in checks:
        broken += _listed(check.__name__.strip("_").replace("_", " "), partial(check, log))
    return broken


def _listed(what: str, check: Callable[[], Iterator[str]]) -> list[str]:
    """Return the promises that a check finds broken; that it cannot be made is one of them."""
    broken: list[str] = []
    try:
        broken.extend(check())
    except Exception as error:
        broken.append(f"{what}: it raises {type(error).__name__}: {error}")
    return broken


def _opened(loader: Loader, seen: Probe, mapping: LogMapping | None, *, broken: list[str]) -> TrajectoryLog | None:
    try:
        return loader.open(seen, mapping)
    except Exception as error:
        broken.append(f"open reads the log, it does not raise {type(error).__name__}: {error}")
        return None


def _sniffs_well(loader: Loader, seen: Probe) -> Iterator[str]:
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


def _names_its_input(loader: Loader, seen: Probe, log: TrajectoryLog) -> Iterator[str]:
    inputs = log.header.inputs
    if len(inputs) != 1:
        yield f"the header has one input, the log, not {len(inputs)}"
        return
    expected = seen.input_file(loader.name, assumptions=inputs[0].assumptions, companions=inputs[0].companions)
    if inputs[0] != expected:
        yield "the header's input is not what probe.input_file(loader.name) says"
    if any(not sentence.strip() for sentence in inputs[0].assumptions):
        yield "every assumption is a sentence"


def _gives_the_same_log(log: TrajectoryLog, again: TrajectoryLog) -> Iterator[str]:
    return (f"opened twice, it gives another {part}" for part in differences(log, again))
