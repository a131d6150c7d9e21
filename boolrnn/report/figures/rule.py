"""The figure of rule: the heaviest inputs, and how much the others can still move."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.model.corpus import show_symbol
from boolrnn.model.rule import Rule
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels, whole

_BARS = 16


@draw.register
def _(result: Rule) -> Figure:
    """What each input's bit moves z by, heaviest first; what is left open once the heaviest are known."""
    figure, (heaviest, left) = panels(2)
    figure.set_size_inches(8.4, 3.8)
    name = show_symbol(result.symbol, result.alphabet)
    figure.suptitle(f"h{result.neuron} after {name}", x=0.01, ha="left", fontsize=10, parse_math=False)
    moves = np.array([float(int(weight)) * result.scale for weight in result.weight.tolist()])
    if len(moves):
        _heaviest(heaviest, moves, result.source)
        _left(left, np.abs(moves), result)
        return figure
    for axis in (heaviest, left):
        blank(axis, "no input can change it")
    return figure


def _heaviest(axis: Axes, moves: np.ndarray, sources: np.ndarray) -> None:
    shown = moves[:_BARS]
    axis.set_title("z moves by, if the bit goes from 0 to 1", loc="left")
    axis.barh(np.arange(len(shown)), shown, color=[FLOAT if m >= 0 else AUTOMATON for m in shown], height=0.7)
    axis.set_yticks(np.arange(len(shown)), [f"h{j}" for j in sources[:_BARS].tolist()], fontsize=8)
    axis.set_ylim(max(len(shown), 3) - 0.4, -0.6)
    axis.axvline(0, color=NEUTRAL, linewidth=1)
    axis.locator_params(axis="x", nbins=5)
    more = len(moves) - len(shown)
    axis.set_xlabel(f"and {more:,} lighter ones" if more else "all of its inputs")


def _left(axis: Axes, sizes: np.ndarray, result: Rule) -> None:
    """Of the whole range that z has, the share that inputs still unknown can move it by."""
    axis.set_title("range of z that is still open, %", loc="left")
    known = np.concatenate([[0.0], np.cumsum(sizes)])
    axis.plot(np.arange(len(known)), 100 * (1 - known / known[-1]), color=FLOAT, marker=".", markersize=3)
    axis.set_xlim(-0.02 * len(sizes) - 0.2, 1.02 * len(sizes) + 0.2)
    axis.set_ylim(-3, 108)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("inputs known, heaviest first")
    if result.formula is not None:
        words = f"minimal formula: {result.terms:,} term{'s' * (result.terms != 1)}"
        axis.text(0.98, 0.95, words, transform=axis.transAxes, ha="right", va="top", color=NEUTRAL)
