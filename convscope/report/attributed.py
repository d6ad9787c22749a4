"""What policies at hand use, as the page shows it."""

from dataclasses import dataclass

from convscope.report.listing import Listing, listing
from convscope.values.figures import aligned
from convscope.values.routing import RoutingGraph

MAX_ROWS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRow:
    """What one receiver's policy uses of one sender, in one run."""

    run: str
    receiver: str
    sender: str
    bits: str
    interval: str
    is_used: bool
    gradient: str


def use_rows(routing: RoutingGraph) -> Listing[UseRow] | None:
    """Return the rows, strongest first; None without a policy at hand."""
    if routing.attribution is None:
        return None
    table = routing.attribution.sort(
        "bits", "run", "receiver", "sender", descending=[True, False, False, False], nulls_last=True
    )
    columns = {name: aligned(table[name].to_list()) for name in ("bits", "low", "high", "gradient")}
    texts = zip(*columns.values(), strict=True)
    names = table.select("run", "receiver", "sender", "used").iter_rows()
    rows = [
        UseRow(
            run=run,
            receiver=receiver,
            sender=sender,
            bits=bits,
            interval=f"{low} to {high}",
            is_used=used,
            gradient=gradient,
        )
        for (run, receiver, sender, used), (bits, low, high, gradient) in zip(names, texts, strict=True)
    ]
    return listing(rows, MAX_ROWS)
