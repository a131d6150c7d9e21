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
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boolrnn.errors import OptionError
from boolrnn.result import Result, write_whole

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
    if isinstance(result, Result) and result.schema:
        name = f"{__name__}.{result.schema.split('/')[0]}"
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
