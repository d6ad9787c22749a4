"""End flags that are single values beside the arrays of an episode: datasets without axes, or attributes."""

from convscope.ingest.mapping import ArrayMapping, Axis
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.lexicon import NEGATED, Meaning


def single_flag(clues: Clues, *meanings: Meaning) -> ArrayMapping | None:
    """Return the flag of each episode's group, where every group with actions has one; None else."""
    wanted = {*_groups(clues.layout.reference)}
    for family in clues.families:
        is_single = family.meaning in meanings and not family.first.shape and not family.first.is_text
        if is_single and _is_of_episodes(family) and wanted <= {*_groups(family)}:
            return ArrayMapping(path=family.template.text, axes=(), is_negated=family.meaning in NEGATED)
    return None


def _is_of_episodes(family: Family) -> bool:
    return Axis.EPISODE in family.axes and Axis.AGENT not in family.axes


def _groups(family: Family) -> list[tuple[tuple[Axis, str], ...]]:
    """Return the values of the axes in each member's path, but for the agent's."""
    return [
        tuple(sorted((axis, value) for axis, value in values.items() if axis is not Axis.AGENT))
        for _, values in family.members
    ]
