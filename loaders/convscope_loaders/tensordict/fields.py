"""From the arrays of a TensorDict to a complete mapping."""

from collections.abc import Sequence
from dataclasses import replace

from convscope.errors import LogFormatError
from convscope.ingest.container import ArrayReader
from convscope.ingest.mapping import Axis, EpisodeMapping, FieldMapping, LogMapping, RoleMapping
from convscope.values import fields as names
from convscope.values.header import Notice, left_out
from convscope_loaders.structure.build import Reading
from convscope_loaders.structure.clues import Clues
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.layout import Layout, declared_layout
from convscope_loaders.structure.meanings import FieldFinder
from convscope_loaders.tensordict.actions import is_one_hot
from convscope_loaders.tensordict.catalog import Catalog
from convscope_loaders.tensordict.present import path_of
from convscope_loaders.tensordict.status import find_status
from convscope_loaders.tensordict.tree import NEXT, REWARD, ROLE, Tree

FRAMEWORK = "torchrl"


def read_fields(
    file: ArrayReader, catalog: Catalog, episodes: EpisodeMapping, *, said: Sequence[str], place: str
) -> Reading:
    """Return the complete mapping.

    Parameters
    ----------
    file
        Open view.
    catalog
        What it holds.
    episodes
        How rows are cut into episodes.
    said
        What was taken for granted so far.
    place
        The file, for errors.
    """
    tree, inventory = catalog.tree, catalog.presented.inventory
    sampler = Sampler(file)
    clues = Clues(
        inventory=inventory,
        families=tuple(catalog.families(sampler)),
        layout=_layout(catalog, place),
        sampler=sampler,
        names=(),
        place=place,
    )
    found = FieldFinder(clues=clues, n_entities=0, taken=frozenset({names.ACTIONS})).find()
    action, on_action = _action(file, catalog)
    fields = (action, *_completed(found.fields, catalog))
    status = find_status(file, catalog)
    mapping = LogMapping(
        fields=fields,
        episodes=episodes,
        agents=tuple(name for group in tree.groups for name in group.agents()),
        roles=_roles(catalog),
        alive=status.alive,
        acting=status.acting,
        framework=FRAMEWORK,
    )
    told = (_on_names(tree), *on_action, *said, *found.assumptions, *_on_rows(fields, tree), *status.assumptions)
    return Reading(
        may_show_resets=False,
        mapping=mapping,
        assumptions=tuple(dict.fromkeys(told)),
        notices=(*inventory.notices, *found.notices, *_left_out(tree)),
    )


def _layout(catalog: Catalog, place: str) -> Layout:
    action = catalog.action()
    found = declared_layout((action,), catalog.n_agents)
    if found is None:
        raise LogFormatError(f"{place}: {action.template.text} {action.first.shape} has no axis of rows")
    return found


def _action(file: ArrayReader, catalog: Catalog) -> tuple[FieldMapping, tuple[str, ...]]:
    family = catalog.action()
    is_hot = family.declared[-1] is Axis.VALUE and all(is_one_hot(file, info) for info, _ in family.members)
    return FieldMapping(
        name=names.ACTIONS,
        array=catalog.array(family.template.text.removeprefix(catalog.template), family.declared),
        is_one_hot=is_hot,
        widths=() if is_hot else catalog.widths("/action"),
    ), ((f"{family.template.text} is one-hot: the place of the one is the action",) if is_hot else ())


def _completed(fields: Sequence[FieldMapping], catalog: Catalog) -> list[FieldMapping]:
    """Add where the value after each step stands, and how many values each agent has."""
    next_paths = {} if catalog.template else catalog.next_paths()
    width_of = {
        f"{catalog.template}{path_of(catalog.tree, key)}": catalog.widths(key) for key in catalog.tree.of_groups
    }
    return [
        replace(field, next_path=next_paths.get(field.array.path, ""), widths=width_of.get(field.array.path, ()))
        for field in fields
    ]


def _roles(catalog: Catalog) -> RoleMapping | None:
    if ROLE not in catalog.tree.of_groups:
        return None
    path = path_of(catalog.tree, ROLE)
    info = catalog.info(path)
    n_lead = len(catalog.container) + 1
    if not info.is_whole or info.shape[n_lead:] not in {(), (1,)}:
        return None
    return RoleMapping(array=catalog.array(path, (*catalog.container, Axis.AGENT)))


def _on_names(tree: Tree) -> str:
    groups = ", ".join(f"{group.path.strip('/')} ({group.n_agents})" for group in tree.groups)
    return f"agents have no names in the file; they are called after their groups and slots: {groups}"


def _on_rows(fields: Sequence[FieldMapping], tree: Tree) -> tuple[str, ...]:
    said: list[str] = []
    if any(field.next_path for field in fields):
        said.append(
            f"what stands beside the action is as the step began; the same under {NEXT} is how the next row "
            "begins, so that it is read after the last step alone"
        )
    if any(f"{NEXT}{REWARD}" in keys and REWARD in keys for keys in (tree.of_groups, tree.shared)):
        said.append(f"the reward of a step is the one under {NEXT}; the one beside the action came before")
    joined = [key for key, paths in tree.of_groups.items() if any(len(own) > 1 for own in paths) and NEXT not in key]
    said += [f"the parts of {key.strip('/')} stand side by side, in numbered order" for key in joined]
    return tuple(said)


def _left_out(tree: Tree) -> tuple[Notice, ...]:
    what = "entries that are no numbers, or lack the batch dimensions"
    return left_out(tree.left_out, what, code="left-out-arrays")
