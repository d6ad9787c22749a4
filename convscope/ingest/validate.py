"""Whether a file keeps the rules of the convscope log format (``docs/log-format.md``)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convscope.ingest.committed import committed_episodes
from convscope.ingest.finding import tail_names
from convscope.ingest.hdf5.listing import read_inventory
from convscope.ingest.hdf5.reading import open_hdf5
from convscope.ingest.problems import LogView, Problem, Severity
from convscope.ingest.row_rules import check_clock, check_rows, check_weights
from convscope.ingest.study_file import find_study
from convscope.ingest.table_rules import check_encoding, check_episodes, check_names, check_parts, check_shapes

__all__ = ["Problem", "Severity", "Validation", "validate_log", "validate_logs"]

# Later rules trust what earlier ones have checked: a step with a critical problem is the last one.
_STEPS = (
    (check_encoding,),
    (check_parts,),
    (check_shapes,),
    (check_names, check_episodes),
    (check_clock, check_rows, check_weights),
)
_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What the rules say of a file."""

    name: str
    """The shortest tail of its path that tells it from the others."""
    problems: tuple[Problem, ...]
    """Critical ones first."""

    @property
    def is_valid(self) -> bool:
        """Whether there is nothing worse than a suggestion."""
        return all(problem.severity is Severity.SUGGESTION for problem in self.problems)


def validate_logs(names: Sequence[str | Path]) -> tuple[Validation, ...]:
    """Check files, folders and globs, or the logs of a study file; as `validate_log` does, and in the order they have.

    Raises
    ------
    UsageError
        If a name stands for nothing.
    LogFormatError
        If a file is no HDF5 file, or a broken one.
    RefusedFileError
        If it could do harm.
    """
    paths = find_study(names)[0].paths
    return tuple(
        Validation(name=name, problems=validate_log(path)) for path, name in zip(paths, tail_names(paths), strict=True)
    )


def validate_log(path: Path) -> tuple[Problem, ...]:
    """Check a file against the convscope log format.

    Parameters
    ----------
    path
        An HDF5 file; nothing about it is trusted.

    Returns
    -------
    tuple of Problem
        Critical ones first; empty for a file that keeps every rule. Rules that presuppose what a critical problem
        breaks are not checked.

    Raises
    ------
    LogFormatError
        If it is no HDF5 file, or a broken one.
    RefusedFileError
        If it could do harm.
    """
    found: list[Problem] = []
    inventory = read_inventory(path)
    with open_hdf5(path) as file:
        view = LogView(inventory=inventory, file=file, n_committed=committed_episodes(inventory, file))
        for rules in _STEPS:
            found.extend(problem for check in rules for problem in check(view))
            if any(problem.severity is Severity.CRITICAL for problem in found):
                break
    return tuple(sorted(found, key=lambda problem: _ORDER.index(problem.severity)))
