"""Small explorer pages for tests, made of few answers: all about positions, little about neurons."""

import dataclasses
from typing import Any

import numpy as np

import boolrnn
from boolrnn.report.explorer import details as records
from boolrnn.report.explorer.positions import arrays, names, seen_on
from boolrnn.report.page import block, render, write_page
from boolrnn.report.sheets import sheet
from boolrnn.result import MadeBy

CODES = {"float32": "f4", "uint8": "u1", "uint16": "u2", "uint32": "u4"}


def explorer_page(path, weights, symbols, *, positions=None, title="a net", **values):
    """Write a page of a net and a text; `positions` (default all) have details; `values` replace others."""
    symbols = np.asarray(symbols)
    data, blocks = session(weights, symbols, positions, title)
    write_page(path, render("report.html.j2", **page_values(data, blocks, weights, symbols) | values))
    return path


def session(weights, symbols, positions=None, title="a net"):
    """The data of a page and its blocks, (dict, name -> base64)."""
    automaton = boolrnn.compile(weights)
    run, agreement = boolrnn.run(automaton, symbols), boolrnn.agreement(automaton, symbols)
    predict = boolrnn.predict(automaton, symbols) if weights.predicts else None
    count = len(symbols) - 1 if weights.predicts else len(symbols)
    at = np.arange(count) if positions is None else np.array(positions, np.int64)
    seen = seen_on(automaton, run, at)
    data: dict[str, Any] = frame(weights, len(symbols), title) | {
        "details": {"size": records.SIZE, "positions": at.tolist()},
        "window": agreement.window,
        "arithmetic": agreement.arithmetic,
        "level": agreement.level,
        "verdict": agreement.verdict,
    }
    blocks = {"neurons": block(neurons(weights)), "graph": block(graph(weights))}
    for name, values in arrays(automaton, seen, agreement, run, predict).items():
        kind = {"dtype": CODES[values.dtype.name], "shape": list(values.shape)}
        data["arrays"][name] = kind | {"block": f"text-{name}"}
        blocks[f"text-{name}"] = block(values.tobytes())
    known = reasons(automaton, symbols, at) if predict is not None and len(at) else (None,) * 3
    found = records.details(at, predict, *known)
    blocks |= {name: block(payload) for name, payload in records.blocks(found, seen)}
    return data, blocks


def empty_session(weights):
    """The same of a text without symbols."""
    told = {"window": "no positions", "arithmetic": "float32", "level": "", "verdict": "There is no text."}
    data: dict[str, Any] = (
        frame(weights, 0, "nothing") | told | {"details": {"size": records.SIZE, "positions": []}}
    )
    blocks = {"neurons": block(neurons(weights)), "graph": block(graph(weights))}
    for name, kind in {"symbols": "u2", "signs": "u1", "states": "u1", "one_step": "f4"}.items():
        data["arrays"][name] = {"dtype": kind, "shape": [0], "block": f"text-{name}"}
        blocks[f"text-{name}"] = block(b"")
    return data, blocks


def frame(weights, length, title) -> dict[str, Any]:
    """What a page says of net and text, whatever they do."""
    sizes = {"hidden": weights.hidden, "symbols": weights.symbols, "outputs": weights.outputs}
    return {
        "title": title,
        "made_by": dataclasses.asdict(MadeBy()),
        "model": {"name": "net", **sizes, "predicts": weights.predicts},
        "text": {"name": "text", "length": length},
        "command": "boolrnn report net text --details A:B",
        **names(weights),
        "arrays": {},
        "charts": [],
        "neurons": "neurons",
        "graph": "graph",
    }


def reasons(automaton, symbols, at):
    """justify, and the fewest flips from the network's signs and from the automaton's own states."""
    maps = [
        boolrnn.fragility(automaton, symbols, predictions=True, positions=at, states=states)
        for states in ("network", "automaton")
    ]
    return boolrnn.justify(automaton, symbols, at=at), *maps


def page_values(data, blocks, weights, symbols):
    """What the template is given."""
    result = boolrnn.agreement(weights, symbols) if len(symbols) else None
    drawn = sheet(result) if result else None
    verdict = {"sentence": data["verdict"], "level": data["level"], "facts": [], "table": None}
    if drawn:
        verdict |= {"facts": drawn.tables[0].rows, "table": drawn.tables[1] if weights.predicts else None}
    return {
        "data": data,
        "blocks": blocks,
        "verdict": verdict,
        "charts": [],
        "ledgers": [],
        "sections": [("agreement", "boolrnn agreement net text", drawn, "there is no text")],
        "made_by": MadeBy(),
    }


def neurons(weights):
    """Records of the neurons in which next to nothing is known."""
    counts = ("flips", "rate", "mean_dwell", "median_dwell", "longest", "one_step", "free_run")
    unknown = dict.fromkeys((*counts, "group", "knockout", "promotes", "demotes", "backbone", "role"))
    empty = {"inputs": [], "outputs": [], "drives": [], "margin": {"mean": None, "min": None}}
    influence = {"out_degree": 0.0, "in_degree": 0.0, "self": 0.0}
    return [
        {"neuron": j, "on": 0.5, "class": "active", **unknown, **empty, "influence": influence}
        for j in range(weights.hidden)
    ]


def graph(weights):
    """Nodes on a diagonal, no edge."""
    hidden = weights.hidden
    places = [(k + 0.5) / hidden for k in range(hidden)]
    nodes = [{"neuron": j, "x": x, "y": x, "group": None, "share": None} for j, x in enumerate(places)]
    nothing = {"edges": [], "total": 0, "kept": 0, "groups": [], "group_edges": []}
    return {"nodes": nodes, **nothing, "definitions": {"rate": "", "share": "", "group": ""}}
