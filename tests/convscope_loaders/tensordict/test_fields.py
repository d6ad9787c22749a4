"""What stands beside observations and actions: each key is the field that it is, and no other."""

import h5py
import numpy as np
import pytest

from convscope.values.header import ActionKind
from tests.convscope_loaders.tensordict.rollouts import DATA, assumed, episodes, opened, rollout, write_h5

DONE = [[0, 0, 1, 0]]
BATCH = (1, 4, 2)


def logged(tmp_path, **more):
    entries = rollout(DONE) | {name.replace("__", "/"): np.asarray(array) for name, array in more.items()}
    return opened(write_h5(tmp_path / "log.h5", entries))


def noise(*tail, seed=1):
    return np.random.default_rng(seed).normal(size=(*BATCH, *tail)).astype("f4")


def test_the_parameters_of_a_distribution_are_neither_places_nor_logits():
    names = [field.name for field in opened(DATA / "evaluation.h5").header.fields]
    assert {"info/loc", "info/scale", "info/logits", "info/log_prob"} <= set(names)
    assert "positions" not in names
    assert "action_logits" not in names


def test_genuine_logits_of_choices_are_action_logits():
    log = opened(DATA / "benchmarl_discrete.h5")
    assert log.episodes.length.tolist() == [8, 8, 4] * 3
    assert {agent.action_space.n for agent in log.header.agents} == {(9,)}
    with h5py.File(DATA / "benchmarl_discrete.h5") as file:
        logits, actions, taken = file["agents/logits"][1], file["agents/action"][1], file["agents/log_prob"][1]
    found = episodes(log)[4]
    np.testing.assert_array_equal(found["action_logits"][:-1], logits[8:16])
    np.testing.assert_array_equal(found["actions"][:-1, :, 0], actions[8:16])
    # They are those that the actions were drawn from.
    shares = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(np.take_along_axis(shares, actions[..., None], axis=-1)[..., 0], taken, atol=1e-5)


def test_logits_and_probabilities_of_choices_are_fields(tmp_path):
    log = logged(tmp_path, agents__logits=noise(5), agents__probs=noise(5))
    assert {agent.action_space.n for agent in log.header.agents} == {(5,)}
    np.testing.assert_array_equal(episodes(log)[0]["action_logits"][:3], noise(5)[0, :3])
    assert np.isnan(episodes(log)[0]["action_probabilities"][3]).all()


def test_actions_are_what_their_type_and_numbers_are(tmp_path):
    codes = np.arange(8).reshape(BATCH) % 3
    one_hot = logged(tmp_path, agents__action=np.eye(3, dtype=np.int64)[codes])
    np.testing.assert_array_equal(episodes(one_hot)[0]["actions"][:3, :, 0], codes[0, :3])
    assert "one-hot" in assumed(one_hot)
    floats = logged(tmp_path, agents__action=np.eye(3, dtype="f4")[codes] * 0.5)
    assert floats.header.agents[0].action_space.kind is ActionKind.CONTINUOUS
    several = np.stack([codes, codes], axis=-1)
    assert logged(tmp_path, agents__action=several).header.agents[0].action_space.kind is ActionKind.MULTI_DISCRETE
    almost = np.eye(3, dtype=np.int64)[codes]
    almost[0, 3] = 1
    assert logged(tmp_path, agents__action=almost).header.agents[0].action_space.kind is ActionKind.MULTI_DISCRETE


def test_hidden_states_of_all_layers_stand_side_by_side_with_those_after_the_last_step(tmp_path):
    h, c = noise(1, 4), noise(2, 3, seed=2)
    more = {"agents___hidden_lstm_h_0": h, "agents___hidden_lstm_c_0": c}
    more |= {f"next__{name}": array + 1 for name, array in more.items()}
    log = logged(tmp_path, **more)
    both = np.concatenate([c.reshape(*BATCH, 6), h.reshape(*BATCH, 4)], axis=-1)
    first, second = episodes(log)
    np.testing.assert_array_equal(first["hidden_states"], [*both[0, :3], both[0, 2] + 1])
    np.testing.assert_array_equal(second["hidden_states"], [both[0, 3], both[0, 3] + 1])
    assert "the parts of hidden stand side by side" in assumed(log)


def test_parts_of_an_observation_are_one_and_a_mask_among_them_is_the_mask(tmp_path):
    entries = rollout(DONE)
    image, own = noise(2, 2), noise(3, seed=2)
    legal = np.ones((*BATCH, 5), bool)
    for prefix, shift in (("", 0), ("next/", 1)):
        entries.pop(f"{prefix}agents/observation")
        # What follows a step is what the next row begins with.
        entries[f"{prefix}agents/observation/image"] = np.roll(image, -shift, axis=1)
        entries[f"{prefix}agents/observation/own"] = np.roll(own, -shift, axis=1)
        entries[f"{prefix}agents/observation/action_mask"] = legal
    log = opened(write_h5(tmp_path / "log.h5", entries))
    both = np.concatenate([image.reshape(*BATCH, 4), own], axis=-1)
    np.testing.assert_array_equal(episodes(log)[0]["observations"], both[0, :4])
    assert log.header.field("action_masks").shape == (5,)


def test_infos_are_fields_of_their_own_and_places_among_them_positions(tmp_path):
    more = {"agents__info__pos": noise(2), "agents__info__fuel": noise(1), "agents__info__reward": noise(1)}
    log = logged(tmp_path, **more, next__agents__info__hits=noise(1), info__wind=noise()[..., 0])
    found = episodes(log)[0]
    np.testing.assert_array_equal(found["positions"][:3], noise(2)[0, :3])
    assert {"info/fuel", "info/hits", "info/wind", "info/reward"} <= set(found)
    np.testing.assert_array_equal(found["rewards"][:3], rollout(DONE)["next/agents/reward"][0, :3, :, 0])


def test_rewards_of_the_team_and_those_carried_over_from_the_step_before(tmp_path):
    log = logged(tmp_path, next__reward=np.arange(4.0).reshape(1, 4, 1), agents__reward=noise(1))
    found = episodes(log)[0]
    assert found["team_rewards"][:3].tolist() == [0, 1, 2]
    np.testing.assert_array_equal(found["rewards"][:3], rollout(DONE)["next/agents/reward"][0, :3, :, 0])
    assert "the one beside the action came before" in assumed(log)


@pytest.mark.parametrize("is_turned", [False, True])
def test_attention_between_agents_is_turned_so_that_a_receiver_sums_to_one(tmp_path, is_turned):
    weights = np.abs(noise(2)) / np.abs(noise(2)).sum(axis=-1, keepdims=True)
    log = logged(tmp_path, agents__attention=np.swapaxes(weights, 2, 3) if is_turned else weights)
    np.testing.assert_allclose(episodes(log)[0]["attention"][:3, 0], weights[0, :3])


def test_attention_of_several_heads_stands_by_receiver_or_for_the_team(tmp_path):
    weights = np.abs(noise(3, 2)) / np.abs(noise(3, 2)).sum(axis=-1, keepdims=True)
    own = logged(tmp_path, agents__attention=weights)
    np.testing.assert_allclose(episodes(own)[0]["attention"][:3], np.swapaxes(weights, 2, 3)[0, :3])
    shared = logged(tmp_path, attention=np.swapaxes(weights, 2, 3))
    np.testing.assert_allclose(episodes(shared)[0]["attention"][:3], np.swapaxes(weights, 2, 3)[0, :3])
    scores = logged(tmp_path, agents__attention=noise(3, 2))
    assert "info/attention" in episodes(scores)[0]


def test_roles_are_declared_where_they_are_recorded(tmp_path):
    log = logged(tmp_path, agents__role=np.array([[[0, 1]] * 3 + [[1, 0]]]))
    assert log.header.roles == ("role_0", "role_1")
    assert log.episodes.declared_roles.tolist() == [[0, 1], [1, 0]]


def test_what_has_no_row_for_each_step_is_left_out_and_said(tmp_path):
    log = logged(tmp_path, agents__map=np.zeros((7, 7)), task=b"balance")
    (notice,) = [notice for notice in log.header.notices if notice.code == "left-out-arrays"]
    assert notice.message.startswith("left out (2)")
