"""Agents that behave more like another declared role than like their fellows of the same one."""

import numpy as np

from convscope.roles.units import Units
from convscope.values.header import Notice
from convscope.values.roles import AgentClasses

MUCH_NEARER = 0.5
"""Another role counts when its agents are less than half as far away as those of the agent's own role."""


def likeness_notices(units: Units, classes: tuple[AgentClasses, ...], *, alpha: float) -> tuple[Notice, ...]:
    """Say which agents are told apart from their fellows in declared role, and are much nearer to another role.

    Of two fellows this may hold for the one that left the role as well as for the one that stayed: distances alone do
    not say who moved.

    Parameters
    ----------
    units
        Units of the analysed agents, with their declared roles.
    classes
        Distances between agents, by run; their members are agents with one declared role each.
    alpha
        Level at which agents are told apart.
    """
    declared = dict(units.frame.select("agent", "declared_role").iter_rows())
    notices: list[Notice] = []
    for found in classes:
        roles = [declared.get(member) for member in found.members]
        for agent, role in enumerate(roles):
            like = _much_nearer_role(found, roles, agent, alpha=alpha)
            if role is not None and like is not None:
                notices.append(_notice(found, agent, role=role, like=like, n_fellows=roles.count(role) - 1))
    return tuple(notices)


def _much_nearer_role(found: AgentClasses, roles: list[str | None], agent: int, *, alpha: float) -> str | None:
    fellows = [m for m, role in enumerate(roles) if role == roles[agent] and m != agent]
    others = sorted({role for role in roles if role is not None and role != roles[agent]})
    if not fellows or not others or float(found.p_value[agent, fellows].max()) > alpha:
        return None
    distance_of = {role: _mean_distance(found, agent, [m for m, r in enumerate(roles) if r == role]) for role in others}
    nearest = min(others, key=lambda role: distance_of[role])
    is_nearer = distance_of[nearest] < MUCH_NEARER * _mean_distance(found, agent, fellows)
    return nearest if is_nearer else None


def _mean_distance(found: AgentClasses, agent: int, members: list[int]) -> float:
    return float(np.mean(found.distance[agent, members]))


def _notice(found: AgentClasses, agent: int, *, role: str, like: str, n_fellows: int) -> Notice:
    fellows = (
        "its fellows" if n_fellows > 1 else "its only fellow; which of the two left the role, distances do not say"
    )
    message = f"{found.members[agent]}, declared {role}, behaves much more like {like} agents than like {fellows}"
    return Notice(code="behaves-like", message=f"{message} (run {found.run})", where="roles.classes")
