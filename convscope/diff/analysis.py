"""What a comparison needs of one ``analysis.json``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.errors import AnalysisError
from convscope.ingest.bounded import bounded_bytes
from convscope.values.arrays import FloatArray, sealed

_MAX_BYTES = 256 << 20
_MOST_ROLES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysed:
    """One analysis. S runs, R declared roles."""

    name: str
    runs: tuple[str, ...]
    roles: tuple[str, ...]
    preference: FloatArray
    """P of each run, shape (S, R, R), NaN = blank."""
    declared: FloatArray | None
    """Q over the same roles; None without a declared matrix."""
    profiles: Mapping[str, Mapping[str, float]]
    """Effects of each found role by feature."""
    figures: Mapping[str, float | str | None]
    """Verdict, numbers of roles, values of components: shown side by side, not tested."""

    def __post_init__(self) -> None:
        n_roles = len(self.roles)
        shape = (len(self.runs), n_roles, n_roles)
        object.__setattr__(self, "preference", sealed(self.preference, shape, "preference"))
        if self.declared is not None:
            object.__setattr__(self, "declared", sealed(self.declared, (n_roles, n_roles), "declared"))


def read_analysis(path: Path) -> Analysed:
    """Read the ``analysis.json`` of a report folder.

    Raises
    ------
    UsageError
        If there is no such file.
    AnalysisError
        If it is no analysis of convscope.
    """
    file = path / "analysis.json" if path.is_dir() else path
    content = bounded_bytes(file, "analysis", hint="a report folder of convscope analyze", most=_MAX_BYTES)
    if content is None:
        raise AnalysisError(f"{file} is larger than {_MAX_BYTES >> 20} MiB; it is no analysis.json of convscope")
    return analysis_of(content, str(path))


def analysis_of(content: bytes, name: str) -> Analysed:
    """Return what a comparison needs of the bytes of an ``analysis.json``.

    Raises
    ------
    AnalysisError
        If they are something else.
    """
    try:
        return _analysed(json.loads(content), name)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise AnalysisError(f"{name} holds no analysis.json that convscope can read; analyse its logs again") from error


def _analysed(document: dict, name: str) -> Analysed:  # type: ignore[type-arg]
    routing, gap, roles = document["routing"], document["gap"], document["roles"]
    preference = routing["preference"] if routing else None
    names = tuple(map(str, preference["roles"])) if preference else ()
    runs = preference["runs"] if preference else []
    if len(names) > _MOST_ROLES:
        raise ValueError(len(names))
    shape = (len(runs), len(names), len(names))
    declared = None
    if gap and gap["declared"] is not None and tuple(gap["roles"]) == names:
        declared = np.array(gap["declared"], dtype=np.float64)
    return Analysed(
        name=name,
        runs=tuple(str(run["run"]) for run in runs),
        roles=names,
        preference=np.array([run["matrix"] for run in runs], dtype=np.float64).reshape(shape),
        declared=declared,
        profiles={
            str(profile["label"]): {str(each["name"]): float(each["effect"]) for each in profile["features"]}
            for profile in roles["profiles"]
        },
        figures={
            "verdict": str(gap["verdict"]) if gap else None,
            "roles among episodes": _number(roles["k"]),
            "roles among agents": _number(roles["k_agents"]),
            **{str(key): _number(value["value"]) for key, value in (gap["components"] if gap else {}).items()},
        },
    )


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)
