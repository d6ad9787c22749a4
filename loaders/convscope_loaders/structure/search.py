"""Finds the layout of an unknown file: every one that its shapes allow is held against all that the file tells."""

from collections.abc import Sequence
from dataclasses import replace

from convscope.errors import LogFormatError
from convscope.ingest.mapping import Axis
from convscope_loaders.structure.candidates import candidates, has_outer_axis, with_agents_last
from convscope_loaders.structure.columns import no_agent_axis
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.facts import Facts, stripped
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.layout import Layout, make_layout
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.readings import agents_or_episodes, outer_axis, several_actions, several_readings
from convscope_loaders.structure.votes import Votes

_MAX_REASONS = 3
_OF_ROWS = frozenset(
    {
        *(Meaning.REWARD, Meaning.DONE, Meaning.TERMINATED, Meaning.TRUNCATED, Meaning.FILLED),
        *(Meaning.EPISODE_ID, Meaning.TIMESTEP, Meaning.STARTS),
    }
)


def find_layout(
    families: Sequence[Family], names: Sequence[str], sampler: Sampler, *, n_told: int | None, place: str
) -> Layout:
    """Find the layout.

    Parameters
    ----------
    families
        All datasets.
    names
        Of the agents, where the file lists them.
    sampler
        Reads what the evidence needs.
    n_told
        Number of agents that the file tells without their names; None where it does not.
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
    if has_outer_axis(reference, families, sampler):
        raise outer_axis(reference, place=place)
    turned = with_agents_last(reference, families)
    if turned is not None:
        raise LogFormatError(
            f"{place}:{turned.first.path} {turned.first.shape} seems to have its agents on the last axis, "
            f"{reference.first.path} {reference.first.shape} on another; move it to where the actions have theirs "
            "(numpy.moveaxis), or name the axes in a mapping"
        )
    standing = candidates(reference)
    reasons: list[str] = []
    facts = Facts(families=families, sampler=sampler, names=tuple(names), reference=reference, n_told=n_told)
    for fact in facts.filters():
        kept = [layout for layout in standing if fact.stands(layout)] if fact.is_required or len(standing) > 1 else []
        if fact.is_required and not kept:
            raise no_agent_axis(families, standing or _of_rows(reference, place), names, place=place)
        standing = _narrowed(standing, kept, reasons, said=fact.said)
    votes = Votes(families=families, sampler=sampler)
    for vote in votes.filters():
        kept, said = vote(standing) if len(standing) > 1 else ([], "")
        standing = _narrowed(standing, kept, reasons, said=said)
    if len(standing) > 1:
        raise several_readings(standing, evidence=votes.smoothness(standing)[1], place=place)
    is_told = bool(facts.n_named) or _share_rows(reference, families) or votes.end_together(standing[0])
    if standing[0].order == (Axis.AGENT, Axis.ROW) and not is_told:
        raise agents_or_episodes(reference, place=place)
    return replace(standing[0], assumptions=_said(standing[0], reasons))


def _share_rows(reference: Family, families: Sequence[Family]) -> bool:
    """Whether some array has one number for each entry of the second axis: then those are timesteps that all share."""
    n_rows = reference.first.shape[1]
    return any(stripped(family.first.shape) == (n_rows,) and family.meaning in _OF_ROWS for family in families)


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
    if all(0 in info.shape for info, _ in found.members):
        raise LogFormatError(
            f"{place}:{found.first.path} {found.first.shape} is empty: the log holds no episode with a step"
        )
    alike = [f for f in current if f.meaning is found.meaning is Meaning.ACTION and not f.first.is_text]
    if len(alike) > 1:
        raise several_actions(alike, place=place)
    return found


def _of_rows(reference: Family, place: str) -> list[Layout]:
    """Return the layout of a stream without agents."""
    stream = make_layout((Axis.ROW, Axis.AGENT), reference, lead=(Axis.ROW,), n_named=1)
    if stream is None:
        raise LogFormatError(
            f"{place}:{reference.first.path} is a single number: timesteps that are groups are not read; stack them "
            "into arrays, one for each field"
        )
    return [stream]


def _said(layout: Layout, reasons: Sequence[str]) -> tuple[str, ...]:
    if not reasons:
        return ()
    reference = layout.reference
    lead = layout.lead(reference)
    because = "; ".join(dict.fromkeys(reasons[-_MAX_REASONS:]))
    return (f"{reference.template.text} {reference.first.shape} is read as ({', '.join(lead)}): {because}",)
