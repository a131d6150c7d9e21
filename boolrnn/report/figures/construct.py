"""The figure of construct: what the net costs, and where in the text."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
    drawn = [row for row in rows if row[1] is not None]
    for at, (_, value, colour, marker) in enumerate(drawn):
        axis.plot([0, value], [at, at], color=colour, linewidth=1, alpha=0.4)
        axis.plot(value, at, marker, color=colour, markersize=8)
        axis.annotate(f"{value:.3f}", (value, at), (9, 0), textcoords="offset points", va="center")
    axis.set_yticks(range(len(drawn)), [row[0] for row in drawn])
    axis.set_ylim(-0.6, len(drawn) - 0.4)
    axis.set_xlim(0, 1.25 * max(max(row[1] for row in drawn), 1e-3))
    axis.set_title(f"bits per character: {result.features}, {result.readout}", loc="left")


def _along(axis: Axes, result: Construct) -> None:
    axis.step(result.block_first, result.block_bpc, where="post", color=FLOAT, linewidth=1)
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
    axis.set_ylim(bottom=0)
    axis.set_xlabel("position")
    axis.set_title("bits per character along the text", loc="left")
