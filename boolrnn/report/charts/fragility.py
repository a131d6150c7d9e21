"""The chart of fragility: how many flips of the state before change a bit."""

from boolrnn.clauses.fragility import MAP, PREDICTIONS, Fragility
from boolrnn.report.charts import Chart, chart, charts, first_rows, table_of, told
from boolrnn.report.charts.marks import AUTOMATON, bar_axis, plane, tally, tooltip, values_of

_PARTS = {
    MAP: (
        "distances",
        "How many flips change a bit",
        "The fewest bits of states[t - 1] whose flips change a neuron's bit of states[t], over all neurons "
        "and all t from 1 on",
    ),
    PREDICTIONS: (
        "predictions",
        "How many flips change the prediction",
        "The fewest of a state's own bits whose flips make another output the largest, over all positions",
    ),
}


@charts.register
def _(result: Fragility) -> list[Chart]:
    """Of maps only: an answer about one position is no distribution."""
    if result.asks not in _PARTS:
        return []
    part, title, words = _PARTS[result.asks]
    table, cut = first_rows(table_of(result, "distances"))
    what = table.columns[1].name
    ends = [int(value) for value in values_of(table, "flips")] or [1]
    x = bar_axis("left", "fewest flips", min(ends), max(ends))
    y = tally(what, what, values_of(table, what))
    bar = {"type": "bar", "color": AUTOMATON, "tooltip": tooltip(table)}
    sides = [
        {"calculate": "datum.flips - 0.42", "as": "left"},
        {"calculate": "datum.flips + 0.42", "as": "right"},
    ]
    channels = {"x": x, "x2": {"field": "right"}, "y": y, "y2": {"datum": 0}}
    spec = plane({"mark": bar, "encoding": channels}, transform=sides)
    never = result.cells_never or 0
    definition = told(
        words,
        f"{never:,} {what} that no set of flips changes: not drawn" if never else None,
        f"{result.positions or 0:,} positions; states: {result.states}",
        result.note,
        "interrupted: what was finished" if result.interrupted else None,
        cut,
    )
    empty = None if len(table.rows) else "no set of flips changes any" if never else "no positions"
    return [chart(result, part, title, definition, table, spec, empty=empty)]
