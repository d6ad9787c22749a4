"""Tiny ONNX policies with weights in plain sight."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def save(path, nodes, inputs, outputs, constants):
    """Write a model; inputs and outputs are (name, shape) or (name, shape, type)."""
    graph = helper.make_graph(
        nodes,
        "policy",
        [_value(*each) for each in inputs],
        [_value(*each) for each in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    Path(path).write_bytes(model.SerializeToString())
    return Path(path)


def linear(path, weights, batch="batch", name="logits"):
    """Outputs = observations @ weights."""
    width, n_outputs = np.shape(weights)
    nodes = [helper.make_node("MatMul", ["obs", "W"], [name])]
    held = {"W": np.asarray(weights, np.float32)}
    return save(path, nodes, [("obs", [batch, width])], [(name, [batch, n_outputs])], held)


def remembering(path, weights, state_shape=("batch", None)):
    """Logits = observations of one step before @ weights: the hidden state is the observation."""
    width, n_outputs = np.shape(weights)
    shape = [size if size is not None else width for size in state_shape]
    is_stacked = len(shape) == 3
    nodes = [
        helper.make_node("MatMul", ["h", "W"], ["logits"]),
        helper.make_node("Unsqueeze", ["obs", "first"], ["next"])
        if is_stacked
        else helper.make_node("Identity", ["obs"], ["next"]),
    ]
    held = {"W": np.asarray(weights, np.float32), "first": np.array([0])}
    outputs = [("logits", [*shape[:-1], n_outputs]), ("next", shape)]
    return save(path, nodes, [("obs", ["batch", width]), ("h", shape)], outputs, held)


def talking(path, weights, told, axis=1):
    """Logits = observations @ weights + the sum over the agents' axis of observations @ told."""
    (width, n_outputs), n_axes = np.shape(weights), axis + 2
    nodes = [
        helper.make_node("MatMul", ["obs", "W"], ["own"]),
        helper.make_node("MatMul", ["obs", "V"], ["each"]),
        helper.make_node("ReduceSum", ["each", "axis"], ["sum"], keepdims=1),
        helper.make_node("Add", ["own", "sum"], ["logits"]),
    ]
    held = {"W": np.asarray(weights, np.float32), "V": np.asarray(told, np.float32), "axis": np.array([axis])}
    open_axes = ["batch", "agents"][-(n_axes - 1) :]
    return save(path, nodes, [("obs", [*open_axes, width])], [("logits", [*open_axes, n_outputs])], held)


def two_inputs(path, weights, other, dtype=FLOAT):
    """Logits = observations @ weights + other @ numbers, where the second input is ``agent`` or ``mask``."""
    (width, n_outputs), (n_others, _) = np.shape(weights), np.shape(other)
    nodes = [
        helper.make_node("MatMul", ["obs", "W"], ["first"]),
        helper.make_node("Cast", ["other"], ["cast"], to=FLOAT),
        helper.make_node("MatMul", ["cast", "V"], ["second"]),
        helper.make_node("Add", ["first", "second"], ["logits"]),
    ]
    held = {"W": np.asarray(weights, np.float32), "V": np.asarray(other, np.float32)}
    inputs = [("obs", ["batch", width]), ("other", ["batch", n_others], dtype)]
    return save(path, nodes, inputs, [("logits", ["batch", n_outputs])], held)


def _value(name, shape, dtype=FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)
