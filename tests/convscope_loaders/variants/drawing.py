"""Draws worlds and layouts at random."""

import itertools
from dataclasses import replace

from tests.convscope_loaders.variants.layouts import AGENT_LISTS, EPISODES, LEVELS, NAMES, TEAMS, WRITERS, Layout
from tests.convscope_loaders.variants.worlds import make_world

BLOCK_MARKS = ("lengths", "filled", "flags", "none")
FLAT_MARKS = ("starts", "ends", "last-rows", "lengths", "ids", "times", "flags")
FLAT = {"flat", "agents-flat", "fields-flat", "dotted", "agent-first", "agent-last", "numbered"}


def pick(rng, choices):
    return choices[int(rng.integers(len(choices)))]


def draw_layout(rng, shape=None, *, is_plain=False):
    """Draw a layout; a plain one has end flags, observations, the usual order of axes, and agents in a known order."""
    layout = _draw_any(rng, shape)
    if not is_plain:
        return layout
    order = {"blocks": pick(rng, ("ETN", "TEN")), "flat": "SN", "episodes": "TN"}.get(layout.shape, layout.order)
    mark = "flags" if layout.mark == "none" else layout.mark
    flags = pick(rng, ("done", "both", "done-agents", "both-agents"))
    agents = "attribute" if layout.team >= len(TEAMS) - 2 else layout.agents
    return replace(layout, order=order, mark=mark, flags=flags, agents=agents, has_observations=True)


def _draw_any(rng, shape=None):
    layout = _draw_parts(rng, shape)
    # Names under the group of positions alone may be those of anything.
    is_unknown = layout.shape == "joint-actions" and not layout.has_observations and layout.agents == "none"
    return replace(layout, team=0) if is_unknown else layout


def _draw_parts(rng, shape):
    shape = shape or pick(rng, sorted(WRITERS))
    is_block = shape.endswith("blocks")
    is_flat = shape in FLAT or shape.startswith("joint")
    mark = pick(rng, BLOCK_MARKS if is_block else FLAT_MARKS if is_flat else ("whole",))
    flags = pick(rng, ("none", "none", "done", "both", "done-agents", "both-agents", "done-column"))
    if mark == "flags":
        flags = pick(rng, ("done", "both", "done-agents", "both-agents", "done-column"))
    orders = {"blocks": ["".join(o) for o in itertools.permutations("ETN")], "flat": ["SN", "SN", "NS"]}
    orders |= {"episodes": ["TN", "TN", "NT"], "agents-blocks": ["ET", "TE"], "fields-blocks": ["ET", "TE"]}
    called = {meaning: pick(rng, names) for meaning, names in NAMES.items()}
    return Layout(
        shape=shape,
        order=pick(rng, orders.get(shape, ["TN"])),
        mark=mark,
        # Nothing tells a repeated row from a step.
        padding=pick(rng, ("zero", "missing") if mark == "none" else ("zero", "zero", "missing", "last")),
        flags="none" if mark == "none" else flags,
        rewards=pick(rng, ("agents", "agents", "team", "column", "none")),
        agents=pick(rng, ("attribute", "dataset", "none", "none")),
        team=int(rng.integers(len(TEAMS) - 2)) if shape.startswith("agent-") else int(rng.integers(len(TEAMS))),
        episode=int(rng.integers(len(EPISODES))),
        has_final=not is_flat and mark != "none" and bool(rng.integers(4) == 0),
        has_observations=bool(rng.integers(8) > 0),
        has_positions=bool(rng.integers(2)),
        prefix=pick(rng, ("", "", "", "data")),
        levels=pick(rng, ("", "", "", "", *(level for level in LEVELS if level))),
        called=called | {"agents": pick(rng, AGENT_LISTS)},
    )


def draw_worlds(rng, layout, *, is_plain=False):
    """One world for each group of arrays; a plain one has no odd sizes, and numbers that change."""
    n_agents = int(rng.integers(2, 6))
    width = int(rng.integers(4, 20)) if is_plain else pick(rng, (2, 3, 6, 11, n_agents))
    kind = int(rng.integers(2, 10)) if is_plain else int(rng.integers(10))
    n_choices = pick(rng, (2, 5, n_agents))
    worlds = []
    for _ in LEVELS[layout.levels]:
        lengths = [int(n) for n in rng.integers(8, 40, size=int(rng.integers(4, 12)))]
        if not is_plain:
            lengths = _odd_lengths(rng, n_agents)
        worlds.append(
            make_world(
                rng,
                lengths=lengths,
                n_agents=n_agents,
                width=width,
                n_choices=n_choices,
                n_components=2 if kind == 2 and not is_plain else 0,
                is_noise=kind == 1,
                is_constant=kind == 0,
            )
        )
    return worlds


def _odd_lengths(rng, n_agents):
    n_episodes = pick(rng, (1, 2, 3, 4, 6, 8, n_agents))
    longest = pick(rng, (1, 2, 5, 9, 12, 20, n_agents, n_episodes))
    lengths = [int(n) for n in rng.integers(1, longest + 1, size=n_episodes)]
    lengths[int(rng.integers(n_episodes))] = longest
    return lengths
