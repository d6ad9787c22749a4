"""Who can be told apart by what they do given what they see."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from threadpoolctl import threadpool_limits

from convscope.behaviour.groups import Group, episode_groups
from convscope.behaviour.sample import Steps
from convscope.randomness import generator
from convscope.roles.energy import exchange_patterns
from convscope.roles.linkage import complete_linkage, usual_number
from convscope.roles.pairs import MIN_EPISODES, family_wise, in_null_units
from convscope.roles.policy.changes import FEWEST_EPISODES, find_changes, residual_scores
from convscope.roles.policy.decisions import Seen
from convscope.roles.policy.members import Compared, compared
from convscope.roles.policy.models import membership, predict_actions
from convscope.roles.policy.notices import run_notices, unread, unscanned
from convscope.roles.policy.sampling import lacking
from convscope.roles.policy.scores import Information, information, overlap, pair_scores, situations, together
from convscope.values.arrays import FloatArray
from convscope.values.config import AnalysisConfig
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope.values.policy_reading import ChangePoint, PolicyReading, PolicyRun

MIN_OVERLAP = 0.1
"""Under it two members hardly ever meet the same situation, and their policies are not compared."""
_N_RESAMPLED = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairReading:
    """One pair of members."""

    names: tuple[str, str]
    overlap: float
    nats: float = np.nan
    low: float = np.nan
    high: float = np.nan
    scores: FloatArray | None = None
    """Sum of the scores under each pattern of exchanges, in units of its null; None where not comparable."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KindReading:
    """The members of one kind of space."""

    pairs: tuple[PairReading, ...]
    told: Information
    """Of all of them together."""
    residuals: tuple[FloatArray, FloatArray]
    """From `residual_scores`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunReading:
    """One run."""

    run: PolicyRun
    changes: tuple[ChangePoint, ...] | None
    """None where they could not be looked for."""


def policy_reading(
    log: TrajectoryLog, steps: Steps | None, *, agents: Sequence[str], config: AnalysisConfig
) -> PolicyReading:
    """Tell agents apart by what they do given what they see, in each analysed run.

    Parameters
    ----------
    log
        The log.
    steps
        Sampled decisions, as the fold of `policy_fold` returns them; None without one.
    agents
        Names of the analysed agents.
    config
        ``alpha``, ``n_permutations`` and ``seed`` are used.
    """
    why = lacking(log.header, agents)
    if why is None and steps is None:
        why = "no sampled step holds both an observation and a choice"
    if why is not None or steps is None:
        notice = Notice(code="not-computed", message=f"no policy reading: {why}", where="roles.policy")
        return PolicyReading(notices=(notice,))
    read: list[RunReading] = []
    notices: list[Notice] = []
    for group in episode_groups(log, config):
        if group.is_analysed:
            found, said = _run(
                log, steps.rows(np.isin(steps.episode, group.episodes)), group, agents=agents, config=config
            )
            read += [] if found is None else [found]
            notices += said
    runs = tuple(each.run for each in read)
    scanned = [each.changes for each in read if each.changes is not None]
    return PolicyReading(
        runs=runs,
        k_agents=usual_number(run.n_classes for run in runs),
        change_points=tuple(change for changes in scanned for change in changes) if scanned else None,
        notices=tuple(dict.fromkeys(notices)),
    )


def _run(
    log: TrajectoryLog, steps: Steps, group: Group, *, agents: Sequence[str], config: AnalysisConfig
) -> tuple[RunReading | None, tuple[Notice, ...]]:
    rng = generator(config.seed, "roles", "policy", group.run_name)
    who = compared(log, steps, agents, rng=rng)
    n_units = len(np.unique(steps.digest))
    if n_units < MIN_EPISODES or not who.kinds:
        return None, (unread(group.run_name, n_units),)
    signs = exchange_patterns(n_units, config.n_permutations, rng)
    weights = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=_N_RESAMPLED).astype(np.float64)
    with threadpool_limits(1):
        kinds = [_kind(seen, signs, weights) for seen in who.kinds]
    pairs = [pair for kind in kinds for pair in kind.pairs]
    whole = together([kind.told for kind in kinds])
    is_any = any(pair.scores is not None for pair in pairs)
    matrices = _matrices(who.names, pairs)
    found = PolicyRun(
        run=group.run_name,
        checkpoint=group.checkpoint,
        members=who.names,
        **matrices,
        class_of=_classes(who, matrices, alpha=config.alpha),
        attainable_p=1 / len(signs),
        all_nats=whole.nats() if is_any else None,
        all_interval=whole.interval(weights) if is_any else None,
        n_episodes=n_units,
        n_decisions=int(whole.n_decisions.sum()),
    )
    changes, said = _changes(log, group, who, kinds=kinds, config=config)
    return RunReading(run=found, changes=changes), (*run_notices(found, who), *said)


def _changes(
    log: TrajectoryLog, group: Group, who: Compared, *, kinds: Sequence[KindReading], config: AnalysisConfig
) -> tuple[tuple[ChangePoint, ...] | None, tuple[Notice, ...]]:
    """Return the changes of policy within a run; None where they cannot be looked for, with the reason."""
    episodes = who.kinds[0].episode
    if len(episodes) < FEWEST_EPISODES or len(np.unique(log.episodes.condition[episodes])) > 1:
        return None, (unscanned(group.run_name, FEWEST_EPISODES),)
    number = log.episodes.number[episodes]
    order = np.argsort(number, kind="stable")
    rng = generator(config.seed, "roles", "policy", "changes", group.run_name)
    # Two kinds of scores are looked through in each run, each at its part of the level; the clearer finding counts.
    n_scans = 2 * len(log.episodes.analysed(config.checkpoint))
    looked = [
        find_changes(
            np.concatenate(scores, axis=1)[order], alpha=config.alpha / n_scans, n_draws=config.n_permutations, rng=rng
        )
        for scores in zip(*(kind.residuals for kind in kinds), strict=True)
    ]
    found = min(looked, key=lambda changes: min((change.p_value for change in changes), default=1.0))
    return tuple(
        ChangePoint(
            run=group.run_name,
            checkpoint=group.checkpoint,
            episode=int(number[order][change.place]),
            p_value=min(n_scans * change.p_value, 1.0),
        )
        for change in found
    ), ()


def _kind(seen: Seen, signs: FloatArray, weights: FloatArray) -> KindReading:
    predicted, probability = predict_actions(seen), membership(seen)
    basis = situations(seen)
    pairs: list[PairReading] = []
    for pair in map(np.array, combinations(range(len(seen.members)), 2)):
        names = seen.members[pair[0]], seen.members[pair[1]]
        common = overlap(seen, probability, pair)
        if common < MIN_OVERLAP:
            pairs.append(PairReading(names=names, overlap=common))
            continue
        told = information(seen, predicted, probability, members=pair)
        low, high = told.interval(weights)
        scores = pair_scores(seen, predicted, probability, pair=pair)
        pairs.append(
            PairReading(
                names=names,
                overlap=common,
                nats=told.nats(),
                low=low,
                high=high,
                scores=in_null_units(signs @ scores),
            )
        )
    return KindReading(
        pairs=tuple(pairs),
        told=information(seen, predicted, probability, members=np.arange(len(seen.members))),
        residuals=residual_scores(seen, predicted, basis),
    )


def _matrices(names: Sequence[str], pairs: Sequence[PairReading]) -> dict[str, FloatArray]:
    """Return the matrices of `PolicyRun` by name."""
    shape = (len(names), len(names))
    matrices = {name: np.full(shape, np.nan) for name in ("nats", "nats_low", "nats_high", "overlap")}
    matrices["p_value"] = np.ones(shape)
    tested = [pair.scores for pair in pairs if pair.scores is not None]
    p_of = iter(family_wise(np.array(tested)).tolist() if tested else ())
    for pair in pairs:
        a, b = (names.index(name) for name in pair.names)
        p_value = 1.0 if pair.scores is None else next(p_of)
        values = {"nats": pair.nats, "nats_low": pair.low, "nats_high": pair.high, "overlap": pair.overlap}
        for name, value in {**values, "p_value": p_value}.items():
            matrices[name][a, b] = matrices[name][b, a] = value
    return matrices


def _classes(who: Compared, matrices: dict[str, FloatArray], *, alpha: float) -> tuple[int, ...]:
    """Return classes by complete linkage among those of one kind of space; each other member is one of its own."""
    class_of = np.full(len(who.names), -1)
    for seen in who.kinds:
        places = np.array([who.names.index(name) for name in seen.members])
        grid = np.ix_(places, places)
        found = complete_linkage(matrices["p_value"][grid], matrices["nats"][grid], alpha=alpha)
        class_of[places] = np.array(found) + class_of.max() + 1
    alone = np.flatnonzero(class_of < 0)
    class_of[alone] = np.arange(len(alone)) + class_of.max() + 1
    first_seen = {code: number for number, code in enumerate(dict.fromkeys(class_of.tolist()))}
    return tuple(first_seen[code] for code in class_of.tolist())
