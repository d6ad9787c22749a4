"""What an estimator of routing is: one file, one constant, one line in `ESTIMATORS`."""

from collections.abc import Sequence
from typing import Any, Protocol

from convscope.engine.fold import Fold
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.header import LogHeader
from convscope.values.log import TrajectoryLog


class Estimator(Protocol):
    """Takes routing from one source. Stateless."""

    @property
    def source(self) -> RoutingSource:
        """The source, as the command line names it."""
        ...

    @property
    def claim(self) -> str:
        """The verb that this kind of evidence allows."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the edge weights."""
        ...

    def lacking(self, header: LogHeader) -> str | None:
        """Return why a log does not afford this source, in a clause for people, or None if it does."""
        ...

    def too_large(self, log: TrajectoryLog, config: AnalysisConfig) -> bool:
        """Return whether a log is so large that this source is not worth its memory as a comparison."""
        ...

    def fold(self, log: TrajectoryLog, config: AnalysisConfig) -> Fold:
        """Return what it reads in the pass that all stages share."""
        ...

    # A fold's result is the fold's own affair; the engine only carries it.
    def estimate(
        self,
        log: TrajectoryLog,
        result: Any,  # noqa: ANN401
        *,
        config: AnalysisConfig,
        agents: Sequence[str],
        run: Run,
    ) -> RoutingEstimate:
        """Return routing between the analysed agents.

        Parameters
        ----------
        log
            The log that was folded.
        result
            Of this estimator's fold.
        config
            Every choice that changes a result.
        agents
            Names of the analysed agents; the others are context.
        run
            Reads the log again for further folds.
        """
        ...
