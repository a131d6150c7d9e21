"""The figure of perturb: mean distance and share healed, by lag."""

from matplotlib.figure import Figure

from boolrnn.graph.perturb import Perturb
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, draw, panels


@draw.register
def _(result: Perturb) -> Figure:
    """Distance of all flips and of the unhealed ones beside two unrelated states; healed in percent."""
    figure, (distance, healed) = panels(2)
    shown = result.lag_followed > 0
    lag = result.lag[shown]
    distance.plot(lag, result.lag_mean[shown], color=AUTOMATON, marker=".", label="all flips")
    distance.plot(
        lag, result.lag_unhealed_mean[shown], color=FLOAT, linestyle="--", marker=".", label="unhealed"
    )
    if result.unrelated is not None:
        distance.axhline(result.unrelated, color=NEUTRAL, linestyle=":", label="unrelated states")
    distance.set_ylim(bottom=0)
    distance.set_title("mean distance after one flip, bits", loc="left")
    distance.set_xlabel("lag")
    distance.legend(loc="best", frameon=False)
    healed.plot(lag, 100 * result.lag_healed[shown], color=AUTOMATON, marker=".")
    healed.set_ylim(0, 100)
    healed.set_title("flips healed, %", loc="left")
    healed.set_xlabel("lag")
    return figure
