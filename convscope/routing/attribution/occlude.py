"""Occlusion: how a policy's law moves when what it sees of one sender is replaced, all else as it was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convscope.ingest.policy.asking import Questions, ask, slopes
from convscope.routing.attribution.donors import N_DRAWS, Context, Donors, find_donors
from convscope.routing.attribution.fit import Reading
from convscope.routing.attribution.laws import SAME, Laws, divergence
from convscope.routing.attribution.questions import Seat
from convscope.values.arrays import BoolArray, FloatArray, IntArray

_STEPS_A_TIME = 256
_MOST_NUMBERS = 8 << 20
"""In the observations of one call after replacement."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeatUse:
    """What one receiver's policy uses of each sender, in some steps."""

    lower: FloatArray
    """Bits, shape (R, N); NaN where the sender was not replaced."""
    upper: FloatArray
    """Bits, shape (R, N)."""
    is_used: BoolArray
    """Whether any replacement moved the law at all, shape (N,)."""
    closeness: FloatArray
    """As in `Donors`, shape (N,); NaN where the sender was never replaced."""
    n_wanted: int
    """Steps times senders that were there to be replaced."""
    n_without: int
    """Those of them that had too few steps to borrow from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeatSlopes:
    """Gradients of one receiver's policy by what it sees of each sender."""

    norm: FloatArray
    """Length of the derivatives of the outputs by the sender's columns, each per standard deviation of its column, mean
    over steps, shape (N,)."""
    by_input: FloatArray
    """Length of gradient times input: sum over the sender's columns of value times the derivative of the output that
    is largest, without its sign, mean over steps, shape (N,)."""


def seat_use(
    seat: Seat,
    questions: Questions,
    reading: Reading,
    *,
    steps: Context,
    described: BoolArray,
    is_heard: BoolArray,
    rows: IntArray,
    rng: np.random.Generator,
) -> SeatUse:
    """Replace each sender in turn.

    Parameters
    ----------
    seat
        The receiver.
    questions
        What its policy is asked at the steps at which it acts, hidden states included, B rows.
    reading
        How its answers become laws.
    steps
        What is matched between steps, of the same B rows.
    described
        Which columns describe each sender, shape (N, B, D).
    is_heard
        Whether the policy takes each sender's own observation beside the receiver's, shape (N, B). Then that is
        replaced, too: what the sender tells inside of the network counts as what the receiver sees of it. A sender
        that is neither described nor heard is not replaced.
    rows
        Places of the B rows among the R ones of the result's whole sample.
    rng
        As in `find_donors`.
    """
    factual = reading.laws(ask(seat.policy, questions), questions.masks)
    n_agents, n_rows = len(described), int(rows.max(initial=-1)) + 1
    lower, upper = np.full((n_rows, n_agents), np.nan), np.full((n_rows, n_agents), np.nan)
    is_used, closeness = np.zeros(n_agents, dtype=np.bool_), np.full(n_agents, np.nan)
    n_wanted = n_without = 0
    for sender in range(n_agents):
        is_there = described[sender].any(axis=1) | is_heard[sender]
        if not is_there.any():
            continue
        donors = find_donors(steps, described[sender], is_there, rng=rng)
        closeness[sender] = donors.closeness
        n_wanted += int(is_there.sum())
        n_without += int(is_there.sum()) - len(donors.rows)
        for part in _in_parts(donors, described.shape[2]):
            others = _replaced(seat, questions, reading, donors=part, columns=described[sender], sender=sender)
            low, high, moved = divergence(factual.taken(part.rows), others)
            lower[rows[part.rows], sender], upper[rows[part.rows], sender] = low, high
            is_used[sender] |= bool((moved > SAME).any())
    return SeatUse(
        lower=lower, upper=upper, is_used=is_used, closeness=closeness, n_wanted=n_wanted, n_without=n_without
    )


def seat_slopes(seat: Seat, questions: Questions, described: BoolArray) -> SeatSlopes | None:
    """Return gradients by each sender's columns; None where the policy's format has none.

    Parameters
    ----------
    seat, questions, described
        As in `seat_use`.
    """
    found = slopes(seat.policy, questions)
    if found is None:
        return None
    spread = questions.observations.std(axis=0)
    best = ask(seat.policy, questions).output.argmax(axis=1)
    of_best = found[np.arange(len(found)), best] * questions.observations
    squares = ((found * spread) ** 2).sum(axis=1)
    n_seen = described.any(axis=2).sum(axis=1)
    n_steps = np.maximum(n_seen, 1)
    norm = np.array([np.sqrt((squares * columns).sum(axis=1)).sum() for columns in described])
    by_input = np.array([np.abs((of_best * columns).sum(axis=1)).sum() for columns in described])
    is_known = n_seen > 0
    return SeatSlopes(
        norm=np.where(is_known, norm / n_steps, np.nan), by_input=np.where(is_known, by_input / n_steps, np.nan)
    )


def _in_parts(donors: Donors, width: int) -> Sequence[Donors]:
    size = min(_STEPS_A_TIME, max(_MOST_NUMBERS // (N_DRAWS * width), 1))
    return [
        Donors(
            rows=donors.rows[start : start + size],
            lenders=donors.lenders[start : start + size],
            closeness=donors.closeness,
        )
        for start in range(0, len(donors.rows), size)
    ]


def _replaced(
    seat: Seat, questions: Questions, reading: Reading, *, donors: Donors, columns: BoolArray, sender: int
) -> Laws:
    """Return the laws after replacement, arrays of shape (B, N_DRAWS, A)."""
    borrower, lender = np.repeat(donors.rows, N_DRAWS), donors.lenders.ravel()
    asked = questions.taken(borrower)
    borrowed = np.where(columns[borrower], questions.observations[lender], asked.observations)
    company = asked.company
    if sender in seat.fellows:
        number = seat.fellows.index(sender)
        company[:, number] = questions.company[lender, number]
    laws = reading.laws(ask(seat.policy, asked.with_observations(borrowed, company)), asked.masks)
    return laws.taken(np.arange(len(borrower)).reshape(len(donors.rows), N_DRAWS))
