"""The filters of a robomimic file: lists of demonstrations, such as those to train on."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from convscope.ingest.container import Container
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog

_GROUP = "/mask/"


def with_filters(log: TrajectoryLog, container: Container) -> TrajectoryLog:
    """Make the filters conditions of the log where no demonstration is in two of them; else say that they are unused.

    Filters are made for training and may overlap (``train``, ``20_percent``), but those that do not are a partition
    that somebody meant, such as demonstrations of better and worse operators.
    """
    filters = _filters(container)
    listed = [name for names in filters.values() for name in names]
    if not listed:
        return log
    counts = ", ".join(f"{name} ({len(names)})" for name, names in list(filters.items())[:8])
    if len(set(listed)) < len(listed):
        message = f"filters that share demonstrations are not used, all episodes are read: {counts}"
        return _noted(log, Notice(code="filters-unused", message=message, where=_GROUP[:-1]))
    place_of = {name: place for place, names in enumerate(filters.values()) for name in names}
    condition = [place_of.get(path.rsplit("/", 1)[-1], -1) for path in log.episodes.path]
    episodes = replace(log.episodes, conditions=tuple(filters), condition=np.array(condition, dtype=np.int64))
    message = f"filters are read as conditions: {counts}; {condition.count(-1)} episodes are in none"
    return _noted(replace(log, episodes=episodes), Notice(code="filters-as-conditions", message=message))


def _filters(container: Container) -> Mapping[str, tuple[str, ...]]:
    paths = [path for path, info in container.inventory.datasets.items() if path.startswith(_GROUP) and info.is_text]
    with container.store.open() as file:
        return {path.removeprefix(_GROUP): tuple(dict.fromkeys(file.read_text(path))) for path in paths}


def _noted(log: TrajectoryLog, notice: Notice) -> TrajectoryLog:
    return replace(log, header=replace(log.header, notices=(*log.header.notices, notice)))
