"""Who is asked, by which policy, and which steps are read for it."""

from collections.abc import Sequence
from math import prod

from convscope.behaviour.groups import episode_groups, group_of_each
from convscope.ingest.selection import select_agents
from convscope.routing.attribution.questions import Seat
from convscope.routing.attribution.sample import SampleFold, rows_of_groups
from convscope.routing.attribution.study import Chair
from convscope.values.config import AnalysisConfig
from convscope.values.fields import (
    ACTION_LOGITS,
    ACTION_MASKS,
    ACTION_PROBABILITIES,
    ACTIONS,
    OBSERVATIONS,
    POSITIONS,
)
from convscope.values.layout import SlotKind
from convscope.values.log import TrajectoryLog

_SMALL = 64
_COST_OF_SMALL = 4
"""A file that takes a few rows a call is asked about fewer steps."""

Plan = tuple[Chair | None, ...]
"""By analysed agent; None for one without a policy or without a layout that has slots."""


def plan_of(log: TrajectoryLog, agents: Sequence[str]) -> Plan:
    """Return each analysed agent's policy and layout."""
    return tuple(_chair(log, name) for name in agents)


def sample_fold(log: TrajectoryLog, config: AnalysisConfig) -> SampleFold:
    """Return the fold that chooses steps of the analysed runs and checkpoints."""
    groups = [group for group in episode_groups(log, config) if group.is_analysed]
    plan = plan_of(log, select_agents(log, config))
    group_of = group_of_each(groups, log.episodes.n_episodes)
    n_pairs = sum(max(len(chair.layout.slots), len(chair.seat.fellows)) for chair in plan if chair is not None)
    if any(chair is not None and (chair.seat.policy.wiring.batch or _SMALL) < _SMALL for chair in plan):
        n_pairs *= _COST_OF_SMALL
    fields, n_agents = _fields(plan, log), len(log.header.agents)
    row_bytes = n_agents + sum(spec.row_bytes(n_agents) for spec in log.header.fields if spec.name in fields)
    return SampleFold(
        fields=fields,
        group_of=group_of,
        rows_of=rows_of_groups([len(group.episodes) for group in groups], n_pairs, row_bytes),
        actions=ACTIONS,
    )


def _fields(plan: Plan, log: TrajectoryLog) -> frozenset[str]:
    chairs = [chair for chair in plan if chair is not None]
    has_nearest = any(slot.kind is SlotKind.NEAREST for chair in chairs for slot in chair.layout.slots)
    wanted = {OBSERVATIONS, ACTIONS, ACTION_MASKS, ACTION_PROBABILITIES, *([POSITIONS] if has_nearest else [])}
    if not log.has(ACTION_PROBABILITIES):
        wanted.add(ACTION_LOGITS)
    return frozenset(wanted)


def _chair(log: TrajectoryLog, name: str) -> Chair | None:
    header = log.header
    policy = next((policy for policy in header.policies if name in policy.agents), None)
    layout = header.layout.of(name) if header.layout is not None else None
    if policy is None or layout is None or not (layout.slots or policy.wiring.is_joint):
        return None
    names = [agent.name for agent in header.agents]
    place = names.index(name)
    seat = Seat(
        place=place,
        policy=policy,
        number=policy.numbers[policy.agents.index(name)],
        kind=header.agents[place].action_space.kind,
        fellows=tuple(names.index(fellow) for fellow in policy.agents) if policy.wiring.is_joint else (),
    )
    spec = header.field(OBSERVATIONS)
    return Chair(seat=seat, layout=layout, width=prod(spec.shape) if spec.widths is None else spec.widths[place])
