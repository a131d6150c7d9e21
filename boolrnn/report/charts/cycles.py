"""The charts of cycles: by input the periods, and the transients beside those of a random mapping."""

from boolrnn.graph.cycles import Cycles
from boolrnn.report.charts import Chart, chart, charts, columns_of, first_rows, table_of, told
from boolrnn.report.charts.marks import (
    AUTOMATON,
    INK,
    PAPER,
    category,
    fold,
    number,
    plane,
    span,
    told_apart,
    tooltip,
    values_of,
)


@charts.register
def _(result: Cycles) -> list[Chart]:
    """Where it ends, then how long that takes."""
    return [_periods(result), _transients(result)]


def _stopped(result: Cycles) -> str | None:
    if result.interrupted:
        return "interrupted: what was finished"
    return "the budget ended first: some starts have not come to their cycles" if result.undecided else None


def _starts(result: Cycles) -> str:
    every = "every state" if result.complete else "random states"
    return f"{result.starts:,} start{'s' * (result.starts != 1)}, {every}"


def _angle(names: list[str]) -> int:
    """Few short names lie flat."""
    return 0 if sum(len(name) + 1 for name in names) <= 40 else -90


def _periods(result: Cycles) -> Chart:
    whole, cut = first_rows(table_of(result, "cycles"))
    table = columns_of(whole, "input", "period", "basin", "share", "active bits")
    names = [row[0] for row in table_of(result, "inputs").rows]
    y = number("period", "period, steps", **span(values_of(table, "period")))
    size = {"field": "share", "type": "quantitative", "legend": None,
            "scale": {"domain": [0, 1], "range": [12, 220 if len(names) <= 40 else 90]}}  # fmt: skip
    mark = {"type": "point", "filled": True, "color": AUTOMATON, "opacity": 0.7, "stroke": PAPER,
            "strokeWidth": 0.5, "tooltip": tooltip(table)}  # fmt: skip
    x = category("input", "input read for ever", names, angle=_angle(names))
    spec = plane({"mark": mark, "encoding": {"x": x, "y": y, "size": size}})
    definition = told(
        "The period of every cycle that was found while one input is read for ever; the area of a disc is "
        "the share of the starts that end there",
        _starts(result),
        None if result.complete else "a short cycle that few states lead to is not found this way",
        _stopped(result),
        cut,
    )
    empty = None if len(table.rows) else "no start came to its cycle"
    return chart(result, "periods", "Periods by input", definition, table, spec, empty=empty)


def _transients(result: Cycles) -> Chart:
    fields = ("mean transient", "expected mean")
    table = columns_of(table_of(result, "inputs"), "input", "resolved", "visited", *fields)
    names = [row[0] for row in table.rows]
    y = number("value", "steps before the cycle", **span(values_of(table, *fields)))
    mark = {"type": "point", "filled": True, "size": 45, "opacity": 0.85, "tooltip": tooltip(table)}
    x = category("input", "input read for ever", names, angle=_angle(names))
    spec = plane(
        {"mark": mark, "encoding": {"x": x, "y": y} | told_apart(fields, "series", (AUTOMATON, INK))},
        transform=[fold(*fields), {"filter": "isValid(datum.value)"}],
    )
    definition = told(
        "Mean number of steps from a start to its cycle; expected mean: that of the uniformly random mapping "
        "which such walks look like",
        _starts(result),
        _stopped(result),
    )
    empty = None if values_of(table, *fields) else "no start came to its cycle"
    return chart(result, "transients", "Transients by input", definition, table, spec, empty=empty)
