"""The priors of scenarios, and the figures of a preference that is held against one."""

from collections.abc import Sequence

import numpy as np

from convscope.compare.projection import foreign_share, strength
from convscope.compare.scores import gap_of
from convscope.ingest.toml_text import key_text, list_text
from convscope.routing.divergence import conditioned, even, mean_divergence
from convscope.routing.preference import role_preference
from convscope.simulate.scenarios.scenario import ROLES, Truth
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import SimulatedRun
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


def figures_of(
    shown: Matrix, declared: Matrix, members: Sequence[int], *, runs: Sequence[SimulatedRun] = ()
) -> dict[str, Truth]:
    """Return what the data hold: preference, T, T_U, g, lambda, foreign share.

    Parameters
    ----------
    shown, declared
        Preference of the team and of the prior, row = receiving role.
    members
        Agents of each role: one of a kind cannot attend to its own kind.
    runs
        What was drawn, where there is noise in it: the figures are means over runs of what each shows, and
        ``planted_preference`` is what it was drawn around. Without runs nothing was drawn, and the figures are exact.
    """
    planted, target = (seen(np.array(matrix, dtype=np.float64), members) for matrix in (shown, declared))
    learned = seen(preferences_of(runs), members) if runs else planted[None]
    anchor = float(mean_divergence(even(np.isfinite(target)), target))
    distance = mean_divergence(learned, target)
    foreign = foreign_share(learned, target, floor=np.zeros(len(learned)))
    foreign = foreign[np.isfinite(foreign)]
    return {
        "preference": matrix_of(learned.mean(axis=0)),
        "T": float(distance.mean()),
        "T_U": anchor,
        "alignment": float(gap_of(distance, np.zeros(len(learned)), anchor).mean()),
        "lambda": float(strength(learned, target).mean()),
        "foreign": float(foreign.mean()) if len(foreign) else None,
        **({"planted_preference": matrix_of(planted)} if runs else {}),
    }


def preferences_of(runs: Sequence[SimulatedRun]) -> FloatArray:
    """Return the preference that each run shows, shape (S, R, R); NaN = blank."""
    # One at a time: runs may have teams of several sizes.
    return np.concatenate([role_preference(tallies_of([run]), ROLES).per_run for run in runs])


def seen(preference: FloatArray, members: Sequence[int]) -> FloatArray:
    """Return what a team of such roles can show of a preference, shape (..., R, R); NaN = blank."""
    return conditioned(preference, ~np.diag(np.asarray(members) < 2))


def matrix_of(preference: FloatArray) -> Truth:
    """Return a matrix as JSON, None where it is blank."""
    return [[float(cell) if np.isfinite(cell) else None for cell in row] for row in preference.tolist()]
