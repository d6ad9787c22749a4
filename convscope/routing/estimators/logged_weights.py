"""What all logged weights share: the tally, the test against the even share, roles and halves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.behaviour.groups import Group, agent_places, episode_groups, group_of_each
from convscope.ingest.selection import select_agents
from convscope.randomness import generator
from convscope.routing.edges import PairFigures, edge_table, edges_by_run, join_tables, role_edge_table
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.routing.halves import split_in_halves
from convscope.routing.weights.excess import agent_excess, excess_figures, role_excess
from convscope.routing.weights.fold import WeightFold, WeightSums
from convscope.routing.weights.heads import MOST_HEADS, HeadFold, chosen_heads, head_names, head_table
from convscope.routing.weights.notices import dropped_rows, fixed_roles, on_heads, own_column, refuse_logits, row_sums
from convscope.routing.weights.tallies import routing_tallies
from convscope.routing.weights.tally import Strength, TallyFold, TallyRows
from convscope.routing.weights.thinning import most_rows
from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import FieldSpec
from convscope.values.header import LogHeader
from convscope.values.log import TrajectoryLog

_MOST_CELLS = 1 << 22
"""Runs, checkpoints, heads and pairs that are told apart; keeps the memory of a block's sums in bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedWeights:
    """Routing from a field that the framework logged with a receiver and a sender axis."""

    source: RoutingSource
    claim: str
    """Receiver <claim> sender."""
    unit: str
    field: str
    """Name of the field."""
    strength: Strength
    """How a cell's values become one weight."""
    has_heads: bool = True
    """Whether what stands in a cell are weights of several heads, of which some may be chosen."""

    def lacking(self, header: LogHeader) -> str | None:
        """Return why a log does not afford it, or None."""
        is_held = any(spec.name == self.field for spec in header.fields)
        return None if is_held else f"the log holds no {self.field.replace('_', ' ')} with a receiver and a sender axis"

    def too_large(self, log: TrajectoryLog, config: AnalysisConfig) -> bool:
        """Never: sums of shares are small."""
        del log, config
        return False

    def fold(self, log: TrajectoryLog, config: AnalysisConfig) -> WeightFold:
        """Return the fold that sums the shares of every episode, and those of each head.

        Raises
        ------
        UsageError
            If there is no head of the chosen name.
        """
        agents, spec = agent_places(log, select_agents(log, config)), log.header.field(self.field)
        groups = episode_groups(log, config)
        group_of = group_of_each(groups, log.episodes.n_episodes)
        chosen = chosen_heads(spec, config.heads) if self.has_heads and spec.shape else None
        return WeightFold(
            tally=TallyFold(
                field=self.field,
                agents=agents,
                strength=self.strength,
                row_sum=spec.row_sum,
                most_rows=most_rows(log.episodes.n_episodes),
            ),
            heads=HeadFold(
                field=self.field,
                agents=agents,
                heads=self._told_heads(spec, len(groups) * len(agents) ** 2),
                group_of=group_of,
                n_groups=len(groups),
            ),
            chosen=chosen,
        )

    def _told_heads(self, spec: FieldSpec, n_cells: int) -> IntArray:
        """Return the heads that the table of heads tells apart: none where there is one, or too many."""
        n_heads = len(head_names(spec)) if self.has_heads else 1
        is_told = 1 < n_heads <= MOST_HEADS and n_heads * n_cells <= _MOST_CELLS
        return np.arange(n_heads if is_told else 0)

    def estimate(
        self, log: TrajectoryLog, result: WeightSums, *, config: AnalysisConfig, agents: Sequence[str], run: Run
    ) -> RoutingEstimate:
        """Return edges, role edges and tallies; no other pass is needed, so ``run`` is not called."""
        del run
        rows, spec = result.rows, log.header.field(self.field)
        refuse_logits(rows, self.source)
        groups = [group for group in episode_groups(log, config) if np.isin(rows.episode, group.episodes).any()]
        parts = [_rows_of(rows, group) for group in groups]
        analysed = [rows for rows, group in zip(parts, groups, strict=True) if group.is_analysed]
        tallies = routing_tallies(_joined(analysed, rows), log.episodes, agent_places(log, agents))
        return RoutingEstimate(
            source=self.source,
            claim=self.claim,
            unit=self.unit,
            edges=edge_table(self._figures(analysed, config), agents, q=config.q) if analysed else join_tables([]),
            edges_by_run=edges_by_run((self._figures([part], config) for part in parts), groups, agents, q=config.q),
            tallies=tallies,
            halves=split_in_halves(tallies, rng=generator(config.seed, "routing", self.source, "halves")),
            role_edges=self._role_edges(analysed, config, log=log, agents=agents) if analysed else None,
            heads=self._heads(log, result, config=config, agents=agents),
            notices=(
                *dropped_rows(rows, self.source),
                *own_column(rows, self.source, spec.own_column),
                *row_sums(spec.row_sum),
                *(on_heads(spec, config.heads, self.source) if self.has_heads else ()),
                *fixed_roles(is_fixed=_has_fixed_roles(log, analysed, agents)),
            ),
        )

    def _heads(
        self, log: TrajectoryLog, result: WeightSums, *, config: AnalysisConfig, agents: Sequence[str]
    ) -> pl.DataFrame | None:
        names = head_names(log.header.field(self.field))
        if result.heads.total.shape[1] != len(names):
            return None
        groups = [(group.run_name, group.checkpoint) for group in episode_groups(log, config)]
        return head_table(result.heads, names, groups=groups, agents=agents)

    def _figures(self, parts: Sequence[TallyRows], config: AnalysisConfig) -> PairFigures:
        # The number of parts names the draws, so that a single run and its combination have the same p values.
        rng = generator(config.seed, "routing", self.source, "edges", str(len(parts)))
        return excess_figures(
            [agent_excess(rows) for rows in parts], n_flips=config.n_permutations, q=config.q, rng=rng
        )

    def _role_edges(
        self, parts: Sequence[TallyRows], config: AnalysisConfig, *, log: TrajectoryLog, agents: Sequence[str]
    ) -> pl.DataFrame | None:
        roles = log.header.roles
        if not roles:
            return None
        declared = log.episodes.declared_roles[:, agent_places(log, agents)]
        excess = [role_excess(rows, declared[rows.episode], len(roles)) for rows in parts]
        rng = generator(config.seed, "routing", self.source, "roles")
        figures = excess_figures(excess, n_flips=config.n_permutations, q=config.q, rng=rng)
        if _has_fixed_roles(log, parts, agents):
            # Episodes repeat the same pairs of agents: their number says nothing of whether roles are behind it.
            figures = PairFigures(weight=figures.weight, p_value=np.full_like(figures.p_value, np.nan))
        return role_edge_table(figures, roles, q=config.q)


def _rows_of(rows: TallyRows, group: Group) -> TallyRows:
    return rows.taken(np.isin(rows.episode, group.episodes))


def _has_fixed_roles(log: TrajectoryLog, parts: Sequence[TallyRows], agents: Sequence[str]) -> bool:
    """Whether some run's agents keep their declared roles in all its episodes."""
    if not log.header.roles:
        return False
    declared = log.episodes.declared_roles[:, agent_places(log, agents)]
    of_runs = [declared[np.unique(rows.episode)] for rows in parts]
    return any(bool(np.equal(of_run, of_run[:1]).all()) for of_run in of_runs)


def _joined(parts: Sequence[TallyRows], rows: TallyRows) -> TallyRows:
    joined = rows.taken(np.zeros(len(rows.episode), dtype=np.bool_))
    for part in parts:
        joined = joined.joined(part)
    return joined
