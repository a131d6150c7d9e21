"""The figure of compare-language: the word on which they part and three labels of it, and the drawn words."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from boolrnn.machines.compare import CompareLanguage
from boolrnn.machines.naming import symbol_name
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, draw

_ROW, _MOST = 16, 96  # symbols in a row, and in all
_LONGEST = 28  # characters of a label


@draw.register
def _(result: CompareLanguage) -> Figure:
    """The shortest word of difference as boxes, then what each of the three says after it."""
    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(1.7, 1))
    word, labels = (figure.add_subplot(grid[k]) for k in range(2))
    for axis in (word, labels):
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    _word(word, result)
    _labels(labels, result)
    return figure


def _word(axis: Axes, result: CompareLanguage) -> None:
    if result.counterexample is None:
        told = "equal on every word" if result.equal else "no difference found so far"
        axis.set_title(told, loc="left")
        _say(axis, _covered(result), 0.5)
        return
    count = len(result.counterexample)
    axis.set_title(f"a shortest word on which they part: {count:,} symbol{'s' * (count != 1)}", loc="left")
    known = {int(x): str(name) for x, name in zip(result.among, result.alphabet)}
    names = [known.get(x, symbol_name(x)) for x in result.counterexample[:_MOST].tolist()]
    if not names:
        _say(axis, "the word of no symbols", 0.5)
        return
    for k, name in enumerate(names):
        row, column = divmod(k, _ROW)
        axis.add_patch(
            FancyBboxPatch(
                (column + 0.1, row + 0.1), 0.72, 0.72, boxstyle="round,pad=0.05", fc="#f2f2f2", ec=NEUTRAL
            )
        )
        axis.text(
            column + 0.46,
            row + 0.48,
            name[:6],
            ha="center",
            va="center",
            parse_math=False,
            fontsize=_size(name),
        )
    rows = -(-len(names) // _ROW)
    axis.set(xlim=(-0.1, _ROW + 0.1), ylim=(max(rows, 4) + 0.1, -0.1), aspect="equal")
    if count > len(names):
        _say(axis, f"the first {len(names):,} of its symbols", 0.03)


def _size(name: str) -> float:
    return {1: 9.0, 2: 7.0, 3: 5.5}.get(len(name), 4.0)


def _covered(result: CompareLanguage) -> str:
    pairs = f"{result.pairs_explored:,} pair{'s' * (result.pairs_explored != 1)} of states"
    if result.equal:
        return f"{pairs}, all there are"
    if result.compared_to is None:
        return f"{pairs} looked at"
    return f"{pairs} looked at: all words of up to {result.compared_to:,} symbols"


def _labels(axis: Axes, result: CompareLanguage) -> None:
    """Three labels, one colour and shape for each that says the same as the specification."""
    axis.set(xlim=(0, 1), ylim=(3.6, -0.4))
    if result.counterexample is None:
        _drawn(axis, result)
        return
    axis.set_title("after it", loc="left")
    rows = (
        ("specification", result.label_expected),
        ("sign automaton", result.label_found),
        ("float32 program", result.label_network),
    )
    for k, (name, label) in enumerate(rows):
        same = label == result.label_expected
        said = "not run" if label is None else label if len(label) <= _LONGEST else f"{label[:_LONGEST]}.."
        colour = NEUTRAL if label is None else FLOAT if same else AUTOMATON
        axis.plot([0.06], [k + 0.1], "o" if same else "X", color=colour, markersize=11)
        axis.text(0.15, k, name, va="center", fontsize=9, color=NEUTRAL)
        axis.text(0.15, k + 0.32, said, va="center", fontsize=11, parse_math=False)


def _drawn(axis: Axes, result: CompareLanguage) -> None:
    axis.set_title("float32 program on drawn words", loc="left")
    if result.sampled_right is None:
        _say(axis, "not run", 0.5)
        return
    right = 100 * float(np.clip(result.sampled_right, 0, 1))
    axis.barh([0.6], [right / 100], 0.5, color=FLOAT)
    axis.barh(
        [0.6], [1 - right / 100], 0.5, left=right / 100, color=AUTOMATON, hatch="///", edgecolor="white"
    )
    words = f"{right:.6g} % of {result.sampled_words:,}\nare right at every prefix"
    axis.text(0, 1.3, words, va="top", fontsize=10)


def _say(axis: Axes, words: str, height: float) -> None:
    axis.text(0.02, height, words, transform=axis.transAxes, va="center", color=NEUTRAL)
