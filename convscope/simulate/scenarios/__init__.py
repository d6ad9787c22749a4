"""Ground truths that write logs, one group a file; a new one is a line in `SCENARIOS` (``docs/simulate.md``)."""

from convscope.simulate.scenarios.behaving import COLLAPSED_ROLES, ONE_ROLE
from convscope.simulate.scenarios.changing_teams import EARLY_DEATH, REDRAWN_TEAMS, TEAM_SIZES
from convscope.simulate.scenarios.conventions import DRIFT, TWO_CONVENTIONS
from convscope.simulate.scenarios.following import DILUTION, PRIOR_TRUE, SWAPPED_ROLES
from convscope.simulate.scenarios.invariant import PADDING, REORDERED, TRANSPOSED
from convscope.simulate.scenarios.known_laws import COPY_CHANNEL, ROLE_SWITCHING
from convscope.simulate.scenarios.misleading import DECOY_ATTENTION, PROXIMITY
from convscope.simulate.scenarios.role_blind import FORMATION_NULL, PERSISTENT_DYADS, RANDOM_POLICIES
from convscope.simulate.scenarios.scenario import Planted, Scale, Scenario

SCENARIOS = (
    PRIOR_TRUE,
    DILUTION,
    SWAPPED_ROLES,
    COLLAPSED_ROLES,
    ONE_ROLE,
    PADDING,
    TEAM_SIZES,
    REDRAWN_TEAMS,
    EARLY_DEATH,
    RANDOM_POLICIES,
    PERSISTENT_DYADS,
    TWO_CONVENTIONS,
    DRIFT,
    FORMATION_NULL,
    DECOY_ATTENTION,
    PROXIMITY,
    TRANSPOSED,
    ROLE_SWITCHING,
    COPY_CHANNEL,
    REORDERED,
)

__all__ = ["SCENARIOS", "Planted", "Scale", "Scenario"]
