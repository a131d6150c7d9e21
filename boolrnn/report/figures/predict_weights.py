"""The figure of predict-weights: correlations beside what untrained weights give, and clouds of entries."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from boolrnn.explain.predict_weights import MATRICES, PredictWeights
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw

_GREEN = "#009e73"
_BINS = 60  # of a cloud, each way


@draw.register
def _(result: PredictWeights) -> Figure:
    """Bars of r, and clouds of entries (weight, statistic)."""
    figure = Figure(figsize=(11.5, 5.2), layout="constrained")
    grid = figure.add_gridspec(2, 3, width_ratios=(1.5, 1, 1))
    axes = [figure.add_subplot(grid[:, 0])]
    axes += [figure.add_subplot(grid[k // 2, 1 + k % 2]) for k in range(len(MATRICES))]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    _bars(axes[0], result)
    for axis, matrix in zip(axes[1:], MATRICES, strict=True):
        _cloud(axis, result, matrix)
    return figure


def _bars(axis: Axes, result: PredictWeights) -> None:
    axis.set_title("r with the trained matrix", loc="left")
    rows = np.flatnonzero(np.isfinite(result.r))
    if not len(rows):
        blank(axis, "no side varies")
        return
    at = np.arange(len(rows))
    circular = result.circular[rows]
    for chosen, colour, words in (
        (~circular, FLOAT, "from text, states or another matrix"),
        (circular, AUTOMATON, "circular: from wh itself"),
    ):
        if chosen.any():
            axis.barh(at[chosen], result.r[rows][chosen], color=colour, height=0.6, label=words)
    for low, high, down, colour, words in (
        (result.low, result.high, 0.0, "black", "neurons relabelled, 95 % (sampled)"),
        (result.shuffled_low, result.shuffled_high, 0.42, _GREEN, "nets of shuffled weights (sampled)"),
    ):
        known = np.isfinite(low[rows])
        if known.any():
            low, high = low[rows][known], high[rows][known]
            middle, half = (low + high) / 2, (high - low) / 2
            style = {"fmt": "none", "ecolor": colour, "capsize": 3, "label": words}
            axis.errorbar(middle, at[known] + down, xerr=half, **style)
    axis.set_yticks(at, result.name[rows].tolist())
    axis.plot([0, 0], [-0.6, len(rows) - 0.4], color=NEUTRAL, linewidth=1)
    axis.set_ylim(len(rows) - 0.4 + 0.25 * len(rows) + 0.8, -0.6)  # the legend stands below the bars
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axis.legend(loc="lower left", frameon=False)


def _cloud(axis: Axes, result: PredictWeights, matrix: str) -> None:
    """Entries by their weight and the value of the matrix's best statistic; brighter where there are more."""
    axis.set_title(matrix, loc="left")
    k, statistic = result.best_of(matrix), getattr(result, f"beside_{matrix}")
    if k is None or statistic is None:
        blank(axis, "no correlation")
        return
    x, y = statistic.ravel(), getattr(result, matrix).astype(np.float64).ravel()
    axis.set_title(f"{matrix}: r = {result.r[k]:+.3f}", loc="left")
    axis.set_xlabel(str(result.name[k]))
    axis.set_ylabel("trained weight")
    if len(x) > 1000:
        counts, across, upward = np.histogram2d(x, y, _BINS)
        axis.pcolormesh(
            across,
            upward,
            np.ma.masked_equal(counts.T, 0),
            cmap="viridis",
            norm=LogNorm(1, max(counts.max(), 2)),
            rasterized=True,
        )
    else:
        axis.plot(x, y, ".", color=FLOAT, markersize=4)
    for located in (axis.xaxis, axis.yaxis):
        located.set_major_locator(MaxNLocator(nbins=4))
