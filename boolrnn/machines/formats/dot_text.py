r"""DOT: machines as graph descriptions, ours exactly, those of other programs by their conventions.

Ours say in attributes of their own (`machine`, `alphabet`, `symbol`, ..; names percent-encoded) exactly what
the machine is, so that any names survive; what is drawn stands in labels as AALpy writes it. A text with
the attribute `machine` is read by these attributes alone.

Of any other text:

- Acceptor: some state is a `doublecircle` or has two `peripheries`; those accept. Moore machine: the label
  of every state is `name|output` (or `name/output`). Mealy machine: all labels of edges are `input/output`
  (the first slash that is not the input itself separates). Otherwise an acceptor in which nothing accepts.
- The start is the target of the one edge that leaves a marker: a node that nothing leads to, with one edge,
  which has no label; or which is drawn as nothing (point, none, plaintext, invis) or named like
  `start` or `init`, and whose edge is labelled `start`, if at all.
- An edge is labelled with one symbol or several, between commas or line ends: `a`, `a,b`, `a/x`, `a,b/x`,
  `a/x,b/y`; a comma where a symbol should begin is itself the symbol. The alphabet is sorted, shorter names
  first; labels of outputs too (`0`, `1` of an acceptor).
"""

import re
from urllib.parse import quote, unquote

import numpy as np

from boolrnn.errors import MachineError
from boolrnn.machines.formats.dot_graph import Arc, Graph, read_graph
from boolrnn.machines.machine import MEALY, MOORE, NOTHING, Machine

ACCEPTOR = ("0", "1")
_START = "__start0"
_UNSEEN = ("point", "none", "plaintext", "plain")


def of_dot(text: str) -> Machine:
    """The machine that a DOT text describes.

    Raises
    ------
    MachineError
        Where the text cannot be parsed (with line and column), is nondeterministic, or has no start.
    """
    graph = read_graph(text)
    if "machine" in graph.attributes:
        return _own(graph)
    marker, start = _marker(graph)
    states = [name for name in graph.nodes if name != marker]
    number = {name: n for n, name in enumerate(states)}
    arcs = [arc for arc in graph.arcs if arc.source != marker]
    kind, told = _kind(graph, states, arcs)
    steps: dict[tuple[str, str], tuple[str, str]] = {}
    for arc in arcs:
        for symbol, output in _parts(arc, kind):
            before = steps.setdefault((arc.source, symbol), (arc.target, output))
            if before != (arc.target, output):
                raise MachineError(
                    f"DOT: state {arc.source!r}, symbol {symbol!r}: an edge to {before[0]!r} and one to "
                    f"{arc.target!r}{' with another output' if kind == MEALY else ''}, expected one"
                )
    alphabet = _sorted({symbol for _, symbol in steps})
    if not alphabet:
        raise MachineError("DOT: no edge has a label, expected symbols")
    outputs = {output for _, output in steps.values()} if kind == MEALY else set(told.values())
    labels = ACCEPTOR if outputs <= set(ACCEPTOR) and kind == MOORE else _sorted(outputs)
    transitions = np.full((len(states), len(alphabet)), NOTHING, np.int64)
    emitted = np.full_like(transitions, NOTHING)
    column, value = ({name: k for k, name in enumerate(names)} for names in (alphabet, labels))
    for (source, symbol), (target, output) in steps.items():
        transitions[number[source], column[symbol]] = number[target]
        emitted[number[source], column[symbol]] = value.get(output, NOTHING)
    if kind == MOORE:
        emitted = np.array([value[told[name]] for name in states], np.int64)
    return Machine(kind, alphabet, labels, transitions, emitted, number[start])


def _sorted(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (len(name), name)))


def _marker(graph: Graph) -> tuple[str, str]:
    """The node that marks the start, and the start."""
    entered = {arc.target for arc in graph.arcs}
    leaving: dict[str, list[Arc]] = {}
    for arc in graph.arcs:
        leaving.setdefault(arc.source, []).append(arc)
    found = []
    for name, arcs in leaving.items():
        if name in entered or len(arcs) != 1:
            continue
        label, look = arcs[0].label.strip(), graph.nodes[name]
        unseen = look.get("shape") in _UNSEEN or "invis" in look.get("style", "")
        called = unseen or re.match(r"_*(start|init)", name, re.IGNORECASE)
        if not label or (called and label.lower() in ("start", "init")):
            found.append((name, arcs[0].target))
    if len(found) != 1:
        names = " (" + ", ".join(repr(name) for name, _ in found[:5]) + ")" if found else ""
        raise MachineError(
            f"DOT: {len(found)} nodes mark the start{names}, expected one: "
            f"{_START} [shape=none]; {_START} -> STATE;"
        )
    return found[0]


def _kind(graph: Graph, states: list[str], arcs: list[Arc]) -> tuple[str, dict[str, str]]:
    """Moore or Mealy, and what the states of a Moore machine tell."""
    looks = {name: graph.nodes[name] for name in states}
    accepting = {name for name, look in looks.items() if _doubled(look)}
    if not accepting:
        shown = {name: _record(look) for name, look in looks.items()}
        split = {name: match for name, match in shown.items() if match is not None}
        if len(split) == len(states):
            return MOORE, {name: match.strip() for name, match in split.items()}
        if arcs and all("/" in arc.label[1:] for arc in arcs):
            return MEALY, {}
    return MOORE, {name: str(int(name in accepting)) for name in states}


def _doubled(look: dict[str, str]) -> bool:
    return look.get("shape", "").startswith("double") or look.get("peripheries", "1") not in ("0", "1")


def _record(look: dict[str, str]) -> str | None:
    """The output in a state's label, `name|output` or `name/output`."""
    label = look.get("label", "").strip()
    if label.startswith("{") and label.endswith("}"):
        label = label[1:-1]
    match = re.fullmatch(r"[^|/]*[|/](.*)", label, re.DOTALL)
    return None if match is None else match.group(1)


def _parts(arc: Arc, kind: str) -> list[tuple[str, str]]:
    """(symbol, output) for all that an edge is labelled with; the output of a Moore machine is empty."""
    where = f"edge from {arc.source!r} to {arc.target!r}"
    pieces = re.findall(r"(?:^|[,\n])([^\n][^,\n]*)", arc.label)  # a piece may begin with a comma
    if not pieces:
        raise MachineError(f"DOT: {where} has no label, expected symbols")
    pieces = [piece.strip() or piece for piece in pieces]
    if kind == MOORE:
        return [(piece, "") for piece in pieces]
    found, waiting = [], []
    for piece in pieces:
        match = re.fullmatch(r"(.[^/]*)/(.*)", piece, re.DOTALL)
        if match is None:
            waiting.append(piece)
            continue
        symbol, output = (group.strip() or group for group in match.groups())
        found += [(other, output) for other in [*waiting, symbol]]
        waiting = []
    if waiting:
        raise MachineError(f"DOT: {where}: {arc.label!r}, expected an output after {waiting[-1]!r}")
    return found


def _own(graph: Graph) -> Machine:
    """A text that `to_dot` wrote, by its attributes."""
    try:
        states = [name for name in graph.nodes if name != _START]
        number = {name: n for n, name in enumerate(states)}
        alphabet, labels = (_names(graph.attributes[name]) for name in ("alphabet", "outputs"))
        kind = graph.attributes["machine"]
        transitions = np.full((len(states), len(alphabet)), NOTHING, np.int64)
        emitted = np.full_like(transitions, NOTHING)
        start = 0
        for arc in graph.arcs:
            if arc.source == _START:
                start = number[arc.target]
                continue
            n = number[arc.source]
            for k in map(int, arc.attributes["symbol"].split(",")):
                if transitions[n, k] != NOTHING:
                    raise MachineError(
                        f"DOT: state {arc.source!r}, symbol {alphabet[k]!r}: two edges, expected one"
                    )
                transitions[n, k] = number[arc.target]
                emitted[n, k] = int(arc.attributes["output"]) if kind == MEALY else NOTHING
        if kind == MOORE:
            emitted = np.array([int(graph.nodes[name]["output"]) for name in states], np.int64)
        return Machine(kind, alphabet, labels, transitions, emitted, start)
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        if isinstance(error, MachineError):
            raise
        raise MachineError(
            f"DOT: attribute missing or damaged ({error}); expected what to_dot writes"
        ) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(unquote(name, errors="surrogatepass") for name in text.split(","))


def to_dot(machine: Machine, *, merged: bool = False) -> str:
    """The machine as DOT, which `of_dot` reads back exactly; labels and shapes are those that AALpy reads.

    With `merged` one edge per pair of states (and output) carries all its symbols: better to look at.
    """
    acceptor = machine.kind == MOORE and set(machine.labels) <= set(ACCEPTOR)
    lines = ["digraph {", f'machine="{machine.kind}";']
    for what, names in (("alphabet", machine.alphabet), ("outputs", machine.labels)):
        encoded = ",".join(quote(name, safe="", errors="surrogatepass") for name in names)
        lines.append(f'{what}="{encoded}";')
    lines.append("rankdir=LR;")
    for n in range(machine.states):
        look = f'label="s{n}"'
        if machine.kind == MOORE:
            told = int(machine.outputs[n])
            name = machine.labels[told]
            if not acceptor:
                record = re.sub(r"([{}|<>])", r"\\\1", _escaped(name))
                look = f'label="s{n}|{record}", shape=record, style=rounded'
            elif name == "1":
                look += ", shape=doublecircle"
            look += f", output={told}"
        lines.append(f"s{n} [{look}];")
    lines += [f'{_START} [shape=none, label=""];', f"{_START} -> s{machine.start};"]
    for n in range(machine.states):
        lines += _edges(machine, n, merged)
    return "\n".join([*lines, "}", ""])


def _edges(machine: Machine, n: int, merged: bool) -> list[str]:
    """The edges that leave a state, as lines."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for k, after in enumerate(machine.transitions[n].tolist()):
        if after >= 0:
            told = int(machine.outputs[n, k]) if machine.kind == MEALY else NOTHING
            groups.setdefault((after, told) if merged else (after, told, k), []).append(k)
    lines = []
    for (after, told, *_), symbols in groups.items():
        label = ",".join(_escaped(machine.alphabet[k]) for k in symbols)
        more = ""
        if machine.kind == MEALY:
            label, more = f"{label}/{_escaped(machine.labels[told])}", f", output={told}"
        numbers = ",".join(map(str, symbols))
        lines.append(f's{n} -> s{after} [label="{label}", symbol="{numbers}"{more}];')
    return lines


def _escaped(name: str) -> str:
    """A name inside a quoted label: printable, and drawn as it stands."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return shown.replace("\\", "\\\\").replace('"', '\\"')
