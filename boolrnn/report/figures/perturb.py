"""The figure of perturb: mean distance and share healed, by lag."""

from matplotlib.figure import Figure

from boolrnn.graph.perturb import Perturb
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels, whole


@draw.register
def _(result: Perturb) -> Figure:
    """Distance of all flips and of the unhealed ones beside two unrelated states; healed in percent."""
    figure, axes = panels(2)
    distance, healed = axes
    distance.set_title("mean distance after one flip, bits", loc="left")
    healed.set_title("flips healed, %", loc="left")
    if not result.flips:
        for axis in axes:
            blank(axis, "no flips" if result.possible else "no positions")
        return figure
    shown = result.lag_followed > 0
    lag = result.lag[shown]
    distance.plot(lag, result.lag_mean[shown], color=AUTOMATON, marker=".", label="all flips")
    distance.plot(
        lag, result.lag_unhealed_mean[shown], color=FLOAT, linestyle="--", marker=".", label="unhealed"
    )
    if result.unrelated is not None:
        distance.axhline(result.unrelated, color=NEUTRAL, linestyle=":", label="unrelated states")
    distance.set_ylim(0, 1.4 * max(1.0, distance.dataLim.ymax))  # room for the legend
    distance.legend(loc="upper left", ncols=2, frameon=False)
    healed.plot(lag, 100 * result.lag_healed[shown], color=AUTOMATON, marker=".")
    healed.set_ylim(0, 104)
    for axis in axes:
        axis.xaxis.set_major_locator(whole())
        axis.set_xlabel("lag")
    return figure
