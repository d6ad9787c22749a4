"""Logs of a framework whose layout its loader knows: what it knows, a user's mapping over it, the rest inferred."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from convscope.errors import LogFormatError, MappingError
from convscope.ingest.container import Container
from convscope.ingest.loader import Match
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe
from convscope.values.log import TrajectoryLog
from convscope_loaders.structure.build import Reading, build_log
from convscope_loaders.structure.generic import check_takes_arrays
from convscope_loaders.structure.infer import infer


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The arrays of a log, and what they mean as far as its framework fixes it."""

    container: Container
    reading: Reading


class _FrameworkLoader(ABC):
    name: str
    description: str
    requires: tuple[str, ...] = ()

    @abstractmethod
    def sniff(self, probe: Probe) -> Match:
        """Say how well the file fits."""

    def container_of(self, probe: Probe) -> Container:
        """Return the arrays of a file that fits.

        Raises
        ------
        LogFormatError
            If it does not, and why.
        """
        match = self.sniff(probe)
        if probe.container is None or not match.score:
            raise LogFormatError(f"{probe.path} is no log of {self.name}: {match.reason}")
        return probe.container


class FixedLoader(_FrameworkLoader):
    """Reads logs of a framework that fixes all that their arrays mean."""

    takes_mapping = False

    @abstractmethod
    def known(self, probe: Probe) -> Known:
        """Return the arrays and what they mean."""

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:  # noqa: ARG002  the layout is fixed
        """Return the log; errors are those of `known`."""
        known = self.known(probe)
        return build_log(probe, known.container, known.reading, loader=self.name)


class KnownLoader(_FrameworkLoader):
    """Reads logs of a framework that fixes some of what their arrays mean; a mapping or inference tells the rest."""

    takes_mapping = True

    @abstractmethod
    def known(self, probe: Probe, declared: LogMapping | None) -> Known:
        """Return the arrays, and what they mean for want of a better word in the user's mapping."""

    def open(self, probe: Probe, mapping: LogMapping | None) -> TrajectoryLog:
        """Return the log.

        Raises
        ------
        LogFormatError
            As `known`, or if the arrays do not fit together as the framework's do.
        MappingError
            If the mapping speaks of axes or columns that the arrays do not have.
        """
        known = self.known(probe, mapping)
        try:
            reading = read_known(probe, known, declared=mapping)
            return build_log(probe, known.container, reading, loader=self.name)
        except (IndexError, ValueError) as error:
            # What is known or declared is taken at its word, so that only the arrays can tell where it is wrong.
            if mapping is not None:
                raise MappingError(f"{mapping.file}: does not fit the arrays of {probe.path}: {error}") from error
            raise LogFormatError(
                f"{probe.path}: its arrays do not fit each other as {self.name} has them: {error}"
            ) from error

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the mapping that `open` follows, to be edited."""
        return read_known(probe, self.known(probe, mapping), declared=mapping).mapping


def read_known(probe: Probe, known: Known, *, declared: LogMapping | None) -> Reading:
    """Return what the arrays of a log mean, once what is not known of them is inferred.

    Parameters
    ----------
    probe
        The file or folder.
    known
        What the framework fixes, and what was taken for granted.
    declared
        What the user declares in a mapping; it stands over what is known. None without one.
    """
    check_takes_arrays(probe, declared)
    with known.container.store.open() as file:
        mapping = known.reading.mapping if declared is None else _over(known.reading.mapping, declared)
        found = infer(known.container.inventory, file, mapping, place=str(probe.path))
    return replace(
        found,
        assumptions=tuple(dict.fromkeys((*known.reading.assumptions, *found.assumptions))),
        notices=(*known.reading.notices, *found.notices),
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
