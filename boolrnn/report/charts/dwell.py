"""The charts of dwell: how long signs stay, and how often each neuron flips."""

from boolrnn.graph.dwell import Dwell
from boolrnn.report.charts import Chart, chart, charts, columns_of, first_rows, table_of, told
from boolrnn.report.charts.marks import NETWORK, level, number, plane, ranked_bars, span, tooltip, values_of


@charts.register
def _(result: Dwell) -> list[Chart]:
    """Dwells, then neurons."""
    return [_dwells(result), _neurons(result)]


def _dwells(result: Dwell) -> Chart:
    table, cut = first_rows(table_of(result, "dwells"))
    mark = {"type": "point", "filled": True, "size": 26, "opacity": 0.8, "color": NETWORK}
    x = number("steps", "steps between two flips", **span(values_of(table, "steps")))
    y = number("count", "dwells", **span(values_of(table, "count")))
    spec = plane({"mark": mark | {"tooltip": tooltip(table)}, "encoding": {"x": x, "y": y}})
    definition = told(
        "A dwell is the number of steps between two consecutive flips of one neuron: how many there are of "
        "each length, all neurons together",
        f"{result.window}, {result.source}",
        "what the window cuts off at its ends is left out",
        f"{result.variant}",
        cut,
    )
    empty = None if len(table.rows) else "no complete dwell" if result.flips else "no flips"
    return chart(result, "dwells", "How long signs stay", definition, table, spec, empty=empty)


def _neurons(result: Dwell) -> Chart:
    whole, cut = first_rows(table_of(result, "neurons"))
    table = columns_of(whole, "neuron", "flips", "rate", "class", "mean dwell", "median", "longest")
    spec = ranked_bars(table, "flips", "rank of the neuron", "flips")
    half = result.steps / 2
    if values_of(table, "flips") and max(values_of(table, "flips")) > half / 2:
        spec["layer"] += level(half, "half of the steps")
    definition = told(
        f"Steps at which a neuron's sign differs from the one before, of {result.steps:,}; most flips first",
        f"{result.window}, {result.source}",
        cut,
    )
    empty = None if result.flips else "no flips"
    return chart(result, "neurons", "Flips of each neuron", definition, table, spec, empty=empty)
