"""Where a change of role in a log with known roles is found, beside a chain that was given the roles.

Usage: python benchmarks/segments_swap.py LOG TRUTH.json SEEDS [AGENT AGENT]

TRUTH.json holds ``switches``: for each episode a list of [start, stop, role] for each agent. Two agents that are
known to exchange their roles are also followed together.
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
from convscope.values.arrays import FloatArray, IntArray
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


def given_roles(
    log: TrajectoryLog, steps: StepRows, role: IntArray, *, group: str, rng: np.random.Generator
) -> tuple[Changes, Changes]:
    """Decode with conduct learnt from the true roles of the other half of the episodes, and their true chain.

    Returns
    -------
    tuple
        Changes of each agent followed by itself; and followed together with an agent that it exchanges its role with.
    """
    mine = np.array([agent.group == group for agent in log.header.agents])
    law = law_of(log.header.agents[int(mine.argmax())].action_space, steps.acts.shape[1])
    if law is None:
        return {}, {}
    _, sequences = sequences_of(steps, mine[steps.agent], law=law, rng=rng)
    row_role = role[sequences.episode[sequences.sequence], sequences.time, sequences.agent[sequences.sequence]]
    names, code = np.unique(row_role, return_inverse=True)
    follows = sequences.sequence[1:] == sequences.sequence[:-1]
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (code[:-1][follows], code[1:][follows]), 1.0)
    transition = counts / counts.sum(axis=1, keepdims=True)
    first = np.append(True, ~follows)
    start = np.bincount(code[first], minlength=len(names)) / first.sum()
    evidence = np.zeros((len(sequences.lengths), int(sequences.lengths.max()), len(names)))
    for half in (0, 1):
        is_half = sequences.episode % 4 // 2 == half
        other, own = sequences.of(~is_half), sequences.of(is_half)
        weights = np.eye(len(names))[code[~is_half[sequences.sequence]]]
        known = other.is_known
        conduct = law.fit(other.inputs[known], other.acts[known], weights[known])
        evidence[is_half] = own.in_windows(conduct.outlook(own.inputs).score(own.acts))
    paths = best_paths(
        evidence, sequences.lengths, Chain(start=np.tile(start, (len(evidence), 1)), transition=transition)
    )
    told = _told(log, sequences, paths.state)
    return told, told | _together(log, sequences, evidence, code[first])


def _together(log: TrajectoryLog, sequences: Sequences, evidence: FloatArray, begin: IntArray) -> Changes:
    """Follow the two agents named on the command line together, from the roles that they mostly begin in."""
    changing = [a for a in np.unique(sequences.agent).tolist() if log.header.agents[a].name in sys.argv[4:]]
    if len(changing) != 2:
        return {}
    one, other = (np.flatnonzero(sequences.agent == agent) for agent in changing)
    one, other = (mine[np.argsort(sequences.episode[mine])] for mine in (one, other))
    kinds = np.array([int(np.bincount(begin[mine]).argmax()) for mine in (one, other)])
    both = evidence[one][:, :, kinds] + evidence[other][:, :, kinds[::-1]]
    # Half of the episodes have one change.
    rate = 0.5 / float(sequences.lengths[one].mean() - 1)
    chain = Chain(start=np.tile([1.0, 0.0], (len(both), 1)), transition=np.array([[1 - rate, rate], [rate, 1 - rate]]))
    paths = best_paths(both, sequences.lengths[one], chain).state
    return {
        (int(episode), log.header.agents[agent].name): (np.flatnonzero(np.diff(path)) + 1).tolist()
        for agent in changing
        for episode, path in zip(sequences.episode[one], paths, strict=True)
    }


def _told(log: TrajectoryLog, own: Sequences, state: IntArray) -> Changes:
    return {
        (int(e), log.header.agents[a].name): (np.flatnonzero(np.diff(path[:n])) + 1).tolist()
        for e, a, path, n in zip(own.episode, own.agent, state, own.lengths, strict=True)
    }


def main() -> None:
    """Print both, for several seeds."""
    log = open_logs([Path(sys.argv[1])], loader=None, mapping=None, trusts_pickle=False, notices=())
    truth, role = true_roles(log, json.loads(Path(sys.argv[2]).read_text())["switches"])
    agents = tuple(agent.name for agent in log.header.agents)
    for seed in range(int(sys.argv[3])):
        config = AnalysisConfig(seed=seed, n_permutations=199)
        with open_executor(1) as executor:
            folds = [FeatureFold(log, config), StepFold(log, config, agents)]
            features, steps = run_folds(log, folds, executor=executor, max_bytes=32 << 20)
        roles = discover_roles(features, log, agents=agents, config=config)
        found = find_segments(steps, roles, log, config=config)
        units = found.table.group_by("episode", "agent", maintain_order=True)
        ours = {(int(e), str(a)): rows["start"].to_list()[1:] for (e, a), rows in units}
        alone: Changes = {}
        both: Changes = {}
        for group in dict.fromkeys(agent.group for agent in log.header.agents):
            told = given_roles(log, steps, role, group=group, rng=generator(seed, group))
            alone, both = alone | told[0], both | told[1]
        parts = [f"{name} {shares(truth, each)}" for name, each in (("found", ours), ("alone", alone), ("both", both))]
        print(f"seed {seed}: changed units located, others whole: {'; '.join(parts)}", flush=True)


if __name__ == "__main__":
    main()
