"""Nats and scores of a pair, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.behaviour.tasks import Choices
from convscope.randomness import generator
from convscope.roles.policy.decisions import Seen
from convscope.roles.policy.models import Predicted
from convscope.roles.policy.scores import information, overlap, pair_scores, situations
from convscope.values.header import ActionKind, ActionSpace

SPACE = ActionSpace(kind=ActionKind.DISCRETE, n=(2,))
PAIR = np.array([0, 1])


def made(member, unit, action, laws, probability):
    """Laws: probability of action 1 by each member, the same in every row."""
    n = len(member)
    seen = Seen(
        members=("a", "b"),
        member=np.array(member),
        unit=np.array(unit),
        episode=np.arange(max(unit) + 1),
        columns=np.zeros((n, 1)),
        actions=np.array(action, dtype=float)[:, np.newaxis],
        space=SPACE,
        n_naming=0,
    )
    task = Choices(n_choices=2)
    expected = np.array([[[1 - law, law]] * n for law in laws])
    part = Predicted(
        task=task,
        outcomes=task.outcomes(seen.actions),
        expected=expected,
        foreseen=expected,
        spread=np.ones(2),
    )
    return seen, part, np.array([[probability] * n, [1 - probability] * n])


def test_nats_of_two_known_laws():
    # Each does what it likes with .8: ln(.8 / .5) in each row.
    seen, part, probability = made([0, 1], [0, 1], [1, 0], (0.8, 0.2), 0.5)
    told = information(seen, [part], probability, members=PAIR)
    assert told.gain.tolist() == pytest.approx([np.log(1.6)] * 2)
    assert told.nats() == pytest.approx(0.47000363)
    assert told.interval(np.array([[1.0, 1.0], [2.0, 0.0]])) == pytest.approx((np.log(1.6), np.log(1.6)))


def test_who_is_seen_to_be_alone_tells_nothing():
    seen, part, probability = made([0, 0], [0, 1], [1, 1], (0.8, 0.2), 1.0)
    assert information(seen, [part], probability, members=PAIR).nats() == pytest.approx(0)
    assert overlap(seen, probability, PAIR) == 0


def test_overlap_by_hand():
    # 4 * .8 * .2
    assert overlap(*np.array(made([0, 1], [0, 0], [0, 0], (0.5, 0.5), 0.8), dtype=object)[[0, 2]], PAIR) == (
        pytest.approx(0.64)
    )


def test_scores_by_hand():
    # The first was expected with .5, and so was its action: .25 along (-.6, .6) gives .3; the second alike.
    seen, part, probability = made([0, 1], [0, 1], [1, 0], (0.8, 0.2), 0.5)
    assert pair_scores(seen, [part], probability, pair=PAIR).tolist() == pytest.approx([0.3, 0.3])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=12), st.floats(0.05, 0.95))
def test_exchanging_the_labels_turns_scores_around_where_nothing_tells_who_it_is(rows, law):
    member, action = [int(who) for who, _ in rows], [int(what) for _, what in rows]
    unit = list(range(len(rows)))
    first = made(member, unit, action, (law, 0.5), 0.5)
    second = made([1 - who for who in member], unit, action, (law, 0.5), 0.5)
    found = [pair_scores(seen, [part], probability, pair=PAIR) for seen, part, probability in (first, second)]
    np.testing.assert_allclose(found[0], -found[1], atol=1e-12)


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12),
    st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
    st.floats(0.01, 0.99),
)
def test_a_row_never_tells_more_than_who_was_less_expected(rows, laws, probability):
    member, action = [int(who) for who, _ in rows], [int(what) for _, what in rows]
    seen, part, shares = made(member, list(range(len(rows))), action, laws, probability)
    gain = information(seen, [part], shares, members=PAIR).gain
    bound = -np.log(np.where(np.array(member) == 0, probability, 1 - probability))
    assert (gain <= bound + 1e-9).all()


def test_situations_have_a_constant_and_kinds_of_one_weight():
    seen = made([0] * 500, [0] * 500, [0] * 500, (0.5, 0.5), 0.5)[0]
    columns = generator(0).normal(size=(500, 40))
    basis = situations(Seen(**{**{n: getattr(seen, n) for n in Seen.__slots__}, "columns": columns}))
    assert (basis[:, 0] == 1).all()
    assert basis.shape == (500, 1 + 16 * 3)
    assert (basis[:, 1:17] ** 2).sum(axis=1).mean() == pytest.approx(1, abs=0.1)
