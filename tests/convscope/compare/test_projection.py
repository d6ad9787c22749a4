"""A prior without a row to score has no direction: no figure, and no warning either (warnings are errors here)."""

import numpy as np
import pytest

from convscope.compare.projection import foreign_share, strength
from convscope.simulate.teams import CIRCULANT, GENERIC, diluted

LEARNED = np.array([CIRCULANT, GENERIC])
FLOOR = np.zeros(2)


def test_half_of_the_declared_structure_is_half():
    assert strength(np.array(diluted(CIRCULANT, 0.5)), np.array(CIRCULANT)) == pytest.approx(0.5)


def test_nothing_declared_gives_no_figure():
    for target in (np.full((3, 3), np.nan), np.full((3, 3), 1 / 3)):
        assert np.isnan(strength(LEARNED, target)).all()
        assert np.isnan(foreign_share(LEARNED, target, floor=FLOOR)).all()


def test_structure_as_declared_is_not_foreign():
    assert foreign_share(LEARNED, np.array(CIRCULANT), floor=FLOOR)[0] < 1e-12
