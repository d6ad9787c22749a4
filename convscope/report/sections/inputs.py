"""What was read, and what was taken for granted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from convscope.report.charts.picture import picture_of
from convscope.report.drawn import return_chart
from convscope.report.listing import Listing, listing
from convscope.report.section import Section
from convscope.values.evidence import Evidence, MeanReturn
from convscope.values.fields import FieldSpec
from convscope.values.figures import aligned, count, figure
from convscope.values.header import InputFile

MAX_AGENTS = 24
MAX_ROWS = 24
"""Rows of the longer tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file."""

    name: str
    size: str
    sha256: str
    """First digits."""
    loader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRow:
    """An agent, or some that are alike."""

    name: str
    group: str
    team: str | None
    role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field."""

    name: str
    per: str
    shape: str
    dtype: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRow:
    """The mean return of a run and checkpoint."""

    run: str
    checkpoint: str | None
    mean: str
    n_episodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputsView:
    """What the section shows."""

    files: Listing[FileRow]
    facts: tuple[tuple[str, str], ...]
    assumptions: Listing[tuple[str, str | None]]
    """Each with the place that it concerns."""
    agents: Listing[AgentRow]
    is_grouped: bool
    fields: Listing[FieldRow]
    returns: Listing[ReturnRow]
    curves: Markup | None


def _view(evidence: Evidence) -> InputsView:
    header = evidence.header
    sentences = dict.fromkeys(sentence for file in header.inputs for sentence in file.assumptions)
    assumptions: list[tuple[str, str | None]] = [(sentence, None) for sentence in sentences]
    assumptions += [(notice.message, notice.where) for notice in header.notices]
    is_grouped = len(header.agents) > MAX_AGENTS
    return InputsView(
        files=listing([_file(file) for file in header.files], MAX_ROWS),
        facts=_facts(evidence),
        assumptions=listing(assumptions, MAX_ROWS),
        agents=listing(_kinds(evidence) if is_grouped else _agents(evidence), MAX_ROWS),
        is_grouped=is_grouped,
        fields=listing([_field(field) for field in header.fields], MAX_ROWS),
        returns=_returns(evidence.returns),
        curves=_curves(evidence),
    )


def _facts(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    header, episodes = evidence.header, evidence.episodes
    facts = [
        ("framework", header.framework or "not named"),
        ("environment", header.environment or "not named"),
        ("runs", figure(len(episodes.runs))),
        ("checkpoints", figure(len(set(episodes.checkpoints))) if episodes.checkpoints else "not named"),
        ("conditions", figure(len(episodes.conditions)) if episodes.conditions else "not named"),
        ("episodes", figure(episodes.n_episodes)),
        ("timesteps", figure(episodes.n_timesteps)),
        ("agents analysed", f"{figure(len(evidence.analysed))} of {figure(len(header.agents))}"),
        ("checkpoint analysed", evidence.config.checkpoint or "the last of each run"),
    ]
    facts.append(("prior", _prior(evidence)))
    if evidence.mapping_sha256:
        facts.append(("mapping", evidence.mapping_sha256[:12]))
    if header.layout is not None:
        facts.append(("observation layout", header.layout.sha256[:12] if header.layout.sha256 else "not from a file"))
    return tuple(facts)


def _prior(evidence: Evidence) -> str:
    if evidence.prior is None:
        return "none given"
    if evidence.priors_sha256 is None:
        return "not from a file"
    return f"{evidence.prior.file or 'a file'} ({evidence.priors_sha256[:12]})"


def _file(file: InputFile) -> FileRow:
    return FileRow(name=file.name, size=_size(file.n_bytes), sha256=file.sha256[:12], loader=file.loader)


def _size(n_bytes: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= scale:
            return f"{figure(n_bytes / scale)} {unit}"
    return count(n_bytes, "byte")


def _agents(evidence: Evidence) -> list[AgentRow]:
    persist = evidence.header.identities_persist
    return [
        AgentRow(name=agent.name, group=agent.group, team=agent.team, role=agent.declared_role if persist else None)
        for agent in evidence.header.agents
    ]


def _kinds(evidence: Evidence) -> list[AgentRow]:
    kinds = Counter((agent.group, agent.team, agent.role) for agent in _agents(evidence))
    return [AgentRow(name=figure(n), group=group, team=team, role=role) for (group, team, role), n in kinds.items()]


def _field(field: FieldSpec) -> FieldRow:
    shape = " × ".join(map(str, field.shape)) or "one number"  # noqa: RUF001  the sign that people read
    return FieldRow(name=field.name, per=field.level.value, shape=shape, dtype=field.dtype, path=field.path)


def _returns(returns: Sequence[MeanReturn]) -> Listing[ReturnRow]:
    texts = aligned([one.mean for one in returns[:MAX_ROWS]])
    rows = tuple(
        ReturnRow(run=one.run, checkpoint=one.checkpoint, mean=text, n_episodes=one.n_episodes)
        for one, text in zip(returns, texts, strict=False)
    )
    return Listing(rows=rows, n_left=len(returns) - len(rows))


def _curves(evidence: Evidence) -> Markup | None:
    description = "Mean return by checkpoint, a line per run; the figures are in the table."
    return picture_of(return_chart(evidence), description)


INPUTS = Section(key="inputs", title="What was read and assumed", view=_view)
