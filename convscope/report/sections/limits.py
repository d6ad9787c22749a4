"""What this log cannot show: from what was noted on the way, not from a standing disclaimer."""

from dataclasses import dataclass

from convscope.report.listing import Listing, listing
from convscope.report.notices import NOT_APPLICABLE, NOT_COMPUTED, all_notices
from convscope.report.section import Section
from convscope.values.evidence import Evidence
from convscope.values.header import Notice

MAX_NOTICES = 12
"""Of each group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGroup:
    """Notices of one kind."""

    title: str
    notices: Listing[Notice]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsView:
    """What the section shows."""

    groups: tuple[NoticeGroup, ...]


def _view(evidence: Evidence) -> LimitsView:
    notices = all_notices(evidence)
    care = [notice for notice in notices if notice.code not in (NOT_COMPUTED, NOT_APPLICABLE)]
    apart = [notice for notice in notices if notice.code == NOT_APPLICABLE]
    later = [notice for notice in notices if notice.code == NOT_COMPUTED]
    groups = (("Read with care", care), ("Not in this log", apart), ("Not computed", later))
    return LimitsView(
        groups=tuple(NoticeGroup(title=title, notices=listing(found, MAX_NOTICES)) for title, found in groups if found)
    )


LIMITS = Section(key="limits", title="What this log cannot show", view=_view)
