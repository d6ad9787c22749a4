"""The table of a log's episodes."""

from dataclasses import dataclass

import numpy as np

from convscope.values.analysed import Checkpoints
from convscope.values.arrays import BoolArray, ByteArray, IntArray, sealed
from convscope.values.figures import count, figure
from convscope.values.html import Html, box, table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpisodeTable:
    """One row per episode, in log order: a run's episodes together, its checkpoints in training order."""

    runs: tuple[str, ...]
    """Names of the runs, the unit of replication."""
    checkpoints: tuple[str, ...]
    """Labels of the checkpoints in training order; empty when the log has none."""
    conditions: tuple[str, ...]
    """Layouts, maps or scenarios; empty when the log names none."""
    run: IntArray
    """Index into ``runs``, shape (E,)."""
    checkpoint: IntArray
    """Index into ``checkpoints``, -1 for none, shape (E,)."""
    condition: IntArray
    """Index into ``conditions``, -1 for none, shape (E,)."""
    number: IntArray
    """From 0 within run and checkpoint, shape (E,)."""
    length: IntArray
    """Joint steps that really happened, shape (E,)."""
    rows: IntArray
    """``length``, or one more where a final observation closes the episode, shape (E,)."""
    end: ByteArray
    """`EndKind`, shape (E,)."""
    path: tuple[str, ...]
    """Where each episode is in its file."""
    declared_roles: IntArray
    """Index into ``LogHeader.roles`` of each agent, -1 for none, shape (E, N)."""

    def __post_init__(self) -> None:
        n_episodes = len(self.path)
        for name in ("run", "checkpoint", "condition", "number", "length", "rows", "end"):
            object.__setattr__(self, name, sealed(getattr(self, name), (n_episodes,), name))
        object.__setattr__(self, "declared_roles", sealed(self.declared_roles, (n_episodes, None), "declared_roles"))

    @property
    def n_episodes(self) -> int:
        """Number of episodes."""
        return len(self.path)

    @property
    def n_timesteps(self) -> int:
        """Joint steps of all episodes."""
        return int(self.length.sum())

    def is_analysed(self, checkpoint: str | None) -> BoolArray:
        """Return which episodes an analysis describes, shape (E,).

        Parameters
        ----------
        checkpoint
            Label of a checkpoint; None takes the last one of each run.
        """
        if checkpoint is not None:
            code = self.checkpoints.index(checkpoint) if checkpoint in self.checkpoints else -2
            return np.equal(self.checkpoint, code)
        last = np.full(len(self.runs), -1)
        np.maximum.at(last, self.run, self.checkpoint)
        is_last: BoolArray = np.equal(self.checkpoint, last[self.run])
        return is_last

    def is_before(self, checkpoint: str | None) -> BoolArray:
        """Return which episodes are of the checkpoint before the analysed one of their run, shape (E,).

        Parameters
        ----------
        checkpoint
            As in `is_analysed`.
        """
        is_analysed = self.is_analysed(checkpoint)
        analysed, before = np.full(len(self.runs), -1), np.full(len(self.runs), -1)
        np.maximum.at(analysed, self.run[is_analysed], self.checkpoint[is_analysed])
        is_earlier = self.checkpoint < analysed[self.run]
        np.maximum.at(before, self.run[is_earlier], self.checkpoint[is_earlier])
        is_before: BoolArray = is_earlier & np.equal(self.checkpoint, before[self.run]) & (self.checkpoint >= 0)
        return is_before

    def analysed(self, checkpoint: str | None) -> Checkpoints:
        """Return run and checkpoint of every analysed episode, without repeats, in log order.

        Parameters
        ----------
        checkpoint
            As in `is_analysed`.
        """
        chosen = np.flatnonzero(self.is_analysed(checkpoint)).tolist()
        return tuple(dict.fromkeys((self.run_name(e), self.checkpoint_label(e)) for e in chosen))

    def run_name(self, episode: int) -> str:
        """Name of the run that an episode belongs to."""
        return self.runs[int(self.run[episode])]

    def checkpoint_label(self, episode: int) -> str | None:
        """Label of an episode's checkpoint; None where there is none."""
        return _label(self.checkpoints, int(self.checkpoint[episode]))

    def condition_name(self, episode: int) -> str | None:
        """Name of an episode's condition; None where there is none."""
        return _label(self.conditions, int(self.condition[episode]))

    def _repr_html_(self) -> Html:
        n_of = np.bincount(self.run, minlength=len(self.runs)).tolist()
        rows = [(run, figure(n)) for run, n in zip(self.runs, n_of, strict=True)]
        size = f"{count(self.n_episodes, 'episode')}, {count(len(self.checkpoints), 'checkpoint')}"
        return box(f"{size}, {count(self.n_timesteps, 'timestep')}", table("Episodes", ("run", "episodes"), rows))


def _label(labels: tuple[str, ...], code: int) -> str | None:
    return labels[code] if code >= 0 else None
