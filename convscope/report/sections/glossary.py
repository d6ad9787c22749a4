"""The words that the page uses; they stand in the template."""

from convscope.report.section import Section
from convscope.values.evidence import Evidence


def _view(evidence: Evidence) -> tuple[()]:  # noqa: ARG001  the same for every log
    return ()


GLOSSARY = Section(key="glossary", title="Glossary", view=_view)
