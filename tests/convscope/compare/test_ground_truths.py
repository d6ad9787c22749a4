"""The ground truths that concern routing and recovery, to the digits that the formulas of docs/gap.md give."""

import numpy as np
import pytest

from convscope.compare.gap import translation_gap
from convscope.routing.preference import role_preference
from convscope.simulate.study import routing_gap
from convscope.simulate.tallies import tallies_of
from convscope.simulate.teams import CIRCULANT, Team, diluted, relabelled, simulate_runs
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Component, Gap, Verdict
from convscope.values.prior import RolePrior

ROLES = ("scout", "carrier", "guard")
SWAPPED = relabelled(CIRCULANT, (1, 0, 2))


def gap(preference=CIRCULANT, members=(2, 2, 2), n_runs: int = 3, **team) -> Gap:
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=preference, members=members, **team), n_runs, rng)
    return routing_gap(runs, CIRCULANT, rng=rng)


def parts(component: Component) -> dict[str, float]:
    return dict(component.parts)


def recovery(declared: list[list[str]], found: list[int], n_episodes: int) -> Component:
    frame = unit_frame(declared, n_episodes=n_episodes)
    prior = RolePrior(roles=tuple(sorted({role for run in declared for role in run})), role_of={})
    features = feature_table(frame, "speed", [0.0] * len(frame))
    whole = translation_gap(prior, role_assignment(frame, found), None, features=features, config=AnalysisConfig())
    return whole.component("recovery")


@pytest.mark.parametrize("members", [(2, 2, 2), (3, 3, 3), (5, 3, 2)])
def test_1_a_true_prior_has_no_gap(members):
    found = gap(members=members)
    assert found.component("alignment").value == pytest.approx(0, abs=1e-6)
    assert parts(found.component("dilution"))["lambda"] == pytest.approx(1, abs=1e-9)
    assert found.component("foreign").value == pytest.approx(0, abs=1e-9)
    assert np.abs(found.learned - np.array(CIRCULANT)).max() < 1e-6
    assert found.verdict is Verdict.ALIGNED


def test_1_holds_where_one_role_has_a_single_member():
    found = gap(members=(5, 3, 1))
    assert found.component("alignment").value == pytest.approx(0, abs=1e-6)
    assert np.isnan(found.learned).tolist() == [[False] * 3, [False] * 3, [False, False, True]]
    assert found.declared[2, :2] == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_2_dilution_is_one_minus_lambda(share: float):
    found = gap(diluted(CIRCULANT, share))
    assert parts(found.component("dilution"))["lambda"] == pytest.approx(1 - share, abs=1e-9)
    assert found.component("dilution").value == pytest.approx(share, abs=1e-9)
    # The gap is linear in dilution to within .004 (.7462 at three quarters).
    assert found.component("alignment").value == pytest.approx(share, abs=0.004)


def test_2_half_dilution_to_the_digit():
    found = gap(diluted(CIRCULANT, 0.5)).component("alignment")
    assert parts(found)["T of a role-blind team, bit"] == pytest.approx(0.05217, abs=5e-6)
    assert parts(found)["T, bit"] == pytest.approx(0.01292, abs=5e-6)
    assert found.value == pytest.approx(0.4977, abs=5e-5)


def test_3_two_roles_swapped():
    found = gap(SWAPPED)
    alignment = parts(found.component("alignment"))
    assert alignment["T, bit"] == pytest.approx(0.15098, abs=5e-6)
    assert alignment["T, bit"] / alignment["T of a role-blind team, bit"] == pytest.approx(2.894, abs=5e-4)
    assert found.component("alignment").value == pytest.approx(1.7012, abs=5e-5)
    assert parts(found.component("dilution"))["lambda"] == pytest.approx(-0.5, abs=1e-9)
    assert found.component("foreign").value == pytest.approx(0.75, abs=1e-9)
    assert found.verdict is Verdict.STRUCTURED_BUT_DIFFERENT


def test_3_blank_diagonals_change_the_prior_itself():
    found = gap(SWAPPED, members=(1, 1, 1)).component("alignment")
    assert parts(found)["T of a role-blind team, bit"] == pytest.approx(0.04879, abs=5e-6)
    assert parts(found)["T, bit"] == pytest.approx(0.1887, abs=5e-5)
    assert found.value == pytest.approx(1.967, abs=5e-4)


@pytest.mark.parametrize(("n_units", "ari", "ami"), [(2, 0.4444, 0.6154), (3, 0.5, 0.6739), (10, 0.5538, 0.7219)])
def test_4_two_of_three_roles_collapsed(n_units: int, ari: float, ami: float):
    found = recovery([["scout", "carrier", "guard"]], [0, 0, 1] * n_units, n_units)
    assert found.value == pytest.approx(1 - ami, abs=5e-5)
    assert parts(found)["ARI"] == pytest.approx(ari, abs=5e-5)
    homogeneity, completeness = parts(found)["homogeneity"], parts(found)["completeness"]
    assert homogeneity == pytest.approx(0.5794, abs=5e-5)
    assert completeness == pytest.approx(1)
    assert 2 * homogeneity * completeness / (homogeneity + completeness) == pytest.approx(0.7337, abs=5e-5)


def test_5_one_found_role_misses_all():
    found = recovery([["scout", "scout", "carrier", "carrier"]] * 3, [0] * 4 * 5 * 3, 5)
    assert found.value == pytest.approx(1)
    assert found.p_value == 1


@pytest.mark.parametrize("rubbish", [np.nan, 1e300])
def test_6_padding_changes_not_one_bit(rubbish: float):
    rng = np.random.default_rng(3)
    runs = simulate_runs(Team(preference=CIRCULANT, members=(2, 2, 2), dyad_noise=0.3), 3, rng)
    padded = [
        type(run)(
            weights=np.pad(run.weights, [(0, 0), (0, 0), (0, 3), (0, 3)], constant_values=rubbish),
            valid=np.pad(run.valid, [(0, 0), (0, 0), (0, 3), (0, 3)]),
            roles=np.pad(run.roles, [(0, 0), (0, 3)], constant_values=1),
        )
        for run in runs
    ]
    first, second = (routing_gap(each, CIRCULANT, rng=np.random.default_rng(0)) for each in (runs, padded))
    assert first.learned.tobytes() == second.learned.tobytes()
    assert first.components == second.components
    assert (first.verdict, first.reasons) == (second.verdict, second.reasons)


def test_7_a_larger_team_of_the_same_preference_shows_no_shift():
    small, large = (gap(members=(n, n, n)) for n in (1, 3))
    assert np.isnan(np.diag(small.learned)).all()
    wide = np.where(np.eye(3, dtype=bool), np.nan, large.learned)
    wide /= np.nansum(wide, axis=1, keepdims=True)
    assert np.nanmax(np.abs(wide - small.learned)) < 1e-12
    assert np.abs(gap(members=(2, 2, 2)).learned - large.learned).max() < 1e-12


def test_8_redrawn_teams_are_exact():
    found = gap(is_redrawn=True, n_episodes=40)
    assert np.abs(found.learned - np.array(CIRCULANT)).max() < 1e-6
    assert found.verdict is Verdict.ALIGNED


def test_9_early_death_leaves_preference_and_moves_mass():
    alive, dying = (
        role_preference(
            tallies_of(simulate_runs(Team(preference=CIRCULANT, members=(3, 3, 3), dying_role=role), 1, None)), ROLES
        )
        for role in (None, 1)
    )
    assert np.abs(dying.per_run[0] - np.array(CIRCULANT)).max() < 1e-6
    shares = [each.mass[0] / each.mass[0].sum(axis=1, keepdims=True) for each in (alive, dying)]
    assert np.abs(shares[0] - shares[1]).max() > 0.05


def test_12_two_conventions_are_never_aligned():
    rng = np.random.default_rng(0)
    runs = [
        run
        for preference in (CIRCULANT, SWAPPED)
        for run in simulate_runs(Team(preference=preference, members=(2, 2, 2), step_noise=1e-3), 3, rng)
    ]
    found = routing_gap(runs, CIRCULANT, rng=rng)
    run_level = parts(found.component("alignment"))["T, bit"]
    excess = parts(found.component("multiplicity"))["bit"]
    assert run_level == pytest.approx(0.07549, abs=5e-5)
    assert excess == pytest.approx(0.03645, abs=5e-5)
    assert run_level - excess == pytest.approx(0.03904, abs=5e-5)
    assert found.component("multiplicity").value == pytest.approx(0.03645 / 0.05217, abs=1e-3)
    assert found.verdict is Verdict.MULTIPLE_CONVENTIONS
