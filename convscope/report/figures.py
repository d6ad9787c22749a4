"""Charts and the table of components for papers: SVG, PDF, CSV and LaTeX."""

import csv
import io
from collections.abc import Iterator

from convscope.report.charts.heat import heat
from convscope.report.charts.picture import PAPER_INK, pdf_of, standalone
from convscope.report.drawn import gap_chart, gap_return_chart, map_chart, return_chart, routing_drawing, umap_chart
from convscope.report.environment import rendered
from convscope.report.matrix import Matrix
from convscope.report.occupancy import confusion_matrix, occupancy_matrix
from convscope.report.palette import ROLE_COLOURS
from convscope.report.preference import agent_matrix, preference_matrices
from convscope.values.evidence import Evidence
from convscope.values.figures import NO_FIGURE, figure, interval, probability
from convscope.values.gap import Component
from convscope.values.inert import inert

MAX_DRAWN_AGENTS = 40
"""Agents of the largest matrix that is drawn."""
_CHARTS = (
    ("gap", gap_chart),
    ("gap-and-return", gap_return_chart),
    ("returns", return_chart),
    ("role-map", map_chart),
    ("role-map-umap", umap_chart),
)
_PREFERENCES = ("preference-learned", "preference-declared", "preference-difference")
_HEADER = (
    "component",
    "value",
    "low",
    "high",
    "interval",
    "null mean",
    "null low",
    "null high",
    "p",
    "attainable p",
    "why",
)
_NAMES = frozenset(
    f"{name}.{ending}"
    for name in (
        *(name for name, _ in _CHARTS),
        *_PREFERENCES,
        "routing-agents",
        "routing-graph",
        "roles-confusion",
        "roles-occupancy",
    )
    for ending in ("svg", "pdf")
) | {"components.csv", "components.tex"}


def is_figure_name(name: str) -> bool:
    """Whether a file of this name may be one of ours."""
    return name in _NAMES


def figure_files(evidence: Evidence) -> dict[str, bytes]:
    """Return the figures that an analysis affords, by file name.

    Parameters
    ----------
    evidence
        The results of an analysis.

    Returns
    -------
    dict
        Each chart, matrix and graph of the page as SVG and PDF, dark on white, and the components of the gap as
        ``components.csv`` and ``components.tex``.
    """
    files: dict[str, bytes] = {}
    for name, svg in _drawings(evidence):
        files[f"{name}.svg"] = svg.encode()
        files[f"{name}.pdf"] = pdf_of(svg)
    if evidence.gap is not None:
        rows = [*evidence.gap.components, *([evidence.gap.composite] if evidence.gap.composite else [])]
        files["components.csv"] = _csv(rows)
        files["components.tex"] = _latex(rows)
    return files


def _drawings(evidence: Evidence) -> Iterator[tuple[str, str]]:
    for name, chart_of in _CHARTS:
        chart = chart_of(evidence)
        if chart is not None:
            yield name, standalone(chart)
    for name, matrix in _matrices(evidence):
        yield name, standalone(heat(matrix))
    drawing = routing_drawing(evidence)
    if drawing is not None:
        style = "".join(f".k{number} circle{{fill:{colour}}}" for number, colour in enumerate(ROLE_COLOURS))
        yield "routing-graph", str(rendered("graph_alone.html", graph=drawing, ink=PAPER_INK, roles=style))


def _matrices(evidence: Evidence) -> Iterator[tuple[str, Matrix]]:
    yield from zip(_PREFERENCES, preference_matrices(evidence), strict=False)
    confusion = evidence.roles.confusion
    found = (
        ("routing-agents", agent_matrix(evidence, MAX_DRAWN_AGENTS)),
        ("roles-confusion", None if confusion is None else confusion_matrix(confusion, evidence.header.roles)),
        ("roles-occupancy", occupancy_matrix(evidence)),
    )
    yield from ((name, matrix) for name, matrix in found if matrix is not None)


def _csv(components: list[Component]) -> bytes:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(_HEADER)
    for part in components:
        low, high = part.interval or (None, None)
        null = (part.null.mean, part.null.low, part.null.high) if part.null else (None, None, None)
        figures = (part.value, low, high, part.interval_kind, *null, part.p_value, part.attainable_p)
        writer.writerow([part.name, *figures, _cell(part.why or "")])
    return held.getvalue().encode()


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _latex(components: list[Component]) -> bytes:
    rows = [
        f"{part.name} & {_number(figure(part.value))} & {_number(interval(part.interval))}"
        f" & {_number(probability(part.p_value))} & {_number(probability(part.attainable_p))} \\\\"
        for part in components
    ]
    lines = (
        "% needs \\usepackage{booktabs}; 0 = as declared",
        "\\begin{tabular}{lrrrr}",
        "\\toprule",
        "component & value & interval & $p$ & attainable $p$ \\\\",
        "\\midrule",
        *rows,
        "\\bottomrule",
        "\\end{tabular}",
        "",
    )
    return "\n".join(lines).encode()


def _number(text: str) -> str:
    """Return a figure for LaTeX: with a true minus, and its specials escaped."""
    if text == NO_FIGURE:
        return "--"
    plain = inert(text).replace("\u2212", "-").replace("%", "\\%").replace("<", "$<$").replace("≤", "$\\le$")
    return plain.replace("-", "$-$")
