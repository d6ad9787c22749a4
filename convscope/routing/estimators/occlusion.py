"""Routing from behaviour models: how much worse an agent's actions are predicted without what it saw of another one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from convscope.behaviour.groups import Group, agent_places, episode_groups
from convscope.behaviour.sample import SampleFold, Steps
from convscope.ingest.layout_file import observation_width
from convscope.randomness import generator
from convscope.routing.edges import PairFigures, edge_table, edges_by_run, role_edge_table
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.routing.occlusion.figures import half_tallies, pair_figures, part_tallies, role_figures
from convscope.routing.occlusion.notices import surrogate_notices
from convscope.routing.occlusion.study import Part, read_part
from convscope.routing.refusal import UnreadableSourceError
from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS, OBSERVATIONS, POSITIONS
from convscope.values.header import LogHeader
from convscope.values.log import TrajectoryLog

MOST_DECISIONS = 20_000
"""Sampled of the analysed runs, shared evenly by runs and agents."""
MOST_STEPS, LEAST_STEPS = 5_000, 400
"""Of each run and checkpoint; those that the results do not describe have the least."""
_MOST_COLUMNS = 512
_MOST_AGENTS = 16
"""Agents up to which it is worth its time as a mere comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occlusion:
    """Asks whether a receiver's policy uses the columns of its observation that describe a sender.

    A behaviour model stands for the policy: fitted to what agents saw and did in other episodes. Each slot is replaced
    by values that might have stood there, given all else that the receiver saw (docs/occlusion.md).
    """

    source: RoutingSource = RoutingSource.OCCLUSION
    claim: str = "uses what it sees of"
    """Receiver <claim> sender."""
    unit: str = "bits per decision"

    def lacking(self, header: LogHeader) -> str | None:
        """Return why a log does not afford it, or None."""
        held = {spec.name for spec in header.fields}
        if len(header.agents) < 2:
            return "the log has one agent only"
        if not {OBSERVATIONS, ACTIONS} <= held:
            return "the log holds no observations, or no actions"
        if header.layout is None:
            return (
                "no observation layout was given (--layout L.toml; convscope inspect LOG --write-layout proposes one)"
            )
        if not any(each.slots for each in header.layout.receivers):
            return "the observation layout says of no column which other agent it describes"
        width = max(observation_width(header, agent.name) for agent in header.agents)
        if width > _MOST_COLUMNS:
            return f"observations have {width} columns, more than {_MOST_COLUMNS}"
        # Each has a column of its own in the model.
        n_choices = max(sum(agent.action_space.n) for agent in header.agents)
        return f"agents have {n_choices} choices, more than {_MOST_COLUMNS}" if n_choices > _MOST_COLUMNS else None

    def too_large(self, log: TrajectoryLog, config: AnalysisConfig) -> bool:
        """Whether there are so many agents that models of all are not worth a mere comparison."""
        del config
        return len(log.header.agents) > _MOST_AGENTS

    def fold(self, log: TrajectoryLog, config: AnalysisConfig) -> SampleFold:
        """Return the fold that takes a sample of steps."""
        groups = episode_groups(log, config)
        return SampleFold(
            groups=groups,
            n_steps=_allotted(groups, len(log.header.agents)),
            n_episodes=log.episodes.n_episodes,
            n_axes=log.header.field(POSITIONS).shape[0] if log.has(POSITIONS) else 0,
            seed=config.seed,
            order=np.arange(len(log.header.agents)),
        )

    def estimate(
        self, log: TrajectoryLog, result: Steps | None, *, config: AnalysisConfig, agents: Sequence[str], run: Run
    ) -> RoutingEstimate:
        """Return edges, role edges and tallies; no other pass is needed, so ``run`` is not called.

        Raises
        ------
        UnreadableSourceError
            If no step holds both what somebody saw and what it chose.
        """
        del run
        if result is None:
            raise UnreadableSourceError("no step of the log holds both observations and a choice of actions")
        parts = [read_part(log, result, group, agents=agents, config=config) for group in episode_groups(log, config)]
        analysed = [part for part in parts if part.group.is_analysed]
        places = agent_places(log, agents)
        return RoutingEstimate(
            source=self.source,
            claim=self.claim,
            unit=self.unit,
            edges=edge_table(self._figures(analysed, config), agents, q=config.q),
            edges_by_run=edges_by_run(
                (self._figures([part], config) for part in parts), (part.group for part in parts), agents, q=config.q
            ),
            tallies=part_tallies(log, analysed, [part.weight() for part in analysed], places=places),
            halves=half_tallies(
                log, analysed, places=places, rng=generator(config.seed, "routing", self.source, "halves")
            ),
            role_edges=self._role_edges(log, analysed, places, config=config) if log.header.roles else None,
            notices=surrogate_notices(analysed, log.header, agents),
        )

    def _figures(self, parts: Sequence[Part], config: AnalysisConfig) -> PairFigures:
        # The number of parts names the draws, so that a single run and its combination have the same p values.
        rng = generator(config.seed, "routing", self.source, "edges", str(len(parts)))
        return pair_figures(parts, n_flips=config.n_permutations, q=config.q, rng=rng)

    def _role_edges(
        self, log: TrajectoryLog, parts: Sequence[Part], places: IntArray, *, config: AnalysisConfig
    ) -> pl.DataFrame:
        figures = role_figures(
            parts,
            [log.episodes.declared_roles[part.episodes][:, places] for part in parts],
            n_roles=len(log.header.roles),
            n_flips=config.n_permutations,
            q=config.q,
            rng=generator(config.seed, "routing", self.source, "roles"),
        )
        return role_edge_table(figures, log.header.roles, q=config.q)


def _allotted(groups: Sequence[Group], n_agents: int) -> IntArray:
    """Return the steps to take of each run and checkpoint."""
    n_analysed = sum(group.is_analysed for group in groups)
    most = int(np.clip(MOST_DECISIONS // max(n_analysed * n_agents, 1), LEAST_STEPS, MOST_STEPS))
    return np.array([most if group.is_analysed else LEAST_STEPS for group in groups], dtype=np.int64)


ESTIMATOR = Occlusion()
"""Needs a layout file: which columns of an observation describe whom."""
