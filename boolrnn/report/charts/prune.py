"""The chart of prune: what zeroing the smallest weights of a matrix costs."""

from boolrnn.explain.prune import Prune
from boolrnn.report.charts import Chart, chart, charts, table_of, told
from boolrnn.report.charts.marks import (
    AUTOMATON,
    INK,
    NETWORK,
    level,
    number,
    plane,
    series,
    span,
    told_apart,
    tooltip,
    values_of,
)
from boolrnn.report.sheets import Column, Table

_MATRICES = ("wh", "wx", "wy")


@charts.register
def _(result: Prune) -> list[Chart]:
    """bpc against the share zeroed; hollow marks move with the arithmetic."""
    table = _cuts(result)
    values = values_of(table, "bpc") + ([] if result.baseline is None else [result.baseline])
    x = number("zeroed %", "entries zeroed, %", scale={"domain": [0, 100]})
    y = number("bpc", "bits per character", **span(values))
    shapes = told_apart(_MATRICES, "matrix", (NETWORK, AUTOMATON, INK))
    sure = {"condition": {"test": "datum.stable === 'yes'", "value": 1}, "value": 0}
    mark = {"type": "point", "filled": True, "size": 34, "opacity": 1, "strokeWidth": 1.3, "strokeOpacity": 1}
    spec = plane(
        {
            "mark": {"type": "line", "strokeWidth": 1.2},
            "encoding": {"x": x, "y": y, "color": shapes["color"]},
        },
        {
            "mark": mark | {"tooltip": tooltip(table)},
            "encoding": {"x": x, "y": y, "fillOpacity": sure}
            | shapes
            | series(_MATRICES, "matrix", "stroke", (NETWORK, AUTOMATON, INK)),
        },
        *level(result.baseline, "nothing zeroed", side="left", below=True),
    )
    definition = told(
        "Entries of one matrix with |w| under a threshold set to 0, the network run again from h = 0; "
        "hollow: float64 gives a figure more than 1e-4 away",
        f"{result.window}, {result.arithmetic}",
    )
    empty = None if values_of(table, "bpc") else "no figures of the network"
    title = "What pruned weights cost"
    return [chart(result, "zeroed", title, definition, table, spec, empty=empty)]


def _cuts(result: Prune) -> Table:
    """The verb's tables of the three matrices, one below the other."""
    rows = []
    for name in _MATRICES:
        if getattr(result, f"{name}_threshold") is not None:
            rows += [(name, *row) for row in table_of(result, name).rows]
    formats = (("threshold", ".4g"), ("zeroed %", ".2f"), ("bpc", ".4f"), ("delta", "+.4f"), ("stable", ""))
    return Table("pruned", (Column("matrix"), *(Column(*each) for each in formats)), rows)
