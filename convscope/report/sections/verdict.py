"""The verdict, first of all."""

from dataclasses import dataclass

from convscope.report.claimed import claimed_edges
from convscope.report.conduct import change_note, policy_note
from convscope.report.deciders import situational_words
from convscope.report.ladder import Step, ladder
from convscope.report.section import Section
from convscope.report.wording import VerdictWords, verdict_of
from convscope.values.evidence import Evidence
from convscope.values.figures import NO_FIGURE, count, figure, interval
from convscope.values.gap import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One main figure."""

    value: str
    name: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """What the banner shows."""

    words: VerdictWords
    tiles: tuple[Tile, ...]
    ladder: tuple[Step, ...]
    """Empty without a prior."""


def _view(evidence: Evidence) -> VerdictView:
    tiles = (
        *_alignment(evidence),
        _units(evidence),
        _agents(evidence),
        *_conduct(evidence),
        _edges(evidence),
        _runs(evidence),
    )
    return VerdictView(
        words=verdict_of(evidence),
        tiles=tiles,
        ladder=ladder(evidence.gap.verdict, evidence.gap.subject) if evidence.gap else (),
    )


def _alignment(evidence: Evidence) -> tuple[Tile, ...]:
    # The most that the prior declares: where it declares no routing, the roles.
    judged = "recovery" if evidence.gap and evidence.gap.subject is Subject.ROLES else "alignment"
    found = [part for part in evidence.gap.components if part.name == judged] if evidence.gap else []
    if not found:
        return ()
    (part,) = found
    if part.value is None:
        return (Tile(value=NO_FIGURE, name=f"{part.name} gap", note=part.why or "not scored"),)
    note = f"{interval(part.interval, digits=2)} ({part.interval_kind})" if part.interval else "no interval"
    return (Tile(value=figure(part.value, digits=2), name=f"{part.name} gap", note=note),)


def _units(evidence: Evidence) -> Tile:
    k = evidence.roles.k
    if k is None:
        return Tile(value=NO_FIGURE, name="roles", note="nothing could be grouped")
    follows = situational_words(evidence.explained, evidence.config.alpha)
    note = "one role is enough" if k == 1 else follows or f"stability {figure(evidence.roles.stability, digits=2)} of 1"
    return Tile(value=figure(k), name="role" if k == 1 else "roles", note=note)


def _agents(evidence: Evidence) -> Tile:
    k = evidence.roles.k_agents
    n_members = max((len(classes.members) for classes in evidence.roles.classes), default=0)
    member = "agent" if evidence.header.identities_persist else "role or slot"
    notes = {None: "not testable", 1: "no two can be told apart"}
    note = notes.get(k, f"told apart among {figure(n_members)}")
    return Tile(value=figure(k), name=f"{'kind' if k == 1 else 'kinds'} of {member}", note=note)


def _conduct(evidence: Evidence) -> tuple[Tile, ...]:
    """Return cards of what agents decide given what they see, and of when that changes, as far as both were asked."""
    policy = evidence.policy
    tiles: list[Tile] = []
    if policy.runs:
        name = "kind by policy" if policy.k_agents == 1 else "kinds by policy"
        tiles.append(Tile(value=figure(policy.k_agents), name=name, note=policy_note(policy)))
    if policy.change_points is not None:
        n_changes = len(policy.change_points)
        name = "change of policy within a run" if n_changes == 1 else "changes of policy within runs"
        tiles.append(Tile(value=figure(n_changes), name=name, note=change_note(policy.change_points)))
    return tuple(tiles)


def _edges(evidence: Evidence) -> Tile:
    claimed = claimed_edges(evidence)
    if evidence.routing is None or claimed is None:
        return Tile(value=NO_FIGURE, name="routing edges", note="no source of routing in this log")
    where = " between roles" if claimed.are_between_roles else ""
    doubt = "; read the caution beside them" if claimed.cautions and claimed.n_significant else ""
    note = f"of {figure(claimed.edges.height)} tested{where}, from {evidence.routing.source.value}{doubt}"
    name = "significant edge" if claimed.n_significant == 1 else "significant edges"
    return Tile(value=figure(claimed.n_significant), name=name, note=note)


def _runs(evidence: Evidence) -> Tile:
    episodes = evidence.episodes
    n = len(episodes.runs)
    note = f"{count(episodes.n_episodes, 'episode')}, {count(episodes.n_timesteps, 'timestep')}"
    return Tile(value=figure(n), name="run" if n == 1 else "runs", note=note)


VERDICT = Section(key="verdict", title="Verdict", view=_view)
