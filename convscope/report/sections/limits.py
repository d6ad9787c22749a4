"""What this log cannot show: from what was noted on the way, not from a standing disclaimer."""

from collections.abc import Sequence
from dataclasses import dataclass

from convscope.report.listing import Listing, listing
from convscope.report.notices import NOT_APPLICABLE, NOT_COMPUTED, all_notices
from convscope.report.section import Section
from convscope.values.evidence import Evidence
from convscope.values.header import Notice

MAX_NOTICES = 12
"""Of each group."""

_TITLES = ("Read with care", "Behaviour that this log does not show", "Does not apply here", "Not computed")


MAX_PLACES = 8
"""Of one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence, said once for all that it concerns."""

    message: str
    places: Listing[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGroup:
    """Notices of one kind."""

    title: str
    notices: Listing[Said]


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
            NoticeGroup(title=title, notices=listing(said_once(found), MAX_NOTICES))
            for title, found in groups.items()
            if found
        )
    )


def said_once(notices: Sequence[Notice]) -> list[Said]:
    """Return each sentence once, with the places that it concerns; the name of a place that it begins with is left."""
    places: dict[str, list[str]] = {}
    for notice in notices:
        where = notice.where or ""
        message = notice.message.removeprefix(f"{where.rpartition('.')[2]}: ") if where else notice.message
        places.setdefault(message.removesuffix("."), []).extend([where] if where else [])
    return [
        Said(message=f"{message}.", places=listing(tuple(dict.fromkeys(wheres)), MAX_PLACES))
        for message, wheres in places.items()
    ]


def _title(notice: Notice) -> str:
    care, behaviour, apart, later = _TITLES
    if notice.code == NOT_COMPUTED:
        return later
    if notice.code == NOT_APPLICABLE:
        return behaviour if (notice.where or "").startswith("features.") else apart
    return care


LIMITS = Section(key="limits", title="What this log cannot show", view=_view)
