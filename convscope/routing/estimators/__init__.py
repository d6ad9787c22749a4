"""Estimators of routing, one source a file, in the order in which the first that a log affords is used."""

from convscope.routing.estimators import (
    attention,
    attribution,
    gate,
    message,
    occlusion,
    policy_residual,
    transfer_entropy,
)
from convscope.routing.estimators.estimator import Estimator

ESTIMATORS: tuple[Estimator, ...] = (
    attention.ESTIMATOR,
    gate.ESTIMATOR,
    message.ESTIMATOR,
    policy_residual.ESTIMATOR,
    attribution.ESTIMATOR,
    occlusion.ESTIMATOR,
    transfer_entropy.ESTIMATOR,
)
"""Sources that a log may afford. Logged weights come first; transfer entropy needs least and comes last."""

__all__ = ["ESTIMATORS", "Estimator"]
