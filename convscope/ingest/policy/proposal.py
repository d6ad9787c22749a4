"""A table ``[policy]`` to edit, as far as shapes tell; what they leave open stays a comment."""

import json
from collections.abc import Iterator, Sequence

from convscope.ingest.policy.log_side import LogSide
from convscope.values.header import ActionKind
from convscope.values.policy import Appended, OutputKind, Signature, TensorSpec

_LONGEST_NAME = 200


def proposed_lines(signature: Signature, side: LogSide) -> Iterator[str]:
    """Yield the lines of a table for a policy.

    Parameters
    ----------
    signature
        Of the policy: its first input is taken for the observation's, its first output for the action's.
    side
        What the log has.
    """
    kind = OutputKind.LOGITS if side.kind is ActionKind.DISCRETE else OutputKind.MEAN
    yield "[policy]"
    yield f"observation = {_quoted([spec.name for spec in signature.inputs[:1]])}"
    yield f"{kind} = {_quoted([spec.name for spec in signature.outputs[:1]])}  # or another of: {', '.join(OutputKind)}"
    yield _append_line(signature, side)
    pairs = _states(signature)
    if pairs:
        yield f"state = {json.dumps([taken for taken, _ in pairs])}"
        yield f"next_state = {json.dumps([given for _, given in pairs])}"
    rest = [spec.name for spec in signature.inputs[1:] if spec.name not in dict(pairs)]
    for name in rest:
        yield f"# {_quoted([name])} is one of: state, mask, agent, or a number in [policy.constants]"


def _append_line(signature: Signature, side: LogSide) -> str:
    shape = signature.inputs[0].shape if signature.inputs else None
    extra = shape[-1] - side.n_columns if shape and isinstance(shape[-1], int) else None
    both = [Appended.LAST_ACTION, Appended.AGENT]
    widths = ((both[:1], side.n_actions), (both[1:], side.n_agents), (both, side.n_actions + side.n_agents))
    fitting = [parts for parts, width in widths if width == extra]
    shown = json.dumps(fitting[0] if len(fitting) == 1 else both)
    mark = "" if len(fitting) == 1 else "# "
    return f"{mark}append = {shown}  # one-hots behind the observation in the same input"


def _states(signature: Signature) -> list[tuple[str, str]]:
    """Return inputs and outputs that go together as hidden states do: of the same shape, and no two alike."""
    inputs, outputs = signature.inputs[1:], signature.outputs[1:]
    pairs = [(taken, given) for taken in inputs for given in outputs if _is_alike(taken, given)]
    return [
        (taken.name, given.name)
        for taken, given in pairs
        if _count(taken, [one for one, _ in pairs]) == 1 and _count(given, [other for _, other in pairs]) == 1
    ]


def _is_alike(taken: TensorSpec, given: TensorSpec) -> bool:
    return taken.shape is not None and len(taken.shape) > 1 and (taken.shape, taken.dtype) == (given.shape, given.dtype)


def _count(spec: TensorSpec, specs: Sequence[TensorSpec]) -> int:
    return sum(spec is each for each in specs)


def _quoted(names: Sequence[str]) -> str:
    # A basic string of JSON is one of TOML, and a stranger's name cannot leave it.
    return json.dumps(names[0][:_LONGEST_NAME] if names else "NAME")
