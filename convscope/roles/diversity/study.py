"""The diversity of a team, with what chance alone gives."""

from collections.abc import Sequence

import numpy as np

from convscope.randomness import generator
from convscope.roles.diversity.bases import Bases, bases_of
from convscope.roles.diversity.figures import figures_of
from convscope.roles.diversity.measures import Measure
from convscope.roles.diversity.reading import EpisodeSums, most_episodes
from convscope.roles.diversity.sample import Sample, most_members, sample_of
from convscope.values.arrays import IntArray
from convscope.values.config import AnalysisConfig
from convscope.values.diversity import Diversity, DiversityBasis, DiversityFigure
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog

MIN_EPISODES = 6
"""Under six episodes no exchange of two agents' labels can reach p = .05."""
WHERE = "roles.diversity"


def team_diversity(log: TrajectoryLog, episodes: Sequence[EpisodeSums], config: AnalysisConfig) -> Diversity:
    """Measure how differently the agents of a team behave.

    The members are the agents; where slots are filled anew in each episode, the declared roles. Every figure is of the
    whole behaviour of a member, over all that it met: members in different situations differ though their policies may
    be the same. The null exchanges the members within each episode, whole episodes are resampled for the interval.

    Parameters
    ----------
    log
        The log; only its header and its table of episodes are looked at.
    episodes
        From `DiversityFold`.
    config
        ``n_permutations`` and ``seed`` are used.
    """
    bases = bases_of(log.header)
    label, names = _labels(log)
    if label is None:
        message = (
            "no diversity: slots are filled anew in each episode, and no roles are declared that could be compared"
        )
        return Diversity(notices=(Notice(code="not-applicable", message=message, where=WHERE),))
    figures: list[DiversityFigure] = []
    most = most_members(_n_strata(log, episodes))
    notices = [*bases.notices, *_sampled(log, config, n_labels=len(names), most=most)]
    for basis in DiversityBasis:
        if basis not in bases.widths:
            continue
        samples = _samples(log, episodes, basis, label=label, most=most)
        if not samples:
            notices.append(_too_few(basis))
        found = _figures_of_basis(samples, basis, bases, config=config, names=names)
        figures += found
        notices += _undefined(bases.measures(basis), found) if samples else []
    return Diversity(figures=tuple(figures), notices=tuple(notices))


def _figures_of_basis(
    samples: Sequence[Sample], basis: DiversityBasis, bases: Bases, *, config: AnalysisConfig, names: tuple[str, ...]
) -> list[DiversityFigure]:
    if not samples:
        return []
    rng = generator(config.seed, "roles", "diversity", basis.value)
    measures = bases.measures(basis)
    members = np.unique(np.concatenate([sample.labels for sample in samples]))
    found = figures_of(samples, measures, n_draws=config.n_permutations, rng=rng)
    return [
        DiversityFigure(
            measure=measure.measure,
            basis=basis,
            value=each.value,
            interval=each.interval,
            floor=each.floor,
            null=each.null,
            p_value=each.p_value,
            members=tuple(names[member] for member in members.tolist()),
        )
        for measure, each in zip(measures, found, strict=True)
        if each is not None
    ]


def _labels(log: TrajectoryLog) -> tuple[IntArray | None, tuple[str, ...]]:
    """Return who fills each slot of each episode, -1 for nobody, and what the members are called."""
    if log.header.identities_persist:
        names = tuple(agent.name for agent in log.header.agents)
        return np.broadcast_to(np.arange(len(names)), (log.episodes.n_episodes, len(names))), names
    roles = log.episodes.declared_roles
    return (roles if len(np.unique(roles[roles >= 0])) > 1 else None), log.header.roles


def _samples(
    log: TrajectoryLog, episodes: Sequence[EpisodeSums], basis: DiversityBasis, *, label: IntArray, most: int
) -> list[Sample]:
    """Return the samples of the runs that have enough episodes, in an order that does not depend on the log's."""
    of_run: dict[int, list[EpisodeSums]] = {}
    for each in episodes:
        of_run.setdefault(int(log.episodes.run[each.episode]), []).append(each)
    condition = log.episodes.condition
    samples = [sample_of(mine, basis, label=label, condition=condition, most=most) for mine in of_run.values()]
    return [sample for sample in samples if sample is not None and len(sample.stratum) >= MIN_EPISODES]


def _n_strata(log: TrajectoryLog, episodes: Sequence[EpisodeSums]) -> int:
    """Return the conditions of all runs together."""
    rows = [each.episode for each in episodes]
    return len({*zip(log.episodes.run[rows].tolist(), log.episodes.condition[rows].tolist(), strict=True)})


def _sampled(log: TrajectoryLog, config: AnalysisConfig, *, n_labels: int, most: int) -> list[Notice]:
    """Say what is left out of a large log."""
    counts = np.bincount(log.episodes.run[log.episodes.is_analysed(config.checkpoint)])
    n_kept = most_episodes(int((counts > 0).sum()), len(log.header.agents))
    messages: list[str] = []
    if counts.max(initial=0) > n_kept:
        messages.append(f"diversity is measured in {n_kept} episodes of each run, chosen by a digest of what happened")
    if n_labels > most:
        messages.append(f"at most {most} agents of a run are compared, spread evenly by what they do")
    return [Notice(code="sampled", message=message, where=WHERE) for message in messages]


def _undefined(measures: Sequence[Measure], found: Sequence[DiversityFigure]) -> list[Notice]:
    shown = {figure.measure for figure in found}
    names = [each.measure.value.replace("-", " ") for each in measures if each.measure not in shown]
    message = f"not defined, because some pair of agents has nothing that can be compared: {', '.join(names)}"
    return [Notice(code="not-computed", message=message, where=WHERE)] if names else []


def _too_few(basis: DiversityBasis) -> Notice:
    message = f"no diversity from {basis.value}: no run has {MIN_EPISODES} episodes in which two agents show any"
    return Notice(code="not-computed", message=message, where=WHERE)
