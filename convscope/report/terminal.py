"""What the smaller commands print: plain lines, with every text from a file made harmless."""

import re
from collections.abc import Iterator, Sequence

from convscope.ingest.choice import InstalledLoader
from convscope.ingest.inspect import Inspection, SeenArray
from convscope.ingest.problems import Problem
from convscope.ingest.validate import Validation
from convscope.values.figures import count
from convscope.values.inert import inert, visible
from convscope.values.log import TrajectoryLog

_MAX_ARRAYS = 40
_NUMBER = re.compile(r"\d+")


def inspection_lines(inspection: Inspection) -> tuple[str, ...]:
    """Return what is in a file, which loader fits, and how it is read, a fact a line."""
    return (
        (
            f"{inert(inspection.probe.name)}: {inspection.probe.kind}, {count(inspection.probe.n_bytes, 'byte')}, "
            f"SHA-256 {inspection.probe.sha256[:12]}"
        ),
        *array_lines(inspection.arrays),
        "Loaders:",
        *(f"  {m.loader.name:10} {m.match.score:.2f}  {inert(m.match.reason)}" for m in inspection.matches),
        *(f"Note: {visible(notice.message)}" for notice in inspection.notices),
        *_reading(inspection),
    )


def array_lines(arrays: Sequence[SeenArray]) -> Iterator[str]:
    """Return the arrays of a file; those whose paths differ only in numbers, such as an episode's, in one line."""
    folded: dict[tuple[str, int, str], list[SeenArray]] = {}
    for array in arrays:
        folded.setdefault((_NUMBER.sub("*", array.path), len(array.shape), array.dtype), []).append(array)
    shown = list(folded.items())[:_MAX_ARRAYS]
    yield f"Arrays: {len(arrays)}"
    for (pattern, _, dtype), alike in shown:
        shape = "x".join(map(str, alike[0].shape)) or "scalar"
        is_one = len(alike) == 1
        number = "" if is_one else f"{len(alike)} arrays such as "
        yield f"  {inert(alike[0].path if is_one else pattern)}  {number}{shape}  {dtype}"
    n_left = len(arrays) - sum(len(alike) for _, alike in shown)
    if n_left:
        yield f"  ... and {n_left} more"


def loader_lines(loaders: Sequence[InstalledLoader]) -> tuple[str, ...]:
    """Return each loader, what it reads, where it comes from and what it needs."""
    return tuple(
        f"{found.loader.name:10} {found.loader.description}  [{found.distribution}]"
        + (f"  needs {', '.join(found.loader.requires)}" if found.loader.requires else "")
        for found in loaders
    )


def problem_lines(problems: Sequence[Problem]) -> tuple[str, ...]:
    """Return each problem of a log: how bad, where, what, and what would be right."""
    return tuple(
        f"{problem.severity.value} {problem.rule} at {inert(problem.where)}: {visible(problem.message)}. "
        f"Mend: {visible(problem.fix)}"
        for problem in problems
    )


def validation_lines(validation: Validation) -> tuple[str, ...]:
    """Return a file's problems, each under the name of the file, and whether it is valid."""
    name = inert(validation.name)
    verdict = (f"{name}: valid",) if validation.is_valid else ()
    return (*(f"{name}: {line}" for line in problem_lines(validation.problems)), *verdict)


def _reading(inspection: Inspection) -> Iterator[str]:
    if inspection.problem is not None:
        yield f"Cannot be read as it is: {visible(str(inspection.problem))}"
    if inspection.log is not None:
        yield f"Read by {inspection.loader}:"
        yield from (f"  {line}" for line in _log_lines(inspection.log))


def _log_lines(log: TrajectoryLog) -> Iterator[str]:
    episodes, header = log.episodes, log.header
    yield f"{count(episodes.n_episodes, 'episode')}, {count(episodes.n_timesteps, 'timestep')}"
    for title, names in (
        ("runs", episodes.runs),
        ("checkpoints", episodes.checkpoints),
        ("conditions", episodes.conditions),
        ("declared roles", header.roles),
    ):
        if names:
            yield f"{title}: {inert(', '.join(names), limit=400)}"
    for agent in header.agents[:_MAX_ARRAYS]:
        space = agent.action_space
        choices = "x".join(map(str, space.n)) or f"{space.width} numbers"
        told = "".join(f", {word} {inert(name)}" for word, name in _said_of(agent.team, agent.declared_role))
        yield f"agent {inert(agent.name)}: {space.kind.value} actions ({choices}){told}"
    for field in header.fields:
        shape = "x".join(map(str, field.shape)) or "one number"
        yield f"field {inert(field.name)}: per {field.level.value}, {shape}, from {inert(field.path)}"
    for file in header.inputs:
        yield from (f"assumed: {visible(sentence)}" for sentence in file.assumptions)
    yield from (f"note: {visible(notice.message)}" for notice in header.notices)


def _said_of(team: str | None, role: str | None) -> Iterator[tuple[str, str]]:
    if team is not None:
        yield "team", team
    if role is not None:
        yield "declared", role
