"""Gains and scores of every run and checkpoint, by episode, receiver and sender."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from convscope.behaviour.groups import Group, agent_places
from convscope.behaviour.model import N_FOLDS, BehaviourModel, Decisions, ModelKind, fit_behaviour, foreseeing
from convscope.behaviour.sample import Steps
from convscope.behaviour.tasks import tasks_of
from convscope.ingest.layout_file import observation_width
from convscope.randomness import generator
from convscope.routing.occlusion.rows import Rows, rows_of
from convscope.routing.occlusion.scores import piece_scores
from convscope.values.arrays import FloatArray, IntArray
from convscope.values.config import AnalysisConfig, RoutingSource
from convscope.values.header import ActionSpace
from convscope.values.layout import ReceiverLayout
from convscope.values.log import TrajectoryLog

FEWEST_ROWS = 200
"""Decisions of a receiver under which its behaviour is not modelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNote:
    """How well the behaviour of a group of receivers was predicted."""

    receivers: tuple[str, ...]
    kind: ModelKind
    bits: float
    plain_bits: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One run and checkpoint, the analysed agents alone."""

    group: Group
    episodes: IntArray
    """Row of the episode table of each sampled episode, in the order of what they hold, shape (units,)."""
    gain: FloatArray
    """Sum of gains in bits, shape (units, receiver, sender)."""
    score: FloatArray
    """Sum of scores, of the same shape."""
    n_rows: FloatArray
    """Decisions behind both, of the same shape."""
    models: tuple[ModelNote, ...]
    n_decisions: int
    """Sampled decisions of all receivers."""
    n_dropped: int
    """Decisions with missing numbers, which are not among them."""
    unmodelled: tuple[str, ...]
    """Receivers with too few decisions."""

    def weight(self, episodes: slice | IntArray = slice(None)) -> FloatArray:
        """Return bits per decision, shape (receiver, sender); NaN where there is no decision."""
        n_rows = self.n_rows[episodes].sum(axis=0)
        gain = self.gain[episodes].sum(axis=0)
        return np.where(n_rows > 0, gain / np.maximum(n_rows, 1), np.nan)


def read_part(log: TrajectoryLog, steps: Steps, group: Group, *, agents: Sequence[str], config: AnalysisConfig) -> Part:
    """Model the behaviour of all receivers in a run and checkpoint, and score every slot.

    Parameters
    ----------
    log
        Its header holds a layout.
    steps
        Sampled steps of the whole log.
    group
        The run and checkpoint.
    agents
        Names of the analysed agents.
    config
        Every choice that changes a result.
    """
    held = steps.rows(np.isin(steps.episode, group.episodes))
    # In the order of what episodes hold, so that the log's order changes nothing.
    episodes = held.episode[np.unique(held.digest, return_index=True)[1]]
    sums = _Sums(n_units=len(episodes), places=agent_places(log, agents))
    names = [agent.name for agent in log.header.agents]
    notes: list[ModelNote] = []
    read: list[Rows] = []
    with threadpool_limits(1):
        for layout, space, places in _alike(log, agents):
            width = observation_width(log.header, log.header.agents[places[0]].name)
            every = [rows_of(held, place, layout, width=width, space=space, agents=names) for place in places]
            read += every
            notes += _score([each for each in every if _is_enough(each)], space, sums, names=names, seed=config.seed)
    return Part(
        group=group,
        episodes=episodes,
        gain=sums.gain,
        score=sums.score,
        n_rows=sums.n_rows,
        models=tuple(notes),
        n_decisions=sum(len(each.seen) for each in read),
        n_dropped=sum(each.n_dropped for each in read),
        unmodelled=tuple(names[each.receiver] for each in read if not _is_enough(each)),
    )


def _is_enough(rows: Rows) -> bool:
    return len(rows.seen) >= FEWEST_ROWS and len(np.unique(rows.fold)) == N_FOLDS


class _Sums:
    """Sums by episode, receiver and sender."""

    def __init__(self, *, n_units: int, places: IntArray) -> None:
        shape = (n_units, len(places), len(places))
        self.gain, self.score, self.n_rows = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._place_of = {place: number for number, place in enumerate(places.tolist())}

    def add(
        self, rows: Rows, number: int, kept: IntArray, *, figures: tuple[FloatArray, FloatArray, FloatArray]
    ) -> None:
        """Add gains, scores and numbers of decisions of one piece's rows."""
        sender = np.array([self._place_of.get(place, -1) for place in rows.senders[kept, number].tolist()], np.int64)
        known = sender >= 0
        n_units, n_agents = self.gain.shape[:2]
        cell = rows.unit[kept][known] * n_agents + sender[known]
        for total, values in zip((self.gain, self.score, self.n_rows), figures, strict=True):
            sums = np.bincount(cell, values[known], n_units * n_agents)
            total[:, self._place_of[rows.receiver]] += sums.reshape(n_units, n_agents)


def _alike(log: TrajectoryLog, agents: Sequence[str]) -> Iterator[tuple[ReceiverLayout, ActionSpace, list[int]]]:
    """Yield the receivers that one model may serve: of one layout, one width and one action space."""
    layout = log.header.layout
    alike: dict[tuple[str, int, ActionSpace], list[int]] = {}
    layouts: dict[str, ReceiverLayout] = {}
    for place in agent_places(log, agents).tolist():
        agent = log.header.agents[place]
        found = layout.of(agent.name) if layout is not None else None
        if found is not None:
            layouts[found.name] = found
            alike.setdefault((found.name, observation_width(log.header, agent.name), agent.action_space), []).append(
                place
            )
    for (name, _, space), places in alike.items():
        yield layouts[name], space, places


def _score(
    rows: Sequence[Rows], space: ActionSpace, sums: _Sums, *, names: Sequence[str], seed: int
) -> list[ModelNote]:
    if not rows:
        return []
    notes: list[ModelNote] = []
    for number_of_task, (components, task) in enumerate(tasks_of(space)):
        outcomes = [task.outcomes(each.actions[:, components]) for each in rows]
        decisions = _decisions(rows, outcomes)
        model = foreseeing(fit_behaviour(task, decisions, n_members=len(rows)), task, decisions)
        for member, each in enumerate(rows):
            for number, piece in enumerate(each.pieces):
                described = f"{piece.sender}/{piece.rank}"
                rng = generator(seed, "routing", RoutingSource.OCCLUSION, names[each.receiver], described)
                scores = piece_scores(
                    each, number, task, outcomes=outcomes[member], model=model, member=member, rng=rng
                )
                # Components of an action add up; the decision is one.
                n_rows = np.full(len(scores.rows), float(number_of_task == 0))
                sums.add(each, number, scores.rows, figures=(scores.gain, scores.score, n_rows))
        notes.append(_note(model, [names[each.receiver] for each in rows]))
    return notes


def _decisions(rows: Sequence[Rows], outcomes: Sequence[FloatArray]) -> Decisions:
    return Decisions(
        member=np.repeat(np.arange(len(rows)), [len(each.seen) for each in rows]),
        fold=np.concatenate([each.fold for each in rows]),
        seen=np.concatenate([each.seen for each in rows]),
        outcomes=np.concatenate(outcomes),
    )


def _note(model: BehaviourModel, receivers: Sequence[str]) -> ModelNote:
    return ModelNote(receivers=tuple(receivers), kind=model.kind, bits=model.bits, plain_bits=model.plain_bits)
