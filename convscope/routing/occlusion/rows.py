"""What one receiver saw and did, in rows of its own: the material of a behaviour model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.columns import is_measured
from convscope.behaviour.model import N_FOLDS
from convscope.behaviour.sample import Steps
from convscope.routing.occlusion.pieces import Piece, pieces_of, senders_of
from convscope.values.arrays import FloatArray, IntArray, sealed
from convscope.values.header import ActionKind, ActionSpace
from convscope.values.layout import ReceiverLayout


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Decisions of one receiver."""

    receiver: int
    unit: IntArray
    """Number of each row's episode in the order of their digests, shape (n,)."""
    fold: IntArray
    """Part that the episode belongs to, shape (n,)."""
    seen: FloatArray
    """The observation, then the receiver's own last action, shape (n, D)."""
    actions: FloatArray
    """Shape (n, K)."""
    pieces: tuple[Piece, ...]
    senders: IntArray
    """Whom each piece describes in each row, shape (n, pieces); `NOBODY` where that agent is not there."""
    n_dropped: int
    """Decisions with missing numbers, which are left out."""

    def __post_init__(self) -> None:
        n_rows = len(self.seen)
        for name in ("unit", "fold"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_rows,), name))
        for name in ("seen", "actions", "senders"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_rows, None), name))


def rows_of(
    steps: Steps, receiver: int, layout: ReceiverLayout, *, width: int, space: ActionSpace, agents: Sequence[str]
) -> Rows:
    """Return the decisions of a receiver.

    Parameters
    ----------
    steps
        Of one run and checkpoint.
    receiver
        Its place in the log's agent axis.
    layout
        Of its observations.
    width
        Columns of its observation.
    space
        Of its actions.
    agents
        Names of all agents of the log.
    """
    n_components = space.width if space.kind is ActionKind.CONTINUOUS else len(space.n)
    actions = steps.actions[:, receiver, :n_components]
    seen = np.concatenate(
        [steps.observations[:, receiver, :width], _last(steps.last_actions[:, receiver, :n_components], space)], axis=1
    )
    is_used = steps.is_free[:, receiver]
    is_whole = is_measured(seen) & is_measured(actions)
    kept = np.flatnonzero(is_used & is_whole)
    # Whole episodes are dealt out to the folds in the order of what they hold; equal ones are one.
    unit = np.unique(steps.digest, return_inverse=True)[1].astype(np.int64)
    pieces = pieces_of(layout, receiver, tuple(agents))
    senders = [
        senders_of(piece, receiver, positions=steps.positions[kept], is_present=steps.is_present[kept])
        for piece in pieces
    ]
    return Rows(
        receiver=receiver,
        unit=unit[kept],
        fold=unit[kept] % N_FOLDS,
        seen=seen[kept],
        actions=actions[kept],
        pieces=pieces,
        senders=np.array(senders, dtype=np.int64).reshape(len(pieces), len(kept)).T,
        n_dropped=int((is_used & ~is_whole).sum()),
    )


def _last(actions: FloatArray, space: ActionSpace) -> FloatArray:
    """Return the last action as columns; zeros where there was none."""
    if space.kind is ActionKind.CONTINUOUS:
        return np.nan_to_num(actions, nan=0.0)
    shown = [np.equal(actions[:, [place]], np.arange(n)) for place, n in enumerate(space.n)]
    return np.concatenate(shown, axis=1).astype(np.float64)
