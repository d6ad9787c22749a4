"""The wall around the renderer: a chart goes in, a harmless static picture comes out."""

import re
import xml.etree.ElementTree as ET
from typing import TypeAlias

import altair as alt
import vl_convert
from markupsafe import Markup

from convscope.report.palette import ROLE_COLOURS

_NAMESPACE = "http://www.w3.org/2000/svg"
_TAGS = frozenset({"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "title"})
_GEOMETRY = frozenset(
    {"d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r", "width", "height", "transform"}
)
_PAINT = frozenset({"fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity"})
_TEXT = frozenset({"text-anchor", "font-size", "font-weight", "font-style", "dominant-baseline"})
_ATTRIBUTES = _GEOMETRY | _PAINT | _TEXT | {"viewBox"}
Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart
# The page's own font may be wider than the one the renderer measures with.
_PADDING = {"left": 14, "right": 14, "top": 4, "bottom": 4}
_RESOURCES = re.compile(rb"(?:^ +/\w+ \d+ 0 R\n){2,}", re.MULTILINE)
# The page knows a lighter variant of each colour for the dark.
_COLOURS = {colour: f"var(--k{number})" for number, colour in enumerate(ROLE_COLOURS)}
INK = "currentColor"
"""Follows the page: dark on light, light on dark."""
PAPER_INK = "#1d2126"
"""The same on paper."""


def picture(chart: Chart, description: str) -> Markup:
    """Return a chart as an inline SVG that follows the page's colours.

    Parameters
    ----------
    chart
        Any chart of fixed size. Its renderer escapes the text; what it draws is kept by an allow-list besides.
    description
        What a person reads who cannot see it.
    """
    svg = vl_convert.vegalite_to_svg(_themed(chart).to_dict())
    # Written by our own renderer, and it declares no entities.
    root = ET.fromstring(svg)  # noqa: S314
    _prune(root)
    root.attrib = {"viewBox": root.attrib["viewBox"], "class": "chart", "role": "img", "aria-label": description}
    root.set("style", f"max-width:{root.attrib['viewBox'].split()[2]}px")
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704  serialised with its text escaped


def picture_of(chart: Chart | None, description: str) -> Markup | None:
    """Return a chart as `picture` does; None for none."""
    return None if chart is None else picture(chart, description)


def standalone(chart: Chart) -> str:
    """Return a chart as an SVG document of its own, dark on white, for papers."""
    svg: str = vl_convert.vegalite_to_svg(_themed(chart, background="white").to_dict())
    return svg.replace(INK, PAPER_INK)


def pdf_of(svg: str) -> bytes:
    """Return an SVG document as PDF.

    The renderer lists resources in any order; here they are sorted, and the bytes are the same each time as long as one
    font has all the letters.
    """
    return _RESOURCES.sub(
        lambda found: b"".join(sorted(found[0].splitlines(keepends=True))), vl_convert.svg_to_pdf(svg)
    )


def _themed(chart: Chart, background: str = "transparent") -> Chart:
    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    lines = {"domainColor": INK, "domainOpacity": 0.4, "tickColor": INK, "tickOpacity": 0.4}
    grid = {"gridColor": INK, "gridOpacity": 0.12}
    themed: Chart = chart.configure(
        background=background,
        padding=_PADDING,
        axis={**text, **lines, **grid, "labelLimit": 220},
        legend={**text, "labelLimit": 260},
        view={"stroke": None},
        aria=False,
    )
    return themed


def _prune(node: ET.Element) -> None:
    """Keep what draws, drop the rest; names lose their namespace, since the page is HTML."""
    node.tag = node.tag.removeprefix(f"{{{_NAMESPACE}}}")
    node.attrib = {name: _COLOURS.get(text, text) for name, text in node.attrib.items() if name in _ATTRIBUTES}
    for child in list(node):
        is_frame = child.get("class") in ("background", "foreground")
        if is_frame or child.tag.removeprefix(f"{{{_NAMESPACE}}}") not in _TAGS:
            node.remove(child)
        else:
            _prune(child)
