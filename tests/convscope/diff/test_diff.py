"""A study does not differ from itself, halves of one study seldom do, and what was changed is named."""

import json

import numpy as np
import pytest

from convscope.diff.analysis import Analysed, analysis_of, read_analysis
from convscope.diff.changes import diff_analyses
from convscope.diff.shown import diff_document, diff_lines, diff_page
from convscope.errors import AnalysisError, UsageError
from convscope.routing.preference import role_preference
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import CIRCULANT, Team, diluted, relabelled, simulate_runs

ROLES = ("scout", "carrier", "guard")


def analysed(preference, name="study", profiles=None, runs=None):
    return Analysed(
        name=name,
        runs=tuple(runs or (f"run_{number}" for number in range(len(preference)))),
        roles=ROLES,
        preference=preference,
        declared=np.array(CIRCULANT),
        profiles=profiles or {},
        figures={"verdict": "aligned"},
    )


def drawn(preference, n_runs, rng, members=(2, 2, 2)):
    team = Team(preference=preference, members=members, dyad_noise=0.3, step_noise=0.3)
    return role_preference(tallies_of(simulate_runs(team, n_runs, rng)), ROLES).per_run


def changed(diff):
    return [change.what for change in diff.changes if change.is_shown]


def test_a_study_does_not_differ_from_itself_and_says_so():
    study = analysed(drawn(CIRCULANT, 5, np.random.default_rng(0)))
    found = diff_analyses(study, study)
    assert found.is_empty
    assert list(diff_lines(found))[1:] == ["Nothing differs."]


def test_halves_of_one_study_show_a_change_in_at_most_five_percent():
    rng = np.random.default_rng(0)
    n_draws, n_shown = 200, 0
    for _ in range(n_draws):
        runs = drawn(CIRCULANT, 6, rng)
        halves = (analysed(runs[:3], runs="abc"), analysed(runs[3:], runs="def"))
        n_shown += bool(changed(diff_analyses(*halves)))
    assert n_shown / n_draws <= 0.05


def test_two_swapped_roles_are_a_change_of_their_cells_and_of_the_distance():
    rng = np.random.default_rng(1)
    first, second = drawn(CIRCULANT, 5, rng), drawn(relabelled(CIRCULANT, (1, 0, 2)), 5, rng)
    found = changed(diff_analyses(analysed(first), analysed(second)))
    assert "scout draws on guard" in found
    assert any(what.startswith("distance") for what in found)


def test_runs_of_the_same_names_are_paired_whatever_their_order():
    rng = np.random.default_rng(2)
    runs = drawn(CIRCULANT, 5, rng)
    even = np.array(diluted(CIRCULANT, 1.0))
    later = 0.9 * runs + 0.1 * even
    names = ["a", "b", "c", "d", "e"]
    order = [3, 1, 4, 0, 2]
    paired = diff_analyses(analysed(runs, runs=names), analysed(later[order], runs=[names[n] for n in order]))
    apart = diff_analyses(analysed(runs, runs=names), analysed(later, runs="vwxyz"))
    assert paired.is_paired
    assert not apart.is_paired
    widths = [np.diff(change.interval)[0] for change in (paired.changes[2], apart.changes[2])]
    assert widths[0] < widths[1]
    # The difference of a pair: one tenth of what the run is off even.
    assert paired.changes[2].second - paired.changes[2].first == pytest.approx(-0.1 * (runs[:, 0, 2] - 1 / 3).mean())


def test_two_runs_a_side_claim_nothing():
    rng = np.random.default_rng(3)
    found = diff_analyses(analysed(drawn(CIRCULANT, 2, rng)), analysed(drawn(diluted(CIRCULANT, 1.0), 2, rng)))
    assert changed(found) == []
    assert "Too few runs" in "\n".join(diff_lines(found))


def test_found_roles_are_matched_by_what_they_do_not_by_their_names():
    still, busy = {"speed": -2.0, "turns": -1.0}, {"speed": 2.0, "turns": 1.5}
    runs = drawn(CIRCULANT, 3, np.random.default_rng(4))
    first = analysed(runs, profiles={"A": still, "B": busy})
    second = analysed(runs, profiles={"X": busy, "Y": still, "Z": {"messages": 3.0}})
    found = diff_analyses(first, second)
    assert found.matched == (("A", "Y"), ("B", "X"))
    assert found.only_second == ("Z",)


def test_the_page_holds_no_live_text_of_the_analyses():
    runs = drawn(CIRCULANT, 3, np.random.default_rng(5))
    evil = "<script>alert(1)</script>"
    found = diff_analyses(analysed(runs, evil), analysed(runs, profiles={evil: {"speed": 1.0}}))
    assert "<script" not in diff_page(found)
    json.dumps(diff_document(found), allow_nan=False)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"routing": null}', b"\xff", b"[" * 100_000])
def test_what_is_no_analysis_is_told(content):
    with pytest.raises(AnalysisError, match="holds no analysis"):
        analysis_of(content, "x")


def test_a_folder_without_an_analysis_is_told(tmp_path):
    with pytest.raises(UsageError):
        read_analysis(tmp_path)


def test_single_roles_that_nothing_sets_apart_are_alike():
    runs = drawn(CIRCULANT, 3, np.random.default_rng(6))
    one = analysed(runs, profiles={"no evidence for more than one role": {}})
    assert diff_analyses(one, one).is_empty
    several = analysed(runs, profiles={"fast": {"speed": 1.0}, "slow": {"speed": -1.0}})
    assert diff_analyses(one, several).only_first == ("no evidence for more than one role",)
