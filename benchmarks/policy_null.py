"""How often agents are told apart by policy where they share one, and where they do not.

Usage: python benchmarks/policy_null.py [DRAWS] [EPISODES] [KIND]
"""

import sys

import numpy as np

from convscope.randomness import generator
from convscope.roles.policy.reading import policy_reading
from convscope.roles.policy.sampling import policy_fold
from convscope.simulate.deciding import Actions, Deciding, deciding_team
from convscope.simulate.draws import Size
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog
from convscope.values.policy_reading import PolicyReading

N_STEPS, N_AGENTS = 25, 3
SAME = {
    "one policy": Deciding(),
    "areas side by side": Deciding(area=0.7),
    "areas that hardly meet": Deciding(area=1.5),
    "areas, two forces": Deciding(area=0.7, actions=Actions.PUSH),
    "areas, moves and words": Deciding(area=0.7, actions=Actions.MOVE_AND_SPEAK),
    "hidden likings of an episode": Deciding(memory=1.0),
    "hidden likings and areas": Deciding(memory=1.0, area=0.7),
    "the observation says who sees": Deciding(names_itself=True),
}
UNLIKE = {
    "a habit of .4": Deciding(habit=0.4),
    "a habit of .8": Deciding(habit=0.8),
    "half turned around": Deciding(turn=1.0),
    "half turned around, areas": Deciding(turn=1.0, area=0.7),
    "half turned around, two forces": Deciding(turn=1.0, actions=Actions.PUSH),
}


def read(log: TrajectoryLog, config: AnalysisConfig) -> PolicyReading:
    """Return the policy reading of a log."""
    agents = tuple(agent.name for agent in log.header.agents)
    fold = policy_fold(log, agents=agents, config=config)
    state = fold.start()
    for block in log.blocks(fold.fields):
        state = fold.add(state, block)
    return policy_reading(log, fold.finish(state), agents=agents, config=config)


def main() -> None:
    """Print, for each kind of team, how often any pair, and a pair of the first agent, is told apart."""
    n_draws, n_episodes = (int(a) for a in (*sys.argv[1:3], *("100", "60")[len(sys.argv[1:3]) :]))
    size = Size(n_agents=N_AGENTS, n_episodes=n_episodes, n_steps=N_STEPS)
    short = Size(n_agents=N_AGENTS, n_episodes=5 * n_episodes, n_steps=5)
    kinds = [(name, how, size) for name, how in {**SAME, **UNLIKE}.items()]
    kinds.insert(1, ("short episodes, areas", SAME["areas side by side"], short))
    for name, how, how_much in kinds:
        if sys.argv[3:] and name != sys.argv[3]:
            continue
        p_values, nats = [], []
        for draw in range(n_draws):
            log = deciding_team(how_much, generator(draw, name), how)
            found = read(log, AnalysisConfig(seed=draw, n_permutations=199)).runs[0]
            p_values.append([found.p_value[0].min(), found.p_value.min()])
            nats.append(found.nats[0, 1])
        first, any_pair = (np.array(p_values) <= 0.05).mean(axis=0)
        text = f"any pair {any_pair:.2f}, one with the first agent {first:.2f}, mean nats {np.nanmean(nats):.4f}"
        print(f"{name}: {text} ({n_draws} draws)", flush=True)


if __name__ == "__main__":
    main()
