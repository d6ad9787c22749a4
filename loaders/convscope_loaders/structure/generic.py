"""Any container of arrays as a log: understood by names, shapes and numbers, or by a mapping."""

from collections.abc import Iterable

from convscope.errors import MappingError
from convscope.ingest.container import Container
from convscope.ingest.loader import ONLY_MAPPED, Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.build import Reading, build_log
from convscope_loaders.structure.folding import refolded, unfold
from convscope_loaders.structure.infer import infer
from convscope_loaders.structure.lexicon import Meaning, meaning_of

_TELLING = (Meaning.ACTION, Meaning.OBSERVATION, Meaning.POSITION)


def match_by_names(paths: Iterable[str]) -> Match:
    """Look for arrays that are called actions, observations or positions; without any a mapping can name them."""
    found = {_meaning(path) for path in paths}
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
        unfolded, known = (container, None) if mapping is None else unfold(container, mapping)
        return build_log(probe, unfolded, read_structure(probe, unfolded, known), loader=loader)
    except (IndexError, ValueError) as error:
        if mapping is None:
            raise
        # What a mapping declares is taken at its word, so that only the arrays can tell where it is wrong.
        raise MappingError(f"{mapping.file}: does not fit the arrays of {probe.path}: {error}") from error


def read_structure(probe: Probe, container: Container, mapping: LogMapping | None) -> Reading:
    """Work out what the arrays mean; as `convscope_loaders.structure.infer.infer`."""
    with container.store.open() as file:
        return infer(container.inventory, file, mapping, place=str(probe.path))


def propose_mapping(probe: Probe, container: Container, mapping: LogMapping | None) -> LogMapping:
    """Return the complete mapping that `open_by_structure` follows; errors are its own."""
    if mapping is None:
        return read_structure(probe, container, None).mapping
    unfolded, known = unfold(container, mapping)
    return refolded(read_structure(probe, unfolded, known).mapping, mapping)


def _meaning(path: str) -> Meaning | None:
    parts = path.strip("/").split("/")
    told = meaning_of((parts[-1].split(".")[-1],))
    return told or (meaning_of((parts[-2],)) if len(parts) > 1 else None)
