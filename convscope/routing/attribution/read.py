"""From the chosen steps to the parts: hidden states first, then one receiver after the other."""

from collections.abc import Sequence

import numpy as np

from convscope.behaviour.groups import Group
from convscope.randomness import generator
from convscope.routing.attribution.notices import is_accepted, refuse_foreign
from convscope.routing.attribution.parts import Part, part_of
from convscope.routing.attribution.plan import Plan
from convscope.routing.attribution.recurrence import StateFold, StateRows
from convscope.routing.attribution.sample import Sample
from convscope.routing.attribution.study import Chair, SeatStudy, study_seat
from convscope.routing.estimate import Run
from convscope.values.arrays import BoolArray, IntArray
from convscope.values.fields import ACTION_MASKS, ACTIONS, OBSERVATIONS
from convscope.values.log import TrajectoryLog


def read_parts(
    log: TrajectoryLog, sample: Sample, *, plan: Plan, places: IntArray, groups: Sequence[Group], run: Run, seed: int
) -> tuple[Part, ...]:
    """Return what the policies use in each analysed run whose steps they made.

    Parameters
    ----------
    log
        The log.
    sample
        Chosen steps of the analysed runs.
    plan
        By analysed agent.
    places
        The same agents in the log's agent axis.
    groups
        All runs and checkpoints.
    run
        Reads the log again.
    seed
        Of the analysis.

    Raises
    ------
    UnreadableSourceError
        If the policies made none of them.
    """
    states = _states(sample, plan, run)
    agents = tuple(agent.name for agent in log.header.agents)
    analysed = [group for group in groups if group.is_analysed]
    studied: list[tuple[Group, list[SeatStudy | None]]] = []
    parts: list[Part] = []
    for number, group in enumerate(analysed):
        own = np.equal(sample.group, number)
        part, before = sample.taken(own), _of_rows(states, own[sample.episode_of_row])
        is_empty = len(part.episode) == 0
        studies = [
            None
            if chair is None or is_empty
            else study_seat(chair, part, before, agents=agents, rng=_rng(seed, chair, agents))
            for chair in plan
        ]
        is_only_run = len(analysed) == 1
        accepted = [s if s is not None and is_accepted(s, is_only_run=is_only_run) else None for s in studies]
        studied.append((group, studies))
        if any(accepted):
            parts.append(part_of(group, part, accepted, places=places))
    refuse_foreign(studied, len(parts))
    return tuple(parts)


def _rng(seed: int, chair: Chair, agents: tuple[str, ...]) -> np.random.Generator:
    return generator(seed, "routing", "attribution", agents[chair.seat.place])


def _states(sample: Sample, plan: Plan, run: Run) -> StateRows | None:
    chairs = [chair for chair in plan if chair is not None and chair.seat.policy.wiring.states]
    if not chairs or len(sample.episode) == 0:
        return None
    fold = StateFold(
        fields=frozenset({OBSERVATIONS, ACTIONS, ACTION_MASKS}),
        sample=sample,
        seats=[chair.seat for chair in chairs],
        actions=ACTIONS,
        width_of={chair.seat.place: chair.width for chair in chairs},
    )
    states: StateRows = run([fold])[0]
    return states


def _of_rows(states: StateRows | None, keep: BoolArray) -> StateRows | None:
    if states is None:
        return None
    return StateRows(row=states.row[keep], memory={place: memory[keep] for place, memory in states.memory.items()})
