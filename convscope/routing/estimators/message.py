"""Routing from messages with an addressee, by their length as vectors."""

from convscope.routing.estimators.logged_weights import LoggedWeights
from convscope.routing.weights.shares import message_strengths
from convscope.values.config import RoutingSource
from convscope.values.fields import PAIR_MESSAGES

ESTIMATOR = LoggedWeights(
    source=RoutingSource.MESSAGE,
    claim="is sent messages by",
    unit="share of message length",
    field=PAIR_MESSAGES,
    strength=message_strengths,
    has_heads=False,
)
"""Broadcast messages have no receiver axis and are no source; transfer entropy takes them as the sender's features."""
