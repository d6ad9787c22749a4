"""A check says what a prior means for a log; a draft is a priors file that fits it."""

import re
from dataclasses import replace

import numpy as np
import pytest

from convscope.compare.prior_check import affordable_features, check_prior
from convscope.compare.prior_draft import draft_prior
from convscope.ingest.memory import log_from_arrays
from convscope.ingest.prior import read_prior
from convscope.report.prior_lines import check_lines
from convscope.simulate.teams import CIRCULANT
from convscope.values.prior import BehaviourExpectation, RolePrior

AGENTS = ["a_0", "a_1", "b_0", "b_1", "c_0", "c_1"]
ROLES = ("a", "b", "c")


def study(agents=AGENTS, n_runs=3, **options):
    rng = np.random.default_rng(0)
    actions = rng.integers(3, size=(4 * n_runs, len(agents), 1)).astype(float)
    runs = [f"run_{n}" for n in range(n_runs)]
    return log_from_arrays({"actions": actions}, [4] * n_runs, agents, runs=runs, **options)


def prior(agents=AGENTS, preference=CIRCULANT, **options):
    role_of = {agent: agent[0] for agent in agents}
    return RolePrior(roles=ROLES, role_of=role_of, preference=np.array(preference), **options)


def test_two_agents_a_role_have_ninety_relabellings_and_a_circulant_prior_three_automorphisms():
    found = check_prior(prior(), study())
    assert (found.n_relabellings, found.n_automorphisms) == (90, 3)
    # Counted it is (3/90)^3, but the tests draw 999 of the 729,000 ways.
    assert (found.alignment_p, found.n_draws) == (0.001, 999)
    assert found.runs_needed == 3
    assert [row.sharpness for row in found.rows] == pytest.approx([0.05217] * 3, abs=5e-6)


def test_single_members_need_six_runs_and_cannot_show_their_own_cell():
    agents = ["a_0", "b_0", "c_0"]
    found = check_prior(prior(agents), study(agents))
    assert found.alignment_p == pytest.approx(0.5**3)
    assert found.runs_needed == 6
    assert [role for role, _ in found.rows[0].shares] == ["c", "b"]
    assert found.rows[0].sharpness == pytest.approx(0.04879, abs=5e-6)


def test_large_teams_have_all_their_ways_and_symmetries_counted():
    agents = [f"{role}_{number}" for role in "abc" for number in range(4)]
    found = check_prior(prior(agents), study(agents))
    assert (found.n_relabellings, found.n_automorphisms) == (34_650, 3)
    assert "34,650 ways, 3 of which" in "\n".join(check_lines(prior(agents), found))


def test_few_ways_are_all_tried_and_one_run_is_held_to_what_it_can_give():
    one = check_prior(prior(), study(n_runs=1))
    assert one.n_draws is None
    assert one.alignment_p == pytest.approx(3 / 90)
    assert "The tests draw" not in "\n".join(check_lines(prior(), one))


def test_roles_that_are_redrawn_have_no_number_of_ways():
    labels = np.array([[0, 0, 1, 1, 2, 2], [2, 2, 1, 1, 0, 0]])
    log = study(n_runs=2)
    log = replace(log, episodes=replace(log.episodes, runs=("run_0",), run=np.zeros(2, dtype=np.int64)))
    episodes = replace(log.episodes, declared_roles=labels)
    log = replace(log, header=replace(log.header, roles=ROLES), episodes=episodes)
    found = check_prior(RolePrior(roles=ROLES, role_of={}, preference=np.array(CIRCULANT)), log)
    assert found.n_relabellings is None
    assert "roles are redrawn between episodes" in "\n".join(check_lines(prior(), found))


def test_an_even_prior_is_not_scorable_and_says_so():
    found = check_prior(prior(preference=np.full((3, 3), 1 / 3)), study())
    assert found.alignment_p is None
    assert not any(row.is_scorable for row in found.rows)
    assert "nearly even" in "\n".join(check_lines(prior(), found))


def test_features_that_the_log_lacks_are_named():
    wrong = prior(behaviours=(BehaviourExpectation(role="a", feature="height of jumps", is_high=True),))
    found = check_prior(wrong, study())
    assert found.unknown_features == ("height of jumps",)
    assert "NOT a feature" in "\n".join(check_lines(wrong, found))


def uncommented(text):
    return re.sub(r"^# (?!Draft|The log|or )", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("agents", [AGENTS, ["agent_0", "agent_1"], ["x", "y"], ['odd "name"_0', "[b]_1", "b_2"]])
def test_a_draft_fits_its_log_as_it_is_and_with_its_examples_taken_up(tmp_path, agents):
    log = study(agents)
    text = draft_prior(log)
    path = tmp_path / "p.toml"
    path.write_text(text)
    assert set(read_prior(path, log).role_of) == set(agents)
    path.write_text(uncommented(text))
    assert len(read_prior(path, log).behaviours) == len(affordable_features(log))


def test_a_draft_takes_the_roles_that_the_log_declares():
    log = study(declared_roles={agent: f"role {agent[0]}" for agent in AGENTS})
    assert '"role a" = ["a_0", "a_1"]' in draft_prior(log)
