"""Behaviour features of every agent in every episode, in the one pass over a log."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from convscope.features.decisions import decisions_of
from convscope.features.families import FAMILIES
from convscope.features.family import Family
from convscope.features.keys import unit_keys
from convscope.features.labels import drop_unfit
from convscope.features.sides import with_sides
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.features import Feature, FeatureTable
from convscope.values.header import Notice
from convscope.values.log import Block, TrajectoryLog
from convscope.values.status import Status

if TYPE_CHECKING:
    from convscope.values.episodes import EpisodeTable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureRows:
    """Features of some units, in log order."""

    episode: IntArray
    """Row of the log's episode table, shape (units,)."""
    agent: IntArray
    """Shape (units,)."""
    values: FloatArray
    """Shape (units, features), NaN where undefined."""


class FeatureFold:
    """Computes the features that a log affords; the result is a `FeatureTable`.

    Parameters
    ----------
    log
        The log that is read.
    config
        Which agents are analysed; the others still count as company.
    families
        Families to compute; all of them when left out.
    """

    def __init__(self, log: TrajectoryLog, config: AnalysisConfig, families: tuple[Family, ...] = FAMILIES) -> None:
        self._header, self._assumed = with_sides(log.header, config)
        self._families = tuple(family for family in families if family.lacking(self._header) is None)
        self._not_afforded = tuple(family for family in families if family.lacking(self._header) is not None)
        self._episodes: EpisodeTable | None = log.episodes

    def __getstate__(self) -> dict[str, object]:
        """Leave the table of episodes at home: workers only add, and it may be large."""
        return {**self.__dict__, "_episodes": None}

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields that the families read."""
        return frozenset[str]().union(*(family.fields(self._header) for family in self._families))

    @property
    def features(self) -> tuple[Feature, ...]:
        """Return the features in the order of the columns."""
        return _distinct(feature for family in self._families for feature in family.features(self._header))

    def start(self) -> tuple[FeatureRows, ...]:
        """Return no rows."""
        return ()

    def add(self, state: tuple[FeatureRows, ...], block: Block) -> tuple[FeatureRows, ...]:
        """Append a row for each agent that is present in an episode of the block."""
        decisions = decisions_of(block)
        n_units, n_agents = decisions.n_units, decisions.n_agents
        # What is too large to be squared gives an infinite feature, which `finish` makes null.
        with np.errstate(over="ignore", invalid="ignore"):
            parts = [family.compute(self._header, decisions) for family in self._families]
        keep = _is_present(block).reshape(-1)
        rows = FeatureRows(
            episode=np.repeat(block.episodes, n_agents)[keep],
            agent=np.tile(np.arange(n_agents), len(block.episodes))[keep],
            values=np.concatenate([np.zeros((n_units, 0)), *parts], axis=1)[keep],
        )
        return (*state, rows)

    def merge(self, first: tuple[FeatureRows, ...], second: tuple[FeatureRows, ...]) -> tuple[FeatureRows, ...]:
        """Put the later rows behind the earlier ones."""
        return first + second

    def finish(self, state: tuple[FeatureRows, ...]) -> FeatureTable:
        """Join the rows with the names of what they describe."""
        if self._episodes is None:
            raise ValueError("a fold that came from another process cannot finish: it has no table of episodes")
        episode = np.concatenate([rows.episode for rows in state])
        agent = np.concatenate([rows.agent for rows in state])
        values = np.concatenate([rows.values for rows in state])
        features, values, dropped = drop_unfit(self.features, values)
        columns = {
            f.name: column for f, column in zip(features, np.where(np.isfinite(values), values, np.nan).T, strict=True)
        }
        keys = unit_keys(self._header, self._episodes, (episode, agent))
        frame = keys.with_columns(pl.Series(name, column, dtype=pl.Float64) for name, column in columns.items())
        frame = frame.with_columns(pl.col([f.name for f in features]).fill_nan(None))
        return FeatureTable(frame=frame, features=features, notices=(*self._assumed, *self._notices(), *dropped))

    def _notices(self) -> tuple[Notice, ...]:
        return tuple(
            Notice(
                code="not-applicable",
                message=f"no features of the family {family.name!r}: {family.lacking(self._header)}",
                where=f"features.{family.name}",
            )
            for family in self._not_afforded
        )


def _distinct(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Tell features apart whose names a log repeats: it may call its fields and their values as it likes."""
    n_called: Counter[str] = Counter()
    named: list[Feature] = []
    for feature in features:
        n_called[feature.name] += 1
        n = n_called[feature.name]
        named.append(feature if n == 1 else replace(feature, name=f"{feature.name} ({n})"))
    return tuple(named)


def _is_present(block: Block) -> BoolArray:
    """Whether each agent takes any part in each episode, shape (episodes, N)."""
    row, agent = np.nonzero(block.status != Status.ABSENT)
    present = np.zeros((len(block.episodes), block.status.shape[1]), dtype=np.bool_)
    present[block.episode_of_row[row], agent] = True
    return present
