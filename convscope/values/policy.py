"""Policies at hand: which file acts for which agents, and what its inputs and outputs are."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from convscope.values.html import Html, box, table
from convscope.values.inert import inert

_MOST_LISTED = 12

Dimension = int | str | None
"""Of a tensor: a number, a name where it is open, None where nothing is known."""


class PolicyFormat(StrEnum):
    """What a policy file is."""

    ONNX = "ONNX"
    TORCHSCRIPT = "TorchScript"


class OutputKind(StrEnum):
    """What a policy says of its next action; the names are those of the layout file."""

    LOGITS = "logits"
    """Unnormalised log-probabilities of the choices."""
    PROBABILITIES = "probabilities"
    VALUES = "values"
    """Action values: the policy takes the best one, and now and then any."""
    MEAN = "mean"
    """Mean of a normal distribution over continuous actions."""


class Appended(StrEnum):
    """One-hot columns that stand behind the observation in the same input."""

    LAST_ACTION = "last-action"
    """The agent's own action one step before; all zero at the first step of an episode."""
    AGENT = "agent"
    """The agent's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """An input or output of a policy."""

    name: str
    dtype: str | None
    """As numpy names it; None where the format does not say."""
    shape: tuple[Dimension, ...] | None
    """None where the format does not say."""

    def __str__(self) -> str:
        """Return name, type and shape for people."""
        sizes = "" if self.shape is None else f" ({', '.join(map(_size, self.shape))})"
        return inert(f"{self.name} {self.dtype or 'tensor'}{sizes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Inputs and outputs of a policy."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def input(self, name: str) -> TensorSpec:
        """Return the input of this name; KeyError if there is none."""
        return {spec.name: spec for spec in self.inputs}[name]

    def __str__(self) -> str:
        """Return ``inputs -> outputs`` for people."""
        return f"{_listed(self.inputs)} -> {_listed(self.outputs)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A policy file as it was when it was checked; small, so that any process may open it."""

    path: Path
    name: str
    """Last part of the path."""
    format: PolicyFormat
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenState:
    """A hidden state that a policy hands on from step to step; it begins at zero."""

    input: str
    output: str
    shape: tuple[int, ...]
    """Without the axis of the batch."""
    batch_axis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Which input takes what, and which output says what."""

    observation: str
    """Input of the observation."""
    axes: tuple[str, ...]
    """Of the observation's input: ``batch``, ``column``, ``time`` of length 1, and ``agent`` where the policy takes the
    observations of all its agents at once."""
    picture: tuple[int, ...]
    """Shape of an observation, where its input has all of the log's axes in place of ``column``; else empty."""
    batch: int | None
    """Rows that a call must have; None where any number will do."""
    appended: tuple[Appended, ...]
    """Behind the observation's columns, in this order."""
    states: tuple[HiddenState, ...]
    mask: str | None
    """Input of the legal actions."""
    agent: str | None
    """Input of the agent's number: one-hot where it has a width, else a number."""
    n_agents: int
    """Length of the one-hot of the agent's number."""
    constants: tuple[tuple[str, float], ...]
    """Inputs that always hold the same number."""
    kind: OutputKind
    output: str
    log_spread: str | None
    """Output of the logarithm of the standard deviation, of continuous actions."""

    @property
    def is_joint(self) -> bool:
        """Whether the policy takes the observations of all its agents at once."""
        return "agent" in self.axes


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPolicy:
    """A policy and the agents that act by it."""

    file: PolicyFile
    signature: Signature
    wiring: Wiring
    agents: tuple[str, ...]
    """In log order."""
    numbers: tuple[int, ...]
    """What the policy calls each of them, as the one-hot of the agent counts."""
    n_actions: int
    """Choices, or components of a continuous action, that it has."""

    def _repr_html_(self) -> Html:
        rows = [(self.file.name, ", ".join(self.agents), str(self.signature))]
        return box("Policy", table("", ("file", "agents", "signature"), rows))


def _listed(specs: tuple[TensorSpec, ...]) -> str:
    shown = [str(spec) for spec in specs[:_MOST_LISTED]]
    rest = [f"{len(specs) - _MOST_LISTED} more"] if len(specs) > _MOST_LISTED else []
    return ", ".join([*shown, *rest]) or "nothing"


def _size(dimension: Dimension) -> str:
    return "?" if dimension is None else str(dimension)
