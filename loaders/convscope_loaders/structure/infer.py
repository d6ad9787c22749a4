"""From what a file holds to a complete mapping, with every assumption in words."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from convscope.errors import MappingError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.mapping import Axis, FieldMapping, LogMapping
from convscope.ingest.names import in_numbered_order
from convscope.values.fields import ACTIONS
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.closing import with_rewards_told
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.cuts import CutFinder
from convscope_loaders.structure.declared import agents_of, find_declared
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.families import Family, declared_family, fold
from convscope_loaders.structure.label_search import find_labels
from convscope_loaders.structure.layout import Layout, declared_layout
from convscope_loaders.structure.levels import Levels
from convscope_loaders.structure.lexicon import Meaning, stem_of
from convscope_loaders.structure.lives import Lives, find_lives
from convscope_loaders.structure.mapped_arrays import arrays_of
from convscope_loaders.structure.masks import with_ends_told
from convscope_loaders.structure.meanings import MARKS, FieldFinder
from convscope_loaders.structure.names import agent_count, agent_names, is_count, sole_attribute
from convscope_loaders.structure.one_hot import with_one_hot_told
from convscope_loaders.structure.readings import open_levels, open_weights
from convscope_loaders.structure.search import find_layout
from convscope_loaders.structure.shapes import entity_count
from convscope_loaders.structure.step_groups import refuse_step_groups
from convscope_loaders.structure.templates import Template, matches

_ENVIRONMENT = ("environment", "env", "env_name", "env_id")
_FRAMEWORK = ("framework", "framework_style", "library")


def infer(
    inventory: Inventory, file: ArrayReader, declared: LogMapping | None, *, place: str, names_unused: bool = False
) -> Reading:
    """Work out what the arrays of a file mean.

    Parameters
    ----------
    inventory
        What the file holds.
    file
        Open file; the first rows of some arrays are read, and whole lists, flags and masks.
    declared
        What a mapping file says; it stands for what would be inferred. None without one.
    place
        The file, for errors.
    names_unused
        Whether arrays that nothing was made of are named in a notice; a loader that knows a framework says itself what
        it leaves out.

    Raises
    ------
    AmbiguousLogError
        If the file can be read in more than one way.
    LogFormatError
        If nothing in it looks like steps of agents.
    """
    clues, named, levels = _look(inventory, file, declared or LogMapping(), place=place)
    known, on_hot = with_one_hot_told(declared or LogMapping(), inventory, clues.sampler)
    episodes, cut_said = CutFinder(clues=clues.of_numbers).find() if known.episodes is None else (known.episodes, ())
    lives = find_lives(clues.of_numbers) if known.alive is None and known.leaves is None else Lives()
    labels = find_labels(clues)
    taken = frozenset(field.name for field in known.fields)
    groups = find_declared(clues, agents_of(clues))
    used = labels.used | groups.used | {family.template.text for family in clues.families if is_count(family.first)}
    fields = FieldFinder(clues=clues, n_entities=_n_things(clues), taken=taken, used=used).find()
    told_fields, on_rewards = with_rewards_told(fields.fields, clues.of_numbers, cut=episodes.cut)
    is_listed = len(clues.names) == clues.layout.n_agents or known.agents
    agents, named = (clues.names, named) if is_listed else (_in_paths(clues), "the paths of their own arrays")
    mapping = replace(
        known,
        fields=(*known.fields, *told_fields),
        episodes=episodes,
        agents=agents,
        teams=known.teams or groups.teams,
        roles=known.roles or groups.roles,
        run=known.run or labels.labels.get(Axis.RUN),
        checkpoint=known.checkpoint or labels.labels.get(Axis.CHECKPOINT),
        condition=known.condition or labels.labels.get(Axis.CONDITION),
        alive=known.alive or lives.alive,
        alive_values=known.alive_values or lives.alive_values,
        leaves=known.leaves or lives.leaves,
        dead_see_nothing=_first_told(known.dead_see_nothing, lives.see_nothing or None),
        environment=known.environment or sole_attribute(inventory, _ENVIRONMENT),
        framework=known.framework or sole_attribute(inventory, _FRAMEWORK),
    )
    if levels.open:
        raise open_levels(levels.open, mapping, place=place)
    if fields.open:
        raise open_weights(fields.open, mapping, place=place)
    of_names = _on_names(agents, named, clues.layout)
    told = (of_names, *clues.layout.assumptions, *cut_said, on_rewards, *lives.assumptions, *labels.assumptions)
    return Reading(
        mapping=mapping,
        assumptions=_without_repeats((*levels.assumptions, *on_hot, *told, *fields.assumptions, *groups.assumptions)),
        notices=(*inventory.notices, *fields.notices, *(_unused(clues, mapping, used) if names_unused else ())),
    )


def _first_told(*told: bool | None) -> bool | None:
    return next((one for one in told if one is not None), None)


def _n_things(clues: Clues) -> int:
    return entity_count(clues.families, clues.layout)


def _unused(clues: Clues, mapping: LogMapping, used: frozenset[str]) -> tuple[Notice, ...]:
    """Name the arrays of texts, of records and of marks that nothing was made of."""
    read = {array.path for array in arrays_of(mapping)} | used
    unused = [
        family.template.text
        for family in clues.families
        if family.rank
        and not family.is_next
        and family.template.text not in read
        and (family.first.is_text or family.first.columns or family.meaning in MARKS)
        and family.meaning not in {Meaning.AGENT_NAMES, Meaning.WIDTHS}
    ]
    if not unused:
        return ()
    message = f"arrays of texts and records, and marks that others make needless, are left out: {listed(unused)}"
    return (Notice(code="unused-arrays", message=message, where=unused[0]),)


def _look(inventory: Inventory, file: ArrayReader, known: LogMapping, *, place: str) -> tuple[Clues, str, Levels]:
    """Fold the arrays and find their layout; return where agents are named as well, and how paths were understood."""
    # What a loader knows without a mapping file it says itself.
    by_mapping = "the mapping" if known.file is not None else ""
    names, named = (known.agents, by_mapping) if known.agents else agent_names(inventory, file)
    sampler = Sampler(file)
    folded, levels = _families(inventory, names, known)
    families = tuple(with_ends_told(family, sampler) for family in folded)
    numbers = [family for family in families if not family.first.is_text and not family.first.columns]
    if known.file is None:
        refuse_step_groups(numbers, place)
    found = _declared_layout(inventory, known, place)
    if found is None:
        grids = [*numbers, *_declared_pairs(inventory, known)]
        found = find_layout(grids, names, sampler, n_told=agent_count(inventory, file), place=place)
    layout = replace(found, knows_slots=_knows_slots(numbers, names, found))
    clues = Clues(
        inventory=inventory, families=families, layout=layout, sampler=sampler, names=tuple(names), place=place
    )
    return clues, named, levels


def _without_repeats(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentence for sentence in sentences if sentence))


def _in_paths(clues: Clues) -> tuple[str, ...]:
    """Return the names in paths where the actions have an axis of agents and others name them."""
    in_paths = {values[Axis.AGENT] for f in clues.families for _, values in f.members if Axis.AGENT in values}
    layout = clues.layout
    is_joint = layout.has_agent_axis and not layout.has_groups and len(in_paths) == layout.n_agents
    is_named = not all(part.isdecimal() for part in in_paths)
    return in_numbered_order(in_paths) if is_joint and is_named and layout.knows_slots else ()


def _knows_slots(families: Sequence[Family], names: Sequence[str], layout: Layout) -> bool:
    """Whether agents that paths name have an order: that of a list, or of their numbers."""
    if layout.has_groups:
        return len(names) == layout.n_agents
    in_paths = {values[Axis.AGENT] for family in families for _, values in family.members if Axis.AGENT in values}
    stems = {stem_of(name) for name in in_paths}
    is_counted = len({stem for stem, _ in stems}) == 1 and all(number for _, number in stems)
    return is_counted or in_paths <= set(names)


def _families(inventory: Inventory, names: Sequence[str], known: LogMapping) -> tuple[tuple[Family, ...], Levels]:
    """Fold what no mapping declares."""
    others = (known.alive, known.leaves, known.acting, None if known.roles is None else known.roles.array)
    templates = [array.path for array in (*(field.array for field in known.fields), *others) if array is not None]
    templates += [field.next_path for field in known.fields if field.next_path]
    families, levels = fold(inventory, names, templates)
    unread = [Template(text=text) for text in (*templates, *known.ignore)]
    declared = {path for template in unread for path, _ in matches(template, inventory.datasets)}
    left = tuple(family for family in families if family.first.path not in declared)
    return left, levels


def _declared_pairs(inventory: Inventory, known: LogMapping) -> list[Family]:
    """Return declared weights between agents as if they were not declared: they tell how many agents there are."""
    paired = [field for field in known.fields if _is_of_pairs(field)]
    found = [declared_family(inventory, field.array, Meaning.ATTENTION) for field in paired]
    return [replace(family, declared=()) for family in found if family is not None]


def _is_of_pairs(field: FieldMapping) -> bool:
    return Axis.SENDER in field.array.axes


def _declared_layout(inventory: Inventory, known: LogMapping, place: str) -> Layout | None:
    # Weights have an axis for receivers and one for senders, and none that is the agents'.
    plain = [field for field in known.fields if not _is_of_pairs(field)]
    ordered = sorted(plain, key=lambda field: field.name != ACTIONS)
    families: list[Family] = []
    for field in ordered:
        family = declared_family(inventory, field.array, None)
        if family is None:
            raise MappingError(f"{known.file}: [fields.{field.name}] {place} holds no dataset {field.array.path}")
        families.append(family)
    return declared_layout(families, len(known.agents))


def _on_names(agents: Sequence[str], place: str, layout: Layout) -> str:
    if agents:
        return f"agents are named as in {place}" if place else ""
    if Axis.AGENT in layout.reference.axes:
        return ""
    return f"agents have no names in the file; they are called agent_0 to agent_{layout.n_agents - 1}, by their slot"
