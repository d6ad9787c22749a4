"""What comparable members saw and did: rows of one table, without the columns that say who sees."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.columns import is_measured
from convscope.behaviour.model import N_FOLDS
from convscope.behaviour.sample import Steps
from convscope.values.arrays import BoolArray, FloatArray, IntArray, sealed
from convscope.values.header import ActionKind, ActionSpace

_RARE = 0.01
"""Share of the others' decisions up to which a value that one member always sees counts as that member's own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Decisions of members that share their spaces, one member after the other."""

    members: tuple[str, ...]
    member: IntArray
    """Number of each row's member, shape (n,)."""
    unit: IntArray
    """Number of each row's episode in the order of what episodes hold, shape (n,)."""
    episode: IntArray
    """Row of the episode table of each unit, shape (units,)."""
    columns: FloatArray
    """What was seen, shape (n, D)."""
    actions: FloatArray
    """Shape (n, K)."""
    space: ActionSpace
    n_naming: int
    """Columns that were left out because they say who sees."""

    def __post_init__(self) -> None:
        n_rows = len(self.columns)
        for name in ("member", "unit"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_rows,), name))

    @property
    def fold(self) -> IntArray:
        """Part of the episodes that each row belongs to, shape (n,)."""
        return np.asarray(self.unit % N_FOLDS, dtype=np.int64)

    @property
    def n_units(self) -> int:
        """Episodes."""
        return len(self.episode)


def seen_of(
    steps: Steps, member_of: IntArray, *, members: Sequence[str], places: Sequence[int], width: int, space: ActionSpace
) -> Seen:
    """Return the decisions of some members.

    Parameters
    ----------
    steps
        Of one run and checkpoint.
    member_of
        Number of the member that each place of the agent axis holds at each step, -1 for none, shape (S, N).
    members
        Their names.
    places
        Of the agents among whom they are, in the order of their names.
    width
        Columns of their observations.
    space
        Of their actions.
    """
    unit_of_step = np.unique(steps.digest, return_inverse=True)[1].astype(np.int64)
    first = np.unique(steps.digest, return_index=True)[1]
    n_components = space.width if space.kind is ActionKind.CONTINUOUS else len(space.n)
    parts: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []
    for place in places:
        columns, actions = steps.observations[:, place, :width], steps.actions[:, place, :n_components]
        kept = steps.is_free[:, place] & is_measured(columns) & is_measured(actions) & (member_of[:, place] >= 0)
        parts.append((member_of[kept, place], unit_of_step[kept], columns[kept], actions[kept]))
    member, unit, columns, actions = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(member, kind="stable")
    names = _naming(columns, member, len(members))
    return Seen(
        members=tuple(members),
        member=member[order],
        unit=unit[order],
        episode=steps.episode[first],
        # Where nothing is left, all saw the same.
        columns=columns[order][:, ~names] if not names.all() else np.zeros((len(order), 1)),
        actions=actions[order],
        space=space,
        n_naming=int(names.sum()),
    )


def _naming(columns: FloatArray, member: IntArray, n_members: int) -> BoolArray:
    """Return which columns say who sees: always the same for one member, and hardly ever that for the others."""
    found = np.zeros(columns.shape[1], dtype=np.bool_)
    for number in range(n_members):
        mine = np.equal(member, number)
        if mine.any() and not mine.all():
            own = columns[mine]
            is_constant = np.equal(own, own[:1]).all(axis=0)
            found |= is_constant & (np.equal(columns[~mine], own[:1]).mean(axis=0) <= _RARE)
    return found
