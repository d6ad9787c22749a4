"""How often a team of equal agents is called diverse, and how often the interval holds what is to be expected.

Usage: python benchmarks/diversity_null.py [DRAWS] [AGENTS] [EPISODES]
"""

import sys
from collections import defaultdict
from collections.abc import Callable

import numpy as np

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.memory import log_from_arrays
from convscope.randomness import generator
from convscope.roles.diversity.reading import DiversityFold
from convscope.roles.diversity.study import team_diversity
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.diversity import Diversity, DiversityFigure, DiversityMeasure
from convscope.values.status import Status

N_STEPS = 25
N_ACTIONS = 5
ALPHA = 0.05

Columns = dict[str, FloatArray]
"""Each (E, T, N, ...)."""


def random_policies(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """Every agent takes even random actions."""
    return _columns(rng, np.full((n_episodes, n_agents, N_ACTIONS), 1 / N_ACTIONS))


def moody_policies(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """Agents draw their mix of actions anew in each episode, from one skewed law: few episodes, large differences."""
    return _columns(rng, rng.dirichlet(np.full(N_ACTIONS, 0.3), size=(n_episodes, n_agents)))


def redrawn_roles(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """In each episode one agent, drawn anew, is a specialist: diverse within episodes, the same over them."""
    mixes = np.full((n_episodes, n_agents, N_ACTIONS), 1 / N_ACTIONS)
    mixes[np.arange(n_episodes), rng.integers(n_agents, size=n_episodes)] = np.eye(N_ACTIONS)[0]
    return _columns(rng, mixes)


def one_specialist(rng: np.random.Generator, n_agents: int, n_episodes: int) -> Columns:
    """Let the first agent take action 0 four times in ten, others twice: .2 apart."""
    mixes = np.full((n_episodes, n_agents, N_ACTIONS), 1 / N_ACTIONS)
    mixes[:, 0] = [0.4, 0.15, 0.15, 0.15, 0.15]
    return _columns(rng, mixes)


EQUAL: tuple[Callable[[np.random.Generator, int, int], Columns], ...] = (
    random_policies,
    moody_policies,
    redrawn_roles,
)


def _columns(rng: np.random.Generator, mixes: FloatArray) -> Columns:
    n_episodes, n_agents = mixes.shape[:2]
    draws = rng.uniform(size=(n_episodes, N_STEPS, n_agents, 1))
    actions = (draws > np.cumsum(mixes, axis=2)[:, np.newaxis]).sum(axis=3).clip(0, N_ACTIONS - 1).astype(np.float64)
    moves = np.array([[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1]])[actions.astype(np.int64)]
    start = rng.uniform(-3, 3, size=(n_episodes, 1, n_agents, 2))
    rewards = (rng.uniform(size=actions.shape) < 0.1) * (1.0 + actions)
    return {"actions": actions[..., np.newaxis], "positions": start + np.cumsum(moves, axis=1), "rewards": rewards}


def _diversity(columns: Columns, rng: np.random.Generator, *, seed: int) -> Diversity:
    n_episodes, n_steps, n_agents = columns["rewards"].shape
    rows = {name: values.reshape(n_episodes * n_steps, *values.shape[2:]) for name, values in columns.items()}
    # One agent in three episodes of ten is out of the game from some step on.
    status = np.full((n_episodes, n_steps, n_agents), int(Status.ACTING), dtype=np.uint8)
    for episode in np.flatnonzero(rng.uniform(size=n_episodes) < 0.3).tolist():
        status[episode, int(rng.integers(1, n_steps)) :, int(rng.integers(n_agents))] = Status.DEAD
    names = tuple(f"agent_{i}" for i in range(n_agents))
    log = log_from_arrays(rows, [n_steps] * n_episodes, names, status=status.reshape(-1, n_agents))
    config = AnalysisConfig(seed=seed, n_permutations=199)
    with open_executor(1) as executor:
        (read,) = run_folds(log, [DiversityFold(log, config, names)], executor=executor, max_bytes=32 << 20)
    return team_diversity(log, read, config)


def main() -> None:
    """Print rates of p <= .05 for equal agents, then power and coverage for a planted difference."""
    n_draws, n_agents, n_episodes = (int(a) for a in (*sys.argv[1:], *("100", "4", "40")[len(sys.argv) - 1 :]))
    for kind in (*EQUAL, one_specialist):
        found: dict[DiversityMeasure, list[DiversityFigure]] = defaultdict(list)
        for draw in range(n_draws):
            rng = generator(draw, kind.__name__)
            for each in _diversity(kind(rng, n_agents, n_episodes), rng, seed=draw).figures:
                found[each.measure].append(each)
        for measure, figures in found.items():
            print(f"{kind.__name__}, {measure.value}: {_summary(figures)}", flush=True)


def _summary(figures: list[DiversityFigure]) -> str:
    rate = np.mean([each.p_value <= ALPHA for each in figures])
    value, chance, floor = (np.mean([getattr(each, name) for each in figures]) for name in ("value", "null", "floor"))
    # What is to be expected of as many episodes.
    covered = np.mean([each.interval[0] <= value <= each.interval[1] for each in figures])
    return (
        f"p <= .05 in {rate:.3f} of {len(figures)}; value {value:.3f}, chance {chance:.3f}, same agents {floor:.3f}; "
        f"interval holds the mean value in {covered:.3f}"
    )


if __name__ == "__main__":
    main()
