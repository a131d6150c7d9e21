"""The figure of draw: a machine's states and edges, black on white; and `paint`, for figures that hold one.

(A file named draw.py would take the name of the function `draw` of this package.)
"""

import functools
import math
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path
from matplotlib.text import Text

from boolrnn.machines.draw import Draw
from boolrnn.machines.routes import RADIUS, STUB, box, curve, loop
from boolrnn.report.figures import NEUTRAL, draw

UNIT = 36.0  # points to the unit of a drawing (the diameter of a state), at most
_LARGEST = 1000.0  # points of a picture's longer side, about
_MARGIN = 0.15  # around a drawing
_WORDS, _SMALL = 0.26, 0.2  # heights of letters, in units
_EM = 0.64  # mean width of a letter, of its height
_INNER = 0.41  # radius of an accepting state's second circle
_ACCEPTING = "#e4eef5"


@draw.register
def _(result: Draw) -> Figure:
    """The picture alone, as large as it needs to be."""
    x0, x1, y0, y1 = extent(result)
    unit = scale(result)
    figure = Figure(figsize=((x1 - x0) * unit / 72, (y1 - y0) * unit / 72))
    paint(figure.add_axes((0, 0, 1, 1)), result, unit)
    return figure


def scale(drawn: Draw) -> float:
    """Points to the unit at which the picture is no larger than a page."""
    x0, x1, y0, y1 = extent(drawn)
    return min(UNIT, _LARGEST / max(x1 - x0, y1 - y0))


def caption(drawn: Draw) -> str:
    """What the picture leaves out."""
    said = []
    if drawn.left_out:
        said.append(f"{drawn.left_out:,} of {drawn.states:,} states are left out (dashed arrows lead there)")
    if drawn.unworded:
        which = "all" if drawn.unworded == drawn.edges else f"{drawn.unworded:,} of {drawn.edges:,}"
        said.append(f"the symbols of {which} edges stand in the table")
    return "; ".join(said)


def extent(drawn: Draw) -> tuple[float, float, float, float]:
    """Least and greatest x, least and greatest y of all that is drawn."""
    places = _places(drawn)
    start = int(np.flatnonzero(drawn.node_state == drawn.machine_start)[0])
    boxes = [np.concatenate([places - RADIUS, places + RADIUS], axis=1)]
    points = [_tip(places[start], drawn.start_angle, STUB)]
    points += [_tip(places[k], float(drawn.node_stub[k]), STUB) for k in _stubs(drawn)]
    for e in range(drawn.edges):
        points += [*_outline(drawn, places, e)]
        if drawn.edge_words[e]:
            middle = np.array([drawn.edge_x[e], drawn.edge_y[e]])
            half = np.array(box(str(drawn.edge_words[e]))) / 2
            boxes.append(np.concatenate([middle - half, middle + half])[None])
    inside = np.vstack([*boxes, np.tile(np.array(points), 2)])
    x0, y0 = (inside[:, :2].min(axis=0) - _MARGIN).tolist()
    x1, y1 = (inside[:, 2:].max(axis=0) + _MARGIN).tolist()
    if words := caption(drawn):
        height = _said(x1 - x0, y1 - y0)
        lack = max(20 * _EM * height - (x1 - x0), 0.0)
        x0, x1 = x0 - lack / 2, x1 + lack / 2
        y0 -= height * (1 + 1.4 * len(_folded(words, x1 - x0, height)))
    return x0, x1, y0, y1


def _said(width: float, height: float) -> float:
    """The height of the caption's letters, in units: about 8 points in a large picture too."""
    return 8 / UNIT * max(1.0, UNIT * max(width, height) / _LARGEST)


def paint(axis: Axes, drawn: Draw, unit: float) -> None:
    """Paint a drawing; `unit` is how many points its unit has there (the size of letters and arrows)."""
    places = _places(drawn)
    x0, x1, y0, y1 = extent(drawn)
    axis.set(xlim=(x0, x1), ylim=(y0, y1), aspect="equal")
    axis.set_axis_off()
    for e in range(drawn.edges):
        _arrow(axis, _path(drawn, places, e), unit)
    start = int(np.flatnonzero(drawn.node_state == drawn.machine_start)[0])
    way = [_tip(places[start], drawn.start_angle, r) for r in (STUB, RADIUS)]
    _arrow(axis, Path(way), unit, linewidth=0.05 * unit)
    for k in _stubs(drawn):
        ends = [_tip(places[k], float(drawn.node_stub[k]), r) for r in (RADIUS, STUB - 0.2, STUB)]
        x, y = np.array(ends[:2]).T
        axis.plot(x, y, color=NEUTRAL, linewidth=0.035 * unit, linestyle=(0, (2, 1)), zorder=1)
        _arrow(axis, Path(ends[1:]), unit, color=NEUTRAL)
    sizes = _sizes(drawn)
    for k, place in enumerate(places):
        _state(axis, place, str(drawn.node_words[k]), bool(drawn.node_accepting[k]), unit, sizes)
    for e in range(drawn.edges):
        text = _say(axis, drawn.edge_x[e], drawn.edge_y[e], str(drawn.edge_words[e]), _WORDS * unit)
        if text is not None:  # so that no line runs through it
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.02 * unit})
            text.set_zorder(1.5)
    if words := caption(drawn):
        height = _said(x1 - x0, y1 - y0)
        lines = "\n".join(_folded(words, x1 - x0, height))
        text = _say(axis, (x0 + x1) / 2, y0 + 0.4 * height, lines, 0.9 * height * unit, color="#444444")
        assert text is not None
        text.set(va="bottom", linespacing=1.2)


def _folded(words: str, width: float, height: float) -> list[str]:
    """Words in lines that fit into a width, in letters of a height."""
    across = int(width / (_EM * height)) - 2
    lines = [""]
    for word in words.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > across:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _places(drawn: Draw) -> np.ndarray:
    return np.stack([drawn.node_x, drawn.node_y], axis=1)


def _stubs(drawn: Draw) -> list[int]:
    return np.flatnonzero(np.isfinite(drawn.node_stub)).tolist()


def _tip(place: np.ndarray, angle: float, radius: float) -> np.ndarray:
    return place + radius * np.array([math.cos(angle), math.sin(angle)])


def _path(drawn: Draw, places: np.ndarray, e: int) -> Path:
    """The curve of an edge."""
    order = {n: k for k, n in enumerate(drawn.node_state.tolist())}
    a, b = (places[order[int(side[e])]] for side in (drawn.edge_from, drawn.edge_to))
    bend = float(drawn.edge_bend[e])
    if drawn.edge_from[e] == drawn.edge_to[e]:
        return Path(loop(a, bend), [Path.MOVETO, *[Path.CURVE4] * 3])
    return Path(curve(a, b, bend), [Path.MOVETO, *[Path.CURVE3] * 2])


def _outline(drawn: Draw, places: np.ndarray, e: int) -> np.ndarray:
    """Corners of what a curve covers."""
    box_ = _path(drawn, places, e).get_extents()
    return np.array([box_.min, box_.max])


def _arrow(axis: Axes, path: Path, unit: float, **more: Any) -> None:
    look: dict[str, Any] = {"linewidth": 0.03 * unit, "color": "black"} | more
    head = f"-|>,head_length={0.17 * unit:.3f},head_width={0.062 * unit:.3f}"
    patch = FancyArrowPatch(path=path, arrowstyle=head, mutation_scale=1, zorder=1, **look)
    patch.set(joinstyle="miter", capstyle="butt")
    axis.add_patch(patch)


def _sizes(drawn: Draw) -> tuple[float, float]:
    """Heights of letters in all states, in units: of numbers, and of the labels under them (0: none)."""
    parts = [str(words).partition("\n") for words in drawn.node_words]
    number, label = (max(len(part[k]) for part in parts) for k in (0, 2))
    if not label:
        return min(0.34, 0.78 / (_EM * number)), 0.0
    return min(0.19, 0.6 / (_EM * number)), min(0.3, 0.86 / (_EM * label))


def _state(
    axis: Axes, place: np.ndarray, words: str, accepting: bool, unit: float, sizes: tuple[float, float]
) -> None:
    """A circle, doubled where accepting; its number, and under it its label."""
    look = {"edgecolor": "black", "linewidth": 0.035 * unit, "zorder": 2}
    axis.add_patch(
        Circle((place[0], place[1]), RADIUS, facecolor=_ACCEPTING if accepting else "white", **look)
    )
    if accepting:
        axis.add_patch(Circle((place[0], place[1]), _INNER, facecolor="none", **look))
    x, y = place
    number, _, label = words.partition("\n")
    if not sizes[1]:
        _say(axis, x, y, number, sizes[0] * unit)
        return
    _say(axis, x, y + 0.22, number, sizes[0] * unit, color="#555555")
    _say(axis, x, y - 0.08, label, sizes[1] * unit)


def _say(axis: Axes, x: float, y: float, words: str, size: float, color: str = "black") -> Text | None:
    if words:
        text = axis.text(x, y, _drawable(words), ha="center", va="center", fontsize=size, color=color)
        text.set(parse_math=False, zorder=3, linespacing=1.05)
        return text
    return None


def _drawable(words: str) -> str:
    """Words without letters that the font lacks: these are written as Python escapes them."""
    known = _letters(matplotlib.rcParams["font.sans-serif"][0])
    return "".join(c if c == "\n" or ord(c) in known else ascii(c)[1:-1] for c in words)


@functools.cache
def _letters(family: str) -> frozenset[int]:
    """The letters of a font."""
    path = font_manager.findfont(font_manager.FontProperties(family=family))
    return frozenset(font_manager.get_font(path).get_charmap())
