"""Whether a vault shows that somebody leaves the game, and how."""

from dataclasses import dataclass, replace

from convscope.ingest.container import Container
from convscope_loaders.structure.lexicon import Meaning
from convscope_loaders.structure.views import with_views
from convscope_loaders.vault.alive import AliveView, LifeSigns
from convscope_loaders.vault.container import Vault
from convscope_loaders.vault.layout import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The arrays of a vault, with a view of who is in the game where somebody is not."""

    container: Container
    is_seen: bool
    """Whether there is such a view."""
    assumptions: tuple[str, ...] = ()


def find_life(vault: Vault, tree: Tree) -> Life:
    """Look through masks and flags for agents that are out of the game."""
    flags = tuple(info.path for info in tree.end_flags().values() if len(info.shape) == 2)
    masks = tree.of_agents(Meaning.ACTION_MASK, 3)
    signs = LifeSigns(masks=masks, observations=tree.observations.path, flags=flags)
    looks_dead = masks is not None and _is_anybody_out(vault, replace(signs, flags=()))
    ends_alone = bool(flags) and _is_anybody_out(vault, replace(signs, masks=None))
    if not looks_dead and not ends_alone:
        return Life(container=vault.container, is_seen=False)
    said = (
        ("an agent that sees only zeros and has no legal action but the first is out of the game", looks_dead),
        ("an agent whose end flag is set while others go on is out of the game from the next step on", ends_alone),
    )
    signs = replace(signs, masks=masks if looks_dead else None, flags=flags if ends_alone else ())
    views = [
        AliveView(group=group, signs=signs, shape=(strand.n_rows, tree.n_agents))
        for group, strand in zip(vault.store.groups(), vault.store.strands, strict=True)
    ]
    container = with_views(vault.container, views)
    return Life(container=container, is_seen=True, assumptions=tuple(text for text, holds in said if holds))


def _is_anybody_out(vault: Vault, signs: LifeSigns) -> bool:
    with vault.store.open() as file:
        return not all(
            signs.alive(file, group, start=start, stop=stop).all() for group, start, stop in vault.store.runs()
        )
