"""The figure of cycles: periods and basins by input, transients, and what a random mapping would give."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.graph.cycles import OPEN, Cycles
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic
from boolrnn.report.sheets.cycles import labels

_WIDTH = 4.2  # inches of a panel of few inputs
_MOST = 10.0  # ... and of one of many
_PITCH = 0.14  # inches between two labels
_LONGEST = 14  # characters of a label


@draw.register
def _(result: Cycles) -> Figure:
    """One column per input; the area of a period's disc is its basin's share of the starts."""
    names = [_short(name) for name in labels(result)]
    wide = float(np.clip(_PITCH * len(names) + 0.8, _WIDTH, _MOST))
    figure = Figure(figsize=(2 * wide + _WIDTH, 3.4), layout="constrained")
    grid = figure.add_gridspec(1, 3, width_ratios=(wide, wide, _WIDTH))
    periods, transients, expected = (figure.add_subplot(grid[k]) for k in range(3))
    for axis in (periods, transients, expected):
        axis.spines[["top", "right"]].set_visible(False)
    done = [row[row != OPEN] for row in result.transients]
    _periods(periods, result, names)
    _transients(transients, done, names)
    _against_random(result, done, expected)
    figure.suptitle(result.verdict, x=0.01, ha="left")
    return figure


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _periods(axis: Axes, result: Cycles, names: list[str]) -> None:
    axis.set_title("periods (area: share of the starts)", loc="left")
    if not len(result.cycle_period):
        blank(axis, "no start came to its cycle")
        return
    owner = np.repeat(np.arange(len(names)), np.diff(result.cycle_offsets))
    area = 4 + 90 * result.cycle_basin / result.starts
    axis.scatter(owner, result.cycle_period, s=area, color=AUTOMATON, alpha=0.7, linewidths=0)
    logarithmic(axis, "y", result.cycle_period)
    _inputs(axis, names)


def _transients(axis: Axes, done: list[np.ndarray], names: list[str]) -> None:
    axis.set_title("transients of all starts (0 is drawn at 0.8)", loc="left")
    owner, values = np.repeat(np.arange(len(done)), [len(row) for row in done]), np.concatenate(done)
    if not len(values):
        blank(axis, "no start came to its cycle")
        return
    shown = np.maximum(values, 0.8)
    axis.plot(owner, shown, ".", markersize=3, color=FLOAT)
    logarithmic(axis, "y", shown)
    _inputs(axis, names)


def _inputs(axis: Axes, names: list[str]) -> None:
    """A column per input; of many inputs every k-th has its label."""
    every = int(np.ceil(len(names) * _PITCH / (_MOST - 0.8)))
    axis.set_xticks(range(0, len(names), every), names[::every], rotation=90, fontsize=8, parse_math=False)
    axis.set_xlim(-0.8, len(names) - 0.2)
    if every > 1:
        axis.set_xlabel(f"input: one label in {every}")


def _against_random(result: Cycles, done: list[np.ndarray], axis: Axes) -> None:
    """Mean transient and mean period of the starts against the random mapping's expectation."""
    axis.set_title("against a random mapping", loc="left")
    means = np.array([row.mean() if len(row) else np.nan for row in done])
    series = ((means, "mean transient", ".", FLOAT), (_mean_periods(result), "mean period", "^", AUTOMATON))
    known = np.isfinite(result.expected) & (result.expected > 0)
    drawn = []
    for values, name, marker, colour in series:
        shown = known & np.isfinite(values) & (values > 0)
        axis.plot(result.expected[shown], values[shown], marker, markersize=4, color=colour, label=name)
        drawn.append(np.stack([result.expected[shown], values[shown]]))
    x, y = np.concatenate(drawn, axis=1)
    if not len(x):
        blank(axis, "nothing to compare")
        return
    logarithmic(axis, "x", x)
    low, high = axis.get_xlim()
    axis.plot([low, high], [low, high], color=NEUTRAL, label="as a random mapping")
    logarithmic(axis, "y", np.r_[y, x], headroom=0.36)
    axis.set_xlabel("expected from the states visited")
    axis.legend(loc="upper left", frameon=False)


def _mean_periods(result: Cycles) -> np.ndarray:
    """Of the cycles that the starts of each input came to."""
    own = np.full(result.start_cycle.shape, np.nan)
    ended = result.start_cycle != OPEN
    number = result.start_cycle + result.cycle_offsets[:-1, None]
    own[ended] = result.cycle_period[number[ended]]
    return np.array([row[~np.isnan(row)].mean() if (~np.isnan(row)).any() else np.nan for row in own])
