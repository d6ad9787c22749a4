"""How often agents are told apart by policy where they share one, and where they do not.

Usage: python benchmarks/policy_null.py [DRAWS] [EPISODES] [KIND]
"""

import sys
import time
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from convscope.randomness import generator
from convscope.roles.policy.reading import policy_reading
from convscope.roles.policy.sampling import policy_fold
from convscope.simulate.deciding import Actions, Deciding, deciding_team
from convscope.simulate.draws import Size
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog
from convscope.values.policy_reading import PolicyReading, PolicyRun

N_STEPS, N_AGENTS = 25, 3
ALPHA = 0.05
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


@dataclass
class Tally:
    """Pairs of some kind of team."""

    alike: list[float] = field(default_factory=list)
    """Family-wise p of the pairs with one policy."""
    unlike: list[float] = field(default_factory=list)
    any_alike: list[bool] = field(default_factory=list)
    """Whether some pair with one policy was told apart in a draw."""
    n_refused: int = 0
    nats: list[float] = field(default_factory=list)

    def add(self, run: PolicyRun, *, are_alike: bool) -> None:
        """Count the pairs of one draw; those with the first agent differ unless all are alike."""
        found = False
        for a, b in combinations(range(len(run.members)), 2):
            if not np.isfinite(run.nats[a, b]):
                self.n_refused += 1
                continue
            is_alike = are_alike or a > 0
            (self.alike if is_alike else self.unlike).append(float(run.p_value[a, b]))
            found |= is_alike and bool(run.p_value[a, b] <= ALPHA)
        self.any_alike.append(found)
        self.nats.append(float(run.nats[0, 1]))

    def words(self) -> str:
        """Return the rates in a line."""
        nats = float(np.median([each for each in self.nats if np.isfinite(each)] or [np.nan]))
        alike, unlike = (sum(p <= ALPHA for p in each) for each in (self.alike, self.unlike))
        return (
            f"told apart: {alike} of {len(self.alike)} pairs of one policy (some pair in {sum(self.any_alike)} of "
            f"{len(self.any_alike)} draws), {unlike} of {len(self.unlike)} pairs of two; {self.n_refused} pairs "
            f"refused; median nats of the first pair {nats:.4f}"
        )


def main() -> None:
    """Print, for each kind of team, how many pairs are told apart; then the same of all teams of one policy."""
    n_draws, n_episodes = (int(a) for a in (*sys.argv[1:3], *("100", "60")[len(sys.argv[1:3]) :]))
    size = Size(n_agents=N_AGENTS, n_episodes=n_episodes, n_steps=N_STEPS)
    short = Size(n_agents=N_AGENTS, n_episodes=5 * n_episodes, n_steps=5)
    kinds = [(name, how, size) for name, how in {**SAME, **UNLIKE}.items()]
    kinds.insert(1, ("short episodes, areas", SAME["areas side by side"], short))
    whole, start = Tally(), time.process_time()
    for name, how, how_much in kinds:
        if sys.argv[3:] and name != sys.argv[3]:
            continue
        tally = Tally()
        for draw in range(n_draws):
            log = deciding_team(how_much, generator(draw, name), how)
            run = read(log, AnalysisConfig(seed=draw, n_permutations=199)).runs[0]
            for each in (tally, *([whole] if name not in UNLIKE else [])):
                each.add(run, are_alike=name not in UNLIKE)
        print(f"{name}: {tally.words()}", flush=True)
    print(f"all of one policy: {whole.words()}; {time.process_time() - start:.0f} CPU-s")


if __name__ == "__main__":
    main()
