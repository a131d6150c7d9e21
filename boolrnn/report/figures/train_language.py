"""The figure of train-language: the way there, update by update, and the attempts to prove a net."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.machines.task import TrainLanguage
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, logarithmic, panels, whole


@draw.register
def _(result: TrainLanguage) -> Figure:
    """Loss and labels that are wrong, over all updates; what each rounding got right."""
    figure, (way, tried) = panels(2)
    proved = {True: "proved", False: "wrong", None: "not proved"}[result.equal]
    words = f"{result.language}, H = {result.hidden}: {proved}"
    figure.suptitle(words, x=0.01, ha="left", fontsize=10, parse_math=False)
    _way(way, result)
    _tried(tried, result)
    return figure


def _way(axis: Axes, result: TrainLanguage) -> None:
    axis.set_title("loss, and share of labels wrong in training", loc="left", fontsize=10)
    at = np.arange(1, len(result.history_loss) + 1)
    drawn = []
    for values, name, colour, style in (
        (result.history_loss, "loss, nats", FLOAT, "o-"),
        (1 - result.history_right, "labels wrong", AUTOMATON, "s--"),
    ):
        seen = np.isfinite(values) & (values > 0)  # none wrong has no logarithm
        if seen.any():
            axis.plot(at[seen], values[seen], style, color=colour, markersize=4, linewidth=1, label=name)
            drawn.append(values[seen])
    if not drawn:
        blank(axis, "no attempt" if not len(at) else "nothing left to learn")
        return
    logarithmic(axis, "y", np.concatenate(drawn), headroom=0.22)
    axis.legend(loc="upper right", frameon=False, ncols=2)
    _attempts(axis, len(at))


def _tried(axis: Axes, result: TrainLanguage) -> None:
    """Where drawn words are all right, a comparison follows: it ends in a shortest wrong word, or a proof."""
    axis.set_title("drawn words right after rounding, %", loc="left", fontsize=10)
    right = 100 * result.history_words_right
    at = np.arange(1, len(right) + 1)
    known = np.isfinite(right)
    if not known.any():
        blank(axis, "no rounding was tried")
        return
    axis.plot(at[known], right[known], "o-", color=NEUTRAL, markersize=3, linewidth=1)
    wrong = known & (result.history_word >= 0)
    axis.plot(at[wrong], right[wrong], "X", color=AUTOMATON, markersize=8, label="a wrong word was found")
    if result.equal:
        axis.plot(at[-1:], right[-1:], "D", color=FLOAT, markersize=8, label="proved")
    low = float(right[known].min())
    axis.set_ylim(low - 0.1 * (100 - low) - 0.5, 100 + 0.35 * (100 - low) + 2)
    axis.set_yticks([tick for tick in axis.get_yticks() if low - 1 <= tick <= 100])
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper left", frameon=False, ncols=2, fontsize=9)
    _attempts(axis, len(at))


def _attempts(axis: Axes, count: int) -> None:
    axis.set_xlim(1 - 0.04 * count, count + 0.04 * count)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("attempt")
