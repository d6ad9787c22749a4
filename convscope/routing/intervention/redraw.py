"""First interventions are dealt again among the episodes that wait for one: exact, however rare an action is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.routing.intervention.clock import TimeSums
from convscope.routing.residual.evaluate import whitening
from convscope.values.arrays import FloatArray, IntArray

_DRAWS_PER_QUESTION = 300
"""So that up to two draws as large as the log leave a p that is refused at level .01, corrected for all questions."""
_AT_ONCE = 1000
_ENOUGH = 10
"""Draws as large as the log after which p is known to be no refusal (Besag and Clifford 1991)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chances:
    """At each time: who waits, what the receiver had done, and to how many of them the intervention came."""

    n_waiting: FloatArray
    """Shape (cells,)."""
    onsets: FloatArray
    """Shape (cells,)."""
    before: FloatArray
    """Summed over those who wait, shape (cells, m)."""
    together: FloatArray
    """Summed over those to whom it came, shape (cells, m)."""
    scatter: FloatArray
    """Products, summed over those who wait, shape (cells, m, m)."""

    @classmethod
    def of(cls, sums: TimeSums, cells: IntArray, columns: IntArray, *, receiver: int, sender: int) -> "Chances":
        """Return those of one run, receiver and sender (the last one stands for any)."""
        return cls(
            n_waiting=sums.n_first[cells, receiver],
            onsets=sums.onsets[cells, receiver, sender],
            before=sums.before[cells, receiver][:, columns],
            together=sums.together[cells, receiver, sender][:, columns],
            scatter=sums.scatter[cells, receiver][:, columns[:, None], columns],
        )

    def score(self) -> tuple[FloatArray, FloatArray]:
        """Return what receivers did before interventions, beyond all who waited at that time, (m,); its variance."""
        n_waiting = np.maximum(self.n_waiting, 1)
        share = self.onsets / n_waiting
        score = (self.together - share[:, None] * self.before).sum(axis=0)
        spread = self.scatter - self.before[:, :, None] * self.before[:, None, :] / n_waiting[:, None, None]
        factor = share * (self.n_waiting - self.onsets) / np.maximum(self.n_waiting - 1, 1)
        return score, np.einsum("c,cab->ab", factor, spread)


def redrawn_p(parts: Sequence[Chances], *, n_looked: int, rng: np.random.Generator) -> float:
    """Return p of one question about a choice, from dealing interventions again at each time.

    Parameters
    ----------
    parts
        Of each run; columns are 1 where the action was taken, no two at once.
    n_looked
        Questions that p will be corrected for.
    rng
        Deals.

    References
    ----------
    Besag and Clifford, "Sequential Monte Carlo p-values", Biometrika 78 (1991).
    """
    observed = sum(_length(part, part.together.sum(axis=0)[None]) for part in parts)
    n_most, n_drawn, n_above = _DRAWS_PER_QUESTION * n_looked, 0, 0
    while n_drawn < n_most:
        drawn = sum(_length(part, _dealt(part, _AT_ONCE, rng)) for part in parts)
        is_above = np.asarray(drawn >= observed * (1 - 1e-9))
        if n_above + int(is_above.sum()) >= _ENOUGH:
            last = int(np.flatnonzero(is_above)[_ENOUGH - n_above - 1])
            return _ENOUGH / (n_drawn + last + 1)
        n_above, n_drawn = n_above + int(is_above.sum()), n_drawn + _AT_ONCE
    return (1 + n_above) / (1 + n_drawn)


def _length(part: Chances, together: FloatArray) -> FloatArray:
    """Return squared lengths of whitened scores, for sums (D, m) of those to whom the intervention came."""
    expected = (part.onsets / np.maximum(part.n_waiting, 1)) @ part.before
    turned = whitening(part.score()[1]).turn(together - expected)
    return np.asarray(np.square(turned).sum(axis=-1))


def _dealt(part: Chances, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Return sums of those to whom interventions come when dealt again at each time, shape (D, m)."""
    total = np.zeros((n_draws, part.before.shape[1]))
    for cell in np.flatnonzero(part.onsets > 0).tolist():
        counts = np.rint(part.before[cell]).astype(np.int64)
        others = round(float(part.n_waiting[cell])) - int(counts.sum())
        onsets = round(float(part.onsets[cell]))
        total += rng.multivariate_hypergeometric([*counts.tolist(), others], onsets, size=n_draws)[:, :-1]
    return total
