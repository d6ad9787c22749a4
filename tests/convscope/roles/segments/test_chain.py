from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.roles.segments.chain import Chain, best_paths, dwell_times, follow, stationary, switching_rate
from convscope.roles.segments.fit import fit_chain
from convscope.simulate.switching import chained

KNOWN = np.array([[0.95, 0.03, 0.02], [0.05, 0.9, 0.05], [0.1, 0.1, 0.8]])


def evidence_of(role, error, rng):
    """Log-likelihood of labels that are wrong in a share of the steps, one sequence an episode and agent."""
    label = np.where(rng.random(role.shape) < error, rng.integers(3, size=role.shape), role)
    label = label.transpose(0, 2, 1).reshape(-1, role.shape[1])
    chance = error / 3 + (1 - error) * (label[..., np.newaxis] == np.arange(3))
    return np.log(chance)


def test_a_known_chain_has_its_known_figures():
    assert stationary(KNOWN) == pytest.approx([0.566, 0.302, 0.132], abs=5e-4)
    assert switching_rate(KNOWN) == pytest.approx(0.0849, abs=5e-5)
    assert dwell_times(KNOWN) == pytest.approx([20, 10, 5])


@pytest.mark.parametrize("error", [0.001, 0.05])
def test_the_chain_comes_back_whatever_single_steps_are_mislabelled(error):
    rng = np.random.default_rng(0)
    evidence = evidence_of(chained(KNOWN, (100, 100, 4), rng), error, rng)
    lengths = np.full(len(evidence), 100)
    begin = np.full((3, 3), 0.05) + 0.85 * np.eye(3)
    transition = fit_chain(evidence, lengths, Chain(start=np.full((len(evidence), 3), 1 / 3), transition=begin))
    assert switching_rate(transition) == pytest.approx(0.0849, abs=0.005)
    assert dwell_times(transition) == pytest.approx([20, 10, 5], rel=0.1)


def test_a_path_is_followed_by_hand():
    evidence = np.log(np.array([[[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]]]))
    chain = Chain(start=np.array([[0.5, 0.5]]), transition=np.array([[0.8, 0.2], [0.2, 0.8]]))
    paths = best_paths(evidence, np.array([4]), chain)
    assert paths.state.tolist() == [[0, 0, 1, 1]]
    assert paths.gain == pytest.approx([np.log(0.9**4 * 0.2) - np.log(0.9**2 * 0.1**2 * 0.8)])
    total = sum(
        0.5 * np.prod([chain.transition[a, b] for a, b in pairwise(path)])
        * np.exp(sum(evidence[0, t, s] for t, s in enumerate(path)))
        for path in np.ndindex(2, 2, 2, 2)
    )  # fmt: skip
    assert follow(evidence, np.array([4]), chain).log_likelihood == pytest.approx([np.log(total)])


@given(st.integers(0, 1000), st.integers(1, 8))
def test_what_lies_beyond_a_sequence_changes_nothing(seed, length):
    rng = np.random.default_rng(seed)
    evidence = rng.normal(size=(2, 8, 3))
    other = evidence.copy()
    other[:, length:] = rng.normal(size=other[:, length:].shape)
    chain, lengths = Chain(start=np.full((2, 3), 1 / 3), transition=KNOWN), np.full(2, length)
    first, second = (follow(each, lengths, chain) for each in (evidence, other))
    assert first.log_likelihood == pytest.approx(second.log_likelihood)
    assert first.state[:, :length].sum(axis=2) == pytest.approx(1.0)
    assert first.transitions.sum(axis=(1, 2)) == pytest.approx(length - 1)
    assert best_paths(evidence, lengths, chain).gain == pytest.approx(best_paths(other, lengths, chain).gain)


def test_nothing_known_means_no_change():
    chain = Chain(start=np.full((1, 3), 1 / 3), transition=KNOWN)
    assert best_paths(np.zeros((1, 20, 3)), np.array([20]), chain).gain.tolist() == [0.0]
