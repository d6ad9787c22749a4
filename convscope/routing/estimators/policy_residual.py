"""Routing from the agents' own dice: influence that no hidden common cause can fake."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from convscope.behaviour.groups import agent_places
from convscope.randomness import generator
from convscope.routing.edges import PairFigures, edge_table, edges_by_run, role_edge_table
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.routing.halves import N_SPLITS
from convscope.routing.predictive.tallies import run_tallies
from convscope.routing.residual.notices import are_joint, refuse_other_policies, residual_notices
from convscope.routing.residual.reading import policy_fields
from convscope.routing.residual.settle import settled_p_values
from convscope.routing.residual.study import Part, Study, Tested, read_study, usage_fold
from convscope.routing.residual.usage import Usage, UsageFold
from convscope.values.arrays import FloatArray, known_mean
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS
from convscope.values.header import ActionKind, LogHeader
from convscope.values.log import TrajectoryLog
from convscope.values.routing import RoutingTallies

_MOST_AGENTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResidual:
    """Asks whether what chance added to a sender's action changes what a receiver does next.

    ``1[a = action] - p(a)`` has mean zero given all that the sender knew, hidden or not, because the sender drew from
    the logged probabilities by a random number that nobody else saw. What goes together with it at the next step was
    caused by the action.

    References
    ----------
    Candes, Fan, Janson and Lv, "Panning for gold: model-X knockoffs for high dimensional controlled variable
    selection", Journal of the Royal Statistical Society B 80 (2018), for tests that draw from a known law.
    """

    source: RoutingSource = RoutingSource.POLICY_RESIDUAL
    claim: str = "influences"
    """Sender <claim> receiver."""
    unit: str = "share of actions changed"

    def lacking(self, header: LogHeader) -> str | None:
        """Return why a log does not afford it, or None."""
        if len(header.agents) < 2:
            return "the log has one agent only"
        if not any(spec.name == ACTIONS for spec in header.fields) or not policy_fields(header):
            return "the log holds no action probabilities or logits"
        if any(agent.action_space.kind is not ActionKind.DISCRETE for agent in header.agents):
            return "actions are not single choices"
        return None

    def too_large(self, log: TrajectoryLog, config: AnalysisConfig) -> bool:
        """Whether there are so many agents that sums of all pairs are not worth a mere comparison."""
        del config
        return len(log.header.agents) > _MOST_AGENTS

    def fold(self, log: TrajectoryLog, config: AnalysisConfig) -> UsageFold:
        """Return the fold of the first pass: how actions were taken, and whether they are draws."""
        return usage_fold(log, config)

    def estimate(
        self, log: TrajectoryLog, result: Usage, *, config: AnalysisConfig, agents: Sequence[str], run: Run
    ) -> RoutingEstimate:
        """Return edges and tallies, after two more passes over the log.

        Raises
        ------
        UnreadableSourceError
            If the actions are no draws from the logged probabilities.
        """
        places = agent_places(log, agents)
        refuse_other_policies(result, agents, places)
        study = read_study(log, result, config=config, agents=agents, run=run)
        analysed = study.agents.analysed
        combined, *by_part = _tables(study, study.agents, config=config, run=run)
        return RoutingEstimate(
            source=self.source,
            claim=self.claim,
            unit=self.unit,
            # An edge between slots that other agents fill in each episode is an average of nothing.
            edges=edge_table(
                combined if log.header.identities_persist else replace(combined, is_claimed=False), agents, q=config.q
            ),
            edges_by_run=edges_by_run(by_part, (part.group for part in study.agents.parts), agents, q=config.q),
            tallies=_tallies(log, analysed, [part.squares for part in analysed]),
            halves=_halves(log, analysed, rng=generator(config.seed, "routing", self.source, "halves")),
            role_edges=_role_edges(study, log.header.roles, config=config, run=run),
            notices=residual_notices(study, result, agents=agents, places=places, config=config),
        )


def _tables(study: Study, tested: Tested, *, config: AnalysisConfig, run: Run) -> list[PairFigures]:
    """Return the figures of the analysed parts together, and of each part."""
    tables = [tested.analysed, *([part] for part in tested.parts)]
    p_values = settled_p_values(tested, tables, config=config, run=run)
    return [_figures(study, parts, p_value, config=config) for parts, p_value in zip(tables, p_values, strict=True)]


def _figures(study: Study, parts: Sequence[Part], p_value: FloatArray, *, config: AnalysisConfig) -> PairFigures:
    squares = known_mean(np.array([part.squares for part in parts]))
    # A receiver whose next probabilities follow from what it knew answers to nobody: there is nothing left to test.
    tested = np.where(np.isfinite(squares), np.nan_to_num(p_value, nan=1.0), np.nan)
    together = [study.together[part.number] for part in parts]
    return PairFigures(weight=_share(squares), p_value=tested, is_claimed=not are_joint(together, config.alpha))


def _role_edges(study: Study, roles: tuple[str, ...], *, config: AnalysisConfig, run: Run) -> pl.DataFrame | None:
    if study.roles is None:
        return None
    combined, *_ = _tables(study, study.roles, config=config, run=run)
    return role_edge_table(combined, roles, q=config.q)


def _share(squares: FloatArray) -> FloatArray:
    share: FloatArray = np.sqrt(np.clip(squares, 0.0, 1.0))
    return share


def _tallies(log: TrajectoryLog, parts: Sequence[Part], squares: Sequence[FloatArray]) -> RoutingTallies:
    # Tallies take the roots themselves.
    return run_tallies(log, [part.group for part in parts], squares, places=parts[0].places)


def _halves(
    log: TrajectoryLog, parts: Sequence[Part], *, rng: np.random.Generator
) -> tuple[tuple[RoutingTallies, RoutingTallies], ...]:
    if any(len(part.units) < 2 for part in parts):
        return ()
    splits: list[tuple[RoutingTallies, RoutingTallies]] = []
    for _ in range(N_SPLITS):
        orders = [rng.permutation(part.units) for part in parts]
        cuts = [(order[: len(order) // 2], order[len(order) // 2 :]) for order in orders]
        first, second = (
            _tallies(log, parts, [part.squares_of(cut[side]) for part, cut in zip(parts, cuts, strict=True)])
            for side in (0, 1)
        )
        splits.append((first, second))
    return tuple(splits)


ESTIMATOR = PolicyResidual()
"""The strongest evidence that a log without interventions affords."""
