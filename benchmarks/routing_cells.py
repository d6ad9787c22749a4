"""Situations with known edges, and what each source of routing says of them: the rows of ``routing_table.py``."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from influence_rivals import DISCRETE

from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.ingest.selection import select_agents
from convscope.randomness import generator
from convscope.routing.choose import choose_estimators
from convscope.routing.graph import find_routing
from convscope.routing.messages.study import find_messages
from convscope.routing.refusal import UnreadableSourceError
from convscope.simulate import affording
from convscope.simulate.affording import Favour
from convscope.simulate.draws import Simulator, Situation, Size
from convscope.simulate.interventions import Experiment, Way, experiment
from convscope.simulate.laws import WITH_EDGES, WITHOUT_EDGES, LawMaker
from convscope.simulate.messages import Talking, talkers
from convscope.simulate.motions import CONTINUOUS, MIXED
from convscope.simulate.observers import Scenery, observers
from convscope.simulate.policies import hidden_driver
from convscope.simulate.rollouts import Rollout, rolled_out
from convscope.simulate.situations import acted
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.fields import ACTIONS
from convscope.values.messages import MessageMeasure

LARGE, SMALL = Size(), Size(n_episodes=40, n_steps=50)
REFUSALS = frozenset(
    {
        "agents-take-turns",
        "behaviour-not-predicted",
        "interventions-not-random",
        "joint-draws",
        "lockstep",
        "near-deterministic",
        "no-exploration",
        "not-validated",
        "senders-untested",
        "source-refused",
        "unlogged-common-cause",
    }
)
"""Notes that take a claim back, or say why there is none."""
LISTENING = {
    "coordination": MessageMeasure.INSTANTANEOUS_COORDINATION,
    "social influence": MessageMeasure.SOCIAL_INFLUENCE,
    "causal influence": MessageMeasure.CAUSAL_INFLUENCE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What was said of a sender and a receiver."""

    is_edge: bool
    p: float | None
    is_significant: bool = False
    """At a false discovery rate of .05."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was said of a log."""

    pairs: tuple[Pair, ...]
    refusals: tuple[str, ...] = ()

    def p_of(self, *, is_edge: bool) -> list[float | None]:
        """Return the p of pairs with or without an edge."""
        return [pair.p for pair in self.pairs if pair.is_edge == is_edge]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Rows of the table that are made together."""

    situation: str
    methods: tuple[str, ...]
    log: str
    n_logs: int
    study: Callable[[int], Sequence[Found]]
    """Of the number of the log: what each method says."""

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        """What tells its rows from others."""
        return [(self.situation, method, self.log) for method in self.methods]


def estimated(situation: Situation, seed: int, *, source: RoutingSource) -> Found:
    """Return what one source says of a log, without the rest of an analysis."""
    log, config = situation.log, AnalysisConfig(seed=seed, routing_source=source)
    estimator, agents = choose_estimators(log, config)[0], select_agents(log, config)
    try:
        with open_executor(1) as executor:
            run = partial(run_folds, log, executor=executor, max_bytes=config.max_block_bytes)
            (sums,) = run([estimator.fold(log, config)])
            estimate = estimator.estimate(log, sums, config=config, agents=agents, run=run)
    except UnreadableSourceError:
        return Found(pairs=(), refusals=("source-refused",))
    edges = estimate.edges.select("receiver", "sender", "p_value", "significant").iter_rows()
    pairs = tuple(
        Pair(is_edge=is_edge(situation, to, by), p=p, is_significant=bool(is_significant))
        for to, by, p, is_significant in edges
    )
    codes = REFUSALS & {notice.code for notice in estimate.notices}
    return Found(pairs=pairs, refusals=tuple(sorted(codes)))


def gated(situation: Situation, seed: int) -> Found:
    """Return whether logged weights are taken for influence: one "pair" a log, p 0 where they are."""
    graph = find_routing(situation.log, AnalysisConfig(seed=seed))
    is_open = graph is not None and bool(graph.comparison.validity and graph.comparison.validity.is_valid)
    return Found(pairs=(Pair(is_edge=bool(situation.edges.any()), p=float(not is_open), is_significant=is_open),))


def listened(situation: Situation, seed: int) -> list[Found]:
    """Return what each measure of communication says of all senders and receivers, a step after the message."""
    found = find_messages(situation.log, AnalysisConfig(seed=seed, n_permutations=99))
    return [
        Found(
            pairs=tuple(
                Pair(
                    is_edge=is_edge(situation, test.receiver, test.sender),
                    p=test.p_value,
                    is_significant=test.significant,
                )
                for test in found.of(measure)
                if test.lag == 1
            )
        )
        for measure in LISTENING.values()
    ]


def rivalled(situation: Situation, seed: int) -> Found:
    """Return what pyinform's transfer entropy says of all pairs, with episodes of the sender shuffled."""
    del seed
    log = situation.log
    (block,) = log.blocks(frozenset({ACTIONS}), max_bytes=1 << 40)
    held = block.columns[ACTIONS].reshape(log.episodes.n_episodes, -1, *block.columns[ACTIONS].shape[1:])
    test = DISCRETE[0].prepare(held)()
    pairs = np.argwhere(~np.eye(len(situation.edges), dtype=bool)).tolist()
    return Found(pairs=tuple(Pair(is_edge=bool(situation.edges[to, by]), p=test(by, to)) for to, by in pairs))


def is_edge(situation: Situation, receiver: str, sender: str) -> bool:
    """Return whether the sender influences the receiver."""
    place = [agent.name for agent in situation.log.header.agents].index
    return bool(situation.edges[place(receiver), place(sender)])


@dataclass(frozen=True, slots=True)
class _Made:
    """Logs of one situation."""

    situation: str
    simulator: Simulator
    size: Size
    n_logs: int = 10

    def judged(self, method: str, judge: Callable[[Situation, int], Found]) -> Cell:
        """Return the row of one method."""
        return self.judged_by((method,), lambda situation, seed: [judge(situation, seed)])

    def judged_by(self, methods: Sequence[str], judge: Callable[[Situation, int], Sequence[Found]]) -> Cell:
        """Return the rows of methods that go together."""
        size = self.size

        def study(seed: int) -> Sequence[Found]:
            return judge(self.simulator(size, generator(seed, "routing-table", self.situation)), seed)

        log = f"{size.n_agents} agents, {size.n_episodes} x {size.n_steps}"
        return Cell(situation=self.situation, methods=tuple(methods), log=log, n_logs=self.n_logs, study=study)


def _by_predicting(name: str, law_of: LawMaker) -> Iterator[Cell]:
    """Yield the rows of trajectories alone."""
    kinds: Mapping[str, Simulator | None] = {
        "choices": partial(acted, law_of),
        "numbers": CONTINUOUS.get(name),
        "both": MIXED.get(name),
    }
    judge = partial(estimated, source=RoutingSource.TRANSFER_ENTROPY)
    for kind, simulator in kinds.items():
        for size in (LARGE, SMALL) if simulator else ():
            yield _Made(name, simulator, size).judged(f"transfer entropy, {kind}", judge)
    yield _Made(name, partial(acted, law_of), LARGE).judged("pyinform, choices", rivalled)


def _slow() -> Iterator[Cell]:
    """Yield a chain of agents that move slowly, with as many steps in shorter and in longer episodes."""
    for size in (Size(n_episodes=800, n_steps=25), Size(n_episodes=50, n_steps=400)):
        made = _Made("chain", CONTINUOUS["chain"], size)
        yield made.judged("transfer entropy, numbers", partial(estimated, source=RoutingSource.TRANSFER_ENTROPY))


def _by_more(name: str, law_of: LawMaker) -> Iterator[Cell]:
    """Yield the rows of what logs hold beside trajectories: small logs without edges, large ones with edges."""
    has_edges = name in WITH_EDGES
    size = LARGE if has_edges else SMALL
    logged = partial(_logged, law_of)
    made = _Made(name, partial(logged, affording.log_of_probabilities), size)
    yield made.judged("policy residual", partial(estimated, source=RoutingSource.POLICY_RESIDUAL))
    made = _Made(name, partial(affording.frozen_by_lot, law_of), size)
    yield made.judged("intervention", partial(estimated, source=RoutingSource.INTERVENTION))
    made = _Made(name, partial(_attended, law_of, Favour.SENDERS if has_edges else Favour.NOBODY), size)
    yield made.judged("attention", partial(estimated, source=RoutingSource.ATTENTION))
    made = _Made(name, partial(_attended, law_of, Favour.SENDERS if has_edges else Favour.SOMEBODY), size, n_logs=20)
    yield made.judged("attention taken for influence", gated)
    size = Size(n_episodes=100, n_steps=50) if has_edges else Size(n_episodes=40, n_steps=25)
    made = _Made(name, partial(logged, affording.log_of_messages), size, n_logs=5 if has_edges else 10)
    yield made.judged_by([f"messages, {measure}" for measure in LISTENING], listened)
    size, n_logs = (LARGE, 3) if has_edges else (Size(n_episodes=40, n_steps=25), 10)
    made = _Made(name, partial(logged, affording.log_of_observations), size, n_logs=n_logs)
    yield made.judged("occlusion", partial(estimated, source=RoutingSource.OCCLUSION))


def _logged(
    law_of: LawMaker, logged: Callable[[Rollout], Situation], size: Size, rng: np.random.Generator
) -> Situation:
    return logged(rolled_out(law_of(size, rng), rng))


def _attended(law_of: LawMaker, favour: Favour, size: Size, rng: np.random.Generator) -> Situation:
    return affording.log_of_attention(rolled_out(law_of(size, rng), rng), rng, favour=favour)


def _dice() -> Iterator[Cell]:
    """Yield a hidden driver and hidden options beside four edges, and policies that hardly explore."""
    for greed in (0.0, 0.8, 0.95, 0.995):
        for size in (LARGE, SMALL):
            made = _Made(f"hidden driver, greedy share {greed:g}", partial(hidden_driver, n_edges=4, greed=greed), size)
            yield made.judged("policy residual", partial(estimated, source=RoutingSource.POLICY_RESIDUAL))


def _experiments() -> Iterator[Cell]:
    """Yield all ways to intervene beside four edges, under a hidden driver, options and a schedule."""
    for cuts_channels in (False, True):
        for way in Way:
            name = f"{'channels are cut' if cuts_channels else 'agents are frozen'}: {way.value}"
            how = Experiment(way=way, n_edges=4, cuts_channels=cuts_channels)
            for size in (LARGE, Size(n_episodes=60, n_steps=40)):
                made = _Made(name, partial(experiment, how=how), size)
                yield made.judged("intervention", partial(estimated, source=RoutingSource.INTERVENTION))


def _sceneries() -> Iterator[Cell]:
    """Yield what goes together in what agents see; half of them follow another one."""
    size = Size(n_agents=4, n_episodes=100, n_steps=50)
    for scenery in Scenery:
        for share in (0.5, 0.25):
            name = f"{scenery.value}, {share:g} of the pull is a leader's"
            made = _Made(name, partial(observers, scenery=scenery, n_edges=2, share=share), size, n_logs=5)
            yield made.judged("occlusion", partial(estimated, source=RoutingSource.OCCLUSION))


def _talk() -> Iterator[Cell]:
    """Yield teams that talk: of four, one may listen to another."""
    worlds = {
        "babble": Talking(),
        "signals, nobody listens": Talking(signals=0.6),
        "signals, one listens": Talking(signals=0.6, listens=0.3),
        "signals, all see the same, nobody listens": Talking(signals=0.6, sees=0.4),
        "spoken actions, nobody listens": Talking(is_spoken_action=True),
        "spoken actions, one listens": Talking(is_spoken_action=True, listens=0.3),
        "spoken actions, all see the same, nobody listens": Talking(is_spoken_action=True, sees=0.4),
    }
    for name, talking in worlds.items():
        made = _Made(name, partial(talkers, talking=talking), Size(n_agents=4, n_episodes=120, n_steps=50), n_logs=20)
        yield made.judged_by([f"messages, {measure}" for measure in LISTENING], listened)


_LAWS = {**WITHOUT_EDGES, **WITH_EDGES}
CELLS: tuple[Cell, ...] = (
    *(cell for name, law_of in _LAWS.items() for cell in _by_predicting(name, law_of)),
    *(cell for name, law_of in _LAWS.items() for cell in _by_more(name, law_of)),
    *_slow(),
    *_dice(),
    *_experiments(),
    *_sceneries(),
    *_talk(),
)
"""In the order of the table."""
