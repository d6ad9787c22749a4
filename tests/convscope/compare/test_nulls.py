import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, GENERIC, SimulatedRun, Team, diluted, simulate_runs
from convscope.values.config import AnalysisConfig
from convscope.values.gap import Gap, Verdict
from convscope.values.prior import OrderStatement

BLIND = diluted(CIRCULANT, 1.0)
ROLES = ("scout", "carrier", "guard")


def parts(gap: Gap) -> dict[str, float]:
    return dict(gap.component("alignment").parts)


@pytest.fixture(scope="module")
def blind_studies() -> list[Gap]:
    """Studies of role-blind teams with habits between single agents that last for the run."""
    team = Team(preference=BLIND, members=(2, 2, 2), dyad_noise=0.3, n_episodes=4, n_steps=3)
    config = AnalysisConfig(n_permutations=199)
    rngs = [np.random.default_rng([7, draw]) for draw in range(200)]
    return [routing_gap(simulate_runs(team, 3, rng), CIRCULANT, rng=rng, config=config) for rng in rngs]


def test_10_role_blind_teams_are_called_insufficient_or_without_structure(blind_studies):
    quiet = {Verdict.INSUFFICIENT_EVIDENCE, Verdict.NO_ROLE_STRUCTURE}
    # 95 % of 200, less two standard errors.
    assert sum(gap.verdict in quiet for gap in blind_studies) >= 200 * 0.95 - 2 * np.sqrt(200 * 0.05 * 0.95)


def test_11_persistent_habits_are_not_taken_for_roles(blind_studies):
    n_rejected = sum(parts(gap)["specificity p"] <= 0.05 for gap in blind_studies)
    assert n_rejected <= 200 * 0.05 + 2 * np.sqrt(200 * 0.05 * 0.95)


@pytest.mark.parametrize("name", ["specificity p, mean over runs", "specificity p, run-wise"])
def test_10_p_is_uniform_for_role_blind_teams(blind_studies, name: str):
    found = np.sort([parts(gap)[name] for gap in blind_studies])
    distance = np.abs(found - np.arange(1, 201) / 200).max()
    # Kolmogorov's 1 % point for 200 draws.
    assert distance < 1.63 / np.sqrt(200)


def test_alignment_p_is_uniform_for_role_blind_teams(blind_studies):
    found = np.sort([gap.component("alignment").p_value for gap in blind_studies])
    assert np.abs(found - np.arange(1, 201) / 200).max() < 1.63 / np.sqrt(200)


def test_one_run_of_two_roles_counts_its_six_relabellings():
    # 2-2: six ways to give out the roles; the declared one and its renaming are the most structured.
    preference = ((0.2, 0.8), (0.3, 0.7))
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=preference, members=(2, 2)), 1, rng)
    found = routing_gap(runs, preference, rng=rng, roles=("scout", "guard"))
    assert found.component("alignment").p_value == pytest.approx(1 / 6)
    assert parts(found)["specificity p, run-wise"] == pytest.approx(2 / 6)
    assert found.verdict is Verdict.INSUFFICIENT_EVIDENCE


def test_statements_of_order_are_scored_without_shares():
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=GENERIC, members=(2, 2, 2)), 3, rng)
    orders = (
        OrderStatement(receiver="scout", roles=("guard", "carrier", "scout")),
        OrderStatement(receiver="carrier", roles=("guard", "scout")),
    )
    found = routing_gap(runs, None, rng=rng, orders=orders)
    assert parts(found)["share of order statements that hold"] == 0.5
    assert 0 < parts(found)["order p"] < 1
    assert found.component("alignment").value is None
    assert "no shares" in (found.component("alignment").why or "")
    assert found.verdict is Verdict.INSUFFICIENT_EVIDENCE


def moved(runs: list[SimulatedRun], agents: np.ndarray, roles: np.ndarray) -> list[SimulatedRun]:
    return [
        SimulatedRun(
            weights=run.weights[:, :, agents][..., agents],
            valid=run.valid[:, :, agents][..., agents],
            roles=roles[run.roles[:, agents]],
        )
        for run in runs
    ]


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1_000), members=st.sampled_from([(2, 2, 2), (1, 1, 1), (3, 2, 1)]))
def test_19_the_order_of_roles_changes_nothing(seed: int, members: tuple[int, ...]):
    rng = np.random.default_rng(seed)
    runs = simulate_runs(Team(preference=GENERIC, members=members, dyad_noise=0.4, n_steps=2), 3, rng)
    place = rng.permutation(3)
    names = tuple(ROLES[old] for old in np.argsort(place))
    declared = np.array(GENERIC)[np.ix_(np.argsort(place), np.argsort(place))]
    config = AnalysisConfig(n_permutations=99)
    first = routing_gap(runs, GENERIC, rng=np.random.default_rng(0), roles=ROLES, config=config)
    second = routing_gap(
        moved(list(runs), np.arange(sum(members)), place),
        declared.tolist(),
        rng=np.random.default_rng(0),
        roles=names,
        config=config,
    )
    assert (first.verdict, first.reasons) == (second.verdict, second.reasons)
    for one, other in zip(first.components, second.components, strict=True):
        assert (one.name, one.p_value, one.attainable_p) == (other.name, other.p_value, other.attainable_p)
        assert one.value == pytest.approx(other.value, abs=1e-9)
    assert [each.runs for each in first.conventions.found] == [each.runs for each in second.conventions.found]
    renamed = [dict(zip(gap.roles, gap.renaming.behaves_as, strict=True)) for gap in (first, second)]
    assert renamed[0] == renamed[1]
    assert first.renaming.certainty == second.renaming.certainty
    assert (first.n_symmetries, first.outlook) == (second.n_symmetries, second.outlook)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1_000))
def test_values_do_not_depend_on_which_slot_an_agent_has(seed: int):
    rng = np.random.default_rng(seed)
    runs = list(simulate_runs(Team(preference=GENERIC, members=(2, 2, 2), dyad_noise=0.4, n_steps=2), 3, rng))
    again = moved(runs, rng.permutation(6), np.arange(3))
    config = AnalysisConfig(n_permutations=9)
    first, second = (routing_gap(each, GENERIC, rng=np.random.default_rng(0), config=config) for each in (runs, again))
    for one, other in zip(first.components, second.components, strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-9)
        assert one.interval == pytest.approx(other.interval, abs=1e-9)


def test_two_calls_give_the_same_gap():
    rng = np.random.default_rng(5)
    runs = simulate_runs(Team(preference=GENERIC, members=(3, 3, 3), dyad_noise=0.4), 3, rng)
    first, second = (routing_gap(runs, GENERIC, rng=np.random.default_rng(0)) for _ in range(2))
    assert first.components == second.components
    assert first.smallest_detectable == second.smallest_detectable
