"""Routing from logged gates: how far each channel is open."""

from convscope.routing.estimators.logged_weights import LoggedWeights
from convscope.routing.weights.shares import pair_strengths
from convscope.values.config import RoutingSource
from convscope.values.fields import GATES

ESTIMATOR = LoggedWeights(
    source=RoutingSource.GATE,
    claim="listens to",
    unit="share of open gates",
    field=GATES,
    strength=pair_strengths,
)
"""Steps at which all of a receiver's gates are shut say nothing of how it chooses, and are counted."""
