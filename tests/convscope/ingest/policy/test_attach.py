"""A policy is wired to a log in the one way there is, or as declared; else both signatures are shown."""

import tomllib

import numpy as np
import pytest
from onnx import TensorProto, helper

from convscope.errors import LayoutError, PolicyError, UsageError
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.policy.asking import Questions, ask
from convscope.ingest.policy.attach import attach_policies
from convscope.values.policy import Appended, OutputKind
from tests.convscope.ingest.policy.models import FLOAT, linear, remembering, save, talking, two_inputs


def small_log(agents=("a", "b", "c"), n_columns=4, n_actions=3, *, masks=False):
    rng = np.random.default_rng(0)
    shape = (20, len(agents))
    actions = rng.integers(0, n_actions, shape)
    actions[:n_actions, 0] = np.arange(n_actions)
    columns = {"observations": rng.normal(size=(*shape, n_columns)), "actions": actions[..., None] * 1.0}
    if masks:
        columns["action_masks"] = np.ones((*shape, n_actions))
    return log_from_arrays(columns, [10, 10], agents)


def layout(tmp_path, text):
    path = tmp_path / "layout.toml"
    path.write_text("convscope-layout = 1\n[policy]\n" + text)
    return path


def wired(log, path, table=None):
    (policy,) = attach_policies(log, [str(path)], table).header.policies
    return policy


def test_one_input_of_the_observations_width_and_one_output_need_no_declaration(tmp_path):
    policy = wired(small_log(), linear(tmp_path / "p.onnx", np.ones((4, 3))))
    assert policy.agents == ("a", "b", "c")
    assert (policy.wiring.observation, policy.wiring.output) == ("obs", "logits")
    assert policy.wiring.kind is OutputKind.LOGITS


def test_an_output_whose_rows_are_laws_is_taken_for_probabilities(tmp_path):
    nodes = [helper.make_node("MatMul", ["obs", "W"], ["x"]), helper.make_node("Softmax", ["x"], ["p"])]
    path = save(tmp_path / "p.onnx", nodes, [("obs", ["b", 4])], [("p", ["b", 3])], {"W": np.ones((4, 3), np.float32)})
    assert wired(small_log(), path).wiring.kind is OutputKind.PROBABILITIES


@pytest.mark.parametrize("width", [3, 7])
def test_another_width_is_an_error_with_both_signatures_and_a_table_to_copy(tmp_path, width):
    path = linear(tmp_path / "p.onnx", np.ones((width, 3)))
    with pytest.raises(PolicyError) as caught:
        attach_policies(small_log(), [str(path)])
    message = str(caught.value)
    assert f"the policy is obs float32 (batch, {width}) -> logits float32 (batch, 3)" in message
    assert "the log has observations of 4 columns, actions of 3 choices, 3 agents" in message
    assert caught.value.mapping.startswith('[policy]\nobservation = "obs"\nlogits = "logits"')
    tomllib.loads(caught.value.mapping)


def test_a_narrower_output_is_an_error_with_both_signatures(tmp_path):
    path = linear(tmp_path / "p.onnx", np.ones((4, 2)))
    with pytest.raises(PolicyError, match=r"(?s)answers in the shape \(3, 2\).*the log has"):
        attach_policies(small_log(), [str(path)])


def test_a_wrong_type_is_an_error_with_both_signatures(tmp_path):
    nodes = [helper.make_node("Cast", ["obs"], ["x"], to=FLOAT), helper.make_node("MatMul", ["x", "W"], ["logits"])]
    inputs = [("obs", ["batch", 4], TensorProto.INT64)]
    path = save(tmp_path / "p.onnx", nodes, inputs, [("logits", ["batch", 3])], {"W": np.ones((4, 3), np.float32)})
    with pytest.raises(
        PolicyError, match=r"(?s)takes int64; observations are floating.*obs int64 \(batch, 4\).*log has"
    ):
        attach_policies(small_log(), [str(path)])


def test_more_than_one_input_is_never_guessed(tmp_path):
    path = remembering(tmp_path / "p.onnx", np.ones((4, 3)))
    with pytest.raises(PolicyError, match="more than one input or output"):
        attach_policies(small_log(), [str(path)])
    table = layout(tmp_path, 'observation = "obs"\nlogits = "logits"\nstate = "h"\nnext_state = "next"\n')
    (state,) = wired(small_log(), path, table).wiring.states
    assert (state.input, state.output, state.shape, state.batch_axis) == ("h", "next", (4,), 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('observation = "o"\nlogits = "logits"\n', "it has no input 'o'"),
        ('observation = "obs"\nlogits = "l"\n', "it has no output 'l'"),
        ('observation = "obs"\nlogits = "logits"\nmask = "obs"\n', "twice"),
        ('observation = "obs"\nmean = "logits"\n', "cannot be mean"),
        ('observation = "obs"\nlogits = "logits"\naxes = ["time", "batch", "column"]\n', "do not fit its input"),
    ],
)
def test_a_declaration_that_does_not_fit_says_what_and_shows_both(tmp_path, text, words):
    path = linear(tmp_path / "p.onnx", np.ones((4, 3)))
    with pytest.raises(PolicyError, match="the log has") as caught:
        attach_policies(small_log(), [str(path)], layout(tmp_path, text))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('obs = "obs"\n', 3),
        ('observation = "obs"\n', 2),
        ('observation = "obs"\nlogits = "x"\nvalues = "x"\n', 5),
        ('observation = 3\nlogits = "x"\n', 3),
        ('observation = "obs"\nlogits = "x"\nstate = "h"\n', 2),
        ('observation = "obs"\nlogits = "x"\nappend = ["agents"]\n', 5),
        ('observation = "obs"\nlogits = "x"\nstate_shape = [1, 2]\n', 5),
        ('observation = "obs"\nlogits = "x"\n[policy.constants]\nc = "x"\n', 5),
    ],
)
def test_a_table_that_says_something_else_names_its_line(tmp_path, text, line):
    path = linear(tmp_path / "p.onnx", np.ones((4, 3)))
    with pytest.raises(LayoutError, match=rf"layout\.toml:{line}: "):
        attach_policies(small_log(), [str(path)], layout(tmp_path, text))


def test_one_hots_behind_the_observation_are_counted(tmp_path):
    path = linear(tmp_path / "p.onnx", np.ones((4 + 3 + 3, 3)), batch=1)
    table = layout(tmp_path, 'observation = "obs"\nlogits = "logits"\nappend = ["last-action", "agent"]\n')
    policy = wired(small_log(), path, table)
    assert policy.wiring.appended == (Appended.LAST_ACTION, Appended.AGENT)
    assert policy.wiring.batch == 1
    assert policy.numbers == (0, 1, 2)


def test_a_policy_of_some_agents_counts_these_or_all_as_its_width_says(tmp_path):
    log = small_log(("red_0", "blue_0", "blue_1"))
    table = layout(tmp_path, 'observation = "obs"\nlogits = "logits"\nagent = "other"\n')
    for n_counted, numbers in ((2, (0, 1)), (3, (1, 2))):
        path = two_inputs(tmp_path / "p.onnx", np.ones((4, 3)), np.ones((n_counted, 3)))
        (policy,) = attach_policies(log, [f"blue_*={path}"], table).header.policies
        assert policy.agents == ("blue_0", "blue_1")
        assert policy.numbers == numbers


def test_a_policy_that_takes_masks_needs_a_log_that_holds_them(tmp_path):
    path = two_inputs(tmp_path / "p.onnx", np.ones((4, 3)), np.ones((3, 3)), dtype=TensorProto.BOOL)
    table = layout(tmp_path, 'observation = "obs"\nlogits = "logits"\nmask = "other"\n')
    assert wired(small_log(masks=True), path, table).wiring.mask == "other"
    with pytest.raises(PolicyError, match="takes action masks, and the log holds none"):
        attach_policies(small_log(), [str(path)], table)


def test_patterns_that_fit_nobody_or_somebody_twice_are_usage_errors(tmp_path):
    path = linear(tmp_path / "p.onnx", np.ones((4, 3)))
    with pytest.raises(UsageError, match="no agent of the log fits 'x_"):
        attach_policies(small_log(), [f"x_*={path}"])
    with pytest.raises(UsageError, match="agent 'a' has two policies"):
        attach_policies(small_log(), [f"*={path}", f"a={path}"])


def test_answers_that_are_not_finite_are_refused(tmp_path):
    path = linear(tmp_path / "p.onnx", np.full((4, 3), np.inf))
    with pytest.raises(PolicyError, match="not finite numbers"):
        attach_policies(small_log(), [str(path)])


def test_rows_that_depend_on_each_other_are_found_out(tmp_path):
    path = talking(tmp_path / "p.onnx", np.ones((4, 3)), np.ones((4, 3)), axis=0)
    with pytest.raises(PolicyError, match=r'answers a row by what stands in the others.*axes = \["agent", "column"\]'):
        attach_policies(small_log(), [str(path)])
    table = layout(tmp_path, 'observation = "obs"\nlogits = "logits"\naxes = ["agent", "column"]\n')
    policy = wired(small_log(), path, table)
    assert policy.wiring.is_joint
    assert policy.wiring.batch == 1


def test_a_policy_of_all_agents_at_once_needs_as_many_as_act_by_it(tmp_path):
    path = linear(tmp_path / "p.onnx", np.ones((4, 3)), batch=5)
    table = layout(tmp_path, 'observation = "obs"\nlogits = "logits"\naxes = ["agent", "column"]\n')
    with pytest.raises(PolicyError, match="takes 5 agents at once, and 3 act by it"):
        attach_policies(small_log(), [str(path)], table)


def test_names_of_a_strangers_inputs_stay_inert_in_the_message_and_in_the_table(tmp_path):
    evil = 'x"\n[evil]\n\x1b[2J\u202e'
    nodes = [helper.make_node("MatMul", [evil, "W"], ["logits"])]
    path = save(
        tmp_path / "p.onnx", nodes, [(evil, ["batch", 9])], [("logits", ["batch", 3])], {"W": np.ones((9, 3), "f4")}
    )
    with pytest.raises(PolicyError) as caught:
        attach_policies(small_log(), [str(path)])
    assert tomllib.loads(caught.value.mapping)["policy"]["observation"] == evil
    assert all(character.isprintable() or character == "\n" for character in str(caught.value))
    assert len(str(caught.value).splitlines()) == 6


def test_the_table_of_an_error_is_right_where_shapes_leave_no_choice(tmp_path):
    from_rnn = remembering(tmp_path / "rnn.onnx", np.ones((4, 3)))
    padded = linear(tmp_path / "padded.onnx", np.ones((4 + 2, 2)))
    for path, log in ((from_rnn, small_log()), (padded, small_log(("a", "b"), n_actions=4))):
        with pytest.raises(PolicyError) as caught:
            attach_policies(log, [str(path)])
        proposed = tomllib.loads(caught.value.mapping)["policy"]
        if path == from_rnn:
            assert (proposed["state"], proposed["next_state"]) == (["h"], ["next"])
            (tmp_path / "l.toml").write_text("convscope-layout = 1\n" + caught.value.mapping)
            assert wired(log, path, tmp_path / "l.toml").wiring.states[0].output == "next"
        else:
            assert proposed["append"] == ["agent"]


def test_observations_of_several_axes_go_in_as_the_log_holds_them(tmp_path):
    rng = np.random.default_rng(1)
    columns = {"observations": rng.normal(size=(20, 2, 2, 3)), "actions": rng.integers(0, 3, (20, 2, 1)) * 1.0}
    log = log_from_arrays(columns, [20], ["a", "b"])
    nodes = [helper.make_node("Flatten", ["obs"], ["flat"]), helper.make_node("MatMul", ["flat", "W"], ["logits"])]
    held = {"W": np.arange(18, dtype=np.float32).reshape(6, 3)}
    path = save(tmp_path / "p.onnx", nodes, [("obs", ["batch", 2, 3])], [("logits", ["batch", 3])], held)
    policy = wired(log, path)
    assert policy.wiring.picture == (2, 3)
    questions = Questions(
        observations=np.eye(3, 6),
        last_actions=np.zeros((3, 3)),
        masks=np.ones((3, 3)),
        numbers=np.zeros(3, dtype=int),
        states=(),
        company=np.zeros((3, 0, 6)),
    )
    assert ask(policy, questions).output.tolist() == held["W"][:3].tolist()
    path = save(tmp_path / "p.onnx", nodes, [("obs", ["batch", 3, 2])], [("logits", ["batch", 3])], held)
    with pytest.raises(PolicyError, match="has 3 axes: say which"):
        wired(log, path)
