"""What is in a file, which loader fits, and how it is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from convscope.errors import AmbiguousLogError, LogFormatError, UsageError
from convscope.ingest.choice import Choice, LoaderMatch, choose, failures, installed_loaders, match_all
from convscope.ingest.container import ArrayInfo
from convscope.ingest.finding import tail_names
from convscope.ingest.layout_proposal import LayoutProposal, layout_text
from convscope.ingest.loader import Loader
from convscope.ingest.mapping import LogMapping
from convscope.ingest.mapping_draft import mapping_draft
from convscope.ingest.mapping_text import mapping_text
from convscope.ingest.new_file import write_new
from convscope.ingest.open import open_chosen
from convscope.ingest.probe import Probe, probe
from convscope.ingest.study_file import StudyLog, find_study, labelled
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog

MAX_INSPECTED = 8
"""Files of a folder that are looked into, each in full."""


@runtime_checkable
class ProposesMapping(Protocol):
    """A loader that can write down how it reads a file."""

    def propose(self, probe: Probe, mapping: LogMapping | None) -> LogMapping:
        """Return the complete mapping that ``open`` would follow."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenArray:
    """A dataset of the file."""

    path: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inspection:
    """All that can be said of a file before an analysis."""

    probe: Probe
    arrays: tuple[SeenArray, ...]
    """In numbered order; empty for what is no container of arrays."""
    matches: tuple[LoaderMatch, ...]
    """What each loader says, the best first."""
    chosen: Loader | None
    """The one that reads it; None where none does."""
    log: TrajectoryLog | None
    """The reading: its header holds agents, fields and assumptions; None where the file cannot be read as it is."""
    problem: LogFormatError | None
    """Why it cannot."""
    declared: LogMapping | None
    """The mapping that it was read with; None without one."""
    notices: tuple[Notice, ...] = ()

    @property
    def loader(self) -> str | None:
        """Name of the loader that reads it."""
        return None if self.chosen is None else self.chosen.name

    @property
    def mapping(self) -> str | None:
        """A mapping file to edit, worked out when it is asked for; None where the loader needs none."""
        proposed = self._proposed()
        return mapping_draft(_infos(self.probe)) if proposed is None and self._is_unknown else proposed

    @property
    def is_draft(self) -> bool:
        """Whether the mapping only lists the arrays, for the user to say what they mean."""
        return self._is_unknown and self._proposed() is None

    @property
    def _is_unknown(self) -> bool:
        takes_mapping = self.chosen is None or self.chosen.takes_mapping
        return self.log is None and bool(self.arrays) and takes_mapping

    def _proposed(self) -> str | None:
        if not isinstance(self.chosen, ProposesMapping):
            return None
        if isinstance(self.problem, AmbiguousLogError) and self.problem.mapping is not None:
            return self.problem.mapping
        try:
            return mapping_text(self.chosen.propose(self.probe, self.declared))
        except AmbiguousLogError as error:
            return error.mapping
        except LogFormatError:
            return None


def inspect_logs(
    names: Sequence[str | Path],
    *,
    loader: str | None = None,
    mapping: LogMapping | None = None,
    trusts_pickle: bool = False,
) -> tuple[Inspection, ...]:
    """Look into files, folders and globs, or the logs of a study file, and try to read them, in the order they have.

    Parameters
    ----------
    names
        As the user wrote them.
    loader, mapping, trusts_pickle
        As for `open_logs`.

    Returns
    -------
    tuple of Inspection
        Of the first `MAX_INSPECTED` files; notices of the last one say how many more there are, and what was passed
        over.

    Raises
    ------
    UsageError
        If a name stands for nothing, no loader is called so, or it takes no mapping and one is given.
    LogFormatError
        If a file itself cannot be read; that it cannot be understood is part of the value.
    """
    found, study = find_study(names)
    paths = found.paths
    seen = [
        _inspected(probe(path, name, trusts_pickle=trusts_pickle), loader, mapping)
        for path, name in zip(paths[:MAX_INSPECTED], tail_names(paths), strict=False)
    ]
    if study is not None:
        seen = [_as_called(each, told) for each, told in zip(seen, study.logs, strict=False)]
    notices = list(found.notices)
    if len(paths) > len(seen):
        message = f"{len(paths) - len(seen)} more files are not shown; name one of them to look into it"
        notices.append(Notice(code="more-files", message=message))
    seen[-1] = replace(seen[-1], notices=tuple(dict.fromkeys((*seen[-1].notices, *notices))))
    return tuple(seen)


def _as_called(inspection: Inspection, told: StudyLog) -> Inspection:
    """Return an inspection under the labels that a study file gives, or with what stands against them."""
    if inspection.log is None:
        return inspection
    try:
        return replace(inspection, log=labelled(inspection.log, told))
    except LogFormatError as error:
        return replace(inspection, log=None, problem=error)


def _inspected(seen: Probe, loader: str | None, mapping: LogMapping | None) -> Inspection:
    available, notices = installed_loaders()
    loaders = [found.loader for found in available]
    chosen, problem = _chosen(seen, loaders, loader, has_mapping=mapping is not None)
    matches = match_all(seen, loaders)
    log: TrajectoryLog | None = None
    if chosen is not None:
        try:
            log = open_chosen(chosen, seen, mapping)
        except LogFormatError as error:
            problem = error
    return Inspection(
        probe=seen,
        arrays=_arrays(seen),
        matches=matches,
        chosen=None if chosen is None else chosen.loader,
        log=log,
        problem=problem,
        declared=mapping,
        notices=(*notices, *failures(matches)),
    )


def _chosen(
    seen: Probe, loaders: Sequence[Loader], name: str | None, *, has_mapping: bool
) -> tuple[Choice | None, LogFormatError | None]:
    try:
        return choose(seen, loaders, name, has_mapping=has_mapping), None
    except LogFormatError as error:
        return None, error


def _infos(seen: Probe) -> tuple[ArrayInfo, ...]:
    return tuple(seen.container.inventory.datasets.values()) if seen.container is not None else ()


def _arrays(seen: Probe) -> tuple[SeenArray, ...]:
    return tuple(SeenArray(path=info.path, shape=info.shape, dtype=info.dtype) for info in _infos(seen))


def write_proposed_mapping(inspection: Inspection, path: Path) -> None:
    """Write the proposed mapping to a file that is not there yet.

    Raises
    ------
    UsageError
        If the loader needs no mapping, or a mapping could say nothing.
    OutputError
        If the file is there already, or cannot be written.
    """
    mapping = inspection.mapping
    if mapping is None and inspection.log is None:
        raise UsageError(f"{inspection.probe.path} cannot be read, and no mapping would help: {inspection.problem}")
    if mapping is None:
        raise UsageError(f"{inspection.probe.path} needs no mapping: its loader {inspection.loader} knows the layout")
    write_new(path, mapping)


def write_proposed_layout(proposal: LayoutProposal | None, path: Path) -> None:
    """Write the proposed observation layout to a file that is not there yet.

    Raises
    ------
    UsageError
        If the log cannot be read, or holds no observations.
    OutputError
        If the file is there already, or cannot be written.
    """
    if proposal is None:
        raise UsageError("no log that can be read, or no observations in it: there is no layout to propose")
    write_new(path, layout_text(proposal))
