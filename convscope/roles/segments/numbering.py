"""Numbers of the roles of segments: those of the units' roles as far as they reach, and further ones."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from convscope.values.arrays import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of conduct in one group of agents of a run."""

    place: tuple[str, str]
    """Run and group."""
    number: int
    """From 0 in the group."""
    size: int
    """Sequences that are of this kind as a whole."""
    unit_role: int
    """The role that most of their units have, -1 for none."""
    agents: tuple[str, ...]
    """Names of the agents that this kind began with."""


def kinds_in(
    place: tuple[str, str], constant: IntArray, unit_role: IntArray, *, agents: list[tuple[str, ...]]
) -> list[Kind]:
    """Describe the kinds of a group.

    Parameters
    ----------
    place
        Run and group.
    constant
        Kind of each sequence as a whole, shape (S,).
    unit_role
        Role of each sequence's unit, -1 for none, shape (S,).
    agents
        Names of the agents that each kind began with.
    """
    found: list[Kind] = []
    for number, names in enumerate(agents):
        roles = Counter(unit_role[(constant == number) & (unit_role >= 0)].tolist())
        common = min(roles, key=lambda role: (-roles[role], role)) if roles else -1
        size = int((constant == number).sum())
        found.append(Kind(place=place, number=number, size=size, unit_role=common, agents=names))
    return found


def number_kinds(
    kinds: list[Kind], k: int
) -> tuple[dict[tuple[tuple[str, str], int], int], tuple[tuple[int, str], ...]]:
    """Give each kind the number of a role, and say what the numbers stand for.

    The largest kind of a group among those whose units mostly have the same role takes that role's number; each
    further one a number from k on, the same in all runs and groups for the second of a role, the third, and so on.

    Parameters
    ----------
    kinds
        Of all groups and runs.
    k
        Roles among units.

    Returns
    -------
    dict
        Role of each kind, by place and number.
    tuple
        Each number, ascending, and in words what it is.
    """
    rank: dict[tuple[tuple[str, str], int], tuple[int, int]] = {}
    ordered = sorted(kinds, key=lambda kind: (kind.place, kind.unit_role, -kind.size, kind.agents))
    seen: Counter[tuple[tuple[str, str], int]] = Counter()
    for kind in ordered:
        rank[kind.place, kind.number] = kind.unit_role, seen[kind.place, kind.unit_role]
        seen[kind.place, kind.unit_role] += 1
    further = sorted({each for each in rank.values() if each[1] > 0 or each[0] < 0})
    role_of = {key: further.index(each) + k if each in further else each[0] for key, each in rank.items()}
    words: dict[int, str] = {}
    for kind in ordered:
        own = f"as {', '.join(kind.agents[:3])}{' and others' if len(kind.agents) > 3 else ''} mostly act"
        part = f"{own}, part of role {kind.unit_role} of whole episodes" if kind.unit_role >= 0 else own
        words.setdefault(role_of[kind.place, kind.number], part)
    return role_of, tuple(sorted(words.items()))


def roles_of_states(
    state: IntArray, place: tuple[str, str], role_of: dict[tuple[tuple[str, str], int], int]
) -> IntArray:
    """Return the roles of kinds (any shape) in a place."""
    n = 1 + max(number for where, number in role_of if where == place)
    return np.array([role_of[place, number] for number in range(n)])[state]
