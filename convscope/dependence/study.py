"""What routing depends on, from the windows of a log."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convscope.behaviour.groups import agent_places
from convscope.dependence.conditions import Conditions, shift
from convscope.dependence.found import found_formations
from convscope.dependence.influence import InfluenceShift
from convscope.dependence.labelled import Labelled, carried_over, labelled, labels_of_file
from convscope.dependence.runs import MOST_NODES, RunReader, RunWindows
from convscope.dependence.sensitivity import formation_sensitivity
from convscope.dependence.windows import WindowFold, WindowPlan, Windows, plan_windows
from convscope.routing.estimators.estimator import Estimator
from convscope.routing.weights.fold import WeightFold
from convscope.values.arrays import BoolArray
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.dependence import Dependence, FormationOrigin, FormationSensitivity, Shift
from convscope.values.fields import POSITIONS
from convscope.values.figures import listed
from convscope.values.header import Notice
from convscope.values.labels import EpisodeLabels
from convscope.values.log import TrajectoryLog

FORMATION, SCALING, TRANSFER, PADDING, DRIFT = (
    f"routing.{name}" for name in ("formation_sensitivity", "scaling", "transfer", "padding", "drift")
)
"""Where the parts stand in the document."""
_MOST_APART = 0.1
"""Difference of the shares of two formations' timesteps in which an agent may take part."""
_FEWEST_AGENTS = 3
"""That can choose."""
_WEIGHTS = (RoutingSource.ATTENTION, RoutingSource.GATE, RoutingSource.MESSAGE)
_PARTS = (FORMATION, SCALING, TRANSFER, PADDING, DRIFT)


def dependence_fold(
    log: TrajectoryLog, chosen: Sequence[Estimator], *, config: AnalysisConfig, agents: Sequence[str]
) -> WindowFold:
    """Return what is read in the pass that all stages share: nothing unless logged weights are in use.

    Parameters
    ----------
    log
        The log.
    chosen
        The estimators of routing, the one in use first.
    config
        Every choice that changes a result.
    agents
        Names of the analysed agents.
    """
    used = chosen[0].fold(log, config) if chosen and len(agents) >= 2 else None
    weights = used if isinstance(used, WeightFold) else None
    return WindowFold(weights=weights, plan=plan_windows(log.episodes, config.checkpoint, len(agents)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Study:
    log: TrajectoryLog
    labels: EpisodeLabels | None
    config: AnalysisConfig
    plan: WindowPlan
    reader: RunReader
    runs: tuple[RunWindows, ...]
    nodes: tuple[str, ...]
    agents: tuple[str, ...]


def routing_dependence(
    log: TrajectoryLog,
    windows: Windows,
    source: RoutingSource | None,
    *,
    labels: EpisodeLabels | None,
    config: AnalysisConfig,
    agents: Sequence[str],
    influence: InfluenceShift | None = None,
) -> Dependence:
    """Return what routing depends on (docs/formation.md).

    Parameters
    ----------
    log
        The log that was folded.
    windows
        What the fold of `dependence_fold` read.
    source
        Of the routing in use; None where there is none.
    labels
        What the user says about episodes; None for nothing.
    config
        Every choice that changes a result.
    agents
        Names of the analysed agents.
    influence
        From `influence_by_formation`, where policy residuals are in use and formations are named.
    """
    if source not in _WEIGHTS:
        return _of_influence(source, influence)
    roles = log.header.roles
    if not roles and len(agents) > MOST_NODES:
        return _none(f"without declared roles it is computed for at most {MOST_NODES} agents")
    if not windows.plan.n_windows:
        return _none("so many episodes and agents would take too much memory")
    places = agent_places(log, agents)
    reader = RunReader(
        rows=windows.rows,
        table=log.episodes,
        agents=places,
        plan=windows.plan,
        n_roles=len(roles),
        is_counted=windows.plan.is_analysed,
    )
    runs = reader.runs()
    if not runs:
        return _none("no row of the weights carries a choice")
    study = _Study(
        log=log,
        reader=reader,
        labels=labels,
        config=config,
        plan=windows.plan,
        runs=runs,
        nodes=roles or tuple(agents),
        agents=tuple(agents),
    )
    return _dependence(study)


def _dependence(study: _Study) -> Dependence:
    formation, why_formation = _formation(study)
    scaling, why_scaling = _scaling(study)
    transfer, why_transfer = _transfer(study)
    padding, why_padding = _padding(study)
    drift, why_drift = _drift(study)
    return Dependence(
        formation=formation,
        scaling=scaling,
        transfer=transfer,
        padding=padding,
        drift=drift,
        notices=(*why_formation, *why_scaling, *why_transfer, *why_padding, *why_drift),
    )


def _formation(study: _Study) -> tuple[FormationSensitivity | None, tuple[Notice, ...]]:
    labels = study.labels
    if labels is not None and labels.formations:
        own = [labels_of_file(run, labels, study.plan) for run in study.runs]
        return _sensitivity(study, own, labels.formations, origin=FormationOrigin.FILE)
    if not study.log.has(POSITIONS):
        return None, _unknown("the log holds no positions to find formations in; --formations F.csv names them")
    found = found_formations(study.runs, study.config)
    if found is None:
        return None, _unknown("too few episodes show where the team is; --formations F.csv names formations")
    n_found, shares = found
    if n_found == 1:
        return None, _unknown("the shape of the team shows no formations that are set apart")
    own = [labelled(run, share) for run, share in zip(study.runs, shares, strict=True)]
    return _sensitivity(study, own, [f"formation_{number}" for number in range(n_found)], origin=FormationOrigin.FOUND)


def _sensitivity(
    study: _Study, runs: Sequence[Labelled], names: Sequence[str], *, origin: FormationOrigin
) -> tuple[FormationSensitivity | None, tuple[Notice, ...]]:
    shown = [run for run in runs if len(run.windows.episodes)]
    if len(names) < 2 or not shown:
        return None, _unknown("fewer than two formations occur in the analysed episodes")
    stays = _stays(study, shown)
    gone = [name for name, is_kept in zip(study.agents, stays, strict=True) if not is_kept]
    if gone and len(study.agents) - len(gone) < _FEWEST_AGENTS:
        return None, _unknown(f"who is there changes with the formation ({listed(gone)}), and too few others are left")
    if gone:
        shown = [carried_over(run, study.reader.among(run.windows.name, stays)) for run in shown]
    found = formation_sensitivity(shown, names, study.nodes, origin=origin, width=study.plan.width, config=study.config)
    if found is None:
        return None, _unknown(
            "no two formations share a receiver and a sender at the same time in their episodes, and the one cannot be "
            "told from the other"
        )
    return found, (*(() if found.attainable_p is not None else (_ONE_ORDER,)), *(_left_out(gone) if gone else ()))


def _stays(study: _Study, runs: Sequence[Labelled]) -> BoolArray:
    """Return which agents take part in every formation about equally; slots that are filled anew are no agents."""
    if not study.log.header.identities_persist:
        return np.ones(len(study.agents), dtype=np.bool_)
    steps = [run.share * run.windows.n_steps[..., None] for run in runs]
    there = sum(np.einsum("ewk,ewn->kn", own, run.windows.is_present) for own, run in zip(steps, runs, strict=True))
    total = np.sum([own.sum(axis=(0, 1)) for own in steps], axis=0)
    shares = np.asarray(there)[total > 0] / total[total > 0, None]
    return np.asarray(shares.max(axis=0) - shares.min(axis=0) <= _MOST_APART)


def _left_out(gone: Sequence[str]) -> tuple[Notice, ...]:
    message = (
        f"Formations are compared without {listed(gone)}: they take part in one formation much more than in another, "
        "and their habits would look like a change."
    )
    return (Notice(code="formations-unlike", message=message, where=FORMATION),)


def _scaling(study: _Study) -> tuple[Shift | None, tuple[Notice, ...]]:
    sizes = np.unique(np.concatenate([run.team_size for run in study.runs]))
    number = np.full(study.log.episodes.n_episodes, -1)
    for run in study.runs:
        number[run.episodes] = np.searchsorted(sizes, run.team_size)
    conditions = Conditions(kind=SCALING, names=tuple(f"{size} agents" for size in sizes.tolist()), number=number)
    return _shift(study, conditions, lacking="every episode has a team of the same size")


def _transfer(study: _Study) -> tuple[Shift | None, tuple[Notice, ...]]:
    table = study.log.episodes
    lacking = "the log names no two layouts, maps or scenarios that one run met"
    return _shift(study, Conditions(kind=TRANSFER, names=table.conditions, number=table.condition), lacking=lacking)


def _padding(study: _Study) -> tuple[Shift | None, tuple[Notice, ...]]:
    labels = study.labels
    lacking = "nothing says how slots are padded; a column padding of --formations F.csv does"
    if labels is None or not labels.paddings:
        return None, _lacks(PADDING, lacking)
    return _shift(study, Conditions(kind=PADDING, names=labels.paddings, number=labels.padding), lacking=lacking)


def _drift(study: _Study) -> tuple[Shift | None, tuple[Notice, ...]]:
    plan = study.plan
    reader = replace(study.reader, is_counted=plan.is_analysed | plan.is_before)
    number = np.where(plan.is_analysed, 1, np.where(plan.is_before, 0, -1))
    conditions = Conditions(kind=DRIFT, names=("the checkpoint before", "the analysed checkpoint"), number=number)
    both = replace(study, reader=reader, runs=reader.runs())
    return _shift(both, conditions, lacking="no run has a checkpoint before the analysed one")


def _shift(study: _Study, conditions: Conditions, *, lacking: str) -> tuple[Shift | None, tuple[Notice, ...]]:
    held = np.unique(np.concatenate([conditions.number[run.episodes] for run in study.runs]))
    if (held >= 0).sum() < 2:
        return None, _lacks(conditions.kind, lacking)
    # Who pads differently puts the same team into other slots.
    is_lasting = study.log.header.identities_persist and conditions.kind != PADDING
    found = shift(study.reader, study.runs, conditions, is_lasting=is_lasting, config=study.config)
    if found is None:
        return None, _lacks(conditions.kind, "no run shows two of them, in two episodes each, with a choice in common")
    return found, ()


def _of_influence(source: RoutingSource | None, influence: InfluenceShift | None) -> Dependence:
    rest = _none("routing at each timestep is only known where the log holds weights, and these are in use")
    if influence is not None and influence.found is not None:
        kept = tuple(notice for notice in rest.notices if notice.where != FORMATION)
        return replace(rest, formation=influence.found, notices=kept)
    if influence is not None:
        why = influence.why_not
    elif source is RoutingSource.POLICY_RESIDUAL:
        why = "--formations F.csv must name formations of whole episodes"
    else:
        why = "influence is added up over episodes, and is divided by formation for policy residuals only"
    message = f"Whether routing changes with the formation is not computed: {why}."
    own = Notice(code="not-computed", message=message, where=FORMATION)
    return replace(rest, notices=tuple(own if notice.where == FORMATION else notice for notice in rest.notices))


def _none(why: str) -> Dependence:
    message = f"How far routing changes with formation, team size, task and padding is not computed: {why}."
    return Dependence(notices=tuple(Notice(code="not-computed", message=message, where=where) for where in _PARTS))


def _unknown(why: str) -> tuple[Notice, ...]:
    return _lacks(FORMATION, why)


def _lacks(where: str, why: str) -> tuple[Notice, ...]:
    return (Notice(code="not-applicable", message=f"{why[0].upper()}{why[1:]}.", where=where),)


_ONE_ORDER = Notice(
    code="formations-fixed",
    message="Every episode of a run goes through the formations in the same order: they cannot be told from the time "
    "in the episode, and their change carries no p.",
    where=FORMATION,
)
