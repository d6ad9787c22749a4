"""Required and forbidden edges are counted and tested under the relabelling of agents."""

import numpy as np

from convscope.compare.joint import relabel_runs
from convscope.compare.required_edges import edge_outcome
from convscope.compare.scores import score
from convscope.simulate.tallies import graph_of
from convscope.simulate.teams import CIRCULANT, Team, diluted, simulate_runs
from convscope.values.prior import EdgeStatement, RolePrior

ROLES = ("a", "b", "c")
TRUE = (
    EdgeStatement(receiver="a", sender="c", is_required=True),
    EdgeStatement(receiver="a", sender="b", is_required=False),
    EdgeStatement(receiver="b", sender="a", is_required=True),
)


def outcome(edges, preference=CIRCULANT, members=(2, 2, 2), noise=0.0, seed=0, n_runs=3):
    rng = np.random.default_rng(seed)
    team = Team(preference=preference, members=members, dyad_noise=noise, step_noise=noise)
    graph = graph_of(simulate_runs(team, n_runs, rng), ROLES, rng=rng)
    scores = score(RolePrior(roles=ROLES, role_of={}), graph.preference, graph.halves)
    return edge_outcome(edges, scores, relabel_runs(graph.tallies, scores, n_draws=199, seed=0))


def test_edges_of_a_team_as_declared_hold_and_are_no_chance():
    every = tuple(
        EdgeStatement(receiver=a, sender=b, is_required=CIRCULANT[i][j] > 0.5)
        for i, a in enumerate(ROLES)
        for j, b in enumerate(ROLES)
    )
    found = outcome(every)
    assert found.share == 1.0
    assert found.p_value <= 0.05
    # Three statements hold by chance more often than that.
    assert outcome(TRUE).share == 1.0


def test_the_contrary_of_what_holds_does_not():
    contrary = tuple(EdgeStatement(receiver=e.receiver, sender=e.sender, is_required=not e.is_required) for e in TRUE)
    assert outcome(contrary).share == 0


def test_one_of_two_statements_that_holds_is_a_half():
    wrong = EdgeStatement(receiver="c", sender="a", is_required=True)
    assert outcome((TRUE[0], wrong)).share == 0.5


def test_cells_that_a_team_cannot_show_are_left_out():
    own = EdgeStatement(receiver="a", sender="a", is_required=False)
    assert outcome((own,), members=(1, 1, 1)) is None
    assert outcome((own, TRUE[0]), members=(1, 1, 1)).share == 1.0


def test_a_role_blind_team_rarely_passes():
    p_values = [outcome(TRUE, diluted(CIRCULANT, 1.0), noise=0.3, seed=seed).p_value for seed in range(20)]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.15
