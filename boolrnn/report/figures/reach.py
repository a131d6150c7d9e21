"""The figure of reach: how the search spread, and the states along the word that was found."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.clauses.reach import Reach
from boolrnn.model.corpus import show_symbol
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic, panels, whole

_NAMED = 24  # symbols of a word that are written beneath its states


@draw.register
def _(result: Reach) -> Figure:
    """Words and new states of each length; the witness as a raster."""
    figure, (levels, word) = panels(2)
    _levels(levels, result)
    _word(word, result)
    return figure


def _levels(axis: Axes, result: Reach) -> None:
    kind = "states" if result.versus is None else "pairs of states"
    axis.set_title("by length of the word", loc="left")
    drawn = []
    counted = result.level_states.astype(np.float64)
    for values, name, colour, style in (
        (result.level_words, "words", NEUTRAL, "s:"),
        (counted, f"new {kind}", FLOAT, "o-"),
    ):
        seen = np.isfinite(values) & (values > 0)
        if seen.any():
            axis.plot(result.level_length[seen], values[seen], style, color=colour, markersize=4, label=name)
            drawn.append(values[seen])
    if not drawn:
        blank(axis, "no word was needed" if result.minimum == 0 else "no length was finished")
        return
    logarithmic(axis, "y", np.concatenate(drawn), headroom=0.28)
    axis.legend(loc="upper left", frameon=False)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("symbols" + (", no new ones after" if result.closed else ""))


def _word(axis: Axes, result: Reach) -> None:
    axis.set_title("states along the word found", loc="left")
    states, symbols = result.witness_states, result.witness_symbols
    if states is None or symbols is None:
        blank(axis, "no word was found")
        return
    if not len(states):
        blank(axis, "the start has it: no symbol is read")
        return
    grid = states.T.astype(np.float64)
    differ = (
        np.zeros(grid.shape, bool) if result.versus_states is None else (states != result.versus_states).T
    )
    axis.imshow(grid, cmap="Greys", vmin=-0.2, vmax=1.5, aspect="auto", interpolation="nearest")
    axis.set_xlim(-0.5, max(len(states), 8) - 0.5)  # few states stay narrow
    neuron, step = np.nonzero(differ)
    size = float(np.clip(160 / len(grid), 1.0, 8.0))
    if len(step):
        axis.plot(step, neuron, "x", color=AUTOMATON, markersize=size)
        axis.set_title("states along the word (x: the two differ)", loc="left")
    if len(symbols) <= _NAMED:
        names = [show_symbol(x, result.alphabet) for x in symbols.tolist()]
        size = min(9.0, 130 / max(sum(map(len, names)), 1) + 2)
        axis.set_xticks(np.arange(len(names)), names, parse_math=False, fontsize=size)
    axis.set_xlabel("symbol read (dark: bit 1)")
    axis.set_ylabel("neuron")
    axis.yaxis.set_major_locator(whole())
