"""What was left out of logged weights, in words."""

from convscope.routing.refusal import UnreadableSourceError
from convscope.routing.weights.tally import TallyRows
from convscope.values.config import RoutingSource
from convscope.values.header import Notice

_REASONS = (
    ("rows-without-choice", "because fewer than two senders were there"),
    ("rows-unreadable", "because a weight between acting agents is NaN or infinite"),
    ("rows-negative", "because a weight between acting agents is negative"),
    ("rows-all-zero", "because all weights are 0"),
)


_MOST_NEGATIVE = 0.02


def refuse_logits(rows: TallyRows, source: RoutingSource) -> None:
    """Refuse what cannot be weights.

    Raises
    ------
    UnreadableSourceError
        If more than a few rows (receiver and timestep) hold a negative weight between acting agents.
    """
    n_kept, n_negative = int(rows.n_steps.sum()), int(rows.dropped[2])
    if n_negative > _MOST_NEGATIVE * (n_kept + n_negative):
        message = (
            f"{source} is negative in {n_negative:,} of {n_kept + n_negative:,} rows: these are scores before a "
            "softmax, not weights; log what comes after it"
        )
        raise UnreadableSourceError(message)


def fixed_roles(*, is_fixed: bool) -> tuple[Notice, ...]:
    """Say why role edges carry no p where agents keep their roles."""
    if not is_fixed:
        return ()
    message = (
        "Agents keep their roles, so that episodes cannot tell agents and roles apart: role edges carry no p; "
        "the specificity test of the gap is the test."
    )
    return (Notice(code="roles-fixed", message=message, where="routing.role_edges"),)


def dropped_rows(rows: TallyRows, source: RoutingSource) -> tuple[Notice, ...]:
    """Return a notice for each reason for which rows (receiver and timestep) were dropped."""
    n_kept = int(rows.n_steps.sum())
    n_all = n_kept + int(rows.dropped.sum())
    counted = zip(_REASONS, rows.dropped.tolist(), strict=True)
    return tuple(
        Notice(code=code, message=f"{n_dropped:,} of {n_all:,} rows of {source} were left out {why}.", where="routing")
        for (code, why), n_dropped in counted
        if n_dropped > 0
    )
