"""What the test of influence from trajectories costs beside other libraries, on the same data in one run.

Usage: python benchmarks/influence.py [ROUNDS] [SECONDS]

Prints tables of CPU seconds (`time.process_time`, all threads; imports and the start of Java are not counted): in each
of ROUNDS (3) rounds convscope analyses the log as a user would, and then each rival goes through ordered pairs for at
most SECONDS (10); where these do not suffice for all pairs, the rest is extrapolated and the share that was done is
printed. Rivals that are not installed are left out by name. The extra ``rivals`` installs those with permissive
licences; JIDT (GPL, needs Java) and infomeasure (AGPL) come with

    pip install jpype1 infomeasure && pip install --no-deps idtxl-uv

where idtxl-uv is only asked for JIDT's jar.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from influence_rivals import CONTINUOUS, DISCRETE, N_SURROGATES, Rival

from convscope.randomness import generator
from convscope.routing.graph import find_routing
from convscope.routing.predictive import recipes
from convscope.routing.predictive.pair_counts import CountFold
from convscope.simulate.draws import Simulator, Situation, Size
from convscope.simulate.gaussian import autoregressive, leaders_and_followers
from convscope.simulate.situations import independent, leader_follower, unlogged_driver
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS
from convscope.values.log import BlockTask, Columns
from convscope.values.status import Status

CONFIG = AnalysisConfig(routing_source=RoutingSource.TRANSFER_ENTROPY, n_permutations=N_SURROGATES)


@dataclass
class Timings:
    """CPU seconds of one library for all pairs, round by round, and what it found at level .05."""

    name: str
    seconds: list[float] = field(default_factory=list)
    share: float = 1.0
    found: dict[bool, list[bool]] = field(default_factory=lambda: {True: [], False: []})

    def row(self, ours: "Timings") -> str:
        """Return a row of the table."""
        ratio = np.median(np.array(self.seconds) / np.array(ours.seconds))
        rates = [f"{np.mean(self.found[is_edge]):.2f}" if self.found[is_edge] else "-" for is_edge in (True, False)]
        done = "" if self.share == 1 else f" ({self.share:.0%} done)"
        cells = (self.name + done, f"{min(self.seconds):.3g}", f"{np.median(self.seconds):.3g}", f"{ratio:.1f}", *rates)
        return f"| {' | '.join(cells)} |"


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the processor time of some work, of all threads."""
    start = time.process_time()
    work()
    return time.process_time() - start


@contextmanager
def without_combinations() -> Iterator[None]:
    """Test senders one by one, as the rivals do, and not what two agents do together."""
    most, recipes.MOST_AGENTS = recipes.MOST_AGENTS, 0
    try:
        yield
    finally:
        recipes.MOST_AGENTS = most


def add_ours(timings: Timings, situation: Situation) -> None:
    """Analyse a log."""
    start = time.process_time()
    graph = find_routing(situation.log, CONFIG)
    timings.seconds.append(time.process_time() - start)
    for sender, receiver, p in graph.edges.select("sender", "receiver", "p_value").iter_rows():
        is_edge = situation.edges[graph.agents.index(receiver), graph.agents.index(sender)]
        timings.found[bool(is_edge)].append(p <= 0.05)


def add_rival(timings: Timings, rival: Rival, situation: Situation, *, most_seconds: float) -> None:
    """Go through pairs in random order until time is up."""
    log = situation.log
    (block,) = log.blocks(frozenset({ACTIONS}), max_bytes=1 << 40)
    held = block.columns[ACTIONS]
    begin = rival.prepare(held.reshape(log.episodes.n_episodes, -1, *held.shape[1:]))
    pairs = np.random.default_rng(1).permutation(np.argwhere(~np.eye(len(log.header.agents), dtype=bool)))
    start = time.process_time()
    test = begin()
    fixed = time.process_time() - start
    start, n_done = time.process_time(), 0
    while n_done < len(pairs) and (n_done == 0 or time.process_time() - start < most_seconds):
        receiver, sender = pairs[n_done].tolist()
        timings.found[bool(situation.edges[receiver, sender])].append(test(sender, receiver) <= 0.05)
        n_done += 1
    timings.seconds.append(fixed + (time.process_time() - start) * len(pairs) / n_done)
    timings.share = min(timings.share, n_done / len(pairs))


def compare(title: str, situation: Situation, rivals: Sequence[Rival], *, n_rounds: int, most_seconds: float) -> None:
    """Print a table of all libraries on one log."""
    small = Size(n_agents=3, n_episodes=12, n_steps=12)
    warm_up = leader_follower(small, np.random.default_rng(0))
    find_routing(warm_up.log, CONFIG)
    find_routing(situation.log, CONFIG)
    ours, whole = Timings("convscope"), Timings("convscope, combinations of two agents too")
    held = [(rival, Timings(rival.name)) for rival in rivals if not rival.lacking]
    for _ in range(n_rounds):
        add_ours(whole, situation)
        with without_combinations():
            add_ours(ours, situation)
        for rival, timings in held:
            add_rival(timings, rival, situation, most_seconds=most_seconds)
    print(f"\n{title}, {n_rounds} rounds\n")
    print("| library | least CPU-s | median | times ours | edges found | false positives |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(timings.row(ours) for timings in (ours, whole, *(each for _, each in held))))
    for rival in rivals:
        if rival.lacking:
            print(f"| {rival.name}: {', '.join(rival.lacking)} not installed | | | | | |")


@dataclass(frozen=True)
class DrawnSource:
    """Episodes of 8 agents, drawn when they are asked for: a log of any length takes no memory."""

    n_steps: int = 100
    n_agents: int = 8

    def read(self, episodes: np.ndarray, fields: frozenset[str]) -> Columns:
        """Return random actions of these episodes."""
        shape = (len(episodes) * self.n_steps, self.n_agents)
        actions = np.random.default_rng(episodes[0]).integers(5, size=(*shape, 1)).astype(np.float64)
        return Columns(
            lengths=np.full(len(episodes), self.n_steps),
            status=np.full(shape, Status.ACTING, dtype=np.uint8),
            columns={ACTIONS: actions} if ACTIONS in fields else {},
        )


def count(n_steps: int) -> str:
    """Count all pairs of 8 agents in a log of any length; return CPU seconds of counting alone, and peak memory."""
    source = DrawnSource()
    n_episodes = n_steps // source.n_steps
    fold = CountFold(group_of=np.zeros(n_episodes, dtype=np.int64), agents=np.arange(source.n_agents))
    state, seconds = fold.start(), 0.0
    row_bytes = 9 * source.n_agents
    per_block = AnalysisConfig().max_block_bytes // (row_bytes * source.n_steps)
    for first in range(0, n_episodes, per_block):
        episodes = np.arange(first, min(first + per_block, n_episodes))
        task = BlockTask(source=source, local=episodes, episodes=episodes, fields=fold.fields)
        block = task.load()
        start = time.process_time()
        state = fold.merge(state, fold.add(fold.start(), block))
        seconds += time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"| {n_steps:,} | {seconds:.2f} | {peak:,.0f} |"


def screen(n_agents: int, simulator: Simulator) -> str:
    """Analyse a team too large for one regression; return CPU seconds and what was found among all pairs."""
    size = Size(n_agents=n_agents, n_episodes=200, n_steps=100)
    situation = simulator(size, generator(0, "influence", "screened", str(n_agents)))
    start = time.process_time()
    graph = find_routing(situation.log, CONFIG)
    seconds = time.process_time() - start
    place = {name: number for number, name in enumerate(graph.agents)}
    found = graph.edges.filter(graph.edges["significant"]).select("receiver", "sender").iter_rows()
    is_edge = [situation.edges[place[receiver], place[sender]] for receiver, sender in found]
    n_pairs, n_edges = n_agents * (n_agents - 1), int(situation.edges.sum())
    low = (graph.edges["p_value"] <= 0.05).sum() - sum(is_edge)
    cells = (f"{n_agents:,}", f"{n_pairs:,}", f"{seconds:.1f}", f"{sum(is_edge)} of {n_edges}")
    return f"| {' | '.join(cells)} | {len(is_edge) - sum(is_edge)} | {low / (n_pairs - n_edges):.4f} |"


def main(n_rounds: int, most_seconds: float) -> None:
    """Print all tables."""
    print("Actions of 8 agents counted for all pairs, block by block\n")
    print("| steps | CPU-s | peak memory of the process, MB |\n| --- | --- | --- |")
    for n_steps in (1_000_000, 10_000_000, 20_000_000):
        print(count(n_steps), flush=True)
    print("\nScreened teams, 200 episodes of 100 steps\n")
    print("| agents | pairs | CPU-s | edges found | false edges | false p at most .05, share of pairs |")
    print("| --- | --- | --- | --- | --- | --- |")
    for n_agents, simulator in (
        (200, independent),
        (200, unlogged_driver),
        (200, leader_follower),
        (1000, leader_follower),
    ):
        print(screen(n_agents, simulator), flush=True)
    budget = {"n_rounds": n_rounds, "most_seconds": most_seconds}
    for n_agents in (8, 32):
        size = Size(n_agents=n_agents, n_episodes=200, n_steps=100)
        n_pairs = n_agents * (n_agents - 1)
        title = f"{n_agents} agents ({n_pairs} pairs), {size.n_episodes} episodes of {size.n_steps} steps"
        situation = leader_follower(size, generator(0, "influence", "discrete"))
        compare(f"{title}, discrete", situation, DISCRETE, **budget)
        law = leaders_and_followers(n_agents)
        situation = autoregressive(size, generator(0, "influence", "continuous"), law, n_components=2)
        compare(f"{title}, two continuous components", situation, CONTINUOUS, **budget)


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[1:]]
    main(*(int(arguments[0]), arguments[1]) if len(arguments) == 2 else (int(*arguments[:1] or [3]), 10.0))
