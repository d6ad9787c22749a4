"""From the chosen steps of a run and checkpoint to what its policies use."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from convscope.ingest.policy.asking import ask
from convscope.routing.attribution.described import described_columns
from convscope.routing.attribution.donors import context
from convscope.routing.attribution.fit import Fit, Logged, fit_of, reading_of
from convscope.routing.attribution.occlude import SeatSlopes, SeatUse, seat_slopes, seat_use
from convscope.routing.attribution.questions import Seat, questions_of
from convscope.routing.attribution.recurrence import StateRows, as_states
from convscope.routing.attribution.sample import Sample
from convscope.routing.residual.reading import logged_probabilities
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.fields import ACTION_LOGITS, ACTION_MASKS, ACTION_PROBABILITIES, ACTIONS
from convscope.values.layout import ReceiverLayout
from convscope.values.status import Status


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeatStudy:
    """One receiver in one run and checkpoint."""

    seat: Seat
    fit: Fit
    use: SeatUse
    slopes: SeatSlopes | None
    n_unreadable: int
    """Steps left out because the observation is not finite."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chair:
    """An analysed agent as it is studied: its seat, its layout, and the width of its observation."""

    seat: Seat
    layout: ReceiverLayout
    width: int


def study_seat(
    chair: Chair, sample: Sample, states: StateRows | None, *, agents: tuple[str, ...], rng: np.random.Generator
) -> SeatStudy | None:
    """Return what an agent's policy uses; None where the agent never acts.

    Parameters
    ----------
    chair
        The agent.
    sample
        Chosen steps of one run and checkpoint.
    states
        Hidden states before them, in the same order; None where no policy has any.
    agents
        Names of all agents of the log.
    rng
        As in `find_donors`.
    """
    seat = chair.seat
    asked = questions_of(seat, sample.columns, chair.width)
    is_acting = np.equal(sample.status[:, seat.place], Status.ACTING)
    is_finite = np.isfinite(asked.observations).all(axis=1)
    rows = np.flatnonzero(is_acting & is_finite)
    if len(rows) == 0:
        return None
    questions, memory = asked.taken(rows), np.zeros((len(rows), 0))
    if states is not None and seat.place in states.memory:
        memory = states.memory[seat.place][rows]
        questions = questions.with_states(as_states(seat, memory))
    answers, logged = ask(seat.policy, questions), _logged(seat, sample, rows, masks=questions.masks)
    reading = reading_of(seat.policy.wiring.kind, answers, logged)
    columns = described_columns(sample, chair.layout, seat.place, agents=agents, width=chair.width)
    described = columns[:, rows]
    steps = context(
        questions.observations,
        np.concatenate([memory, questions.last_actions], axis=1),
        stratum=_strata(sample, rows),
        episode=sample.episode_of_row[rows],
    )
    use = seat_use(
        seat,
        questions,
        reading,
        steps=steps,
        described=described,
        is_heard=_heard(seat, sample, rows),
        rows=rows,
        rng=rng,
    )
    return SeatStudy(
        seat=seat,
        fit=fit_of(reading, answers, logged),
        use=_padded(use, len(sample.time)),
        slopes=seat_slopes(seat, questions, described),
        n_unreadable=int((is_acting & ~is_finite).sum()),
    )


def _heard(seat: Seat, sample: Sample, rows: IntArray) -> BoolArray:
    """Return whether the policy takes each agent's own observation beside the receiver's, shape (N, B)."""
    heard = np.equal(sample.status[rows], Status.ACTING)
    fellows = [place for place in seat.fellows if place != seat.place]
    is_fellow = np.isin(np.arange(heard.shape[1]), fellows)
    return (heard & is_fellow).T


def _logged(seat: Seat, sample: Sample, rows: IntArray, *, masks: FloatArray) -> Logged:
    actions = sample.columns.get(ACTIONS)
    held = np.full((len(rows), seat.policy.n_actions), np.nan) if actions is None else actions[rows, seat.place]
    return Logged(masks=masks, actions=held, probabilities=_probabilities(seat, sample.columns, rows))


def _probabilities(seat: Seat, columns: Mapping[str, FloatArray], rows: IntArray) -> FloatArray | None:
    names = {ACTION_PROBABILITIES, ACTION_LOGITS, ACTION_MASKS} & set(columns)
    if not names - {ACTION_MASKS}:
        return None
    shares = logged_probabilities({name: columns[name][rows, seat.place] for name in names})
    return shares[:, : seat.policy.n_actions] if shares.shape[1] >= seat.policy.n_actions else None


def _strata(sample: Sample, rows: IntArray) -> IntArray:
    """Return a number for each pattern of who acts, waits, is dead or absent."""
    _, stratum = np.unique(sample.status[rows], axis=0, return_inverse=True)
    return np.asarray(stratum.ravel(), dtype=np.int64)


def _padded(use: SeatUse, n_rows: int) -> SeatUse:
    missing = ((0, n_rows - len(use.lower)), (0, 0))
    return replace(
        use,
        lower=np.pad(use.lower, missing, constant_values=np.nan),
        upper=np.pad(use.upper, missing, constant_values=np.nan),
    )
