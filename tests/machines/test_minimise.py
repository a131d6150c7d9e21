"""minimise: exactly the states that no word tells apart are one state, by every route, and it is checked."""

import dataclasses
import importlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boolrnn.errors import MachineError
from boolrnn.machines import minimise
from boolrnn.machines.machine import Machine
from boolrnn.machines.minimise import classes_of, least_states, mealy_labels, minimised

ROUTES = {
    "numpy": {"_WORTH": 1 << 60, "_PATIENCE": 1 << 60},
    "numpy, then Hopcroft": {"_WORTH": 1 << 60, "_PATIENCE": 0, "_SLOW": 0, "_GROWS": 1 << 30},
    "rounds": {"_WORTH": 0, "_SLOW": 1 << 30},
    "rounds, then Hopcroft": {"_WORTH": 0, "_SLOW": 1},
    "a round, then Hopcroft": {"_WORTH": 0, "_SLOW": 0, "_GROWS": 1 << 30, "_CHUNK": 3},
}


@pytest.fixture(params=ROUTES)
def route(request, monkeypatch):
    for name, value in ROUTES[request.param].items():
        monkeypatch.setattr(minimise, name, value)


def apart(transitions, labels, unknown=False):
    """Table filling: which pairs some word tells apart. `unknown`: -1 may be anything, and tells nothing."""
    count, symbols = transitions.shape
    table = labels[:, None] != labels[None]
    changes = True
    while changes:
        changes = False
        for p, q, a in itertools.product(range(count), range(count), range(symbols)):
            left, right = transitions[p, a], transitions[q, a]
            known = left >= 0 and right >= 0
            tells = table[left, right] if known else not unknown and left != right
            if tells and not table[p, q]:
                table[p, q] = changes = True
    return table


def naive_classes(transitions, labels):
    """Classes numbered by their first states."""
    firsts, classes = [], []
    table = apart(transitions, labels)
    for n in range(len(labels)):
        c = next((k for k, first in enumerate(firsts) if not table[first, n]), len(firsts))
        firsts += [n] * (c == len(firsts))
        classes.append(c)
    return classes


def drawn(seed, count, symbols, labels=2, partial=0.0, kind="random"):
    """A table and labels: random; copies of few states; a counter; nearly all in one class."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, count, (count, symbols))
    told = rng.integers(0, labels, count) - 1
    if kind == "copies":
        of = rng.integers(0, max(count // 3, 1), count)
        table = rng.choice(count, size=(count, symbols))
        firsts = np.array([np.flatnonzero(of == c)[0] for c in of])
        table, told = table[firsts], told[firsts]
        for n, a in itertools.product(range(count), range(symbols)):
            table[n, a] = rng.choice(np.flatnonzero(of == of[table[n, a]]))
    elif kind == "counter":
        table = np.tile(np.minimum(np.arange(count) + 1, count - 1)[:, None], (1, symbols))
        table[:, 1:] = np.arange(count)[:, None] if rng.random() < 0.5 else 0
        told = (np.arange(count) == count - 1) * rng.choice([1, -(10**18)])
    elif kind == "rare":
        told = (rng.random(count) < 1.5 / count).astype(np.int64)
    table[rng.random(table.shape) < partial] = -1
    return table, told


cases = st.builds(
    drawn,
    st.integers(0, 10**6),
    st.integers(1, 14),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.0, 0.1, 0.6]),
    st.sampled_from(["random", "copies", "counter", "rare"]),
)


@given(cases)
@pytest.mark.usefixtures("route")
def test_the_classes_are_those_of_table_filling(case):
    found = classes_of(*case)
    assert found.dtype == np.int64
    assert found.tolist() == naive_classes(*case)


@pytest.mark.parametrize("count", [1, 2, 300, 7000])
@pytest.mark.parametrize("kind", ["random", "copies", "counter", "rare"])
def test_all_routes_and_all_forms_of_input_agree(kind, count, monkeypatch):
    table, labels = drawn(count, count, 2, 3, 0.02 if kind == "random" else 0.0, kind)
    expected = classes_of(table, labels)
    for name, settings_ in ROUTES.items():
        if kind == "counter" and count > 300 and name in ("numpy", "rounds"):
            continue
        with monkeypatch.context() as patch:
            for key, value in settings_.items():
                patch.setattr(minimise, key, value)
            for form in (table.astype(np.int32), np.asfortranarray(table), table.astype(np.int16)):
                form.flags.writeable = False
                assert np.array_equal(classes_of(form, labels), expected)


@pytest.mark.parametrize("symbols", [1, 2])
def test_a_counter_of_a_million_states_takes_no_million_rounds_of_all_states(symbols):
    count = 10**6
    table = np.repeat((np.arange(count, dtype=np.int32)[:, None] + 1) % count, symbols, axis=1)
    labels = (np.arange(count) % 10**5 == 0).astype(np.int64)
    assert np.array_equal(classes_of(table, labels), np.arange(count) % 10**5)
    labels[0] = 2
    assert np.array_equal(classes_of(table, labels), np.arange(count))


def test_large_rings_of_known_size():
    """The label is n mod 96: so is the class, where 96 divides the ring; else every state is its own."""
    n = np.arange(3 << 17)
    table = np.column_stack([(n + 1) % len(n), 2 * n % len(n), (n + 5) % len(n)])
    assert np.array_equal(classes_of(table, n % 96), n % 96)
    n = np.arange((3 << 17) + 32)
    assert np.array_equal(classes_of(np.column_stack([(n + 1) % len(n), n]), n % 96), n)


def words_up_to(symbols, length):
    return itertools.chain.from_iterable(
        itertools.product(range(symbols), repeat=k) for k in range(length + 1)
    )


def machine_of(seed, count, symbols, labels, partial, kind, mealy):
    rng = np.random.default_rng(seed)
    table, told = drawn(seed, count, symbols, labels, partial, kind)
    outputs = np.unique(told, return_inverse=True)[1]
    if mealy:
        outputs = np.where(table >= 0, outputs[table], -1)
    names = [f"l{k}" for k in range(labels + 2)]
    start = int(rng.integers(count))
    return Machine("mealy" if mealy else "moore", tuple("abc"[:symbols]), tuple(names), table, outputs, start)


machines = st.tuples(  # not built here: the checks of types draw random numbers
    st.integers(0, 10**6),
    st.integers(1, 9),
    st.integers(1, 2),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from(["random", "copies", "counter", "rare"]),
    st.booleans(),
)


@given(machines, st.integers(0, 10**6))
def test_the_minimal_machine_gives_the_same_outputs_and_no_machine_has_fewer_states(parts, seed):
    machine = machine_of(*parts)
    found = minimised(machine)
    small = found.machine
    assert (small.kind, small.alphabet, small.labels) == (machine.kind, machine.alphabet, machine.labels)
    for word in words_up_to(len(machine.alphabet), 6):
        assert np.array_equal(small.run(word), machine.run(word))
    told = machine.outputs
    if machine.kind == "mealy":
        told = np.unique(told, axis=0, return_inverse=True)[1].reshape(-1)
    reached = machine.breadth_first()
    classes = np.array(naive_classes(machine.transitions, told))
    assert small.states == len(set(classes[reached].tolist()))
    assert np.array_equal(np.flatnonzero(found.state_of >= 0), np.sort(reached))
    pairs = {(int(c), int(n)) for c, n in zip(classes[reached], found.state_of[reached])}
    assert len(pairs) == small.states
    again = minimised(small)
    assert np.array_equal(again.state_of, np.arange(small.states))
    order = np.random.default_rng(seed).permutation(machine.states)
    other = minimised(machine.renumbered(order)).machine
    assert (other.start, small.start) == (0, 0)
    assert np.array_equal(other.transitions, small.transitions)
    assert np.array_equal(other.outputs, small.outputs)
    for n in range(small.states):
        assert found.words.length[n] == len(minimise.word_of(*found.words[:2], n))


@given(cases)
def test_mealy_labels_are_equal_where_all_labels_of_successors_are(case):
    table, labels = case
    rows = [tuple(None if t < 0 else int(labels[t]) for t in row) for row in table]
    found = mealy_labels(table, labels).tolist()
    for p, q in itertools.combinations(range(len(rows)), 2):
        assert (found[p] == found[q]) == (rows[p] == rows[q])


def test_a_mealy_machine_can_be_smaller_than_the_moore_machine():
    table, labels = np.array([[1, 2], [1, 2], [1, 2]]), np.array([0, 0, 1])
    assert classes_of(table, labels).tolist() == [0, 0, 1]
    assert classes_of(table, mealy_labels(table, labels)).tolist() == [0, 0, 0]


@given(cases, st.integers(0, 10**6), st.sampled_from([0.05, 0.3, 0.7]))
def test_the_bound_of_an_unfinished_enumeration_is_one_of_states_that_are_told_apart(case, seed, share):
    """The most states of which known words tell any two apart are a clique of the table's graph."""
    nx = importlib.import_module("networkx")
    table, labels = case[0].copy(), case[1]
    table[table < 0] = 0
    whole = len(set(naive_classes(table, labels)))
    assert least_states(table, labels) == whole
    table[np.random.default_rng(seed).random(table.shape) < share] = -1
    graph = nx.from_numpy_array(apart(table, labels, unknown=True))
    most = max(len(clique) for clique in nx.find_cliques(graph))
    assert len(set(labels.tolist())) <= least_states(table, labels) <= most


def test_the_bound_grows_with_what_is_known(monkeypatch):
    """A counter of which a part is expanded: a state more per step known, up to the cap of rounds."""
    table = np.minimum(np.arange(60)[:, None] + 1, 59)
    labels = (np.arange(60) == 20).astype(np.int64)
    table[30:] = -1
    assert least_states(table, labels) == 21  # whoever is beyond 20 may come to look like any of 0..20
    for rounds, expected in [(0, 2), (1, 3), (2, 4), (31, 21)]:
        monkeypatch.setattr(minimise, "ROUNDS", rounds)
        assert least_states(table, labels) == expected
    assert least_states(np.full((3, 2), -1), np.array([5, 5, 5])) == 1


def test_the_compiled_bound_is_the_same(monkeypatch):
    for seed in range(6):
        table, labels = drawn(seed, 5000, 2, 2, 0.0, "random")
        table[len(table) - 50 * 3**seed :] = -1
        expected = least_states(table, labels)
        monkeypatch.setattr(minimise, "_WORTH", 0)
        assert least_states(table, labels) == expected
        monkeypatch.undo()


def aalpy_machine(automata, machine):
    """The same machine of that library, from the transitions of ours."""
    moore = machine.kind == "moore"
    kind, whole = (
        (automata.MooreState, automata.MooreMachine)
        if moore
        else (automata.MealyState, automata.MealyMachine)
    )
    states = [kind(str(n), *([int(machine.outputs[n])] if moore else [])) for n in range(machine.states)]
    for (n, k), after in np.ndenumerate(machine.transitions):
        states[n].transitions[k] = states[after]
        if not moore:
            states[n].output_fun[k] = int(machine.outputs[n, k])
    return whole(states[machine.start], states)


def trimmed(machine):
    """Without the states that cannot be reached, which the library would keep."""
    return machine.renumbered(machine.breadth_first())


@pytest.mark.parametrize("mealy", [False, True])
def test_aalpy_finds_as_many_states(mealy):
    automata = pytest.importorskip("aalpy.automata")
    for seed in range(24):
        kind = ["random", "copies", "counter", "rare"][seed % 4]
        machine = trimmed(machine_of(seed, 3 + seed, 2, 3, 0.0, kind, mealy))
        other = aalpy_machine(automata, machine)
        other.minimize()
        assert len(other.states) == minimised(machine).machine.states


def test_automata_lib_finds_as_many_states_and_the_same_language():
    dfa = pytest.importorskip("automata.fa.dfa").DFA
    for seed in range(40):
        kind = ["random", "copies", "counter", "rare"][seed % 4]
        machine = machine_of(seed, 3 + 2 * seed, 2, 2, 0.0, kind, False)
        machine = dataclasses.replace(machine, outputs=machine.outputs % 2)
        both = []
        for one in (machine, minimised(machine).machine):
            table = {n: dict(zip("ab", row)) for n, row in enumerate(one.transitions.tolist())}
            both.append(
                dfa(
                    states=set(table),
                    input_symbols={"a", "b"},
                    transitions=table,
                    initial_state=one.start,
                    final_states=set(np.flatnonzero(one.outputs).tolist()),
                )
            )
        assert both[0] == both[1]
        assert len(both[0].minify().states) == len(both[1].states)


@pytest.mark.parametrize(
    ("table", "labels", "says"),
    [
        ([[0.0]], [0], "float64"),
        ([0], [0], "shape (1,)"),
        ([[]], [0], "expected integers (N, A)"),
        ([[1]], [0], "1..1, expected -1..0 of 1 states"),
        ([[-2]], [0], "-2..-2, expected -1"),
        ([[0]], [0, 1], "labels: int64 of shape (2,)"),
        ([[0]], [0.5], "labels: float64"),
    ],
)
def test_tables_that_cannot_be_used(table, labels, says):
    for asked in (classes_of, mealy_labels, least_states):
        with pytest.raises(MachineError) as told:
            asked(np.array(table), np.array(labels))
        assert says in str(told.value)


@pytest.mark.slow
@settings(max_examples=3000)
@given(cases)
@pytest.mark.usefixtures("route")
def test_the_classes_are_those_of_table_filling_at_length(case):
    assert classes_of(*case).tolist() == naive_classes(*case)
