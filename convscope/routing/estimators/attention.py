"""Routing from logged attention weights; heads and layers weigh the same."""

from convscope.routing.estimators.logged_weights import LoggedWeights
from convscope.routing.weights.shares import pair_strengths
from convscope.values.config import RoutingSource
from convscope.values.fields import ATTENTION

ESTIMATOR = LoggedWeights(
    source=RoutingSource.ATTENTION,
    claim="attends to",
    unit="share of attention",
    field=ATTENTION,
    strength=pair_strengths,
)
"""Says what the weights are, not what they do: a weight on an empty message is a weight."""
