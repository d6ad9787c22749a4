"""How an agent moves."""

import numpy as np

from convscope.features.decisions import Decisions, ratio
from convscope.features.family import features_of, lacks_field
from convscope.values.arrays import FloatArray
from convscope.values.features import Feature
from convscope.values.fields import POSITIONS
from convscope.values.header import LogHeader

STILL = 1e-6
"""Distance under which an agent has not moved; storing positions as float32 loses less."""


class Motion:
    """Speed, standing still, turning, straightness and dispersion of each unit's path over its decisions.

    Speed is the distance moved per timestep; turning the mean angle between two moves in a row; straightness the
    distance from first to last position over the length of the path; dispersion the root mean square distance from
    the path's mean position.

    References
    ----------
    Batschelet, "Circular Statistics in Biology" (1981), of turning and straightness; Benhamou, "How to reliably
    estimate the tortuosity of an animal's path" (2004), of when straightness is a fair measure.
    """

    name = "motion"

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Return the positions."""
        return frozenset({POSITIONS})

    def lacking(self, header: LogHeader) -> str | None:
        """Say that there are no positions."""
        return lacks_field(header, POSITIONS)

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features."""
        rows = (
            ("speed", "length per step", "fast", "slow"),
            ("share of steps standing still", "share of steps", "often still", "seldom still"),
            ("turning", "radians", "turns often", "keeps its direction"),
            ("straightness of path", "0 to 1", "straight path", "winding path"),
            ("dispersion of path", "length", "ranges widely", "stays in one place"),
        )
        return features_of(self.name, rows)

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Follow each unit from decision to decision."""
        positions = decisions.vectors(POSITIONS)
        moves = positions - decisions.previous(positions)
        elapsed = np.diff(decisions.row, prepend=0)
        length = np.sqrt((moves**2).sum(axis=1))
        is_move = np.isfinite(length)
        speed = decisions.mean(ratio(length, np.where(decisions.follows, elapsed, 0).astype(np.float64)))
        still = decisions.share(length <= STILL, is_move)
        turning = decisions.mean(_turns(moves, length, decisions))
        return np.column_stack(
            [speed, still, turning, _straightness(moves, length, decisions), _spread(positions, decisions)]
        )


MOTION = Motion()


def _turns(moves: FloatArray, length: FloatArray, decisions: Decisions) -> FloatArray:
    """Angle between each move and the one before, NaN where either is no move, shape (D,)."""
    before = decisions.previous(moves)
    norms = length * decisions.previous(length)
    cosine = ratio((moves * before).sum(axis=1), np.where(norms > STILL**2, norms, 0.0))
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def _straightness(moves: FloatArray, length: FloatArray, decisions: Decisions) -> FloatArray:
    net = np.column_stack([decisions.total(moves[:, axis]) for axis in range(moves.shape[1])])
    return ratio(np.sqrt((net**2).sum(axis=1)), decisions.total(length))


def _spread(positions: FloatArray, decisions: Decisions) -> FloatArray:
    squares = np.zeros(decisions.n_units)
    for axis in positions.T:
        squares = squares + decisions.mean((axis - decisions.mean(axis)[decisions.unit]) ** 2)
    return np.sqrt(squares)
