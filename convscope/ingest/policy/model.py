"""What any policy can do once it is open."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from convscope.values.arrays import FloatArray
from convscope.values.policy import Signature

Inputs = Mapping[str, npt.NDArray[np.generic]]
"""By name; types and shapes as the signature has them."""


class PolicyModel(Protocol):
    """A network that answers a batch of inputs, the same way each time."""

    @property
    def signature(self) -> Signature:
        """Its inputs and outputs."""
        ...

    def run(self, inputs: Inputs) -> Mapping[str, FloatArray]:
        """Return the outputs by name.

        Raises
        ------
        PolicyError
            If it cannot be run on these inputs; the message is one line.
        """
        ...


@runtime_checkable
class DifferentiablePolicy(PolicyModel, Protocol):
    """A policy whose format has gradients."""

    def jacobian(self, inputs: Inputs, *, output: str, by: str) -> FloatArray | None:
        """Return the derivatives of each row's outputs by the same row's inputs, shape (B, outputs, columns).

        None where the network is made of steps that have no slope.

        Parameters
        ----------
        inputs
            As in `run`; rows must not depend on each other.
        output
            Name of the output, (B, outputs) once axes of length 1 are gone.
        by
            Name of the input, (B, columns) once axes of length 1 are gone.
        """
        ...
