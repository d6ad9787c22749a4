"""What routing depends on, in words that follow the evidence."""

from dataclasses import replace

import pytest

from convscope.report.depends import dependence_sentences, formation_sentence
from convscope.values.dependence import Dependence, PairShift, Shift
from tests.convscope.report.evidence import Study, dependence, make_evidence

FORMATION = dependence(Study()).formation


def changed(**values):
    return replace(FORMATION, cell=replace(FORMATION.cell, **values))


def test_a_change_beyond_chance_is_claimed():
    assert formation_sentence(FORMATION, 0.05) == (
        "Routing changes with the formation: most from scout to collector by 0.10 between tight and wide "
        "(chance 0.030, 95 % of it below 0.060; p = 0.004)."
    )


def test_what_chance_may_give_is_not_claimed():
    assert "no more with the formation than by chance" in formation_sentence(changed(p_value=0.2), 0.05)


def test_an_order_that_never_changes_is_not_claimed():
    told = formation_sentence(changed(p_value=None, null_mean=None, null_high=None), 0.05)
    assert "cannot be told from the time" in told


def test_too_few_episodes_claim_nothing():
    assert "nothing is claimed" in formation_sentence(replace(changed(p_value=0.04), attainable_p=0.1), 0.05)


@pytest.mark.parametrize(("p_value", "words"), [(0.01, "changes with team size"), (0.2, "is not seen to change")])
def test_team_sizes(p_value, words):
    pair = PairShift(
        first="3 agents",
        second="9 agents",
        divergence=0.1,
        floor=0.02,
        p_value=p_value,
        null=None,
        attainable_p=0.01,
        runs=(),
    )
    (told,) = dependence_sentences(Dependence(scaling=Shift(pairs=(pair,))), 0.05)
    assert words in told
    assert "3 agents and 9 agents: 0.080 bit beyond its floor" in told


def test_several_pairs_pay_for_their_number():
    pairs = [
        PairShift(first="a", second=name, divergence=0.1, floor=0.02, p_value=p, null=None, attainable_p=0.01, runs=())
        for name, p in (("b", 0.02), ("c", 0.5), ("d", 0.9))
    ]
    assert Shift(pairs=tuple(pairs)).p_value == pytest.approx(0.06)


def test_the_page_shows_formations_side_by_side():
    from convscope.report.page import render_page  # noqa: PLC0415

    page = render_page(make_evidence())
    assert "What routing depends on" in page
    assert "Formations side by side" in page
    assert "wide − tight" in page  # noqa: RUF001
