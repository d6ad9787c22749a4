"""What a priors file says beside the roles: routing, orders, behaviour and the test's own numbers."""

import math
from collections.abc import Sequence

import numpy as np

from convscope.ingest.faults import Faults
from convscope.ingest.toml_document import TomlDocument, listed, number_or_nan
from convscope.ingest.toml_lines import KeyPath
from convscope.values.arrays import FloatArray
from convscope.values.prior import BehaviourExpectation, CompositeWeights, EdgeStatement, OrderStatement

DONT_CARE = "any"
"""What a cell of a declared routing row says when the designer does not mind."""


def read_preference(document: TomlDocument, roles: tuple[str, ...], faults: Faults) -> FloatArray | None:
    """Return the declared routing Q, shape (R, R), row = receiving role; None when no row is declared.

    Rows are scaled to sum to 1 over the declared cells. In a declared row a role that is not mentioned has weight 0
    and one that is given as ``"any"`` is NaN; rows that are left out are NaN.

    Faults are a role that is not declared, a weight that is no number of at least 0, a row without weight.
    """
    preference = np.full((len(roles), len(roles)), np.nan)
    receivers = document.known_keys(("routing",), roles, "role", faults=faults)
    for receiver in receivers:
        with faults.kept():
            preference[roles.index(receiver)] = _preference_row(document, receiver, roles, faults=faults)
    return preference if receivers else None


def read_orders(document: TomlDocument, roles: tuple[str, ...], faults: Faults) -> tuple[OrderStatement, ...]:
    """Return the statements of order, in file order.

    Faults are a role that is not declared, and a statement that orders fewer than two roles or one twice.
    """
    stated: list[OrderStatement] = []
    for receiver in document.known_keys(("order",), roles, "role", faults=faults):
        with faults.kept():
            for statement in document.texts("order", receiver):
                with faults.kept():
                    ranked = _ranked(document, receiver, statement, roles=roles)
                    stated.append(OrderStatement(receiver=receiver, roles=ranked))
    return tuple(stated)


def read_edges(document: TomlDocument, roles: tuple[str, ...], faults: Faults) -> tuple[EdgeStatement, ...]:
    """Return the required and the forbidden edges, in file order.

    Faults are a role that is not declared, another key than ``required`` and ``forbidden``, and an edge that is both.
    """
    stated: list[EdgeStatement] = []
    for receiver in document.known_keys(("edges",), roles, "role", faults=faults):
        for kind in document.known_keys(("edges", receiver), ("required", "forbidden"), "key", faults=faults):
            with faults.kept():
                for sender in document.texts("edges", receiver, kind):
                    with faults.kept():
                        stated.append(_edge(document, (receiver, kind, sender), roles, others=stated))
    return tuple(stated)


def read_behaviours(document: TomlDocument, roles: tuple[str, ...], faults: Faults) -> tuple[BehaviourExpectation, ...]:
    """Return the expectations of behaviour, in file order; whether such a feature exists shows only later.

    Faults are a role that is not declared, and a level that is neither high nor low.
    """
    expected: list[BehaviourExpectation] = []
    for role in document.known_keys(("behaviour",), roles, "role", faults=faults):
        with faults.kept():
            for feature in document.table("behaviour", role):
                with faults.kept():
                    is_high = _is_high(document, role, feature)
                    expected.append(BehaviourExpectation(role=role, feature=feature, is_high=is_high))
    return tuple(expected)


def read_composite(document: TomlDocument, faults: Faults) -> CompositeWeights:
    """Return the weights of ``[composite]``; a component that it does not name has none. The usual ones without it.

    Faults are an unknown key, a weight that is no number of at least 0, and none above 0.
    """
    if "composite" not in document.content:
        return CompositeWeights()
    weight_of: dict[str, float] = {"alignment": 0.0, "recovery": 0.0, "instability": 0.0}
    with faults.kept():
        for name in document.known_keys(("composite",), tuple(weight_of), "key", faults=faults):
            weight_of[name] = _composite_weight(document, name)
        if max(weight_of.values()) == 0:
            raise document.fault("[composite] gives no component a weight above 0", ("composite",))
        return CompositeWeights(**weight_of)
    return CompositeWeights()


def read_test_number(document: TomlDocument, name: str, *, upper: float, faults: Faults) -> float | None:
    """Return a number of ``[test]`` strictly between 0 and ``upper``; None when it is left out, or is a fault."""
    with faults.kept():
        table = document.table("test")
        if name not in table:
            return None
        number = number_or_nan(table[name])
        if 0 < number < upper:
            return number
        bounds = "above 0" if upper == math.inf else f"between 0 and {upper:g}"
        raise document.fault(f"{name} must be a number {bounds}, not {table[name]!r:.40}", ("test", name))
    return None


def _composite_weight(document: TomlDocument, name: str) -> float:
    value = document.table("composite")[name]
    number = number_or_nan(value)
    if not (math.isfinite(number) and number >= 0):
        message = f"{name} in [composite] must be a number of at least 0, not {value!r:.40}"
        raise document.fault(message, ("composite", name))
    return number


def _preference_row(document: TomlDocument, receiver: str, roles: tuple[str, ...], *, faults: Faults) -> FloatArray:
    path = ("routing", receiver)
    row = np.zeros(len(roles))
    for sender in document.known_keys(path, roles, "role", faults=faults):
        value = document.table(*path)[sender]
        with faults.kept():
            row[roles.index(sender)] = math.nan if value == DONT_CARE else _weight(document, (*path, sender), value)
    largest = float(np.nanmax(np.append(row, 0.0)))
    if largest == 0:
        raise document.fault(f"[routing.{receiver}] gives no role a weight above 0", path)
    scaled = row / largest  # first, so that no sum overflows
    return np.asarray(scaled / np.nansum(scaled), dtype=np.float64)


def _weight(document: TomlDocument, path: KeyPath, value: object) -> float:
    number = number_or_nan(value)
    if not (math.isfinite(number) and number >= 0):
        where = f"the weight of {path[-1]!r} in [{'.'.join(path[:-1])}]"
        raise document.fault(f'{where} must be a number of at least 0, or "{DONT_CARE}", not {value!r:.40}', path)
    return number


def _ranked(document: TomlDocument, receiver: str, statement: str, *, roles: tuple[str, ...]) -> tuple[str, ...]:
    ranked = tuple(part.strip() for part in statement.split(">"))
    unknown = [role for role in ranked if role not in roles]
    if unknown:
        message = f"unknown role {unknown[0]!r:.80} in {statement!r:.80}; the roles are {listed(roles)}"
        raise document.fault(message, ("order", receiver), statement)
    if len(ranked) < 2 or len(set(ranked)) < len(ranked):
        message = f'{statement!r:.80} must order two or more different roles, as in "knight > archer"'
        raise document.fault(message, ("order", receiver), statement)
    return ranked


def _edge(
    document: TomlDocument, line: tuple[str, str, str], roles: tuple[str, ...], *, others: Sequence[EdgeStatement]
) -> EdgeStatement:
    receiver, kind, sender = line
    path = ("edges", receiver, kind)
    if sender not in roles:
        raise document.fault(f"unknown role {sender!r:.80}; the roles are {listed(roles)}", path, sender)
    if any((other.receiver, other.sender) == (receiver, sender) for other in others):
        raise document.fault(f"the edge from {sender!r:.80} to {receiver!r:.80} is stated twice", path, sender)
    return EdgeStatement(receiver=receiver, sender=sender, is_required=kind == "required")


def _is_high(document: TomlDocument, role: str, feature: str) -> bool:
    level = document.table("behaviour", role)[feature]
    if level not in ("high", "low"):
        message = f'{feature!r:.80} of {role!r} must be "high" or "low", not {level!r:.40}'
        raise document.fault(message, ("behaviour", role, feature))
    return level == "high"
