"""Heads, layers and rounds: which of them count, and what each of them says."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from convscope.errors import UsageError
from convscope.routing.weights.shares import routing_shares
from convscope.routing.weights.tally import QUANTUM
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.fields import FieldSpec
from convscope.values.log import Block

MOST_HEADS = 64
"""Of more than these only the mean is told."""
HEAD_TYPES: dict[str, type[pl.DataType]] = {
    "run": pl.String,
    "checkpoint": pl.String,
    "head": pl.String,
    "sender": pl.String,
    "receiver": pl.String,
    "weight": pl.Float64,
}
"""Columns of the table of heads, and their types."""


def head_names(spec: FieldSpec) -> tuple[str, ...]:
    """Return a name for each head: its number on each axis, such as ``1.0`` for head 0 of layer 1."""
    return tuple(".".join(map(str, place)) for place in product(*(range(size) for size in spec.shape)))


def chosen_heads(spec: FieldSpec, choice: str | None) -> IntArray:
    """Return which heads count, counted along all axes.

    Parameters
    ----------
    spec
        Field with axes of rounds, layers or heads.
    choice
        Names as of `head_names`, with commas between them; fewer numbers mean all that follow (``1``: layer 1), and
        ``*`` any (``*.0``: the first head of each layer). None means all.

    Raises
    ------
    UsageError
        If a name fits no head.
    """
    names = head_names(spec)
    if choice is None:
        return np.arange(len(names))
    wanted = [part.strip().split(".") for part in choice.split(",")]
    counts = [sum(_fits(name, parts) for name in names) for parts in wanted]
    if 0 in counts:
        axes = spec.inner_axes or ("head",) * len(spec.shape)
        held = " x ".join(f"{size} {axis}s" for size, axis in zip(spec.shape, axes, strict=True))
        lost = ".".join(wanted[counts.index(0)])
        raise UsageError(f"--heads {lost}: {spec.path or spec.name} has {held or 'no heads'}, numbered from 0")
    return np.flatnonzero([any(_fits(name, parts) for parts in wanted) for name in names])


def _fits(name: str, parts: Sequence[str]) -> bool:
    own = name.split(".") if name else []
    return len(parts) <= len(own) and all(part in {"*", number} for part, number in zip(parts, own, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadSums:
    """Sums of single heads; exact, so that no order of rows changes a bit."""

    total: IntArray
    """Shares in units of 1 / `QUANTUM`, shape (groups, heads, receiver, sender)."""
    n_steps: IntArray
    """Timesteps at which the head says something and the sender was there, of the same shape."""

    def plus(self, other: "HeadSums") -> "HeadSums":
        """Add two states."""
        return HeadSums(total=self.total + other.total, n_steps=self.n_steps + other.n_steps)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeadFold:
    """Sums the shares of each head; see `convscope.engine.fold.Fold`."""

    field: str
    agents: IntArray
    """Analysed agents, as places in the log's agent axis."""
    heads: IntArray
    """Those that are told apart, counted along all axes."""
    group_of: IntArray
    """Group (run and checkpoint) of each episode of the log, shape (E,)."""
    n_groups: int

    @property
    def fields(self) -> frozenset[str]:
        """The one field."""
        return frozenset({self.field})

    def start(self) -> HeadSums:
        """Return sums of nothing."""
        shape = (self.n_groups, len(self.heads), len(self.agents), len(self.agents))
        return HeadSums(total=np.zeros(shape, np.int64), n_steps=np.zeros(shape, np.int64))

    def add(self, state: HeadSums, block: Block) -> HeadSums:
        """Add a block; a file without the field adds nothing."""
        if self.field not in block.columns or not len(self.heads):
            return state
        is_acting = block.is_acting[:, self.agents]
        values = _heads_of(block.columns[self.field])[:, :, self.agents[:, None], self.agents]
        group = self.group_of[block.episodes][block.episode_of_row]
        total, n_steps = state.total.copy(), state.n_steps.copy()
        for place, head in enumerate(self.heads.tolist()):
            shares = routing_shares(values[:, head], is_acting)
            counts = np.round(shares.share * QUANTUM).astype(np.int64)
            is_there = shares.valid & shares.is_kept[:, :, None]
            for number in np.unique(group).tolist():
                total[number, place] += counts[group == number].sum(axis=0)
                n_steps[number, place] += is_there[group == number].sum(axis=0)
        return HeadSums(total=total, n_steps=n_steps)

    def merge(self, first: HeadSums, second: HeadSums) -> HeadSums:
        """Add two states."""
        return first.plus(second)

    def finish(self, state: HeadSums) -> HeadSums:
        """Return the sums."""
        return state


def head_table(
    sums: HeadSums, names: Sequence[str], *, groups: Sequence[tuple[str, str | None]], agents: Sequence[str]
) -> pl.DataFrame:
    """Return the mean share of each head, sender and receiver.

    Parameters
    ----------
    sums
        Of the heads.
    names
        Of the heads.
    groups
        Run and checkpoint of each group.
    agents
        Names of the analysed agents.
    """
    senders, receivers = np.nonzero(~np.eye(len(agents), dtype=np.bool_))
    rows = [
        (run, checkpoint, name, agents[sender], agents[receiver], _mean(sums, (group, head, receiver, sender)))
        for group, (run, checkpoint) in enumerate(groups)
        for head, name in enumerate(names)
        for sender, receiver in zip(senders.tolist(), receivers.tolist(), strict=True)
    ]
    return pl.DataFrame(rows, schema=HEAD_TYPES, orient="row")


def _mean(sums: HeadSums, cell: tuple[int, int, int, int]) -> float | None:
    n_steps = int(sums.n_steps[cell])
    return int(sums.total[cell]) / QUANTUM / n_steps if n_steps else None


def _heads_of(values: FloatArray) -> FloatArray:
    return values.reshape(len(values), -1, *values.shape[-2:])
