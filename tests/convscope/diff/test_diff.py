"""A study does not differ from itself, halves of one study seldom do, what was changed or not compared is named."""

import json

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from convscope.compare.projection import foreign_share, strength
from convscope.compare.scores import score
from convscope.diff.analysis import Analysed, analysis_of, read_analysis
from convscope.diff.changes import diff_analyses
from convscope.diff.page import diff_page
from convscope.diff.shown import diff_document, diff_lines, diff_schema
from convscope.errors import AnalysisError, UsageError
from convscope.report.document import analysis_bytes
from convscope.report.document.json_value import json_bytes
from convscope.routing.halves import split_in_halves
from convscope.routing.preference import role_preference
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import CIRCULANT, Team, diluted, relabelled, simulate_runs
from convscope.values.html import element
from convscope.values.prior import RolePrior
from tests.convscope.report.evidence import BARE, Study, make_evidence

ROLES = ("scout", "carrier", "guard")


def analysed(preference, name="study", runs=None, roles=ROLES, **parts):
    runs = tuple(runs or (f"run_{number}" for number in range(len(preference))))
    given = {
        "cells": {
            (a, b): dict(zip(runs, preference[:, i, j].tolist(), strict=True))
            for i, a in enumerate(roles)
            for j, b in enumerate(roles)
        },
        "components": {},
        "why": {},
        "has_gap": True,
        "profiles": {"fast": {"speed": 1.0}, "slow": {"speed": -1.0}},
        "figures": {"verdict": "aligned"},
        "settings": {"source of routing": "attention"},
    }
    return Analysed(name=name, n_runs=len(runs), roles=roles, **{**given, **parts})


def drawn(preference, n_runs, rng, members=(2, 2, 2)):
    team = Team(preference=preference, members=members, dyad_noise=0.3, step_noise=0.3)
    return role_preference(tallies_of(simulate_runs(team, n_runs, rng)), ROLES).per_run


def scored(runs, names, rng):
    """Return what an analysis of these runs holds: cells, alignment, dilution and foreign structure."""
    tallies = tallies_of(runs)
    preference = role_preference(tallies, ROLES)
    prior = RolePrior(roles=ROLES, role_of={}, preference=np.array(CIRCULANT))
    found = score(prior, preference, split_in_halves(tallies, rng=rng, n_splits=5))
    foreign = foreign_share(found.learned, found.target, floor=found.run_floor)
    parts = {"alignment": found.gap, "dilution": 1 - strength(found.learned, found.target), "foreign": foreign}
    components = {what: dict(zip(names, values.tolist(), strict=True)) for what, values in parts.items()}
    return analysed(preference.per_run, runs=names, components=components)


def changed(diff):
    return [change.what for change in diff.changes if change.is_shown]


def test_a_study_does_not_differ_from_itself_and_says_so():
    study = analysed(drawn(CIRCULANT, 5, np.random.default_rng(0)))
    found = diff_analyses(study, study)
    assert found.is_empty
    assert list(diff_lines(found))[1:] == ["Nothing differs."]


def test_halves_of_one_study_show_a_change_in_at_most_five_percent():
    rng = np.random.default_rng(0)
    team = Team(preference=CIRCULANT, members=(2, 2, 2), dyad_noise=0.3, step_noise=0.3)
    n_draws, n_shown = 200, 0
    for _ in range(n_draws):
        runs = simulate_runs(team, 6, rng)
        halves = (scored(runs[:3], "abc", rng), scored(runs[3:], "def", rng))
        found = diff_analyses(*halves)
        assert len(found.changes) == 12
        n_shown += bool(changed(found))
    assert n_shown / n_draws <= 0.05


def test_two_swapped_roles_are_a_change_of_their_cells_and_of_the_components():
    rng = np.random.default_rng(1)
    teams = [
        Team(preference=preference, members=(2, 2, 2), dyad_noise=0.3, step_noise=0.3)
        for preference in (CIRCULANT, relabelled(CIRCULANT, (1, 0, 2)))
    ]
    found = changed(diff_analyses(*(scored(simulate_runs(team, 5, rng), "abcde", rng) for team in teams)))
    assert {"scout draws on guard", "alignment", "dilution", "foreign"} <= set(found)


def test_runs_of_the_same_names_are_paired_whatever_their_order():
    rng = np.random.default_rng(2)
    runs = drawn(CIRCULANT, 5, rng)
    even = np.array(diluted(CIRCULANT, 1.0))
    later = 0.9 * runs + 0.1 * even
    names = ["a", "b", "c", "d", "e"]
    order = [3, 1, 4, 0, 2]
    paired = diff_analyses(analysed(runs, runs=names), analysed(later[order], runs=[names[n] for n in order]))
    apart = diff_analyses(analysed(runs, runs=names), analysed(later, runs="vwxyz"))
    assert "paired by name" in next(diff_lines(paired))
    assert "not paired" in next(diff_lines(apart))
    widths = [np.diff(change.interval)[0] for change in (paired.changes[2], apart.changes[2])]
    assert widths[0] < widths[1]
    # The difference of a pair: one tenth of what the run is off even.
    assert paired.changes[2].second - paired.changes[2].first == pytest.approx(-0.1 * (runs[:, 0, 2] - 1 / 3).mean())


def test_a_paired_interval_of_a_component_is_that_of_the_differences():
    runs = np.full((3, 1, 1), np.nan)
    sides = [
        analysed(
            runs, runs="abc", roles=("scout",), cells={}, components={"dilution": dict(zip("abc", values, strict=True))}
        )
        for values in ((0.1, 0.2, 0.3), (0.2, 0.3, 0.5))
    ]
    (change,) = diff_analyses(*sides).changes
    # Differences .1 .1 .2: mean .1333, error .0333; Student-t with two degrees of freedom: 4.3027.
    assert change.interval == pytest.approx((0.13333 - 0.14342, 0.13333 + 0.14342), abs=1e-4)


def test_two_runs_a_side_claim_nothing():
    rng = np.random.default_rng(3)
    found = diff_analyses(analysed(drawn(CIRCULANT, 2, rng)), analysed(drawn(diluted(CIRCULANT, 1.0), 2, rng)))
    assert changed(found) == []
    assert "Too few runs" in "\n".join(diff_lines(found))


def test_roles_of_other_names_are_not_compared_and_that_is_said():
    runs = drawn(CIRCULANT, 3, np.random.default_rng(4))
    found = list(diff_lines(diff_analyses(analysed(runs), analysed(runs, roles=("a", "b", "c")))))
    assert "Nothing differs." not in found
    assert "Nothing could be compared over runs." in found
    why = "no role has the same name in both (scout, carrier, guard in the first, a, b, c in the second)"
    assert f"Not compared: routing between declared roles: {why}" in found


def test_a_study_without_routing_or_prior_has_its_runs_and_its_reasons():
    runs = drawn(CIRCULANT, 5, np.random.default_rng(4))
    bare = analysed(runs, roles=(), cells={}, has_gap=False, figures={"verdict": None})
    found = diff_analyses(bare, analysed(runs))
    lines = list(diff_lines(found))
    assert lines[0] == "study -> study: 5 runs and 5 runs"
    assert "Not compared: routing between declared roles: there is none in the first" in lines
    assert "Not compared: gap to the prior: none is declared in the first" in lines
    both = list(diff_lines(diff_analyses(bare, bare)))
    assert "Nothing differs." not in both
    assert "Nothing could be compared over runs." in both


def test_what_is_compared_in_part_says_what_is_left_out():
    runs = drawn(CIRCULANT, 3, np.random.default_rng(4))
    whole = analysed(runs)
    part = analysed(runs, cells={cell: values for cell, values in whole.cells.items() if cell[0] != cell[1]})
    lines = list(diff_lines(diff_analyses(whole, part)))
    assert "Not compared: 3 cells of the role preference: shown by every run of the first only" in lines
    assert "Nothing differs in what could be compared." in lines
    # What neither can show is no difference between the two.
    assert list(diff_lines(diff_analyses(part, part)))[1:] == ["Nothing differs."]


def test_other_sources_and_options_are_told_before_any_figure():
    runs = drawn(CIRCULANT, 3, np.random.default_rng(4))
    settings = {"source of routing": "transfer-entropy", "declared routing": "x" * 100, "option margin": "0.5"}
    first = analysed(runs, settings={**settings, "declared routing": "y" * 100, "source of routing": "attention"})
    lines = list(diff_lines(diff_analyses(first, analysed(runs, settings=settings))))
    assert lines[1:3] == [
        "Mind: source of routing: attention -> transfer-entropy",
        "Mind: declared routing is not the same",
    ]


def test_shares_over_other_roles_are_told():
    runs = drawn(CIRCULANT, 3, np.random.default_rng(4))
    lines = list(diff_lines(diff_analyses(analysed(runs), analysed(runs, roles=("scout", "carrier", "other")))))
    assert any(line.startswith("Mind: declared roles are not the same") for line in lines)
    assert "Not compared: routing of guard: declared in the first only" in lines


def test_found_roles_are_matched_by_what_they_do_not_by_their_names():
    still, busy = {"speed": -2.0, "turns": -1.0}, {"speed": 2.0, "turns": 1.5}
    runs = drawn(CIRCULANT, 3, np.random.default_rng(4))
    first = analysed(runs, profiles={"A": still, "B": busy})
    second = analysed(runs, profiles={"X": busy, "Y": still, "Z": {"messages": 3.0}})
    found = diff_analyses(first, second)
    assert found.roles.pairs == (("A", "Y"), ("B", "X"))
    assert found.roles.only_second == ("Z",)


def test_single_roles_that_nothing_sets_apart_are_alike():
    runs = drawn(CIRCULANT, 3, np.random.default_rng(6))
    one = analysed(runs, profiles={"no evidence for more than one role": {}})
    assert diff_analyses(one, one).is_empty
    several = analysed(runs, profiles={"fast": {"speed": 1.0}, "slow": {"speed": -1.0}})
    assert diff_analyses(one, several).roles.only_first == ("no evidence for more than one role",)


def many_differences():
    rng = np.random.default_rng(5)
    evil = "<script>alert(1)</script>"
    first = analysed(drawn(CIRCULANT, 5, rng), evil, profiles={"A": {"speed": 1.0}, evil: {"turns": 1.0}})
    second = analysed(
        drawn(diluted(CIRCULANT, 1.0), 5, rng),
        profiles={"B": {"speed": 1.0}, "C": {"messages": 1.0}},
        why={"foreign": "routing is about even"},
        figures={"verdict": evil, "roles among episodes": 3},
        settings={"source of routing": "messages"},
    )
    return diff_analyses(first, second)


def test_the_page_has_every_line_of_the_terminal_and_every_figure():
    page = diff_page(many_differences())
    for line in diff_lines(many_differences()):
        assert element("p", line)[3:-4] in page
    assert page.count(" draws on ") >= 9


def test_no_figure_of_a_large_table_is_left_out_of_the_page():
    roles = tuple("abcdefghi")
    study = analysed(np.full((3, 9, 9), 0.1), roles=roles)
    page = diff_page(diff_analyses(study, study))
    assert all(f"{receiver} draws on {sender}" in page for receiver in roles for sender in roles)


def test_the_page_holds_no_live_text_of_the_analyses():
    assert "<script" not in diff_page(many_differences())


@pytest.mark.parametrize("make", [many_differences, lambda: diff_analyses(*two_reports())])
def test_the_document_follows_its_schema(make):
    Draft202012Validator.check_schema(diff_schema())
    Draft202012Validator(diff_schema()).validate(json.loads(json_bytes(diff_document(make()))))


def two_reports():
    return [analysis_of(analysis_bytes(make_evidence(study)), "x") for study in (Study(), BARE)]


def test_reports_are_read_with_their_runs_cells_components_and_settings():
    document = json.loads(analysis_bytes(make_evidence()))
    parts = document["gap"]["components"]
    parts["alignment"]["runs"] = {"seed_0": 0.25, "seed_1": None}
    parts["behaviour"]["parts_by_run"] = {"scout: speed high, effect": {"seed_0": 1.5}}
    full, bare = analysis_of(json.dumps(document).encode(), "x"), two_reports()[1]
    assert full.n_runs == 3
    assert full.roles == ("scout", "collector", "guard")
    assert full.components["alignment"] == {"seed_0": 0.25}
    assert full.components["scout: speed high, effect"] == {"seed_0": 1.5}
    assert len(full.cells) == 8
    assert full.settings["option alpha"] == "0.05"
    assert bare.cells == {}
    assert "Nothing could be compared over runs." in diff_lines(diff_analyses(full, bare))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"schema_version": "1.0"}', b"\xff", b"[" * 100_000])
def test_what_is_no_analysis_is_told(content):
    with pytest.raises(AnalysisError, match="holds no analysis"):
        analysis_of(content, "x")


def test_an_analysis_of_another_form_is_refused_with_what_to_do():
    document = json.loads(analysis_bytes(make_evidence()))
    document["schema_version"] = "2.0"
    with pytest.raises(AnalysisError, match=r"form '2\.0', and this convscope reads '1\.0': analyse its logs again"):
        analysis_of(json.dumps(document).encode(), "x")


def test_a_folder_without_an_analysis_is_told(tmp_path):
    with pytest.raises(UsageError):
        read_analysis(tmp_path)


@pytest.mark.parametrize("effect", ["1e999", "-Infinity", "NaN"])
def test_an_effect_that_is_no_number_is_told_with_the_file(effect):
    document = json.loads(analysis_bytes(make_evidence()))
    document["roles"]["profiles"] = [{"label": "fast", "features": [{"name": "speed", "effect": "EFFECT"}]}]
    content = json.dumps(document).replace('"EFFECT"', effect).encode()
    with pytest.raises(AnalysisError, match=r"mine\.json holds no analysis"):
        analysis_of(content, "mine.json")
