"""A study file: which files are which run, checkpoint and condition (``docs/studies.md``)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np

from convscope.errors import LogFormatError, StudyError, UsageError
from convscope.ingest.faults import Faults
from convscope.ingest.finding import FoundLogs, search_logs
from convscope.ingest.toml_document import TomlDocument, TomlKind, read_toml
from convscope.ingest.toml_lines import KeyPath
from convscope.values.header import InputFile, Notice
from convscope.values.log import TrajectoryLog

_STUDY = TomlKind(name="study file", error=StudyError)
_LABELS = ("run", "checkpoint", "condition")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyLog:
    """One file or folder of a study, and what the study file calls it; None where it leaves that to the log."""

    path: Path
    run: str | None
    checkpoint: str | None
    condition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFiles:
    """The logs of a study file, in numbered order within each of its entries."""

    logs: tuple[StudyLog, ...]
    notices: tuple[Notice, ...]
    file: InputFile
    """The study file itself."""


def is_study_file(names: Sequence[str | Path]) -> bool:
    """Whether what a user gave as logs is one study file."""
    return len(names) == 1 and str(names[0]).lower().endswith(".toml")


def read_study_file(path: Path) -> StudyFiles:
    """Read a study file and search for its logs.

    Parameters
    ----------
    path
        TOML with ``[[logs]]`` entries: ``files`` (paths and globs from the folder of the study file, with ``{run}``,
        ``{checkpoint}``, ``{condition}`` where a part of the path is a label), ``run``, ``checkpoint``, ``condition``.

    Raises
    ------
    UsageError
        If there is no such file.
    StudyError
        If it does not say what it should, or a pattern fits no log; the message names the line, all faults are told.
    """
    document = read_toml(path, _STUDY)
    faults = Faults()
    document.known_keys((), ("logs",), "key", faults=faults)
    entries = document.content.get("logs")
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise document.fault('a study file holds entries [[logs]] with files = "..."', ("logs",))
    logs: dict[Path, StudyLog] = {}
    notices: list[Notice] = []
    for number, entry in enumerate(entries):
        place = ("logs", f"#{number}")
        with faults.kept():
            for pattern in _patterns(document, entry, place):
                with faults.kept():
                    for told, seen in _found(document, pattern, entry, place=place, folder=path.parent):
                        notices += seen
                        if told.path in logs:
                            message = f"{told.path.name!r:.80} is in two entries"
                            raise document.fault(message, (*place, "files"), pattern)
                        logs[told.path] = told
    faults.raise_all()
    own = InputFile(name=document.file, sha256=document.sha256, n_bytes=document.n_bytes, loader=_STUDY.name)
    return StudyFiles(logs=tuple(logs.values()), notices=tuple(dict.fromkeys(notices)), file=own)


def find_study(names: Sequence[str | Path]) -> tuple[FoundLogs, StudyFiles | None]:
    """Search for the logs of a study, as `search_logs`, or where one study file is named, as that says.

    Parameters
    ----------
    names
        Files, folders and globs, or one study file.
    """
    if not is_study_file(names):
        return search_logs([Path(name) for name in names]), None
    study = read_study_file(Path(names[0]))
    return FoundLogs(paths=tuple(each.path for each in study.logs), notices=study.notices), study


def labelled(log: TrajectoryLog, told: StudyLog) -> TrajectoryLog:
    """Return a log under the labels of the study file.

    Raises
    ------
    LogFormatError
        If the file holds several runs, checkpoints or conditions of its own where the study file names one.
    """
    table = log.episodes
    zeros = np.zeros(table.n_episodes, dtype=np.int64)
    for label, own in (("run", table.runs), ("checkpoint", table.checkpoints), ("condition", table.conditions)):
        if getattr(told, label) is not None and len(own) > 1:
            raise LogFormatError(f"{told.path} holds {len(own)} {label}s of its own; leave {label} out of its entry")
    if told.run is not None:
        table = replace(table, runs=(told.run,))
    if told.checkpoint is not None:
        table = replace(table, checkpoints=(told.checkpoint,), checkpoint=zeros)
    if told.condition is not None:
        table = replace(table, conditions=(told.condition,), condition=zeros)
    return replace(log, episodes=table)


def _patterns(document: TomlDocument, entry: dict[str, object], place: KeyPath) -> tuple[str, ...]:
    unknown = [key for key in entry if key not in ("files", *_LABELS)]
    if unknown:
        message = f"unknown key {unknown[0]!r:.80}; known are files, run, checkpoint, condition"
        raise document.fault(message, (*place, unknown[0]))
    files = entry.get("files")
    patterns = [files] if isinstance(files, str) else files
    if not isinstance(patterns, list) or not patterns or not all(isinstance(each, str) for each in patterns):
        raise document.fault("files must be a path or a list of paths, and not empty", (*place, "files"))
    for label in _LABELS:
        if not isinstance(entry.get(label, ""), str):
            raise document.fault(f"{label} must be a text", (*place, label))
    return tuple(str(pattern) for pattern in patterns)


def _found(
    document: TomlDocument, pattern: str, entry: dict[str, object], *, place: KeyPath, folder: Path
) -> list[tuple[StudyLog, tuple[Notice, ...]]]:
    """Return the logs that fit a pattern, with what was passed over."""
    known = _PLACEHOLDER.findall(pattern)
    if set(known) - set(_LABELS) or len(set(known)) < len(known):
        message = f"{pattern!r:.80} may hold {{run}}, {{checkpoint}} and {{condition}}, each once"
        raise document.fault(message, (*place, "files"), pattern)
    if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
        message = f"{pattern!r:.80} leaves the folder of the study file; put that file above all logs"
        raise document.fault(message, (*place, "files"), pattern)
    try:
        found = search_logs([folder / _PLACEHOLDER.sub("*", pattern)])
    except UsageError as error:
        raise document.fault(str(error), (*place, "files"), pattern) from error
    shape = _matching(pattern)
    logs: list[tuple[StudyLog, tuple[Notice, ...]]] = []
    for path in found.paths:
        match = shape.match(path.relative_to(folder).as_posix())
        told = {label: str(entry[label]) for label in _LABELS if label in entry}
        told |= match.groupdict() if match else {}
        logs.append((StudyLog(path=path, **{label: told.get(label) for label in _LABELS}), found.notices))
    return logs


def _matching(pattern: str) -> re.Pattern[str]:
    """Return the expression that reads labels from a path; below a folder that fits, anything may follow."""
    parts = re.split(r"(\{\w+\}|\*\*/?|\*|\?)", pattern)
    of = {"*": "[^/]*", "?": "[^/]", "**": ".*", "**/": "(?:.*/)?"}
    texts = [f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else of.get(part, re.escape(part)) for part in parts]
    return re.compile("".join(chain(texts, ["(?:/.*)?$"])))
