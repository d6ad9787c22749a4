"""What the smaller commands print: plain lines, with every text from a file made harmless."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from math import prod

from convscope.errors import AmbiguousLogError, ConvscopeError, PolicyError
from convscope.ingest.choice import InstalledLoader, LoaderMatch
from convscope.ingest.inspect import Inspection, SeenArray
from convscope.ingest.layout_proposal import LayoutProposal
from convscope.ingest.layout_proposal.tables import ProposedTable
from convscope.ingest.layout_proposal.text import spans
from convscope.ingest.problems import Problem
from convscope.ingest.validate import Validation
from convscope.values.episodes import EpisodeTable
from convscope.values.figures import count
from convscope.values.header import Agent
from convscope.values.inert import inert, visible
from convscope.values.log import TrajectoryLog
from convscope.values.status import EndKind

_MAX_ARRAYS = 40
_MAX_NAMES = 12
_ENDS = {
    EndKind.UNKNOWN: "not told",
    EndKind.TERMINATED: "terminated",
    EndKind.TRUNCATED: "at a time limit",
    EndKind.CUT: "recording cut off",
    EndKind.AMBIGUOUS: "marked as both",
}
_NUMBER = re.compile(r"\d+")


def inspection_lines(inspection: Inspection) -> tuple[str, ...]:
    """Return what is in a file, which loader fits, and how it is read, a fact a line."""
    return (
        (
            f"{inert(inspection.probe.name)}: {inspection.probe.kind}, {count(inspection.probe.n_bytes, 'byte')}, "
            f"SHA-256 {inspection.probe.sha256[:12]}"
        ),
        *array_lines(inspection.arrays),
        *match_lines(inspection.matches),
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


def match_lines(matches: Sequence[LoaderMatch]) -> Iterator[str]:
    """Return the loaders that fit, the best first, and the names of the others; all with reasons where none fits."""
    fitting = [found for found in matches if found.match.score > 0]
    others = ", ".join(found.loader.name for found in matches if found.match.score <= 0)
    yield "Loaders:" if fitting else "Loaders: none fits"
    yield from (f"  {m.loader.name:10} {m.match.score:.2f}  {inert(m.match.reason)}" for m in fitting or matches)
    if fitting and others:
        yield f"  others do not fit: {others}"


def layout_lines(proposal: LayoutProposal) -> tuple[str, ...]:
    """Return how much of the observations was recognised, the observations of one kind of agents a line."""
    if proposal.untested:
        return (f"Observation layout: not looked for: {proposal.untested}",)
    rows = f"{count(proposal.n_rows, 'row')} of {count(proposal.n_episodes, 'episode')}"
    return (
        f"Observation layout, as far as {rows} tell (--write-layout L.toml writes it, to check and to edit):",
        *(f"  {inert(table.name)}: {_described(table)}" for table in proposal.tables),
    )


def _described(table: ProposedTable) -> str:
    slots = [f"{', '.join(spans(slot.columns))} describe {inert(slot.label)}" for slot in table.slots]
    shown = [*slots[:_MAX_NAMES], *([f"... ({len(slots)} in all)"] if len(slots) > _MAX_NAMES else [])]
    return "columns " + "; ".join(shown) if shown else "no column is known to describe another agent"


def error_lines(error: ConvscopeError) -> tuple[str, ...]:
    """Return the lines of an error, without the mapping that it may end with."""
    mapping = mapping_of(error)
    message = str(error).removesuffix(mapping).rstrip("\n")
    return tuple(visible(line) for line in message.split("\n"))


def mapping_of(error: ConvscopeError) -> str:
    """Return what an error proposes to write into a file; empty where it proposes nothing."""
    return (error.mapping or "") if isinstance(error, AmbiguousLogError | PolicyError) else ""


def mapping_lines(mapping: str) -> tuple[str, ...]:
    """Return the lines of a mapping file, to be copied as they are."""
    return tuple(visible(line) for line in mapping.rstrip("\n").split("\n")) if mapping else ()


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
        first, *others = error_lines(inspection.problem)
        yield f"Cannot be read as it is: {first}"
        yield from others
        yield from mapping_lines(mapping_of(inspection.problem))
        if inspection.mapping is not None:
            yield "(convscope inspect LOG --write-mapping MAP.toml writes a mapping to edit)"
    if inspection.log is not None:
        yield f"Read by {inspection.loader}:"
        yield from (f"  {line}" for line in _log_lines(inspection.log))


def _log_lines(log: TrajectoryLog) -> Iterator[str]:
    episodes, header = log.episodes, log.header
    yield f"{count(episodes.n_episodes, 'episode')}, {count(episodes.n_timesteps, 'timestep')}, {_lengths(episodes)}"
    for title, names in (
        ("runs", episodes.runs),
        ("checkpoints", episodes.checkpoints),
        ("conditions", episodes.conditions),
        ("declared roles", header.roles),
    ):
        if names:
            yield f"{title}: {inert(', '.join(names), limit=400)}"
    yield from _agent_lines(header.agents)
    for field in header.fields:
        shape = "one number" if prod(field.shape) == 1 else "x".join(map(str, field.shape))
        yield f"field {inert(field.name)}: per {field.level.value}, {shape}, from {inert(field.path)}"
    for file in header.inputs:
        yield from (f"assumed: {visible(sentence)}" for sentence in file.assumptions)
    yield from (f"note: {visible(notice.message)}" for notice in header.notices)


def _lengths(episodes: EpisodeTable) -> str:
    """Return how long episodes are, and how they end."""
    shortest, longest = int(episodes.length.min()), int(episodes.length.max())
    range_of = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    ends = Counter(EndKind(end) for end in episodes.end.tolist())
    told = ", ".join(f"{_ENDS[kind]} ({ends[kind]})" for kind in EndKind if ends[kind])
    return f"each of {range_of}; ends: {told}"


def _agent_lines(agents: Sequence[Agent]) -> Iterator[str]:
    """Return the agents, those of whom the same is said in one line."""
    together: dict[str, list[str]] = {}
    for agent in agents:
        space = agent.action_space
        choices = "x".join(map(str, space.n)) or f"{space.width} numbers"
        told = "".join(f", {word} {inert(name)}" for word, name in _said_of(agent.team, agent.declared_role))
        together.setdefault(f"{space.kind.value} actions ({choices}){told}", []).append(inert(agent.name))
    for said, names in together.items():
        listed = ", ".join(names[:_MAX_NAMES]) + (f", ... ({len(names)})" if len(names) > _MAX_NAMES else "")
        yield f"agent{'s' * (len(names) > 1)} {listed}: {said}"


def _said_of(team: str | None, role: str | None) -> Iterator[tuple[str, str]]:
    if team is not None:
        yield "team", team
    if role is not None:
        yield "declared", role
