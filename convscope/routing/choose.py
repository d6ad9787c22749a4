"""Which sources of routing a log affords, and which of them is used."""

from collections.abc import Sequence

from convscope.errors import UsageError
from convscope.routing.estimators import ESTIMATORS
from convscope.routing.estimators.estimator import Estimator
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ATTENTION, GATES
from convscope.values.header import LogHeader, Notice
from convscope.values.log import TrajectoryLog


def choose_estimators(log: TrajectoryLog, config: AnalysisConfig) -> tuple[Estimator, ...]:
    """Return the estimator in use, then those that it is compared with.

    Parameters
    ----------
    log
        Only its header and its table of episodes are looked at.
    config
        ``routing_source`` picks a source; None takes the first that the log affords, logged weights before all.

    Returns
    -------
    tuple
        Empty when the log affords no source. Comparisons that would take too much memory are left out.

    Raises
    ------
    UsageError
        If the log does not afford the source that was asked for; the message says why, and what it affords. Or if heads
        were asked for and there are none.
    """
    if config.heads is not None and not _has_heads(log.header):
        raise UsageError(f"--heads {config.heads}: the log holds no attention and no gates with axes of heads")
    afforded = _afforded(log.header)
    chosen = tuple(each for each in afforded if config.routing_source in (None, each.source))[:1]
    if not chosen and config.routing_source is not None:
        raise UsageError(_refusal(log.header, config.routing_source, afforded))
    return (*chosen, *(each for each in afforded if each not in chosen and not each.too_large(log, config)))


def left_out(header: LogHeader, chosen: Sequence[Estimator]) -> tuple[Notice, ...]:
    """Return a notice for each source that a log affords but that was not chosen, not even for comparison."""
    return tuple(
        Notice(
            code="not-computed",
            message=f"{each.source.value} is not compared: with so many agents it would take too much memory.",
            where="routing.sources_compared",
        )
        for each in _afforded(header)
        if each not in chosen
    )


def _afforded(header: LogHeader) -> tuple[Estimator, ...]:
    return tuple(estimator for estimator in ESTIMATORS if estimator.lacking(header) is None)


def _has_heads(header: LogHeader) -> bool:
    return any(spec.name in {ATTENTION, GATES} and spec.shape for spec in header.fields)


def _refusal(header: LogHeader, source: RoutingSource, afforded: tuple[Estimator, ...]) -> str:
    why = next(estimator.lacking(header) for estimator in ESTIMATORS if estimator.source == source)
    held = ", ".join(estimator.source.value for estimator in afforded)
    return f"routing source {source.value} cannot be used: {why}; available for this log: {held or 'none'}"
