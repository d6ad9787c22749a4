"""Routing from the agents' own dice: influence that no hidden common cause can fake."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.behaviour.groups import agent_places
from convscope.randomness import generator
from convscope.routing.edges import PairFigures, edge_table, edges_by_run
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.routing.halves import N_SPLITS
from convscope.routing.predictive.tallies import run_tallies
from convscope.routing.residual.evaluate import combined
from convscope.routing.residual.notices import are_joint, refuse_other_policies, residual_notices
from convscope.routing.residual.reading import policy_fields
from convscope.routing.residual.study import Part, bits, read_parts, usage_fold
from convscope.routing.residual.usage import Usage, UsageFold
from convscope.values.arrays import FloatArray, IntArray, known_mean
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
    unit: str = "bits per step"

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
        parts = read_parts(log, result, config=config, agents=agents, run=run)
        analysed = [part for part in parts if part.group.is_analysed]
        weights = [part.weight for part in analysed]
        return RoutingEstimate(
            source=self.source,
            claim=self.claim,
            unit=self.unit,
            edges=edge_table(self._figures(analysed, config), agents, q=config.q),
            edges_by_run=edges_by_run(
                (self._figures([part], config) for part in parts), (part.group for part in parts), agents, q=config.q
            ),
            tallies=_tallies(log, analysed, weights, places=places),
            halves=_halves(log, analysed, places=places, rng=generator(config.seed, "routing", self.source, "halves")),
            notices=residual_notices(analysed, result, agents=agents, places=places, config=config),
        )

    def _figures(self, parts: Sequence[Part], config: AnalysisConfig) -> PairFigures:
        rng = generator(config.seed, "routing", self.source, "edges", str(len(parts)))
        test = combined([part.test for part in parts], rng)
        weight = known_mean(np.array([part.weight for part in parts]))
        return PairFigures(
            weight=weight,
            p_value=np.where(np.isfinite(weight), test.p_value, np.nan),
            is_claimed=not are_joint(parts, config.alpha),
        )


def _tallies(
    log: TrajectoryLog, parts: Sequence[Part], weights: Sequence[FloatArray], *, places: IntArray
) -> RoutingTallies:
    # Bits grow with how much a sender explores; preference asks what the receiver makes of an action that differs.
    scaled = [weight / np.maximum(part.mass, 1e-12) for part, weight in zip(parts, weights, strict=True)]
    return run_tallies(log, [part.group for part in parts], scaled, places=places)


def _halves(
    log: TrajectoryLog, parts: Sequence[Part], *, places: IntArray, rng: np.random.Generator
) -> tuple[tuple[RoutingTallies, RoutingTallies], ...]:
    if any(len(part.units) < 2 for part in parts):
        return ()
    splits: list[tuple[RoutingTallies, RoutingTallies]] = []
    for _ in range(N_SPLITS):
        orders = [rng.permutation(len(part.units)) for part in parts]
        first = [_half_weight(part, order[: len(order) // 2]) for part, order in zip(parts, orders, strict=True)]
        second = [_half_weight(part, order[len(order) // 2 :]) for part, order in zip(parts, orders, strict=True)]
        splits.append((_tallies(log, parts, first, places=places), _tallies(log, parts, second, places=places)))
    return tuple(splits)


def _half_weight(part: Part, units: IntArray) -> FloatArray:
    share = len(units) / len(part.units)
    value = (part.units[units].sum(axis=0) ** 2).sum(axis=-1) / share
    return bits(value, part.test.n_dimensions, part.n_steps * share)


ESTIMATOR = PolicyResidual()
"""The strongest evidence that a log without interventions affords."""
