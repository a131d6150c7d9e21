"""Exchange: networkx, AALpy and automata-lib see the same machine, and give it back."""

import importlib
import io
import itertools
import sys

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn.errors import MachineError, OptionError
from boolrnn.machines.formats.dot_text import of_dot, to_dot
from boolrnn.machines.formats.exchange import (
    of_aalpy,
    of_automata,
    of_networkx,
    to_aalpy,
    to_automata,
    to_networkx,
)
from boolrnn.machines.formats.languages import named_language
from boolrnn.machines.formats.regular import of_regex
from boolrnn.machines.machine import MEALY, MOORE, Machine

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1, max_size=3)
LANGUAGES = ["tomita3", "tomita5", "tomita7", "divisible:6:3", "brackets:3", "divisible:1"]


@st.composite
def parts(draw, kinds=(MOORE, MEALY), labels=None, least=-1):
    """The parts of a machine with printable names; partial where `least` is -1."""
    kind = draw(st.sampled_from(kinds))
    states, symbols = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    alphabet = draw(st.lists(NAMES, min_size=symbols, max_size=symbols, unique=True))
    labels = labels or draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    cells = st.integers(least, states - 1)
    after = np.array(draw(st.lists(cells, min_size=states * symbols, max_size=states * symbols)))
    after = after.reshape(states, symbols)
    size = states if kind == MOORE else states * symbols
    told = draw(st.lists(st.integers(0, len(labels) - 1), min_size=size, max_size=size))
    told = np.array(told) if kind == MOORE else np.where(after < 0, -1, np.reshape(told, after.shape))
    return kind, tuple(alphabet), tuple(labels), after, told, draw(st.integers(0, states - 1))


def told(machine, word):
    """Names of outputs along a word; nothing from where a partial machine says nothing."""
    numbers = [machine.alphabet.index(symbol) for symbol in word]
    return [machine.labels[k] if k >= 0 else None for k in machine.run(np.array(numbers, np.int64))]


def words(machine, most=5):
    for length in range(most + 1):
        yield from itertools.product(machine.alphabet, repeat=length)


def agree(left, right, most=4):
    """Two machines tell the same, symbol by symbol, where the left one has words for it."""
    assert all(told(left, word) == told(right, word) for word in words(left, most))


@given(parts())
def test_networkx_comes_back_exactly(given_parts):
    machine = Machine(*given_parts)
    graph = to_networkx(machine)
    assert isinstance(graph, nx.MultiDiGraph)
    assert of_networkx(graph).to_json() == machine.to_json()
    assert graph.number_of_edges() == (machine.transitions >= 0).sum()
    values = [value for _, data in graph.nodes(data=True) for value in data.values()]
    values += [value for *_, data in graph.edges(data=True) for value in data.values()]
    assert {type(value) for value in [*values, *graph.graph.values()]} == {str}


@pytest.mark.parametrize("name", [*LANGUAGES, "addition"])
def test_graphml_keeps_a_machine(name):
    machine = named_language(name)
    stream = io.BytesIO()
    nx.write_graphml(to_networkx(machine), stream)
    stream.seek(0)
    again = nx.read_graphml(stream, force_multigraph=True)
    assert of_networkx(again).to_json() == machine.to_json()


def test_graphs_of_others_need_a_start_and_symbols():
    graph = nx.DiGraph()
    graph.add_node("p", start=True, output="1")
    graph.add_node("q", output="0")
    graph.add_edge("p", "q", symbol="b")
    graph.add_edge("q", "p", symbol="a")
    machine = of_networkx(graph)
    assert (machine.alphabet, machine.labels) == (("a", "b"), ("0", "1"))
    assert machine.transitions.tolist() == [[-1, 1], [0, -1]]
    graph.nodes["q"]["start"] = "true"
    with pytest.raises(MachineError, match="2 nodes with start"):
        of_networkx(graph)
    del graph.nodes["q"]["start"], graph.edges["q", "p"]["symbol"]
    with pytest.raises(MachineError, match="no attribute 'symbol'"):
        of_networkx(graph)
    graph.edges["q", "p"]["symbol"] = "c"
    graph.graph["alphabet"] = "a, b"
    with pytest.raises(MachineError, match="JSON list"):
        of_networkx(graph)
    graph.graph["alphabet"] = '["a", "b"]'
    with pytest.raises(MachineError, match="'c' is no state, symbol or label"):
        of_networkx(graph)


def test_two_edges_for_one_symbol_are_refused():
    graph = to_networkx(named_language("parity"))
    graph.add_edge(0, 0, symbol="1")
    with pytest.raises(MachineError, match="state 0, symbol '1': two transitions"):
        of_networkx(graph)


@given(parts())
def test_aalpy_comes_back_with_its_words(given_parts):
    pytest.importorskip("aalpy")
    machine = Machine(*given_parts)
    if not (machine.transitions >= 0).any(axis=0).all():
        return  # a symbol that is never read is no part of AALpy's model
    again = of_aalpy(to_aalpy(machine))
    assert again.states == machine.states
    agree(machine, again)


@pytest.mark.parametrize("name", [*LANGUAGES, "addition"])
def test_aalpy_runs_the_same_machine(name):
    pytest.importorskip("aalpy")
    machine = named_language(name)
    model = to_aalpy(machine)
    assert type(model).__name__ == ("MealyMachine" if machine.kind == MEALY else "Dfa")
    assert model.is_input_complete()
    assert model.is_minimal()
    for word in words(machine):
        model.reset_to_initial()
        seen = [str(int(output)) for output in (model.step(symbol) for symbol in word)]
        assert seen == told(machine, word)[machine.kind == MOORE :]
    assert of_aalpy(model).same_as(machine)


def test_aalpy_reads_our_dot_and_we_read_its_own(tmp_path):
    pytest.importorskip("aalpy")
    handler = importlib.import_module("aalpy.utils.FileHandler")
    moore = Machine(
        MOORE, ("a", "b"), ("x", "y", "z"), np.array([[1, 2], [0, 2], [2, 0]]), np.array([0, 1, 2])
    )
    for machine, kind in (
        (named_language("tomita3"), "dfa"),
        (moore, "moore"),
        (named_language("addition"), "mealy"),
    ):
        (tmp_path / "ours.dot").write_text(to_dot(machine))
        loaded = handler.load_automaton_from_file(tmp_path / "ours.dot", kind)
        assert of_aalpy(loaded).same_as(machine)
        assert of_dot(handler.save_automaton_to_file(to_aalpy(machine), file_type="string")).same_as(machine)


def test_names_of_aalpy_that_would_become_one_are_refused():
    aalpy = pytest.importorskip("aalpy.automata")
    one, two = aalpy.DfaState("p", True), aalpy.DfaState("q", False)
    one.transitions.update({1: two, "1": one})
    with pytest.raises(MachineError, match="both called '1'"):
        of_aalpy(aalpy.Dfa(one, [one, two]))
    with pytest.raises(MachineError, match="str, expected Dfa"):
        of_aalpy("no model")


@given(parts(kinds=(MOORE,), labels=("0", "1")))
def test_automata_lib_comes_back_with_its_words(given_parts):
    machine = Machine(*given_parts)
    again = of_automata(to_automata(machine))
    assert again.states == machine.states
    assert set(again.alphabet) == set(machine.alphabet)
    agree(machine, again)


@pytest.mark.parametrize("name", LANGUAGES)
def test_automata_lib_reads_the_same_language(name):
    machine = named_language(name)
    model = to_automata(machine)
    for word in words(machine):
        assert model.accepts_input("".join(word)) == (told(machine, word)[-1] == "1")
    assert len(model.minify().states) == machine.states
    assert of_automata(model).same_as(machine)


@pytest.mark.parametrize("expression", ["(ab|b)*a?", "[ab]*abb[ab]{2}", "a{2,4}|b+", "(a|b)*a(a|b){4}"])
def test_automata_lib_builds_the_same_machine_of_an_expression(expression):
    nfa = importlib.import_module("automata.fa.nfa").NFA.from_regex(expression, input_symbols={"a", "b"})
    dfa = importlib.import_module("automata.fa.dfa").DFA.from_nfa(nfa).to_complete().minify()
    assert of_automata(dfa).same_as(of_regex(expression, ["a", "b"]))


def test_partial_machines_stay_partial():
    machine = Machine(MOORE, ("a", "b"), ("0", "1"), np.array([[1, -1], [-1, 0]]), np.array([0, 1]))
    assert to_automata(machine).allow_partial
    assert of_automata(to_automata(machine)).same_as(machine)
    pytest.importorskip("aalpy")
    assert of_aalpy(to_aalpy(machine)).same_as(machine)
    assert not to_aalpy(machine).is_input_complete()


def test_only_acceptors_become_automata_lib():
    with pytest.raises(MachineError, match="expected an acceptor"):
        to_automata(named_language("addition"))
    with pytest.raises(MachineError, match="str, expected a DFA"):
        of_automata("no model")


@pytest.mark.parametrize(
    ("module", "convert"), [("aalpy.automata", to_aalpy), ("automata.fa.dfa", to_automata)]
)
def test_an_absent_library_is_named_with_what_installs_it(module, convert, monkeypatch):
    package = module.split(".")[0]
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    importlib.invalidate_caches()
    with pytest.raises(OptionError, match=f"{package} is needed.*pip install {package}"):
        convert(named_language("parity"))
