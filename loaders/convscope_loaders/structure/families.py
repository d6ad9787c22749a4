"""Datasets that differ only in a run, checkpoint, condition, episode or agent, folded into one template each."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from convscope.ingest.container import ArrayInfo, Inventory
from convscope.ingest.mapping import ArrayMapping, Axis
from convscope_loaders.structure.levels import Levels
from convscope_loaders.structure.lexicon import Meaning, meaning_of
from convscope_loaders.structure.templates import Cell, PathValues, Template, cell_of, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The datasets of one template."""

    template: Template
    meaning: Meaning | None
    """None where no part of the path says anything."""
    key: str
    """Name of what remains of the path, for fields that only this log knows, such as ``held``."""
    is_next: bool
    """Whether it holds what follows the step, as in ``next/reward``."""
    members: tuple[tuple[ArrayInfo, PathValues], ...]
    declared: tuple[Axis, ...] = ()
    """Axes of the arrays where a mapping declares them; empty where they are to be inferred."""
    by_cell: Mapping[Cell, Sequence[ArrayInfo]] = field(init=False, repr=False)
    """The datasets of each group of arrays."""
    first: ArrayInfo = field(init=False, repr=False)
    """The first one of the usual number of axes."""

    def __post_init__(self) -> None:
        by_cell: dict[Cell, list[ArrayInfo]] = defaultdict(list)
        for info, values in self.members:
            by_cell[cell_of(values)].append(info)
        object.__setattr__(self, "by_cell", by_cell)
        object.__setattr__(self, "first", _usual(self.members))

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Axes in the path."""
        return self.template.axes

    @property
    def rank(self) -> int:
        """Number of array axes."""
        return len(self.first.shape)


def fold(
    inventory: Inventory, agent_names: Sequence[str], declared: Sequence[str] = ()
) -> tuple[tuple[Family, ...], Levels]:
    """Fold the datasets of a file.

    Parameters
    ----------
    inventory
        What the file holds.
    agent_names
        Names that the file lists elsewhere; groups called so are agents.
    declared
        Path templates of a mapping.

    Returns
    -------
    families
        In the order of their first members.
    levels
        How the paths were understood.
    """
    levels = Levels(inventory, agent_names, declared)
    members: dict[str, list[tuple[ArrayInfo, PathValues]]] = defaultdict(list)
    for path, info in inventory.datasets.items():
        text, values = levels.fold(path)
        members[text].append((info, values))
    families = tuple(_family(text, found) for text, found in members.items())
    return tuple(_with_mask_told(family, families) for family in families), levels


def declared_family(inventory: Inventory, array: ArrayMapping, meaning: Meaning | None) -> Family | None:
    """Return the datasets that a mapping declares; None where the file holds none of them."""
    template = Template(text=array.path)
    members = tuple((inventory.datasets[path], values) for path, values in matches(template, inventory.datasets))
    if not members:
        return None
    key = array.path.rsplit("/", 1)[1]
    return Family(
        template=template,
        meaning=meaning,
        key=key,
        is_next=False,
        members=members,
        declared=array.axes,
    )


def pick(families: Sequence[Family], *meanings: Meaning) -> Family | None:
    """Return the family of a meaning with the most members, the first of several."""
    for meaning in meanings:
        found = [family for family in families if family.meaning is meaning and not family.first.is_text]
        if found:
            return max(found, key=lambda family: len(family.members))
    return None


def followed_path(text: str) -> str:
    """Return the path of what an array of the next step follows, as ``/obs`` for ``/next/obs`` and ``/next_obs``."""
    parts = [".".join(filter(None, map(_followed, part.split(".")))) for part in text.strip("/").split("/")]
    return "/" + "/".join(filter(None, parts))


def _followed(part: str) -> str:
    return FOLLOWED.get(part.lower(), part)


def _with_mask_told(family: Family, families: Sequence[Family]) -> Family:
    """Tell by its axes what a mask is of: choices, agents that are there, or steps that happened."""
    actions = pick(families, Meaning.ACTION, Meaning.ACTION_ONE_HOT)
    if family.key.lower() not in MASK_NAMES or actions is None:
        return family
    more = _n_axes(family) - _n_axes(actions)
    return replace(family, meaning=Meaning.FILLED if more < 0 else Meaning.ALIVE if more == 0 else Meaning.ACTION_MASK)


MASK_NAMES = frozenset({"mask", "masks"})
"""Names that choices, agents, steps and ends share."""


def _n_axes(family: Family) -> int:
    shape = family.first.shape
    return len(shape) - (shape[-1:] == (1,)) + (Axis.AGENT in family.axes)


def _family(text: str, members: list[tuple[ArrayInfo, Mapping[Axis, str]]]) -> Family:
    parts = tuple(part for piece in text.strip("/").split("/") for part in piece.split("."))
    literal = [part for part in parts if not part.startswith("{")]
    is_next = any(part.lower() in FOLLOWED for part in parts) or parts[-1].lower().endswith("_next")
    return Family(
        template=Template(text=text),
        meaning=meaning_of(parts),
        key="_".join(literal[_field_start(literal) :]) or "_".join(literal),
        is_next=is_next,
        members=tuple(members),
    )


FOLLOWED = {
    "next": "",
    "next_obs": "obs",
    "obs_next": "obs",
    "new_obs": "obs",
    "next_observation": "observation",
    "next_observations": "observations",
    "next_state": "state",
    "next_states": "states",
}
"""Names of what follows a step, and of what it follows."""


def _usual(members: Sequence[tuple[ArrayInfo, PathValues]]) -> ArrayInfo:
    kinds = Counter((len(info.shape), info.is_text) for info, _ in members)
    usual = max(kinds, key=lambda kind: kinds[kind])
    return next(info for info, _ in members if (len(info.shape), info.is_text) == usual)


_BUNDLES = frozenset({"info", "infos", "data", "steps", "agents", "transition_data", "step_data", "extra", "env"})


def _field_start(literal: list[str]) -> int:
    bundles = [place for place, part in enumerate(literal[:-1]) if part.lower() in _BUNDLES]
    return bundles[-1] + 1 if bundles else max(len(literal) - 1, 0)
