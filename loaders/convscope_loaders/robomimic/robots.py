"""What each robot observes, joined from its keys: ``robot0_eef_pos``, ``robot0_gripper_qpos`` and the like."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from convscope.ingest.container import ArrayInfo, ArrayReader, Container
from convscope_loaders.robomimic.demos import DATA, Demos
from convscope_loaders.structure.views import with_views

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
    joined = (
        _joined(container, f"{DATA}/{demo}", name, parts=own) for demo in demos.names for name, own in parts.items()
    )
    return with_views(container, (view for view in joined if view is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedView:
    """Tables of a demonstration, side by side."""

    group: str
    """Of the demonstration."""
    name: str
    parts: tuple[str, ...]
    """Within the group, as the name is."""
    shape: tuple[int, int]

    @property
    def info(self) -> ArrayInfo:
        """A row for each of theirs."""
        return ArrayInfo(path=f"{self.group}/{self.name}", shape=self.shape, dtype="<f8")

    def rows(self, file: ArrayReader, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows."""
        read = [file.read(f"{self.group}/{part}", start, stop) for part in self.parts]
        return np.concatenate([rows.reshape(len(rows), -1) for rows in read], axis=1)


def _joined(container: Container, group: str, name: str, *, parts: tuple[str, ...]) -> JoinedView | None:
    """Return tables side by side; None where one is missing or of another length."""
    found = [container.inventory.datasets.get(f"{group}/{part}") for part in parts]
    infos = [info for info in found if info is not None and info.shape and not (info.is_text or info.columns)]
    if len(infos) < len(parts) or len({info.shape[0] for info in infos}) > 1:
        return None
    width = sum(prod(info.shape[1:]) for info in infos)
    return JoinedView(group=group, name=name, parts=parts, shape=(infos[0].shape[0], width))
