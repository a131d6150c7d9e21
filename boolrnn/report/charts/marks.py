"""What charts are drawn with: pieces of Vega-Lite specifications, in the words of this package.

Series are told apart by colour and by shape or dash. A mark's tooltip lists every column of its row, with
numbers as the terminal writes them; what is missing is a dash there and a gap in a line.
"""

import math
from collections.abc import Sequence
from typing import Any

from boolrnn.report.sheets import Column, Table

INK, FAINT, PAPER = "var(--ink)", "var(--faint)", "var(--paper)"
NETWORK, AUTOMATON, NEUTRAL = "var(--network)", "var(--automaton)", FAINT
HEIGHT = 220  # pixels of the plane of a chart
COLOURS = (NETWORK, AUTOMATON, INK, FAINT)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
SHAPES = ("circle", "triangle-up", "square", "diamond")
Spec = dict[str, Any]
ONCE: Spec = {"values": [{}]}  # data of what is drawn once, whatever the rows are
_FEW = 6  # whole numbers on an axis that all have their tick
_MANY = 40  # names on an axis: some of more are left out where they would overlap
_WIDE = 50.0  # of positive values that differ by more than this factor the scale is logarithmic


def values_of(table: Table, *names: str) -> list[float]:
    """The finite numbers in these columns."""
    heads = [column.name for column in table.columns]
    at = [heads.index(name) for name in names]
    cells = (row[k] for row in table.rows for k in at)
    return [float(v) for v in cells if isinstance(v, int | float) and math.isfinite(v)]


def plane(*layers: Spec, height: int = HEIGHT, **more: Any) -> Spec:
    """Layers on one plane, as wide as the page gives."""
    return {"width": "container", "height": height, "layer": list(layers)} | more


def format_of(spec: str) -> str:
    """Python's format in the letters that Vega uses: g drops zeros at the end in Python only."""
    if spec.endswith("g"):
        return (spec[:-1] if "." in spec else f"{spec[:-1]}.6") + "~g"
    return spec


def tooltip(table: Table) -> Spec:
    """What a mark tells: {name: value} over the columns, as an expression."""
    return {"expr": "{" + ", ".join(f"'{c.name}': {_shown(c, table)}" for c in table.columns) + "}"}


def _shown(column: Column, table: Table) -> str:
    """An expression of a cell as the terminal shows it."""
    at, cell = table.columns.index(column), f"datum['{column.name}']"
    kinds = {type(row[at]) for row in table.rows if row[at] is not None}
    if bool in kinds:
        text = f"{cell} ? 'yes' : 'no'"
    elif kinds & {int, float}:
        whole = kinds == {int}
        form = ",d" if whole and column.spec in ("", ",.6g", "g") else format_of(column.spec)
        text = f"isNumber({cell}) ? format({cell}, '{form}') : {cell}"
    else:
        text = f"'' + {cell}"
    return f"isValid({cell}) ? ({text}) : '–'"


def number(field: str, title: str, **more: Any) -> Spec:
    """A channel of numbers: the field, the axis title (with its unit), and `scale`, `axis` and so on."""
    return {"field": field, "type": "quantitative", "title": title} | more


def counted_axis(field: str, title: str, values: Sequence[float], **scale: Any) -> Spec:
    """An axis of whole numbers that reaches as far as these values; few of them all have their tick."""
    axis: Spec = {"format": ",d", "tickMinStep": 1, "grid": False}
    if values and max(values) - min(values) < _FEW:
        axis["values"] = list(range(int(min(values)), int(max(values)) + 1))
    return number(field, title, axis=axis, scale={"zero": False, "nice": False} | scale)


def category(
    field: str, title: str | None, names: Sequence[str] | None = None, *, angle: int | None = None
) -> Spec:
    """An axis of names: these, in this order, also where no row has one (absent: those of the rows)."""
    axis: Spec = {"grid": False, "labelOverlap": len(names or ()) > _MANY, "labelLimit": 140}
    if angle is not None:
        axis["labelAngle"] = angle
    order = {"sort": None} if names is None else {"scale": {"domain": list(names)}}
    return {"field": field, "type": "nominal", "title": title, "axis": axis} | order


def tally(field: str, title: str, values: Sequence[float]) -> Spec:
    """A channel of counts, from 0."""
    form = ",d" if max(values, default=0) < 1e6 else "~s"
    return number(field, title, axis={"format": form, "tickMinStep": 1}, scale={"zero": True})


def span(values: Sequence[float]) -> Spec:
    """`scale` and `axis` for these values: logarithmic where they are positive and far apart, with 0 and
    a root-like bend where some are 0 and others far above it, else linear from 0."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low > 0 and high > _WIDE * low:
        half = max(0.06 * (math.log(high) - math.log(low)), 0.05)
        domain = [max(low * math.exp(-half), 1e-300), min(high * math.exp(half), 1e300)]
        return {
            "scale": {"type": "log", "domain": domain, "nice": False},
            "axis": {"values": ticks(*domain), "format": ",.6~g"},
        }
    if low == 0 and high > 20 * _WIDE:
        marks = [0, *ticks(1.0, high)]
        return {
            "scale": {"type": "symlog", "constant": 1, "nice": False, "domain": [0, high * 1.15]},
            "axis": {"values": marks, "format": ",.6~g"},
        }
    return {"scale": {"zero": True}}


def ticks(low: float, high: float) -> list[float]:
    """A few round numbers on a logarithmic scale between two values."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = math.log10(high) - math.log10(low)
    factors = (1, 2, 5) if decades < 2 else (1, 3) if decades < 3 else (1,)
    every = max(1, math.ceil(decades / 6))
    powers = [k for k in range(first, last + 1) if k % every == 0]
    found = [factor * 10.0**k for k in powers for factor in factors]
    return [value for value in found if low <= value <= high]


def series(names: Sequence[str], field: str, channel: str, values: Sequence[Any], **legend: Any) -> Spec:
    """How the values of `field` are told apart on a channel; legends of one field become one."""
    scale = {"domain": list(names), "range": list(values)[: len(names)]}
    key = {"symbolOpacity": 1} | legend
    return {channel: {"field": field, "type": "nominal", "scale": scale, "title": None, "legend": key}}


def told_apart(
    names: Sequence[str], field: str, colours: Sequence[str] = COLOURS, lines: bool = False
) -> Spec:
    """Colour, and dash (of lines) or shape (of points), for every series."""
    if not lines:
        return series(names, field, "color", colours) | series(names, field, "shape", SHAPES)
    stroke = {"symbolType": "stroke", "symbolSize": 240}
    return series(names, field, "color", colours, **stroke) | series(
        names, field, "strokeDash", DASHES, **stroke
    )


def fold(*names: str) -> Spec:
    """One row per series: its name in `series`, its value in `value`."""
    return {"fold": list(names), "as": ["series", "value"]}


def named(fields: Sequence[tuple[str, str]]) -> list[Spec]:
    """Like fold, with names for the reader: pairs of (column, name)."""
    words = ": ".join(f"datum.series === '{field}' ? '{name}'" for field, name in fields)
    return [
        fold(*(field for field, _ in fields)),
        {"calculate": f"{words} : datum.series", "as": "series"},
    ]


def level(value: float | None, words: str, *, side: str = "right", below: bool = False) -> list[Spec]:
    """A dashed line at a value, with its name on it (or below it); nothing where there is none."""
    if value is None or not math.isfinite(value):
        return []
    place = {"value": "width"} if side == "right" else {"value": 4}
    text = {"type": "text", "text": words, "color": FAINT, "align": side}
    text |= {"baseline": "top", "dy": 4} if below else {"baseline": "bottom", "dy": -3}
    line = {"type": "rule", "color": FAINT, "strokeDash": [4, 3], "size": 1}
    return [
        {"data": ONCE, "mark": line, "encoding": {"y": {"datum": value}}},
        {"data": ONCE, "mark": text, "encoding": {"y": {"datum": value}, "x": place}},
    ]


def ranks() -> list[Spec]:
    """The rows' own order as `rank` (from 1), and the two sides of a bar there."""
    return [
        {"window": [{"op": "row_number", "as": "rank"}]},
        {"calculate": "datum.rank - 0.42", "as": "left"},
        {"calculate": "datum.rank + 0.42", "as": "right"},
    ]


def bar_axis(field: str, title: str, first: int, last: int) -> Spec:
    """The axis of bars at whole numbers, with room for a few: one bar alone is no wall."""
    domain = [first - 0.5, max(last, first + _FEW - 1) + 0.5]
    return counted_axis(field, title, [float(first), float(last)], domain=domain)


def rank_axis(count: int, title: str) -> Spec:
    """The axis of ranks 1..count."""
    return bar_axis("rank", title, 1, count)


def ranked_bars(table: Table, field: str, x_title: str, y_title: str, color: str = NETWORK, **y: Any) -> Spec:
    """A bar per row, in the table's order: of any number of rows, each as wide as there is room."""
    bar = {"type": "bar", "color": color, "tooltip": tooltip(table)}
    x = rank_axis(len(table.rows), x_title) | {"field": "left"}
    channels = {"x": x, "x2": {"field": "right"}, "y": number(field, y_title, **y), "y2": {"datum": 0}}
    return plane({"mark": bar, "encoding": channels}, transform=ranks())


def bins(low: str, high: str) -> Spec:
    """The name of a bin, in `bin`: an open one has no upper end."""
    upper = f"datum['{high}']"
    return {
        "calculate": f"format(datum['{low}'], ',.6~g') + "
        f"(isValid({upper}) ? '–' + format({upper}, ',.6~g') : ' and more')",
        "as": "bin",
    }


def paired(names: Sequence[str], field: str) -> Spec:
    """Two bars side by side: the first full, the second light with an edge."""
    full = {"test": f"datum.{field} === '{names[0]}'", "value": 1}
    return {
        **series(names, field, "color", COLOURS),
        **series(names, field, "stroke", COLOURS),
        "fillOpacity": {"condition": full, "value": 0.25},
        "xOffset": {"field": field, "type": "nominal", "sort": list(names)},
    }


def profile(
    table: Table, at: str, field: str, x_title: str, y_title: str, color: str = NETWORK, **y: Any
) -> Spec:
    """A line with a mark at every row; values from 0."""
    x = counted_axis(at, x_title, values_of(table, at))
    height = number(field, y_title, **({"scale": {"zero": True}} | y))
    mark = {"type": "line", "color": color, "point": {"color": color, "size": 24}}
    return plane({"mark": mark}, catch(table), encoding={"x": x, "y": height})


def catch(table: Table, **encoding: Any) -> Spec:
    """Unseen points that are easy to hit: what they tell is the row's."""
    mark = {"type": "point", "filled": True, "opacity": 0, "size": 160, "tooltip": tooltip(table)}
    return {"mark": mark, "encoding": encoding}
