"""A matrix of the page as a chart, for papers."""

import altair as alt

from convscope.report.charts.picture import INK, Chart
from convscope.report.charts.short_names import short_names
from convscope.report.matrix import Cell, Matrix, Shade

_COLOURS = {Shade.AMOUNT: "#3f8fc4", Shade.MORE: "#3f8fc4", Shade.LESS: "#e08a3c", Shade.BLANK: "#ffffff"}
_SIDE = 54


def heat(matrix: Matrix) -> Chart:
    """Return a heat map with a number in each cell; a dashed frame stands for the hatching of the page.

    Parameters
    ----------
    matrix
        With at least one row and column.
    """
    names = short_names([name for name, _ in matrix.rows])
    columns = short_names(matrix.columns)
    rows = [
        _row(name, column, cell)
        for name, (_, cells) in zip(names, matrix.rows, strict=True)
        for column, cell in zip(columns, cells, strict=True)
    ]
    y = alt.Y("row:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False))
    x = alt.X(
        "column:N", sort=columns, title=None, axis=alt.Axis(orient="top", ticks=False, domain=False, labelAngle=0)
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y)
    cells = base.mark_rect().encode(
        color=alt.Color("colour:N", scale=None), opacity=alt.Opacity("strength:Q", scale=None)
    )
    text = base.mark_text(fontSize=12, color=INK).encode(text="text:N")
    frames = (
        base.transform_filter("datum.unsure")
        .mark_rect(filled=False, stroke=INK, strokeDash=[3, 3], strokeOpacity=0.7)
        .properties()
    )
    title = alt.Title(text=matrix.title, anchor="start", fontSize=13, fontWeight="normal", color=INK)
    return alt.layer(cells, frames, text).properties(
        width=_SIDE * len(columns), height=_SIDE * len(names) * 0.7, title=title
    )


def _row(name: str, column: str, cell: Cell) -> dict[str, str | float | bool]:
    return {
        "row": name,
        "column": column,
        "text": cell.text,
        "colour": _COLOURS[cell.shade],
        "strength": 0.62 * float(cell.strength) / 100,
        "unsure": cell.is_uncertain,
    }
