"""How often a change of policy is found within a run where there is none, and where there is one.

Usage: python benchmarks/policy_change_null.py [DRAWS] [SEED] [KIND]

Two agents, 120 episodes of 25 steps. No policy changes in the first kinds: agents may go elsewhere from episode 60 on,
or have hidden likings that last over episodes. In the others the first agent's answer to what it sees is turned around.
"""

import sys
import time

import numpy as np
from policy_null import read

from convscope.randomness import generator
from convscope.simulate.deciding import Actions, Deciding, deciding_team
from convscope.simulate.draws import Size
from convscope.values.config import AnalysisConfig

SIZE = Size(n_agents=2, n_episodes=120, n_steps=25)
PLACE = 60
STEADY = {
    "one policy": Deciding(),
    "two policies, neither changes": Deciding(turn=1.0),
    "areas side by side": Deciding(area=0.7),
    "all areas move": Deciding(area=0.7, moves_at=PLACE),
    "hidden likings of an episode": Deciding(memory=1.0),
    "hidden likings, half carried over": Deciding(memory=1.0, carried=0.5),
    "two forces, areas move": Deciding(area=0.7, moves_at=PLACE, actions=Actions.PUSH),
}
CHANGED = {
    "one agent a fifth turned around": Deciding(turn=0.4, turns_at=PLACE),
    "one agent half turned around": Deciding(turn=1.0, turns_at=PLACE),
    "half turned around, areas": Deciding(area=0.7, turn=1.0, turns_at=PLACE),
    "half turned around, two forces": Deciding(turn=1.0, turns_at=PLACE, actions=Actions.PUSH),
    "half turned around, likings half carried over": Deciding(memory=1.0, carried=0.5, turn=1.0, turns_at=PLACE),
}


def main() -> None:
    """Print, for each kind of run, how often any change is found, and how near the first one lies."""
    n_draws, seed = (int(a) for a in (*sys.argv[1:3], *("30", "0")[len(sys.argv[1:3]) :]))
    start = time.process_time()
    n_found = n_steady = 0
    for name, how in {**STEADY, **CHANGED}.items():
        if sys.argv[3:] and name != sys.argv[3]:
            continue
        off: list[int] = []
        for draw in range(n_draws):
            log = deciding_team(SIZE, generator(seed, "policy change", name, str(draw)), how)
            changes = read(log, AnalysisConfig(seed=draw, n_permutations=199)).change_points or ()
            off += [min(abs(change.episode - PLACE) for change in changes)] if changes else []
        near = "" if name in STEADY else f", within 6 episodes of it in {sum(each <= 6 for each in off)}"
        print(f"{name}: found in {len(off)} of {n_draws}{near}", flush=True)
        if name in STEADY:
            n_found, n_steady = n_found + len(off), n_steady + n_draws
    rate = n_found / max(n_steady, 1)
    error = np.sqrt(rate * (1 - rate) / max(n_steady, 1))
    seconds = time.process_time() - start
    print(f"no change, all: found in {n_found} of {n_steady} ({rate:.3f} +- {error:.3f}), {seconds:.0f} CPU-s")


if __name__ == "__main__":
    main()
