"""The sections of the page, in the order in which they are read."""

from convscope.report.section import Section
from convscope.report.sections.dependence import DEPENDENCE
from convscope.report.sections.gap import GAP
from convscope.report.sections.glossary import GLOSSARY
from convscope.report.sections.inputs import INPUTS
from convscope.report.sections.limits import LIMITS
from convscope.report.sections.messages import MESSAGES
from convscope.report.sections.methods import METHODS
from convscope.report.sections.roles import ROLES
from convscope.report.sections.routing import ROUTING
from convscope.report.sections.segments import SEGMENTS
from convscope.report.sections.verdict import VERDICT

SECTIONS: tuple[Section, ...] = (
    VERDICT,
    INPUTS,
    ROLES,
    SEGMENTS,
    ROUTING,
    DEPENDENCE,
    MESSAGES,
    GAP,
    LIMITS,
    METHODS,
    GLOSSARY,
)
"""To add a section: one file here, one template, one entry."""

__all__ = ["SECTIONS"]
