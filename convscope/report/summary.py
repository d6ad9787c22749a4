"""What an analysis found, in a few lines for a terminal."""

from collections.abc import Iterator

from convscope.report.claimed import claimed_edges
from convscope.report.conduct import conduct_lines
from convscope.report.deciders import situational_words
from convscope.report.depends import dependence_sentences
from convscope.report.notices import NOT_APPLICABLE, NOT_COMPUTED, all_notices
from convscope.report.shape import shape_lines
from convscope.report.wording import verdict_of
from convscope.values.conventions import Conventions
from convscope.values.evidence import Evidence
from convscope.values.figures import count, figure, interval
from convscope.values.gap import Subject
from convscope.values.inert import inert
from convscope.values.messages import MessageMeasure

_SPOKEN = frozenset(
    {
        "behaves-like",
        "episodes-by-name",
        "missing-values",
        "unfinished-file",
        "unlogged-common-cause",
        "policy-doubtful",
        "rewards-longer",
        "labels-replaced",
        "formations-unlike",
        "unlike-checkpoints",
        "unlike-inputs",
        "passed-over",
        "skipped-links",
        "skipped-deep",
    }
)
"""Codes of the notices that a user should meet at once; the others are on the page."""
_MOST_OF_READING = 8
"""Notices on how the log was read, that are shown."""


def summary_lines(evidence: Evidence) -> tuple[str, ...]:
    """Return the verdict, the reason that decided, and the main figures."""
    verdict = verdict_of(evidence)
    reasons = tuple(inert(reason, limit=300) for reason in verdict.reasons[:1])
    return (
        verdict.headline,
        *reasons,
        _size(evidence),
        _roles(evidence),
        *conduct_lines(evidence),
        *_routing(evidence),
        *_messages(evidence),
        *_dependence(evidence),
        *_gap(evidence),
        *_notes(evidence),
    )


def _size(evidence: Evidence) -> str:
    episodes = evidence.episodes
    sizes = (
        count(len(episodes.runs), "run"),
        count(episodes.n_episodes, "episode"),
        count(episodes.n_timesteps, "timestep"),
    )
    return f"Read: {', '.join(sizes)}, {count(len(evidence.analysed), 'agent')} analysed"


def _roles(evidence: Evidence) -> str:
    roles = evidence.roles
    follows = situational_words(evidence.explained, evidence.config.alpha)
    told = "" if follows is None else f"; {follows}"
    tests = evidence.segments.tests if evidence.segments else ()
    n_switching = sum(test.significant for test in tests)
    within = f"; {n_switching} of {count(len(tests), 'agent')} change theirs within episodes" if tests else ""
    return f"Roles: {figure(roles.k)} among episodes, {figure(roles.k_agents)} among agents{told}{within}"


def _routing(evidence: Evidence) -> tuple[str, ...]:
    claimed = claimed_edges(evidence)
    if evidence.routing is None or claimed is None:
        return ()
    tested = count(claimed.edges.height, "edge") + (" between roles" if claimed.are_between_roles else "")
    found = f"Routing from {evidence.routing.source.value}: {claimed.n_significant} of {tested} significant"
    return (found, *shape_lines(evidence.routing.structure))


def _messages(evidence: Evidence) -> tuple[str, ...]:
    if evidence.messages is None:
        return ()
    found = [
        f"{measure.value} {sum(test.significant for test in tests)} of {len(tests)}"
        for measure in MessageMeasure
        if (tests := evidence.messages.of(measure)) and any(test.significant for test in tests)
    ]
    if not found:
        return ()
    shared = (MessageMeasure.INSTANTANEOUS_COORDINATION, MessageMeasure.SOCIAL_INFLUENCE)
    is_doubtful = any(test.significant for measure in shared for test in evidence.messages.of(measure))
    caution = " (coordination and social influence come of a shared cause, too)" if is_doubtful else ""
    return (f"Messages, significant: {'; '.join(found)}{caution}",)


def _dependence(evidence: Evidence) -> tuple[str, ...]:
    told = dependence_sentences(evidence.dependence, evidence.config.alpha)
    return tuple(inert(sentence, limit=300) for sentence in told)


def _gap(evidence: Evidence) -> tuple[str, ...]:
    if evidence.gap is None:
        return ()
    is_about_roles = evidence.gap.subject is Subject.ROLES
    name, furthest = ("recovery", "no better than chance") if is_about_roles else ("alignment", "as a role-blind team")
    part = next((part for part in evidence.gap.components if part.name == name), None)
    if part is None or part.value is None:
        return ()
    bounds = f" ({interval(part.interval)}, {part.interval_kind})" if part.interval else ""
    return (
        f"{name.capitalize()} gap: {figure(part.value)}{bounds}; 0 = as declared, 1 = {furthest}",
        *_several(evidence.gap.conventions),
    )


def _several(conventions: Conventions | None) -> tuple[str, ...]:
    if conventions is None or len(conventions.found) < 2:
        return ()
    sizes = ", ".join(count(len(each.runs), "run") for each in conventions.found)
    return (f"Conventions: {len(conventions.found)} ({sizes})",)


def _notes(evidence: Evidence) -> Iterator[str]:
    notices = all_notices(evidence)
    # What was read, dropped and assumed comes first: all else rests on it.
    reading = list(dict.fromkeys(evidence.header.notices))
    spoken = [notice for notice in notices if notice.code in _SPOKEN and notice not in reading]
    shown = [*sorted(reading, key=lambda notice: notice.code not in _SPOKEN)[:_MOST_OF_READING], *spoken]
    yield from (f"Note: {inert(notice.message, limit=300)}" for notice in shown)
    others = [notice for notice in notices if notice not in shown]
    n_idle = sum(notice.code in {NOT_APPLICABLE, NOT_COMPUTED} for notice in others)
    idle = f" ({n_idle} on what does not apply here or is not computed)" if n_idle else ""
    yield f"{count(len(others), 'further note')}{idle} on the page and in analysis.json"
