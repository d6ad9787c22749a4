"""More draws for edges near the level, so that whether one is claimed does not hang on the seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.randomness import generator
from convscope.routing.estimate import Run
from convscope.routing.near_level import near_level
from convscope.routing.residual.evaluate import Statistic, combined, joint_draws, n_as_large
from convscope.routing.residual.redraw import RedrawFold
from convscope.routing.residual.study import Part, Tested
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig

MOST_ROUNDS = 5
"""Further readings of the log."""
_DRAWS_A_ROUND = 4_000
_MOST_NUMBERS = 1 << 25
"""Scores of a round in memory."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Table:
    """Edges that are one family of tests, of one run or of several together."""

    parts: Sequence[Part]
    test: Statistic
    p_value: FloatArray
    n_above: IntArray
    n_drawn: IntArray

    def is_open(self, q: float) -> BoolArray:
        """Whether re-drawn tests could be decided otherwise by other draws, shape (receiver, sender)."""
        return near_level(self.p_value, self.n_drawn, q) & (self.n_drawn > 0)

    def add(self, drawn: Sequence[FloatArray], is_open: BoolArray, rng: np.random.Generator) -> None:
        """Count further draws, one array a part, for the tests that are open."""
        again = joint_draws(drawn, [part.test.n_dimensions for part in self.parts], rng)
        is_more = is_open & np.isfinite(again).any(axis=0)
        self.n_above = self.n_above + np.where(is_more, n_as_large(again, self.test.value), 0)
        self.n_drawn = self.n_drawn + np.where(is_more, len(again), 0)
        self.p_value = np.where(is_more, (1 + self.n_above) / (1 + self.n_drawn), self.p_value)


def settled_p_values(
    tested: Tested, tables: Sequence[Sequence[Part]], *, config: AnalysisConfig, run: Run
) -> list[FloatArray]:
    """Return p of all edges of each table, drawn until they are clear of the level or `MOST_ROUNDS` are over.

    Parameters
    ----------
    tested
        All runs and checkpoints, of agents or of roles.
    tables
        Runs that are tested together.
    config
        Its ``q`` is the level, its ``seed`` names the draws.
    run
        Reads the log again.
    """
    every = [_table(parts, tested, config) for parts in tables]
    _, n_nodes, width = tested.model.shape
    for number in range(MOST_ROUNDS):
        is_open = [table.is_open(config.q) for table in every]
        pairs = _rare_senders(tested, every, is_open)
        if not pairs:
            break
        name = f"{tested.name} {number + 1}"
        n_draws = max(min(_DRAWS_A_ROUND, _MOST_NUMBERS // (len(pairs) * n_nodes * width**2)), 1)
        fold = RedrawFold(model=tested.model, drawn=np.array(pairs), n_draws=n_draws, seed=config.seed, name=name)
        (drawn,) = run([fold])
        for table, own in zip(every, is_open, strict=True):
            again = [fold.statistics(drawn, part.number, places=part.places, by=part.by) for part in table.parts]
            table.add(again, own, _rng(table.parts, config, name))
    return [table.p_value for table in every]


def _table(parts: Sequence[Part], tested: Tested, config: AnalysisConfig) -> _Table:
    test = combined([part.test for part in parts], _rng(parts, config, f"{tested.name} edges"))
    p_value = np.where(parts[0].is_pair, test.p_value, np.nan)
    return _Table(parts=parts, test=test, p_value=p_value, n_above=test.n_above, n_drawn=test.n_drawn)


def _rare_senders(tested: Tested, tables: Sequence[_Table], is_open: Sequence[BoolArray]) -> list[tuple[int, int]]:
    """Return group and sender of all that open tests draw again."""
    found = {
        (part.number, int(part.places[column]))
        for table, own in zip(tables, is_open, strict=True)
        for part in table.parts
        for column in np.flatnonzero(own.any(axis=0)).tolist()
        if tested.is_rare[part.number, part.places[column]]
    }
    return sorted(found)


def _rng(parts: Sequence[Part], config: AnalysisConfig, name: str) -> np.random.Generator:
    # The number of parts names the draws, so that a single run and its combination have the same p values.
    return generator(config.seed, "routing", "policy-residual", name, str(len(parts)))
