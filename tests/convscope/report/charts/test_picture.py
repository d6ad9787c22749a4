"""A chart becomes a harmless picture that follows the page."""

import xml.etree.ElementTree as ET

import altair as alt
import numpy as np
import pytest

from convscope.report.charts.forest import forest
from convscope.report.charts.picture import picture
from convscope.report.charts.returns import return_curves
from convscope.report.charts.role_map import MAX_POINTS, role_map, shown_points
from convscope.values.evidence import MeanReturn
from convscope.values.gap import Component

HOSTILE = '</text></svg><script>alert(1)</script>" onload="x'


def returns(n_runs):
    return [
        MeanReturn(run=f"{HOSTILE}{run}", checkpoint=checkpoint, mean=float(run), n_episodes=1)
        for run in range(n_runs)
        for checkpoint in ("1", "2")
    ]


CHARTS = [
    role_map(np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 12),
    forest([Component(name="alignment", value=0.4, interval=(0.2, 0.6)), Component(name="foreign", value=0.1)], 0.5),
    return_curves(returns(3)),
    return_curves(returns(30)),
]


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_holds_shapes_and_text_only(chart):
    root = ET.fromstring(picture(chart, HOSTILE))  # noqa: S314  our own picture
    assert {node.tag for node in root.iter()} <= {
        "svg",
        "g",
        "path",
        "line",
        "rect",
        "circle",
        "text",
        "tspan",
        "title",
    }
    assert not [name for node in root.iter() for name in node.attrib if name.startswith("on") or "href" in name]
    assert root.attrib["aria-label"] == HOSTILE


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_is_always_the_same(chart):
    assert picture(chart, "x") == picture(chart, "x")


def test_colours_follow_the_page():
    svg = picture(CHARTS[0], "x")
    assert "var(--k0)" in svg
    assert "#0072b2" not in svg
    assert 'fill="currentColor"' in svg


def test_what_is_not_on_the_list_of_shapes_is_dropped():
    rows = alt.InlineData(values=[{"link": "https://example.org/x.png"}])
    svg = picture(alt.Chart(rows).mark_image().encode(url="link:N", href="link:N"), "x")
    assert "example.org" not in svg


def test_a_cloud_of_points_is_thinned_evenly():
    assert shown_points(3).tolist() == [0, 1, 2]
    assert shown_points(0).size == 0
    many = shown_points(100_000)
    assert len(many) == MAX_POINTS
    assert (many[0], many[-1]) == (0, 99_999)


def test_a_gap_without_intervals_is_drawn():
    assert "<svg" in picture(forest([Component(name="alignment", value=0.4)], 0.5), "x")
