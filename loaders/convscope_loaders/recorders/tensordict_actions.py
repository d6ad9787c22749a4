"""The actions of TorchRL's environments: what a specification says of them, and their numbers."""

from math import prod
from typing import Any

import numpy as np

from convscope.recording.episode import Numbers
from convscope.values.header import ActionKind, ActionSpace

_ONE_HOT, _CHOICE = "OneHot", "Categorical"
_MANY_HOT, _CHOICES, _SWITCHES = "MultiOneHot", "MultiCategorical", "Binary"


def space_of(spec: Any, rank: int) -> ActionSpace | None:  # noqa: ANN401  TorchRL's classes are known by their names
    """Return the action space of one agent; None where the specification is of another kind.

    Parameters
    ----------
    spec
        Of one agent.
    rank
        Its leading axes, which are environments.
    """
    kind = type(spec).__name__
    if kind in {_ONE_HOT, _CHOICE}:
        return ActionSpace(kind=ActionKind.DISCRETE, n=(int(spec.space.n),))
    if kind in {_MANY_HOT, _CHOICES, _SWITCHES}:
        sizes = (2,) * int(spec.shape[-1]) if kind == _SWITCHES else tuple(int(box.n) for box in spec.space)
        return ActionSpace(kind=ActionKind.MULTI_DISCRETE, n=sizes, width=len(sizes))
    if spec.domain == "continuous":
        return ActionSpace(kind=ActionKind.CONTINUOUS, width=prod(spec.shape[rank:]))
    return None


def chosen(actions: Numbers, spec: Any) -> Numbers:  # noqa: ANN401  as above
    """Return the numbers of actions that are given as one-hot rows; others as they are."""
    kind = type(spec).__name__
    if kind == _ONE_HOT:
        return np.asarray(actions.argmax(axis=-1))
    if kind == _MANY_HOT:
        places = np.cumsum([int(box.n) for box in spec.space])[:-1]
        return np.stack([part.argmax(axis=-1) for part in np.split(actions, places, axis=-1)], axis=-1)
    return actions.astype(np.uint8) if kind == _SWITCHES else actions
