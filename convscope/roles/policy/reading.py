"""Who can be told apart by what they do given what they see."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from convscope.behaviour.groups import Group
from convscope.behaviour.sample import Steps
from convscope.randomness import generator
from convscope.roles.energy import exchange_patterns
from convscope.roles.linkage import usual_number
from convscope.roles.pairs import MIN_EPISODES
from convscope.roles.policy.changes import FEWEST_EPISODES, find_changes
from convscope.roles.policy.kinds import KindReading, pair_matrices, policy_classes, read_kind
from convscope.roles.policy.members import Compared, compared
from convscope.roles.policy.notices import over_changes, run_notices, some_runs, unread, unscanned
from convscope.roles.policy.sampling import lacking, read_groups
from convscope.roles.policy.scores import together
from convscope.roles.policy.stretches import longest_stretch
from convscope.values.config import AnalysisConfig
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope.values.policy_reading import ChangePoint, PolicyReading, PolicyRun

_N_RESAMPLED = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MembersRead:
    """The members of a run in some of its episodes."""

    who: Compared
    kinds: tuple[KindReading, ...]
    run: PolicyRun


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
    groups = read_groups(log, config)
    for group in groups:
        found, said = _run(log, steps.rows(np.isin(steps.episode, group.episodes)), group, agents=agents, config=config)
        read += [] if found is None else [found]
        notices += said
    notices += some_runs(len(groups), len(log.episodes.analysed(config.checkpoint)))
    runs = tuple(each.run for each in read)
    scanned = [each.changes for each in read if each.changes is not None]
    return PolicyReading(
        runs=runs,
        # Runs in which any pair could be compared.
        k_agents=usual_number(run.n_classes for run in runs if run.n_compared),
        change_points=tuple(change for changes in scanned for change in changes) if scanned else None,
        notices=tuple(dict.fromkeys(notices)),
    )


def _run(
    log: TrajectoryLog, steps: Steps, group: Group, *, agents: Sequence[str], config: AnalysisConfig
) -> tuple[RunReading | None, tuple[Notice, ...]]:
    whole = _members_read(log, steps, group, agents=agents, config=config)
    if whole is None:
        return None, (unread(group.run_name, len(np.unique(steps.digest))),)
    changes, said = _changes(log, group, whole, config=config)
    numbers = log.episodes.number[steps.episode]
    read, stretch = whole, None
    if changes:
        kept = longest_stretch(np.unique(numbers), changes)
        part = _members_read(log, steps.rows(np.isin(numbers, kept)), group, agents=agents, config=config)
        if part is not None:
            read, stretch = part, (int(kept[0]), int(kept[-1]))
        said = (*said, over_changes(group.run_name, stretch))
    found = replace(read.run, stretch=stretch)
    return RunReading(run=found, changes=changes), (*run_notices(found, read.who), *said)


def _members_read(
    log: TrajectoryLog, steps: Steps, group: Group, *, agents: Sequence[str], config: AnalysisConfig
) -> MembersRead | None:
    """Read all pairs of a run in these steps; None where there is too little of anything."""
    rng = generator(config.seed, "roles", "policy", group.run_name)
    who = compared(log, steps, agents, rng=rng)
    n_units = len(np.unique(steps.digest))
    if n_units < MIN_EPISODES or not who.kinds:
        return None
    signs = exchange_patterns(n_units, config.n_permutations, rng)
    weights = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=_N_RESAMPLED).astype(np.float64)
    with threadpool_limits(1):
        kinds = tuple(read_kind(seen, signs, weights) for seen in who.kinds)
    pairs = [pair for kind in kinds for pair in kind.pairs]
    whole = together([kind.told for kind in kinds])
    is_any = any(pair.scores is not None for pair in pairs)
    matrices = pair_matrices(who.names, pairs)
    found = PolicyRun(
        run=group.run_name,
        checkpoint=group.checkpoint,
        members=who.names,
        nats=matrices["nats"],
        nats_low=matrices["nats_low"],
        nats_high=matrices["nats_high"],
        p_value=matrices["p_value"],
        overlap=matrices["overlap"],
        class_of=policy_classes(who, matrices, alpha=config.alpha),
        attainable_p=1 / len(signs),
        all_nats=whole.nats() if is_any else None,
        all_interval=whole.interval(weights) if is_any else None,
        n_episodes=n_units,
        n_decisions=int(whole.n_decisions.sum()),
    )
    return MembersRead(who=who, kinds=kinds, run=found)


def _changes(
    log: TrajectoryLog, group: Group, read: MembersRead, *, config: AnalysisConfig
) -> tuple[tuple[ChangePoint, ...] | None, tuple[Notice, ...]]:
    """Return the changes of policy within a run; None where they cannot be looked for, with the reason."""
    episodes = read.who.kinds[0].episode
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
        for scores in zip(*(kind.residuals for kind in read.kinds), strict=True)
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
