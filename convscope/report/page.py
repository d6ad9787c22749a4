"""The page: one file that opens from a disk, without network and without scripts."""

import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from convscope.report.document import analysis_bytes
from convscope.report.environment import rendered
from convscope.report.sections import SECTIONS
from convscope.report.wording import verdict_of
from convscope.values.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    key: str
    title: str
    body: Markup


def render_page(evidence: Evidence) -> str:
    """Return ``report.html``.

    Parameters
    ----------
    evidence
        The results of an analysis. The same evidence gives the same page, byte for byte.

    Returns
    -------
    str
        HTML with all styles and pictures in it. The text of a log is inert: escaped, cut, and with its control,
        bidirectional and zero-width characters shown.
    """
    views = [(section, section.view(evidence)) for section in SECTIONS]
    parts = [
        _Part(key=section.key, title=section.title, body=rendered(f"sections/{section.key}.html", view=view))
        for section, view in views
        if view is not None
    ]
    page = rendered(
        "page.html",
        parts=parts,
        verdict=verdict_of(evidence),
        subject=_subject(evidence),
        version=evidence.version,
        digest=hashlib.sha256(analysis_bytes(evidence)).hexdigest(),
    )
    return str(page)


def _subject(evidence: Evidence) -> str:
    header = evidence.header
    names = [file.name for file in header.inputs]
    files = names[0] if len(names) == 1 else f"{len(names)} files" if names else "Team of agents"
    return header.environment or header.framework or files
