"""When each agent is in the game: by an array that says so, or by end flags of its own."""

from dataclasses import dataclass, replace

from convscope.ingest.mapping import ArrayMapping, Axis
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.flags import EndFlags
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.shapes import axes_of, entity_count, is_unslotted

_CODED = frozenset({"status", "agent_status"})
"""Arrays of codes, which say who lives only where the codes are named."""
_ACTING = frozenset({"acting", "alive", "active", "living", "playing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """What tells when agents are in the game."""

    alive: ArrayMapping | None = None
    """True while an agent is in the game."""
    alive_values: tuple[int, ...] = ()
    """Of ``alive``, those that count as true; empty for all but 0."""
    leaves: ArrayMapping | None = None
    """True in an agent's last row."""
    assumptions: tuple[str, ...] = ()


def find_lives(clues: Clues) -> Lives:
    """Look for an array of lives, else for end flags with which agents leave before the episode ends."""
    for family in clues.families:
        found = None if family.is_next else _alive(clues, family)
        if found is not None:
            return found
    flags = EndFlags(clues=clues).leaves()
    axes = None if flags is None else axes_of(flags, clues.layout)
    if flags is None or axes is None or is_unslotted(flags, axes, clues.layout):
        return Lives()
    said = f"an agent is out of the game after its end flag in {flags.template.text}"
    return Lives(leaves=ArrayMapping(path=flags.template.text, axes=axes), assumptions=(said,))


def _alive(clues: Clues, family: Family) -> Lives | None:
    is_coded = family.key.lower() in _CODED
    values = _living(clues, family)
    if not (values if is_coded else family.meaning in {Meaning.ALIVE, Meaning.FILLED}):
        return None
    n_entities = entity_count(clues.families, clues.layout)
    axes = axes_of(replace(family, meaning=Meaning.ALIVE), clues.layout, n_entities=n_entities)
    is_of_agents = axes is not None and (Axis.AGENT in family.axes or {Axis.AGENT, Axis.ENTITY} & set(axes))
    if axes is None or not is_of_agents or is_unslotted(family, axes, clues.layout):
        return None
    take = tuple(range(clues.layout.n_agents)) if Axis.ENTITY in axes else ()
    as_agents = tuple(Axis.AGENT if axis is Axis.ENTITY else axis for axis in axes)
    array = ArrayMapping(path=family.template.text, axes=as_agents, take=take)
    said = f"an agent is out of the game after its last row in {family.template.text}"
    return Lives(alive=array, alive_values=values, assumptions=(said,))


def _living(clues: Clues, family: Family) -> tuple[int, ...]:
    """Return the codes of agents that act, where attributes name the codes as the CF conventions do."""
    attributes = clues.inventory.attributes.get(family.first.path, {})
    codes, meanings = attributes.get("flag_values"), attributes.get("flag_meanings")
    if not isinstance(codes, tuple) or not isinstance(meanings, str):
        return ()
    named = zip(codes, meanings.lower().split(), strict=False)
    return tuple(code for code, name in named if name in _ACTING and type(code) is int)
