"""What goes on inside a policy is captured by name, and what cannot be captured is said."""

import numpy as np
import pytest

from convscope.errors import UsageError
from convscope.recording.capture import Capture

AGENTS = ("a", "b", "c")


class Module:
    """Gives out what it is given, and calls hooks as modules of torch do."""

    def __init__(self, **parts):
        self.parts, self.hooks = parts, []
        vars(self).update(parts)

    def named_modules(self):
        yield "", self
        for name, part in self.parts.items():
            yield from ((f"{name}.{inner}".rstrip("."), module) for inner, module in part.named_modules())

    def register_forward_hook(self, hook):
        self.hooks.append(hook)

    def __call__(self, output):
        for hook in self.hooks:
            hook(self, (), output)
        return output


class LSTM(Module):
    pass


@pytest.fixture
def notes():
    return []


def captured(wanted, notes, model=None):
    return Capture(wanted, model, notes.append)


def test_modules_are_found_by_name_and_a_name_that_matches_nothing_is_said(notes):
    model = Module(actor=Module(attn=Module(), head=Module()))
    capture = captured({"attention": "actor.attn", "hidden": "actor.rnn"}, notes, model)
    model.actor.attn(np.full((1, 3, 3), 1 / 3))
    assert list(capture.take(AGENTS, AGENTS)) == ["attention"]
    assert notes == [
        "nothing was captured for hidden: no module is called 'actor.rnn'; there are actor, actor.attn, actor.head"
    ]


def test_a_name_without_a_model_is_said(notes):
    captured({"attention": "attn"}, notes)
    assert "give the one that holds it as model=" in notes[0]


def test_a_module_that_is_never_called_is_said_after_the_first_episode(notes):
    capture = captured({"attention": Module()}, notes)
    assert capture.take(AGENTS, AGENTS) == {}
    for _ in range(2):
        capture.end_episode()
    assert notes == ["nothing was captured for attention: what it was to come from was never called"]


@pytest.mark.parametrize("shape", [(3, 3), (1, 3, 3), (2, 3, 3), (1, 2, 3, 3)])
def test_attention_of_all_agents_has_heads_receivers_and_senders(notes, shape):
    module = Module()
    capture = captured({"attention": module}, notes)
    weights = np.random.default_rng(0).uniform(size=shape)
    module((np.zeros((3, 8)), weights))  # as modules of torch do it: what comes out, and the weights
    found = capture.take(AGENTS, AGENTS)["attention"]
    np.testing.assert_array_equal(found, weights.reshape(-1, 3, 3))


def test_attention_of_some_agents_is_put_in_their_places(notes):
    module = Module()
    capture = captured({"attention": module}, notes)
    module(np.array([[0.1, 0.9], [0.4, 0.6]]))
    found = capture.take(("c", "a"), AGENTS)["attention"]
    nan = np.nan
    np.testing.assert_array_equal(found, [[[0.6, nan, 0.4], [nan, nan, nan], [0.9, nan, 0.1]]])


def test_attention_that_each_agent_works_out_for_itself_is_put_together(notes):
    module = Module()
    capture = captured({"attention": module}, notes)
    rows = np.random.default_rng(0).uniform(size=(3, 2, 3))
    for row in rows:
        module([row[:, np.newaxis]])
    found = capture.take(AGENTS, AGENTS)["attention"]
    np.testing.assert_array_equal(found, np.moveaxis(rows, 0, 1))


@pytest.mark.parametrize("shape", [(2, 4), (1, 2, 4)])
def test_what_comes_for_all_actors_at_once_is_theirs(notes, shape):
    module = Module()
    capture = captured({"logits": module}, notes)
    values = np.arange(8.0).reshape(shape)
    module(values)
    found = capture.take(("c", "a"), AGENTS)["logits"]
    assert {agent: row.tolist() for agent, row in found.items()} == {"c": [0, 1, 2, 3], "a": [4, 5, 6, 7]}


def test_what_comes_for_one_actor_after_the_other_is_theirs_in_that_order(notes):
    module = Module()
    capture = captured({"messages": module}, notes)
    for value in (7.0, 8.0):
        module(np.full((1, 1, 2), value))
    found = capture.take(("b", "c"), AGENTS)["messages"]
    assert {agent: row.tolist() for agent, row in found.items()} == {"b": [7, 7], "c": [8, 8]}


def test_of_a_recurrent_module_the_state_of_the_last_layer_is_taken(notes):
    module = LSTM()
    capture = captured({"hidden": module}, notes)
    hidden = np.arange(12.0).reshape(2, 3, 2)
    module((np.zeros((3, 2)), (hidden, np.zeros((2, 3, 2)))))
    found = capture.take(AGENTS, AGENTS)["hidden"]
    assert found["c"].tolist() == hidden[1, 2].tolist()


def test_outputs_that_belong_to_nobody_are_left_out_and_said(notes):
    module = Module()
    capture = captured({"hidden": module}, notes)
    for _ in range(5):
        module(np.zeros(4))
    assert capture.take(AGENTS, AGENTS) == {}
    assert "5 outputs ((4,), (4,), (4,)) are not those of 3 agents" in notes[0]
    assert capture.take(AGENTS, AGENTS) == {}


def test_an_output_is_copied_when_it_comes(notes):
    module = Module()
    capture = captured({"state": module}, notes)
    output = np.zeros(3)
    module(output)
    output[:] = 9
    assert capture.take(AGENTS, AGENTS)["state"].tolist() == [0, 0, 0]


def test_a_function_is_asked_in_every_step(notes):
    held = iter(range(5))
    capture = captured({"team_info/step": lambda: next(held)}, notes)
    assert [capture.take(AGENTS, AGENTS)["team_info/step"] for _ in range(3)] == [0, 1, 2]


def test_environments_that_step_together_share_an_output(notes):
    folded, whole, weights = Module(), Module(), Module()
    capture = captured({"hidden": folded, "logits": whole, "attention": weights}, notes)
    folded(np.arange(24.0).reshape(6, 4))
    whole(np.zeros((2, 3, 5)))
    weights(np.full((2, 1, 3, 3), 1 / 3))
    found = capture.take_batch(2, 3)
    assert found["hidden"][1, 0].tolist() == [12, 13, 14, 15]
    assert (found["logits"].shape, found["attention"].shape) == ((2, 3, 5), (2, 1, 3, 3))
    folded(np.zeros((5, 4)))
    assert capture.take_batch(2, 3) == {}
    assert "are not those of 2 environments of 3 agents" in notes[0]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [({"colour": Module()}, "no field is called 'colour'"), ({"hidden": 3}, "cannot be captured from a int")],
)
def test_what_cannot_be_captured_is_refused_at_once(notes, wanted, message):
    with pytest.raises(UsageError, match=message):
        captured(wanted, notes)
