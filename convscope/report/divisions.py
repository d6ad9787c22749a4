"""Which agents can be told apart: runs that agree are one row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.values.figures import count
from convscope.values.roles import AgentClasses

_MAX_NAMES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """One way to divide the members into kinds, and the runs in which it was found."""

    runs: str
    """How many, and their names."""
    groups: tuple[str, ...]
    """Names of the members of each kind."""
    least_p: float | None
    """Smallest family-wise p of a pair, over all pairs and runs; None without pairs."""
    attainable_p: float
    """Smallest p that the tests could have given; the largest of the runs."""


def divisions(classes: Sequence[AgentClasses]) -> tuple[Division, ...]:
    """Return the divisions of all runs, the most frequent first."""
    found: dict[tuple[str, ...], list[AgentClasses]] = {}
    for one in classes:
        found.setdefault(_groups(one), []).append(one)
    ranked = sorted(found.items(), key=lambda item: -len(item[1]))
    return tuple(_division(groups, alike) for groups, alike in ranked)


def _groups(classes: AgentClasses) -> tuple[str, ...]:
    members: dict[int, list[str]] = {}
    for member, number in zip(classes.members, classes.class_of, strict=True):
        members.setdefault(number, []).append(member)
    # In the order of the members, since the numbers of the kinds are arbitrary.
    return tuple(", ".join(names) for names in members.values())


def _division(groups: tuple[str, ...], alike: list[AgentClasses]) -> Division:
    pairs = [one.p_value[np.triu_indices(len(one.members), k=1)] for one in alike]
    values = np.concatenate(pairs)
    names = [one.run for one in alike]
    listed = ", ".join(names[:_MAX_NAMES]) + (", ..." if len(names) > _MAX_NAMES else "")
    return Division(
        runs=listed if len(names) == 1 else f"{count(len(names), 'run')}: {listed}",
        groups=groups,
        least_p=float(values.min()) if values.size else None,
        attainable_p=max(one.attainable_p for one in alike),
    )
