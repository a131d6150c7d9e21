"""The figure of reason: the state with the bits that matter, and the sizes of all sets."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.clauses.answer import UNSAT
from boolrnn.clauses.reason import ALL, Reason
from boolrnn.model.corpus import show_symbol
from boolrnn.report.figures import AUTOMATON, FLOAT, blank, draw, whole
from boolrnn.report.figures.cells import cells, shape


@draw.register
def _(result: Reason) -> Figure:
    """The state as cells, coloured where a neuron is in the set; sizes of reasons and their duals."""
    every = result.kind == ALL
    columns, rows = shape(len(result.state))
    high = max(1.0 + 5.4 * rows / columns, 3.2 if every else 2.0)
    figure = Figure(figsize=(9.6 if every else 5.6, min(high, 6.0)), layout="constrained")
    grid = figure.add_gridspec(1, 2 if every else 1)
    state = figure.add_subplot(grid[0])
    shown = result.witness_flips if result.contrastive else result.witness_neurons
    marked = np.empty(0, np.int64) if shown is None else shown
    cells(state, result.state, marked)
    state.set_title(
        _title(result, None if shown is None else len(shown)), loc="left", fontsize=10, parse_math=False
    )
    state.set_xlabel(
        "neurons row by row, h0 first; in colour: the set, blue + is 1, orange - is 0", fontsize=8
    )
    if every:
        _sizes(figure.add_subplot(grid[1]), result)
    return figure


def _title(result: Reason, count: int | None) -> str:
    name = show_symbol(result.outcome, result.alphabet) if result.symbols_predicted else result.outcome
    what = f"predicts {name}" if result.bit is None else f"h{result.bit} is {result.outcome}"
    if result.steps:
        what += f", {result.steps:,} step{'s' * (result.steps != 1)} on"
    if count is None:
        none = "nothing can change it" if result.verdict == UNSAT else "no set was found"
        return f"states[{result.at}], {what}: {none}"
    verb = "flips change it" if result.contrastive else "bits force it"
    if count == 1:
        verb = "flip changes it" if result.contrastive else "bit forces it"
    return f"states[{result.at}], {what}: {count:,} of {len(result.state):,} {verb}"


def _sizes(axis: Axes, result: Reason) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title("sets by size" + ("" if result.complete else " (not all)"), loc="left", fontsize=10)
    pairs = (
        (result.reason_offsets, "reasons", FLOAT, -0.2, ""),
        (result.contrast_offsets, "contrastive sets", AUTOMATON, 0.2, "///"),
    )
    found = [
        (np.diff(offsets), *rest) for offsets, *rest in pairs if offsets is not None and len(offsets) > 1
    ]
    if not found:
        blank(axis, "none")
        return
    for sizes, name, colour, shift, hatch in found:
        size, count = np.unique(sizes, return_counts=True)
        label = f"{name}: {len(sizes):,}"
        axis.bar(size + shift, count, 0.4, color=colour, hatch=hatch, edgecolor="white", label=label)
    axis.set_ylim(0, 1.4 * float(axis.dataLim.ymax))  # room for the legend
    axis.legend(loc="upper left", frameon=False)
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(whole())
    axis.set_xlabel("neurons in the set")
