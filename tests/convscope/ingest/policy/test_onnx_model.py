"""ONNX files come from strangers: they are read whole or refused in a line."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from convscope.errors import PolicyError, UsageError
from convscope.ingest.policy.opening import open_policy, policy_file
from convscope.values.policy import PolicyFormat
from tests.convscope.ingest.policy.models import linear, save


def test_a_model_says_what_it_takes_and_gives_and_answers(tmp_path):
    file = policy_file(linear(tmp_path / "p.onnx", [[1.0, 0.0], [0.0, 2.0]]))
    model = open_policy(file)
    assert file.format is PolicyFormat.ONNX
    assert str(model.signature) == "obs float32 (batch, 2) -> logits float32 (batch, 2)"
    rows = np.array([[1.0, 1.0], [0.5, -1.0]], dtype=np.float32)
    assert model.run({"obs": rows})["logits"].tolist() == [[1.0, 2.0], [0.5, -2.0]]


def external(path, location):
    tensor = numpy_helper.from_array(np.zeros((2, 2), np.float32), "W")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    model = onnx.load(linear(path, np.zeros((2, 2))))
    model.graph.initializer[0].CopyFrom(tensor)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("location", ["secret.bin", "/etc/hostname", "../secret.bin"])
def test_weights_in_other_files_are_never_read(tmp_path, monkeypatch, location):
    (tmp_path / "secret.bin").write_bytes(b"\x00" * 16)
    monkeypatch.chdir(tmp_path)
    file = policy_file(external(tmp_path / "p.onnx", location))
    with pytest.raises(PolicyError, match="keeps weights in other files"):
        open_policy(file)


def test_weights_in_other_files_are_found_inside_of_a_node_too(tmp_path):
    tensor = numpy_helper.from_array(np.zeros(2, np.float32), "c")
    node = helper.make_node("Constant", [], ["c"], value=tensor)
    node.attribute[0].t.data_location = TensorProto.EXTERNAL
    node.attribute[0].t.external_data.add(key="location", value="secret.bin")
    path = save(
        tmp_path / "p.onnx",
        [node, helper.make_node("Add", ["obs", "c"], ["logits"])],
        [("obs", ["batch", 2])],
        [("logits", ["batch", 2])],
        {},
    )
    with pytest.raises(PolicyError, match="keeps weights in other files"):
        open_policy(policy_file(path))


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x09", b"\xff" * 100])
def test_what_is_no_model_is_refused_in_a_line(tmp_path, content):
    path = tmp_path / "p.onnx"
    path.write_bytes(content)
    with pytest.raises(PolicyError) as caught:
        open_policy(policy_file(path))
    assert "p.onnx" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_operators_of_a_library_of_their_own_are_refused(tmp_path):
    node = helper.make_node("Evil", ["obs"], ["logits"], domain="com.evil")
    path = save(tmp_path / "p.onnx", [node], [("obs", ["batch", 2])], [("logits", ["batch", 2])], {})
    with pytest.raises(PolicyError, match="cannot be loaded by onnxruntime"):
        open_policy(policy_file(path))


def test_every_cut_of_a_model_is_a_model_or_a_line(tmp_path):
    whole = linear(tmp_path / "whole.onnx", np.ones((2, 2))).read_bytes()
    path = tmp_path / "p.onnx"
    for stop in range(0, len(whole), 3):
        path.write_bytes(whole[:stop])
        with pytest.raises(PolicyError):
            open_policy(policy_file(path)).run({"obs": np.zeros((1, 2), np.float32)})


def test_a_pickle_is_not_opened(tmp_path):
    path = tmp_path / "weights.pt"
    path.write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(PolicyError, match="is a pickle, which could run anything"):
        policy_file(path)


def test_a_file_that_is_not_there_or_too_large_is_said_so(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no policy file at"):
        policy_file(tmp_path / "none.onnx")
    monkeypatch.setattr("convscope.ingest.policy.opening.MAX_BYTES", 10)
    with pytest.raises(PolicyError, match="larger than"):
        policy_file(linear(tmp_path / "p.onnx", np.ones((2, 2))))


def test_a_file_that_changes_under_way_is_not_taken_for_the_same(tmp_path):
    path = linear(tmp_path / "p.onnx", np.ones((2, 2)))
    file = policy_file(path)
    linear(path, np.zeros((2, 2)))
    with pytest.raises(PolicyError, match="has changed"):
        open_policy(file)


def test_a_network_that_never_ends_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("convscope.ingest.policy.watch.MOST_SECONDS", 0.1)
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Sin", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 2]),
        ],
    )
    node = helper.make_node("Loop", ["n", "yes", "obs"], ["logits"], body=body)
    held = {"n": np.array(2**60), "yes": np.ones((), dtype=bool)}
    path = save(tmp_path / "p.onnx", [node], [("obs", ["batch", 2])], [("logits", ["batch", 2])], held)
    model = open_policy(policy_file(path))
    with pytest.raises(PolicyError, match="cannot be run: no answer in"):
        model.run({"obs": np.zeros((1, 2), np.float32)})
