"""Where a change of role in a log with known roles is found, beside a chain that was given the roles.

Usage: python benchmarks/segments_swap.py LOG TRUTH.json [SEEDS]

TRUTH.json holds ``switches``: for each episode a list of [start, stop, role] for each agent.
"""

import json
import sys
from pathlib import Path

import numpy as np

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.open import open_logs
from convscope.randomness import generator
from convscope.roles.discover import discover_roles
from convscope.roles.segments.chain import Chain, best_paths
from convscope.roles.segments.reading import StepFold, StepRows
from convscope.roles.segments.sequences import Sequences, law_of, sequences_of
from convscope.roles.segments.study import find_segments
from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.log import TrajectoryLog

TOLERANCE = 3
Changes = dict[tuple[int, str], list[int]]


def true_roles(log: TrajectoryLog, truth: list[dict[str, list[tuple[int, int, str]]]]) -> tuple[Changes, IntArray]:
    """Return the steps of change of each unit, and the role of each episode, step and agent, -1 for none."""
    names = sorted({role for episode in truth for parts in episode.values() for _, _, role in parts})
    changes: Changes = {}
    role = np.full((len(truth), int(log.episodes.rows.max()), len(log.header.agents)), -1)
    for number, episode in enumerate(truth):
        for agent, spec in enumerate(log.header.agents):
            parts = episode[spec.name]
            changes[number, spec.name] = [start for start, _, _ in parts[1:]]
            for start, stop, name in parts:
                role[number, start:stop, agent] = names.index(name)
    return changes, role


def shares(truth: Changes, found: Changes) -> tuple[float, float]:
    """Return the share of changed units with just their changes, within 3 steps, and of others left whole."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for unit, at in found.items():
        true = truth[unit]
        close = len(at) == len(true) and all(abs(a - b) <= TOLERANCE for a, b in zip(at, true, strict=True))
        right[bool(true)].append(close)
    return float(np.mean(right[True])), float(np.mean(right[False]))


def given_roles(log: TrajectoryLog, steps: StepRows, role: IntArray, group: str, rng: np.random.Generator) -> Changes:
    """Decode with conduct learnt from the true roles of the other half of the episodes, and their true chain."""
    mine = np.array([agent.group == group for agent in log.header.agents])
    law = law_of(log.header.agents[int(mine.argmax())].action_space, steps.acts.shape[1])
    if law is None:
        return {}
    _, sequences = sequences_of(steps, mine[steps.agent], law=law, rng=rng)
    row_role = role[sequences.episode[sequences.sequence], sequences.time, sequences.agent[sequences.sequence]]
    names, code = np.unique(row_role, return_inverse=True)
    follows = sequences.sequence[1:] == sequences.sequence[:-1]
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (code[:-1][follows], code[1:][follows]), 1.0)
    transition = counts / counts.sum(axis=1, keepdims=True)
    first = np.append(True, ~follows)
    start = np.bincount(code[first], minlength=len(names)) / first.sum()
    found: Changes = {}
    for half in (0, 1):
        is_half = sequences.episode % 4 // 2 == half
        other = sequences.of(~is_half)
        weights = np.eye(len(names))[code[~is_half[sequences.sequence]]]
        known = other.is_known
        conduct = law.fit(other.inputs[known], other.acts[known], weights[known])
        found |= _decoded(log, sequences.of(is_half), conduct, (start, transition))
    return found


def _decoded(log, own: Sequences, conduct, chain) -> Changes:  # type: ignore[no-untyped-def]  # noqa: ANN001
    evidence = own.in_windows(conduct.outlook(own.inputs).score(own.acts))
    start = np.tile(chain[0], (len(own.lengths), 1))
    paths = best_paths(evidence, own.lengths, Chain(start=start, transition=chain[1]))
    return {
        (int(e), log.header.agents[a].name): (np.flatnonzero(np.diff(path[:n])) + 1).tolist()
        for e, a, path, n in zip(own.episode, own.agent, paths.state, own.lengths, strict=True)
    }


def main() -> None:
    """Print both, for several seeds."""
    log = open_logs([Path(sys.argv[1])], loader=None, mapping=None, trusts_pickle=False, notices=())
    truth, role = true_roles(log, json.loads(Path(sys.argv[2]).read_text())["switches"])
    agents = tuple(agent.name for agent in log.header.agents)
    for seed in range(int(sys.argv[3]) if len(sys.argv) > 3 else 3):
        config = AnalysisConfig(seed=seed, n_permutations=199)
        with open_executor(1) as executor:
            (features,) = run_folds(log, [FeatureFold(log, config)], executor=executor, max_bytes=32 << 20)
            (steps,) = run_folds(log, [StepFold(log, config, agents)], executor=executor, max_bytes=32 << 20)
            roles = discover_roles(features, log, agents=agents, config=config)
            found = find_segments(steps, roles, log, config=config)
            units = found.table.group_by("episode", "agent", maintain_order=True)
            ours = {(int(e), str(a)): rows["start"].to_list()[1:] for (e, a), rows in units}
            told: Changes = {}
            for group in dict.fromkeys(agent.group for agent in log.header.agents):
                told |= given_roles(log, steps, role, group, generator(seed, group))
        print(
            f"seed {seed}: located, whole: found {shares(truth, ours)}, given the roles {shares(truth, told)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
