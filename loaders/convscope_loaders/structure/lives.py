"""When each agent is in the game: by an array that says so, or by end flags of its own."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from convscope.ingest.mapping import ArrayMapping, Axis
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.dead import looks_out
from convscope_loaders.structure.families import Family, pick
from convscope_loaders.structure.flags import EndFlags
from convscope_loaders.structure.lexicon import NEGATED, Meaning
from convscope_loaders.structure.shapes import axes_of, entity_count, is_unslotted

_CODED = frozenset({"status", "agent_status"})
"""Arrays of codes, which say who lives only where the codes are named."""
_STILL = 0.9
"""Share of rows that stand still, of those of agents that are out of the game."""
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
    see_nothing: bool = False
    """Whether the dead are those who see nothing and may take the first action alone."""
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
        return _seeing_nothing(clues)
    said = f"an agent is out of the game after its end flag in {flags.template.text}"
    array = ArrayMapping(path=flags.template.text, axes=axes, is_negated=flags.meaning in NEGATED)
    return Lives(leaves=array, assumptions=(said,))


def _seeing_nothing(clues: Clues) -> Lives:
    masks, observed = (pick(clues.called(what), what) for what in (Meaning.ACTION_MASK, Meaning.OBSERVATION))
    if masks is None or observed is None:
        return Lives()
    for cell in clues.layout.largest:
        legal, seen = (clues.view(family, cell, is_whole=False) for family in (masks, observed))
        if legal is None or seen is None or legal.shape[2] != seen.shape[2] or legal.shape[3] < 2:
            continue
        shape = tuple(min(pair) for pair in zip(legal.shape[:2], seen.shape[:2], strict=True))
        seen = seen[: shape[0], : shape[1]]
        is_out = looks_out(legal[: shape[0], : shape[1]], partial(np.asarray, seen), 3)
        is_partial = masks.first.shape[0] > max(legal.shape[:3])
        # Rows in which nobody sees anything are padding.
        if is_partial or is_out[(seen != 0).any(axis=(2, 3))].any():
            said = "an agent that may only take the first action and sees only zeros until its episode's end is out of "
            return Lives(see_nothing=True, assumptions=(f"{said}the game there",))
    return Lives()


def _alive(clues: Clues, family: Family) -> Lives | None:
    is_coded = family.key.lower() in _CODED
    values = _living(clues, family)
    values = (0,) if family.meaning is Meaning.DEAD else values
    if not (values if is_coded else family.meaning in {Meaning.ALIVE, Meaning.DEAD, Meaning.FILLED}):
        return None
    n_entities = entity_count(clues.families, clues.layout)
    axes = axes_of(replace(family, meaning=Meaning.ALIVE), clues.layout, n_entities=n_entities)
    is_of_agents = axes is not None and (Axis.AGENT in family.axes or {Axis.AGENT, Axis.ENTITY} & set(axes))
    if axes is None or not is_of_agents or is_unslotted(family, axes, clues.layout):
        return None
    if not values or family.meaning is Meaning.DEAD:
        early = _a_row_early(clues, family, axes)
        if early is not None:
            return early
    take = tuple(range(clues.layout.n_agents)) if Axis.ENTITY in axes else ()
    as_agents = tuple(Axis.AGENT if axis is Axis.ENTITY else axis for axis in axes)
    array = ArrayMapping(path=family.template.text, axes=as_agents, take=take)
    said = f"an agent is out of the game after its last row in {family.template.text}"
    if family.meaning is Meaning.DEAD:
        said = f"an agent is out of the game in the rows in which {family.template.text} is set"
    return Lives(alive=array, alive_values=values, assumptions=(said,))


def _a_row_early(clues: Clues, family: Family, axes: tuple[Axis, ...]) -> Lives | None:
    """Return lives that end in the row of an agent's last action, where what it does there shows it; else None."""
    told: list[bool] = []
    for cell in clues.layout.largest:
        view = None if Axis.ENTITY in axes else clues.view(family, cell)
        if view is None:
            continue
        is_out = np.asarray((view[..., 0] > 0) == (family.meaning is Meaning.DEAD), dtype=np.bool_)
        before = np.concatenate([np.zeros_like(is_out[:, :1]), is_out[:, :-1]], axis=1)
        flags = EndFlags(clues=clues)
        later, first = flags.stillness(is_out & before, cell), flags.stillness(is_out & ~before, cell)
        told.append(later is not None and first is not None and later > _STILL and first < 1 - _STILL)
    if not told or not all(told):
        return None
    array = ArrayMapping(path=family.template.text, axes=axes, is_negated=family.meaning is not Meaning.DEAD)
    said = f"an agent acts for the last time where {family.template.text} first says that it is out of the game"
    return Lives(leaves=array, assumptions=(said,))


def _living(clues: Clues, family: Family) -> tuple[int, ...]:
    """Return the codes of agents that act, where attributes name the codes as the CF conventions do."""
    attributes = clues.inventory.attributes.get(family.first.path, {})
    codes, meanings = attributes.get("flag_values"), attributes.get("flag_meanings")
    if not isinstance(codes, tuple) or not isinstance(meanings, str):
        return ()
    named = zip(codes, meanings.lower().split(), strict=False)
    return tuple(code for code, name in named if name in _ACTING and type(code) is int)
