"""The straight line from a log to the evidence about it; nothing else."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from convscope.compare.crossplay import crossplay_notices
from convscope.compare.gap import translation_gap
from convscope.compare.returns import gap_and_return
from convscope.dependence.influence import formation_influence
from convscope.dependence.study import dependence_fold, routing_dependence
from convscope.engine.executors import open_executor
from convscope.engine.fold import Fold
from convscope.engine.run import Progress, run_folds
from convscope.features.fold import FeatureFold
from convscope.features.missing import MissingFold
from convscope.features.returns import ReturnFold
from convscope.ingest.crossplay import read_crossplay
from convscope.ingest.episode_labels import read_labels
from convscope.ingest.layout_file import lay_out, read_layout
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_study
from convscope.ingest.policy import attach_policies
from convscope.ingest.prior import declare, prior_from_labels, read_prior
from convscope.ingest.selection import select_agents
from convscope.roles.discover import discover_roles
from convscope.roles.diversity.reading import DiversityFold
from convscope.roles.diversity.study import team_diversity
from convscope.roles.explained.split import explain_roles
from convscope.roles.explained.starts import StartFold
from convscope.roles.policy.reading import policy_reading
from convscope.roles.policy.sampling import policy_fold
from convscope.roles.segments.reading import StepFold
from convscope.roles.segments.study import find_segments
from convscope.routing.choose import choose_estimators
from convscope.routing.estimators.estimator import Estimator
from convscope.routing.graph import routing_folds, routing_graph
from convscope.routing.messages.measures import message_measures
from convscope.routing.messages.reading import MessageFold
from convscope.values.analysed import unlike_checkpoints
from convscope.values.config import AnalysisConfig
from convscope.values.conventions import CrossPlayReturns
from convscope.values.evidence import Evidence
from convscope.values.header import Notice
from convscope.values.labels import EpisodeLabels
from convscope.values.log import TrajectoryLog
from convscope.values.prior import RolePrior
from convscope.version import __version__


def analyze(
    log: TrajectoryLog,
    prior: RolePrior | None,
    config: AnalysisConfig,
    *,
    labels: EpisodeLabels | None = None,
    crossplay: CrossPlayReturns | None = None,
    n_workers: int | None = 1,
    progress: Progress | None = None,
) -> Evidence:
    """Find the roles and the routing of a team, and how far both are from the prior.

    Parameters
    ----------
    log
        One study: any number of runs and checkpoints.
    prior
        What was declared; None takes the log's own labels, if it has any.
    config
        Every choice that changes a result.
    labels
        Formations and padding that the user names; None finds formations.
    crossplay
        Returns of runs that played with one another, if anybody tried.
    n_workers
        Processes that read the log; None decides by its size. The result does not depend on it. A script that asks for
        more than one needs the usual ``if __name__ == "__main__":``, since workers import it.
    progress
        Told after each block that was read.

    Raises
    ------
    ConvscopeError
        If the log cannot be read, or the options do not fit it.
    """
    agents = select_agents(log, config)
    prior = prior or prior_from_labels(log)
    log = declare(log, prior) if prior else log
    estimators = choose_estimators(log, config)
    with open_executor(n_workers or _workers_for(log)) as executor:
        run = partial(run_folds, log, executor=executor, max_bytes=config.max_block_bytes, progress=progress)
        folds = _folds(log, estimators, agents=agents, config=config)
        missing, features, returns, starts, steps, acts, heard, sums, windows, *tallies = run(folds)
        routing = routing_graph(log, estimators, tallies, run=run, agents=agents, config=config)
        moved = formation_influence(log, routing, labels, config=config, agents=agents, run=run)
    source = routing.source if routing else None
    roles = discover_roles(features, log, agents=agents, config=config)
    dependence = routing_dependence(log, windows, source, labels=labels, agents=agents, config=config, influence=moved)
    compared = partial(translation_gap, features=features, dependence=dependence, crossplay=crossplay, config=config)
    gap = compared(prior, roles, routing) if prior else None
    analysed = log.episodes.analysed(config.checkpoint)
    evidence = Evidence(
        version=__version__,
        config=config,
        header=log.header,
        episodes=log.episodes,
        analysed=agents,
        returns=returns,
        features=features,
        roles=roles,
        explained=explain_roles(roles, log, starts, agents=agents, config=config),
        policy=policy_reading(log, steps, agents=agents, config=config),
        diversity=team_diversity(log, sums, config),
        segments=find_segments(acts, roles, log, config=config),
        routing=routing,
        messages=message_measures(log, heard, agents=agents, config=config),
        dependence=dependence,
        prior=prior,
        gap=gap,
        gap_and_return=gap_and_return(gap, returns, analysed, config=config) if gap else None,
        crossplay_sha256=crossplay.sha256 if crossplay else None,
        labels_sha256=labels.sha256 if labels else None,
        priors_sha256=prior.sha256 if prior else None,
    )
    return replace(evidence, notices=_notices(evidence, missing, crossplay))


def _folds(
    log: TrajectoryLog, estimators: Sequence[Estimator], *, agents: tuple[str, ...], config: AnalysisConfig
) -> list[Fold]:
    """Return what reads the log, in the order in which `analyze` takes the results."""
    folds: list[Fold] = [
        FeatureFold(log, config),
        ReturnFold(log, agents),
        StartFold(log, config),
        policy_fold(log, agents=agents, config=config),
        StepFold(log, config, agents),
        MessageFold(log, config),
        DiversityFold(log, config, agents),
        dependence_fold(log, estimators, config=config, agents=agents),
        *routing_folds(log, estimators, config=config, agents=agents),
    ]
    return [MissingFold(log, folds), *folds]


def analyze_files(  # noqa: PLR0913  one parameter an option
    logs: Sequence[str],
    *,
    config: AnalysisConfig,
    priors: Path | None = None,
    loader: str | None = None,
    mapping: Path | None = None,
    layout: Path | None = None,
    formations: Path | None = None,
    crossplay: Path | None = None,
    trusts_pickle: bool = False,
    policies: Sequence[str] = (),
    n_workers: int | None = 1,
    progress: Progress | None = None,
) -> Evidence:
    """Open the logs of a study and its priors file, and analyse them; as `analyze`.

    Parameters
    ----------
    logs
        Files, folders or globs; or one study file.
    config, n_workers, progress
        As in `analyze`.
    priors
        Priors file in TOML.
    loader
        Name of a loader; None takes the one that fits best.
    mapping
        Mapping file in TOML, where a log can be read in more than one way.
    layout
        Layout file in TOML: which columns of an observation describe which agent.
    formations
        File of labels in CSV: in which formation the team is, and how slots are padded.
    crossplay
        Matrix in CSV: the return of every run played with every other.
    trusts_pickle
        Whether pickled parts of a log may be read; nothing is unpickled without it.
    policies
        ``FILE`` or ``PATTERN=FILE``: the policies that the agents act by, as in `attach_policies`.
    """
    how = read_mapping(mapping) if mapping else None
    log = open_study(logs, loader=loader, mapping=how, trusts_pickle=trusts_pickle)
    log = lay_out(log, read_layout(layout, log)) if layout else log
    log = attach_policies(log, policies, layout) if policies else log
    prior = read_prior(priors, log) if priors else None
    labels = read_labels(formations, log) if formations else None
    returns = read_crossplay(crossplay, log) if crossplay else None
    evidence = analyze(log, prior, config, labels=labels, crossplay=returns, n_workers=n_workers, progress=progress)
    return replace(evidence, mapping_sha256=how.sha256 if how else None)


def _workers_for(log: TrajectoryLog) -> int:
    # A process costs about a second to start: not worth it before some ten million numbers.
    is_large = log.episodes.n_timesteps * len(log.header.agents) > 2_000_000
    return (os.cpu_count() or 1) if is_large else 1


def _notices(evidence: Evidence, missing: Sequence[Notice], crossplay: CrossPlayReturns | None) -> tuple[Notice, ...]:
    """Return what was dropped, assumed or not computed, stage by stage, without repeats."""
    unlike = unlike_checkpoints(evidence.episodes.analysed(evidence.config.checkpoint))
    parts = (
        evidence.header,
        evidence.features,
        evidence.roles,
        evidence.explained,
        evidence.diversity,
        evidence.policy,
        evidence.segments,
        evidence.routing,
        evidence.messages,
        evidence.gap,
        evidence.dependence,
    )
    own = [notice for part in parts if part is not None for notice in part.notices]
    unplayed = crossplay_notices(crossplay, evidence.gap.conventions if evidence.gap else None)
    return tuple(dict.fromkeys([*missing, *unplayed, *unlike, *own]))
