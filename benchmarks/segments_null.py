"""How often a change of role is claimed where there is none, and found where there is one.

Each agent is a kind of its own from the start, as if all had been told apart: where nobody switches this makes more
claims possible than the whole analysis does, which first has to tell the agents apart.

Usage: python benchmarks/segments_null.py DRAWS FIRST_SEED [KIND...]
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.randomness import generator
from convscope.roles.segments.alike import unlike_kinds
from convscope.roles.segments.conduct import ChoiceLaw
from convscope.roles.segments.reading import StepFold
from convscope.roles.segments.sequences import sequences_of
from convscope.roles.segments.switching import find_switching
from convscope.simulate.switching import Circumstances, Scripted, kept, scripted, swapped
from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig

SIZE = (60, 50)
TEAM = (0, 1, 2, 3)
TOLERANCE = 3
ALPHA = 0.05

Maker = Callable[[np.random.Generator], Scripted]
MOODY, WINDY, LOST, CLOCKS = (
    Circumstances(mood=0.7),
    Circumstances(wind=0.7),
    Circumstances(bouts=0.04),
    Circumstances(phases=20),
)
KINDS: dict[str, Maker] = {
    "one rule for all": lambda rng: scripted(kept(*SIZE, (0, 0, 0, 0)), rng),
    "four roles, kept": lambda rng: scripted(kept(*SIZE, TEAM), rng),
    "kept, all hurry late": lambda rng: scripted(kept(*SIZE, TEAM), rng, Circumstances(hurry=0.6)),
    "kept, hidden moods": lambda rng: scripted(kept(*SIZE, TEAM), rng, MOODY),
    "kept, a hidden wind for all": lambda rng: scripted(kept(*SIZE, TEAM), rng, WINDY),
    "kept, long bouts of chance": lambda rng: scripted(kept(*SIZE, TEAM), rng, LOST),
    "kept, hidden clocks": lambda rng: scripted(kept(*SIZE, (0, 3, 3, 1)), rng, CLOCKS),
    "kept, without any chance": lambda rng: scripted(kept(*SIZE, TEAM), rng, Circumstances(carefree=0.0)),
    "kept, one acts by situation": lambda rng: scripted(kept(*SIZE, (0, 1, 4, 4)), rng),
    "from some step, all do something else": lambda rng: scripted(_alarmed(kept(*SIZE, (0, 1, 2, 1)), rng), rng),
    "swap": lambda rng: scripted(swapped(kept(*SIZE, TEAM), (0, 1), rng), rng),
    "swap, all hurry late": lambda rng: scripted(
        swapped(kept(*SIZE, TEAM), (0, 1), rng), rng, Circumstances(hurry=0.6)
    ),
    "swap, hidden moods": lambda rng: scripted(swapped(kept(*SIZE, TEAM), (0, 1), rng), rng, MOODY),
    "swap, long bouts of chance": lambda rng: scripted(swapped(kept(*SIZE, TEAM), (0, 1), rng), rng, LOST),
}


def _alarmed(role: IntArray, rng: np.random.Generator) -> IntArray:
    """Let all walk up and down, which nobody does else, from a random step of every second episode."""
    n_episodes, n_steps, _ = role.shape
    for episode in range(1, n_episodes, 2):
        role[episode, int(rng.integers(int(0.3 * n_steps), int(0.7 * n_steps))) :] = 3
    return role


def changes_of(made: Scripted, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return the agents that are said to switch, and the role of each step by their kind, shape (E, T, N)."""
    agents = tuple(agent.name for agent in made.log.header.agents)
    fold = StepFold(made.log, AnalysisConfig(), agents)
    with open_executor(1) as executor:
        (steps,) = run_folds(made.log, [fold], executor=executor, max_bytes=32 << 20)
    law = ChoiceLaw(n=made.log.header.agents[0].action_space.n)
    _, sequences = sequences_of(steps, np.ones(len(steps.time), dtype=np.bool_), law=law, rng=rng)
    kind = unlike_kinds(sequences, sequences.agent, law=law, rng=rng)
    state = np.zeros(made.role.shape, dtype=np.int64)
    if kind.max() == 0:
        return np.array([], dtype=np.int64), state
    found = find_switching(sequences, kind, law=law, alpha=ALPHA, rng=rng)
    state[sequences.episode, :, sequences.agent] = found.state
    return np.unique(sequences.agent[found.is_switched]), state


def located(role: IntArray, state: IntArray) -> tuple[float, float]:
    """Return the share of changed units whose one change is found within 3 steps, and of unchanged ones left whole."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for episode, agent in np.ndindex(role.shape[0], role.shape[2]):
        true, at = (np.flatnonzero(np.diff(each[episode, :, agent])) for each in (role, state))
        is_right = len(at) == len(true) and bool((np.abs(at - true) <= TOLERANCE).all())
        right[len(true) > 0].append(is_right)
    return float(np.mean(right[True])) if right[True] else float("nan"), float(np.mean(right[False]))


def main() -> None:
    """Print, for each kind of team, how many agents are said to switch, and how many units are right."""
    n_draws, seed = int(sys.argv[1]), int(sys.argv[2])
    for name in sys.argv[3:] or list(KINDS):
        begun = time.process_time()
        n_false, n_true, n_kept, n_changing, shares = 0, 0, 0, 0, []
        for draw in range(seed, seed + n_draws):
            rng = generator(draw, name)
            made = KINDS[name](rng)
            claimed, state = changes_of(made, rng)
            does = (made.role != made.role[:, :1]).any(axis=(0, 1))
            n_false += int((~does[claimed]).sum())
            n_true += int(does[claimed].sum())
            n_kept += int((~does).sum())
            n_changing += int(does.sum())
            shares.append(located(made.role, state))
        changed, whole = (float(np.mean(each)) for each in zip(*shares, strict=True))
        cost = (time.process_time() - begun) / n_draws
        print(
            f"{name}: said to switch {n_false} of {n_kept} that do not, {n_true} of {n_changing} that do; changed "
            f"units located {changed:.3f}, others whole {whole:.4f}; {cost:.1f} CPU-s",
            flush=True,
        )


if __name__ == "__main__":
    main()
