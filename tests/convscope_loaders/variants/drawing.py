"""Draws worlds and layouts at random."""

import itertools

from tests.convscope_loaders.variants.layouts import AGENT_LISTS, EPISODES, NAMES, TEAMS, WRITERS, Layout
from tests.convscope_loaders.variants.worlds import make_world

BLOCK_MARKS = ("lengths", "filled", "flags")
FLAT_MARKS = ("starts", "ends", "last-rows", "lengths", "ids", "times", "flags")


def pick(rng, choices):
    return choices[int(rng.integers(len(choices)))]


def draw_layout(rng, shape=None):
    shape = shape or pick(rng, sorted(WRITERS))
    is_block = shape.endswith("blocks")
    is_flat = shape in {"flat", "agents-flat", "fields-flat", "dotted"} or shape.startswith("joint")
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
        padding=pick(rng, ("zero", "zero", "missing", "last")),
        flags=flags,
        rewards=pick(rng, ("agents", "agents", "team", "column", "none")),
        agents=pick(rng, ("attribute", "dataset", "none", "none")),
        team=int(rng.integers(len(TEAMS))),
        episode=int(rng.integers(len(EPISODES))),
        has_final=not is_flat and bool(rng.integers(4) == 0),
        has_observations=bool(rng.integers(8) > 0),
        has_positions=bool(rng.integers(2)),
        prefix=pick(rng, ("", "", "", "data")),
        called=called | {"agents": pick(rng, AGENT_LISTS)},
    )


def draw_world(rng, *, is_ragged=True):
    n_agents = int(rng.integers(2, 6))
    n_episodes = pick(rng, (1, 2, 3, 4, 6, 8, n_agents))
    longest = pick(rng, (1, 2, 5, 9, 12, 20, n_agents, n_episodes))
    lengths = [longest] * n_episodes
    if is_ragged and longest > 1:
        lengths = [int(n) for n in rng.integers(1, longest + 1, size=n_episodes)]
        lengths[int(rng.integers(n_episodes))] = longest
    width = pick(rng, (2, 3, 6, 11, n_agents))
    n_choices = pick(rng, (2, 5, n_agents))
    kind = int(rng.integers(10))
    return make_world(
        rng,
        lengths=lengths,
        n_agents=n_agents,
        width=width,
        n_choices=n_choices,
        n_components=2 if kind == 0 else 0,
        is_noise=kind == 1,
        is_constant=kind == 2,
    )
