"""The figure of a training: epoch by epoch."""

import numpy as np
from matplotlib.figure import Figure

from boolrnn.make.train import Train
from boolrnn.report.figures import AUTOMATON, FLOAT, NEUTRAL, draw, panels


@draw.register
def _(result: Train) -> Figure:
    """Bits per character and one-step agreement, epoch by epoch."""
    figure, (cost, agreed) = panels(2)
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
