"""What of a log the measures can be computed from."""

from dataclasses import dataclass

import numpy as np

from convscope.features.family import holds
from convscope.features.spaces import shared_space
from convscope.roles.diversity.measures import (
    N_PARTS,
    Measure,
    action_measures,
    continuous_measures,
    contribution_measure,
    trajectory_measure,
)
from convscope.values.arrays import BoolArray
from convscope.values.diversity import DiversityBasis, DiversityMeasure
from convscope.values.fields import ACTION_LOGITS, ACTION_PROBABILITIES, ACTIONS, POSITIONS, REWARDS
from convscope.values.header import ActionKind, LogHeader, Notice

MAX_CHOICES = 32
"""Of all components together; more are not compared one by one."""
MAX_AXES = 3
OF_ACTIONS = (
    DiversityMeasure.SYSTEM_NEURAL_DIVERSITY,
    DiversityMeasure.HIERARCHIC_SOCIAL_ENTROPY,
    DiversityMeasure.ROLE_DIVERSITY_ACTION,
)
FIELD_OF = {
    DiversityBasis.ACTIONS: ACTIONS,
    DiversityBasis.CONTINUOUS_ACTIONS: ACTIONS,
    DiversityBasis.POSITIONS: POSITIONS,
    DiversityBasis.REWARDS: REWARDS,
}
N_CELLS = 5
"""Parts of an episode's extent along each axis."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bases:
    """The bases that a log affords."""

    widths: dict[DiversityBasis, int]
    """Numbers that are added up for each agent and episode."""
    components: tuple[int, ...]
    """Choices of each component of the discrete actions that most agents share; empty when there are none."""
    is_comparable: BoolArray
    """Which agents have these actions, shape (N,)."""
    fields: frozenset[str]
    probabilities: str
    """Field of the action probabilities or logits."""
    notices: tuple[Notice, ...]

    @property
    def is_logit(self) -> bool:
        """Whether the probabilities are logits yet."""
        return self.probabilities == ACTION_LOGITS

    def measures(self, basis: DiversityBasis) -> tuple[Measure, ...]:
        """Return the measures that are computed from a basis."""
        if basis is DiversityBasis.POSITIONS:
            return (trajectory_measure(),)
        if basis is DiversityBasis.REWARDS:
            return (contribution_measure(),)
        return continuous_measures() if basis is DiversityBasis.CONTINUOUS_ACTIONS else action_measures(self.components)


def bases_of(header: LogHeader) -> Bases:
    """Find what a log affords, and say what it does not."""
    probabilities = ACTION_PROBABILITIES if holds(header, ACTION_PROBABILITIES) else ACTION_LOGITS
    components, is_comparable = _discrete(header)
    continuous = None if components else _continuous(header)
    widths, notices = _others(header)
    if components:
        is_given = holds(header, probabilities) and len(components) == 1
        basis = DiversityBasis.PROBABILITIES if is_given else DiversityBasis.ACTIONS
        widths[basis] = N_PARTS * sum(components)
    elif continuous is not None:
        width, is_comparable = continuous
        widths[DiversityBasis.CONTINUOUS_ACTIONS] = 1 + 2 * width
        notices.append(_lacking("the actions are continuous", DiversityMeasure.ROLE_DIVERSITY_ACTION))
    else:
        notices.append(_lacking(f"no two agents share an action space of at most {MAX_CHOICES} choices", *OF_ACTIONS))
    if is_comparable.any() and not is_comparable.all():
        notices.append(_left_out(header, is_comparable))
    field_of = {**FIELD_OF, DiversityBasis.PROBABILITIES: probabilities}
    return Bases(
        widths=widths,
        components=components,
        is_comparable=is_comparable,
        fields=frozenset(field_of[basis] for basis in widths),
        probabilities=probabilities,
        notices=tuple(notices),
    )


def _others(header: LogHeader) -> tuple[dict[DiversityBasis, int], list[Notice]]:
    """Return what is not about actions."""
    widths, notices = dict[DiversityBasis, int](), list[Notice]()
    shape = header.field(POSITIONS).shape if holds(header, POSITIONS) else ()
    n_axes = shape[0] if len(shape) == 1 else 0
    if 0 < n_axes <= MAX_AXES:
        widths[DiversityBasis.POSITIONS] = N_CELLS**n_axes
    else:
        notices.append(_lacking("the log holds no positions", DiversityMeasure.ROLE_DIVERSITY_TRAJECTORY))
    if holds(header, REWARDS):
        widths[DiversityBasis.REWARDS] = 1
    else:
        why = "the log holds no rewards of single agents"
        notices.append(_lacking(why, DiversityMeasure.ROLE_DIVERSITY_CONTRIBUTION))
    return widths, notices


def _discrete(header: LogHeader) -> tuple[tuple[int, ...], BoolArray]:
    shared = shared_space(header, ActionKind.DISCRETE, ActionKind.MULTI_DISCRETE)
    if shared is None or sum(shared[0].n) > MAX_CHOICES or not holds(header, ACTIONS):
        return (), np.zeros(len(header.agents), dtype=np.bool_)
    return shared[0].n, shared[1]


def _continuous(header: LogHeader) -> tuple[int, BoolArray] | None:
    shared = shared_space(header, ActionKind.CONTINUOUS)
    return (shared[0].width, shared[1]) if shared is not None and holds(header, ACTIONS) else None


def _left_out(header: LogHeader, is_comparable: BoolArray) -> Notice:
    names = ", ".join(agent.name for agent, kept in zip(header.agents, is_comparable, strict=True) if not kept)
    message = f"left out of the diversity of actions, because their actions are of another kind: {names}"
    return Notice(code="subset", message=message, where="roles.diversity")


def _lacking(why: str, *measures: DiversityMeasure) -> Notice:
    names = ", no ".join(measure.value.replace("-", " ") for measure in measures)
    return Notice(code="not-applicable", message=f"no {names}: {why}", where="roles.diversity")
