"""What the paths of several files say: runs, or checkpoints of runs."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog

_CHECKPOINT = re.compile(
    r"(?:update|checkpoint|ckpt|iter|iteration|epoch|generation|gen|step|training_step)[_\-]?\d+", re.I
)


def with_checkpoints(logs: Sequence[TrajectoryLog]) -> tuple[TrajectoryLog, ...]:
    """Read checkpoints from the files' names where every one names one and no file has runs of its own.

    Parameters
    ----------
    logs
        One a file, each with its file's tail as its only run, as loaders leave logs that name no runs.

    Returns
    -------
    tuple of TrajectoryLog
        ``seed_1/update_40.h5`` becomes run ``seed_1``, checkpoint ``update_40``; files of which only the checkpoint
        differs are the run ``run_0``. Unchanged where any file says otherwise: checkpoints taken for runs would count
        one training run as several.
    """
    told = [_told(log) for log in logs]
    if len(logs) < 2 or any(pair is None for pair in told):
        return tuple(logs)
    return tuple(_renamed(log, *pair) for log, pair in zip(logs, told, strict=True) if pair is not None)


def _told(log: TrajectoryLog) -> tuple[str, str] | None:
    tail = log.header.inputs[0].name if log.header.inputs else ""
    if log.episodes.runs != (tail,) or log.episodes.checkpoints:
        return None
    path = PurePosixPath(tail)
    parts = [*path.parts[:-1], path.stem]
    named = [part for part in parts if _CHECKPOINT.fullmatch(part)]
    if len(named) != 1:
        return None
    return "/".join(part for part in parts if part != named[0]) or "run_0", named[0]


def _renamed(log: TrajectoryLog, run: str, checkpoint: str) -> TrajectoryLog:
    notice = Notice(
        code="checkpoints-by-name",
        message="each file is read as one checkpoint of a run, because the files are called so",
    )
    table = replace(log.episodes, runs=(run,), checkpoints=(checkpoint,), checkpoint=log.episodes.run * 0)
    header = replace(log.header, notices=(*log.header.notices, notice))
    return replace(log, episodes=table, header=header)
