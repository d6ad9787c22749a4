"""The priors of scenarios, and the figures of a preference that is held against one."""

from collections.abc import Sequence

import numpy as np

from convscope.compare.projection import foreign_share, strength
from convscope.compare.scores import gap_of
from convscope.ingest.toml_text import key_text, list_text
from convscope.routing.divergence import conditioned, even, mean_divergence
from convscope.simulate.scenarios.scenario import ROLES, Truth
from convscope.values.arrays import FloatArray

Matrix = Sequence[Sequence[float]]


def priors_text(
    preference: Matrix | None = None, *, roles: Sequence[str] = ROLES, patterns: Sequence[str] | None = None
) -> str:
    """Return the text of a priors file.

    Parameters
    ----------
    preference
        Declared shares, row = receiving role; none when left out.
    roles
        Names.
    patterns
        Of each role's agents, ``scout_*`` for the role ``scout`` when left out; an empty one leaves all roles to the
        labels of the log.
    """
    told = [f"{role}_*" for role in roles] if patterns is None else patterns
    lines = ["[roles]", *(f"{key_text(role)} = {list_text([each])}" for role, each in zip(roles, told, strict=False))]
    lines = lines if told else []
    for receiver, row in zip(roles, preference or (), strict=False):
        lines += ["", f"[routing.{key_text(receiver)}]"]
        lines += [f"{key_text(sender)} = {share!r}" for sender, share in zip(roles, row, strict=True)]
    return "\n".join(lines).lstrip("\n") + "\n"


def figures_of(shown: Matrix, declared: Matrix, members: Sequence[int]) -> dict[str, Truth]:
    """Return what an analysis without noise must find: preference, T, T_U, g, lambda, foreign share.

    Parameters
    ----------
    shown, declared
        Preference of the team and of the prior, row = receiving role.
    members
        Agents of each role: one of a kind cannot attend to its own kind.
    """
    learned, target = (seen(np.array(matrix, dtype=np.float64), members) for matrix in (shown, declared))
    anchor = float(mean_divergence(even(np.isfinite(target)), target))
    distance = mean_divergence(learned, target)
    foreign = float(foreign_share(learned, target, floor=np.zeros(())))
    return {
        "preference": matrix_of(learned),
        "T": float(distance),
        "T_U": anchor,
        "alignment": float(gap_of(distance, np.zeros(()), anchor)),
        "lambda": float(strength(learned, target)),
        "foreign": foreign if np.isfinite(foreign) else None,
    }


def seen(preference: FloatArray, members: Sequence[int]) -> FloatArray:
    """Return what a team of such roles can show of a preference, shape (..., R, R); NaN = blank."""
    return conditioned(preference, ~np.diag(np.asarray(members) < 2))


def matrix_of(preference: FloatArray) -> Truth:
    """Return a matrix as JSON, None where it is blank."""
    return [[float(cell) if np.isfinite(cell) else None for cell in row] for row in preference.tolist()]
