"""The arrays of a view by key, and what each is about."""

from collections.abc import Iterator
from dataclasses import dataclass

from convscope.ingest.container import ArrayInfo
from convscope.ingest.mapping import ArrayMapping, Axis
from convscope_loaders.structure.evidence import Sampler
from convscope_loaders.structure.families import Family
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.templates import Template, matches
from convscope_loaders.tensordict.keys import axes_of, is_field, is_readable_pair, meaning_of_key, name_of
from convscope_loaders.tensordict.present import Presented, path_of
from convscope_loaders.tensordict.tree import ACTION, NEXT, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What a view holds of one TensorDict, or of several that are alike."""

    presented: Presented
    tree: Tree
    container: tuple[Axis, ...]
    """Leading axes of the view's arrays."""
    template: str = ""
    """Prefix of all paths of the view, such as ``/{episode}``."""
    prefixes: tuple[str, ...] = ("",)
    """What it stands for, at least one."""

    @property
    def n_agents(self) -> int:
        """Of all groups together."""
        return sum(group.n_agents for group in self.tree.groups)

    def info(self, path: str) -> ArrayInfo:
        """Return an array of the first TensorDict, by its path without a prefix."""
        return self.presented.inventory.datasets[f"{self.prefixes[0]}{path}"]

    def array(self, path: str, axes: tuple[Axis, ...]) -> ArrayMapping:
        """Return an array of all TensorDicts."""
        return ArrayMapping(path=f"{self.template}{path}", axes=axes)

    def action(self) -> Family:
        """Return the actions."""
        path = path_of(self.tree, ACTION)
        axes = axes_of(self.info(path), None, self.container, n_agents=self.n_agents, is_shared=False)
        return self._family(ACTION, path, axes=axes, meaning=None)

    def families(self, sampler: Sampler) -> Iterator[Family]:
        """Return all arrays that are fields, but the actions.

        Parameters
        ----------
        sampler
            Reads what tells receivers from senders.
        """
        of_groups = [
            (key, path_of(self.tree, key)) for key in self.tree.of_groups if is_field(key, self.tree.of_groups)
        ]
        for key, path in of_groups:
            yield self._found(key, path, sampler, is_shared=False)
        for path in self.tree.shared:
            if is_field(path, self.tree.shared):
                yield self._found(path, path, sampler, is_shared=True)

    def widths(self, key: str) -> tuple[int, ...]:
        """Return how many values each agent has; empty where all have the same number."""
        joined = self.presented.joined.get(f"{self.prefixes[0]}{path_of(self.tree, key)}")
        parts = () if joined is None else joined.parts
        widths = tuple(width for part in parts for width in (part.width,) * part.n_agents)
        return widths if len(set(widths)) > 1 else ()

    def next_paths(self) -> dict[str, str]:
        """Return where the values after each step stand, by the path of those before it."""
        keys = self.tree.of_groups
        pairs = [
            (path_of(self.tree, key), path_of(self.tree, f"{NEXT}{key}")) for key in keys if f"{NEXT}{key}" in keys
        ]
        pairs += [(path, f"{NEXT}{path}") for path in self.tree.shared if f"{NEXT}{path}" in self.tree.shared]
        return {path: after for path, after in pairs if self.info(path).shape == self.info(after).shape}

    def _found(self, key: str, path: str, sampler: Sampler, *, is_shared: bool) -> Family:
        is_discrete = self.info(path_of(self.tree, ACTION)).is_whole
        meaning = meaning_of_key(key, is_shared=is_shared, is_discrete=is_discrete)
        axes = self._axes(path, meaning, is_shared=is_shared)
        if is_readable_pair(sampler, self.info(path), axes):
            return self._family(key, path, axes=axes, meaning=meaning)
        return self._family(key, path, axes=self._axes(path, None, is_shared=is_shared), meaning=None)

    def _axes(self, path: str, meaning: Meaning | None, *, is_shared: bool) -> tuple[Axis, ...]:
        return axes_of(self.info(path), meaning, self.container, n_agents=self.n_agents, is_shared=is_shared)

    def _family(self, key: str, path: str, *, axes: tuple[Axis, ...], meaning: Meaning | None) -> Family:
        datasets = self.presented.inventory.datasets
        template = Template(text=f"{self.template}{path}")
        found = matches(template, datasets) if self.template else ((path, {}),)
        return Family(
            template=template,
            meaning=meaning,
            key=name_of(key),
            is_next=False,
            members=tuple((datasets[at], values) for at, values in found),
            declared=axes,
        )
