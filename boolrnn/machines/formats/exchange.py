"""Machines as objects of other libraries, and back: networkx, AALpy, automata-lib.

Symbols and labels are strings on our side; what another library holds becomes one by `str` (True and False
`1` and `0`), and two that become the same string are refused. Where an object does not order its symbols or
outputs, they are sorted, shorter names first. All states are kept, also those that cannot be reached.
"""

import importlib
import json
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from boolrnn.errors import MachineError, OptionError
from boolrnn.machines.machine import MEALY, MOORE, NOTHING, Machine

if TYPE_CHECKING:
    import networkx as nx

ACCEPTOR = ("0", "1")
_PACKAGES = {"aalpy": "aalpy", "automata": "automata-lib", "networkx": "networkx"}


def _library(module: str) -> Any:
    """A module of another library.

    Raises
    ------
    OptionError
        Where the library is not installed, with what installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.split(".")[0]
        if error.name != package:
            raise
        raise OptionError(
            f"{package} is needed, which is not installed: pip install {_PACKAGES[package]}"
        ) from None


def is_acceptor(machine: Machine) -> bool:
    """Whether it is a Moore machine whose labels are `0` (reject) and `1` (accept), or one of them."""
    return machine.kind == MOORE and set(machine.labels) <= set(ACCEPTOR)


def _accepts(machine: Machine, state: int) -> bool:
    return machine.labels[machine.outputs[state]] == "1"


def to_networkx(machine: Machine) -> "nx.MultiDiGraph":
    """A MultiDiGraph on the nodes 0..N-1, one edge per transition; all attributes are strings.

    Nodes have `start` (`true`, `false`) and, of a Moore machine, `output`; edges have `symbol` and, of a
    Mealy machine, `output`. The graph has `kind`, and `alphabet` and `labels` as JSON lists, so that
    GraphML keeps them too.
    """
    graph = _library("networkx").MultiDiGraph(
        kind=machine.kind, alphabet=json.dumps(machine.alphabet), labels=json.dumps(machine.labels)
    )
    moore = machine.kind == MOORE
    for n in range(machine.states):
        more = {"output": machine.labels[machine.outputs[n]]} if moore else {}
        graph.add_node(n, start="true" if n == machine.start else "false", **more)
    for n, k in np.argwhere(machine.transitions >= 0).tolist():
        more = {} if moore else {"output": machine.labels[machine.outputs[n, k]]}
        graph.add_edge(n, int(machine.transitions[n, k]), symbol=machine.alphabet[k], **more)
    return graph


def of_networkx(graph: "nx.MultiDiGraph") -> Machine:
    """The machine that a directed graph with the attributes of `to_networkx` describes; exact for its own.

    Without `kind` the machine is Mealy if edges have outputs; without `alphabet` or `labels` those that
    occur are taken. `start` is a state whose attribute is `true` or True.

    Raises
    ------
    MachineError
        Where an attribute is missing, the graph is nondeterministic, or has not one start.
    """
    if not graph.is_directed():
        raise MachineError("networkx: undirected graph, expected a DiGraph or MultiDiGraph")
    nodes, edges = dict(graph.nodes(data=True)), list(graph.edges(data=True))
    starts = [name for name, data in nodes.items() if data.get("start") in ("true", True)]
    if len(starts) != 1:
        raise MachineError(f"networkx: {len(starts)} nodes with start='true', expected one")
    kind = graph.graph.get("kind", MEALY if any("output" in data for *_, data in edges) else MOORE)
    try:
        told = {name: data["output"] for name, data in nodes.items()} if kind == MOORE else {}
        steps = [(a, data["symbol"], b, None if kind == MOORE else data["output"]) for a, b, data in edges]
    except KeyError as error:
        raise MachineError(f"networkx: a node or edge has no attribute {error}") from None
    return _assembled("networkx", kind, starts[0], list(nodes), told, steps, **_listed(graph.graph))


def _listed(attributes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """`alphabet` and `labels` of a graph, where it has them."""
    found = {}
    for name in ("alphabet", "labels"):
        if name not in attributes:
            continue
        try:
            value = attributes[name]
            found[name] = tuple(json.loads(value) if isinstance(value, str) else value)
        except (ValueError, TypeError, RecursionError):
            raise MachineError(f"networkx: graph attribute {name}: expected a JSON list of names") from None
    return found


def to_aalpy(machine: Machine) -> Any:
    """A Dfa (of an acceptor), MooreMachine or MealyMachine of AALpy; states are called s0, s1..

    A transition that a partial machine does not have is absent, as in AALpy's own partial models, which raise
    KeyError when they read it.
    """
    aalpy: Any = _library("aalpy.automata")
    moore, accepts = machine.kind == MOORE, is_acceptor(machine)
    states = []
    for n in range(machine.states):
        if accepts:
            states.append(aalpy.DfaState(f"s{n}", _accepts(machine, n)))
        elif moore:
            states.append(aalpy.MooreState(f"s{n}", machine.labels[machine.outputs[n]]))
        else:
            states.append(aalpy.MealyState(f"s{n}"))
    for n, k in np.argwhere(machine.transitions >= 0).tolist():
        symbol = machine.alphabet[k]
        states[n].transitions[symbol] = states[machine.transitions[n, k]]
        if not moore:
            states[n].output_fun[symbol] = machine.labels[machine.outputs[n, k]]
    kind = aalpy.Dfa if accepts else aalpy.MooreMachine if moore else aalpy.MealyMachine
    return kind(states[machine.start], states)


def of_aalpy(model: Any) -> Machine:
    """The machine of a Dfa, MooreMachine or MealyMachine of AALpy.

    Raises
    ------
    MachineError
        On any other model, or names that become one as strings.
    """
    aalpy: Any = _library("aalpy.automata")
    if not isinstance(model, aalpy.Dfa | aalpy.MooreMachine | aalpy.MealyMachine):
        raise MachineError(f"AALpy: {type(model).__name__}, expected Dfa, MooreMachine or MealyMachine")
    mealy = isinstance(model, aalpy.MealyMachine)
    told: dict[Hashable, Any] = {}
    steps = []
    for state in model.states:
        if not mealy:
            told[state] = state.is_accepting if isinstance(model, aalpy.Dfa) else state.output
        for symbol, after in state.transitions.items():
            steps.append((state, symbol, after, state.output_fun[symbol] if mealy else None))
    kind = MEALY if mealy else MOORE
    return _assembled("AALpy", kind, model.initial_state, model.states, told, steps)


def to_automata(machine: Machine) -> Any:
    """An automata.fa.dfa.DFA on the states 0..N-1, partial where the machine is.

    Raises
    ------
    MachineError
        Where it is no acceptor.
    """
    if not is_acceptor(machine):
        raise MachineError(
            "automata-lib: expected an acceptor, a Moore machine whose labels are 0 and 1; not "
            f"{machine.kind} with the labels {', '.join(machine.labels[:5])}"
        )
    rows = machine.transitions.tolist()
    return _library("automata.fa.dfa").DFA(
        states=set(range(machine.states)),
        input_symbols=set(machine.alphabet),
        transitions={
            n: {machine.alphabet[k]: after for k, after in enumerate(row) if after >= 0}
            for n, row in enumerate(rows)
        },
        initial_state=machine.start,
        final_states={n for n in range(machine.states) if _accepts(machine, n)},
        allow_partial=not machine.complete,
    )


def of_automata(model: Any) -> Machine:
    """The acceptor of an automata.fa.dfa.DFA; its states in a breadth-first order.

    Raises
    ------
    MachineError
        On any other automaton.
    """
    if not isinstance(model, _library("automata.fa.dfa").DFA):
        raise MachineError(f"automata-lib: {type(model).__name__}, expected a DFA")
    order = [model.initial_state]
    met = set(order)
    alphabet = _sorted(_unique("automata-lib", model.input_symbols).values())
    for state in order:
        row = model.transitions.get(state, {})
        after = [row[symbol] for symbol in sorted(row, key=lambda x: alphabet.index(_named(x)))]
        order.extend(dict.fromkeys(new for new in after if new not in met))
        met.update(after)
    order += sorted((state for state in model.states if state not in met), key=repr)
    told = {state: state in model.final_states for state in order}
    rows = model.transitions.items()
    steps = [(state, symbol, after, None) for state, row in rows for symbol, after in row.items()]
    return _assembled("automata-lib", MOORE, model.initial_state, order, told, steps, alphabet=alphabet)


def _named(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool | np.bool_) else str(value)


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (len(name), name)))


def _unique(what: str, values: Iterable[Any]) -> dict[Any, str]:
    """The names of values; 1 and True are one key of a dict, and so one symbol of the libraries too."""
    found: dict[Any, str] = {value: _named(value) for value in values}
    taken: dict[str, Any] = {}
    for value, name in found.items():
        if taken.setdefault(name, value) is not value:
            raise MachineError(f"{what}: {taken[name]!r} and {value!r} are both called {name!r}")
    return found


def _assembled(
    what: str,
    kind: str,
    start: Hashable,
    states: list[Any],
    told: Mapping[Hashable, Any],
    steps: list[tuple[Hashable, Any, Hashable, Any]],
    alphabet: tuple[str, ...] | None = None,
    labels: tuple[str, ...] | None = None,
) -> Machine:
    """A machine from states, their outputs, and steps (state, symbol, next state, output)."""
    symbols = _unique(what, (step[1] for step in steps))
    outputs = _unique(what, told.values() if kind == MOORE else (step[3] for step in steps))
    alphabet = _sorted(symbols.values()) if alphabet is None else alphabet
    if labels is None:
        known = set(outputs.values())
        labels = ACCEPTOR if kind == MOORE and known <= set(ACCEPTOR) else _sorted(known)
    number = {state: n for n, state in enumerate(states)}
    column, value = ({name: k for k, name in enumerate(names)} for names in (alphabet, labels))
    transitions = np.full((len(states), len(alphabet)), NOTHING, np.int64)
    emitted = np.full_like(transitions, NOTHING)
    try:
        for source, symbol, target, output in steps:
            n, k = number[source], column[symbols[symbol]]
            if transitions[n, k] != NOTHING:
                raise MachineError(
                    f"{what}: state {source!r}, symbol {symbol!r}: two transitions, expected one"
                )
            transitions[n, k] = number[target]
            emitted[n, k] = NOTHING if kind == MOORE else value[outputs[output]]
        if kind == MOORE:
            emitted = np.array([value[outputs[told[state]]] for state in states], np.int64)
        return Machine(kind, alphabet, labels, transitions, emitted, number[start])
    except KeyError as error:
        raise MachineError(f"{what}: {error} is no state, symbol or label that is listed") from None
