"""Finds the layout of an unknown file: every one that its shapes allow is held against all that the file tells."""

from collections.abc import Sequence
from dataclasses import replace

from convscope.errors import AmbiguousLogError, LogFormatError
from convscope_loaders.structure.candidates import candidates
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.facts import Facts
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.layout import Layout
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.readings import no_agent_axis, several_readings
from convscope_loaders.structure.votes import Votes

_MAX_REASONS = 3


def find_layout(families: Sequence[Family], names: Sequence[str], sampler: Sampler, *, place: str) -> Layout:
    """Find the layout.

    Parameters
    ----------
    families
        All datasets.
    names
        Of the agents, where the file lists them.
    sampler
        Reads what the evidence needs.
    place
        The file, for errors.

    Raises
    ------
    AmbiguousLogError
        If the file can be read in more than one way.
    LogFormatError
        If nothing in it looks like steps of agents.
    """
    reference = _reference(families, place)
    standing = candidates(reference)
    reasons: list[str] = []
    facts = Facts(families=families, sampler=sampler, names=tuple(names), reference=reference)
    for fact in facts.filters():
        kept = [layout for layout in standing if fact.stands(layout)] if fact.is_required or len(standing) > 1 else []
        if fact.is_required and not kept:
            raise no_agent_axis(families, reference, facts.n_named, place=place)
        standing = _narrowed(standing, kept, reasons, said=fact.said)
    for vote in Votes(families=families, sampler=sampler).filters():
        kept, said = vote(standing) if len(standing) > 1 else ([], "")
        standing = _narrowed(standing, kept, reasons, said=said)
    if len(standing) > 1:
        raise several_readings(standing, place=place)
    return replace(standing[0], assumptions=_said(standing[0], reasons))


def _narrowed(standing: list[Layout], kept: list[Layout], reasons: list[str], *, said: str) -> list[Layout]:
    """Return the layouts that are kept, and note why; all where none would be left or gone."""
    if not kept or len(kept) == len(standing):
        return standing
    reasons.append(said)
    return kept


def _reference(families: Sequence[Family], place: str) -> Family:
    current = [family for family in families if not family.is_next]
    found = pick(current, Meaning.ACTION, Meaning.ACTION_ONE_HOT, Meaning.OBSERVATION, Meaning.POSITION)
    if found is None:
        listed = ", ".join(family.template.text for family in families[:8])
        raise LogFormatError(
            f"{place} holds no actions, observations or positions by name; found {listed or 'nothing'}"
        )
    alike = [f.template.text for f in current if f.meaning is found.meaning is Meaning.ACTION and not f.first.is_text]
    if len(alike) > 1:
        raise AmbiguousLogError(
            f"{place} has several arrays of actions: {', '.join(alike[:4])}; declare in a mapping which are meant"
        )
    return found


def _said(layout: Layout, reasons: Sequence[str]) -> tuple[str, ...]:
    if not reasons:
        return ()
    reference = layout.reference
    lead = layout.lead(reference)
    because = "; ".join(dict.fromkeys(reasons[-_MAX_REASONS:]))
    return (f"{reference.template.text} {reference.first.shape} is read as ({', '.join(lead)}): {because}",)
