"""What the arrays of a vault mean: the trees that OG-MARL and Mava record, as a mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from convscope.ingest.container import ArrayInfo
from convscope.ingest.mapping import ArrayMapping, Axis, Cut, EpisodeMapping, FieldMapping, LogMapping
from convscope.values.fields import ACTIONS, OBSERVATIONS, REWARDS, TEAM_REWARDS
from convscope_loaders.structure.lexicon import MEANING_OF, Meaning
from convscope_loaders.vault.alive import ALIVE
from convscope_loaders.vault.container import Vault

_FRAMEWORKS = {
    "OG-MARL": frozenset({"/observations", "/actions", "/rewards", "/terminals"}),
    "Mava": frozenset({"/observation", "/action", "/reward", "/done"}),
}
_SUFFIX = ".vlt"
_ENDS = (Meaning.TERMINATED, Meaning.TRUNCATED, Meaning.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The arrays of a team's steps, by what they are; paths within the group of an environment."""

    actions: ArrayInfo
    """(row, agent) or (row, agent, value)."""
    observations: ArrayInfo
    """(row, agent, ...)."""
    others: Mapping[Meaning, ArrayInfo]
    """Rewards, flags and masks."""

    @property
    def n_agents(self) -> int:
        """Number of agents."""
        return self.observations.shape[1]

    def of_agents(self, meaning: Meaning, rank: int) -> str | None:
        """Return the path of an array that has a value, or values, for each agent in each row; None for any other."""
        info = self.others.get(meaning)
        is_fit = info is not None and len(info.shape) == rank and info.shape[1] == self.n_agents
        return info.path if info is not None and is_fit else None

    def end_flags(self) -> Mapping[Meaning, ArrayInfo]:
        """Return the end flags of (row) or (row, agent), by their kind."""
        found = {kind: self.others[kind] for kind in _ENDS if kind in self.others}
        return {kind: info for kind, info in found.items() if info.shape[1:] in {(), (self.n_agents,)}}


def find_tree(vault: Vault) -> Tree | None:
    """Return the arrays of a team's steps; None where actions and observations do not share an axis of agents."""
    group = vault.store.groups()[0]
    found: dict[Meaning, ArrayInfo] = {}
    for path, info in vault.inventory.datasets.items():
        inside = path.removeprefix(group) if path.startswith(f"{group}/") else ""
        meaning = MEANING_OF.get(inside.rsplit("/", 1)[-1].lower())
        if inside and meaning is not None:
            found.setdefault(meaning, replace(info, path=inside))
    actions, observations = found.pop(Meaning.ACTION, None), found.pop(Meaning.OBSERVATION, None)
    if actions is None or observations is None or len(observations.shape) < 3 or len(actions.shape) not in {2, 3}:
        return None
    if actions.shape[1] != observations.shape[1]:
        return None
    return Tree(actions=actions, observations=observations, others=found)


def mapping_of(vault: Vault, tree: Tree, *, is_life_seen: bool) -> tuple[LogMapping, tuple[str, ...]]:
    """Return what the arrays mean, as far as the framework fixes it, and what was taken for granted."""
    lead = "" if len(vault.store.strands) == 1 else "/{episode}"
    n_values = len(tree.actions.shape) - 2
    fields = (
        FieldMapping(name=ACTIONS, array=_array(lead, tree.actions.path, Axis.AGENT, *(Axis.VALUE,) * n_values)),
        FieldMapping(name=OBSERVATIONS, array=_array(lead, tree.observations.path, Axis.AGENT, Axis.VALUE)),
    )
    said = (
        "all episodes are taken for one run's: a vault tells neither training runs nor checkpoints apart",
        "the vault does not keep what was observed after the last step of an episode",
    )
    rewards, rewards_said = _rewards(vault, tree, lead)
    episodes, ends_said = _episodes(tree, lead)
    mapping = LogMapping(
        fields=(*fields, *rewards),
        episodes=episodes,
        alive=_array(lead, ALIVE, Axis.AGENT) if is_life_seen else None,
        environment=vault.metadata.environment or _scenario(vault.store.folder),
        framework=_framework(vault),
    )
    return mapping, (*vault.assumptions, *said, *rewards_said, *ends_said)


def _array(lead: str, path: str, *axes: Axis) -> ArrayMapping:
    return ArrayMapping(path=f"{lead}{path}", axes=(Axis.ROW, *axes))


def _rewards(vault: Vault, tree: Tree, lead: str) -> tuple[tuple[FieldMapping, ...], tuple[str, ...]]:
    path = tree.of_agents(Meaning.REWARD, 2)
    if path is None:
        return (), ()
    array = _array(lead, path, Axis.AGENT)
    if tree.n_agents == 1 or not _is_shared(vault, path):
        return (FieldMapping(name=REWARDS, array=array),), ()
    said = "the rewards of all agents are the same in every row: they are copies of the team's"
    return (FieldMapping(name=TEAM_REWARDS, array=replace(array, take=(0,))),), (said,)


def _is_shared(vault: Vault, path: str) -> bool:
    """Whether all agents get the same in every row."""
    with vault.store.open() as file:
        blocks = (file.read(f"{group}{path}", start, stop) for group, start, stop in vault.store.runs())
        return all(np.array_equal(block, np.repeat(block[:, :1], block.shape[1], axis=1)) for block in blocks)


def _episodes(tree: Tree, lead: str) -> tuple[EpisodeMapping | None, tuple[str, ...]]:
    arrays = {
        kind: _array(lead, info.path, *(Axis.AGENT,) * (len(info.shape) - 1)) for kind, info in tree.end_flags().items()
    }
    terminated, truncated = arrays.get(Meaning.TERMINATED), arrays.get(Meaning.TRUNCATED)
    if not arrays:
        return None, ()
    of_unknown_kind = terminated is None and truncated is None
    what = "a termination or a truncation" if terminated is not None and truncated is not None else "an end flag"
    episodes = EpisodeMapping(
        cut=Cut.FLAGS,
        array=arrays.get(Meaning.DONE) if of_unknown_kind else None,
        terminated=terminated,
        truncated=truncated,
    )
    said = f"an episode ends in the row in which every agent has {what}; the next row begins another"
    more = ("its end flags mark time limits as well as ends of the task",) if of_unknown_kind else ()
    return episodes, (said, *more)


def _framework(vault: Vault) -> str:
    group = vault.store.groups()[0]
    held = {path.removeprefix(group) for path in vault.inventory.datasets}
    return next((name for name, paths in _FRAMEWORKS.items() if paths <= held), "Flashbax")


def _scenario(folder: Path) -> str | None:
    """Return the name of the vault that a folder belongs to, which OG-MARL gives after the scenario."""
    return next((name.removesuffix(_SUFFIX) for name in folder.absolute().parts[::-1] if name.endswith(_SUFFIX)), None)
