"""The figure of cycles: periods and basins by input, transients, and what a random mapping would give."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.graph.cycles import OPEN, Cycles
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, draw, panels
from boolrnn.report.sheets.cycles import labels


@draw.register
def _(result: Cycles) -> Figure:
    """One column per input; the area of a period's disc is its basin's share of the starts."""
    figure, (periods, transients, expected) = panels(3)
    names, counts = labels(result), np.diff(result.cycle_offsets)
    owner = np.repeat(np.arange(len(names)), counts)
    area = 4 + 90 * result.cycle_basin / result.starts
    periods.scatter(owner, result.cycle_period, s=area, color=AUTOMATON, alpha=0.7, linewidths=0)
    periods.set_title("periods (area: share of the starts)", loc="left")
    done = [row[row != OPEN] for row in result.transients]
    for k, row in enumerate(done):
        transients.plot(np.full(len(row), k), np.maximum(row, 0.8), ".", markersize=3, color=FLOAT)
    transients.set_title("transients of all starts (0 is drawn at 0.8)", loc="left")
    for axis in (periods, transients):
        if len(owner):
            axis.set_yscale("log")
        if len(names) <= 60:
            axis.set_xticks(range(len(names)), names, rotation=90, fontsize=5 if len(names) > 25 else 8)
        else:
            axis.set_xlabel("input, in the order asked for")
    _against_random(result, done, expected)
    figure.suptitle(result.verdict, x=0.01, ha="left")
    return figure


def _against_random(result: Cycles, done: list[np.ndarray], axis: Axes) -> None:
    """Mean transient and mean period of the starts against the random mapping's expectation."""
    means = np.array([row.mean() if len(row) else np.nan for row in done])
    number = result.start_cycle + result.cycle_offsets[:-1, None]
    own = np.where(result.start_cycle == OPEN, np.nan, 0.0)
    if len(result.cycle_period):
        own = own + result.cycle_period[np.clip(number, 0, len(result.cycle_period) - 1)]
    mean_period = np.array([np.nanmean(row) if np.isfinite(row).any() else np.nan for row in own])
    for values, name, marker, colour in (
        (means, "mean transient", ".", FLOAT),
        (mean_period, "mean period", "^", AUTOMATON),
    ):
        shown = np.isfinite(values) & (values > 0) & np.isfinite(result.expected)
        axis.plot(result.expected[shown], values[shown], marker, color=colour, label=name)
    usable = result.expected[np.isfinite(result.expected) & (result.expected > 0)]
    if len(usable):
        ends = [usable.min(), usable.max()]
        axis.plot(ends, ends, color=NEUTRAL, label="as a random mapping")
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.legend(frameon=False)
    axis.set_title("against a random mapping", loc="left")
    axis.set_xlabel("expected from the states visited")
