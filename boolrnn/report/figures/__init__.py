"""Pictures of results, as SVG or PNG files (matplotlib, without a screen).

One file per verb holds its figure, found by the schema's name as the sheets are.
"""

import functools
import importlib
import importlib.util
import io
import logging
import os
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from boolrnn.errors import OptionError
from boolrnn.result import Result, write_whole

logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its notices are not ours to print
_FILES = {"draw": "drawing"}  # a file draw.py would take the name of the function here
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
    if isinstance(result, Result) and result.schema:
        verb = result.schema.split("/")[0]
        name = f"{__name__}.{_FILES.get(verb, verb)}"
        if importlib.util.find_spec(name):
            importlib.import_module(name)
        render = draw.dispatch(type(result))
        if render is not _UNKNOWN:
            return render(result)
    raise OptionError(f"{type(result).__name__} has no figure")


_UNKNOWN = draw.dispatch(object)


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure of `count` plain panels side by side."""
    figure = Figure(figsize=(4.2 * count, 3.2), layout="constrained")
    axes = [figure.add_subplot(1, count, k + 1) for k in range(count)]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def ranks(axis: Axes, count: int) -> None:
    """A horizontal axis of `count` ranks, with whole numbers only."""
    axis.set_xlim(-0.02 * count - 0.5, 1.02 * count - 0.5)
    axis.xaxis.set_major_locator(whole())
    axis.set_xlabel("rank")


def whole() -> MaxNLocator:
    """Ticks at a few whole numbers."""
    return MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)


def blank(axis: Axes, words: str) -> None:
    """Say why a panel has nothing to show, in place of its axes."""
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    axis.text(0.5, 0.5, words, transform=axis.transAxes, ha="center", va="center", color=NEUTRAL)


def logarithmic(axis: Axes, which: str, values: np.ndarray, headroom: float = 0.0) -> None:
    """Make axis `which` (x or y) logarithmic over positive values, with few labels: at least a decade, and
    `headroom` of its length left free above the values."""
    low, high = np.log10([values.min(), values.max()])
    middle, half = (low + high) / 2, max(0.5, 0.53 * (high - low))
    ends = middle - half, middle - half + 2 * half / (1 - headroom)
    span = ends[1] - ends[0]
    subs = (1, 2, 5) if span < 1.2 else (1, 3) if span < 2.2 else (1,)
    one = axis.xaxis if which == "x" else axis.yaxis
    axis.set(**{f"{which}scale": "log", f"{which}lim": tuple(10.0**end for end in ends)})
    one.set_major_locator(LogLocator(subs=subs))
    one.set_major_formatter(FuncFormatter(lambda value, _: _power(value)))
    one.set_minor_formatter(NullFormatter())


def _power(value: float) -> str:
    """A tick of a logarithmic axis."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    if -3 <= exponent < 5:
        return f"{value:,.6g}"
    factor = round(value / 10.0**exponent)
    times = "" if factor == 1 else rf"{factor}\times"
    return f"${times}10^{{{exponent}}}$"
