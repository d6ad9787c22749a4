"""Whether influence, told by the agents' own dice, changes with formations that the user names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from convscope.behaviour.groups import agent_places, episode_groups
from convscope.dependence.runs import over_runs
from convscope.dependence.sensitivity import attainable_p, changes_between
from convscope.randomness import generator
from convscope.routing.estimate import Run
from convscope.routing.residual.episodes import EpisodeEffects, EpisodeFold
from convscope.routing.residual.study import read_models, usage_fold
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.dependence import Formation, FormationOrigin, FormationSensitivity
from convscope.values.labels import EpisodeLabels
from convscope.values.log import TrajectoryLog
from convscope.values.routing import RoutingGraph

UNIT = "share of actions changed"
_MOST_NUMBERS = 1 << 25
_MOST_GROUPS_OF_ACTIONS = 6
_LENGTHS_DIFFER = 0.1
"""Share by which the mean lengths of the episodes of two formations may differ."""
_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InfluenceShift:
    """How far influence changes with the formation, or why that is not told."""

    found: FormationSensitivity | None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _RunEpisodes:
    """Episodes of one run that have a formation."""

    name: str
    places: IntArray
    """Of their effects."""
    share: FloatArray
    """1 for each one's formation, shape (E, K)."""


def formation_influence(
    log: TrajectoryLog,
    routing: RoutingGraph | None,
    labels: EpisodeLabels | None,
    *,
    config: AnalysisConfig,
    agents: Sequence[str],
    run: Run,
) -> InfluenceShift | None:
    """Return `influence_by_formation` where policy residuals are in use and formations are named, else None."""
    is_told = routing is not None and routing.source is RoutingSource.POLICY_RESIDUAL
    if not is_told or labels is None or not labels.formations:
        return None
    return influence_by_formation(log, labels, config=config, agents=agents, run=run)


def influence_by_formation(
    log: TrajectoryLog, labels: EpisodeLabels, *, config: AnalysisConfig, agents: Sequence[str], run: Run
) -> InfluenceShift:
    """Compare the weights of policy residuals between formations of whole episodes (docs/formation.md).

    Parameters
    ----------
    log
        With action probabilities.
    labels
        Formations.
    config
        ``n_permutations`` and ``seed`` are used.
    agents
        Names of the analysed agents.
    run
        Reads the log, three times more.
    """
    groups = episode_groups(log, config)
    formation = _of_whole_episodes(labels, log.episodes.rows)
    shown = [
        np.intersect1d(group.episodes, np.flatnonzero(formation >= 0)) if group.is_analysed else formation[:0]
        for group in groups
    ]
    every = np.concatenate(shown)
    why_not = _why_not(log, labels, formation=formation, every=every)
    if why_not:
        return InfluenceShift(found=None, why_not=why_not)
    place_of = np.full(log.episodes.n_episodes, -1)
    place_of[every] = np.arange(len(every))
    (usage,) = run([usage_fold(log, config)])
    model, _ = read_models(log, usage, groups=groups, run=run)
    (effects,) = run([EpisodeFold(model=model, place_of=place_of)])
    kinds = np.eye(len(labels.formations))
    runs = [
        _RunEpisodes(name=group.run_name, places=place_of[own], share=kinds[formation[own]])
        for group, own in zip(groups, shown, strict=True)
        if len(own)
    ]
    found = _compared(
        effects,
        runs,
        names=labels.formations,
        steps=log.episodes.rows[every],
        config=config,
        nodes=dict(zip(agents, agent_places(log, agents).tolist(), strict=True)),
    )
    return InfluenceShift(found=found, why_not="" if found else "no two formations show the same sender and receiver")


def _of_whole_episodes(labels: EpisodeLabels, n_rows: IntArray) -> IntArray:
    """Return the formation of each episode, -1 for none and -2 where it changes on the way, shape (E,)."""
    held = np.zeros((len(n_rows), len(labels.formations)))
    np.add.at(held, (labels.spans[:, 0], labels.spans[:, 3]), labels.spans[:, 2] - labels.spans[:, 1])
    is_whole = np.asarray(held.max(axis=1) >= n_rows)
    return np.where(is_whole, held.argmax(axis=1), np.where(held.sum(axis=1) > 0, -2, -1))


def _why_not(log: TrajectoryLog, labels: EpisodeLabels, *, formation: IntArray, every: IntArray) -> str:
    if not log.header.identities_persist:
        return "slots are filled anew in each episode"
    if not len(every) and (formation == -2).any():
        return "formations change within episodes, and dice are added up over whole ones"
    lengths = [log.episodes.rows[every[formation[every] == kind]] for kind in range(len(labels.formations))]
    means = np.array([own.mean() for own in lengths if len(own)])
    if len(means) < 2:
        return "fewer than two formations hold whole episodes"
    if means.max() > (1 + _LENGTHS_DIFFER) * means.min():
        return "episodes of one formation last longer, and the time in the episode would be taken for the formation"
    n_agents = len(log.header.agents)
    if len(every) * 3 * (n_agents * _MOST_GROUPS_OF_ACTIONS) ** 2 > _MOST_NUMBERS:
        return "so many episodes and agents would take too much memory"
    return ""


def _compared(
    effects: EpisodeEffects,
    runs: Sequence[_RunEpisodes],
    *,
    names: Sequence[str],
    steps: IntArray,
    config: AnalysisConfig,
    nodes: Mapping[str, int],
) -> FormationSensitivity | None:
    places = np.array(list(nodes.values()))
    attainable = attainable_p([run.share[:, None] for run in runs], config.n_permutations)
    n_draws = 0 if attainable is None else config.n_permutations
    weights = [_weights(effects, run, places, n_draws=n_draws, seed=config.seed) for run in runs]
    first, second = np.array(list(combinations(range(len(names)), 2))).T
    share = np.concatenate([run.share for run in runs])
    order = np.concatenate([run.places for run in runs])
    matrices = over_runs([own[0] for own in weights])
    formations = [
        Formation(
            name=name,
            n_episodes=int(share[:, number].sum()),
            n_timesteps=int(share[:, number] @ steps[order]),
            spread=None,
            matrix=matrices[number],
        )
        for number, name in enumerate(names)
    ]
    found = changes_between(
        [own[:, first] - own[:, second] for own in weights],
        formations,
        run_names=[run.name for run in runs],
        nodes=tuple(nodes),
        origin=FormationOrigin.FILE,
        width=int(steps.max()),
        attainable_p=attainable,
    )
    return replace(found, unit=UNIT) if found else None


def _weights(effects: EpisodeEffects, run: _RunEpisodes, places: IntArray, *, n_draws: int, seed: int) -> FloatArray:
    """Return weights in each formation, of the log and under exchanged labels, shape (1 + B, K, receiver, sender)."""
    rng = generator(seed, "dependence", "influence", run.name)
    n_episodes = len(run.places)
    orders = np.array([np.arange(n_episodes), *(rng.permutation(n_episodes) for _ in range(n_draws))])
    own = effects.of(run.places)
    found: list[FloatArray] = []
    for start in range(0, len(orders), _AT_ONCE):
        counts = run.share[orders[start : start + _AT_ONCE]].swapaxes(1, 2)
        weights = own.shares(counts.reshape(-1, n_episodes))
        found.append(weights.reshape(*counts.shape[:2], *weights.shape[1:]))
    return np.concatenate(found)[:, :, places[:, None], places]
