"""Dilution and foreign structure under relabelling: the p of a noiseless team by counting."""

import numpy as np
import pytest

from convscope.compare.components.direction import Direction, direction
from convscope.simulate.study import routing_gap
from convscope.simulate.teams import CIRCULANT, GENERIC, Team, diluted, simulate_runs
from convscope.values.gap import Gap


def gap(declared, shown=None) -> Gap:
    rng = np.random.default_rng(0)
    runs = simulate_runs(Team(preference=shown or declared, members=(1, 1, 1)), 2, rng)
    return routing_gap(runs, declared, rng=rng)


@pytest.mark.parametrize("name", ["dilution", "foreign"])
def test_only_the_declared_roles_come_nearest_to_a_generic_prior(name):
    # Three agents hold three roles in six ways: 36 in two runs, one of which is as declared.
    found = gap(GENERIC).component(name)
    assert (found.p_value, found.attainable_p) == (pytest.approx(1 / 36), pytest.approx(1 / 36))


def test_rotations_come_as_near_to_a_circulant_one():
    found = gap(CIRCULANT).component("dilution")
    assert (found.p_value, found.attainable_p) == (pytest.approx(1 / 4), pytest.approx(1 / 4))
    assert gap(CIRCULANT).n_symmetries == 3
    assert gap(CIRCULANT).symmetries[0] == ("scout", "carrier", "guard")
    assert set(gap(CIRCULANT).symmetries[1:]) == {("carrier", "guard", "scout"), ("guard", "scout", "carrier")}


def test_values_of_runs_are_one_minus_lambda():
    found = gap(GENERIC, diluted(GENERIC, 0.4)).component("dilution")
    assert dict(found.per_run) == pytest.approx({"run_0": 0.4, "run_1": 0.4}, abs=0.02)
    assert found.effect == "40 % of the declared preference has faded into even routing."


SHARPER = ((0.1, 0.1, 0.8), (0.8, 0.1, 0.1), (0.1, 0.8, 0.1))
AGAINST = ((0.45, 0.45, 0.1), (0.1, 0.45, 0.45), (0.45, 0.1, 0.45))


@pytest.mark.parametrize(
    ("shown", "dilution", "alignment"),
    [
        (SHARPER, "Nothing of the declared preference has faded; it is sharper than declared (lambda 1.", "is sharper"),
        (AGAINST, "Nothing of the declared preference shows; it goes against what was declared (lambda -1.", "against"),
        # Without the diagonal .25 and .75 become .364 and .636: lambda .545.
        (diluted(CIRCULANT, 0.5), "45 % of the declared preference has faded into even routing.", "is weaker"),
    ],
)
def test_words_tell_weaker_from_sharper_and_from_against(shown, dilution: str, alignment: str):
    found = gap(CIRCULANT, shown)
    assert found.component("dilution").effect.startswith(dilution)
    assert alignment in found.component("alignment").effect


def test_noise_around_lambda_1_is_no_side():
    assert direction((0.9, 1.2)) == direction((-0.3, 0.4)) == direction(None) == ""
    assert direction((1.01, 1.2)) is Direction.SHARPER
    assert direction((-0.4, -0.1)) is Direction.AGAINST
    assert direction((0.2, 0.7)) is Direction.WEAKER
