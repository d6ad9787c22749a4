"""Estimators of routing, one source a file, in the order in which the first that a log affords is used."""

from convscope.routing.estimators import (
    attention,
    attribution,
    gate,
    intervention,
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
    intervention.ESTIMATOR,
    policy_residual.ESTIMATOR,
    attribution.ESTIMATOR,
    occlusion.ESTIMATOR,
    transfer_entropy.ESTIMATOR,
)
"""Sources that a log may afford: logged weights, then the strongest evidence first; transfer entropy needs least."""

__all__ = ["ESTIMATORS", "Estimator"]
