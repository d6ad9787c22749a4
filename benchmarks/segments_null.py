"""How often a change of role is claimed where there is none, and found where there is one.

Usage: python benchmarks/segments_null.py [DRAWS] [KIND...]
"""

import sys
from collections.abc import Callable

import numpy as np

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.roles.segments.reading import StepFold
from convscope.roles.segments.study import find_segments
from convscope.simulate.switching import Scripted, kept, scripted, swapped
from convscope.values.config import AnalysisConfig
from convscope.values.segments import Segments

SIZE = (60, 50)
TEAM = (0, 1, 2, 1)
TOLERANCE = 3

KINDS: dict[str, Callable[[np.random.Generator], Scripted]] = {
    "one rule for all": lambda rng: scripted(kept(*SIZE, (0, 0, 0, 0)), rng),
    "agents differ, nobody changes": lambda rng: scripted(kept(*SIZE, TEAM), rng),
    "differ, all hurry late": lambda rng: scripted(kept(*SIZE, TEAM), rng, hurry=0.6),
    "differ, lasting moods": lambda rng: scripted(kept(*SIZE, TEAM), rng, is_moody=True),
    "differ, one walks up and down": lambda rng: scripted(kept(*SIZE, (0, 1, 3, 1)), rng),
    "chaser and keeper swap": lambda rng: scripted(swapped(kept(*SIZE, TEAM), (0, 1), rng), rng),
    "swap under moods": lambda rng: scripted(swapped(kept(*SIZE, TEAM), (0, 1), rng), rng, is_moody=True),
}


def segments_of(made: Scripted, seed: int) -> Segments:
    """Analyse a log as far as the roles within episodes."""
    log, config = made.log, AnalysisConfig(seed=seed, n_permutations=199)
    agents = tuple(agent.name for agent in log.header.agents)
    with open_executor(1) as executor:
        (features,) = run_folds(log, [FeatureFold(log, config)], executor=executor, max_bytes=32 << 20)
        (steps,) = run_folds(log, [StepFold(log, config, agents)], executor=executor, max_bytes=32 << 20)
        return find_segments(steps, discover_roles(features, log, agents=agents, config=config), log, config=config)


def located(made: Scripted, found: Segments) -> tuple[float, float]:
    """Return the share of changed units whose one change is found within 3 steps, and of unchanged ones left whole."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    starts = {
        key: rows["start"].to_list()[1:] for key, rows in found.table.group_by("episode", "agent", maintain_order=True)
    }
    for (episode, name), at in starts.items():
        role = made.role[episode, :, int(str(name).rsplit("_", 1)[1])]
        truth = np.flatnonzero(np.diff(role)) + 1
        is_right = len(at) == len(truth) and all(abs(a - b) <= TOLERANCE for a, b in zip(at, truth, strict=True))
        right[len(truth) > 0].append(is_right)
    return tuple(float(np.mean(right[each])) if right[each] else float("nan") for each in (True, False))  # type: ignore[return-value]  # two of them


def main() -> None:
    """Print, for each kind of team, in how many draws an agent is said to change, and how many units are right."""
    n_draws = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    wanted = sys.argv[2:] or list(KINDS)
    for name in wanted:
        make = KINDS[name]
        claims, tested, shares, rates = 0, 0, [], []
        for draw in range(n_draws):
            made = make(generator(draw, name))
            found = segments_of(made, draw)
            claims += any(test.significant for test in found.tests)
            tested += bool(found.tests)
            shares.append(located(made, found))
            true = float((made.role[:, 1:] != made.role[:, :-1]).mean())
            rates.append((found.switching_rate or 0.0, true))
        changed, whole = np.nanmean(shares, axis=0) if np.isfinite(shares).any() else (np.nan, np.nan)
        rate, true = np.mean(rates, axis=0)
        print(
            f"{name}: a change claimed in {claims} of {n_draws} (tested {tested}); changed units located "
            f"{changed:.2f}, others whole {whole:.3f}; rate {rate:.4f} (truth {true:.4f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
