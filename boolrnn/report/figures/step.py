"""The figure of step: how far each bit was from the threshold, and what decided the closest one."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.model.corpus import show_symbol
from boolrnn.model.step import Step
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic, panels, ranks

_BARS = 12  # contributions that are drawn


@draw.register
def _(result: Step) -> Figure:
    """Margins of all neurons, sorted; drive and contributions of the neuron with the least."""
    figure, (spread, closest) = panels(2)
    name = show_symbol(result.symbol, result.alphabet)
    figure.suptitle(f"one step: {name} is read", x=0.01, ha="left", fontsize=10, parse_math=False)
    _spread(spread, result)
    _closest(closest, result)
    return figure


def _spread(axis: Axes, result: Step) -> None:
    axis.set_title("margins |z|, sorted", loc="left")
    order = result.margins.argsort(kind="stable")
    margins, bits = result.margins[order], result.bit[order] == 1
    seen = margins > 0  # a tie has no logarithm
    if not seen.any():
        blank(axis, "every sum is 0")
        return
    at = np.arange(len(order))
    for shown, label, marker, colour in ((bits, "next bit 1", "o", FLOAT), (~bits, "0", "s", AUTOMATON)):
        some = seen & shown
        axis.plot(at[some], margins[some], marker, color=colour, markersize=3.5, label=label)
    logarithmic(axis, "y", margins[seen], headroom=0.2)
    ranks(axis, len(order))
    axis.legend(loc="upper left", frameon=False, ncols=2)


def _closest(axis: Axes, result: Step) -> None:
    i = int(result.margins.argmin())
    axis.set_title(f"h{i}, the least margin: z = {result.z[i]:.3g}", loc="left")
    sources, values = result.sources[i].tolist(), result.contributions[i].tolist()
    bars = [("drive", float(result.drive[i]))]
    bars += [(f"h{j}", value) for j, value in zip(sources, values)][:_BARS]
    rest = float(result.z[i]) - sum(value for _, value in bars)
    if result.state is not None and len(bars) <= len(result.next):
        bars.append(("the rest", rest))
    heights = [value for _, value in bars]
    colours = [FLOAT if value >= 0 else AUTOMATON for value in heights]
    axis.barh(np.arange(len(bars)), heights, color=colours, height=0.7)
    axis.set_yticks(np.arange(len(bars)), [name for name, _ in bars], fontsize=8)
    axis.invert_yaxis()
    axis.axvline(0, color=NEUTRAL, linewidth=1)
    axis.locator_params(axis="x", nbins=5)
    axis.set_xlabel("weight x sign, added up to z")
