"""The charts of agreement: what predicting costs, equal signs along the text, wrong bits by margin."""

import numpy as np

from boolrnn.check.agreement import Agreement
from boolrnn.report.charts import (
    MOST,
    Chart,
    block_length,
    block_means,
    chart,
    charts,
    columns_of,
    table_of,
    told,
)
from boolrnn.report.charts.marks import (
    AUTOMATON,
    INK,
    NETWORK,
    NEUTRAL,
    bins,
    category,
    counted_axis,
    named,
    number,
    plane,
    told_apart,
    tooltip,
    values_of,
)
from boolrnn.report.sheets import Column, Table

_WIDTH = 25  # dots under the line's mean
_SERIES = (("one step", "one step"), ("free run", "free run"))


@charts.register
def _(result: Agreement) -> list[Chart]:
    """Costs first; then where signs part, and when a margin is enough."""
    return [_bpc(result), _along(result), _calibration(result)]


def _bpc(result: Agreement) -> Chart:
    """Who predicts, and from whose states, is in the names; colours only repeat it."""
    table = columns_of(table_of(result, "bits per character"), called={"": "meaning"})
    names = [row[0] for row in table.rows]
    colours = [NETWORK, NETWORK, AUTOMATON, AUTOMATON, NEUTRAL]
    y = category("predictor", None, names)
    room = 1.3 * max([*values_of(table, "bpc"), 1e-9])  # for the number after the longest bar
    x = number("bpc", "bits per character", scale={"domain": [0, room], "nice": False}, axis={"tickCount": 6})
    whose = {"field": "predictor", "type": "nominal", "legend": None,
             "scale": {"domain": names, "range": colours}}  # fmt: skip
    bar = {"type": "bar", "height": {"band": 0.7}, "tooltip": tooltip(table)}
    label = {"type": "text", "align": "left", "dx": 5, "color": INK}
    text = {"field": "bpc", "type": "quantitative", "format": ".4f"}
    spec = plane(
        {"mark": bar, "encoding": {"color": whose}},
        {"mark": label, "encoding": {"text": text}, "transform": [{"filter": "isValid(datum.bpc)"}]},
        height=150,
        encoding={"y": y, "x": x},
    )
    definition = told(
        "Mean over the positions of -log2 of the probability given to the symbol that follows",
        f"{result.window}, {result.arithmetic}, softmax in float64",
        "float: the network; sign readout: its signs in place of its hidden values; one step: the automaton "
        "from the network's signs one position before; free run: the automaton on its own; bias only: "
        "nothing but the output biases",
    )
    empty = None if values_of(table, "bpc") else "no costs: this net does not predict the next symbol here"
    return chart(result, "bpc", "What predicting costs", definition, table, spec, empty=empty)


def _along(result: Agreement) -> Chart:
    """Dots of the positions (of blocks of them, in a long text), and their running mean as a line."""
    step = block_length(len(result.t), MOST)
    if step > 1:
        table = _blocks(result, step)
    else:
        table = columns_of(table_of(result, "positions"), "t", "one step", "free run")
    x = counted_axis("t", f"position t{f' (first of {step:,})' if step > 1 else ''}", values_of(table, "t"))
    y = number("value", "equal signs", scale={"domain": [0, 1]}, axis={"format": "~%"})
    mean = {"window": [{"op": "mean", "field": "value", "as": "mean"}],
            "frame": [-(_WIDTH // 2), _WIDTH // 2], "groupby": ["series"]}  # fmt: skip
    names = [name for _, name in _SERIES]
    dots = {"type": "point", "filled": True, "size": 9, "opacity": 0.3, "tooltip": tooltip(table)}
    apart = told_apart(names, "series", (NETWORK, AUTOMATON), lines=True)
    spec = plane(
        {"mark": dots, "encoding": {"y": y, "color": apart["color"]}},
        {"mark": {"type": "line"}, "encoding": {"y": y | {"field": "mean"}} | apart},
        transform=[*named(_SERIES), mean],
        encoding={"x": x},
    )
    dot = "a dot is a position" if step == 1 else f"a dot is the mean of {step:,} positions"
    definition = told(
        "Share of the neurons whose sign is the same in network and automaton",
        "one step: the automaton takes each step from the network's signs (from t = 1 on); free run: it "
        "goes on from its own states",
        f"{dot}, the line the mean of {_WIDTH} dots, fewer at the ends",
        f"{result.window}, {result.arithmetic}",
    )
    empty = None if values_of(table, "one step", "free run") else "no positions"
    return chart(result, "positions", "Equal signs along the text", definition, table, spec, empty=empty)


def _blocks(result: Agreement, step: int) -> Table:
    """Exact means of `step` positions each; the last block may be shorter."""
    first = np.arange(0, len(result.t), step)
    last = np.minimum(first + step, len(result.t)) - 1
    rows = zip(
        result.t[first].tolist(),
        result.t[last].tolist(),
        block_means(result.t_one_step, step).tolist(),
        block_means(result.t_free_run, step).tolist(),
    )
    columns = (Column("t", "d"), Column("to", "d"), Column("one step", ".1%"), Column("free run", ".1%"))
    return Table("positions", columns, list(rows))


def _calibration(result: Agreement) -> Chart:
    table = table_of(result, "calibration")
    room = 1.12 * max([*values_of(table, "share wrong"), 1e-3])
    x = category("bin", "margin |z| of the network", angle=-45)
    y = number("share wrong", "wrong one-step bits", axis={"format": "~%"}, scale={"domain": [0, room]})
    bar = {"type": "bar", "color": AUTOMATON, "tooltip": tooltip(table)}
    label = {"type": "text", "baseline": "bottom", "dy": -3, "color": INK}
    text = {"field": "share wrong", "type": "quantitative", "format": ".2%"}
    spec = plane(
        {"mark": bar},
        {"mark": label, "encoding": {"text": text}},
        transform=[bins("margin from", "to"), {"filter": "isValid(datum['share wrong'])"}],
        encoding={"x": x, "y": y},
    )
    definition = told(
        "Of the bits at which the network's margin lies in a bin, the share that one step of the automaton "
        "from the network's signs gives the other sign",
        f"positions 1..{result.positions - 1}, {result.arithmetic}",
        "bins are of unequal width; those without bits are left out",
    )
    empty = None if values_of(table, "share wrong") else "no positions with a state before them"
    return chart(result, "calibration", "Wrong bits by margin", definition, table, spec, empty=empty)
