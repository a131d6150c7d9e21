"""Pictures of results, as SVG or PNG files (matplotlib, without a screen)."""

import functools
import io
import itertools
import logging
import os
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.check.agreement import Agreement
from boolrnn.check.margins import Margins
from boolrnn.errors import OptionError
from boolrnn.make.train import Train
from boolrnn.result import write_whole

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its notices are not ours to print
FLOAT, AUTOMATON, NEUTRAL = "#0072b2", "#d55e00", "#777777"  # told apart without colour vision


def write_figure(result: Any, path: str | os.PathLike[str]) -> None:
    """Draw a result into a .svg or .png file.

    Raises
    ------
    OptionError
        On another ending, or a result that has no figure.
    ResultError
        Where the file cannot be written.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in ("svg", "png"):
        raise OptionError(f"figure {path}: expected a name that ends in .svg or .png")
    figure = draw(result)
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "boolrnn", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {})
    write_whole(path, buffer.getvalue())


@functools.singledispatch
def draw(result: Any) -> Figure:
    """The figure of a result."""
    raise OptionError(f"{type(result).__name__} has no figure")


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(4.2 * count, 3.2), layout="constrained")
    axes = [figure.add_subplot(1, count, k + 1) for k in range(count)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


@draw.register
def _(result: Agreement) -> Figure:
    """What each way of predicting costs, where the free run parts, and when a margin is enough."""
    figure, (cost, along, wrong) = _panels(3)
    bars = {
        "float": result.bpc_float,
        "sign readout": result.bpc_sign_readout,
        "one step": result.bpc_one_step,
        "free run": result.bpc_sign_dynamics,
        "bias only": result.bpc_bias_only,
    }
    known = {name: value for name, value in bars.items() if value is not None}
    colours = [FLOAT, FLOAT, AUTOMATON, AUTOMATON, NEUTRAL][: len(known)]
    drawn = cost.barh(list(known), list(known.values()), color=colours)
    cost.bar_label(drawn, fmt="%.3g", padding=3)
    cost.margins(x=0.15)
    cost.invert_yaxis()
    cost.set_title("bits per character", loc="left")
    for values, name, colour in (
        (result.t_one_step, "one step (line: mean of 25)", FLOAT),
        (result.t_free_run, "free run", AUTOMATON),
    ):
        along.plot(result.t, 100 * values, ".", markersize=2, color=colour, rasterized=True)
        along.plot(result.t, 100 * _smooth(values), color=colour, label=name)
    along.set_title("equal signs at each position, %", loc="left")
    along.set_xlabel("position t")
    along.set_ylim(0, 102)
    along.legend(loc="lower left", frameon=False)
    figure.suptitle(f"{result.level}: {result.window}, {result.arithmetic}", x=0.01, ha="left")
    edges = [f"{edge:g}" for edge in result.calibration_low]
    low = [f"{a}-{b}" for a, b in itertools.pairwise(edges)] + [f"{edges[-1]}+"]
    wrong.bar(low, 100 * np.nan_to_num(result.calibration_share), color=AUTOMATON)
    wrong.set_title("wrong one-step bits, %", loc="left")
    wrong.set_xlabel("margin of the float network")
    wrong.tick_params(axis="x", labelsize=8, labelrotation=30)
    return figure


@draw.register
def _(result: Train) -> Figure:
    """Bits per character and one-step agreement, epoch by epoch."""
    figure, (cost, agreed) = _panels(2)
    cost.plot(result.epoch, result.epoch_float, color=FLOAT, label="as tanh")
    cost.plot(result.epoch, result.epoch_sign, color=AUTOMATON, label="as signs")
    cost.set_title("bits per character", loc="left")
    if (np.r_[result.epoch_float, result.epoch_sign] > 0).all():
        cost.set_yscale("log")
    cost.legend(loc="upper right", frameon=False)
    agreed.plot(result.epoch, 100 * result.epoch_one_step, color=NEUTRAL)
    agreed.set_title("signs that one step gives, %", loc="left")
    for axis in (cost, agreed):
        axis.set_xlabel("epoch")
    return figure


@draw.register
def _(result: Margins) -> Figure:
    """Quantiles of |z| for network and automaton, and the mean margin of every neuron."""
    figure, (spread, neurons) = _panels(2)
    for values, name, colour in (
        (result.quantile_float, "float network", FLOAT),
        (result.quantile_automaton, "automaton", AUTOMATON),
    ):
        shown = np.isfinite(values) & (values > 0)  # a tie has no logarithm
        spread.plot(values[shown], 100 * result.quantile[shown], marker="o", color=colour, label=name)
        if shown.any():
            spread.set_xscale("log")
    spread.set_title("share of neuron-steps with |z| up to, %", loc="left")
    spread.set_xlabel("|z|")
    spread.legend(loc="upper left", frameon=False)
    order = np.argsort(result.neuron_mean)
    ranks = np.arange(len(order))
    for values, name, colour in (
        (result.neuron_mean[order], "mean", FLOAT),
        (result.neuron_min[order], "least", AUTOMATON),
    ):
        shown = np.isfinite(values) & (values > 0)
        neurons.plot(ranks[shown], values[shown], ".", color=colour, label=name)
        if shown.any():
            neurons.set_yscale("log")
    neurons.set_title("|z| of each neuron, sorted by mean", loc="left")
    neurons.set_xlabel("rank")
    neurons.legend(loc="best", frameon=False)
    return figure


def _smooth(values: np.ndarray, width: int = 25) -> np.ndarray:
    """Running mean over `width` positions, shorter at the ends, missing values left out."""
    known = np.isfinite(values)
    window = np.ones(min(width, len(values)))
    if not len(values):
        return values
    total = np.convolve(np.where(known, values, 0.0), window, mode="same")
    count = np.convolve(known.astype(float), window, mode="same")
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
