"""A state as a grid of cells, eight or more to the row: shared by figures that show one."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL

_PALE = {True: "#dddddd", False: "#f6f6f6"}  # bits that do not matter: 1 and 0
_WRITTEN = 300  # neurons up to which cells have signs, and marked ones names


def shape(count: int) -> tuple[int, int]:
    """(Columns, rows) of the grid of `count` cells: some wider than high."""
    columns = int(min(count, max(8, 8 * round(np.sqrt(count * 1.4) / 8))))
    return columns, -(-count // columns)


def cells(axis: Axes, bits: np.ndarray, marked: np.ndarray) -> None:
    """Draw the H `bits` row by row, neuron 0 first; `marked` neurons in colour: blue is 1, orange 0."""
    count = len(bits)
    columns, rows = shape(count)
    size = min(7.0, 130 / columns)
    strong = set(marked.tolist())
    for j, bit in enumerate(bits.tolist()):
        row, column = divmod(j, columns)
        colour = (FLOAT if bit else AUTOMATON) if j in strong else _PALE[bit]
        axis.add_patch(Rectangle((column, row), 0.92, 0.92, facecolor=colour, edgecolor="none"))
        if count <= _WRITTEN:
            ink = "white" if j in strong else NEUTRAL
            words = ("+" if bit else "-") + (str(j) if j in strong else "")
            axis.text(column + 0.46, row + 0.47, words, color=ink, fontsize=size, ha="center", va="center")
    axis.set(xlim=(-0.1, columns), ylim=(rows, -0.1), xticks=[], yticks=[], aspect="equal")
    axis.spines[:].set_visible(False)
