"""Drawings: what they show is the machine, and everything in them has room."""

import itertools
import json
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boolrnn.errors import MachineError, OptionError
from boolrnn.machines.draw import Draw, draw
from boolrnn.machines.formats.dot_text import of_dot
from boolrnn.machines.formats.exchange import of_networkx
from boolrnn.machines.machine import MEALY, MOORE, Machine, machine_of_json
from boolrnn.machines.naming import symbol_name
from boolrnn.machines.routes import box
from boolrnn.machines.wording import Group, Wording, in_full, in_lines, shortened, spelled
from boolrnn.report.sheets import sheet
from boolrnn.report.terminal import show

BYTES = tuple(map(symbol_name, range(256)))
LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0123456789")


def machine_from(rng, states, alphabet, labels=("0", "1"), kind=MOORE, missing=0.0):
    """A random machine; some transitions may be missing."""
    steps = rng.integers(0, states, (states, len(alphabet)))
    steps[rng.random(steps.shape) < missing] = -1
    outputs = rng.integers(0, len(labels), steps.shape if kind == MEALY else states)
    if kind == MEALY:
        outputs[steps < 0] = -1
    return Machine(kind, alphabet, labels, steps, outputs, int(rng.integers(states)))


ALPHABETS = [("x",), ("0", "1"), ("(", ")", "go on"), LETTERS[:12], BYTES]
LABELS = [("0", "1"), ("only",), ("idle", "a/b", "wait; long name")]
MACHINES = st.tuples(
    st.integers(0, 2**32),
    st.integers(1, 9),
    st.sampled_from(ALPHABETS),
    st.sampled_from(LABELS),
    st.sampled_from([MOORE, MEALY]),
    st.sampled_from([0.0, 0.4]),
)  # made in the test: a check of types inside of a strategy draws random numbers


def made(seed, *how):
    return machine_from(np.random.default_rng(seed), *how)


def line(states):
    """0 -> 1 -> .. under `(`, back under `)`."""
    steps = [[min(n + 1, states - 1), max(n - 1, 0)] for n in range(states)]
    return Machine(MOORE, ("(", ")"), ("0", "1"), np.array(steps), np.array([1] + [0] * (states - 1)))


def ring(states):
    steps = [[(n + 1) % states, n] for n in range(states)]
    return Machine(MOORE, ("0", "1"), ("0", "1"), np.array(steps), np.array([1] + [0] * (states - 1)))


def tokens(text):
    """Names and ranges of a list; quotes keep what they enclose."""
    found, rest = [], text
    while rest:
        for end in range(1, len(rest) + 1):
            part = rest[:end]
            if (end == len(rest) or rest[end] == ",") and part in READ:
                found.append(READ[part])
                rest = rest[end + 1 :]
                break
        else:
            raise AssertionError(f"{rest!r} is no list")
    return found


def readable(alphabet):
    """All that may stand in a list: names, and ranges of those that follow each other."""
    number = {name: ord(name) if len(name) == 1 else int(name, 16) for name in alphabet}
    known = {spelled(name): {name} for name in alphabet}
    ordered = sorted(alphabet, key=number.__getitem__)
    for i, j in itertools.combinations(range(len(ordered)), 2):
        inside = ordered[i : j + 1]
        if j - i >= 2 and number[ordered[j]] - number[ordered[i]] == j - i:
            known[f"{spelled(ordered[i])}-{spelled(ordered[j])}"] = set(inside)
    return known


READ = readable(BYTES)


@given(st.integers(0, 2**32), st.integers(1, 5), st.sampled_from([BYTES, LETTERS, tuple("10,-/ '\"")]))
@settings(max_examples=25)
def test_the_words_of_all_edges_say_the_transitions(seed, states, alphabet):
    rng = np.random.default_rng(seed)
    machine = machine_from(rng, states, alphabet, kind=MEALY, missing=float(rng.choice([0, 0.3])))
    if rng.random() < 0.5:  # long runs
        steps = np.repeat(machine.transitions[:, ::8], 8, axis=1)[:, : len(alphabet)]
        machine = Machine(MEALY, alphabet, ("0", "1"), steps, np.where(steps < 0, -1, 0), machine.start)
    wording = Wording(machine)
    for n in range(states):
        told = []
        for target, groups in wording.edges(n).items():
            for group in in_full(groups).split("; "):
                names, _, output = group.rpartition("/")
                told.append((names, target, output))
        row, other = {}, None
        for names, target, output in told:
            if names in ("any", "other"):
                assert other is None
                other = (target, output)
                continue
            for name in set().union(*tokens(names)):
                assert name not in row
                row[name] = (target, output)
        for k, name in enumerate(alphabet):
            at = int(machine.transitions[n, k])
            wanted = (at, machine.labels[machine.outputs[n, k]]) if at >= 0 else None
            assert row.get(name, other) == wanted


def test_lists_are_compact():
    letters, rest = list(range(26)), list(range(26, 36))
    steps = np.zeros((4, 36), int)
    steps[0, letters[3:]] = 1
    steps[1, rest] = 2
    steps[2, [0, 1, 4]] = 3
    machine = Machine(MOORE, LETTERS, ("0", "1"), steps, np.zeros(4, int))
    text = {(a, b): t for a, b, t in zip(*[p.tolist() for p in _edges(draw(machine))])}
    assert text[0, 1] == "d-z"
    assert text[0, 0] == "other"
    assert text[1, 2] == "0-9"
    assert text[1, 0] == "a-z"
    assert text[2, 3] == "a,b,e"
    assert text[3, 0] == "any"
    assert sorted(_edges(draw(ring(3)))[2].tolist()) == ["0"] * 3 + ["1"] * 3
    two = Machine(MOORE, ("0", "1"), ("0", "1"), np.zeros((1, 2), int), np.zeros(1, int))
    assert _edges(draw(two))[2].tolist() == ["0,1"]  # any is not shorter


def _edges(result):
    return result.edge_from, result.edge_to, result.edge_text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (" ", "␣"),
        ("a", "a"),
        ("any", "'any'"),
        ("\n", r"'\n'"),
        ("a,b", "'a,b'"),
        ("", "''"),
        ("\ud800", r"'\ud800'"),
    ],
)
def test_names_are_escaped(name, shown):
    assert spelled(name) == shown


@given(st.lists(st.text("ab", min_size=1, max_size=30), min_size=1, max_size=9), st.text("xy", max_size=20))
def test_words_fit_into_their_lines_and_count_what_is_left_out(names, output):
    words = in_lines([Group(names, output or None)], 14, 3).split("\n")
    assert len(words) <= 3
    assert all(len(one) <= 14 for one in words)
    if words[-1].startswith("+"):
        assert sum(one.count(",") for one in words[:-1]) == len(names) - int(words[-1])
    else:
        assert sum(one.count(",") for one in words) == len(names) - 1


def test_a_shortened_text_keeps_both_ends():
    assert shortened("abcdefghij", 5) == "ab…ij"
    assert shortened("abc", 3) == "abc"
    assert len(shortened("abcdefghij", 1)) == 1


@given(MACHINES, st.integers(1, 12))
@settings(max_examples=25)
def test_the_nearest_states_are_drawn(how, most):
    machine = made(*how)
    result = draw(machine, most=most)
    graph = nx.DiGraph((n, m) for n, row in enumerate(machine.transitions.tolist()) for m in row if m >= 0)
    graph.add_nodes_from(range(machine.states))
    far = nx.single_source_shortest_path_length(graph, machine.start)
    distance = [far.get(n, math.inf) for n in result.node_state.tolist()]
    assert len(set(result.node_state.tolist())) == result.drawn == min(most, machine.states)
    assert result.left_out == machine.states - result.drawn
    assert distance == sorted(distance)
    assert distance == sorted(far.get(n, math.inf) for n in range(machine.states))[: result.drawn]
    shown = set(result.node_state.tolist())
    for n, stub in zip(result.node_state.tolist(), result.node_stub.tolist()):
        assert math.isfinite(stub) == any(m >= 0 and m not in shown for m in machine.transitions[n].tolist())
    pairs = {(n, m) for n in shown for m in machine.transitions[n].tolist() if m in shown}
    assert pairs == set(zip(result.edge_from.tolist(), result.edge_to.tolist()))
    assert len(pairs) == result.edges


def places_of(result):
    return np.stack([result.node_x, result.node_y], axis=1)


def assert_room(result):
    """States do not touch; words cover no state and no other words."""
    places = places_of(result)
    apart = np.linalg.norm(places[:, None] - places, axis=2) + 9 * np.eye(len(places))
    assert apart.min() > 1.3
    boxes = []
    for x, y, words in zip(result.edge_x.tolist(), result.edge_y.tolist(), result.edge_words.tolist()):
        if words:
            width, height = box(words)
            away = np.maximum(np.abs(places - [x, y]) - [width / 2, height / 2], 0)
            assert np.hypot(*away.T).min() > 0.5
            for p, q, w, h in boxes:
                assert abs(x - p) > (width + w) / 2 - 0.02 or abs(y - q) > (height + h) / 2 - 0.02
            boxes.append((x, y, width, height))


@given(MACHINES)
@settings(max_examples=12)
def test_everything_has_room(how):
    assert_room(draw(made(*how)))


def test_words_without_room_are_left_out_and_counted():
    rng = np.random.default_rng(5)
    few, many = machine_from(rng, 3, LETTERS[:3]), machine_from(rng, 15, LETTERS)
    assert draw(few).unworded == 0
    dense = draw(many)
    assert_room(dense)
    assert dense.unworded == dense.edge_words.tolist().count("") == dense.edges > 200
    crowded = draw(machine_from(rng, 12, LETTERS[:12], ("idle", "a very long name", "wait"), MEALY))
    assert_room(crowded)
    assert crowded.unworded == crowded.edge_words.tolist().count("") < crowded.edges < 200
    assert all(crowded.edge_text.tolist())


@pytest.mark.parametrize("states", [1, 2, 5, 24])
def test_lines_and_rings_cross_nothing(states):
    for machine in (line(states), ring(states)):
        result = draw(machine)
        assert_room(result)
        places, order = places_of(result), {n: k for k, n in enumerate(result.node_state.tolist())}
        sides = {tuple(sorted((order[a], order[b]))) for a, b in zip(*_edges(result)[:2]) if a != b}
        for (a, b), (c, d) in itertools.combinations(sides, 2):
            if len({a, b, c, d}) == 4:
                assert not crossing(*places[[a, b, c, d]])


def crossing(a, b, c, d):
    def side(p, q, r):
        return np.linalg.det(np.stack([q - p, r - p]))

    return side(a, b, c) * side(a, b, d) < -1e-9 and side(c, d, a) * side(c, d, b) < -1e-9


def test_opposite_edges_bend_apart():
    machine = Machine(MOORE, ("0",), ("0", "1"), np.array([[1], [0]]), np.array([0, 1]))
    result = draw(machine)
    assert (result.edge_bend > 0).all()  # each to its own left


@given(MACHINES)
@settings(max_examples=10)
def test_a_drawing_is_the_same_every_time_and_holds_the_machine(how):
    machine = made(*how)
    one, two = draw(machine), draw(machine)
    assert one.to_json() == two.to_json()
    assert machine_of_json(json.loads(json.dumps(one.to_json()))).to_json() == machine.to_json()


def test_a_drawing_is_saved_and_read_again(tmp_path):
    result = draw(machine_from(np.random.default_rng(1), 6, ("a", "b"), missing=0.3), most=4)
    result.save(tmp_path / "saved")
    again = Draw.load(tmp_path / "saved")
    assert again.to_json() == result.to_json()


@given(MACHINES)
@settings(max_examples=12)
def test_files_hold_all_states(tmp_path_factory, how):
    machine, folder = made(*how), tmp_path_factory.mktemp("files")
    result = draw(machine, most=1)
    result.write(folder / "m.gv")
    assert of_dot((folder / "m.gv").read_text()).to_json() == machine.to_json()
    result.write(folder / "m.graphml")
    graph = nx.read_graphml(folder / "m.graphml", node_type=int, force_multigraph=True)
    assert of_networkx(graph).to_json() == machine.to_json()
    assert of_networkx(result.graph()).to_json() == machine.to_json()


def test_other_endings_names_and_numbers_are_refused(tmp_path):
    with pytest.raises(OptionError, match="most 0: expected 1..200"):
        draw(line(3), most=0)
    with pytest.raises(OptionError, match="ends in .dot, .gv or .graphml"):
        draw(line(3)).write(tmp_path / "m.pdf")
    odd = Machine(MOORE, ("\x01", "\ud800"), ("0", "1"), np.zeros((1, 2), int), np.zeros(1, int))
    with pytest.raises(MachineError, match=r"'\\x01': a name .* GraphML cannot hold"):
        draw(odd).write(tmp_path / "m.graphml")
    assert not list(tmp_path.iterdir())
    draw(odd).write(tmp_path / "m.dot")
    assert of_dot((tmp_path / "m.dot").read_text()).to_json() == odd.to_json()


def test_labels_that_would_look_the_same_are_numbered():
    names = ("a rather long name", "a rather strange name")
    machine = Machine(MOORE, ("0",), names, np.array([[1], [0]]), np.array([0, 1]))
    assert draw(machine).node_words.tolist() == ["0\n[0]", "1\n[1]"]
    short = Machine(MOORE, ("0",), ("idle", "busy"), np.array([[1], [0]]), np.array([0, 1]))
    assert draw(short).node_words.tolist() == ["0\nidle", "1\nbusy"]
    assert draw(line(2)).node_words.tolist() == ["0", "1"]
    assert draw(line(2)).node_accepting.tolist() == [True, False]


def test_the_table_says_every_transition(capsys):
    rng = np.random.default_rng(3)
    few = machine_from(rng, 5, ("a", "b"), missing=0.3)
    table = sheet(draw(few, most=2)).tables[-1]
    assert [list(row[2:]) for row in table.rows] == [
        [n if n >= 0 else None for n in row] for row in few.transitions.tolist()
    ]
    assert [row[1] for row in table.rows] == [few.labels[y] for y in few.outputs]
    same = np.repeat(rng.integers(0, 4, (4, 2)), 18, axis=1)
    grouped = sheet(draw(Machine(MEALY, LETTERS, ("x", "y"), same, same % 2))).tables[-1]
    assert [column.name for column in grouped.columns] == ["state", "a-r", "other"]
    assert grouped.rows[2][1] == f"{same[2, 0]}/{'xy'[same[2, 0] % 2]}"
    many = machine_from(rng, 5, BYTES)
    edges = sheet(draw(many)).tables[-1]
    assert len(edges.rows) == draw(many).edges == 25
    for machine in (few, many):
        show(sheet(draw(machine)))
    assert "acceptor of 5 states over 256 symbols" in capsys.readouterr().out
