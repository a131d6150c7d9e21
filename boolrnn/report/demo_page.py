"""The page of the demo: what its template is given. Bars, curves and strips are plain HTML and SVG in the
page's own colours, so that they follow its theme, print, and need no script."""

from typing import Any

import numpy as np

from boolrnn.report.page import render
from boolrnn.report.sheets import sheet

BINS = 120  # points of a curve along the text
SHOWN = 150  # positions whose predictions are shown
BEFORE = 8  # of them, those before the first divergence, where there are as many
CONTEXT = 36  # symbols of the text shown before the flipped state
GLYPHS = {"' '": "␣", "0x0a": "↵", "0x09": "⇥", '"\'"': "'"}
WIDTH, HEIGHT = 600, 100  # of a curve, in units of its own


def page_of(told: Any) -> str:
    """The page of a Demo."""
    return render(
        "demo.html.j2",
        told=told,
        made_by=told.made_by,
        nets=[_net(told, k) for k in range(len(told.net))],
        tables={table.name: table for table in sheet(told).tables},
        commands=_commands(told),
        state=_state(told),
        context=_context(told),
        read=[glyph(name) for name in told.flips_read.tolist()],
        prefixes=list(
            zip(told.prefix_symbol.tolist(), told.prefix_expected.tolist(), told.prefix_found.tolist())
        ),
        glyph=glyph,
    )


def glyph(name: str) -> str:
    """A symbol's name ('a', ' ', 0x0a) in one or two characters (a, ␣, ↵)."""
    if name in GLYPHS:
        return GLYPHS[name]
    return name[1:-1].replace("\\\\", "\\") if name[:1] in "'\"" else name.removeprefix("0x")


def _net(told: Any, k: int) -> dict[str, Any]:
    """One net's card: its bars, curves and strip; both nets have the same scale."""
    name = str(told.net[k])
    own = {
        "network": ("network", "the network", told.net_bpc_float[k]),
        "signs": ("network", "its signs, read out", told.net_bpc_sign_readout[k]),
        "one": ("automaton", "the automaton, one step from the network's signs", told.net_bpc_one_step[k]),
        "free": ("automaton", "the automaton, on its own", told.net_bpc_sign_dynamics[k]),
    }
    widest = np.nanmax([told.net_bpc_float, told.net_bpc_one_step, told.net_bpc_sign_dynamics, [1e-9, 1e-9]])
    bars = [(kind, what, float(bpc), float(100 * bpc / widest)) for kind, what, bpc in own.values()]
    curves = {who: _binned(getattr(told, f"{name}_{who}_bits")) for who in ("network", "automaton")}
    return {
        "name": name,
        "level": str(told.net_level[k]),
        "verdict": str(told.net_verdict[k]),
        "hidden": int(told.net_hidden[k]),
        "one_step": float(told.net_one_step[k]),
        "free_run": float(told.net_free_run[k]),
        "divergence": _divergence(told, k),
        "bars": bars,
        "curves": {who: _path(values, _top(told)) for who, values in curves.items()},
        "top": _top(told),
        **_strip(told, name, k),
    }


def _divergence(told: Any, k: int) -> str:
    t = int(told.net_divergence_t[k])
    return "none" if t < 0 else f"t = {t:,}, h{int(told.net_divergence_neuron[k])}"


def _binned(values: np.ndarray) -> np.ndarray:
    """Means over equal parts of the text, at most BINS of them."""
    parts = np.array_split(values, min(BINS, max(len(values), 1)))
    return np.array([part.mean() if len(part) else 0.0 for part in parts])


def _top(told: Any) -> float:
    """The top of the axis that all curves share."""
    bits = [
        _binned(getattr(told, f"{name}_{who}_bits")).max()
        for name in told.net
        for who in ("network", "automaton")
    ]
    return float(max(1.0, np.ceil(max(bits))))


def _path(values: np.ndarray, top: float) -> str:
    """A curve as an SVG path: a level stretch for each part of the text."""
    edges = np.linspace(0, WIDTH, len(values) + 1)
    heights = HEIGHT * (1 - values / top)
    parts = [
        f"H{edges[k + 1]:.1f}" if k == 0 else f"V{y:.2f}H{edges[k + 1]:.1f}" for k, y in enumerate(heights)
    ]
    return f"M0 {heights[0]:.2f}" + "".join(parts)


def _strip(told: Any, name: str, k: int) -> dict[str, Any]:
    """Positions around the first divergence of the plain net: what comes, and what both predict."""
    start = max(int(told.net_divergence_t[0]) - BEFORE, 0)
    rows = slice(start, start + SHOWN)
    names = [told.true, getattr(told, f"{name}_network_top"), getattr(told, f"{name}_automaton_top")]
    columns = list(zip(*([glyph(one) for one in column[rows].tolist()] for column in names)))
    wrong = [sum(column[0] != column[who] for column in columns) for who in (1, 2)]
    last = start + len(columns) - 1
    return {"strip": columns, "wrong": wrong, "from": start, "to": last}


def _commands(told: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part, command in zip(told.command_for.tolist(), told.command.tolist()):
        found.setdefault(part, []).append(command)
    return found


def _state(told: Any) -> list[dict[str, Any]]:
    """The bits of the state that is changed: on or off, flipped or not."""
    flipped = set() if told.flips_neurons is None else set(told.flips_neurons.tolist())
    return [
        {"neuron": j, "on": bool(bit), "flipped": j in flipped}
        for j, bit in enumerate(told.flips_state.tolist())
    ]


def _context(told: Any) -> str:
    """The text read before the state: positions t predict symbol t + 1, so it ends with that of at - 1."""
    names = told.true[: told.flips_at][-CONTEXT:].tolist()
    return "".join(glyph(name) for name in names)
