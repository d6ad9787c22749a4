"""What a family of behaviour features is."""

from collections.abc import Sequence
from typing import Protocol

from convscope.features.decisions import Decisions
from convscope.values.arrays import FloatArray
from convscope.values.features import Feature
from convscope.values.header import LogHeader


class Family(Protocol):
    """Computes some features of every unit of a block. Stateless and picklable.

    A feature never depends on an agent's number or name: exchanging two agents exchanges their rows and changes no
    value. Where it is undefined it is NaN.
    """

    @property
    def name(self) -> str:
        """As notices and `Feature.family` give it."""
        ...

    def fields(self, header: LogHeader) -> frozenset[str]:
        """Names of the fields that ``compute`` reads."""
        ...

    def lacking(self, header: LogHeader) -> str | None:
        """Say why a log does not afford this family; None when it does."""
        ...

    def features(self, header: LogHeader) -> tuple[Feature, ...]:
        """Name the features, in the order of the columns; only asked when nothing is lacking."""
        ...

    def compute(self, header: LogHeader, decisions: Decisions) -> FloatArray:
        """Return the features of a block's units, shape (units, features)."""
        ...


def features_of(family: str, rows: Sequence[tuple[str, str, str, str]]) -> tuple[Feature, ...]:
    """Return the features of a family.

    Parameters
    ----------
    family
        Name of the family.
    rows
        Name, unit, and what a unit with a high and with a low value does, of each feature.
    """
    return tuple(Feature(name=n, unit=u, family=family, high=high, low=low) for n, u, high, low in rows)


def holds(header: LogHeader, field: str) -> bool:
    """Whether a log holds a field."""
    return any(spec.name == field for spec in header.fields)


def lacks_field(header: LogHeader, field: str) -> str | None:
    """Say that a log holds no such field; None when it does."""
    return None if holds(header, field) else f"the log holds no {field.replace('_', ' ')}"
