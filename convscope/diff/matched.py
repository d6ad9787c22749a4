"""Which found roles of two analyses are alike."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

Profiles = Mapping[str, Mapping[str, float]]
"""Effects of each found role by feature."""
_ALIKE = 0.5
"""Found roles whose profiles have a smaller cosine are not the same role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Found roles of two analyses."""

    pairs: tuple[tuple[str, str], ...]
    """Those that are alike."""
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


def match_profiles(first: Profiles, second: Profiles) -> Matched:
    """Match found roles one to one (Hungarian method), by the cosine of their effects."""
    names, others = list(first), list(second)
    likeness = np.array([[_cosine(first[a], second[b]) for b in others] for a in names]).reshape(
        len(names), len(others)
    )
    rows, columns = linear_sum_assignment(-likeness)
    pairs = tuple((names[i], others[j]) for i, j in zip(rows, columns, strict=True) if likeness[i, j] >= _ALIKE)
    left, right = {a for a, _ in pairs}, {b for _, b in pairs}
    return Matched(
        pairs=pairs,
        only_first=tuple(a for a in names if a not in left),
        only_second=tuple(b for b in others if b not in right),
    )


def _cosine(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    names = list(dict.fromkeys([*first, *second]))
    a, b = (np.array([effects.get(name, 0.0) for name in names]) for effects in (first, second))
    sizes = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    # One role alone has nothing that sets it apart: two of these are alike.
    return float(a @ b) / (sizes[0] * sizes[1]) if min(sizes) > 0 else float(max(sizes) == 0)
