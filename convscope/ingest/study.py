"""What the paths of several files say: runs, or checkpoints and episodes of runs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog

_CHECKPOINT = re.compile(
    r"(?:update|checkpoint|ckpt|iter|iteration|epoch|generation|gen|step|training_step)[_\-]?\d+", re.I
)
_EPISODE = re.compile(r"(?:episode|ep|eps|traj|trajectory|rollout|demo|game|match)[_\-]?\d+", re.I)


@dataclass(frozen=True, slots=True)
class _Told:
    run: str
    checkpoint: str | None
    is_episode: bool

    @property
    def kind(self) -> str:
        """What the file is called as."""
        of_checkpoint = "one checkpoint of a run" if self.checkpoint else "one run"
        return f"an episode of {of_checkpoint}" if self.is_episode else of_checkpoint


def with_labels_of_names(logs: Sequence[TrajectoryLog]) -> tuple[TrajectoryLog, ...]:
    """Read checkpoints and episodes from the files' names where every one names them and no file has runs of its own.

    Parameters
    ----------
    logs
        One a file, each with its file's tail as its only run, as loaders leave logs that name no runs.

    Returns
    -------
    tuple of TrajectoryLog
        ``seed_1/update_40.h5`` becomes run ``seed_1``, checkpoint ``update_40``; ``seed_1/episode_3.csv`` an episode of
        run ``seed_1``; files of which nothing else differs are the run ``run_0``. Unchanged where any file says
        otherwise: checkpoints or episodes taken for runs would count one training run as several.
    """
    told = [_told(log) for log in logs]
    if len(logs) < 2 or len({each.kind if each else None for each in told}) > 1:
        return tuple(logs)
    return tuple(_renamed(log, each) if each else log for log, each in zip(logs, told, strict=True))


def _told(log: TrajectoryLog) -> _Told | None:
    tail = log.header.inputs[0].name if log.header.inputs else ""
    if log.episodes.runs != (tail,) or log.episodes.checkpoints:
        return None
    path = PurePosixPath(tail)
    parts = [*path.parts[:-1], path.stem]
    checkpoints, episodes = ([part for part in parts if kind.fullmatch(part)] for kind in (_CHECKPOINT, _EPISODE))
    if len(checkpoints) > 1 or len(episodes) > 1 or not checkpoints + episodes:
        return None
    rest = [part for part in parts if part not in {*checkpoints, *episodes}]
    return _Told("/".join(rest) or "run_0", checkpoints[0] if checkpoints else None, bool(episodes))


def _renamed(log: TrajectoryLog, told: _Told) -> TrajectoryLog:
    notice = Notice(
        code="episodes-by-name" if told.is_episode else "checkpoints-by-name",
        message=f"each file is read as {told.kind}, because the files are called so",
    )
    table = replace(log.episodes, runs=(told.run,))
    if told.checkpoint:
        table = replace(table, checkpoints=(told.checkpoint,), checkpoint=log.episodes.run * 0)
    header = replace(log.header, notices=(*log.header.notices, notice))
    return replace(log, episodes=table, header=header)
