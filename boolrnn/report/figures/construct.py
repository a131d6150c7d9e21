"""The figure of construct: what the net costs, and where in the text."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from boolrnn.make.construct import Construct
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, draw, panels


@draw.register
def _(result: Construct) -> Figure:
    """bpc of the windows beside the least possible; bpc along the text, the held-out part shaded."""
    figure, (windows, along) = panels(2)
    _windows(windows, result)
    _along(along, result)
    return figure


def _windows(axis: Axes, result: Construct) -> None:
    rows = (
        ("held out", result.bpc_held_out, AUTOMATON, "s"),
        ("all", result.bpc_all, NEUTRAL, "D"),
        ("train", result.bpc_train, FLOAT, "o"),
        ("lowest on train", result.bpc_lowest, "black", "|"),
    )
    drawn = [(name, value, *look) for name, value, *look in rows if value is not None]
    top = max([1e-2, *(row[1] for row in drawn)])
    for at, (_, value, colour, marker) in enumerate(drawn):
        axis.plot([0, value], [at, at], color=colour, linewidth=1, alpha=0.4)
        axis.plot(value, at, marker, color=colour, markersize=8)
        axis.annotate(f"{value:.3f}", (value, at), (9, 0), textcoords="offset points", va="center")
    axis.set_yticks(range(len(drawn)), [row[0] for row in drawn])
    axis.set_ylim(-0.6, len(drawn) - 0.4)
    axis.set_xlim(0, 1.25 * top)
    axis.xaxis.set_major_locator(MaxNLocator(6))
    axis.set_title(f"bits per character: {result.features}, {result.readout}", loc="left")


def _along(axis: Axes, result: Construct) -> None:
    edges = np.append(result.block_first, result.text_symbols - 1)
    axis.stairs(result.block_bpc, edges, baseline=None, color=FLOAT, linewidth=1)
    top = max(float(result.block_bpc.max()), 1e-2)
    if result.split_held_out is not None:
        axis.axvspan(result.split_held_out, result.text_symbols - 1, color=AUTOMATON, alpha=0.15, linewidth=0)
        axis.annotate(
            "held out",
            (result.split_held_out, 1),
            (-4, -4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right",
            va="top",
        )
    axis.set_ylim(-0.02 * top, 1.08 * top)
    axis.set_xlabel("position")
    axis.set_title("bits per character along the text", loc="left")
