"""Each ground truth is written, read back, and found to the digits that docs/simulate.md gives."""

import json
from dataclasses import replace

import numpy as np
import pytest

from convscope.compare.gap import translation_gap
from convscope.engine.executors import open_executor
from convscope.engine.run import run_folds
from convscope.features.fold import FeatureFold
from convscope.ingest.mapping_file import read_mapping
from convscope.ingest.open import open_logs
from convscope.ingest.prior import declare, read_prior
from convscope.roles.discover import discover_roles
from convscope.routing.graph import find_routing
from convscope.simulate.scenarios import SCENARIOS, Scale
from convscope.simulate.scenarios.known_laws import SWITCHES, channel_nats, stationary
from convscope.simulate.units import feature_table, role_assignment, unit_frame
from convscope.simulate.writing import find_scenario, write_scenario
from convscope.values.config import AnalysisConfig
from convscope.values.fields import ACTIONS
from convscope.values.gap import Verdict

CONFIG = AnalysisConfig(n_permutations=199)
SMALL = Scale(n_runs=3, n_episodes=4, n_steps=6)


def planted(folder, name, **scale):
    folder.mkdir(exist_ok=True)
    out = folder / name
    write_scenario(find_scenario(name), out, scale=replace(SMALL, **scale), seed=0)
    return out, json.loads((out / "truth.json").read_text())["truth"]


def read(out, files="*.h5", priors="priors.toml", mapping=None):
    log = open_logs(sorted(out.glob(files)), mapping=read_mapping(mapping) if mapping else None)
    prior = read_prior(out / priors, log)
    return declare(log, prior), prior


def measured(log, prior, config=CONFIG):
    """Return routing and gap; roles are not looked for in behaviour."""
    routing = find_routing(log, config)
    units = unit_frame([], n_episodes=0)
    nothing = feature_table(units, "nothing", [])
    return routing, translation_gap(prior, role_assignment(units, []), routing, features=nothing, config=config)


def found(folder, name, **scale):
    out, truth = planted(folder, name, **scale)
    routing, gap = measured(*read(out))
    return gap, truth, routing


def figure(gap, component, part):
    return dict(gap.component(component).parts)[part]


def roles_of(log):
    with open_executor(1) as executor:
        (features,) = run_folds(log, [FeatureFold(log, CONFIG)], executor=executor, max_bytes=1 << 24)
    agents = tuple(agent.name for agent in log.header.agents)
    return discover_roles(features, log, agents=agents, config=CONFIG)


def test_all_nineteen_ground_truths_have_a_scenario():
    assert {scenario.number for scenario in SCENARIOS} == set(range(1, 20))
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


@pytest.mark.parametrize("members", [(2, 2, 2), (3, 3, 3), (5, 3, 1)])
def test_1_a_true_prior_has_no_gap(tmp_path, members):
    gap, truth, _ = found(tmp_path, "prior-true", members=members)
    planted_preference = np.array(truth["preference"], dtype=float)
    order = [gap.roles.index(role) for role in ("scout", "carrier", "guard")]
    assert np.nanmax(np.abs(gap.learned[np.ix_(order, order)] - planted_preference)) < 1e-6
    assert gap.component("alignment").value == pytest.approx(0, abs=1e-6)
    assert figure(gap, "dilution", "lambda") == pytest.approx(1, abs=1e-9)
    assert gap.component("foreign").value == pytest.approx(0, abs=1e-9)


def test_2_half_dilution(tmp_path):
    gap, truth, _ = found(tmp_path, "dilution")
    assert truth["T"] == pytest.approx(0.01292, abs=5e-6)
    assert truth["T_U"] == pytest.approx(0.05217, abs=5e-6)
    assert figure(gap, "alignment", "T, bit") == pytest.approx(0.01292, abs=5e-6)
    assert gap.component("alignment").value == pytest.approx(0.4977, abs=5e-5)
    assert figure(gap, "dilution", "lambda") == pytest.approx(0.5, abs=1e-9)


def test_3_two_roles_swapped(tmp_path):
    gap, truth, _ = found(tmp_path, "swapped-roles")
    assert figure(gap, "alignment", "T, bit") == pytest.approx(0.15098, abs=5e-6)
    assert truth["T"] / truth["T_U"] == pytest.approx(2.894, abs=5e-4)
    assert gap.component("alignment").value == pytest.approx(1.7012, abs=5e-5)
    assert figure(gap, "dilution", "lambda") == pytest.approx(-0.5, abs=1e-9)
    assert gap.component("foreign").value == pytest.approx(0.75, abs=1e-9)
    assert gap.verdict is Verdict.STRUCTURED_BUT_DIFFERENT


def test_3_blank_diagonals_change_the_prior_itself(tmp_path):
    gap, truth, _ = found(tmp_path, "swapped-roles", members=(1, 1, 1))
    assert truth["T_U"] == pytest.approx(0.04879, abs=5e-6)
    assert figure(gap, "alignment", "T, bit") == pytest.approx(0.1887, abs=5e-5)
    assert gap.component("alignment").value == pytest.approx(1.967, abs=5e-4)


def test_4_two_of_three_roles_collapsed(tmp_path):
    out, _ = planted(tmp_path, "collapsed-roles", n_episodes=20, n_steps=25)
    recovered = roles_of(read(out)[0])
    assert (recovered.k, recovered.k_agents) == (2, 2)
    assert recovered.recovery.homogeneity == pytest.approx(0.5794, abs=5e-5)
    assert recovered.recovery.completeness == pytest.approx(1)


def test_5_one_role_only(tmp_path):
    out, _ = planted(tmp_path, "one-role", n_episodes=20, n_steps=25)
    recovered = roles_of(read(out)[0])
    assert (recovered.k, recovered.k_agents) == (1, 1)
    assert 1 - max(0.0, recovered.recovery.ami) == pytest.approx(1)


def same(first, second):
    """Compare two measurements to the last bit."""
    (graph, gap), (other, again) = first, second
    assert graph.preference.per_run.tobytes() == other.preference.per_run.tobytes()
    assert gap.components == again.components
    assert (gap.verdict, gap.reasons) == (again.verdict, again.reasons)


def test_6_padding_with_nan_or_huge_numbers_changes_not_one_bit(tmp_path):
    out, _ = planted(tmp_path, "padding", noise=0.3)
    same(measured(*read(out)), measured(*read(out, "padded/*.h5")))


def test_7_a_larger_team_shows_no_shift_and_single_members_leave_blanks(tmp_path):
    gap, _, routing = found(tmp_path, "team-sizes")
    assert np.isnan(np.diag(gap.learned)).all()
    three, nine = routing.preference.per_run[:3], routing.preference.per_run[3:]
    assert np.isnan(three[:, np.arange(3), np.arange(3)]).all()
    assert np.isfinite(nine).all()
    off = np.where(np.eye(3, dtype=bool), np.nan, nine)
    off /= np.nansum(off, axis=2, keepdims=True)
    assert np.nanmax(np.abs(off - three)) < 1e-6
    assert gap.component("alignment").value == pytest.approx(0, abs=1e-6)


def test_8_redrawn_teams_are_exact(tmp_path):
    gap, truth, _ = found(tmp_path, "redrawn-teams", n_episodes=20)
    order = [gap.roles.index(role) for role in ("scout", "carrier", "guard")]
    assert np.abs(gap.learned[np.ix_(order, order)] - np.array(truth["preference"])).max() < 1e-6


def test_9_early_death_leaves_the_preference_and_moves_mass(tmp_path):
    gap, _, routing = found(tmp_path, "early-death", members=(3, 3, 3))
    _, _, alive = found(tmp_path, "prior-true", members=(3, 3, 3))
    assert gap.component("alignment").value == pytest.approx(0, abs=1e-6)
    shares = [each.preference.mass / each.preference.mass.sum(axis=2, keepdims=True) for each in (routing, alive)]
    assert np.abs(shares[0] - shares[1]).max() > 0.05


@pytest.mark.parametrize("name", ["random-policies", "persistent-dyads"])
def test_10_and_11_role_blind_teams_show_no_structure(tmp_path, name):
    gap, truth, _ = found(tmp_path, name)
    assert np.array(truth["planted_preference"]) == pytest.approx(np.full((3, 3), 1 / 3))
    assert figure(gap, "dilution", "lambda") == pytest.approx(truth["lambda"], abs=1e-5)
    assert gap.verdict in {Verdict.NO_ROLE_STRUCTURE, Verdict.INSUFFICIENT_EVIDENCE}


def test_12_two_conventions_are_never_aligned(tmp_path):
    _, truth = planted(tmp_path / "exact", "two-conventions", n_runs=6)
    gap, _, _ = found(tmp_path, "two-conventions", n_runs=6, noise=1e-3)
    assert truth["T"] == pytest.approx(0.07549, abs=5e-6)
    assert truth["T_of_mean"] == pytest.approx(0.03904, abs=5e-6)
    assert truth["multiplicity_bits"] == pytest.approx(0.03645, abs=5e-6)
    assert figure(gap, "alignment", "T, bit") == pytest.approx(0.07549, abs=2e-4)
    assert figure(gap, "multiplicity", "bit") == pytest.approx(0.03645, abs=2e-4)
    assert gap.verdict is Verdict.MULTIPLE_CONVENTIONS


def test_13_a_row_drifts_at_a_known_checkpoint(tmp_path):
    out, truth = planted(tmp_path, "drift")
    assert truth["row_divergence"] == pytest.approx(0.1245, abs=5e-5)
    log, prior = read(out)
    assert log.episodes.checkpoints == tuple(f"step_{number}" for number in range(10))
    for label, wanted in (("step_4", truth["before"]), ("step_5", truth["after"])):
        gap = measured(log, prior, replace(CONFIG, checkpoint=label))[1]
        order = [gap.roles.index(role) for role in ("scout", "carrier", "guard")]
        assert np.abs(gap.learned[np.ix_(order, order)] - np.array(wanted)).max() < 1e-6


def test_15_decoy_attention_does_not_pass_for_influence(tmp_path):
    _, _, routing = found(tmp_path, "decoy-attention", n_episodes=40, n_steps=40)
    assert routing.comparison.validity is not None
    assert routing.comparison.validity.correlation < 0


def test_16_closeness_explains_what_looks_declared(tmp_path):
    out, _ = planted(tmp_path, "proximity", members=(3, 3, 3))
    agreement = measured(*read(out))[1].agreement
    assert agreement.p_value <= 0.05 < agreement.partial_p_value


def test_17_a_transposed_file_with_the_right_axes_is_equal(tmp_path):
    out, _ = planted(tmp_path, "transposed", noise=0.3)
    turned = read(out, "transposed/*.npz", mapping=out / "transposed" / "mapping.toml")
    same(measured(*read(out)), measured(*turned))


def test_18_the_chain_of_roles_has_the_figures_of_its_closed_form(tmp_path):
    out, truth = planted(tmp_path, "role-switching")
    assert truth["shares"] == pytest.approx([0.566, 0.302, 0.132], abs=5e-4)
    assert truth["switching_rate"] == pytest.approx(0.0849, abs=5e-5)
    assert truth["dwell"] == pytest.approx([20, 10, 5])
    assert stationary(np.array(SWITCHES)) @ np.array(SWITCHES) == pytest.approx(stationary(np.array(SWITCHES)))
    assert read(out)[0].has(ACTIONS)


@pytest.mark.parametrize(("error", "nats"), [(0.0, 1.3863), (0.2, 0.6662), (0.75, 0.0)])
def test_18_a_channel_has_the_figure_of_its_closed_form(error, nats):
    assert channel_nats(error) == pytest.approx(nats, abs=5e-5)


def test_18_the_channel_is_found_one_way_only(tmp_path):
    out, truth = planted(tmp_path, "copy-channel", n_episodes=40, n_steps=50)
    edges = find_routing(read(out)[0], CONFIG).edges
    significant = edges.filter(edges["significant"])
    assert significant.select("sender", "receiver").rows() == [(truth["sender"], truth["receiver"])]


def test_19_order_of_runs_agents_heads_and_names_changes_nothing(tmp_path):
    out, _ = planted(tmp_path, "reordered", noise=0.3)
    _, gap = measured(*read(out))
    _, again = measured(*read(out, "reordered/*.h5", "reordered/priors.toml"))
    assert again.verdict is gap.verdict
    for first, second in zip(gap.components, again.components, strict=True):
        if first.name != "multiplicity":  # its draws belong to pairs of agents by name
            assert second.value == pytest.approx(first.value, abs=1e-9)
            assert second.p_value == first.p_value


WITH_PREFERENCE = [
    (name, members)
    for name in (
        "prior-true",
        "dilution",
        "swapped-roles",
        "padding",
        "team-sizes",
        "redrawn-teams",
        "early-death",
        "random-policies",
        "persistent-dyads",
        "transposed",
        "reordered",
    )
    for members in ((2, 2, 2), (3, 1, 2))
    if members == (2, 2, 2) or find_scenario(name).has_team
]


@pytest.mark.parametrize(("name", "members"), WITH_PREFERENCE)
def test_with_noise_the_truth_is_of_the_data_that_are_written(tmp_path, name, members):
    gap, truth, _ = found(tmp_path, name, noise=0.5, members=members)
    order = [gap.roles.index(role) for role in ("scout", "carrier", "guard")]
    wanted = np.array(truth["preference"], dtype=float)
    assert np.nanmax(np.abs(gap.learned[np.ix_(order, order)] - wanted)) < 1e-6
    assert np.isnan(wanted).tolist() == np.isnan(gap.learned[np.ix_(order, order)]).tolist()
    assert np.nanmax(np.abs(wanted - np.array(truth["planted_preference"], dtype=float))) > 1e-3
    assert figure(gap, "alignment", "T, bit") == pytest.approx(truth["T"], abs=1e-6)
    assert figure(gap, "dilution", "lambda") == pytest.approx(truth["lambda"], abs=1e-5)


def test_with_noise_the_truth_of_conventions_is_of_the_data(tmp_path):
    gap, truth, _ = found(tmp_path, "two-conventions", n_runs=4, noise=0.3)
    assert figure(gap, "multiplicity", "bit") == pytest.approx(truth["multiplicity_bits"], abs=1e-6)
    assert figure(gap, "alignment", "T, bit") == pytest.approx(truth["T"], abs=1e-6)
