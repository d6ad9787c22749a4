"""What each robot observes, joined from its keys: ``robot0_eef_pos``, ``robot0_gripper_qpos`` and the like."""

import re
from collections import defaultdict
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, ArrayStore, Container
from convscope_loaders.robomimic.demos import DATA, Demos

ROBOTS, NEXT_ROBOTS, EFFECTORS = "robots", "next_robots", "effectors"
"""Groups of the view in each demonstration: what a robot observes, observes after the step, and where its hand is."""
_KEY = re.compile(r"(robot\d+)_.+")
_EFFECTOR = "_eef_pos"


def robot_keys(demos: Demos) -> Mapping[str, tuple[str, ...]]:
    """Return the keys of each robot that hold a table; images are no part of it."""
    keys: dict[str, list[str]] = defaultdict(list)
    for key, info in demos.observations.items():
        found = _KEY.fullmatch(key)
        if found is not None and len(info.shape) <= 2 and 0 not in info.shape[1:]:
            keys[found[1]].append(key)
    return {robot: tuple(keys[robot]) for robot in sorted(keys, key=lambda name: int(name.removeprefix("robot")))}


def has_effectors(keys: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether every robot says where its hand is."""
    return all(f"{robot}{_EFFECTOR}" in own for robot, own in keys.items())


def with_robots(container: Container, demos: Demos, keys: Mapping[str, tuple[str, ...]]) -> Container:
    """Present what each robot observes as one array beside those of its keys."""
    parts = {f"{ROBOTS}/{robot}": tuple(f"obs/{key}" for key in own) for robot, own in keys.items()}
    if demos.has_next:
        parts |= {f"{NEXT_ROBOTS}/{robot}": tuple(f"next_obs/{key}" for key in own) for robot, own in keys.items()}
    if has_effectors(keys):
        parts |= {f"{EFFECTORS}/{robot}": (f"obs/{robot}{_EFFECTOR}",) for robot in keys}
    datasets = dict(container.inventory.datasets)
    for demo in demos.names:
        for path, own in parts.items():
            info = _joined(f"{DATA}/{demo}/{path}", [f"{DATA}/{demo}/{part}" for part in own], container)
            datasets |= {info.path: info} if info is not None else {}
    inventory = replace(container.inventory, datasets=datasets)
    return Container(inventory=inventory, store=RobotStore(store=container.store, parts=parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotStore:
    """The arrays of a file, and beside them those that are joined from several."""

    store: ArrayStore
    parts: Mapping[str, tuple[str, ...]]
    """Arrays that each joined one consists of, within the group of a demonstration."""

    def open(self) -> AbstractContextManager[ArrayReader]:
        """Open the file for reading rows."""
        return _opened(self)


@contextmanager
def _opened(store: RobotStore) -> Generator["_RobotReader"]:
    with store.store.open() as file:
        yield _RobotReader(file, store.parts)


class _RobotReader:
    def __init__(self, file: ArrayReader, parts: Mapping[str, tuple[str, ...]]) -> None:
        self._file = file
        self._parts = parts

    def read(self, dataset: str, start: int = 0, stop: int | None = None) -> npt.NDArray[np.generic]:
        group, path = _divided(dataset)
        own = self._parts.get(path)
        if own is None:
            return self._file.read(dataset, start, stop)
        read = [self._file.read(f"{group}/{part}", start, stop) for part in own]
        return np.concatenate([rows.reshape(len(rows), -1) for rows in read], axis=1)

    def read_text(self, dataset: str) -> tuple[str, ...]:
        return self._file.read_text(dataset)


def _divided(dataset: str) -> tuple[str, str]:
    """Return the group of a demonstration and what follows; an empty group for what lies in none."""
    parts = dataset.split("/", 3)
    is_inside = len(parts) == 4 and f"/{parts[1]}" == DATA
    return ("/".join(parts[:3]), parts[3]) if is_inside else ("", dataset)


def _joined(path: str, parts: list[str], container: Container) -> ArrayInfo | None:
    """Return what a joined array looks like; None where a part is missing or of another length."""
    found = [container.inventory.datasets.get(part) for part in parts]
    infos = [info for info in found if info is not None and info.shape and not (info.is_text or info.columns)]
    if len(infos) < len(parts) or len({info.shape[0] for info in infos}) > 1:
        return None
    return ArrayInfo(path=path, shape=(infos[0].shape[0], sum(prod(info.shape[1:]) for info in infos)), dtype="<f8")
