"""What decides who plays which role."""

from convscope.report.document.json_value import JsonValue
from convscope.values.explained import Explained


def explained_part(explained: Explained | None) -> JsonValue:
    """Return the shares of the found role's entropy, and their intervals; None where there are none."""
    if explained is None:
        return None
    shares: dict[str, JsonValue] = {name: None if part is None else part.share for name, part in explained.parts}
    intervals = {name: None if part is None else list(part.interval) for name, part in explained.parts}
    dealt = {"declared_by_chance": explained.declared_by_chance, "declared_p_value": explained.declared_p_value}
    return {**shares, **dealt, "intervals": intervals, "entropy": explained.entropy, "n_units": explained.n_units}
