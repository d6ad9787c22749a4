"""The gap of a study whose routing is simulated."""

from collections.abc import Sequence

import numpy as np

from convscope.compare.gap import translation_gap
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import SimulatedRun
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Gap
from convscope.values.prior import OrderStatement, RolePrior


def routing_gap(
    runs: Sequence[SimulatedRun],
    declared: Sequence[Sequence[float]] | None,
    *,
    rng: np.random.Generator,
    roles: tuple[str, ...] = ("scout", "carrier", "guard"),
    orders: tuple[OrderStatement, ...] = (),
    config: AnalysisConfig | None = None,
) -> Gap:
    """Measure the gap of simulated runs; roles are not looked for in behaviour.

    Parameters
    ----------
    runs
        At least one.
    declared
        Q, row = receiving role; rows sum to 1, NaN = not declared. None declares no shares.
    rng
        Draws the halves of the episodes.
    roles
        Names of the roles.
    orders
        Declared statements of order.
    config
        The default one when left out.
    """
    units = unit_frame([], n_episodes=0)
    return translation_gap(
        RolePrior(roles=roles, role_of={}, preference=None if declared is None else np.array(declared), orders=orders),
        role_assignment(units, []),
        graph_of(runs, roles, rng=rng),
        features=feature_table(units, "nothing", []),
        config=config or AnalysisConfig(),
    )
