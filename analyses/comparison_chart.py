"""The chart of the full comparison: a row per configuration, train and held-out bits on one axis."""

import io
import math
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from analyses.comparison import (
    BASELINE,
    CONSTRUCTED,
    GIVEN,
    KINDS,
    PEER,
    PUBLISHED,
    TRAINED,
    Comparison,
    Row,
    cells,
)

MARKS = {  # a shape and a colour of Okabe and Ito's for each kind: told apart without colour vision, in grey
    BASELINE: ("s", "#000000"),
    PEER: ("D", "#cc79a7"),
    CONSTRUCTED: ("o", "#0072b2"),
    TRAINED: ("^", "#d55e00"),
    GIVEN: ("P", "#009e73"),
    PUBLISHED: ("v", "#e69f00"),
}
LINE = 0.19  # inches of a row
WIDE = 11.0  # inches of the figure
LEFT, RIGHT = 0.255, 0.70  # of its width: where the axis stands
FAR = 30.0  # times the least figure: from there on the axis is logarithmic
LEAST = 1e-3  # bpc: what is less is drawn there
COLUMNS = ((1.12, "parameters", 1), (1.27, "fitted", 2), (1.42, "train", 3), (1.59, "held-out", 4))


def image(found: Comparison, kind: str) -> bytes:
    """The chart as a PNG or SVG file; the same rows give the same bytes."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "comparison", "svg.fonttype": "none", "font.size": 8}):
        metadata = {"Date": None} if kind == "svg" else {}
        chart(found).savefig(buffer, format=kind, dpi=150, metadata=metadata)
    return buffer.getvalue()


def chart(found: Comparison) -> Figure:
    """Rows by kind, each kind under its name; filled marks are held-out text, hollow ones train."""
    lines = _lines(found.rows)
    high = LINE * (len(lines) + 1)
    over, under = 0.62, 1.0
    tall = high + over + under
    figure = Figure(figsize=(WIDE, tall))
    axis = figure.add_axes((LEFT, under / tall, RIGHT - LEFT, high / tall))
    axis.set_ylim(len(lines) - 0.3, -0.9)
    values = [bits for row in found.rows for bits in (row.train, row.held_out) if bits is not None]
    least = _scaled(axis, values)
    for place, line in enumerate(lines):
        if isinstance(line, str):
            axis.text(-0.56, place, line, transform=axis.get_yaxis_transform(), weight="bold", va="center")
        else:
            _row(axis, place, line, least)
            _texts(axis, place, found, line)
    for at, word, _ in COLUMNS:
        head = "bpc, " + word if word in ("train", "held-out") else word
        axis.text(at, -0.75, head, transform=axis.get_yaxis_transform(), ha="right", va="bottom", fontsize=7)
    best = _best(found.rows)
    if best is not None and best.held_out:
        axis.axvline(max(best.held_out, least), color="#555555", linewidth=0.8, linestyle=":", zorder=1)
    axis.set_yticks([])
    axis.set_xlabel("bits per character")
    axis.grid(axis="x", color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    text = found.text
    title = f"{len(text.data):,} symbols, {len(text.values)} distinct; "
    title += f"{len(text.data) - 1 - text.held:,} predictions held out"
    figure.text(0.01, 1 - 0.2 / tall, title, weight="bold", va="center", fontsize=9)
    _legend(figure, found, tall)
    return figure


def _lines(rows: Sequence[Row]) -> list[str | Row]:
    """Names of kinds and rows, in order."""
    lines: list[str | Row] = []
    for kind in KINDS:
        here = [row for row in rows if row.kind == kind]
        lines += [kind, *here] if here else []
    return lines


def _scaled(axis: Axes, values: Sequence[float]) -> float:
    """Linear from 0, or logarithmic where figures lie far apart; gives the least figure that is drawn."""
    most = max(values, default=1.0) or 1.0
    least = max(min(values, default=1.0), LEAST)
    if most / least < FAR:
        axis.set_xlim(0, 1.04 * most)
        return 0.0
    axis.set_xscale("log")
    axis.set_xlim(least / 1.25, most * 1.2)
    whole = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    ticks = [step * 10.0**power for power in whole for step in (1, 2, 5)]
    axis.set_xticks([tick for tick in ticks if least / 1.25 <= tick <= most * 1.2])
    axis.set_xticks([], minor=True)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return least


def _row(axis: Axes, place: int, row: Row, least: float) -> None:
    """The pair of marks and the line between them."""
    shape, colour = MARKS[row.kind]
    points = [None if bits is None else max(bits, least) for bits in (row.train, row.held_out)]
    known = [point for point in points if point is not None]
    axis.axhline(place, color="#eeeeee", linewidth=0.5, zorder=0)
    if len(known) == 2:
        axis.plot(known, [place, place], color=colour, linewidth=1.2, zorder=2)
    for point, face in zip(points, ("white", colour), strict=True):
        if point is not None:
            axis.plot(
                [point], [place], shape, color=colour, markerfacecolor=face, markersize=5.2, zorder=3,
                clip_on=False,
            )  # fmt: skip


def _texts(axis: Axes, place: int, found: Comparison, row: Row) -> None:
    """The name on the left, the numbers on the right."""
    across = axis.get_yaxis_transform()
    star = " *" if row.kind == GIVEN and row.note else ""
    axis.text(-0.53, place, row.label + star, transform=across, va="center")
    shown = cells(found, row)
    best = _best(found.rows)
    for at, _, column in COLUMNS:
        words = shown[column]
        bold = column == 4 and row is best
        number, mark = words.removesuffix(" ="), words.endswith(" =")
        axis.text(
            at, place, number, transform=across, va="center", ha="right", weight="bold" if bold else "normal"
        )
        if mark:
            axis.text(at + 0.005, place, " =", transform=across, va="center")


def _best(rows: Sequence[Row]) -> Row | None:
    """The least held-out figure of what may not have seen the held-out part."""
    fair = [row for row in rows if row.held_out is not None and not (row.kind == GIVEN and row.note)]
    return min(fair, key=lambda row: row.held_out or 0.0, default=None)


def _legend(figure: Figure, found: Comparison, tall: float) -> None:
    """What marks and signs mean."""
    grey = "#555555"
    handles = [
        Line2D([], [], marker="o", color=grey, markerfacecolor=face, linestyle="", markersize=5.2)
        for face in ("white", grey)
    ]
    figure.legend(
        handles, ["train", "held-out"], loc="center right", ncols=2, frameon=False,
        bbox_to_anchor=(0.995, 1 - 0.2 / tall),
    )  # fmt: skip
    size = found.text.size
    notes = [f"= within 5 % of {size:,} parameters, the size at which dense, sparse and pruned are compared"]
    notes += ["bold, and the dotted line: the least held-out figure, * left aside"] * any(
        row.held_out is not None for row in found.rows
    )
    notes += ["* the held-out part is taken to be in its training data"] * any(
        row.kind == GIVEN and row.note for row in found.rows
    )
    notes += [f"{PUBLISHED}: fitted on the whole text"] * any(row.kind == PUBLISHED for row in found.rows)
    low = [row for row in found.rows if any(b is not None and b < LEAST for b in (row.train, row.held_out))]
    notes += [f"below {LEAST:g} drawn at the axis' least figure"] * bool(low)
    figure.text(0.01, 0.06 / tall, "\n".join(notes), fontsize=7, va="bottom", color="#333333")
