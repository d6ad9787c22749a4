"""What a comparison needs of one ``analysis.json``."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np

from convscope.errors import AnalysisError
from convscope.ingest.bounded import bounded_bytes
from convscope.report.document.whole import SCHEMA_VERSION

_MAX_BYTES = 256 << 20
_MOST_ROLES = 1_000
_LONGEST_FORM = 20
"""Letters of a form that is not ours."""

RunValues = Mapping[str, float]
"""A figure of each run, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """One analysis."""

    name: str
    n_runs: int
    roles: tuple[str, ...]
    """Declared ones, between which there is a preference; empty without one."""
    cells: Mapping[tuple[str, str], RunValues]
    """Share that the first role draws on the second, where every run can show it."""
    components: Mapping[str, RunValues]
    """Parts of the gap that have a value of their own in each run."""
    why: Mapping[str, str]
    """Why a component is not scored."""
    has_gap: bool
    """Whether a prior was declared."""
    profiles: Mapping[str, Mapping[str, float]]
    """Effects of each found role by feature."""
    figures: Mapping[str, float | str | None]
    """Verdict, numbers of roles, values of components: shown side by side where they are not tested."""
    settings: Mapping[str, str]
    """What two analyses should share if their figures are to mean the same."""


def read_analysis(path: Path) -> Analysed:
    """Read the ``analysis.json`` of a report folder.

    Raises
    ------
    UsageError
        If there is no such file.
    AnalysisError
        If it is no analysis of convscope, or one of another form.
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
        If they are something else, or of another form than this version writes.
    """
    try:
        document = json.loads(content)
        version = str(document["schema_version"])
        if version == SCHEMA_VERSION:
            return _analysed(document, name)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise AnalysisError(f"{name} holds no analysis.json that convscope can read; analyse its logs again") from error
    raise AnalysisError(
        f"{name} is an analysis of form {version[:_LONGEST_FORM]!r}, and this convscope reads {SCHEMA_VERSION!r}: "
        "analyse its logs again with this version"
    )


def _analysed(document: dict, name: str) -> Analysed:  # type: ignore[type-arg]
    routing, gap, roles = document["routing"], document["gap"], document["roles"]
    preference = routing["preference"] if routing else None
    parts = dict(gap["components"]) if gap else {}
    if gap and gap["composite"]:
        parts["composite"] = gap["composite"]
    return Analysed(
        name=name,
        n_runs=int(document["log"]["n_runs"]),
        roles=tuple(map(str, preference["roles"])) if preference else (),
        cells=dict(_cells(preference)) if preference else {},
        components={str(key): _by_run(part["runs"]) for key, part in parts.items() if part["runs"]}
        | {str(what): _by_run(runs) for part in parts.values() for what, runs in part.get("parts_by_run", {}).items()},
        why={str(key): str(part["why"]) for key, part in parts.items() if part["value"] is None},
        has_gap=bool(gap),
        profiles={
            str(profile["label"]): {str(each["name"]): _effect(each["effect"]) for each in profile["features"]}
            for profile in roles["profiles"]
        },
        figures={
            "verdict": str(gap["verdict"]) if gap else None,
            "roles among episodes": _count(roles["k"]),
            "roles among agents": _count(roles["k_agents"]),
            **{str(key): _number(part["value"]) for key, part in parts.items()},
        },
        settings=dict(_settings(document)),
    )


def _cells(preference: dict) -> Iterator[tuple[tuple[str, str], RunValues]]:  # type: ignore[type-arg]
    """Return the shares between roles that every run can show."""
    roles, runs = [str(role) for role in preference["roles"]], preference["runs"]
    if len(roles) > _MOST_ROLES:
        raise ValueError(len(roles))
    names = [str(run["run"]) for run in runs]
    shares = np.array([run["matrix"] for run in runs], dtype=np.float64).reshape(len(runs), len(roles), len(roles))
    for i, receiver in enumerate(roles):
        for j, sender in enumerate(roles):
            if runs and np.isfinite(shares[:, i, j]).all():
                yield (receiver, sender), dict(zip(names, shares[:, i, j].tolist(), strict=True))


def _by_run(runs: dict) -> RunValues:  # type: ignore[type-arg]
    values = {str(run): _number(value) for run, value in runs.items()}
    return {run: value for run, value in values.items() if value is not None}


def _settings(document: dict) -> Iterator[tuple[str, str]]:  # type: ignore[type-arg]
    routing, gap, provenance = document["routing"], document["gap"], document["provenance"]
    yield "convscope", str(provenance["convscope_version"])
    if routing:
        yield "source of routing", str(routing["source"])
    if gap and gap["declared"] is not None:
        yield "declared routing", json.dumps([gap["roles"], gap["declared"]])
    for option, value in provenance["options"].items():
        yield f"option {option}", json.dumps(value)


def _count(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _effect(value: object) -> float:
    number = _number(value)
    if number is None:
        raise ValueError(value)
    return number


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value) if isfinite(value) else None
