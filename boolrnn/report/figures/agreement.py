"""The figure of agreement: costs, shares of equal signs along the text, wrong bits by margin."""

import itertools

import numpy as np
from matplotlib.figure import Figure

from boolrnn.check.agreement import Agreement
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, draw, panels


@draw.register
def _(result: Agreement) -> Figure:
    """What each way of predicting costs, where the free run parts, and when a margin is enough."""
    figure, (cost, along, wrong) = panels(3)
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
        along.plot(result.t, 100 * smooth(values), color=colour, label=name)
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


def smooth(values: np.ndarray, width: int = 25) -> np.ndarray:
    """Running mean over `width` positions, shorter at the ends, missing values left out."""
    known = np.isfinite(values)
    window = np.ones(min(width, len(values)))
    if not len(values):
        return values
    total = np.convolve(np.where(known, values, 0.0), window, mode="same")
    count = np.convolve(known.astype(float), window, mode="same")
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
