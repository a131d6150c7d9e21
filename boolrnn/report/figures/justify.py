"""The figure of justify: one position as chains of neurons; many as how little suffices, and who is first."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from boolrnn.explain.enough import LISTED
from boolrnn.explain.justify import Justify
from boolrnn.model.corpus import show_symbol
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels
from boolrnn.report.sheets.justify import shown

_ROWS, _BACK, _BARS = 8, 4, 15  # neurons and steps back of a chain, and bars, that are drawn


@draw.register
def _(result: Justify) -> Figure:
    """The chains of one position beside what each neuron is worth; or distributions over positions."""
    figure, (left, right) = panels(2)
    if len(result.t) == 1:
        _chains(left, result)
        _worth(right, result)
        _title(figure, result)
    else:
        _enough(left, result)
        _first(right, result)
    return figure


def _title(figure: Figure, result: Justify) -> None:
    pair = (result.predicted[0], result.true[0])
    guess, truth = (show_symbol(int(x), result.alphabet) for x in pair)
    follows = "" if guess == truth else f", {truth} follows"
    words = f"t={result.t[0]}, after {shown(result, 0, 12)}: {guess} predicted{follows}"
    figure.suptitle(words, fontsize=10, parse_math=False)


def _drawn(result: Justify) -> int:
    return min(len(result.neuron), _ROWS)


def _chains(axis: Axes, result: Justify) -> None:
    """A row per neuron, its heaviest sources to the left; blue is +1, orange -1."""
    axis.set_title("heaviest source, and its own", loc="left")
    rows = _drawn(result)
    back = min(int(np.diff(result.chain_offsets).max(initial=0)), _BACK)
    largest = np.abs(result.chain_contribution).max(initial=0) or 1.0
    for k in range(rows):
        begin = int(result.chain_offsets[k])
        steps = min(int(result.chain_offsets[k + 1]) - begin, back)
        names = [int(result.neuron[k]), *result.chain[begin : begin + steps].tolist()]
        signs = [result.z[k], *result.chain_z[begin : begin + steps]]
        for d in range(steps):
            value = float(result.chain_contribution[begin + d])
            width = 0.5 + 3 * abs(value) / largest
            axis.plot([-d, -d - 1], [k, k], color=NEUTRAL, linewidth=width, zorder=1)
            axis.text(-d - 0.5, k - 0.12, f"{value:+.2f}", ha="center", va="bottom", fontsize=7)
        for d, (j, z) in enumerate(zip(names, signs)):
            axis.plot([-d], [k], "o", markersize=17, color=FLOAT if z >= 0 else AUTOMATON, zorder=2)
            size = 6 if j < 1000 else 4.5
            axis.text(-d, k, f"h{j}", ha="center", va="center", color="white", fontsize=size, zorder=3)
    axis.set(xlim=(-back - 0.5, 0.5), ylim=(rows - 0.4, -0.75), yticks=[])
    axis.spines["left"].set_visible(False)
    axis.set_xticks(range(-back, 1), ["t" if not d else f"t{d}" for d in range(-back, 1)])
    axis.set_xlabel("blue: +1, orange: -1")


def _worth(axis: Axes, result: Justify) -> None:
    axis.set_title("bits, if the neuron is negated", loc="left")
    rows = _drawn(result)
    delta = result.delta[:rows]
    axis.barh(np.arange(rows), delta, color=FLOAT, height=0.6)
    axis.axvline(0, color=NEUTRAL, linewidth=0.8)
    axis.set_yticks(range(rows), [f"h{j}" for j in result.neuron[:rows].tolist()])
    axis.set_ylim(rows - 0.4, -0.75)
    if not delta.any():
        axis.set(xlim=(-1, 1), xticks=[0])
    axis.locator_params(axis="x", nbins=5)


def _enough(axis: Axes, result: Justify) -> None:
    """Share of positions that so many neurons, or terms, suffice for, and what the listed ones reach."""
    axis.set_title("predictions kept, %", loc="left")
    if not len(result.t):
        blank(axis, "no prediction")
        return
    top = 1
    for values, name, colour in (
        (result.enough_neurons, "neurons", FLOAT),
        (result.enough_terms, "terms of their sums", AUTOMATON),
    ):
        counts = np.bincount(values)
        share = 100 * np.cumsum(counts) / counts.sum()
        top = max(top, len(share) - 1)
        axis.step(np.arange(len(share)), share, where="post", color=colour, label=f"fewest {name}")
    listed, at = result.model_same[LISTED], result.model_terms[LISTED]
    label = str(result.model[LISTED])
    axis.plot([at], [100 * listed], "x", color=NEUTRAL, markersize=7, label=label)
    top = max(top, int(np.ceil(at)))
    axis.set_xscale("symlog", linthresh=1)
    ticks = [0, *(m * 10**n for n in range(7) for m in ((1, 3) if top < 1000 else (1,)) if m * 10**n <= top)]
    axis.xaxis.set_major_locator(FixedLocator(ticks))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.set(xlim=(-0.1, 1.15 * top), ylim=(0, 104))
    axis.set_xlabel("kept per prediction")
    axis.legend(loc="lower right", frameon=False, fontsize=7)


def _first(axis: Axes, result: Justify) -> None:
    """How often neurons are first, most often first."""
    axis.set_title("positions at which a neuron is first", loc="left")
    count = result.dominant_count[:_BARS]
    if not len(count):
        blank(axis, "no prediction")
        return
    names = [f"h{j}" for j in result.dominant_neuron[:_BARS].tolist()]
    axis.barh(np.arange(len(count)), count, color=FLOAT)
    axis.set_yticks(range(len(count)), names, fontsize=7)
    axis.set_ylim(len(count) - 0.4, -0.6)
    axis.locator_params(axis="x", nbins=5, integer=True)
