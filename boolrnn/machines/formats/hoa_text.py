"""HOA: the text format of omega-automata (Babiak et al. 2015, doi:10.1007/978-3-319-21690-4_31; version 1),
read and written as deterministic acceptors of finite words.

Which states accept. With `Acceptance: 1 Inf(0)` (Büchi) those that carry the mark 0; with `0 t` all, with
`0 f` none. Other conditions speak of infinite runs only and are refused. In this format a mark on a state
stands for the same mark on all its outgoing edges; so where edges are marked, a state accepts if all its
outgoing edges are marked, does not if none is (or it has none), and a mixture is refused: whether a finite
word ends on a marked edge is another question, which a mark cannot answer for the empty word.

What a symbol is. Where every label, aliases written out, is a disjunction of conjunctions that name every
proposition and exactly one of them without `!` ("one-hot"), the symbols are the propositions, in order.
Otherwise the symbols are the valuations `0` to `2^k - 1` of the k propositions, bit i being proposition i;
edges without labels count the valuations.
"""

from collections.abc import Callable

import numpy as np

from boolrnn.errors import MachineError
from boolrnn.machines.formats.hoa_tokens import Edge, Label, Read, read_hoa
from boolrnn.machines.machine import MOORE, NOTHING, Machine

MAX_PROPOSITIONS = 12  # valuations as symbols: 4,096
ACCEPTOR = ("0", "1")


def of_hoa(text: str) -> Machine:
    """The acceptor that a HOA text describes; partial where it is.

    Raises
    ------
    MachineError
        Where it is no HOA text, is nondeterministic or alternating, or has acceptance that says nothing
        about finite words; with line and column, or line and state.
    """
    read = read_hoa(text)
    count = len(read.propositions)
    explicit = [edge for edge in read.edges if edge.label is not None]
    hot = _OneHot(count)
    sets = [hot.symbols(edge.label) for edge in explicit if edge.label is not None]
    if count and len(explicit) == len(read.edges) and all(found is not None for found in sets):
        alphabet, symbols = read.propositions, [sorted(found or ()) for found in sets]
    else:
        if count > MAX_PROPOSITIONS:
            raise MachineError(
                f"HOA: {count} propositions whose labels are not one-hot, expected at most {MAX_PROPOSITIONS}"
            )
        alphabet = tuple(str(k) for k in range(1 << count))
        symbols = _valuations(read, count)
    transitions = np.full((read.states, len(alphabet)), NOTHING, np.int64)
    for edge, chosen in zip(read.edges, symbols):
        _check(read, edge)
        for x in chosen:
            before = int(transitions[edge.source, x])
            if before not in (NOTHING, edge.target):
                raise MachineError(
                    f"HOA, line {edge.line}: state {edge.source}, symbol {alphabet[x]!r}: edges to states "
                    f"{before} and {edge.target}, expected one (deterministic)"
                )
            transitions[edge.source, x] = edge.target
    return Machine(MOORE, alphabet, ACCEPTOR, transitions, _accepting(read), read.start)


def _check(read: Read, edge: Edge) -> None:
    if edge.target >= read.states:
        raise MachineError(
            f"HOA, line {edge.line}: edge to state {edge.target}, expected 0..{read.states - 1}"
        )


class _OneHot:
    """The propositions that a label names, where it is one-hot; values of aliases are kept."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._kept: dict[int, tuple[Label, frozenset[int] | None]] = {}

    def symbols(self, label: Label) -> frozenset[int] | None:
        """None where it is not one-hot."""
        if id(label) in self._kept:
            return self._kept[id(label)][1]
        if label.what == "or":
            parts = [self.symbols(part) for part in label.parts]
            known = [part for part in parts if part is not None]
            found = frozenset().union(*known) if len(known) == len(parts) else None
        elif label.what == "f":
            found = frozenset()
        else:
            found = self._conjunction(label)
        self._kept[id(label)] = (label, found)  # the label too: an id is one only while it lives
        return found

    def _conjunction(self, label: Label) -> frozenset[int] | None:
        plain: set[int] = set()
        negated: set[int] = set()
        rest, seen = [label], set()
        while rest:
            part = rest.pop()
            if id(part) in seen:
                continue
            seen.add(id(part))  # aliases share parts
            if part.what == "and":
                rest.extend(part.parts)
            elif part.what == "ap":
                plain.add(part.number)
            elif part.what == "not" and part.parts[0].what == "ap":
                negated.add(part.parts[0].number)
            else:
                return None
        if len(plain) != 1 or plain & negated or len(negated) != self.count - 1:
            return None
        return frozenset(plain)


def _valuations(read: Read, count: int) -> list[list[int]]:
    """The valuations of every edge; the k-th edge without a label is that of valuation k."""
    every = np.arange(1 << count)
    kept: dict[int, np.ndarray] = {}
    found: list[list[int]] = []
    following: dict[int, int] = {}
    for edge in read.edges:
        if edge.label is not None:
            found.append(np.flatnonzero(_truth(edge.label, every, kept)).tolist())
            continue
        k = following[edge.source] = following.get(edge.source, -1) + 1
        if k >= len(every):
            raise MachineError(f"HOA, line {edge.line}: more than {len(every)} edges without a label")
        found.append([k])
    short = next((n for n, k in following.items() if k + 1 < len(every)), None)
    if short is not None:
        raise MachineError(
            f"HOA: state {short} has {following[short] + 1} edges without a label, expected {len(every)}"
        )
    return found


def _truth(label: Label, every: np.ndarray, kept: dict[int, np.ndarray]) -> np.ndarray:
    """For every valuation whether the label holds; parts that aliases share are evaluated once."""
    if id(label) in kept:
        return kept[id(label)]
    if label.what == "ap":
        found = (every >> label.number & 1).astype(bool)
    elif label.what in "tf":
        found = np.full(len(every), label.what == "t")
    else:
        parts = [_truth(part, every, kept) for part in label.parts]
        joined: Callable = np.logical_and if label.what == "and" else np.logical_or
        found = ~parts[0] if label.what == "not" else joined.reduce(parts)
    kept[id(label)] = found
    return found


def _accepting(read: Read) -> np.ndarray:
    if read.acceptance in ("t", "f"):
        return np.full(read.states, int(read.acceptance == "t"), np.int64)
    told = np.zeros(read.states, np.int64)
    told[sorted(read.marked)] = 1
    leaving: dict[int, set[bool]] = {}
    for edge in read.edges:
        leaving.setdefault(edge.source, set()).add(edge.marked)
    for state, marks in leaving.items():
        if state in read.marked or marks == {False}:
            continue
        if marks == {True}:
            told[state] = 1
            continue
        raise MachineError(
            f"HOA: some edges of state {state} carry the mark 0 and some do not; on finite words states "
            "accept, expected marks on states, or on all edges of a state alike"
        )
    return told


def to_hoa(machine: Machine) -> str:
    """An acceptor as HOA text, Büchi with marks on states, one proposition per symbol ("one-hot").

    Labels and numbers of unused outputs are not kept: `of_hoa` gives the same machine with labels `0`, `1`.

    Raises
    ------
    MachineError
        Where the machine is no acceptor (a Moore machine with the labels `0` and `1`).
    """
    if machine.kind != MOORE or not set(machine.labels) <= set(ACCEPTOR):
        raise MachineError("HOA: expected an acceptor, a Moore machine whose labels are 0 and 1")
    count = len(machine.alphabet)
    lines = [
        "HOA: v1",
        f"States: {machine.states}",
        f"Start: {machine.start}",
        " ".join(["AP:", str(count), *(_quoted(name) for name in machine.alphabet)]),
        "acc-name: Buchi",
        "Acceptance: 1 Inf(0)",
        "properties: trans-labels explicit-labels state-acc deterministic",
    ]
    for k in range(count):
        literals = [str(i) if i == k else f"!{i}" for i in range(count)]
        lines.append(f"Alias: @{k} {' & '.join(literals)}")
    lines.append("--BODY--")
    for n in range(machine.states):
        accepts = machine.labels[machine.outputs[n]] == "1"
        lines.append(f"State: {n} {{0}}" if accepts else f"State: {n}")
        chosen: dict[int, list[str]] = {}
        for k, after in enumerate(machine.transitions[n].tolist()):
            if after >= 0:
                chosen.setdefault(after, []).append(f"@{k}")
        lines += [f"[{' | '.join(names)}] {after}" for after, names in chosen.items()]
    return "\n".join([*lines, "--END--", ""])


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
