"""What decides who plays which role."""

from convscope.report.document.json_value import JsonValue
from convscope.routing.intervals import OVER_RUNS, THESE_RUNS_ONLY
from convscope.values.explained import Alike, Explained


def explained_part(explained: Explained | None) -> JsonValue:
    """Return the shares of the found role's entropy, and their intervals; None where there are none."""
    if explained is None:
        return None
    shares: dict[str, JsonValue] = {name: None if part is None else part.share for name, part in explained.parts}
    intervals = {name: None if part is None else list(part.interval) for name, part in explained.parts}
    dealt = {"declared_by_chance": explained.declared_by_chance, "declared_p_value": explained.declared_p_value}
    alike = explained.alike
    return {
        **shares,
        **dealt,
        "intervals": intervals,
        "interval_kind": OVER_RUNS if explained.is_over_runs else THESE_RUNS_ONLY,
        "entropy": explained.entropy,
        "n_units": explained.n_units,
        "episodes_alike": None if alike is None else _alike(alike),
    }


def _alike(alike: Alike) -> JsonValue:
    return {
        "share": alike.share,
        "by_chance": alike.by_chance,
        "p_value": alike.p_value,
        "n_episodes": alike.n_episodes,
    }
