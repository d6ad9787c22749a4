"""Where exchanges of roles are found, beside a hidden Markov model that was given its true parameters.

The game is simulated, so that the chance of each action under each role is known to the digit. One model follows each
agent by itself, with the true roles, start and rate of change; another follows both agents that exchange, together.

Usage: python benchmarks/segments_oracle.py DRAWS FIRST_SEED
"""

import sys

import numpy as np
from segments_null import SIZE, TEAM, changes_of, located

from convscope.randomness import generator
from convscope.roles.segments.chain import Chain, best_paths
from convscope.simulate.switching import Circumstances, Scripted, action_chances, kept, scripted, swapped
from convscope.values.arrays import FloatArray, IntArray

PAIR = (0, 1)


def true_evidence(made: Scripted) -> FloatArray:
    """Return the log-chance of each action under each role, shape (E, N, T, roles)."""
    (block,) = made.log.blocks(frozenset({"actions", "positions", "entity_positions"}), max_bytes=1 << 40)
    n_episodes, n_steps, n_agents = made.role.shape
    action = block.columns["actions"].reshape(n_episodes, n_steps, n_agents).astype(np.int64)
    place = block.columns["positions"].reshape(n_episodes, n_steps, n_agents, 2)
    thing = block.columns["entity_positions"].reshape(n_episodes, n_steps, 1, 2)
    found = np.empty((n_episodes, n_agents, n_steps, len(TEAM)))
    for step in range(n_steps):
        for role in TEAM:
            played = np.full((n_episodes, n_agents), role)
            chances = action_chances(played, place[:, step], thing[:, step], step=step, how=Circumstances())
            mine = np.take_along_axis(chances, action[:, step, :, np.newaxis], axis=2)[..., 0]
            found[:, :, step, role] = np.log(mine)
    return found


def alone(evidence: FloatArray, role: IntArray) -> IntArray:
    """Follow each agent by itself with its true start and transitions, shape (E, T, N)."""
    n_episodes, n_steps, n_agents = role.shape
    state = np.empty_like(role)
    for agent in range(n_agents):
        mine = role[:, :, agent]
        counts = np.zeros((len(TEAM), len(TEAM)))
        np.add.at(counts, (mine[:, :-1], mine[:, 1:]), 1.0)
        n = counts.sum(axis=1, keepdims=True)
        transition = np.where(n > 0, counts / np.maximum(n, 1.0), np.eye(len(TEAM)))
        start = np.tile(np.bincount(mine[:, 0], minlength=len(TEAM)) / n_episodes, (n_episodes, 1))
        chain = Chain(start=start, transition=transition)
        state[:, :, agent] = best_paths(evidence[:, agent], np.full(n_episodes, n_steps), chain).state
    return state


def together(evidence: FloatArray, role: IntArray) -> IntArray:
    """Follow both agents that exchange together, with the true rate, shape (E, T, N)."""
    n_episodes, n_steps, _ = role.shape
    own = evidence[:, PAIR[0], :, PAIR[0]] + evidence[:, PAIR[1], :, PAIR[1]]
    other = evidence[:, PAIR[0], :, PAIR[1]] + evidence[:, PAIR[1], :, PAIR[0]]
    rate = float((role[:, 1:, PAIR[0]] != role[:, :-1, PAIR[0]]).mean())
    chain = Chain(start=np.array([[1.0, 0.0]] * n_episodes), transition=np.array([[1 - rate, rate], [0.0, 1.0]]))
    is_exchanged = best_paths(np.stack([own, other], axis=2), np.full(n_episodes, n_steps), chain).state
    state = np.broadcast_to(np.array(TEAM), role.shape).copy()
    for agent, swap in (PAIR, PAIR[::-1]):
        state[:, :, agent] = np.where(is_exchanged == 1, swap, agent)
    return state


def main() -> None:
    """Print the shares of changed units located, and of others left whole, of the three."""
    n_draws, seed = int(sys.argv[1]), int(sys.argv[2])
    shares: list[list[tuple[float, float]]] = []
    for draw in range(seed, seed + n_draws):
        rng = generator(draw, "oracle")
        made = scripted(swapped(kept(*SIZE, TEAM), PAIR, rng), rng)
        evidence = true_evidence(made)
        states = changes_of(made, rng)[1], alone(evidence, made.role), together(evidence, made.role)
        shares.append([located(made.role, state) for state in states])
    for name, (changed, whole) in zip(("found", "true, alone", "true, together"), np.mean(shares, axis=0), strict=True):
        print(f"{name}: changed units located {changed:.3f}, others whole {whole:.4f} ({n_draws} draws)")


if __name__ == "__main__":
    main()
