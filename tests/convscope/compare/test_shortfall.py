"""A shortfall is what a share lacks to be whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.compare.shortfall import shortfall, shortfall_between


@pytest.mark.parametrize(("share", "lacking"), [(0.25, 0.75), (1.0, 0.0), (1.5, 0.0), (-0.2, 1.0)])
def test_a_share_lacks_what_it_is_short_of_one(share, lacking):
    assert shortfall(share) == lacking


@given(st.floats(-2, 3), st.floats(0, 2), st.floats(0, 1))
def test_the_shortfall_of_a_share_lies_between_those_of_its_interval(low, width, place):
    low_end, high_end = shortfall_between((low, low + width))
    assert low_end <= shortfall(min(low + place * width, low + width)) <= high_end
