"""Opens the logs of a study: probe, choose a loader, read, join."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from convscope.errors import LogFormatError, UsageError
from convscope.ingest.choice import Choice, choose, installed_loaders
from convscope.ingest.finding import find_logs, search_logs, tail_names
from convscope.ingest.join import join_logs
from convscope.ingest.mapping import LogMapping
from convscope.ingest.probe import Probe, probe
from convscope.ingest.study import with_labels_of_names
from convscope.ingest.study_file import StudyFiles, find_study, labelled
from convscope.values.header import ActionSpaceError, Notice
from convscope.values.log import TrajectoryLog

__all__ = ["find_logs", "open_chosen", "open_logs", "open_study", "search_logs"]


def open_logs(
    paths: Sequence[Path],
    *,
    loader: str | None = None,
    mapping: LogMapping | None = None,
    trusts_pickle: bool = False,
    notices: Sequence[Notice] = (),
    study: StudyFiles | None = None,
) -> TrajectoryLog:
    """Open one or several files as one log.

    Parameters
    ----------
    paths
        Files and folders, as `search_logs` returns them: shards, runs or checkpoints of one study.
    loader
        Name of the loader to use; None chooses the best match for each file.
    mapping
        What the arrays mean, where a loader cannot tell; it overrides what would be inferred.
    trusts_pickle
        Whether pickled parts may be read; nothing is unpickled without it.
    notices
        What was passed over when the paths were searched for; the log says it, too.
    study
        Names runs, checkpoints and conditions of the paths, in their order; None leaves that to the files.

    Returns
    -------
    TrajectoryLog
        Lazy. A file's runs and checkpoints are its own; a file without any is a run, named by the shortest tail of its
        path that tells the files apart; where every such name holds a checkpoint or an episode, as
        in ``seed_1/update_40.h5``, it says both. A run's episodes lie together, checkpoints in numbered order.

    Raises
    ------
    UsageError
        If no file is given, two files are copies of each other, or no loader is called so.
    LogFormatError
        If a file cannot be understood, or the files do not fit together.
    """
    if not paths:
        raise UsageError("no log was given; name a file, a folder or a glob")
    available, broken = installed_loaders()
    loaders = [found.loader for found in available]
    logs: list[TrajectoryLog] = []
    path_of: dict[str, Path] = {}
    for path, name in zip(paths, tail_names(paths), strict=True):
        seen = probe(path, name, trusts_pickle=trusts_pickle)
        twin = path_of.setdefault(seen.sha256, path)
        if twin is not path:
            # Counted twice, one run would pass for two, and runs are what every claim rests on.
            raise UsageError(f"{twin} and {path} hold the same bytes: give a log once")
        logs.append(open_chosen(choose(seen, loaders, loader, has_mapping=mapping is not None), seen, mapping))
    if study is None:
        named = with_labels_of_names(logs)
        return _noted(join_logs(named), (*_how_told(named), *broken, *notices))
    told = [labelled(log, each) for log, each in zip(logs, study.logs, strict=True)]
    joined = join_logs(told)
    joined = replace(joined, header=replace(joined.header, study_file=study.file))
    return _noted(joined, (_BY_STUDY_FILE, *broken, *notices))


_BY_STUDY_FILE = Notice(
    code="runs-by-study-file", message="runs, checkpoints and conditions are what the study file calls them"
)


def _how_told(logs: Sequence[TrajectoryLog]) -> tuple[Notice, ...]:
    """Say where runs come from, where several files leave it open."""
    shared = Counter(log.episodes.runs for log in logs)
    # Files of one recording name the same run, which the first of them is called after.
    by_file = [
        log
        for log in logs
        if log.header.inputs and log.episodes.runs == (log.header.inputs[0].name,) and shared[log.episodes.runs] == 1
    ]
    if len(logs) < 2 or not by_file:
        return ()
    message = (
        f"{len(by_file)} of {len(logs)} files name no run; each of these is taken for a run, called after its file"
    )
    return (Notice(code="runs-by-file", message=message),)


def open_study(
    logs: Sequence[str],
    *,
    loader: str | None = None,
    mapping: LogMapping | None = None,
    trusts_pickle: bool = False,
) -> TrajectoryLog:
    """Search for the logs of a study and open them as one.

    Parameters
    ----------
    logs
        Files, folders or globs; or one study file (`convscope.ingest.study_file.read_study_file`).
    loader, mapping, trusts_pickle
        As in `open_logs`.
    """
    found, study = find_study(logs)
    return open_logs(
        found.paths, loader=loader, mapping=mapping, trusts_pickle=trusts_pickle, notices=found.notices, study=study
    )


def open_chosen(choice: Choice, seen: Probe, mapping: LogMapping | None) -> TrajectoryLog:
    """Return the log of one file, as its loader reads it, with what was left out before it came to the loader."""
    try:
        log = choice.loader.open(seen, mapping)
    except ActionSpaceError as error:
        raise LogFormatError(f"{seen.path} has {error}") from error
    return _noted(log, (*choice.notices, *seen.notices))


def _noted(log: TrajectoryLog, notices: Sequence[Notice]) -> TrajectoryLog:
    said = tuple(dict.fromkeys((*notices, *log.header.notices)))
    return replace(log, header=replace(log.header, notices=said))
