"""The charts of margins: |z| of network and automaton on the verb's bins, and every neuron's mean."""

from boolrnn.check.margins import Margins
from boolrnn.report.charts import Chart, chart, charts, first_rows, table_of, told
from boolrnn.report.charts.marks import (
    INK,
    NETWORK,
    PAPER,
    bins,
    category,
    fold,
    number,
    paired,
    plane,
    rank_axis,
    ranks,
    span,
    tally,
    told_apart,
    tooltip,
    values_of,
)


@charts.register
def _(result: Margins) -> list[Chart]:
    """The distribution, then the neurons."""
    return [_bins(result), _neurons(result)]


def _bins(result: Margins) -> Chart:
    table = table_of(result, "bins")
    names = ("float network", "automaton")
    edges = [f"{low:g}" for low in result.bin_low.tolist()]
    y = tally("value", "neuron-steps", values_of(table, *names))
    spec = plane(
        {
            "mark": {"type": "bar", "strokeWidth": 1.2, "tooltip": tooltip(table)},
            "encoding": {"x": category("bin", "|z|", angle=-45), "y": y} | paired(names, "series"),
        },
        transform=[bins("from", "to"), fold(*names)],
    )
    definition = told(
        "How many sums z of neurons lie how far from the threshold 0: the float network's (filled), and the "
        "automaton's on its own trajectory (light)",
        f"{result.count:,} neuron-steps each, {result.window}, {result.arithmetic}",
        f"a bin holds its lower end; {len(edges)} bins of unequal width",
    )
    empty = None if result.count else "no positions"
    return chart(result, "bins", "Margins of network and automaton", definition, table, spec, empty=empty)


def _neurons(result: Margins) -> Chart:
    table, cut = first_rows(table_of(result, "neurons"))
    known = values_of(table, "mean", "least")
    positive = [value for value in known if value > 0]
    y = number("value", "margin |z|", **span(positive))
    spec = plane(
        {
            "mark": {"type": "point", "filled": True, "size": 22, "stroke": PAPER, "strokeWidth": 0.4,
                     "tooltip": tooltip(table)},
            "encoding": {"x": rank_axis(len(table.rows), "rank of the neuron by mean margin"), "y": y}
            | told_apart(("mean", "least"), "series", (NETWORK, INK)),
        },
        transform=[*ranks(), fold("mean", "least"), {"filter": "datum.value > 0"}],
    )  # fmt: skip
    left = len(known) - len(positive)
    definition = told(
        "Mean and least |z| of every neuron of the float network, neurons with the smallest mean first",
        f"{result.window}, {result.arithmetic}",
        f"{left:,} value{'s' * (left != 1)} of exactly 0 not drawn" if left else None,
        cut,
    )
    empty = None if positive else "no positions" if not known else "every margin is 0"
    return chart(result, "neurons", "Margin of each neuron", definition, table, spec, empty=empty)
