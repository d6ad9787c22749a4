"""Routing from the policy at hand: what it does when it is shown another sender than the one it saw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.behaviour.groups import agent_places, episode_groups
from convscope.randomness import generator
from convscope.routing.attribution.notices import attribution_notices
from convscope.routing.attribution.parts import Part
from convscope.routing.attribution.plan import plan_of, sample_fold
from convscope.routing.attribution.read import read_parts
from convscope.routing.attribution.sample import Sample, SampleFold
from convscope.routing.attribution.table import attribution_table
from convscope.routing.edges import PairFigures, edge_table, edges_by_run, role_edge_table
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.routing.halves import N_SPLITS
from convscope.routing.predictive.tallies import weight_tallies
from convscope.routing.weights.excess import excess_figures
from convscope.routing.weights.notices import fixed_roles
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.header import LogHeader
from convscope.values.log import TrajectoryLog
from convscope.values.routing import RoutingTallies


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Asks a policy about the log's own observations, with what they say of one sender taken from other steps.

    A network either uses a slot or does not, and a slot that it ignores has exactly 0 bits: no test is needed for that.
    The test asks whether the slot of one sender is used more than the even share of the receiver's slots, episode by
    episode, as with logged weights.

    References
    ----------
    Jaques et al., "Social influence as intrinsic motivation for multi-agent deep reinforcement learning", ICML (2019),
    for the counterfactual; `convscope.routing.attribution.laws.divergence` for the bounds.
    """

    source: RoutingSource = RoutingSource.ATTRIBUTION
    claim: str = "uses what it sees of"
    """Receiver <claim> sender."""
    unit: str = "bits per step"

    def lacking(self, header: LogHeader) -> str | None:
        """Return why a log does not afford it, or None."""
        if not header.policies:
            return "no policy is at hand (convscope attribute LOG --policy FILE --layout FILE)"
        if header.layout is None:
            return "nothing says which columns of an observation describe which agent (--layout FILE)"
        return "the log has one agent only" if len(header.agents) < 2 else None

    def too_large(self, log: TrajectoryLog, config: AnalysisConfig) -> bool:
        """Never: the steps that are asked about are few, however long the log."""
        del log, config
        return False

    def fold(self, log: TrajectoryLog, config: AnalysisConfig) -> SampleFold:
        """Return the fold that chooses steps."""
        return sample_fold(log, config)

    def estimate(
        self, log: TrajectoryLog, result: Sample, *, config: AnalysisConfig, agents: Sequence[str], run: Run
    ) -> RoutingEstimate:
        """Return edges and tallies; one more pass where policies have hidden states.

        Raises
        ------
        UnreadableSourceError
            If the policies are not those that made the log.
        """
        groups, places = episode_groups(log, config), agent_places(log, agents)
        parts = read_parts(
            log, result, plan=plan_of(log, agents), places=places, groups=groups, run=run, seed=config.seed
        )
        runs = tuple(part.group.run_name for part in parts)
        every = [np.arange(len(part.episode)) for part in parts]
        declared = [log.episodes.declared_roles[part.episode][:, places] for part in parts]
        is_fixed = bool(log.header.roles) and any(bool((own == own[:1]).all()) for own in declared)
        return RoutingEstimate(
            source=self.source,
            claim=self.claim,
            unit=self.unit,
            edges=edge_table(self._figures(parts, config), agents, q=config.q),
            edges_by_run=edges_by_run(
                (self._figures([part], config) for part in parts), (part.group for part in parts), agents, q=config.q
            ),
            tallies=_tallies(parts, every, declared, runs=runs),
            halves=_halves(parts, declared, runs=runs, rng=generator(config.seed, "routing", self.source, "halves")),
            role_edges=self._role_edges(parts, declared, log.header.roles, config=config, is_fixed=is_fixed),
            attribution=attribution_table(parts, agents, places),
            notices=(
                *attribution_notices(parts, groups=groups, agents=agents),
                *fixed_roles(is_fixed=is_fixed),
            ),
        )

    def _figures(self, parts: Sequence[Part], config: AnalysisConfig) -> PairFigures:
        # The number of parts names the draws, so that a single run and its combination have the same p values.
        rng = generator(config.seed, "routing", self.source, "edges", str(len(parts)))
        return excess_figures(
            [part.agent_excess() for part in parts], n_flips=config.n_permutations, q=config.q, rng=rng
        )

    def _role_edges(
        self,
        parts: Sequence[Part],
        declared: Sequence[IntArray],
        roles: Sequence[str],
        *,
        config: AnalysisConfig,
        is_fixed: bool,
    ) -> pl.DataFrame | None:
        if not roles:
            return None
        excess = [part.role_excess(own, len(roles)) for part, own in zip(parts, declared, strict=True)]
        rng = generator(config.seed, "routing", self.source, "roles")
        figures = excess_figures(excess, n_flips=config.n_permutations, q=config.q, rng=rng)
        p_value = np.full_like(figures.p_value, np.nan) if is_fixed else figures.p_value
        return role_edge_table(PairFigures(weight=figures.weight, p_value=p_value), roles, q=config.q)


def _tallies(
    parts: Sequence[Part], units: Sequence[IntArray], declared: Sequence[IntArray], *, runs: tuple[str, ...]
) -> RoutingTallies:
    """Return tallies over some episodes; episode by episode where roles are redrawn."""
    weights: list[FloatArray] = []
    roles: list[IntArray] = []
    run: list[int] = []
    for number, (part, chosen, own) in enumerate(zip(parts, units, declared, strict=True)):
        is_fixed = bool((own == own[:1]).all())
        for some in [chosen] if is_fixed else chosen[:, None]:
            weights.append(part.weight_of(some))
            roles.append(own[some[0]] if len(some) > 0 else own[0])
            run.append(number)
    return weight_tallies(weights, np.array(run), roles=np.array(roles), runs=runs)


def _halves(
    parts: Sequence[Part], declared: Sequence[IntArray], *, runs: tuple[str, ...], rng: np.random.Generator
) -> tuple[tuple[RoutingTallies, RoutingTallies], ...]:
    if any(len(part.episode) < 2 for part in parts):
        return ()
    splits: list[tuple[RoutingTallies, RoutingTallies]] = []
    for _ in range(N_SPLITS):
        orders = [rng.permutation(len(part.episode)) for part in parts]
        first = _tallies(parts, [order[: len(order) // 2] for order in orders], declared, runs=runs)
        second = _tallies(parts, [order[len(order) // 2 :] for order in orders], declared, runs=runs)
        splits.append((first, second))
    return tuple(splits)


ESTIMATOR = Attribution()
"""What the policy uses, whatever the team made of it."""
