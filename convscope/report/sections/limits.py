"""What this log cannot show: from what was noted on the way, not from a standing disclaimer."""

from dataclasses import dataclass

from convscope.report.listing import Listing, listing
from convscope.report.notices import NOT_APPLICABLE, NOT_COMPUTED, all_notices
from convscope.report.section import Section
from convscope.values.evidence import Evidence
from convscope.values.header import Notice

MAX_NOTICES = 12
"""Of each group."""

_TITLES = ("Read with care", "Behaviour that this log does not show", "Does not apply here", "Not computed")


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
    # What concerns reading stands under what was read and assumed.
    read = set(evidence.header.notices)
    notices = [notice for notice in all_notices(evidence) if notice not in read]
    groups = {title: [notice for notice in notices if _title(notice) == title] for title in _TITLES}
    return LimitsView(
        groups=tuple(
            NoticeGroup(title=title, notices=listing(found, MAX_NOTICES)) for title, found in groups.items() if found
        )
    )


def _title(notice: Notice) -> str:
    care, behaviour, apart, later = _TITLES
    if notice.code == NOT_COMPUTED:
        return later
    if notice.code == NOT_APPLICABLE:
        return behaviour if (notice.where or "").startswith("features.") else apart
    return care


LIMITS = Section(key="limits", title="What this log cannot show", view=_view)
