"""Asking a policy: rows of a log go in as its inputs want them, answers come out a row each."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from convscope.errors import PolicyError
from convscope.ingest.policy.model import DifferentiablePolicy
from convscope.ingest.policy.opening import open_policy
from convscope.values.arrays import BoolArray, FloatArray, IntArray
from convscope.values.policy import AgentPolicy, Appended, HiddenState, OutputKind, TensorSpec, Wiring

_ROWS_A_CALL = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Questions:
    """Rows that a policy is asked about; it answers each row by itself."""

    observations: FloatArray
    """Shape (B, D)."""
    last_actions: FloatArray
    """One-hot, all zero at the first step of an episode; or the components of a continuous action; shape (B, A)."""
    masks: FloatArray
    """1 where an action is legal, shape (B, A)."""
    numbers: IntArray
    """What the policy calls the agent, shape (B,)."""
    states: tuple[FloatArray, ...]
    """Hidden states before the step, shape (B, ...) each."""
    company: FloatArray
    """Observations of all agents of the policy, shape (B, M, D); M = 0 where it takes one agent at a time."""

    def taken(self, rows: IntArray | BoolArray | slice) -> "Questions":
        """Return some of the rows, by number or mask."""
        parts = {field.name: getattr(self, field.name)[rows] for field in fields(self) if field.name != "states"}
        return Questions(**parts, states=tuple(state[rows] for state in self.states))

    def with_states(self, states: tuple[FloatArray, ...]) -> "Questions":
        """Return the same questions in other hidden states."""
        return replace(self, states=states)

    def with_observations(self, observations: FloatArray, company: FloatArray) -> "Questions":
        """Return the same questions about other observations, of the agent and of its company."""
        return replace(self, observations=observations, company=company)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What a policy says of each row."""

    output: FloatArray
    """Shape (B, A); what it is, `Wiring.kind` says."""
    log_spread: FloatArray | None
    """Shape (B, A); None where the policy gives none."""
    states: tuple[FloatArray, ...]
    """Hidden states after the step, shape (B, ...) each."""


def ask(policy: AgentPolicy, questions: Questions) -> Answers:
    """Ask a policy about rows of a log.

    Raises
    ------
    PolicyError
        If it cannot be run, or answers something else than a finite number for each action and row.
    """
    parts = [_answers(policy, part) for part in _parts(questions, policy.wiring.batch or _ROWS_A_CALL)]
    spreads = [part.log_spread for part in parts if part.log_spread is not None]
    return Answers(
        output=np.concatenate([part.output for part in parts]),
        log_spread=np.concatenate(spreads) if spreads else None,
        states=tuple(np.concatenate(states) for states in zip(*(part.states for part in parts), strict=True)),
    )


def slopes(policy: AgentPolicy, questions: Questions) -> FloatArray | None:
    """Return the derivatives of the answers by the observations' columns, shape (B, A, D).

    None where the policy's format has no gradients.
    """
    model = open_policy(policy.file)
    if not isinstance(model, DifferentiablePolicy):
        return None
    wiring, width = policy.wiring, questions.observations.shape[1]
    parts: list[FloatArray] = []
    for part in _parts(questions, wiring.batch or _ROWS_A_CALL):
        found = model.jacobian(_inputs(policy, part), output=wiring.output, by=wiring.observation)
        if found is None:
            return None
        parts.append(_own_slopes(policy, part, found[: len(part.observations)])[:, :, :width])
    return np.concatenate(parts)


def first_states(wiring: Wiring, n_rows: int) -> tuple[FloatArray, ...]:
    """Return the hidden states at the first step of an episode."""
    return tuple(np.zeros((n_rows, *state.shape)) for state in wiring.states)


def _own_slopes(policy: AgentPolicy, questions: Questions, found: FloatArray) -> FloatArray:
    if not policy.wiring.is_joint:
        return found
    n_agents, row = len(policy.agents), np.arange(len(found))
    every = found.reshape(len(found), n_agents, found.shape[1] // n_agents, n_agents, found.shape[2] // n_agents)
    return every[row, questions.numbers, :, questions.numbers]


def _parts(questions: Questions, size: int) -> Iterator[Questions]:
    for start in range(0, len(questions.observations), size):
        yield questions.taken(slice(start, start + size))


def _answers(policy: AgentPolicy, questions: Questions) -> Answers:
    wiring, n_rows = policy.wiring, len(questions.observations)
    outputs = open_policy(policy.file).run(_inputs(policy, questions))
    told = {name: values for name, values in outputs.items() if np.isfinite(values).all()}
    wanted = [wiring.output, *([wiring.log_spread] if wiring.log_spread else []), *(s.output for s in wiring.states)]
    for name in wanted:
        if name not in told:
            raise PolicyError(f"{policy.file.name} answers with values of {name} that are not finite numbers")
    rows = wiring.batch or n_rows
    return Answers(
        output=_own(policy, questions, told[wiring.output], n_rows=rows),
        log_spread=_own(policy, questions, told[wiring.log_spread], n_rows=rows) if wiring.log_spread else None,
        states=tuple(_next_state(policy, state, told[state.output], n_rows=rows)[:n_rows] for state in wiring.states),
    )


def _own(policy: AgentPolicy, questions: Questions, values: FloatArray, *, n_rows: int) -> FloatArray:
    """Return the answers to the agent itself, shape (B, A)."""
    n_asked, n_actions = questions.masks.shape
    if not policy.wiring.is_joint:
        return _shaped(policy, values, (n_rows, n_actions))[:n_asked]
    every = _shaped(policy, values, (n_rows, len(policy.agents), n_actions))[:n_asked]
    return every[np.arange(n_asked), questions.numbers]


def _next_state(policy: AgentPolicy, state: HiddenState, values: FloatArray, *, n_rows: int) -> FloatArray:
    if values.ndim != len(state.shape) + 1:
        wanted = (*state.shape[: state.batch_axis], n_rows, *state.shape[state.batch_axis :])
        raise _unfitting(policy, values, wanted)
    return _shaped(policy, np.moveaxis(values, state.batch_axis, 0), (n_rows, *state.shape))


def _shaped(policy: AgentPolicy, values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    if values.size != np.prod(shape):
        raise _unfitting(policy, values, shape)
    return values.reshape(shape)


def _unfitting(policy: AgentPolicy, values: FloatArray, shape: tuple[int, ...]) -> PolicyError:
    return PolicyError(f"{policy.file.name} answers in the shape {values.shape}, where {shape} is wanted")


def _inputs(policy: AgentPolicy, questions: Questions) -> dict[str, npt.NDArray[np.generic]]:
    wiring, n_rows = policy.wiring, len(questions.observations)
    if wiring.batch is not None and n_rows < wiring.batch:
        # A policy that takes so many rows at once gets the last one again until they are so many.
        questions = questions.taken(np.minimum(np.arange(wiring.batch), n_rows - 1))
    one_hot = np.equal(questions.numbers[:, None], np.arange(wiring.n_agents)).astype(np.float64)
    values: dict[str, FloatArray] = {wiring.observation: _observation(wiring, questions, one_hot)}
    if wiring.mask is not None:
        values[wiring.mask] = questions.masks
    if wiring.agent is not None:
        spec = policy.signature.input(wiring.agent)
        number = questions.numbers[:, None].astype(np.float64)
        values[wiring.agent] = one_hot if _is_one_hot(spec, wiring.n_agents) else number
    held = {name: _input(policy.signature.input(name), value, wiring) for name, value in values.items()}
    if wiring.picture:
        seen = values[wiring.observation].reshape(-1, *wiring.picture)
        held[wiring.observation] = _typed(policy.signature.input(wiring.observation), seen)
    states = zip(wiring.states, questions.states, strict=True)
    return (
        held
        | {state.input: _state(policy.signature.input(state.input), state, value) for state, value in states}
        | {
            name: _constant(policy.signature.input(name), number, len(questions.numbers))
            for name, number in wiring.constants
        }
    )


def _observation(wiring: Wiring, questions: Questions, one_hot: FloatArray) -> FloatArray:
    if wiring.is_joint:
        return _all_observations(wiring, questions)
    behind = {Appended.LAST_ACTION: questions.last_actions, Appended.AGENT: one_hot}
    return np.concatenate([questions.observations, *(behind[each] for each in wiring.appended)], axis=1)


def _all_observations(wiring: Wiring, questions: Questions) -> FloatArray:
    every = questions.company.copy()
    every[np.arange(len(every)), questions.numbers] = questions.observations
    if Appended.AGENT not in wiring.appended:
        return every
    one_hots = np.broadcast_to(np.eye(every.shape[1]), (len(every), every.shape[1], every.shape[1]))
    return np.concatenate([every, one_hots], axis=2)


def _is_one_hot(spec: TensorSpec, n_agents: int) -> bool:
    if spec.shape is None:
        return True
    width = spec.shape[-1] if len(spec.shape) > 1 else 1
    return width == n_agents if isinstance(width, int) else (spec.dtype or "").startswith("float")


def _input(spec: TensorSpec, values: FloatArray, wiring: Wiring) -> npt.NDArray[np.generic]:
    sizes = {"batch": len(values), "time": 1, "agent": values.shape[1], "column": values.shape[-1]}
    shape = [sizes[axis] for axis in wiring.axes]
    if spec.shape is not None and len(spec.shape) < len(shape):
        # A plain list of numbers, such as the agent's.
        shape = [len(values), values.shape[1]][: len(spec.shape)]
    return _typed(spec, values.reshape(shape))


def _state(spec: TensorSpec, state: HiddenState, values: FloatArray) -> npt.NDArray[np.generic]:
    return _typed(spec, np.moveaxis(values, 0, state.batch_axis))


def _constant(spec: TensorSpec, number: float, n_rows: int) -> npt.NDArray[np.generic]:
    shape = [size if isinstance(size, int) else n_rows for size in spec.shape or ()]
    return _typed(spec, np.full(shape, number))


def _typed(spec: TensorSpec, values: FloatArray) -> npt.NDArray[np.generic]:
    return np.ascontiguousarray(values, dtype=spec.dtype or "float32")


def output_is_probabilities(answers: Answers, kind: OutputKind) -> bool:
    """Return whether what counts as logits are probabilities: no row is negative, and each sums to one."""
    rows = answers.output
    is_law = bool((rows >= 0).all()) and bool((np.abs(rows.sum(axis=1) - 1) < 1e-4).all())
    return kind is OutputKind.LOGITS and is_law
