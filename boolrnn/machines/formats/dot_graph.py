"""Reading DOT: the nodes and edges of a directed graph with their attributes, as Graphviz would draw them.

pydot parses; what it leaves open is done here: defaults (`node [..]`, `edge [..]`) in the order of the text,
subgraphs, ports, quotes and escapes. It takes milliseconds per edge, so texts in which every line is one
plain statement, as programs write them (ours too), are read here directly, to the same effect.
"""

import dataclasses
import importlib
import re
import warnings
from typing import Any

from boolrnn.errors import MachineError, OptionError

_LINES = {"n": "\n", "l": "\n", "r": "\n", "\n": ""}
_ID = r'(?:"(?:[^"\\\n]|\\.)*"|[A-Za-z_][A-Za-z_0-9]*|-?[0-9]+)'
_GAP = r"[ \t]*"
_PAIR = rf"({_ID}){_GAP}={_GAP}({_ID})"
_PAIRS = rf"{_ID}{_GAP}={_GAP}{_ID}(?:{_GAP},{_GAP}{_ID}{_GAP}={_GAP}{_ID})*"
_NODES = rf"({_ID})(?:{_GAP}->{_GAP}({_ID}))?{_GAP}(?:\[{_GAP}({_PAIRS})?{_GAP}\])?"
_STATEMENT = re.compile(rf"{_GAP}(?:{_PAIR}|{_NODES}){_GAP};?{_GAP}")
_HEAD = re.compile(rf"{_GAP}digraph{_GAP}{_ID}?{_GAP}{{{_GAP}")
_KEYWORDS = ("node", "edge", "graph", "digraph", "subgraph", "strict")


@dataclasses.dataclass(frozen=True)
class Arc:
    """One edge; its label is unescaped, and empty where there is none."""

    source: str
    target: str
    attributes: dict[str, str]

    @property
    def label(self) -> str:
        """What is written beside it."""
        return self.attributes.get("label", "")


@dataclasses.dataclass(frozen=True)
class Graph:
    """Attributes of the graph; nodes, in the order of the text, with theirs; edges."""

    attributes: dict[str, str]
    nodes: dict[str, dict[str, str]]
    arcs: list[Arc]


def _pydot() -> Any:
    try:
        return importlib.import_module("pydot.dot_parser")
    except ModuleNotFoundError as error:
        if error.name != "pydot":
            raise
        raise OptionError("reading DOT needs pydot, which is not installed: pip install pydot") from None


def read_graph(text: str) -> Graph:
    """The one directed graph of a DOT text.

    Raises
    ------
    MachineError
        With line and column where it cannot be parsed; where it is undirected, or edges lead to groups.
    OptionError
        Where pydot is not installed.
    """
    plain = _plain(text)
    if plain is not None:
        return plain
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydot calls pyparsing by names that newer versions deprecate
            graphs = list(_pydot().GraphParser.parser.parse_string(text, parse_all=True))
    except RecursionError:
        raise MachineError("DOT: nested too deeply") from None
    except Exception as error:  # pyparsing is no dependency of ours; its errors have a place
        if not hasattr(error, "lineno"):
            raise
        place: Any = error
        raise MachineError(f"DOT, line {place.lineno}, column {place.column}: {place.msg}") from None
    if len(graphs) != 1 or graphs[0].get_type() != "digraph":
        what = f"{len(graphs)} graphs" if len(graphs) != 1 else "an undirected graph"
        raise MachineError(f"DOT: {what}, expected one digraph")
    found = Graph(_attributes(graphs[0].get_attributes()), {}, [])
    _collect(graphs[0], found, {}, {})
    return found


def _plain(text: str) -> Graph | None:
    """The graph of a text with one statement per line and neither defaults nor groups; None of any other."""
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip(" \t")]
    if len(lines) < 2 or not _HEAD.fullmatch(lines[0]) or lines[-1].strip(" \t") != "}":
        return None
    found = Graph({}, {}, [])
    for line in lines[1:-1]:
        match = _STATEMENT.fullmatch(line)
        if match is None:
            return None
        key, value, source, target, pairs = match.groups()
        if key is not None:
            found.attributes.update(_attributes({key: value}))
            continue
        ends = [source] if target is None else [source, target]
        if any(end.lower() in _KEYWORDS for end in ends):
            return None
        given = _attributes(dict(re.findall(_PAIR, pairs or "")))
        names = [_name(end, found, {}) for end in ends]
        if target is None:
            found.nodes[names[0]].update(given)
        else:
            found.arcs.append(Arc(names[0], names[1], given))
    return found


def _collect(graph: Any, found: Graph, node: dict[str, str], edge: dict[str, str]) -> None:
    """The statements of a graph or subgraph in order; defaults hold from where they stand, inwards only."""
    node, edge = dict(node), dict(edge)
    items = [*graph.get_node_list(), *graph.get_edge_list(), *graph.get_subgraph_list()]
    for item in sorted(items, key=lambda item: item.get_sequence() or 0):
        if hasattr(item, "get_node_list"):
            _collect(item, found, node, edge)
        elif hasattr(item, "get_source"):
            ends = [_name(end, found, node) for end in (item.get_source(), item.get_destination())]
            found.arcs.append(Arc(ends[0], ends[1], edge | _attributes(item.get_attributes())))
        elif item.get_name() in ("node", "edge", "graph"):
            defaults = {"node": node, "edge": edge}.get(item.get_name(), found.attributes)
            defaults.update(_attributes(item.get_attributes()))
        else:
            name = _name(item.get_name(), found, node)
            found.nodes[name].update(_attributes(item.get_attributes()))


def _name(text: Any, found: Graph, defaults: dict[str, str]) -> str:
    """A node's name without its port; the node begins with the defaults of where it is met first."""
    if not isinstance(text, str):
        raise MachineError("DOT: an edge from or to a group {..}, expected edges between single nodes")
    bare = re.match(r'"(?:[^"\\]|\\.)*"|[^:]*', text, re.DOTALL)
    name = _unquoted(bare.group() if bare else text)
    found.nodes.setdefault(name, dict(defaults))
    return name


def _attributes(given: dict[str, Any]) -> dict[str, str]:
    return {
        _unquoted(str(name)): "" if value is None else _unescaped(_unquoted(str(value)))
        for name, value in given.items()
    }


def _unquoted(text: str) -> str:
    r"""An identifier's text: in quotes `\"` is a quote, a backslash at a line's end joins the lines."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return re.sub(r'\\(\\|"|\n)', lambda m: {"\\": "\\\\", '"': '"', "\n": ""}[m.group(1)], text[1:-1])


def _unescaped(text: str) -> str:
    r"""A label as it is drawn: `\n`, `\l` and `\r` end lines, any other escaped character is itself."""
    return re.sub(r"\\(.)", lambda m: _LINES.get(m.group(1), m.group(1)), text, flags=re.DOTALL)
