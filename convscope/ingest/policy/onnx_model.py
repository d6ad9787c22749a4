"""The wall around onnxruntime: models from strangers, on one thread of the CPU."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from convscope.errors import PolicyError
from convscope.ingest.optional import import_optional
from convscope.ingest.policy.model import Inputs
from convscope.ingest.policy.watch import MOST_SECONDS, Watch
from convscope.values.arrays import FloatArray
from convscope.values.policy import Dimension, Signature, TensorSpec

_DTYPES = {"float": "float32", "double": "float64", "float16": "float16", "bool": "bool"} | {
    name: name for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
}
_SILENT = 4
"""Severity of onnxruntime's own log: what goes wrong is our error, not lines on stderr."""


class OnnxModel:
    """An ONNX model in memory.

    Parameters
    ----------
    content
        Bytes of the file.
    name
        For messages.

    Raises
    ------
    PolicyError
        If it is no ONNX model, keeps data in other files, or cannot be run by onnxruntime alone.
    MissingPackageError
        If onnxruntime is not installed.
    """

    def __init__(self, content: bytes, name: str) -> None:
        runtime = import_optional("onnxruntime", extra="onnx", purpose="an ONNX policy")
        _refuse_other_files(content, name)
        self._name = name
        self._session = _session(runtime, content, name)
        self._options = runtime.RunOptions()
        self._watch = Watch(self._stop)
        self.signature = Signature(
            inputs=tuple(map(_spec, self._session.get_inputs())), outputs=tuple(map(_spec, self._session.get_outputs()))
        )

    def run(self, inputs: Inputs) -> Mapping[str, FloatArray]:
        """Return the outputs by name."""
        names = [spec.name for spec in self.signature.outputs]
        self._options.terminate = False
        try:
            with self._watch.call():
                values = self._session.run(names, dict(inputs), self._options)
        except Exception as error:  # onnxruntime raises its own kinds and plain ones
            raise PolicyError(f"{self._name} cannot be run: {self._why(error)}") from error
        arrays = (np.asarray(value) for value in values)
        return {name: value.astype(np.float64) for name, value in zip(names, arrays, strict=True) if _is_number(value)}

    def _stop(self) -> None:
        self._options.terminate = True

    def _why(self, error: Exception) -> str:
        return f"no answer in {MOST_SECONDS:.0f} seconds" if self._options.terminate else _first_line(error)


# onnxruntime and protobuf have no types of their own.
def _session(runtime: ModuleType, content: bytes, name: str) -> Any:  # noqa: ANN401
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = _SILENT
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise PolicyError(f"{name} cannot be loaded by onnxruntime: {_first_line(error)}") from error


def _refuse_other_files(content: bytes, name: str) -> None:
    """Raise if a tensor of the model lies in another file: such a name reads any file below the working folder."""
    onnx = import_optional("onnx", extra="onnx", purpose="an ONNX policy")
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as error:
        raise PolicyError(f"{name} is neither an ONNX model nor a TorchScript archive") from error
    for message in _messages(model):
        if isinstance(message, onnx.TensorProto) and (message.external_data or message.data_location):
            raise PolicyError(
                f"{name} keeps weights in other files, which are not read: save it as one file, "
                "as by onnx.save(onnx.load(path), 'policy.onnx')"
            )


def _messages(model: Any) -> Iterator[Any]:  # noqa: ANN401
    waiting = [model]
    while waiting:
        message = waiting.pop()
        yield message
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting.extend([value] if hasattr(value, "ListFields") else value)


def _spec(told: Any) -> TensorSpec:  # noqa: ANN401
    kind = told.type.removeprefix("tensor(").removesuffix(")")
    shape: tuple[Dimension, ...] = tuple(size if isinstance(size, int | str) else None for size in told.shape)
    return TensorSpec(name=told.name, dtype=_DTYPES.get(kind, told.type), shape=shape)


def _is_number(value: np.ndarray[Any, Any]) -> bool:
    return value.dtype.kind in "fiub"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines)[:300]
