"""Who turns first and who follows."""

import numpy as np

from convscope.features.crowd import moves_into, norm, present_positions
from convscope.features.decisions import Decisions, ratio
from convscope.features.families.motion import STILL
from convscope.features.family import features_of, lacks_field
from convscope.features.sides import side_numbers
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.features import Feature
from convscope.values.fields import POSITIONS
from convscope.values.header import LogHeader

MAX_LAG = 8
"""Steps by which an agent may follow another."""
MIN_CORRELATION = 0.5
"""Pairs whose directions never agree as well as this do not follow each other."""
MIN_MOVES = 8
"""Pairs of moves that a correlation needs."""
SCALE = 1e-9
"""Correlations that differ by less are equal; the shorter lag then counts."""


class Leadership:
    """How far ahead in time an agent turns, and how well its direction agrees with its allies' at the same step.

    The direction correlation of agents i and j at a lag is the mean over the steps of the dot product of i's direction
    of motion with j's direction so many steps later. The lag of the best correlation, within 8 steps either way, is i's
    lead over j, positive when j does later what i does now; the feature is the mean over the allies whose best
    correlation is at least .5. Of equal correlations the shortest lag counts, 0 where it is as short both ways. Steps
    count in which both are in play and move, and at least 8 of them. Alignment is the mean over allies at lag 0.

    References
    ----------
    Nagy, Akos, Biro and Vicsek, "Hierarchical group dynamics in pigeon flocks", Nature 464 (2010). Vicsek et al.,
    "Novel type of phase transition in a system of self-driven particles" (1995), of alignment.
    """

    name = "leadership"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the positions."""
        return frozenset({POSITIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no positions, or no allies."""
        has_allies = int(np.bincount(side_numbers(header)).max()) > 1
        return lacks_field(header, POSITIONS) or (None if has_allies else "no agent has an ally")

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("lead in time over allies", "steps", "turns before its allies", "turns after its allies"),
            ("alignment with allies", "-1 to 1", "moves the way of its allies", "moves another way than its allies"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Correlate the directions of all pairs of allies, one episode length after the other."""
        block, n_agents = decisions.block, decisions.n_agents
        side = side_numbers(header)
        is_ally = (side[:, np.newaxis] == side) & ~np.eye(n_agents, dtype=np.bool_)
        directions = _directions(decisions)
        values = np.full((len(block.episodes), n_agents, 2), np.nan)
        for episodes in _alike(block.offsets, n_agents):
            length = int(block.offsets[episodes[0] + 1] - block.offsets[episodes[0]])
            rows = block.offsets[episodes][:, np.newaxis] + np.arange(length)
            values[episodes] = _leads(directions[rows], is_ally)
        acts = decisions.total(np.ones(len(decisions.row))) > 0
        return np.where(acts[:, np.newaxis], values.reshape(-1, 2), np.nan)


LEADERSHIP = Leadership()


def _directions(decisions: Decisions) -> FloatArray:
    """Direction of each agent's move into each row, zeros where it has none, shape (T, N, d)."""
    moves = moves_into(present_positions(decisions), decisions)
    length = norm(moves)
    moving = np.where(length > STILL, length, np.nan)
    return np.nan_to_num(moves / moving[:, :, np.newaxis], nan=0.0)


def _alike(offsets: IntArray, n_agents: int) -> list[IntArray]:
    """Episodes of the block with equally many rows, a few at a time: their pairs are in memory together."""
    lengths = np.diff(offsets)
    per_chunk = max(1, (1 << 20) // n_agents**2)
    groups = [np.flatnonzero(lengths == length) for length in np.unique(lengths[lengths > 0]).tolist()]
    return [g[start : start + per_chunk] for g in groups for start in range(0, len(g), per_chunk)]


def _leads(directions: FloatArray, is_ally: BoolArray) -> FloatArray:
    """Mean lead and alignment of agents in episodes (E, T, N, d), shape (E, N, 2)."""
    shape = (len(directions), *is_ally.shape)
    best, lead = np.full(shape, -np.inf), np.zeros(shape)
    aligned = _correlation(directions, 0)
    for lag in range(min(MAX_LAG, directions.shape[1] - 1) + 1):
        forward = aligned if lag == 0 else _correlation(directions, lag)
        backward = forward.transpose(0, 2, 1)
        found = np.fmax(forward, backward)
        is_better = found > best + SCALE
        best = np.where(is_better, found, best)
        # Where both ways agree as well, neither leads.
        way = np.where(np.nan_to_num(np.abs(forward - backward), nan=1.0) <= SCALE, 0.0, 1.0)
        lead = np.where(is_better, way * np.where(forward == found, lag, -lag), lead)
    counts = is_ally & (best >= MIN_CORRELATION)
    return np.stack([_mean_over(lead, counts), _mean_over(aligned, is_ally & np.isfinite(aligned))], axis=-1)


def _correlation(directions: FloatArray, lag: int) -> FloatArray:
    """Mean dot product of each agent's direction with each other's ``lag`` rows later, shape (E, N, N)."""
    now, later = directions[:, : directions.shape[1] - lag], directions[:, lag:]
    moves = (directions != 0).any(axis=3).astype(np.float64)
    n_pairs = np.einsum("eti,etj->eij", moves[:, : moves.shape[1] - lag], moves[:, lag:])
    total = np.einsum("etid,etjd->eij", now, later)
    return ratio(total, np.where(n_pairs >= MIN_MOVES, n_pairs, 0.0))


def _mean_over(values: FloatArray, counts: BoolArray) -> FloatArray:
    # Sorted, because the last digits of a sum depend on the order of what is added.
    total = np.sort(np.where(counts, values, 0.0), axis=2).sum(axis=2)
    return ratio(total, counts.sum(axis=2).astype(np.float64))
