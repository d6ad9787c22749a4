"""From what a file holds to a complete mapping, with every assumption in words."""

from collections.abc import Sequence
from dataclasses import replace

from convscope.errors import MappingError
from convscope.ingest.container import ArrayReader, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis, LogMapping, RoleMapping
from convscope.ingest.names import in_numbered_order
from convscope.values.fields import ACTIONS
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.cuts import CutFinder
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.families import Family, declared_family, fold
from convscope_loaders.structure.flags import EndFlags
from convscope_loaders.structure.frameworks import framework_of
from convscope_loaders.structure.layout import Layout, declared_layout
from convscope_loaders.structure.levels import Levels
from convscope_loaders.structure.lexicon import Meaning, stem_of
from convscope_loaders.structure.meanings import FieldFinder
from convscope_loaders.structure.names import agent_names, attribute_list, sole_attribute, text_table
from convscope_loaders.structure.readings import open_levels
from convscope_loaders.structure.search import find_layout
from convscope_loaders.structure.shapes import axes_of, entity_count, is_unslotted, static_axes
from convscope_loaders.structure.templates import Template, matches

_ENVIRONMENT = ("environment", "env", "env_name", "env_id")
_FRAMEWORK = ("framework", "framework_style", "library")
_ROLE_NAMES = ("role_names", "roles", "role_labels", "declared_roles")
_ROLES_OF_AGENTS = ("agent_roles", "declared_roles", "declared", "roles")


def infer(inventory: Inventory, file: ArrayReader, declared: LogMapping | None, *, place: str) -> Reading:
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

    Raises
    ------
    AmbiguousLogError
        If the file can be read in more than one way.
    LogFormatError
        If nothing in it looks like steps of agents.
    """
    known = declared or LogMapping()
    # What a loader knows without a mapping file it says itself.
    by_mapping = "the mapping" if known.file is not None else ""
    names, names_place = (known.agents, by_mapping) if known.agents else agent_names(inventory, file)
    families, levels = _families(inventory, names, known)
    sampler = Sampler(file)
    numbers = [family for family in families if not family.first.is_text and not family.first.columns]
    found = _declared_layout(inventory, known, place) or find_layout(numbers, names, sampler, place=place)
    layout = replace(found, knows_slots=_knows_slots(numbers, names))
    search = CutFinder(families=numbers, layout=layout, sampler=sampler, place=place)
    episodes, cut_said = search.find() if known.episodes is None else (known.episodes, ())
    leaves, leaves_said = _leaves(numbers, layout, sampler, place=place) if known.leaves is None else (None, ())
    finder = FieldFinder(
        inventory=inventory,
        families=[f for f in families if known.alive is None or f.meaning is not Meaning.ALIVE],
        layout=layout,
        sampler=sampler,
        n_entities=entity_count(families, layout),
        place=place,
        taken=frozenset(field.name for field in known.fields),
    )
    fields = finder.find()
    roles, role_said = _roles(inventory, families, layout, names=names) if known.roles is None else (known.roles, ())
    is_listed = len(names) == layout.n_agents or known.agents
    agents, agents_place = (names, names_place) if is_listed else (_in_paths(families, layout), "their own paths")
    mapping = LogMapping(
        fields=(*known.fields, *fields.fields),
        episodes=episodes,
        agents=agents,
        teams=known.teams,
        roles=roles,
        alive=known.alive or fields.alive,
        alive_values=known.alive_values or (() if known.alive else fields.alive_values),
        leaves=known.leaves or leaves,
        environment=known.environment or sole_attribute(inventory, _ENVIRONMENT),
        framework=known.framework or sole_attribute(inventory, _FRAMEWORK) or framework_of(inventory),
        file=known.file,
        sha256=known.sha256,
    )
    named = (_on_names(agents, agents_place, layout),)
    if levels.open:
        raise open_levels(levels.open, mapping, place=place)
    told = (*levels.assumptions, *named, *layout.assumptions, *cut_said, *leaves_said, *fields.assumptions, *role_said)
    return Reading(
        mapping=mapping,
        assumptions=tuple(dict.fromkeys(sentence for sentence in told if sentence)),
        notices=(*inventory.notices, *fields.notices),
    )


def _in_paths(families: Sequence[Family], layout: Layout) -> tuple[str, ...]:
    """Return the names in paths where the actions have an axis of agents and others name them."""
    in_paths = {values[Axis.AGENT] for family in families for _, values in family.members if Axis.AGENT in values}
    is_joint = layout.has_agent_axis and not layout.has_groups and len(in_paths) == layout.n_agents
    is_named = not all(part.isdecimal() for part in in_paths)
    return in_numbered_order(in_paths) if is_joint and is_named and layout.knows_slots else ()


def _knows_slots(families: Sequence[Family], names: Sequence[str]) -> bool:
    """Whether agents that paths name have an order: that of a list, or of their numbers."""
    in_paths = {values[Axis.AGENT] for family in families for _, values in family.members if Axis.AGENT in values}
    stems = {stem_of(name) for name in in_paths}
    is_counted = len({stem for stem, _ in stems}) == 1 and all(number for _, number in stems)
    return is_counted or in_paths <= set(names)


def _leaves(
    families: Sequence[Family], layout: Layout, sampler: Sampler, *, place: str
) -> tuple[ArrayMapping | None, tuple[str, ...]]:
    found = EndFlags(families=families, layout=layout, sampler=sampler, place=place).leaves()
    axes = None if found is None else axes_of(found, layout)
    if found is None or axes is None or is_unslotted(found, axes, layout):
        return None, ()
    said = f"an agent is out of the game after its end flag in {found.template.text}"
    return ArrayMapping(path=found.template.text, axes=axes), (said,)


def _families(inventory: Inventory, names: Sequence[str], known: LogMapping) -> tuple[tuple[Family, ...], Levels]:
    """Fold what no mapping declares."""
    arrays = [field.array for field in known.fields] + [known.alive, known.leaves, known.roles and known.roles.array]
    templates = [array.path for array in arrays if array is not None]
    templates += [field.next_path for field in known.fields if field.next_path]
    families, levels = fold(inventory, names, templates)
    texts = (*templates, *known.ignore)
    declared = {path for text in texts for path, _ in matches(Template(text=text), inventory.datasets)}
    return tuple(family for family in families if family.first.path not in declared), levels


def _declared_layout(inventory: Inventory, known: LogMapping, place: str) -> Layout | None:
    ordered = sorted(known.fields, key=lambda field: field.name != ACTIONS)
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


def _roles(
    inventory: Inventory, families: Sequence[Family], layout: Layout, *, names: Sequence[str]
) -> tuple[RoleMapping | None, tuple[str, ...]]:
    listed, listed_place = attribute_list(inventory, _ROLE_NAMES)
    for family in families:
        if family.meaning is not Meaning.ROLE or family.is_next or family.first.is_text:
            continue
        axes = static_axes(family, layout) if axes_of(family, layout) is None else axes_of(family, layout)
        if axes is None and Axis.AGENT in family.axes and family.rank <= 1:
            axes = (Axis.EPISODE,) if family.rank else ()
        if axes is None or not (Axis.AGENT in axes or Axis.AGENT in family.axes):
            continue
        if is_unslotted(family, axes, layout):
            continue
        array = ArrayMapping(path=family.template.text, axes=axes)
        named = f", named by {listed_place}" if listed else ""
        return RoleMapping(array=array, names=listed), (f"{family.template.text} holds declared roles{named}",)
    return _roles_of_agents(inventory, names, layout)


def _roles_of_agents(
    inventory: Inventory, names: Sequence[str], layout: Layout
) -> tuple[RoleMapping | None, tuple[str, ...]]:
    for key in _ROLES_OF_AGENTS:
        table = text_table(inventory.attributes.get("/", {}).get(key))
        if table and set(table) & set(names):
            return RoleMapping(of_agent=table), (f"/@{key} holds the declared role of each agent",)
    listed, place = attribute_list(inventory, _ROLES_OF_AGENTS)
    if names and len(listed) == len(names) == layout.n_agents:
        said = f"{place} holds the declared role of each agent, in their order"
        return RoleMapping(of_agent=dict(zip(names, listed, strict=True))), (said,)
    return None, ()
