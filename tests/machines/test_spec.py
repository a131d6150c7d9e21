"""Specifications: what a text is taken for; DOT and HOA, ours exactly and others by their conventions."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boolrnn.errors import MachineError
from boolrnn.machines.formats.dot_graph import read_graph
from boolrnn.machines.formats.dot_text import of_dot, to_dot
from boolrnn.machines.formats.hoa_text import of_hoa, to_hoa
from boolrnn.machines.formats.languages import named_language
from boolrnn.machines.formats.regular import of_regex
from boolrnn.machines.formats.spec import read_spec
from boolrnn.machines.machine import MEALY, MOORE, Machine

ODD = [
    '"',
    "\\",
    ",",
    "/",
    "\n",
    "a,b",
    "a/x",
    "",
    " ",
    "|",
    "{",
    "é",
    "ℵ",
    "\x00.",
    "\\n",
    "label=",
    "<b>",
    "->",
    "\ud800",
]
NAMES = st.one_of(
    st.sampled_from([*ODD, "a", "b", "0", "1", "0x0a"]),
    st.text(max_size=4).map(lambda text: text.rstrip("\0")),
)


@st.composite
def parts(draw, kinds=(MOORE, MEALY), labels=None, names=NAMES):
    """The parts of any machine, often partial, with any names."""
    kind = draw(st.sampled_from(kinds))
    states, symbols = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    alphabet = draw(st.lists(names, min_size=symbols, max_size=symbols, unique=True))
    labels = labels or draw(st.lists(names, min_size=1, max_size=3, unique=True))
    cells = st.integers(draw(st.sampled_from([-1, 0])), states - 1)
    after = np.array(draw(st.lists(cells, min_size=states * symbols, max_size=states * symbols)))
    after = after.reshape(states, symbols)
    size = states if kind == MOORE else states * symbols
    told = draw(st.lists(st.integers(0, len(labels) - 1), min_size=size, max_size=size))
    told = np.array(told) if kind == MOORE else np.where(after < 0, -1, np.reshape(told, after.shape))
    return kind, tuple(alphabet), tuple(labels), after, told, draw(st.integers(0, states - 1))


def same(left, right):
    assert left.to_json() == right.to_json()


@given(parts(), st.booleans())
def test_dot_comes_back_exactly(given_parts, merged):
    machine = Machine(*given_parts)
    same(of_dot(to_dot(machine, merged=merged)), machine)


@given(parts())
@settings(max_examples=15)  # the parser that any other layout needs is slow
def test_dot_in_another_layout_is_the_same(given_parts):
    machine = Machine(*given_parts)
    text = to_dot(machine)
    same(of_dot("/* a comment */" + text), machine)
    plain, parsed = read_graph(text), read_graph("/* a comment */" + text)
    assert (plain.attributes, plain.nodes) == (parsed.attributes, parsed.nodes)
    edges = [
        sorted((a.source, a.target, sorted(a.attributes.items())) for a in g.arcs) for g in (plain, parsed)
    ]
    assert edges[0] == edges[1]


@given(parts(kinds=(MOORE,), labels=("0", "1")))
def test_hoa_comes_back_exactly(given_parts):
    machine = Machine(*given_parts)
    same(of_hoa(to_hoa(machine)), machine)


EVEN = Machine(MOORE, ("a", "b"), ("0", "1"), np.array([[1, 0], [0, 1]]), np.array([1, 0]))

DOTS = {
    "aalpy": """digraph even {
        s0 [label="s0", shape=doublecircle];
        s1 [label="s1"];
        s0 -> s1  [label="a"]; s0 -> s0  [label="b"]; s1 -> s0  [label="a"]; s1 -> s1  [label="b"];
        __start0 [label="", shape=none];
        __start0 -> s0  [label=""];
    }""",
    "defaults": """digraph { rankdir=LR; node [shape = point ]; qi
        node [shape = doublecircle]; "s0";
        node [shape = circle];
        qi -> s0; s0 -> s1 -> s0 [label = "a"] // both
        edge [label=b]; s1 -> s1; s0 -> s0 }""",
    "start by name": """digraph { start -> x [label=start]; start [shape=plaintext]; x [peripheries=2];
        x -> y [label=a]; y -> x [label="a"]; x:n -> x:s [label=b]; y -> y [label="b"] }""",
    "cluster": """digraph { "" [style=invis]; subgraph cluster_0 { node [shape=doublecircle]; 1 }
        "" -> 1; 1 -> 2 [label=a]; 2 -> 1 [label=a]; 1 -> 1 [label=b]; 2 -> 2 [label=b] }""",
}


@pytest.mark.parametrize("style", DOTS)
def test_acceptors_in_dot_as_others_write_them(style):
    same(of_dot(DOTS[style]).renumbered(np.array([0, 1])), of_dot(DOTS["aalpy"]))
    assert of_dot(DOTS[style]).same_as(EVEN)


def test_several_symbols_stand_on_one_edge():
    text = r'digraph { i [shape=point]; i -> s; s -> t [label="a, b,,\nc"]; t -> s [label=","] }'
    machine = of_dot(text)
    assert machine.alphabet == (",", "a", "b", "c")
    assert machine.transitions.tolist() == [[1, 1, 1, 1], [0, -1, -1, -1]]


def test_moore_machines_in_dot_have_outputs_in_labels():
    text = r"""digraph { A [shape=record, style=rounded, label="s0|x y"]; B [shape=record, label="{s1|z\|}"];
        A -> B [label=0]; B -> B [label="0"]; __start0 [label="", shape=none]; __start0 -> A [label=""]; }"""
    assert of_dot(text).to_json() == {
        "kind": "moore",
        "alphabet": ["0"],
        "labels": ["z|", "x y"],
        "start": 0,
        "outputs": [1, 0],
        "transitions": [[1], [1]],
    }


def test_mealy_machines_in_dot_have_outputs_on_edges():
    text = """digraph { A -> B [label="a/x"]; A -> A [label="b,//y"]; B -> B [label="a/p,b/q"];
        __start0 [label="", shape=none]; __start0 -> A [label=""]; }"""
    machine = of_dot(text)
    assert (machine.kind, machine.alphabet) == (MEALY, ("/", "a", "b"))
    assert machine.labels == ("p", "q", "x", "y")
    assert machine.transitions.tolist() == [[0, 1, 0], [-1, 1, 1]]
    assert machine.outputs.tolist() == [[3, 2, 3], [-1, 0, 1]]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("digraph { i -> s; s -> s [label=a]; s -> t [label=a] }", "state 's', symbol 'a': .*expected one"),
        ('digraph { i -> s; s -> s [label="a/x"]; s -> s [label="a/y"] }', "another output"),
        ("digraph { s -> s [label=a] }", "0 nodes mark the start"),
        ("digraph { i -> s; j -> s; s -> s [label=a] }", "2 nodes mark the start"),
        ("digraph { i -> s; s -> t; t -> s [label=a] }", "from 's' to 't' has no label"),
        ("digraph { i -> s }", "no edge has a label"),
        ("graph { i -- s }", "undirected"),
        ("digraph { i -> s } digraph { i -> s }", "2 graphs"),
        ("digraph {\n i -> s;\n s -> [label=a] }", "line 3, column"),
        ("digraph { i -> s } rest", "line 1, column"),
        ("", "line 1, column 1"),
        ("digraph { i -> {s t} }", "group"),
        ('digraph { machine="moore"; s0 }', "missing or damaged"),
        ('digraph { machine="moore"; alphabet=a; outputs="0"; s0 [output=7]; }', "outputs: 7"),
    ],
)
def test_dot_that_is_no_machine_is_refused_in_one_line(text, what):
    with pytest.raises(MachineError, match=rf"^[^\n]*{what}[^\n]*$"):
        of_dot(text)


HOA = """HOA: v1 /* a comment /* in a comment */ */
name: "odd [t]" States: 2 Start: 1
{header}
--BODY--
{body}
--END--
"""
TWO = 'AP: 2 "p" "q" acc-name: Buchi Acceptance: 1 Inf(0) properties: deterministic'


def hoa(body, header=TWO):
    return of_hoa(HOA.format(header=header, body=body))


def test_labels_are_valuations_unless_they_are_one_hot():
    machine = hoa('State: 0 "name" {0} [0&!1] 1 [!(0&!1)] 0 State: 1 [t] 0 [f] 1')
    assert machine.alphabet == ("0", "1", "2", "3")
    assert machine.transitions.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]
    assert machine.outputs.tolist() == [1, 0]
    assert machine.start == 1
    machine = hoa("State: 0 {0} [0&!1] 1 [!0&1] 0 State: 1 [0&!1 | 1&!0] 0")
    assert machine.alphabet == ("p", "q")
    assert machine.transitions.tolist() == [[1, 0], [0, 0]]


def test_aliases_labels_of_states_and_implicit_labels():
    machine = hoa("State: 0 [@b] 1 State: [@a] 1 0", TWO + " Alias: @a 0&!1 Alias: @b @a | (1 & !0)")
    assert machine.alphabet == ("p", "q")
    assert machine.transitions.tolist() == [[1, 1], [0, -1]]
    machine = hoa("State: 0 0 1 1 0 State: 1 {0} 1 1 1 1")
    assert machine.transitions.tolist() == [[0, 1, 1, 0], [1, 1, 1, 1]]


def test_marks_on_all_edges_of_a_state_are_marks_on_the_state():
    machine = hoa("State: 0 [0] 1 {0} [!0] 0 {0} State: 1 [t] 0")
    assert machine.outputs.tolist() == [1, 0]
    with pytest.raises(MachineError, match="some edges of state 0"):
        hoa("State: 0 [0] 1 {0} [!0] 0 State: 1 [t] 0")


@pytest.mark.parametrize(("condition", "outputs"), [("0 t", [1, 1]), ("0 f", [0, 0])])
def test_conditions_without_marks_hold_everywhere_or_nowhere(condition, outputs):
    machine = hoa("State: 0 [t] 1 State: 1 [t] 0", f"AP: 0 Acceptance: {condition}")
    assert machine.alphabet == ("0",)
    assert machine.outputs.tolist() == outputs


@pytest.mark.parametrize(
    ("body", "header", "what"),
    [
        ("State: 0 [0] 1 [0&1] 0", TWO, "line 5: state 0, symbol '3'"),
        ("State: 0 [0] 0&1", TWO, "no alternation"),
        ("State: 0 [2] 0", TWO, "line 5, column 11: 2, expected"),
        ("State: 0 [0 0", TWO, r"expected \]"),
        ("State: 0 [t] 9", TWO, "line 5.*9, expected"),
        ("State: 0 State: 0", TWO, "every state once"),
        ("State: 0 0 1", TWO, "2 edges without a label, expected 4"),
        ("State: 0 0 1 0 1 0", TWO, "more than 4 edges"),
        ("State: 0 [@x] 1", TWO, "defined before"),
        ("State: [0] 0 [1] 1", TWO, "none on the edges"),
        ("State: 0 [t] 1", 'AP: 1 "a" Acceptance: 1 Fin(0)', "1 Inf.0., 0 t or 0 f"),
        ("State: 0 [t] 1", 'AP: 1 "a"', "Acceptance: before"),
        ("State: 0 [t] 1", TWO + " Start: 0", "second Start"),
        ("State: 0 [t] 1", TWO + " Fairness: 2", "Fairness"),
        ("State: 0 [t] 1", "Alias: @a 5 " + TWO, "proposition 5"),
        ("State: 0 [t] 1", TWO + " Alias: @a 5", "5, expected a proposition"),
        ("State: 0 [t] 1", "AP: 13 " + '"a" ' * 13 + "Acceptance: 0 t", "13 propositions"),
        ("State: 0 [" + "!" * 5000 + "0] 1", TWO, "nested too deeply"),
        ("State: 0 ; 1", TWO, "a token"),
        ("--ABORT--", TWO, "ABORT"),
    ],
)
def test_hoa_that_is_no_acceptor_is_refused_in_one_line(body, header, what):
    with pytest.raises(MachineError, match=rf"^HOA[^\n]*{what}[^\n]*$"):
        hoa(body, header)


def test_aliases_that_share_parts_take_no_time():
    doubled = "".join(f" Alias: @{k + 1} @{k} & @{k}" for k in range(60))
    assert hoa("State: 0 [@60] 1", TWO + " Alias: @0 0 & !1" + doubled).transitions[0].tolist() == [1, -1]
    assert hoa("State: 0 [@60] 1", TWO + " Alias: @0 0" + doubled).transitions[0].tolist() == [-1, 1, -1, 1]


def test_only_acceptors_become_hoa():
    with pytest.raises(MachineError, match="acceptor"):
        to_hoa(named_language("addition"))


def test_a_text_is_a_name_then_a_file_then_an_expression(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parity = named_language("parity")
    (tmp_path / "parity").write_text("no machine")
    same(read_spec("parity"), parity)
    assert read_spec("regex:parity").alphabet == tuple("aiprty")
    assert read_spec("ab*").alphabet == ("a", "b")
    same(read_spec("ab*", ["b", "a"]), of_regex("ab*", ["b", "a"]))
    (tmp_path / "ab*").write_text(to_dot(parity))
    same(read_spec("ab*"), parity)


def test_files_are_read_by_their_content_and_ending(tmp_path):
    parity = named_language("parity")
    texts = {"dot": to_dot(parity), "hoa": to_hoa(parity), "json": json.dumps(parity.to_json())}
    for name in ("m.dot", "m.gv", "m.hoa", "m.json"):
        text = texts.get(name[2:], texts["dot"])
        for path in (tmp_path / name, tmp_path / "m", tmp_path / "m.txt"):
            path.write_text(text, encoding="utf-8-sig" if path.suffix == ".txt" else None)
            same(read_spec(str(path)), parity)
    parity.write(tmp_path / "written.json", note="kept beside it")
    same(read_spec(str(tmp_path / "written.json")), parity)
    (tmp_path / "result.json").write_text(json.dumps({"schema": "any/1", "machine": parity.to_json()}))
    same(read_spec(str(tmp_path)), parity)
    (tmp_path / "e.regex").write_text(" a|b\r\n")
    assert read_spec(str(tmp_path / "e.regex")).alphabet == (" ", "a", "b")


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("m.json", b'{"kind": 1,\n]', "line 2, column 1: no JSON"),
        ("m.json", b"[]", "no object"),
        ("m.dot", b"digraph {\n a -> }", "line 2, column"),
        ("m.hoa", b"HOA: v2", "line 1, column 6: v2, expected v1"),
        ("m.txt", b"a\nb\n", "line 2"),
        ("m.txt", b"(a", "column 1"),
        ("m", b"(a", "expected a machine"),
        ("m.regex", b"a\xff", "byte 1 is no UTF-8"),
    ],
)
def test_damaged_files_are_refused_with_name_and_place(tmp_path, name, text, what):
    (tmp_path / name).write_bytes(text)
    with pytest.raises(MachineError, match=rf"^[^\n]*{name}: [^\n]*{what}[^\n]*$"):
        read_spec(str(tmp_path / name))


@pytest.mark.parametrize("text", ["a/b", "machine.json", "M.DOT", "x.hoa", "y.regex", "net.npz"])
def test_what_looks_like_a_file_has_to_be_one(text):
    with pytest.raises(MachineError, match="not found"):
        read_spec(text)


def test_a_mistyped_name_lists_the_names():
    with pytest.raises(
        MachineError, match=r"tomita9: no such name; names are tomita1, .*regex:tomita9 is an"
    ):
        read_spec("tomita9")
    assert read_spec("regex:tomita9").states == 9  # seven characters, the start and the sink
