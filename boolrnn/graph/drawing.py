"""Graphs as files: GraphML and DOT, from networkx graphs."""

import os
from pathlib import Path
from typing import Any

import networkx as nx

from boolrnn.errors import OptionError
from boolrnn.result import write_whole

ENDINGS = (".graphml", ".dot", ".gv")


def check_ending(path: str | os.PathLike[str]) -> None:
    """Refuse a name that says nothing about the format.

    Raises
    ------
    OptionError
        Where it ends in none of ENDINGS.
    """
    if Path(path).suffix.lower() not in ENDINGS:
        raise OptionError(f"graph {path}: expected a name that ends in {', '.join(ENDINGS)}")


def write_graph(graph: nx.DiGraph, path: str | os.PathLike[str]) -> None:
    """Write a directed graph, whole or not at all; its attributes stay.

    Raises
    ------
    OptionError
        On another ending.
    ResultError
        Where the file cannot be written.
    """
    check_ending(path)
    graphml = Path(path).suffix.lower() == ".graphml"
    text = "\n".join(nx.generate_graphml(graph)) + "\n" if graphml else to_dot(graph)
    write_whole(path, text.encode())


def to_dot(graph: nx.DiGraph) -> str:
    """A directed graph in the DOT language; edge `rate` (0..1) becomes the width of the line."""
    lines = [f"digraph {_quoted(graph.name)} {{", "  node [shape=box, style=rounded];"]
    for node, data in graph.nodes(data=True):
        lines.append(f"  {_quoted(node)} [{_attributes(data)}];")
    for source, to, data in graph.edges(data=True):
        width = {"penwidth": round(0.3 + 6 * data["rate"], 3)} if "rate" in data else {}
        lines.append(f"  {_quoted(source)} -> {_quoted(to)} [{_attributes(data | width)}];")
    return "\n".join([*lines, "}", ""])


def _attributes(data: dict[str, Any]) -> str:
    return ", ".join(f"{key}={_quoted(value)}" for key, value in data.items())


def _quoted(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
