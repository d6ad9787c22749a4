"""What is used of TorchRL, which is never imported here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

Key = tuple[str, ...]
AnyKey = str | tuple[str, ...]


class TensorDict(Protocol):
    """Tensors by key, which share their leading axes."""

    @property
    def batch_size(self) -> Sequence[int]:
        """Sizes of the leading axes."""
        ...

    @property
    def batch_dims(self) -> int:
        """Number of leading axes."""
        ...

    def get(self, key: AnyKey, default: object = ...) -> Any:  # noqa: ANN401  a tensor, or another TensorDict
        """Return an entry."""
        ...

    def keys(self, *, include_nested: bool, leaves_only: bool) -> Iterable[AnyKey]:
        """Return the keys."""
        ...


class Environment(Protocol):
    """An environment of TorchRL."""

    group_map: Mapping[str, Sequence[str]] | list[Mapping[str, Sequence[str]]]
    """Agents by group; several, where environments run in several workers."""

    @property
    def batch_size(self) -> Sequence[int]:
        """How many environments there are, on several axes or none."""
        ...

    @property
    def action_keys(self) -> Sequence[AnyKey]:
        """Keys of actions."""
        ...

    @property
    def observation_keys(self) -> Sequence[AnyKey]:
        """Keys of all that is there after a reset."""
        ...

    @property
    def reward_keys(self) -> Sequence[AnyKey]:
        """Keys of rewards."""
        ...

    @property
    def done_keys(self) -> Sequence[AnyKey]:
        """Keys of flags."""
        ...

    @property
    def full_observation_spec(self) -> Any:  # noqa: ANN401  specifications are known by the names of their classes
        """What there is after a reset."""
        ...

    @property
    def full_action_spec(self) -> Any:  # noqa: ANN401  specifications are known by the names of their classes
        """What actions there are, by group."""
        ...
