"""The routing graph of a log: the source in use, role preference, and how far other sources agree."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from convscope.engine.executors import open_executor
from convscope.engine.fold import Fold
from convscope.engine.run import run_folds
from convscope.ingest.selection import select_agents
from convscope.routing.agreement import compare_sources, sight_notices, validity_notices, withheld_notices
from convscope.routing.choose import choose_estimators, left_out
from convscope.routing.concentrated import told_concentration
from convscope.routing.estimate import RoutingEstimate, Run
from convscope.routing.estimators.estimator import Estimator
from convscope.routing.preference import role_preference
from convscope.routing.refusal import UnreadableSourceError
from convscope.routing.structure import graph_structure
from convscope.routing.surroundings import SurroundingsFold
from convscope.values.config import AnalysisConfig
from convscope.values.header import Notice
from convscope.values.log import TrajectoryLog
from convscope.values.routing import RoutingGraph


def routing_folds(
    log: TrajectoryLog, chosen: Sequence[Estimator], *, config: AnalysisConfig, agents: Sequence[str]
) -> list[Fold]:
    """Return what the routing of a log needs from the pass that all stages share.

    Parameters
    ----------
    log
        The log.
    chosen
        From `choose_estimators`.
    config
        Every choice that changes a result.
    agents
        Names of the analysed agents.
    """
    return [*(estimator.fold(log, config) for estimator in chosen), SurroundingsFold(log, config, agents)]


def routing_graph(
    log: TrajectoryLog,
    chosen: Sequence[Estimator],
    results: Sequence[Any],
    *,
    config: AnalysisConfig,
    agents: Sequence[str],
    run: Run,
) -> RoutingGraph | None:
    """Return who draws on whom.

    Parameters
    ----------
    log
        The log that was folded.
    chosen
        From `choose_estimators`: the one in use first.
    results
        Of `routing_folds`, in the same order.
    config
        Every choice that changes a result.
    agents
        Names of the analysed agents; edges are between these alone.
    run
        Reads the log again for an estimator that needs more than one pass.

    Returns
    -------
    RoutingGraph or None
        None when the log affords no source, or fewer than two agents are analysed.

    Raises
    ------
    UnreadableSourceError
        If the source that was asked for, or the only one, holds something else than weights.
    """
    if not chosen or len(agents) < 2:
        return None
    *sums, surroundings = results
    estimates, refused = _estimates(log, chosen, sums, config=config, agents=agents, run=run)
    used = estimates[0]
    comparison = compare_sources(log, estimates, surroundings.controls(), config=config, agents=agents)
    roles = log.header.roles
    preference = role_preference(used.tallies, roles) if roles else None
    concentration, untold = told_concentration(used, log.header, agents, config=config)
    structure, shapeless = graph_structure(used.edges, agents, config, are_lasting=log.header.identities_persist)
    return RoutingGraph(
        source=used.source,
        claim=used.claim,
        unit=used.unit,
        agents=tuple(agents),
        edges=used.edges,
        edges_by_run=used.edges_by_run,
        tallies=used.tallies,
        halves=used.halves,
        preference=preference,
        role_edges=used.role_edges,
        heads=used.heads,
        concentration=concentration,
        comparison=comparison,
        structure=structure,
        attribution=next((each.attribution for each in estimates if each.attribution is not None), None),
        notices=(
            *refused,
            *used.notices,
            *untold,
            *shapeless,
            *(preference.notices if preference else ()),
            *validity_notices(used.source, comparison.validity),
            *withheld_notices(comparison.agreements),
            *sight_notices(log.header),
            *_identity_notices(log),
            *left_out(log.header, chosen),
        ),
    )


def _estimates(
    log: TrajectoryLog,
    chosen: Sequence[Estimator],
    results: Sequence[Any],
    *,
    config: AnalysisConfig,
    agents: Sequence[str],
    run: Run,
) -> tuple[list[RoutingEstimate], list[Notice]]:
    """Return the estimates, and a notice for each source that holds something else than weights."""
    estimates: list[RoutingEstimate] = []
    refused: list[Notice] = []
    for estimator, result in zip(chosen, results, strict=True):
        try:
            estimates.append(estimator.estimate(log, result, config=config, agents=agents, run=run))
        except UnreadableSourceError as error:
            # Who asked for this source, or has no other, must hear of it; else another source takes its place.
            if estimator.source == config.routing_source or len(refused) == len(chosen) - 1:
                raise
            refused.append(Notice(code="source-refused", message=f"Not used: {error}.", where="routing"))
    return estimates, refused


def find_routing(
    log: TrajectoryLog, config: AnalysisConfig | None = None, *, agents: Sequence[str] | None = None
) -> RoutingGraph | None:
    """Return who draws on whom, on its own: `choose_estimators`, the passes over the log, and `routing_graph`.

    Parameters
    ----------
    log
        The log.
    config
        None takes the defaults.
    agents
        Names of the analysed agents; None takes those that the configuration selects.
    """
    config = config or AnalysisConfig()
    chosen = choose_estimators(log, config)
    with open_executor(1) as executor:
        run = partial(run_folds, log, executor=executor, max_bytes=config.max_block_bytes)
        names = select_agents(log, config) if agents is None else agents
        results = run(routing_folds(log, chosen, config=config, agents=names))
        return routing_graph(log, chosen, results, config=config, agents=names, run=run)


def _identity_notices(log: TrajectoryLog) -> tuple[Notice, ...]:
    if log.header.identities_persist:
        return ()
    message = (
        "Slots are filled anew in each episode: edges between agents are edges between slots; read the role edges."
    )
    return (Notice(code="identities-redrawn", message=message, where="routing.edges"),)
