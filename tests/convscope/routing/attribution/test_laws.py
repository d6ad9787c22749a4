"""How far laws lie apart: by hand, bounded, and exactly 0 where nothing moves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.ingest.policy.asking import Answers
from convscope.routing.attribution.laws import Choices, Normals, choices, divergence
from convscope.values.policy import OutputKind


def law(*shares):
    with np.errstate(divide="ignore"):
        return np.log(np.array(shares))


def test_bits_of_two_choices_by_hand():
    own, other = Choices(log_p=law([0.5, 0.5])), Choices(log_p=law([[0.9, 0.1]]))
    lower, upper, moved = divergence(own, other)
    # Against the mean of both, (.7, .3), and against the other alone.
    assert lower[0] == pytest.approx(0.5 * np.log2(0.5 / 0.7) + 0.5 * np.log2(0.5 / 0.3))
    assert upper[0] == pytest.approx(0.5 * np.log2(0.5 / 0.9) + 0.5 * np.log2(0.5 / 0.1))
    assert moved[0] == pytest.approx(np.log(5))


def test_a_sure_choice_that_turns_over_is_one_bit_of_two_laws():
    own, other = Choices(log_p=law([1.0, 0.0])), Choices(log_p=law([[0.0, 1.0]]))
    lower, _, moved = divergence(own, other)
    assert lower[0] == pytest.approx(1.0)
    assert moved[0] == 1.0


def test_bits_of_normal_laws_by_hand():
    own = Normals(mean=np.array([[0.0]]), spread=np.array([[2.0]]))
    other = Normals(mean=np.array([[[3.0]]]), spread=np.array([[[2.0]]]))
    lower, upper, _ = divergence(own, other)
    assert upper[0] == pytest.approx(9 / 8 / np.log(2))
    # The mean of both has no closed form: a sum over a fine grid.
    grid = np.linspace(-20, 20, 40001)
    density, shifted = np.exp(-(grid**2) / 8), np.exp(-((grid - 3) ** 2) / 8)
    assert lower[0] == pytest.approx((density / density.sum() * np.log2(2 / (1 + shifted / density))).sum(), abs=0.02)


def test_rounding_is_exactly_nothing():
    own = law([0.3, 0.7])
    lower, upper, _ = divergence(Choices(log_p=own), Choices(log_p=(own + np.array([1e-7, -1e-7]))[:, None]))
    assert (lower[0], upper[0]) == (0.0, 0.0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(2, 5))
def test_the_bounds_are_in_order_and_the_lower_one_is_limited(seed, n_draws, n_actions):
    rng = np.random.default_rng(seed)
    own = Choices(log_p=np.log(rng.dirichlet(np.ones(n_actions), 4)))
    others = Choices(log_p=np.log(rng.dirichlet(np.ones(n_actions), (4, n_draws))))
    lower, upper, _ = divergence(own, others)
    assert (lower >= 0).all()
    assert (lower <= np.log2(n_draws + 1) + 1e-12).all()
    assert (lower <= upper + 1e-12).all()


def test_illegal_choices_have_no_part_in_a_law():
    answers = Answers(output=np.array([[0.0, 5.0, 0.0]]), log_spread=None, states=())
    masks = np.array([[1.0, 0.0, 1.0]])
    assert np.exp(choices(answers, masks, OutputKind.LOGITS, epsilon=0).log_p).tolist() == [[0.5, 0.0, 0.5]]
    values = choices(answers, np.ones((1, 3)), OutputKind.VALUES, epsilon=0.3)
    assert np.exp(values.log_p)[0] == pytest.approx([0.1, 0.8, 0.1])


def test_rounding_grows_with_the_numbers_that_are_rounded():
    own = law([1.0 - 1e-90, 1e-90])
    shaken = own * (1 + 1e-6)
    lower, _, _ = divergence(Choices(log_p=own), Choices(log_p=shaken[:, None]))
    assert lower[0] == 0.0
