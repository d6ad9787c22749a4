"""The wall around TorchScript. An archive holds code; torch runs it in its own interpreter, without Python."""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convscope.errors import PolicyError
from convscope.ingest.optional import import_optional
from convscope.ingest.policy.model import Inputs
from convscope.values.arrays import FloatArray
from convscope.values.policy import Signature, TensorSpec

OUTPUT = "output_{}"
"""TorchScript names no outputs: they count from 0."""


class TorchModel:
    """A TorchScript module in memory.

    Parameters
    ----------
    content
        Bytes of the archive.
    name
        For messages.

    Raises
    ------
    PolicyError
        If torch cannot load it, or its forward takes something else than tensors.
    MissingPackageError
        If torch is not installed.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self._torch = import_optional("torch", extra="torch", purpose="a TorchScript policy")
        self._name = name
        self._module = self._loaded(content)
        self.signature = self._signature()

    def run(self, inputs: Inputs) -> Mapping[str, FloatArray]:
        """Return the outputs by name."""
        with self._torch.no_grad():
            outputs = self._called([self._tensor(inputs[spec.name]) for spec in self.signature.inputs])
        values = [output.detach().double().numpy() for output in outputs]
        return {OUTPUT.format(number): value for number, value in enumerate(values)}

    def jacobian(self, inputs: Inputs, *, output: str, by: str) -> FloatArray | None:
        """Return the derivatives of each row's outputs by the same row's inputs; None where there are none to take."""
        tensors = {spec.name: self._tensor(inputs[spec.name]) for spec in self.signature.inputs}
        varied = tensors[by].requires_grad_()
        names = [OUTPUT.format(number) for number in range(len(self.signature.outputs))]
        outputs = self._called(list(tensors.values()))
        values = outputs[names.index(output)].reshape(len(varied), -1)
        if not values.requires_grad:
            return None
        slopes = [self._slope(values[:, column].sum(), varied) for column in range(values.shape[1])]
        return np.asarray(self._torch.stack(slopes, dim=1).double().numpy(), dtype=np.float64)

    def _slope(self, value: Any, varied: Any) -> Any:  # noqa: ANN401
        # A hidden state may keep the observation from the output; then the slope is 0.
        (slope,) = self._torch.autograd.grad(
            value, varied, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return slope.reshape(len(varied), -1)

    # torch has types of its own, but is not there to check them where it is not installed.
    def _loaded(self, content: bytes) -> Any:  # noqa: ANN401
        self._torch.set_num_threads(1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # TorchScript is deprecated; whoever has such a file knows
                return self._torch.jit.load(io.BytesIO(content), map_location="cpu").eval()
        except Exception as error:
            raise PolicyError(f"{self._name} cannot be loaded by torch: {_first_line(error)}") from error

    def _signature(self) -> Signature:
        arguments = self._module.forward.schema.arguments[1:]
        kinds = {str(argument.type) for argument in arguments}
        if kinds - {"Tensor"}:
            raise PolicyError(f"{self._name} takes {', '.join(sorted(kinds))}; a policy takes tensors only")
        returned = str(self._module.forward.schema.returns[0].type)
        n_outputs = returned.count("Tensor")
        return Signature(
            inputs=tuple(TensorSpec(name=argument.name, dtype=None, shape=None) for argument in arguments),
            outputs=tuple(
                TensorSpec(name=OUTPUT.format(number), dtype=None, shape=None) for number in range(n_outputs)
            ),
        )

    def _called(self, tensors: Sequence[Any]) -> Sequence[Any]:
        try:
            result = self._module(*tensors)
        except Exception as error:
            raise PolicyError(f"{self._name} cannot be run: {_last_line(error)}") from error
        return result if isinstance(result, tuple | list) else [result]

    def _tensor(self, value: np.ndarray[Any, Any]) -> Any:  # noqa: ANN401
        return self._torch.from_numpy(np.array(value))


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _last_line(error: Exception) -> str:
    # A TorchScript error begins with the code around the fault and ends with what was wrong.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
