"""What a reader of the edges of interventions should know."""

from collections.abc import Sequence

import numpy as np

from convscope.routing.intervention.evaluate import assignments
from convscope.routing.intervention.pairs import Assignment
from convscope.routing.intervention.study import Part, Study
from convscope.values.header import Notice

LEAST_RANDOM = 0.01
"""Below this p of the check interventions were not assigned at random."""
_WHERE = "routing.edges"
_WORDS = {
    Assignment.STEP: "within episodes, which are compared with themselves at the same times",
    Assignment.EPISODE: "to whole episodes, which are compared with the others",
}


def study_notices(
    study: Study, parts: Sequence[Part], *, foretold: float | None, is_declared: bool, agents: Sequence[str]
) -> tuple[Notice, ...]:
    """Return all notices.

    Parameters
    ----------
    study
        The study.
    parts
        The analysed ones.
    foretold
        p of the check of randomness; None where nothing could be checked.
    is_declared
        Whether the log declares that interventions were drawn at random.
    agents
        Names of the analysed agents.
    """
    return (
        *_assigned(study, parts, agents),
        *_random(foretold, is_declared=is_declared),
        *_untested(study, parts, agents),
    )


def _assigned(study: Study, parts: Sequence[Part], agents: Sequence[str]) -> tuple[Notice, ...]:
    pairs = [part.pairs for part in parts]
    ways = [words for kind, words in _WORDS.items() if (assignments(pairs, kind) & study.is_analysed).any()]
    exposed = np.sum([part.scores.n_exposed.sum(axis=0) for part in parts], axis=0)
    rows = [int(exposed[np.delete(study.places, number), place].max()) for number, place in enumerate(study.places)]
    told = ", ".join(f"{name} {n_rows:,}" for name, n_rows in list(zip(agents, rows, strict=True))[:12])
    more = f" and {len(agents) - 12} more" if len(agents) > 12 else ""
    message = (
        f"Interventions were assigned {' and '.join(ways) or 'in no way that can be compared'}. Actions that may show "
        f"one on the sender: {told}{more}. An edge is the whole effect, through other agents too."
    )
    return (Notice(code="interventions", message=message, where=_WHERE),)


def is_random(foretold: float | None) -> bool:
    """Whether interventions may be taken to be assigned at random."""
    return foretold is None or foretold >= LEAST_RANDOM


def role_notice(why: str) -> tuple[Notice, ...]:
    """Return why edges between roles are not tested."""
    message = f"Interventions say nothing of roles: {why}."
    return (Notice(code="not-computed", message=message, where="routing.role_edges"),)


def _random(foretold: float | None, *, is_declared: bool) -> tuple[Notice, ...]:
    if not is_random(foretold):
        message = (
            f"What receivers did before foretells the interventions (p {foretold:.2g} over all pairs): they seem to "
            "follow the state, and no edge is claimed."
        )
        return (Notice(code="interventions-not-random", message=message, where=_WHERE),)
    seen = (
        "nothing in the log comes before them to check it"
        if foretold is None
        else "what receivers did before does not foretell them"
    )
    if is_declared:
        message = f"Interventions were drawn at random, the log declares, and {seen}."
        return (Notice(code="interventions-declared-random", message=message, where=_WHERE),)
    message = (
        f"Nobody declares that interventions were drawn at random; {seen}. If they followed a state that is not "
        "logged, edges may be that state's doing."
    )
    return (Notice(code="interventions-assumed-random", message=message, where=_WHERE),)


def _untested(study: Study, parts: Sequence[Part], agents: Sequence[str]) -> tuple[Notice, ...]:
    tested = np.any([part.pairs.assignment > 0 for part in parts], axis=0)
    own = tested[np.ix_(study.places, study.places)]
    lost = [name for number, name in enumerate(agents) if not own[:, number].any()]
    if not lost:
        return ()
    message = (
        f"Nothing is said of {', '.join(lost[:8])}{f' and {len(lost) - 8} more' if len(lost) > 8 else ''} as senders: "
        "never intervened on, always, too seldom, or only together with others."
    )
    return (Notice(code="senders-untested", message=message, where=_WHERE),)
