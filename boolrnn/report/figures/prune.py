"""The figure of prune: what pruning costs, and what the automaton does not need."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.explain.prune import Prune
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, blank, draw, panels, ranks, whole

_GREEN = "#009e73"
_NAMES = (("wh", FLOAT, "o"), ("wx", AUTOMATON, "s"), ("wy", _GREEN, "^"))


@draw.register
def _(result: Prune) -> Figure:
    """bpc against the share of each matrix that is zeroed; combinations; the automaton's weights."""
    figure, axes = panels(3)
    _curves(axes[0], result)
    _combined(axes[1], result)
    _neurons(axes[2], result)
    return figure


def _curves(axis: Axes, result: Prune) -> None:
    axis.set_title("bpc, by share of entries zeroed", loc="left")
    drawn = False
    for name, colour, marker in _NAMES:
        zeroed, bpc = getattr(result, f"{name}_zeroed"), getattr(result, f"{name}_bpc")
        if bpc is None or not np.isfinite(bpc).any():
            continue
        drawn = True
        axis.plot(zeroed, bpc, marker=marker, markersize=3, linewidth=1, color=colour, label=name)
        shaky = ~getattr(result, f"{name}_stable")
        axis.plot(zeroed[shaky], bpc[shaky], marker, markersize=3, color=colour, markerfacecolor="white")
    if not drawn:
        blank(axis, "no figures of the network")
        return
    if result.lossless_zeroed is not None and result.lossless_bpc is not None:
        axis.plot(
            result.lossless_zeroed,
            result.lossless_bpc,
            "*",
            color="black",
            markersize=9,
            label="lossless up to",
        )
    if result.baseline is not None:
        axis.axhline(result.baseline, color=NEUTRAL, linewidth=1, linestyle="--")
    axis.set_xlabel("zeroed, %  (hollow: not stable)")
    axis.set_ylim(*_room(axis, 0.45))
    axis.legend(loc="upper left", frameon=False)


def _combined(axis: Axes, result: Prune) -> None:
    axis.set_title("bpc of the k best neurons, by wh kept", loc="left")
    k, bpc = result.combined_k, result.combined_bpc
    if k is None or bpc is None or result.combined_kept is None or not np.isfinite(bpc).any():
        blank(axis, "no figures of the network")
        return
    kept = np.unique(result.combined_kept)[::-1]
    for n, share in enumerate(kept.tolist()):
        rows = result.combined_kept == share
        colour = (0.85 * n / max(len(kept) - 1, 1),) * 3
        axis.plot(
            k[rows], bpc[rows], marker="o", markersize=3, linewidth=1, color=colour, label=f"{share:.4g} %"
        )
    axis.set_ylim(*_room(axis, 0.45))
    axis.set_xlabel("k, neurons that the readout hears")
    axis.xaxis.set_major_locator(whole())
    axis.legend(loc="upper right", frameon=False, ncols=2)


def _neurons(axis: Axes, result: Prune) -> None:
    axis.set_title("weights of wh the automaton does not need", loc="left")
    greedy, bound, proved = result.neuron_greedy, result.neuron_bound, result.neuron_proved
    if greedy is None or bound is None or proved is None or result.neuron_weights is None:
        blank(axis, "not asked for")
        return
    order = np.lexsort((bound, greedy))
    at = np.arange(len(order))
    axis.plot(at, result.neuron_weights[order], "_", color=NEUTRAL, label="weights")
    axis.plot(at, greedy[order], ".", color=AUTOMATON, label="may go (greedy)")
    sure = proved[order]
    if sure.any():
        axis.plot(
            at[sure], greedy[order][sure], "o", color=AUTOMATON, fillstyle="none", label="largest, proved"
        )
    axis.plot(at, bound[order], ".", color=FLOAT, markersize=3, label="may go by the least margin")
    axis.set_ylim(*_room(axis, 0.45))
    axis.yaxis.set_major_locator(whole())
    axis.legend(loc="upper left", frameon=False)
    ranks(axis, len(order))
    axis.set_xlabel("neurons, by weights that may go")


def _room(axis: Axes, share: float) -> tuple[float, float]:
    """Limits that leave `share` of the height free above the data, for the legend."""
    low, high = axis.get_ylim()
    return low, low + (high - low) / (1 - share)
