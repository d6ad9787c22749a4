"""Families of behaviour features, one a file; `FAMILIES` is the list that the pass over a log uses."""

from convscope.features.families.action_mix import ACTION_MIX
from convscope.features.families.activity import ACTIVITY
from convscope.features.families.certainty import CERTAINTY
from convscope.features.families.continuous_actions import CONTINUOUS_ACTIONS
from convscope.features.families.events import EVENTS
from convscope.features.families.handovers import HANDOVERS
from convscope.features.families.hidden_states import HIDDEN_STATES_FAMILY
from convscope.features.families.info_values import INFO_VALUES
from convscope.features.families.leadership import LEADERSHIP
from convscope.features.families.messages import MESSAGES_FAMILY
from convscope.features.families.motion import MOTION
from convscope.features.families.observations import OBSERVATIONS_FAMILY
from convscope.features.families.occupancy import OCCUPANCY
from convscope.features.families.relations import RELATIONS
from convscope.features.families.rewards import REWARDS_FAMILY
from convscope.features.families.sight import SIGHT
from convscope.features.families.transitions import TRANSITIONS
from convscope.features.family import Family

FAMILIES: tuple[Family, ...] = (
    ACTION_MIX,
    CONTINUOUS_ACTIONS,
    TRANSITIONS,
    CERTAINTY,
    MOTION,
    RELATIONS,
    LEADERSHIP,
    OCCUPANCY,
    REWARDS_FAMILY,
    MESSAGES_FAMILY,
    ACTIVITY,
    OBSERVATIONS_FAMILY,
    SIGHT,
    HIDDEN_STATES_FAMILY,
    INFO_VALUES,
    EVENTS,
    HANDOVERS,
)

__all__ = ["FAMILIES"]
