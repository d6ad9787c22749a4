"""The diversity of a team in words."""

from dataclasses import dataclass

from convscope.values.diversity import Diversity, DiversityFigure, DiversityMeasure
from convscope.values.figures import aligned

_SAID = {
    DiversityMeasure.SYSTEM_NEURAL_DIVERSITY: ("System Neural Diversity", "how far two agents' actions are apart"),
    DiversityMeasure.HIERARCHIC_SOCIAL_ENTROPY: ("Hierarchic Social Entropy", "the same, by groups of like agents"),
    DiversityMeasure.ROLE_DIVERSITY_ACTION: ("Role diversity, actions", "divergence in quarters of an episode, nats"),
    DiversityMeasure.ROLE_DIVERSITY_TRAJECTORY: ("Role diversity, places", "share of places that two do not share"),
    DiversityMeasure.ROLE_DIVERSITY_CONTRIBUTION: (
        "Role diversity, contribution",
        "difference of two shares of the reward",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DiversityRow:
    """One measure."""

    name: str
    meaning: str
    basis: str
    value: str
    low: str
    high: str
    chance: str
    floor: str
    p_value: float
    """Corrected for the number of measures."""


def diversity_rows(diversity: Diversity) -> tuple[DiversityRow, ...]:
    """Return a row for each measure."""
    corrected = diversity.corrected_p
    return tuple(_row(figure, p_value) for figure, p_value in zip(diversity.figures, corrected, strict=True))


def _row(figure: DiversityFigure, p_value: float) -> DiversityRow:
    name, meaning = _SAID[figure.measure]
    value, low, high, chance, floor = aligned([figure.value, *figure.interval, figure.null, figure.floor])
    return DiversityRow(
        name=name,
        meaning=meaning,
        basis=figure.basis.value,
        value=value,
        low=low,
        high=high,
        chance=chance,
        floor=floor,
        p_value=p_value,
    )
