"""Routing from trajectories alone: conditional transfer entropy between actions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from convscope.behaviour.groups import agent_places, episode_groups
from convscope.randomness import generator
from convscope.routing.edges import PairFigures, edge_table, edges_by_run, join_tables, role_edge_table
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.routing.predictive import budget
from convscope.routing.predictive.budget import affordable_groups, fewest_bytes, is_screened
from convscope.routing.predictive.clock import ClockFold, ClockSums, make_clock
from convscope.routing.predictive.columns import column_bank
from convscope.routing.predictive.found_places import found_places
from convscope.routing.predictive.halving import half_weights
from convscope.routing.predictive.notices import edge_notices, study_notices
from convscope.routing.predictive.roles import role_figures, unit_roles
from convscope.routing.predictive.screening.estimate import screened_table, screening_notices
from convscope.routing.predictive.screening.study import screened_study
from convscope.routing.predictive.significance import Beside, look_beside, pair_figures
from convscope.routing.predictive.study import Part, Study, read_study
from convscope.routing.predictive.tallies import run_tallies, weight_tallies
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS
from convscope.values.header import LogHeader
from convscope.values.log import TrajectoryLog


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEntropy:
    """Asks whether a sender's past tells what a receiver does next, beyond everything else that was logged."""

    source: RoutingSource = RoutingSource.TRANSFER_ENTROPY
    claim: str = "precedes and predicts"
    """Sender <claim> receiver."""
    unit: str = "bits per step"

    def lacking(self, header: LogHeader) -> str | None:
        """Return why a log does not afford it, or None."""
        if len(header.agents) < 2:
            return "the log has one agent only"
        is_held = any(spec.name == ACTIONS for spec in header.fields)
        return None if is_held else "the log holds no actions"

    def too_large(self, log: TrajectoryLog, config: AnalysisConfig) -> bool:
        """Whether even the analysed runs take more memory than a mere comparison is worth."""
        analysed = [group for group in episode_groups(log, config) if group.is_analysed]
        return fewest_bytes(log.header, analysed) > budget.MOST_BYTES

    def fold(self, log: TrajectoryLog, config: AnalysisConfig) -> ClockFold:
        """Return the fold of the first pass: the mean of each column at each time in the episode."""
        places = found_places(log)
        bank = column_bank(log.header, places.own, places.things)
        groups = affordable_groups(log.header, episode_groups(log, config))
        clock = make_clock(log.episodes, groups, n_columns=len(bank))
        return ClockFold(clock=clock, columns=bank, counts_symbols=not is_screened(log.header, groups))

    def estimate(
        self, log: TrajectoryLog, result: ClockSums, *, config: AnalysisConfig, agents: Sequence[str], run: Run
    ) -> RoutingEstimate:
        """Return edges and tallies, after two more passes over the log; large teams take more of them."""
        fold = self.fold(log, config)
        if not fold.counts_symbols:
            return self._screened(log, fold, result, config=config, agents=agents, run=run)
        study = read_study(log, fold, result, config=config, agents=agents, run=run)
        analysed = study.analysed
        lag, is_lasting = study.question.lag, log.header.identities_persist
        figures = partial(self._figures, lag=lag, config=config, is_lasting=is_lasting)
        besides = [self._beside([part], lag, config) for part in study.parts]
        by_part = [figures([part], beside) for part, beside in zip(study.parts, besides, strict=True)]
        own = [number for number, part in enumerate(study.parts) if part.group.is_analysed]
        # A single run is its own combination: two draws of the same null would only differ.
        beside = besides[own[0]] if len(own) == 1 else self._beside(analysed, lag, config)
        combined = by_part[own[0]] if len(own) == 1 else figures(analysed, beside)
        edges = edge_table(combined, agents, q=config.q)
        tallied = partial(run_tallies, log, [part.group for part in analysed], places=agent_places(log, agents))
        halves = half_weights(study.question, analysed, rng=generator(config.seed, "routing", self.source, "halves"))
        return RoutingEstimate(
            source=self.source,
            claim=self.claim,
            unit=self.unit,
            edges=edges,
            edges_by_run=edges_by_run(by_part, [part.group for part in study.parts], agents, q=config.q),
            tallies=tallied([part.weight for part in analysed]),
            halves=tuple((tallied(first), tallied(second)) for first, second in halves),
            role_edges=self._role_edges(log, study, config=config, agents=agents) if log.header.roles else None,
            notices=(
                *study_notices(study, agents, beside, q=config.q),
                *edge_notices(edges, fold.columns),
            ),
        )

    def _screened(
        self,
        log: TrajectoryLog,
        fold: ClockFold,
        sums: ClockSums,
        *,
        config: AnalysisConfig,
        agents: Sequence[str],
        run: Run,
    ) -> RoutingEstimate:
        every = episode_groups(log, config)
        groups = dict(enumerate(affordable_groups(log.header, every)))
        study = screened_study(fold, sums, groups, agents=agent_places(log, agents).tolist(), run=run)
        names = [agent.name for agent in log.header.agents]
        nothing = np.zeros((0, len(agents)))
        # An edge between slots that other agents fill in each episode is an average of nothing.
        tabled = partial(screened_table, study, names=names, config=config, is_claimed=log.header.identities_persist)
        return RoutingEstimate(
            source=self.source,
            claim=self.claim,
            unit=self.unit,
            edges=tabled(study.parts, is_named=False),
            edges_by_run=join_tables([tabled([part], is_named=True) for part in study.parts]),
            tallies=weight_tallies(
                [], np.zeros(0, dtype=np.int64), roles=nothing.astype(np.int64), runs=log.episodes.runs
            ),
            halves=(),
            notices=screening_notices(study, names, alpha=config.alpha, n_other=len(every) - len(groups)),
        )

    def _figures(
        self, parts: Sequence[Part], beside: Beside | None, *, lag: int, config: AnalysisConfig, is_lasting: bool
    ) -> PairFigures:
        rng = generator(config.seed, "routing", self.source, "edges", *_names(parts))
        figures = pair_figures(parts, beside, lag=lag, config=config, rng=rng)
        # An edge between slots that other agents fill in each episode is an average of nothing.
        return figures if is_lasting else replace(figures, is_claimed=False)

    def _beside(self, parts: Sequence[Part], lag: int, config: AnalysisConfig) -> Beside | None:
        rng = generator(config.seed, "routing", self.source, "beside", *_names(parts))
        return look_beside(parts, lag=lag, config=config, rng=rng)

    def _role_edges(
        self, log: TrajectoryLog, study: Study, *, config: AnalysisConfig, agents: Sequence[str]
    ) -> pl.DataFrame:
        declared = log.episodes.declared_roles[:, agent_places(log, agents)]
        figures = role_figures(
            study.analysed,
            [unit_roles(part, declared) for part in study.analysed],
            n_roles=len(log.header.roles),
            lag=study.question.lag,
            config=config,
            rng=generator(config.seed, "routing", self.source, "roles"),
        )
        return role_edge_table(figures, log.header.roles, q=config.q)


def _names(parts: Sequence[Part]) -> list[str]:
    return [f"{part.group.run_name}/{part.group.checkpoint}" for part in parts]


ESTIMATOR = TransferEntropy()
"""Needs nothing but actions: what every log affords."""
