"""Any container of arrays as a log: understood by names, shapes and numbers, or by a mapping."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from convscope.errors import AmbiguousLogError, MappingError
from convscope.ingest.container import Container, Inventory
from convscope.ingest.loader import ONLY_MAPPED, Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.annotations import annotated
from convscope_loaders.structure.announced import hold_against_next
from convscope_loaders.structure.build import Reading, build_log
from convscope_loaders.structure.folding import refolded, unfold
from convscope_loaders.structure.infer import infer
from convscope_loaders.structure.leaf_names import LeafNames
from convscope_loaders.structure.lexicon import Meaning, meaning_of
from convscope_loaders.structure.readings import completed
from convscope_loaders.structure.ring import InTimeOrder, in_time_order

_TELLING = (Meaning.ACTION, Meaning.OBSERVATION, Meaning.POSITION)


def match_by_names(inventory: Inventory) -> Match:
    """Look for arrays that are called actions, observations or positions."""
    leaves = LeafNames(inventory, (), {})
    found = {_meaning(path, leaves) for path in inventory.datasets}
    told = [meaning for meaning in _TELLING if meaning in found]
    if not told:
        return Match(score=ONLY_MAPPED, reason="no array is called actions, observations or positions")
    return Match(score=0.5, reason=f"arrays are called {', '.join(f'{meaning}s' for meaning in told)}")


def open_by_structure(probe: Probe, container: Container, mapping: LogMapping | None, *, loader: str) -> TrajectoryLog:
    """Return the log that a container holds.

    Parameters
    ----------
    probe
        The file or folder.
    container
        Its arrays.
    mapping
        What they mean, as far as the user declares it.
    loader
        Name of the loader, for the provenance.

    Raises
    ------
    AmbiguousLogError
        If the arrays can be read in more than one way; the message shows the readings and a mapping to edit.
    LogFormatError
        If they hold no trajectories.
    MappingError
        If the mapping speaks of axes or columns that the arrays do not have.
    """
    try:
        with _completed(mapping):
            ordered = _ordered(probe, container, mapping)
            unfolded, known = _unfolded(ordered.container, mapping)
            return build_log(probe, unfolded, _told(ordered, _read(probe, unfolded, known)), loader=loader)
    except (IndexError, ValueError) as error:
        if mapping is None:
            raise
        # What a mapping declares is taken at its word, so that only the arrays can tell where it is wrong.
        raise MappingError(f"{mapping.file}: does not fit the arrays of {probe.path}: {error}") from error


def read_structure(probe: Probe, container: Container, mapping: LogMapping | None) -> Reading:
    """Work out what the arrays mean; as `convscope_loaders.structure.infer.infer`."""
    with _completed(mapping):
        ordered = _ordered(probe, container, mapping)
        return _told(ordered, _read(probe, ordered.container, mapping))


def _ordered(probe: Probe, container: Container, mapping: LogMapping | None) -> InTimeOrder:
    return in_time_order(annotated(container), mapping, place=str(probe.path))


def _told(ordered: InTimeOrder, reading: Reading) -> Reading:
    assumptions = (*ordered.assumptions, *reading.assumptions)
    return replace(reading, assumptions=assumptions, headless=ordered.headless)


def _read(probe: Probe, container: Container, mapping: LogMapping | None) -> Reading:
    place = str(probe.path)
    with container.store.open() as file:
        found = infer(container.inventory, file, mapping, place=place, names_unused=True)
        return hold_against_next(found, container.inventory, file, declared=mapping, place=place)


@contextmanager
def _completed(mapping: LogMapping | None) -> Generator[None]:
    """Let the mappings of errors say what the user has said already."""
    try:
        yield
    except AmbiguousLogError as error:
        if mapping is None:
            raise
        raise completed(error, mapping) from error


def propose_mapping(probe: Probe, container: Container, mapping: LogMapping | None) -> LogMapping:
    """Return the complete mapping that `open_by_structure` follows; errors are its own."""
    with _completed(mapping):
        unfolded, known = _unfolded(_ordered(probe, container, mapping).container, mapping)
        found = _read(probe, unfolded, known).mapping
    return found if mapping is None else refolded(found, mapping)


def _unfolded(container: Container, mapping: LogMapping | None) -> tuple[Container, LogMapping | None]:
    return (container, None) if mapping is None else unfold(container, mapping)


def _meaning(path: str, leaves: LeafNames) -> Meaning | None:
    leaf = leaves.fold(path, is_in_episode=False)
    group, name = path.rsplit("/", 1)
    return meaning_of((group.rsplit("/", 1)[-1], *(name if leaf is None else leaf.text).split(".")))
