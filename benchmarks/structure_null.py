"""How often a routing graph has a shape where receivers choose senders independently, and where one is planted.

python benchmarks/structure_null.py [draws]
"""

import sys
from collections.abc import Callable

import numpy as np
import polars as pl

from convscope.routing.structure import graph_structure
from convscope.values.config import AnalysisConfig
from convscope.values.routing import EDGE_TYPES

CONFIG = AnalysisConfig(n_permutations=199)
_COLUMNS = ("sender", "receiver", "weight", "significant")

Draw = Callable[[np.random.Generator, int], np.ndarray]


def independent(rng: np.random.Generator, n_agents: int) -> np.ndarray:
    """Return weights of receivers that draw on one to three senders each, some with more weight than others."""
    weights = rng.exponential(size=(n_agents, n_agents)) * rng.exponential(size=(n_agents, 1))
    for receiver in range(n_agents):
        others = rng.permutation(np.delete(np.arange(n_agents), receiver))
        weights[receiver, others[rng.integers(1, 4) :]] = 0.0
    return weights


def with_hub(rng: np.random.Generator, n_agents: int) -> np.ndarray:
    """Return the same, but four fifths of all receivers draw on the first agent as well."""
    weights = independent(rng, n_agents)
    weights[1:, 0] = np.where(rng.random(n_agents - 1) < 0.8, rng.exponential(size=n_agents - 1), weights[1:, 0])
    return weights


def in_two_camps(rng: np.random.Generator, n_agents: int) -> np.ndarray:
    """Return weights of receivers that draw on three of their own half."""
    weights = np.zeros((n_agents, n_agents))
    for receiver in range(n_agents):
        own = [place for place in range(n_agents) if place % 2 == receiver % 2 and place != receiver]
        weights[receiver, rng.choice(own, size=min(3, len(own)), replace=False)] = rng.exponential(
            size=min(3, len(own))
        )
    return weights


def rates(draw: Draw, n_agents: int, n_draws: int) -> str:
    """Return how often each figure has p at most .05, and hubs are named."""
    names = [f"agent_{place}" for place in range(n_agents)]
    found: list[tuple[bool, ...]] = []
    for number in range(n_draws):
        weights = draw(np.random.default_rng([n_agents, number]), n_agents)
        rows = [
            (names[sender], names[receiver], weights[receiver, sender], bool(weights[receiver, sender] > 0))
            for receiver, sender in np.argwhere(~np.eye(n_agents, dtype=bool)).tolist()
        ]
        edges = pl.DataFrame(rows, schema={name: EDGE_TYPES[name] for name in _COLUMNS}, orient="row")
        structure, _ = graph_structure(edges, names, CONFIG, are_lasting=True)
        if structure is not None:
            figures = (structure.reciprocity, structure.centralisation, structure.modularity)
            found.append((*(each is not None and each.p_value <= 0.05 for each in figures), bool(structure.hubs)))
    return " | ".join(f"{rate:.3f}" for rate in np.mean(found, axis=0))


def main(n_draws: int) -> None:
    """Print a line for each kind of graph and size."""
    print(f"{n_draws} draws, level .05\n")
    print(
        "| graph | agents | reciprocity | centralisation | modularity | hubs |\n| --- | --- | --- | --- | --- | --- |"
    )
    for name, draw in (("independent", independent), ("a hub", with_hub), ("two camps", in_two_camps)):
        for n_agents in (4, 8, 16):
            print(f"| {name} | {n_agents} | {rates(draw, n_agents, n_draws)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
