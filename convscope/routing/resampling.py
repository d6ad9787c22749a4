"""Role preference of whole episodes drawn with replacement."""

import numpy as np

from convscope.routing.choice_model import Choices, collapse, fit
from convscope.routing.preference import by_role
from convscope.values.arrays import FloatArray
from convscope.values.routing import RoutingTallies


def resampled(tallies: RoutingTallies, n_roles: int, *, n_draws: int, rng: np.random.Generator) -> FloatArray:
    """Fit the preference of a run to whole episodes drawn with replacement.

    Parameters
    ----------
    tallies
        Of one run.
    n_roles
        Number of roles, R.
    n_draws
        Number of draws, B.
    rng
        Draws the episodes.

    Returns
    -------
    FloatArray
        Shape (B, R, R).
    """
    units, unit = np.unique(tallies.unit, return_inverse=True)
    receiving, counts, role_mass = by_role(tallies, n_roles)
    each = collapse(receiving, counts, role_mass, fit_of_row=unit, n_fits=len(units))
    times = rng.multinomial(len(units), np.full(len(units), 1 / len(units)), size=n_draws).astype(np.float64)
    return fit(
        Choices(
            mass=np.tensordot(times, each.mass, axes=1),
            weight=np.tensordot(times, each.weight, axes=1),
            compositions=each.compositions,
        )
    ).preference
