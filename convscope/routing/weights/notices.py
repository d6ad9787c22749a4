"""What was left out of logged weights, in words."""

from math import prod

from convscope.routing.refusal import UnreadableSourceError
from convscope.routing.weights.tally import QUANTUM, TallyRows
from convscope.values.config import RoutingSource
from convscope.values.fields import FieldSpec, OwnColumn, RowSum
from convscope.values.header import Notice

_REASONS = (
    ("rows-without-choice", "because fewer than two senders were there and could be attended to"),
    ("rows-unreadable", "because a weight between acting agents is NaN or infinite"),
    ("rows-negative", "because a weight between acting agents is negative"),
    ("rows-all-zero", "because all weights are 0"),
    ("rows-thinned", "because the senders that can be attended to change too often for all timesteps to be kept"),
)


_MOST_NEGATIVE = 0.02


def refuse_logits(rows: TallyRows, source: RoutingSource) -> None:
    """Refuse what cannot be weights.

    Raises
    ------
    UnreadableSourceError
        If more than a few rows (receiver and timestep) hold a negative weight between acting agents.
    """
    n_kept, n_negative = int(rows.counted[0]), int(rows.counted[3])
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
    n_all = int(rows.counted.sum())
    counted = zip(_REASONS, rows.counted[1:].tolist(), strict=True)
    return tuple(
        Notice(code=code, message=f"{n_dropped:,} of {n_all:,} rows of {source} were left out {why}.", where="routing")
        for (code, why), n_dropped in counted
        if n_dropped > 0
    )


def own_column(rows: TallyRows, source: RoutingSource, own: OwnColumn) -> tuple[Notice, ...]:
    """Say how much receivers give themselves, which no edge shows."""
    n_rows, total = rows.own.tolist()
    if not total or own is OwnColumn.NOTHING:
        return ()
    message = (
        f"Receivers give {total / QUANTUM / n_rows:.1%} of their {source} to themselves; it is left out, and what they "
        "give others is divided over these."
    )
    return (Notice(code="own-column", message=message, where="routing"),)


def row_sums(row_sum: RowSum) -> tuple[Notice, ...]:
    """Say where rows count by their sums."""
    if row_sum is RowSum.RENORMALISE:
        return ()
    message = "The log declares that the sums of rows mean something: a receiver counts more where it listens more."
    return (Notice(code="row-sums-kept", message=message, where="routing"),)


def on_heads(spec: FieldSpec, chosen: str | None, source: RoutingSource) -> tuple[Notice, ...]:
    """Say over how many heads weights were averaged."""
    n_heads = prod(spec.shape)
    if n_heads < 2:
        return ()
    which = f"The {n_heads} heads" if chosen is None else f"Heads {chosen} of {n_heads}"
    message = f"{which} of {source} count the same; the table of heads shows each, and --heads chooses among them."
    return (Notice(code="heads-averaged", message=message, where="routing"),)
