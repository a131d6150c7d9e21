"""cycles: transients and periods are exact, whatever the engine, the memory, the word or an interruption."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net

import boolrnn
from boolrnn.errors import OptionError, ResultError, TextError
from boolrnn.graph import cycles as verb
from boolrnn.graph import functional_graph as graphs
from boolrnn.graph.cycles import cycles, parse_memory
from boolrnn.graph.functional_graph import functional_graph
from boolrnn.graph.random_mapping import effective
from boolrnn.graph.verify_cycle import NotACycleError, verified


def calm(weights, factor):
    """The same net with strong biases: few bits move, so cycles are short enough for the naive way."""
    return dataclasses.replace(weights, bh=weights.bh * np.float32(factor))


def naive(automaton, word, start):
    """(transient, states of the cycle) by remembering every state, stepped one by one."""
    seen, state = {}, start
    while state.tobytes() not in seen:
        seen[state.tobytes()] = len(seen)
        for x in word:
            state = automaton.step(state[None], np.array([x]))[0][0]
    first = seen[state.tobytes()]
    return first, [np.frombuffer(s, bool) for s, k in seen.items() if k >= first]


def as_integer(state):
    return sum(1 << int(j) for j in np.flatnonzero(state))


def check(found, automaton, words):
    """Every transient, period, basin, example and active bit of a result, against the naive way."""
    for w, word in enumerate(words):
        rows = slice(found.cycle_offsets[w], found.cycle_offsets[w + 1])
        periods, basins = found.cycle_period[rows], found.cycle_basin[rows]
        ends = []
        for n, start in enumerate(found.start):
            transient, cycle = naive(automaton, word, start)
            assert found.transients[w, n] == transient
            at = found.start_cycle[w, n]
            ends.append(at)
            assert periods[at] == len(cycle)
            least = min(cycle, key=as_integer)
            assert (found.cycle_example[rows][at] == least).all()
            moving = np.any(cycle, axis=0) & ~np.all(cycle, axis=0)
            assert found.cycle_active[rows][at] == moving.sum()
            assert (found.cycle_neuron_active[rows][at] == moving).all()
        assert basins.tolist() == np.bincount(ends).tolist()
        assert (np.diff(basins) <= 0).all()
    assert (found.resolved == 1).all()


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(
    "net",
    [
        pytest.param(lambda: random_net(1, 1, 2), id="one neuron"),
        pytest.param(lambda: random_net(2, 9, 3), id="nine"),
        pytest.param(lambda: random_net(3, 20, 3), id="twenty"),
        pytest.param(lambda: calm(hardened_net(4, 64, 3), 10), id="one word"),
        pytest.param(lambda: calm(random_net(5, 70, 2, scale=1e-44), 12), id="subnormal"),
        pytest.param(lambda: random_net(6, 12, 3, scale=0.0), id="all ties"),
        pytest.param(lambda: adversarial_net(7, 23, 3, 250), id="wide rows"),
        pytest.param(lambda: adversarial_net(8, 130, 2, 60), id="int64 rows"),
        pytest.param(lambda: calm(random_net(9, 300, 2), 90), id="three hundred"),
    ],
)
def test_symbols_and_words_against_the_naive_way(net, engine):
    weights = net()
    automaton = boolrnn.compile(weights)
    words = [[0], [1], [1, 0], [0, 1, 1]]
    found = cycles(automaton, words, starts=6, engine=engine)
    check(found, automaton, words)


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 40))
def test_random_nets_against_the_naive_way(seed, hidden, spread):
    automaton = boolrnn.compile(adversarial_net(seed, hidden, 2, spread))
    found = cycles(automaton, [1, [0, 1]], starts=5, seed=seed, engine="compiled" if seed % 2 else "numpy")
    check(found, automaton, [[1], [0, 1]])


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
@pytest.mark.parametrize("room", [8, 64, 512])
def test_without_memory_walks_go_on_and_are_exact(monkeypatch, room, engine):
    """A table that may not grow: most states, and parts of cycles, are passed without being kept."""
    automaton = boolrnn.compile(random_net(3, 30, 2))
    monkeypatch.setattr(graphs, "_FIRST_SLOTS", room)
    monkeypatch.setattr(graphs, "_CHUNK", 7)
    monkeypatch.setattr(graphs, "_ENTRY", 1)
    memory = 16 * room if engine == "compiled" else room
    graph = functional_graph(automaton, np.array([0]), lambda _: None, memory=memory, engine=engine)
    starts = np.random.default_rng(0).random((8, 30)) < 0.5
    for start in starts:
        trail = graph.follow(start)
        transient, cycle = naive(automaton, [0], start)
        assert (trail.transient, graph.cycles[trail.cycle].period) == (transient, len(cycle))
        assert (graph.cycles[trail.cycle].least == min(cycle, key=as_integer)).all()
    assert graph.count <= room
    assert not graph.complete
    names = {as_integer(cycle.least) for cycle in graph.cycles}
    assert len(names) == len(graph.cycles)


def test_a_table_that_grows_is_the_same_graph(monkeypatch):
    automaton = boolrnn.compile(random_net(3, 30, 2))
    monkeypatch.setattr(graphs, "_FIRST_SLOTS", 8)
    grown = cycles(automaton, [0, 1], starts=40, engine="compiled")
    check(grown, automaton, [[0], [1]])
    assert (grown.visited > 8).any()


def test_only_starts_that_are_new_are_walks():
    automaton = boolrnn.compile(random_net(2, 7, 2))
    found = cycles(automaton, [0], starts=128)
    seen, walks = set(), 0
    for start in found.start:
        state, walks = start, walks + (start.tobytes() not in seen)
        while state.tobytes() not in seen:
            seen.add(state.tobytes())
            state = automaton.step(state[None], np.array([0]))[0][0]
    assert walks < 128
    assert found.effective[0] == effective(128, walks).states


def test_small_nets_can_be_followed_from_every_state():
    automaton = boolrnn.compile(random_net(2, 7, 2))
    found = cycles(automaton, [0], starts=128)
    assert found.complete
    assert found.start.shape == (128, 7)
    assert len({as_integer(s) for s in found.start}) == 128
    assert found.cycle_basin.sum() == 128
    assert found.visited[0] == 128
    assert not cycles(automaton, [0], starts=127).complete


def test_json_is_what_readers_expect():
    automaton = boolrnn.compile(random_net(2, 9, 3))
    tree = json.loads(json.dumps(cycles(automaton, [2, 0], starts=4).to_json(), allow_nan=False))
    assert [entry["symbol"] for entry in tree["symbols"]] == [2, 0]
    entry = tree["symbols"][0]
    assert set(entry) >= {"symbol", "cycles", "transients", "resolved", "starts", "visited", "effective"}
    assert "word" not in entry
    assert set(entry["cycles"][0]) == {"period", "basin", "active", "example"}
    assert entry["cycles"][0]["example"].startswith("0x")
    assert (len(entry["transients"]), entry["resolved"], entry["starts"]) == (4, 1.0, 4)
    assert len(tree["start"]) == len(entry["ends_in"]) == 4
    assert all(0 <= c < len(entry["cycles"]) for c in entry["ends_in"])
    asked = [np.array([97, 98]), [92, 1, 0], [0, 0]]
    words = cycles(boolrnn.compile(random_net(2, 9, 256)), asked, starts=2).to_json()
    assert [entry["word"] for entry in words["symbols"]] == ["ab", r"\\\x01\x00", r"\x00\x00"]
    assert "symbol" not in words["symbols"][0]
    short = cycles(boolrnn.compile(random_net(2, 9, 256)), [[97]], starts=2).to_json()["symbols"][0]
    assert short["word"] == "a"  # what was asked as a word is one
    assert "symbol" not in short
    wide = cycles(boolrnn.compile(random_net(2, 9, 300)), [[299, 0], [7]], starts=2).to_json()
    assert [entry["word"] for entry in wide["symbols"]] == ["299 0", "7"]


def test_a_budget_leaves_what_is_finished(monkeypatch):
    automaton = boolrnn.compile(random_net(1, 128, 4, scale=0.08))
    found = cycles(automaton, [0, 1, 2, 3], starts=30, budget=0.05, engine="compiled")
    assert found.undecided
    assert not found.interrupted
    assert (found.transients == -1).any()
    tree = found.to_json()
    left = [t for entry in tree["symbols"] for t in entry["transients"] if t is None]
    assert len(left) == (found.transients == -1).sum()
    assert found.resolved.min() < 1


def test_a_checkpoint_goes_on_where_it_stood(tmp_path):
    automaton = boolrnn.compile(random_net(3, 24, 3))
    whole = cycles(automaton, [0, 1, [2, 0]], starts=20)
    kept = tmp_path / "kept"
    done = [-1]
    for k in range(1, 200):
        part = cycles(automaton, [0, 1, [2, 0]], starts=20, budget=k / 500, checkpoint=kept, engine="numpy")
        done.append(int((part.transients >= 0).sum()))
        if not part.undecided:
            break
    assert not part.undecided
    assert len(done) > 3  # it was stopped more than once on the way
    assert done == sorted(done)
    assert (part.transients == whole.transients).all()
    assert (part.start_cycle == whole.start_cycle).all()
    for name in ("cycle_period", "cycle_basin", "cycle_active", "cycle_example", "cycle_offsets"):
        assert (getattr(part, name) == getattr(whole, name)).all()
    again = cycles(automaton, [0, 1, [2, 0]], starts=20, checkpoint=kept)
    assert (again.transients == whole.transients).all()
    with pytest.raises(ResultError, match="a checkpoint of cycles with other input"):
        cycles(automaton, [0, 1], starts=20, checkpoint=kept)


def test_an_interruption_leaves_what_is_finished(monkeypatch):
    automaton = boolrnn.compile(random_net(1, 128, 4, scale=0.08))
    calls = []

    def interrupt(jobs, timeout):
        calls.append(jobs)
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "wait", interrupt)
    found = cycles(automaton, [0, 1], starts=500, engine="compiled")
    assert calls
    assert found.interrupted


def test_a_worker_that_fails_says_so(monkeypatch):
    def broken(*_, **__):
        raise NotACycleError("period 3: the state is not back")

    monkeypatch.setattr(graphs, "verified", broken)
    with pytest.raises(NotACycleError, match="period 3"):
        cycles(boolrnn.compile(random_net(2, 9, 3)), [0], starts=3)


@pytest.mark.parametrize("short", [True, False])
def test_the_second_stepper_refuses_wrong_cycles(monkeypatch, short):
    """Every way of being wrong: period too long, too short, transient too long, too short."""
    monkeypatch.setattr("boolrnn.graph.verify_cycle._SHORT", 1 << 12 if short else 0)
    automaton = boolrnn.compile(random_net(3, 20, 3))
    word = np.array([0])
    for start in np.random.default_rng(0).random((50, 20)) < 0.5:
        transient, cycle = naive(automaton, word, start)
        period = len(cycle)
        if transient > 1 and period > 1:
            break
    found = verified(automaton, word, start, transient, period)
    assert (found.least == min(cycle, key=as_integer)).all()
    for wrong, says in (
        ((transient, 2 * period), "back after"),
        ((transient, period + 1), "not back"),
        ((transient - 1, period), "not back"),
        ((transient + 1, period), "is on the cycle"),
    ):
        with pytest.raises(NotACycleError, match=says):
            verified(automaton, word, start, *wrong)


@pytest.mark.parametrize(("size", "starts"), [(20_000, 12), (256, 256), (1000, 50)])
def test_effective_states_of_true_random_mappings(size, starts):
    """The interval holds the truth about as often as it says, more often where starts meet known states."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(100):
        mapping, seen, walks = rng.integers(0, size, size), set(), 0
        for start in rng.integers(0, size, starts).tolist():
            walks += start not in seen
            state = start
            while state not in seen:
                seen.add(state)
                state = int(mapping[state])
        found = effective(len(seen), walks)
        held += found.low <= size <= found.high
        assert found.low < found.states < found.high
        assert math.isclose(found.expected, math.sqrt(math.pi * found.states / 8))
    assert 88 <= held <= 100
    assert effective(0, 5) is None


def test_the_archived_pair_under_a_few_symbols(archived):
    """Cycles that an independent stepper walks through again; none is short."""
    automaton = boolrnn.compile(archived[0])
    found = cycles(automaton, [int(archived[1][42]), 32], starts=6)
    assert (found.resolved == 1).all()
    assert found.cycle_period.min() > 100  # the published search looked no further
    assert (found.transients > 100).all()
    for w, x in enumerate((int(archived[1][42]), 32)):
        for c in range(found.cycle_offsets[w], found.cycle_offsets[w + 1]):
            run = automaton.run(np.full(int(found.cycle_period[c]), x), found.cycle_example[c])
            assert (run.states[-1] == found.cycle_example[c]).all()


def test_memory_is_written_as_people_write_it():
    assert parse_memory("2G") == 2 << 30
    assert parse_memory("500MB") == 500 << 20
    assert parse_memory("1.5g") == 3 << 29
    assert parse_memory(1 << 20) == 1 << 20
    for wrong in ("2X", "", "-1G", 5, "1K"):
        with pytest.raises(OptionError, match="memory"):
            parse_memory(wrong)


def test_mistakes_are_refused():
    automaton = boolrnn.compile(random_net(2, 9, 3))
    with pytest.raises(OptionError, match="at least one symbol"):
        cycles(automaton, [])
    with pytest.raises(OptionError, match="starts 0"):
        cycles(automaton, [0], starts=0)
    with pytest.raises(OptionError, match="budget 0"):
        cycles(automaton, [0], budget=0.0)
    with pytest.raises(TextError, match="outside 0..2"):
        cycles(automaton, [3])
    with pytest.raises(TextError, match="empty"):
        cycles(automaton, [np.zeros(0, int)])
