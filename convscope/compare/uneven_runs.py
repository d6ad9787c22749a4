"""Few runs of uneven quality: what no interval can mend is told."""

import numpy as np

from convscope.compare.comparison import RoutingTests
from convscope.routing.intervals import FEWEST_RUNS
from convscope.values.gap import Verdict
from convscope.values.header import Notice

ENOUGH_RUNS = 5
"""With so many, studies of a true prior whose seeds are uneven are called aligned in four of five."""
_FAR = 2.0


def uneven_runs(tests: RoutingTests | None, verdict: Verdict) -> tuple[Notice, ...]:
    """Return the notice that one run keeps a small study from being called aligned; none where it does not.

    Parameters
    ----------
    tests
        Of the routing; None where there is none.
    verdict
        That was given.
    """
    if tests is None or not tests.scores.is_scorable or not FEWEST_RUNS <= len(tests.scores.runs) < ENOUGH_RUNS:
        return ()
    gaps = tests.scores.gap
    worst = int(np.argmax(gaps))
    undecided = (Verdict.PARTIAL, Verdict.INCONCLUSIVE, Verdict.INSUFFICIENT_EVIDENCE)
    if verdict not in undecided or gaps[worst] < _FAR * float(np.median(gaps)):
        return ()
    message = (
        f"Run {tests.scores.runs[worst]} is further from the prior than the others (gap {gaps[worst]:.2f}, median "
        f"{np.median(gaps):.2f}): where seeds are so uneven, about half of all studies of three runs cannot be called "
        "aligned even if the prior is true."
    )
    return (Notice(code="uneven-runs", message=message, where="gap.alignment"),)
