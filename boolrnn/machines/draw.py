"""draw: a machine as a picture, and as files that other programs draw.

All edges between two states are one, with their symbols as a compact list (boolrnn.machines.wording). Where
states stand and edges run is worked out here (boolrnn.machines.layout, routes), so that SVG, PNG and a page
show the same; lengths are in units of a state's diameter.
"""

import dataclasses
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path

import networkx as nx
import numpy as np

from boolrnn.errors import MachineError, OptionError
from boolrnn.machines.formats.dot_text import to_dot
from boolrnn.machines.formats.exchange import is_acceptor, to_networkx
from boolrnn.machines.layout import placed
from boolrnn.machines.machine import MOORE, NOTHING, Machine
from boolrnn.machines.routes import Routes, box, routed
from boolrnn.machines.wording import Group, Wording, in_full, in_lines, plain, shortened
from boolrnn.result import Result, named, write_whole
from boolrnn.shapes import Bool, Float64, Int64

MOST = 60
_LIMIT = 200  # states of a drawing, at most
_WORDED = 200  # edges, at most, that have words in the picture
_ACROSS, _DOWN = 14, 3  # characters of a line, lines of an edge's words
_LABEL = 8  # characters of a label inside a state
_NOT_IN_XML = r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"  # or not kept: a carriage return
_SPREAD, _ROUNDS = 1.25, 4  # how much further apart states go where words have no room, and how often


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Draw(Result):
    """A machine and its drawing.

    The `drawn` states are those with the shortest words from the start (breadth-first, in the order of the
    symbols); where there is room, states that cannot be reached follow, in the order of their numbers.
    `left_out` states are not drawn; a state with a transition to one of them has a stub, which leaves at that
    angle (null: it has none). Places count from the start, x to the right, y upwards; a state is a circle of
    radius 0.5. `text` are all symbols of an edge, `words` those in the picture; (x, y) is the middle of the
    words. `bend` is how far the middle of the edge lies to the left of the straight line, of a loop the angle
    where it leaves. Angles are in radians, counterclockwise from the right. An acceptor is a Moore machine
    with no other labels than 0 and 1; `accepting` states are those with the label 1.
    """

    schema = "draw/1"

    states: int
    drawn: int
    left_out: int
    edges: int  # that are drawn
    transitions: int  # of all states
    acceptor: bool
    unworded: int  # edges without words in the picture: all above 200, else those that have no room
    arrangement: str  # grid or ring
    start_angle: float  # where the start's arrow comes from
    machine_kind: str = named("machine.kind")
    machine_alphabet: np.ndarray = named("machine.alphabet", whole=True)
    machine_labels: np.ndarray = named("machine.labels", whole=True)
    machine_start: int = named("machine.start")
    machine_outputs: np.ndarray = named("machine.outputs", whole=True, nullable=True)
    machine_transitions: Int64[np.ndarray, "N A"] = named("machine.transitions", whole=True, nullable=True)
    node_state: Int64[np.ndarray, "D"] = named("nodes.state")
    node_words: np.ndarray = named("nodes.words")
    node_accepting: Bool[np.ndarray, "D"] = named("nodes.accepting")
    node_x: Float64[np.ndarray, "D"] = named("nodes.x")
    node_y: Float64[np.ndarray, "D"] = named("nodes.y")
    node_stub: Float64[np.ndarray, "D"] = named("nodes.stub")
    edge_from: Int64[np.ndarray, "E"] = named("drawn_edges.from")
    edge_to: Int64[np.ndarray, "E"] = named("drawn_edges.to")
    edge_text: np.ndarray = named("drawn_edges.text")
    edge_words: np.ndarray = named("drawn_edges.words")
    edge_bend: Float64[np.ndarray, "E"] = named("drawn_edges.bend")
    edge_x: Float64[np.ndarray, "E"] = named("drawn_edges.x")
    edge_y: Float64[np.ndarray, "E"] = named("drawn_edges.y")

    @property
    def machine(self) -> Machine:
        """The machine, all of its states."""
        return Machine(
            kind=self.machine_kind,
            alphabet=tuple(map(str, self.machine_alphabet)),
            labels=tuple(map(str, self.machine_labels)),
            transitions=self.machine_transitions,
            outputs=self.machine_outputs,
            start=self.machine_start,
        )

    def graph(self) -> nx.MultiDiGraph:
        """All states and transitions as networkx has them (boolrnn.machines.formats.exchange); drawn states
        have their place as `x` and `y`."""
        graph = to_networkx(self.machine)
        for state, x, y in zip(self.node_state.tolist(), self.node_x.tolist(), self.node_y.tolist()):
            graph.nodes[state].update(x=x, y=y)
        return graph

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write all states and transitions as DOT (.dot, .gv) or GraphML (.graphml).

        Raises
        ------
        OptionError
            On another ending.
        MachineError
            On a name that such a file cannot hold (control characters in GraphML).
        ResultError
            Where it cannot be written.
        """
        ending = Path(path).suffix.lower()
        if ending in (".dot", ".gv"):
            data = to_dot(self.machine).encode()
        elif ending == ".graphml":
            data = _graphml(self.graph())
        else:
            raise OptionError(f"{path}: expected a name that ends in .dot, .gv or .graphml")
        write_whole(path, data)


def draw(machine: Machine, *, most: int = MOST) -> Draw:
    """Lay out the `most` states nearest to the start (1..200), their edges and words.

    Raises
    ------
    OptionError
        On `most` outside its range.
    """
    if not isinstance(machine, Machine):
        raise OptionError(f"machine: {type(machine).__name__}, expected a Machine (of a result: .machine)")
    if not 1 <= most <= _LIMIT:
        raise OptionError(f"most {most}: expected 1..{_LIMIT} states")
    states, depth = nearest(machine, most)
    edges, groups, leaving = _merged(machine, states)
    worded = len(edges) <= _WORDED
    words = [in_lines(group, _ACROSS, _DOWN) if worded else "" for group in groups]
    apart = edges[edges[:, 0] != edges[:, 1]]
    places, arrangement = placed(len(states), apart, depth, _gap(words))
    places, routes = _roomy(places, edges, words, leaving)
    words = ["" if covers else text for text, covers in zip(words, routes.covering.tolist())]
    acceptor = is_acceptor(machine)
    return Draw(
        states=machine.states,
        drawn=len(states),
        left_out=machine.states - len(states),
        edges=len(edges),
        transitions=int((machine.transitions != NOTHING).sum()),
        acceptor=acceptor,
        unworded=sum(not text for text in words),
        arrangement=arrangement,
        start_angle=routes.start,
        machine_kind=machine.kind,
        machine_alphabet=np.array(machine.alphabet, np.str_),
        machine_labels=np.array(machine.labels, np.str_),
        machine_start=machine.start,
        machine_outputs=machine.outputs,
        machine_transitions=machine.transitions,
        node_state=states,
        node_words=np.array(_inside(machine, states, acceptor), np.str_),
        node_accepting=_accepting(machine, states, acceptor),
        node_x=places[:, 0].copy(),
        node_y=places[:, 1].copy(),
        node_stub=routes.stub,
        edge_from=states[edges[:, 0]],
        edge_to=states[edges[:, 1]],
        edge_text=np.array([in_full(group) for group in groups], np.str_),
        edge_words=np.array(words, np.str_),
        edge_bend=routes.bend,
        edge_x=routes.words[:, 0].copy(),
        edge_y=routes.words[:, 1].copy(),
    )


def nearest(machine: Machine, most: int) -> tuple[Int64[np.ndarray, "D"], Int64[np.ndarray, "D"]]:
    """The `most` states nearest to the start, in breadth-first order, and their distances from it; then those
    that it does not lead to, each part from its lowest number, with the distances from there."""
    order: list[int] = []
    depth: dict[int, int] = {}
    roots = iter([machine.start, *range(machine.states)])
    while len(order) < min(most, machine.states):
        root = next(roots)
        if root in depth:
            continue
        depth[root], first = 0, len(order)
        order.append(root)
        while first < len(order) < most:
            for after in machine.transitions[order[first]].tolist():
                if after != NOTHING and after not in depth:
                    depth[after] = depth[order[first]] + 1
                    order.append(after)
            first += 1
    chosen = order[:most]
    return np.array(chosen, np.int64), np.array([depth[n] for n in chosen], np.int64)


def _merged(
    machine: Machine, states: Int64[np.ndarray, "D"]
) -> tuple[Int64[np.ndarray, "E 2"], list[list[Group]], Bool[np.ndarray, "D"]]:
    """Edges between drawn states (by their places in `states`), their words, and whose stubs there are."""
    wording, place = Wording(machine), {n: k for k, n in enumerate(states.tolist())}
    pairs: list[tuple[int, int]] = []
    groups: list[list[Group]] = []
    leaving = np.zeros(len(states), bool)
    for n, k in place.items():
        for target, words in wording.edges(n).items():
            if target in place:
                pairs.append((k, place[target]))
                groups.append(words)
            else:
                leaving[k] = True
    return np.array(pairs, np.int64).reshape(-1, 2), groups, leaving


def _gap(words: Sequence[str]) -> float:
    """The least distance of two states: most words find room between them."""
    widths = sorted(box(text)[0] for text in words if text)
    usual = widths[(4 * len(widths)) // 5] if widths else 0.0
    return min(max(2.0, usual + 1.4), 3.2)


def _roomy(
    places: np.ndarray, edges: np.ndarray, words: list[str], leaving: np.ndarray
) -> tuple[np.ndarray, Routes]:
    """The places as near to each other as the words allow, and the routes."""
    routes = routed(places, edges, words, leaving)
    for _ in range(_ROUNDS):
        if not routes.covering.any():
            break
        places = places * _SPREAD
        routes = routed(places, edges, words, leaving)
    return places - places[0], dataclasses.replace(routes, words=routes.words - places[0])


def _accepting(machine: Machine, states: np.ndarray, acceptor: bool) -> Bool[np.ndarray, "D"]:
    if not acceptor or "1" not in machine.labels:
        return np.zeros(len(states), bool)
    return machine.outputs[states] == machine.labels.index("1")


def _inside(machine: Machine, states: np.ndarray, acceptor: bool) -> list[str]:
    """What stands in the circles: the number; under it the label of a Moore machine that is no acceptor.

    Labels that would look the same when shortened are written as their numbers in `labels`.
    """
    if machine.kind != MOORE or acceptor:
        return [str(n) for n in states.tolist()]
    spelt = [plain(label) for label in Wording(machine).labels]
    short = [shortened(label, _LABEL) for label in spelt]
    if len(set(short)) < len(short):
        short = [f"[{k}]" for k in range(len(short))]
    return [f"{n}\n{short[y]}" for n, y in zip(states.tolist(), machine.outputs[states].tolist())]


def _graphml(graph: nx.MultiDiGraph) -> bytes:
    """GraphML of a graph with scalar attributes.

    Raises
    ------
    MachineError
        On a name that XML cannot hold.
    """
    names = [str(value) for value in graph.graph.values()]
    names += [str(name) for *_, data in graph.edges(data=True) for name in data.values()]
    names += [str(name) for _, data in graph.nodes(data=True) for name in data.values()]
    bad = next((name for name in names if re.search(_NOT_IN_XML, name)), None)
    if bad is not None:
        raise MachineError(f"{bad!r}: a name with a character that GraphML cannot hold")
    buffer = io.BytesIO()
    nx.write_graphml(graph, buffer)
    return buffer.getvalue()
