"""Routing from logged interventions: what receivers do when a sender is frozen, replaced, silenced or cut off."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.randomness import generator
from convscope.routing.edges import PairFigures, edge_table, edges_by_run, role_edge_table
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.routing.halves import N_SPLITS
from convscope.routing.intervention.clock import TimeFold, TimeSums
from convscope.routing.intervention.notices import is_random, role_notice, study_notices
from convscope.routing.intervention.randomness import foretold_p
from convscope.routing.intervention.reading import outcome_columns
from convscope.routing.intervention.roles import role_study
from convscope.routing.intervention.study import Part, Study, figures, read_study, time_fold
from convscope.routing.predictive.tallies import run_tallies
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS, INTERVENED, INTERVENTIONS, PAIR_INTERVENTIONS
from convscope.values.header import LogHeader, Notice
from convscope.values.log import TrajectoryLog
from convscope.values.routing import RoutingTallies

_MOST_AGENTS = 64
_MOST_NUMBERS = 1 << 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """Compares what receivers do after an intervention on a sender with what they do without.

    The difference of means is caused by the intervention if that was assigned at random. The unit of evidence is the
    episode; the null assigns interventions anew at the level at which they were assigned.

    References
    ----------
    Imbens and Rubin, "Causal inference for statistics, social, and biomedical sciences" (2015), chapters 4 to 7.
    """

    source: RoutingSource = RoutingSource.INTERVENTION
    claim: str = "influences"
    """Sender <claim> receiver; where nobody declares that interventions were drawn, the claim says what it hangs on."""
    unit: str = "share of actions changed"

    def lacking(self, header: LogHeader) -> str | None:
        """Return why a log does not afford it, or None."""
        held = {spec.name for spec in header.fields}
        if len(header.agents) < 2:
            return "the log has one agent only"
        if ACTIONS not in held or not held & {INTERVENTIONS, PAIR_INTERVENTIONS}:
            return "the log holds no interventions"
        if len(header.agents) > _MOST_AGENTS:
            return f"interventions are compared among at most {_MOST_AGENTS} agents"
        return None if any(agent.action_space.width for agent in header.agents) else "actions have no columns"

    def too_large(self, log: TrajectoryLog, config: AnalysisConfig) -> bool:
        """Whether scores of all episodes are not worth their memory as a mere comparison."""
        fold, n_agents = time_fold(log, config), len(log.header.agents)
        return log.episodes.n_episodes * 3 * n_agents**2 * fold.width > _MOST_NUMBERS

    def fold(self, log: TrajectoryLog, config: AnalysisConfig) -> TimeFold:
        """Return the fold of the first pass: how often who is intervened on at each time in the episode."""
        return time_fold(log, config)

    def estimate(
        self, log: TrajectoryLog, result: TimeSums, *, config: AnalysisConfig, agents: Sequence[str], run: Run
    ) -> RoutingEstimate:
        """Return edges and tallies, after a second pass over the log."""
        study = read_study(log, self.fold(log, config), result, config=config, agents=agents, run=run)
        analysed = [part for part in study.parts if part.group.is_analysed]
        foretold = foretold_p(
            study,
            analysed,
            result,
            columns=outcome_columns(log.header),
            has_first_rows=log.has(INTERVENTIONS) and not log.has(PAIR_INTERVENTIONS),
            n_permutations=config.n_permutations,
            rng=generator(config.seed, "routing", self.source, "randomness"),
        )
        is_claimed = is_random(foretold)
        is_declared = all(log.header.field(name).is_randomized for name in INTERVENED if log.has(name))
        by_part = [self._figures(study, [part], config=config, is_claimed=is_claimed) for part in study.parts]
        # An edge between slots that other agents fill in each episode is an average of nothing.
        combined = self._figures(
            study, analysed, config=config, is_claimed=is_claimed and log.header.identities_persist
        )
        role_edges, why_not = self._role_edges(log, study, config=config, is_claimed=is_claimed)
        return RoutingEstimate(
            source=self.source,
            claim=self.claim if is_declared else f"{self.claim}, if interventions were drawn at random,",
            unit=self.unit if study.is_choice else "standard deviations",
            edges=edge_table(combined, agents, q=config.q),
            edges_by_run=edges_by_run(by_part, [part.group for part in study.parts], agents, q=config.q),
            tallies=_tallies(log, study, [study.weight(part) for part in analysed]),
            halves=_halves(log, study, rng=generator(config.seed, "routing", self.source, "halves")),
            role_edges=role_edges,
            notices=(
                *study_notices(study, analysed, foretold=foretold, is_declared=is_declared, agents=agents),
                *why_not,
            ),
        )

    def _role_edges(
        self, log: TrajectoryLog, study: Study, *, config: AnalysisConfig, is_claimed: bool
    ) -> tuple[pl.DataFrame | None, tuple[Notice, ...]]:
        roles = log.header.roles
        if not roles:
            return None, ()
        if len({log.header.agents[place].action_space for place in study.places.tolist()}) > 1:
            return None, role_notice("agents have different actions, and what they do cannot be added up")
        of_roles = role_study(study, log.episodes.declared_roles, len(roles))
        analysed = [part for part in of_roles.parts if part.group.is_analysed]
        if not any((part.pairs.information > 0).any() for part in analysed):
            return None, role_notice("whole episodes have interventions or none, and these are compared pair by pair")
        rng = generator(config.seed, "routing", self.source, "roles")
        found = figures(of_roles, analysed, config=config, is_claimed=is_claimed, rng=rng)
        return role_edge_table(found, roles, q=config.q), ()

    def _figures(self, study: Study, parts: Sequence[Part], *, config: AnalysisConfig, is_claimed: bool) -> PairFigures:
        # The number of parts names the draws, so that a single run and its combination have the same p values.
        rng = generator(config.seed, "routing", self.source, "edges", str(len(parts)))
        return figures(study, parts, config=config, is_claimed=is_claimed, rng=rng)


def _tallies(log: TrajectoryLog, study: Study, weights: Sequence[FloatArray]) -> RoutingTallies:
    parts = [part for part in study.parts if part.group.is_analysed]
    own = np.ix_(study.places, study.places)
    # Shares grow with how often a receiver follows a sender, and the tallies take roots.
    squares = [weight[own] ** 2 for weight in weights]
    return run_tallies(log, [part.group for part in parts], squares, places=study.places)


def _halves(
    log: TrajectoryLog, study: Study, *, rng: np.random.Generator
) -> tuple[tuple[RoutingTallies, RoutingTallies], ...]:
    parts = [part for part in study.parts if part.group.is_analysed]
    if any(len(part.scores.episode) < 4 for part in parts):
        return ()
    splits: list[tuple[RoutingTallies, RoutingTallies]] = []
    for _ in range(N_SPLITS):
        orders = [rng.permutation(len(part.scores.episode)) for part in parts]
        cuts = [(order[: len(order) // 2], order[len(order) // 2 :]) for order in orders]
        first, second = (
            _tallies(log, study, [study.weight(part, cut[side]) for part, cut in zip(parts, cuts, strict=True)])
            for side in (0, 1)
        )
        splits.append((first, second))
    return tuple(splits)


ESTIMATOR = Intervention()
"""The strongest evidence that a log affords."""
