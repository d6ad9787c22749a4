"""The table ``[policy]`` of a layout file: which input takes what, and which output says what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from convscope.ingest.toml_document import TomlDocument, number_or_nan
from convscope.values.policy import Appended, OutputKind

POLICY = "policy"
"""Name of the table."""
AXES = ("batch", "time", "agent", "column")
"""What an axis of an observation input can be."""

_INPUTS = ("observation", "append", "mask", "agent", "state", "constants")
_OUTPUTS = (*OutputKind, "log_std", "next_state")
_SHAPES = ("axes", "state_shape")
_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTable:
    """What the user declared; nothing of it has been held against a policy yet."""

    observation: str
    axes: tuple[str, ...] | None
    appended: tuple[Appended, ...]
    mask: str | None
    agent: str | None
    states: tuple[tuple[str, str], ...]
    """Input and output of each hidden state."""
    state_shape: tuple[int | str, ...] | None
    """Sizes and the word ``batch``."""
    constants: tuple[tuple[str, float], ...]
    kind: OutputKind
    output: str
    log_spread: str | None


def read_policy_table(document: TomlDocument) -> PolicyTable | None:
    """Return what a layout file says of its policy; None where it says nothing.

    Raises
    ------
    ConvscopeError
        Of the document's kind, if the table does not say what it should; the message names the line.
    """
    if POLICY not in document.content:
        return None
    document.check_keys((POLICY,), (*_INPUTS, *_OUTPUTS, *_SHAPES), "key")
    reader = _Reader(document=document, table=document.table(POLICY))
    kind = reader.kind()
    return PolicyTable(
        observation=reader.needed("observation"),
        axes=reader.choices("axes", {name: name for name in AXES}),
        appended=reader.choices("append", {each.value: each for each in Appended}) or (),
        mask=reader.text("mask"),
        agent=reader.text("agent"),
        states=reader.states(),
        state_shape=reader.state_shape(),
        constants=reader.constants(),
        kind=kind,
        output=reader.needed(kind.value),
        log_spread=reader.text("log_std"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    document: TomlDocument
    table: Mapping[str, object]

    def kind(self) -> OutputKind:
        kinds = [kind for kind in OutputKind if kind.value in self.table]
        if len(kinds) != 1:
            message = f"[policy] names one output as one of: {', '.join(OutputKind)}"
            raise self.fault(message, kinds[-1].value if kinds else None)
        return kinds[0]

    def needed(self, key: str) -> str:
        text = self.text(key)
        if text is None:
            raise self.fault(f'[policy] needs {key} = "NAME"')
        return text

    def text(self, key: str) -> str | None:
        value = self.table.get(key)
        if value is not None and (not isinstance(value, str) or not value):
            raise self.fault(f"{key} must be the name of an input or output, as a text", key)
        return value

    def choices(self, key: str, known: Mapping[str, _Entry]) -> tuple[_Entry, ...] | None:
        if key not in self.table:
            return None
        texts = self.document.texts(POLICY, key)
        if set(texts) - set(known) or len(set(texts)) < len(texts):
            raise self.fault(f"{key} lists some of: {', '.join(known)}; each once", key)
        return tuple(known[text] for text in texts)

    def states(self) -> tuple[tuple[str, str], ...]:
        if "state" not in self.table and "next_state" not in self.table:
            return ()
        missing = next((key for key in ("state", "next_state") if key not in self.table), None)
        if missing is not None:
            raise self.fault(f"state and next_state come together; {missing} is not there")
        inputs, outputs = self.document.texts(POLICY, "state"), self.document.texts(POLICY, "next_state")
        if len(inputs) != len(outputs):
            raise self.fault("state and next_state must name as many inputs as outputs", "next_state")
        return tuple(zip(inputs, outputs, strict=True))

    def state_shape(self) -> tuple[int | str, ...] | None:
        value = self.table.get("state_shape")
        if value is None:
            return None
        is_shape = isinstance(value, list) and value.count("batch") == 1 and all(map(_is_size, value))
        if not is_shape or not isinstance(value, list):
            raise self.fault('state_shape lists sizes and once the word "batch", as in ["batch", 64]', "state_shape")
        return tuple(value)

    def constants(self) -> tuple[tuple[str, float], ...]:
        numbers = {name: number_or_nan(value) for name, value in self.document.table(POLICY, "constants").items()}
        if any(number != number for number in numbers.values()):  # noqa: PLR0124  NaN alone differs from itself
            raise self.fault("[policy.constants] gives a number for each input that it names", "constants")
        return tuple(numbers.items())

    def fault(self, message: str, key: str | None = None) -> Exception:
        return self.document.fault(message, (POLICY,) if key is None else (POLICY, key))


def _is_size(entry: object) -> bool:
    return entry == "batch" or (isinstance(entry, int) and not isinstance(entry, bool) and 0 < entry <= 1 << 20)
