"""Which sources of routing a log affords, and which of them is used."""

from convscope.errors import UsageError
from convscope.routing.estimators import ESTIMATORS
from convscope.routing.estimators.estimator import Estimator
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.header import LogHeader


def choose_estimators(header: LogHeader, config: AnalysisConfig) -> tuple[Estimator, ...]:
    """Return the estimator in use, then those that it is compared with.

    Parameters
    ----------
    header
        Of the log.
    config
        ``routing_source`` picks a source; None takes the first that the log affords, logged weights before all.

    Returns
    -------
    tuple
        Empty when the log affords no source.

    Raises
    ------
    UsageError
        If the log does not afford the source that was asked for; the message says why, and what it affords.
    """
    afforded = tuple(estimator for estimator in ESTIMATORS if estimator.lacking(header) is None)
    if config.routing_source is None:
        return afforded
    chosen = tuple(estimator for estimator in afforded if estimator.source == config.routing_source)
    if not chosen:
        raise UsageError(_refusal(header, config.routing_source, afforded))
    return (*chosen, *(estimator for estimator in afforded if estimator not in chosen))


def _refusal(header: LogHeader, source: RoutingSource, afforded: tuple[Estimator, ...]) -> str:
    reasons = [estimator.lacking(header) for estimator in ESTIMATORS if estimator.source == source]
    why = reasons[0] if reasons else "this version has no estimator for it"
    held = ", ".join(estimator.source.value for estimator in afforded)
    return f"routing source {source.value} cannot be used: {why}; available for this log: {held or 'none'}"
