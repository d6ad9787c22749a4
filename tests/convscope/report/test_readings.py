"""Both readings of pairs, and what decides who plays which role, as the report tells them."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from convscope.report.conduct import change_sentence, conduct_lines, policy_sentence, refused_sentence
from convscope.report.deciders import deciders_of, situational_words
from convscope.report.document import analysis_bytes, analysis_schema
from convscope.report.page import render_page
from convscope.report.readings import pair_readings, reading_sentences
from convscope.report.summary import summary_lines
from convscope.values.explained import Alike, Explained, Part
from convscope.values.policy_reading import ChangePoint, PolicyReading, PolicyRun
from convscope.values.roles import AgentClasses
from tests.convscope.report.evidence import Study, make_evidence

AGENTS = ("a", "b", "c")


_PLACED = "they differ in what they do; that they decide differently on what they see could not be shown"


def symmetric(ab, ac, bc, diagonal):
    return np.array([[diagonal, ab, ac], [ab, diagonal, bc], [ac, bc, diagonal]], dtype=float)


def part(share):
    return Part(share=share, interval=(max(share - 0.1, 0.0), share + 0.1))


def read_evidence():
    run = PolicyRun(
        run="seed_0",
        checkpoint="200",
        members=AGENTS,
        nats=symmetric(-0.01, 0.2, np.nan, np.nan),
        nats_low=symmetric(-0.03, 0.1, np.nan, np.nan),
        nats_high=symmetric(0.012, 0.3, np.nan, np.nan),
        p_value=symmetric(0.6, 0.001, 1, 1),
        overlap=symmetric(0.7, 0.9, 0.01, np.nan),
        class_of=(0, 0, 1),
        attainable_p=0.001,
        all_nats=0.1,
        all_interval=(0.05, 0.15),
        n_episodes=30,
        n_decisions=900,
    )
    classes = AgentClasses(
        run="seed_0",
        checkpoint="200",
        members=("c", "b", "a"),
        distance=symmetric(1, 1, 1, 0),
        p_value=symmetric(0.001, 0.4, 0.002, 1),
        class_of=(0, 1, 2),
        attainable_p=0.001,
    )
    change = ChangePoint(run="seed_0", checkpoint="200", episode=17, p_value=0.01)
    explained = Explained(
        declared=part(0.1),
        declared_by_chance=0.02,
        declared_p_value=0.01,
        agent=part(0.6),
        situation=None,
        unexplained=part(0.3),
        entropy=0.6,
        n_units=90,
    )
    evidence = make_evidence(Study())
    return replace(
        evidence,
        roles=replace(evidence.roles, classes=(classes,)),
        policy=PolicyReading(runs=(run,), k_agents=2, change_points=(change,)),
        explained=explained,
    )


def test_pairs_are_matched_by_name_and_say_what_both_readings_mean():
    first, second, third = pair_readings(read_evidence())
    assert (first.first, first.second, first.situational_p) == ("a", "c", 0.4)
    assert first.verdict.startswith("what they do adds up to the same")
    assert (second.situational_p, second.policy_p) == (0.002, 0.6)
    assert second.verdict == _PLACED
    assert third.nats is None
    assert third.verdict.startswith("hardly ever in the same situation")


def test_the_sentence_takes_no_missing_difference_for_equal_policies():
    sentences = reading_sentences(pair_readings(read_evidence()))
    assert sentences[0] == f"a and b: {_PLACED}."


def test_the_document_and_the_page_show_both():
    evidence = read_evidence()
    document = json.loads(analysis_bytes(evidence))
    jsonschema.Draft202012Validator(analysis_schema()).validate(document)
    assert document["roles"]["policy"]["runs"][0]["nats"][0] == [None, -0.01, 0.2]
    assert document["roles"]["explained"]["agent"] == pytest.approx(0.6)
    assert document["roles"]["explained"]["situation"] is None
    assert document["drift"]["change_points"] == [
        {"run": "seed_0", "checkpoint": "200", "episode": 17, "p_value": 0.01, "confidence": 0.99}
    ]
    page = render_page(evidence)
    assert "Who decides who does what" in page
    assert _PLACED in page
    assert "<strong>episode 17</strong>" in page


def test_the_bar_adds_up_and_leaves_out_what_does_not_apply():
    shown = deciders_of(read_evidence().explained, 0.05)
    assert [piece.percent for piece in shown.slices] == ["10.0", "60.0", "30.0"]
    assert "which agent it is" in shown.sentence


def test_nothing_lies_beyond_what_was_declared_where_nothing_was():
    alone = replace(read_evidence().explained, declared=None, declared_by_chance=None, declared_p_value=None)
    assert "beyond" not in deciders_of(replace(alone, agent=part(0.9)), 0.05).sentence
    assert "which agent it is (90 %" in deciders_of(replace(alone, agent=part(0.9)), 0.05).sentence


def test_a_declared_role_that_explains_what_any_labels_would_does_not_lead():
    arbitrary = replace(
        read_evidence().explained, declared=part(0.55), agent=part(0.2), declared_by_chance=0.5, declared_p_value=0.4
    )
    sentence = deciders_of(arbitrary, 0.05).sentence
    assert sentence.startswith("Which agent it is explains 75 %.")
    assert "no more of that than chance would: labels dealt anew explain 50 % (p 0.40)" in sentence


def refused_evidence():
    evidence = read_evidence()
    blank = symmetric(np.nan, np.nan, np.nan, np.nan)
    run = replace(
        evidence.policy.runs[0],
        nats=blank,
        nats_low=blank,
        nats_high=blank,
        p_value=symmetric(1, 1, 1, 1),
        overlap=symmetric(0.01, 0.02, 0.004, np.nan),
        class_of=(0, 0, 0),
        all_nats=None,
        all_interval=None,
    )
    return replace(evidence, policy=PolicyReading(runs=(run,), k_agents=None, change_points=()))


def test_the_terminal_says_both_readings_and_when_policies_changed():
    assert conduct_lines(read_evidence()) == (
        "Policy: at least 2 kinds among 3 decide differently, given what they see (2 of 3 pairs comparable)",
        "Changes: agents act otherwise on what they see from episode 17 of seed_0 (p 0.010) on",
    )
    assert conduct_lines(replace(read_evidence(), policy=PolicyReading())) == ()


def test_nothing_found_is_not_said_to_be_equal():
    reading = read_evidence().policy
    alike = replace(reading, k_agents=1)
    assert policy_sentence(alike).startswith("no two could be told apart by what they decide")
    assert change_sentence(()) == "none found within a run of what agents do given what they see"
    assert change_sentence(None) is None


def test_pairs_that_never_meet_are_explained_in_a_plain_sentence():
    evidence = refused_evidence()
    sentence = refused_sentence(evidence.policy, 0.1)
    assert "at most 2 % are common to two of them, and it takes 10 %" in sentence
    page = render_page(evidence)
    assert "neither is ruled out" in page
    assert "no two members could be told apart" not in page
    assert refused_sentence(read_evidence().policy, 0.1) is None
    assert conduct_lines(evidence)[0].startswith("Policy: no two agents meet the same situations often enough")


def test_the_cards_show_kinds_by_policy_and_changes():
    page = render_page(read_evidence())
    assert "kinds by policy" in page
    assert "change of policy within a run" in page
    assert "from episode 17 of seed_0 on (p 0.010)" in page


def test_the_page_says_on_which_side_of_a_change_pairs_are_read():
    evidence = read_evidence()
    reading = evidence.policy
    page = render_page(replace(evidence, policy=replace(reading, runs=(replace(reading.runs[0], stretch=(17, 199)),))))
    assert "In seed_0 policies change, so its pairs are read in episodes 17 to 199 alone" in page


def test_roles_that_follow_the_situation_are_not_passed_off_as_agents_roles():
    explained = read_evidence().explained
    situational = replace(
        explained, declared=part(0.0), agent=part(0.05), situation=Part(share=0.9, interval=(0.8, 0.95))
    )
    words = situational_words(situational, 0.05)
    assert words == "they follow the situation: how an episode starts explains 90 % of them, which agent it is 5 %"
    evidence = replace(read_evidence(), explained=situational)
    assert "Roles: 3 among episodes, 3 among agents; they follow the situation" in " ".join(summary_lines(evidence))
    assert "They follow the situation" in render_page(evidence)
    unsure = replace(situational, situation=Part(share=0.6, interval=(0.4, 0.8)))
    assert situational_words(unsure, 0.05) is None
    assert situational_words(explained, 0.05) is None


def test_roles_that_all_agents_share_tell_episodes_apart():
    alike = Alike(share=0.97, by_chance=0.05, p_value=0.005, n_episodes=60)
    explained = replace(read_evidence().explained, alike=alike)
    assert "they tell episodes apart, not agents" in situational_words(explained, 0.05)
    shown = deciders_of(explained, 0.05).alike
    assert shown.startswith("In 97 % of 60 episodes all agents play the same role (by chance in 5 %; p 0.005)")
    assert deciders_of(replace(explained, alike=replace(alike, p_value=0.4)), 0.05).alike is None
