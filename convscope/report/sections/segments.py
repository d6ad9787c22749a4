"""Roles within episodes: who changes its role, when, and how long roles last."""

from dataclasses import dataclass

import polars as pl

from convscope.report.listing import Listing, listing
from convscope.report.section import Section
from convscope.values.evidence import Evidence
from convscope.values.segments import SEGMENT_TYPES, Dwell, Segments, SwitchTest

MAX_AGENTS = 20
MAX_EXAMPLES = 8
NOT_FOLLOWED = Segments(table=pl.DataFrame(schema=dict(SEGMENT_TYPES)), switching_rate=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An episode of an agent that has several roles."""

    run: str
    episode: int
    agent: str
    segments: tuple[tuple[int, int, int | None], ...]
    """Start, stop and role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentsView:
    """What the section shows."""

    rate: float | None
    tests: Listing[SwitchTest]
    n_switching: int
    dwell: tuple[Dwell, ...]
    kinds: tuple[tuple[int, str], ...]
    examples: tuple[Example, ...]
    reasons: tuple[str, ...]
    """Why nothing is claimed."""


def _view(evidence: Evidence) -> SegmentsView:
    found = evidence.segments or NOT_FOLLOWED
    return SegmentsView(
        rate=found.switching_rate,
        tests=listing(found.tests, MAX_AGENTS),
        n_switching=sum(test.significant for test in found.tests),
        dwell=found.dwell,
        kinds=found.kinds,
        examples=_examples(found),
        reasons=tuple(notice.message for notice in found.notices),
    )


def _examples(found: Segments) -> tuple[Example, ...]:
    """Return the first episodes with a switch, in the order of the log."""
    by_unit: dict[tuple[str, str | None, int, str], list[tuple[int, int, int | None]]] = {}
    for run, checkpoint, episode, agent, start, stop, role in found.switched().rows():
        by_unit.setdefault((run, checkpoint, episode, agent), []).append((start, stop, role))
        if len(by_unit) > MAX_EXAMPLES:
            break
    return tuple(
        Example(run=run, episode=episode, agent=agent, segments=tuple(parts))
        for (run, _, episode, agent), parts in list(by_unit.items())[:MAX_EXAMPLES]
    )


SEGMENTS = Section(key="segments", title="Roles within episodes", view=_view)
