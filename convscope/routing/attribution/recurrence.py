"""Hidden states: the policy runs over the whole of each chosen episode, in time order, many episodes at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.policy.asking import Questions, ask, first_states
from convscope.routing.attribution.questions import Seat, questions_of
from convscope.routing.attribution.sample import LAST, Sample, one_before
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.log import Block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StateRows:
    """Hidden states before some steps."""

    row: IntArray
    """Rows of the sample, shape (K,)."""
    memory: Mapping[int, FloatArray]
    """By seat, all its states side by side, shape (K, H)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StateFold:
    """Runs policies over the chosen episodes; see `convscope.engine.fold.Fold`.

    A state carries from step to step, so that time is a loop; episodes and agents are one batch. Steps at which an
    agent does not act leave its state as it was.
    """

    fields: frozenset[str]
    sample: Sample
    seats: Sequence[Seat]
    """Analysed agents whose policies have hidden states."""
    actions: str
    width_of: Mapping[int, int]
    """Columns of each agent's observation, by its place."""

    def start(self) -> StateRows:
        """Return no rows."""
        return StateRows(
            row=np.zeros(0, dtype=np.int64), memory={s.place: np.zeros((0, state_width(s))) for s in self.seats}
        )

    def add(self, state: StateRows, block: Block) -> StateRows:
        """Add the chosen episodes of a block."""
        chosen = np.flatnonzero(np.isin(block.episodes, self.sample.episode))
        return state if len(chosen) == 0 else self.merge(state, self._states(block, chosen))

    def merge(self, first: StateRows, second: StateRows) -> StateRows:
        """Return the rows of both."""
        return StateRows(
            row=np.concatenate([first.row, second.row]),
            memory={place: np.concatenate([first.memory[place], second.memory[place]]) for place in first.memory},
        )

    def finish(self, state: StateRows) -> StateRows:
        """Return the rows in the order of the sample."""
        order = np.argsort(state.row, kind="stable")
        return StateRows(row=state.row[order], memory={place: rows[order] for place, rows in state.memory.items()})

    def _states(self, block: Block, chosen: IntArray) -> StateRows:
        columns = dict(block.columns)
        if self.actions in columns:
            columns[LAST] = one_before(columns[self.actions], block)
        place_of = {episode: place for place, episode in enumerate(self.sample.episode.tolist())}
        places = [place_of[episode] for episode in block.episodes[chosen].tolist()]
        starts = np.cumsum(self.sample.n_rows) - self.sample.n_rows
        rows = [np.arange(starts[place], starts[place] + self.sample.n_rows[place]) for place in places]
        wanted = [block.offsets[e] + self.sample.time[own] for e, own in zip(chosen.tolist(), rows, strict=True)]
        spans = [(int(block.offsets[e]), int(block.offsets[e + 1])) for e in chosen.tolist()]
        memory = {}
        for seat in self.seats:
            questions = questions_of(seat, columns, self.width_of[seat.place])
            is_asked = block.is_acting[:, seat.place] & np.isfinite(questions.observations).all(axis=1)
            before = _run(seat, questions, is_asked, spans=spans)
            memory[seat.place] = before[np.concatenate(wanted)]
        return StateRows(row=np.concatenate(rows), memory=memory)


def state_width(seat: Seat) -> int:
    """Return how many numbers the hidden states of a policy hold together."""
    return sum(int(np.prod(state.shape)) for state in seat.policy.wiring.states)


def as_states(seat: Seat, memory: FloatArray) -> tuple[FloatArray, ...]:
    """Return hidden states as the policy takes them, from side by side in (B, H)."""
    states, start = [], 0
    for state in seat.policy.wiring.states:
        stop = start + int(np.prod(state.shape))
        states.append(memory[:, start:stop].reshape(len(memory), *state.shape))
        start = stop
    return tuple(states)


def _run(seat: Seat, questions: Questions, is_asked: BoolArray, *, spans: Sequence[tuple[int, int]]) -> FloatArray:
    """Return the hidden states before every row of the block, shape (T, H); 0 outside of the chosen episodes."""
    before = np.zeros((len(is_asked), state_width(seat)))
    start, stop = (np.array(bounds) for bounds in zip(*spans, strict=True))
    states = _side_by_side(first_states(seat.policy.wiring, len(start)))
    for time in range(int((stop - start).max())):
        alive = np.flatnonzero(start + time < stop)
        before[start[alive] + time] = states[alive]
        asked = alive[is_asked[start[alive] + time]]
        if len(asked) > 0:
            now = questions.taken(start[asked] + time).with_states(as_states(seat, states[asked]))
            states[asked] = _side_by_side(ask(seat.policy, now).states)
    return before


def _side_by_side(states: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate([state.reshape(len(state), -1) for state in states], axis=1)
