"""What a user says about the episodes of a log: the team's formation, and how slots are padded."""

from dataclasses import dataclass

from convscope.values.arrays import IntArray, sealed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EpisodeLabels:
    """Labels of episodes and of stretches of timesteps, from a file."""

    sha256: str
    """Digest of the file's bytes."""
    formations: tuple[str, ...]
    """Names, in the order of the file; empty when it names none."""
    spans: IntArray
    """Episode (row of the episode table), first timestep, end (exclusive), formation of each stretch; shape (K, 4)."""
    paddings: tuple[str, ...]
    """Names of the ways in which slots are padded; empty when the file names none."""
    padding: IntArray
    """Index into ``paddings`` of each episode, -1 for none, shape (E,)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "spans", sealed(self.spans, (None, 4), "spans"))
        object.__setattr__(self, "padding", sealed(self.padding, (None,), "padding"))
