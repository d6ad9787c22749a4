"""Logs of a framework whose layout its loader knows: what it knows, a user's mapping over it, the rest inferred."""

from dataclasses import replace

from convscope.errors import LogFormatError, MappingError
from convscope.ingest.container import Container
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.build import Reading, build_log
from convscope_loaders.structure.generic import check_takes_arrays
from convscope_loaders.structure.infer import infer


def open_known(
    probe: Probe, container: Container, known: Reading, *, declared: LogMapping | None, loader: str
) -> TrajectoryLog:
    """Return the log that a container holds.

    Parameters
    ----------
    probe
        The file or folder.
    container
        Its arrays.
    known
        What the framework fixes, and what was taken for granted.
    declared
        What the user declares in a mapping; it stands over what is known. None without one.
    loader
        Name of the loader, for the provenance.

    Raises
    ------
    LogFormatError
        If the arrays do not fit together as the framework's do.
    MappingError
        If the mapping speaks of axes or columns that the arrays do not have.
    """
    try:
        return build_log(probe, container, read_known(probe, container, known, declared=declared), loader=loader)
    except (IndexError, ValueError) as error:
        # What is known or declared is taken at its word, so that only the arrays can tell where it is wrong.
        if declared is not None:
            raise MappingError(f"{declared.file}: does not fit the arrays of {probe.path}: {error}") from error
        raise LogFormatError(f"{probe.path}: its arrays do not fit each other as {loader} has them: {error}") from error


def read_known(probe: Probe, container: Container, known: Reading, *, declared: LogMapping | None) -> Reading:
    """Return what the arrays mean; parameters as in `open_known`."""
    check_takes_arrays(probe, declared)
    with container.store.open() as file:
        mapping = known.mapping if declared is None else _over(known.mapping, declared)
        found = infer(container.inventory, file, mapping, place=str(probe.path))
    return replace(
        found,
        assumptions=tuple(dict.fromkeys((*known.assumptions, *found.assumptions))),
        notices=(*known.notices, *found.notices),
    )


def _over(known: LogMapping, declared: LogMapping) -> LogMapping:
    names = {field.name for field in declared.fields}
    paths = {field.array.path for field in declared.fields}
    kept = [field for field in known.fields if field.name not in names and field.array.path not in paths]
    next_of = {field.array.path: field.next_path for field in known.fields}
    fields = [
        replace(field, next_path=field.next_path or next_of.get(field.array.path, "")) for field in declared.fields
    ]
    return replace(
        declared,
        fields=(*fields, *kept),
        episodes=declared.episodes or known.episodes,
        agents=declared.agents or known.agents,
        roles=declared.roles or known.roles,
        alive=declared.alive or known.alive,
        ignore=(*known.ignore, *declared.ignore),
        environment=declared.environment or known.environment,
        framework=declared.framework or known.framework,
    )
