"""Whether a file keeps the rules of the convscope log format (``docs/log-format.md``)."""

from pathlib import Path

from convscope.ingest.hdf5.reading import open_hdf5, read_inventory
from convscope.ingest.problems import LogView, Problem, Severity
from convscope.ingest.row_rules import check_clock, check_rows, check_weights
from convscope.ingest.table_rules import check_encoding, check_episodes, check_names, check_parts, check_shapes

__all__ = ["Problem", "Severity", "validate_log"]

# Later rules trust what earlier ones have checked: a step with a critical problem is the last one.
_STEPS = (
    (check_encoding,),
    (check_parts,),
    (check_shapes,),
    (check_names, check_episodes),
    (check_clock, check_rows, check_weights),
)
_ORDER = tuple(Severity)


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
    with open_hdf5(path) as file:
        view = LogView(inventory=read_inventory(path), file=file)
        for rules in _STEPS:
            found.extend(problem for check in rules for problem in check(view))
            if any(problem.severity is Severity.CRITICAL for problem in found):
                break
    return tuple(sorted(found, key=lambda problem: _ORDER.index(problem.severity)))
