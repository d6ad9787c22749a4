"""The members of one kind of space: what each pair decides, and the classes that follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from convscope.roles.linkage import complete_linkage
from convscope.roles.pairs import family_wise, in_null_units
from convscope.roles.policy.changes import residual_scores
from convscope.roles.policy.decisions import Seen
from convscope.roles.policy.members import Compared
from convscope.roles.policy.models import membership, predict_actions
from convscope.roles.policy.scores import Information, information, overlap, pair_scores, situations
from convscope.values.arrays import FloatArray

MIN_OVERLAP = 0.1
"""Under it two members hardly ever meet the same situation, and their policies are not compared."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairReading:
    """One pair of members."""

    names: tuple[str, str]
    overlap: float
    nats: float = np.nan
    low: float = np.nan
    high: float = np.nan
    scores: FloatArray | None = None
    """Sum of the scores under each pattern of exchanges, in units of its null; None where not comparable."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KindReading:
    """The members of one kind of space."""

    pairs: tuple[PairReading, ...]
    told: Information
    """Of all of them together."""
    residuals: tuple[FloatArray, FloatArray]
    """From `residual_scores`."""


def read_kind(seen: Seen, signs: FloatArray, weights: FloatArray) -> KindReading:
    """Return what each pair decides given what it sees.

    Parameters
    ----------
    seen
        Decisions of comparable members.
    signs
        Patterns of exchanges between the two of a pair, shape (patterns, units).
    weights
        How often each episode was drawn for the intervals, shape (draws, units).
    """
    predicted, probability = predict_actions(seen), membership(seen)
    basis = situations(seen)
    pairs: list[PairReading] = []
    for pair in map(np.array, combinations(range(len(seen.members)), 2)):
        names = seen.members[pair[0]], seen.members[pair[1]]
        common = overlap(seen, probability, pair)
        if common < MIN_OVERLAP:
            pairs.append(PairReading(names=names, overlap=common))
            continue
        told = information(seen, predicted, probability, members=pair)
        low, high = told.interval(weights)
        scores = pair_scores(seen, predicted, probability, pair=pair)
        pairs.append(
            PairReading(
                names=names,
                overlap=common,
                nats=told.nats(),
                low=low,
                high=high,
                scores=in_null_units(signs @ scores),
            )
        )
    return KindReading(
        pairs=tuple(pairs),
        told=information(seen, predicted, probability, members=np.arange(len(seen.members))),
        residuals=residual_scores(seen, predicted, basis),
    )


def pair_matrices(names: Sequence[str], pairs: Sequence[PairReading]) -> dict[str, FloatArray]:
    """Return the matrices of a `PolicyRun` by name."""
    shape = (len(names), len(names))
    matrices = {name: np.full(shape, np.nan) for name in ("nats", "nats_low", "nats_high", "overlap")}
    matrices["p_value"] = np.ones(shape)
    tested = [pair.scores for pair in pairs if pair.scores is not None]
    p_of = iter(family_wise(np.array(tested)).tolist() if tested else ())
    for pair in pairs:
        a, b = (names.index(name) for name in pair.names)
        p_value = 1.0 if pair.scores is None else next(p_of)
        # A difference that foretells nothing in other episodes is not claimed, whatever its test says.
        p_value = p_value if pair.nats > 0 else 1.0
        values = {"nats": pair.nats, "nats_low": pair.low, "nats_high": pair.high, "overlap": pair.overlap}
        for name, value in {**values, "p_value": p_value}.items():
            matrices[name][a, b] = matrices[name][b, a] = value
    return matrices


def policy_classes(who: Compared, matrices: dict[str, FloatArray], *, alpha: float) -> tuple[int, ...]:
    """Return classes by complete linkage among those of one kind of space; each other member is one of its own."""
    class_of = np.full(len(who.names), -1)
    for seen in who.kinds:
        places = np.array([who.names.index(name) for name in seen.members])
        grid = np.ix_(places, places)
        found = complete_linkage(matrices["p_value"][grid], matrices["nats"][grid], alpha=alpha)
        class_of[places] = np.array(found) + class_of.max() + 1
    alone = np.flatnonzero(class_of < 0)
    class_of[alone] = np.arange(len(alone)) + class_of.max() + 1
    first_seen = {code: number for number, code in enumerate(dict.fromkeys(class_of.tolist()))}
    return tuple(first_seen[code] for code in class_of.tolist())
