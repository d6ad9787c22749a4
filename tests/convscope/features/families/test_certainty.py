"""How decided a policy is, by hand."""

import numpy as np
import pytest


def test_an_even_choice_is_undecided_and_a_sure_one_is_not(features_of):
    columns = {
        "actions": np.array([[[0], [1]], [[1], [1]]]),
        "action_probabilities": np.array([[[0.5, 0.5], [0.1, 0.9]], [[0.5, 0.5], [0.9, 0.1]]]),
    }
    entropy = -(0.1 * np.log(0.1) + 0.9 * np.log(0.9)) / np.log(2)
    assert features_of("undecidedness", columns) == pytest.approx([1, entropy])
    assert features_of("takes its likeliest action", columns) == [1.0, 0.5]


def test_logits_are_made_probabilities_and_masked_actions_have_none(features_of):
    columns = {
        "actions": np.array([[[0]], [[2]]]),
        "action_logits": np.array([[[np.log(3), 0.0, -np.inf]], [[7.0, -np.inf, -np.inf]]]),
    }
    # 3/4 and 1/4 of two possible actions; the second step has one action and no choice.
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25)) / np.log(2)
    assert features_of("undecidedness", columns) == pytest.approx([entropy])
    assert features_of("takes its likeliest action", columns) == [1.0]
