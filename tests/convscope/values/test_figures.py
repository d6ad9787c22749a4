"""Numbers are short."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.values.figures import aligned, count, figure, interval, probability, share, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (math.nan, "\u2013"),
        (math.inf, "\u2013"),
        (0.0, "0"),
        (0.123456, "0.123"),
        (-0.5, "\u22120.500"),
        (0.9999, "1.00"),
        (1234.5, "1,230"),
        (120_000, "120,000"),
        (0.0000123456, "1.23 \u00d7 10⁻⁵"),
        (12_345_678.0, "1.23 \u00d7 10⁷"),
    ],
)
def test_figures_have_three_digits(value, text):
    assert figure(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_figure_has_at_most_three_significant_digits(value):
    mantissa = figure(value).split(" \u00d7 ")[0]
    digits = [character for character in mantissa if character.isdigit()]
    assert len("".join(digits).strip("0")) <= 3


def test_signs_shares_and_probabilities():
    assert signed(0.5) == "+0.500"
    assert signed(-0.5) == "\u22120.500"
    assert [probability(p) for p in (None, 0.0001, 0.0123, 0.5)] == ["\u2013", "< 0.001", "0.012", "0.50"]
    assert [share(part) for part in (None, 0.0, 0.001, 0.256, 1.0)] == ["\u2013", "0 %", "< 1 %", "26 %", "100 %"]
    assert interval((0.1, 0.25)) == "0.100 to 0.250"
    assert (count(1, "run"), count(2000, "run")) == ("1 run", "2,000 runs")


def test_a_column_has_the_decimals_of_its_largest_number():
    assert aligned([0.00656, -0.000505, None, 0.00003]) == ("0.00656", "\u22120.00051", "\u2013", "0.00003")
    assert aligned([0.6, -0.001, 0.12], digits=2) == ("0.60", "0.00", "0.12")
    assert aligned([1e-9, 12.0]) == ("0.0", "12.0")
    assert aligned([1e-9]) == ("1.00 \u00d7 10\u207b\u2079",)
    assert aligned([]) == ()
