"""What the smaller commands print: plain lines, with every text from a file made harmless."""

from collections.abc import Iterator, Sequence

from convscope.ingest.choice import InstalledLoader
from convscope.ingest.inspect import Inspection
from convscope.ingest.problems import Problem
from convscope.ingest.validate import Validation
from convscope.values.figures import count
from convscope.values.inert import inert, visible
from convscope.values.log import TrajectoryLog

_MAX_ARRAYS = 40


def inspection_lines(inspection: Inspection) -> tuple[str, ...]:
    """Return what is in a file, which loader fits, and how it is read, a fact a line."""
    return (
        (
            f"{inert(inspection.probe.name)}: {inspection.probe.kind}, {count(inspection.probe.n_bytes, 'byte')}, "
            f"SHA-256 {inspection.probe.sha256[:12]}"
        ),
        *_arrays(inspection),
        "Loaders:",
        *(f"  {m.loader.name:10} {m.match.score:.2f}  {inert(m.match.reason)}" for m in inspection.matches),
        *(f"Note: {visible(notice.message)}" for notice in inspection.notices),
        *_reading(inspection),
    )


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


def _arrays(inspection: Inspection) -> Iterator[str]:
    shown = inspection.arrays[:_MAX_ARRAYS]
    yield f"Arrays: {len(inspection.arrays)}"
    for array in shown:
        yield f"  {inert(array.path)}  {'x'.join(map(str, array.shape)) or 'scalar'}  {array.dtype}"
    if len(inspection.arrays) > len(shown):
        yield f"  ... and {len(inspection.arrays) - len(shown)} more"


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
