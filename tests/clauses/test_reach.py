"""reach: the shortest word, the first of the shortest, or none; whatever the engine, the memory, the net."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, adversarial_values, hardened_net, random_net

import boolrnn
from boolrnn.clauses import breadth_first
from boolrnn.clauses.properties import Difference, Property, parse_difference, parse_property
from boolrnn.clauses.reach import reach
from boolrnn.errors import OptionError, StateError
from boolrnn.report.sheets import sheet


def tied(seed, weights, spread):
    """The same net with a readout of every second row twice; `spread` 0: small integers."""
    rng, outputs = np.random.default_rng(seed), weights.outputs
    wy = rng.integers(-2, 3, (outputs, weights.hidden)).astype(np.float32)
    by = rng.integers(-2, 3, outputs).astype(np.float32)
    if spread:
        wy, by = (adversarial_values(rng, values.shape, spread) for values in (wy, by))
    wy[1::2], by[1::2] = wy[: outputs // 2 * 2 : 2], by[: outputs // 2 * 2 : 2]
    by[3::4] = np.nextafter(by[3::4], np.float32(1e30))
    return dataclasses.replace(weights, wy=wy, by=by)


def words(among, within):
    """All words, shorter first, then in the order of the symbols."""
    for length in range(within + 1):
        yield from itertools.product(among, repeat=length)


def ends(automaton, start, word):
    """The states along a word, by single steps."""
    rows = []
    for x in word:
        start = automaton.step(None if start is None else start[None], np.array([x]))[0][0]
        rows.append(start)
    return rows


def first_word(automaton, goal, starts, among, within):
    """The first word that leads to the goal, by looking at every word; None where there is none."""
    for word in words(among, within):
        after = [ends(automaton, start, word)[-1] if word else start for start in starts]
        if all(state is not None for state in after):
            if len(starts) == 1 and goal.holds(automaton, after[0][None])[0]:
                return word
            if len(starts) == 2 and goal.holds(automaton, after[0][None], after[1][None])[0]:
                return word
    return None


def counted(automaton, starts, among, within):
    """Distinct new nodes (merged pairs left out) by length, by sets."""
    met, front, found = set(), [starts], []
    if all(start is not None for start in starts):
        front = [starts] if len(starts) == 1 or (starts[0] != starts[1]).any() else []
        met = {np.array(node).tobytes() for node in front}
        found.append(len(front))
    for _ in range(within):
        if not front:
            break
        after = []
        for node, x in itertools.product(front, among):
            made = [ends(automaton, state, [x])[0] for state in node]
            key = np.array(made).tobytes()
            if key not in met and (len(made) == 1 or (made[0] != made[1]).any()):
                met.add(key)
                after.append(made)
        front = after
        found.append(len(front))
    return found


def check(found, automaton, goal, starts, among, within):
    """A result against every word."""
    word = first_word(automaton, goal, starts, among, within)
    assert found.proved
    assert found.verdict == ("unsat" if word is None else "sat")
    levels = counted(automaton, starts, among, within)
    if word is None:
        assert found.closed == (levels[-1:] == [0])
        assert found.searched == within
        assert found.witness_symbols is None
        assert found.to_json()["witness"] is None
        known = found.level_states >= 0
        assert known[:-1].all()
        assert found.level_states[known].tolist() == np.array(levels)[known].tolist()
        assert found.level_words.tolist() == [float(len(among)) ** k for k in found.level_length]
        return
    assert found.minimum == len(word)
    assert tuple(found.witness_symbols) == word
    for start, states, end in [
        (starts[0], found.witness_states, found.witness_end),
        (starts[-1], found.versus_states, found.versus_end),
    ][: len(starts)]:
        rows = ends(automaton, start, word)
        assert states.tolist() == [row.tolist() for row in rows]
        assert end.tolist() == (rows[-1] if rows else start).tolist()


def a_goal(rng, weights, paired, state):
    """Something to look for: common and rare things."""
    text = ["h0", "~h0", "predicts", "state", "h0 & predicts", "mask"][rng.integers(6)]
    if paired:
        return parse_difference(["predicts", "h0", "h*"][rng.integers(3)], weights)
    if text in ("state", "mask"):
        matters = rng.random(weights.hidden) < (1 if text == "state" else 0.5)
        return Property(tuple((int(j), bool(state[j])) for j in np.flatnonzero(matters)))
    goal = parse_property(text.split(" & ")[0], weights) if text[0] in "h~" else Property()
    output = (int(rng.integers(weights.outputs)),) if "predicts" in text else ()
    return goal & Property(outputs=output)


@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(0, 5),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["numpy", "compiled"]),
)
def test_small_nets_against_every_word(seed, hidden, symbols, within, rooted, paired, engine):
    rng = np.random.default_rng(seed)
    net = [random_net, hardened_net][seed % 2] if seed % 3 else None
    weights = net(seed, hidden, symbols) if net else adversarial_net(seed, hidden, symbols, 250)
    weights = tied(seed, weights, [0, 30, 250][seed % 5]) if seed % 5 < 3 else weights
    automaton = boolrnn.compile(weights)
    starts = [rng.random(hidden) < 0.5 if rooted else None]
    if paired:
        starts.append(rng.random(hidden) < 0.5)
    goal = a_goal(rng, weights, paired, rng.random(hidden) < 0.5)
    among = rng.permutation(symbols)[: int(rng.integers(1, symbols + 1))]
    second = starts[1] if paired else None
    found = reach(automaton, goal, start=starts[0], versus=second, within=within, among=among, engine=engine)
    check(found, automaton, goal, starts, among.tolist(), within)
    sheet(found)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(
    ("net", "within"),
    [
        pytest.param(lambda: random_net(1, 1, 1), 5, id="one neuron, one symbol"),
        pytest.param(lambda: random_net(2, 65, 3), 4, id="two words"),
        pytest.param(lambda: random_net(3, 64, 4, outputs=1), 3, id="one output"),
        pytest.param(lambda: adversarial_net(4, 67, 3, 250), 4, id="wide rows"),
        pytest.param(lambda: random_net(5, 130, 3, outputs=200), 4, id="three words, 200 outputs"),
        pytest.param(lambda: random_net(6, 9, 2, scale=0.0), 4, id="all ties"),
    ],
)
def test_planted_words_and_unreachable_states(net, within, engine):
    """The end of a random word is reached by no longer a word, from a state and from the network's start;
    the same property with one more bit asked of it is refuted."""
    weights = net()
    automaton, rng = boolrnn.compile(weights), np.random.default_rng(1)
    among = np.arange(weights.symbols)
    for start in (None, rng.random(weights.hidden) < 0.5):
        word = rng.integers(0, weights.symbols, within)
        end = ends(automaton, start, word)[-1]
        goal = Property(tuple((j, bool(b)) for j, b in enumerate(end)))
        found = reach(automaton, goal, start=start, within=within, engine=engine)
        assert found.verdict == "sat"
        check(found, automaton, goal, [start], among.tolist(), within)
        never = found.witness_end.copy()
        never[0] ^= True
        goal = Property(tuple((j, bool(b)) for j, b in enumerate(never)))
        found = reach(automaton, goal, start=start, within=within, engine=engine)
        check(found, automaton, goal, [start], among.tolist(), within)
        other = rng.random(weights.hidden) < 0.5
        for goal in (Difference(outputs=True), Difference(neurons=(weights.hidden - 1,))):
            found = reach(automaton, goal, start=start, versus=other, within=within, engine=engine)
            check(found, automaton, goal, [start, other], among.tolist(), within)


@pytest.mark.parametrize("spread", [0, 10, 30, 250])
def test_engines_agree_where_outputs_tie(spread, monkeypatch):
    """Every output of a readout full of ties and near ties, on nets of one and two words, in small parts."""
    monkeypatch.setattr(breadth_first, "_CHUNK", 70)
    for hidden, outputs in ((7, 5), (70, 3), (20, 130)):
        automaton = boolrnn.compile(tied(3, random_net(3, hidden, 3, outputs), spread))
        for output in range(0, outputs, 1 + outputs // 12):
            results = [
                reach(automaton, Property(outputs=(output,)), within=5, engine=engine)
                for engine in ("numpy", "compiled")
            ]
            assert len({r.verdict for r in results}) == 1
            assert len({str(r.witness_symbols) for r in results}) == 1
            assert results[0].states == results[1].states or results[0].verdict == "sat"
            assert results[0].steps == results[1].steps


def test_parts_that_run_at_once_keep_the_order_of_words(monkeypatch):
    """The last level is looked at by several threads; still the first of the words is returned."""
    monkeypatch.setattr(breadth_first, "_CHUNK", 7)
    monkeypatch.setattr(breadth_first, "cores", lambda: 3)
    automaton = boolrnn.compile(random_net(2, 20, 3))
    for word in itertools.islice(itertools.product(range(3), repeat=4), 0, None, 3):
        end = ends(automaton, None, word)[-1]
        goal = Property(tuple((j, bool(b)) for j, b in enumerate(end)))
        fast, slow = (reach(automaton, goal, engine=engine) for engine in ("compiled", "numpy"))
        assert fast.witness_symbols.tolist() == slow.witness_symbols.tolist() <= list(word)


def test_a_state_that_has_the_property_needs_no_symbol(embedded):
    weights, symbols = embedded
    start = boolrnn.run(weights, symbols[:50]).states[-1]
    found = reach(weights, f"h7={int(start[7])}", start=start)
    assert (found.verdict, found.minimum, len(found.witness_symbols)) == ("sat", 0, 0)
    assert found.to_json()["witness"]["end"] == boolrnn.bits.to_hex(start[None])[0]
    assert found.to_json()["witness"]["states"] == []
    assert reach(weights, f"h7={int(start[7])}", start=start, within=0).minimum == 0
    none = reach(weights, f"h7={int(not start[7])}", start=start, within=0)
    assert (none.verdict, none.closed, none.searched) == ("unsat", False, 0)
    assert reach(weights, "h7", within=0).verdict == "unsat"


def test_the_text_itself_is_found(embedded):
    """Two symbols of the text lead from one of its states to another: nothing shorter does, or it is told."""
    weights, symbols = embedded
    automaton = boolrnn.compile(weights)
    states = automaton.run(symbols[:200]).states
    for t in (20, 111):
        text = "state:" + boolrnn.bits.to_hex(states[t + 2][None])[0]
        found = reach(automaton, text, start=states[t], within=3)
        assert found.verdict == "sat"
        assert found.minimum <= 2
        if found.minimum == 2:
            assert found.witness_symbols.tolist() <= symbols[t + 1 : t + 3].tolist()
        assert (found.witness_end == states[t + 2]).all()


def test_equal_states_are_never_told_apart():
    weights = random_net(1, 12, 3)
    start = np.zeros(12, bool)
    found = reach(weights, start=start, versus=start, within=9)
    assert (found.verdict, found.closed, found.states, found.property) == ("unsat", True, 0, "predicts")
    gone = dataclasses.replace(weights, wh=np.zeros((12, 12), np.float32))  # one step forgets everything
    other = start.copy()
    other[3] = True
    gone = dataclasses.replace(gone, wy=np.zeros((3, 12), np.float32))
    found = reach(gone, start=start, versus=other, within=9)
    assert (found.verdict, found.closed, found.level_states.tolist()) == ("unsat", True, [1, 0])
    assert "of every length" in str(sheet(found).tables[0].rows)


def test_a_closed_search_answers_for_every_length():
    """Contradictions need no search; ten neurons that see nothing but themselves end where they end."""
    weights = random_net(4, 6, 2)
    found = reach(weights, "h1 & ~h1", within=1000)
    assert (found.verdict, found.closed, found.engine, found.steps) == ("unsat", True, "closed form", 0)
    every = reach(weights, Property(outputs=(0,)) & Property(((0, True),)), within=1000)
    assert every.verdict == "sat" or every.closed
    assert every.states <= 64
    long = reach(random_net(9, 3, 1), "state:0x5", start=np.ones(3, bool), within=1_000_000)
    assert long.verdict == "sat" or (long.closed and long.states <= 8)


def test_levels_of_unbounded_words_do_not_overflow():
    """A counter of 5000 words of one symbol; and lengths whose number of words is no float."""
    hidden = 12  # a shift register: the state moves on by one neuron per step
    wh = np.roll(np.eye(hidden), 1, axis=0).astype(np.float32)
    base = random_net(1, hidden, 4)
    weights = dataclasses.replace(
        base, wh=wh, wx=np.zeros((hidden, 4), np.float32), bh=np.zeros_like(base.bh)
    )
    start = np.arange(hidden) == 0
    found = reach(weights, "h11", start=start, within=20)
    assert found.minimum == 11
    assert found.witness_symbols.tolist() == [0] * 11
    none = reach(weights, "h11 & h10", start=start, within=1_000_000)
    assert (none.verdict, none.closed, none.states) == ("unsat", True, 12)


def test_memory_and_budget_leave_it_unknown():
    weights = hardened_net(3, 100, 16)
    nowhere = "state:0x" + "f" * 25
    start = np.zeros(100, bool)
    small = reach(weights, nowhere, start=start, within=6, memory="1M")
    assert (small.verdict, small.proved, small.undecided) == ("unknown", False, True)
    assert "memory was used up" in small.note
    assert small.searched == 4
    assert small.level_states[-1] == -1
    assert small.states * 24 < 1 << 20
    assert sheet(small).warnings
    shorter = reach(weights, nowhere, start=start, within=4, memory="1M")  # its last level is not kept
    assert (shorter.verdict, shorter.searched) == ("unsat", 4)
    short = reach(weights, nowhere, start=start, within=6, budget=1e-6)
    assert (short.verdict, short.searched, short.witness_symbols) == ("unknown", 0, None)
    assert "budget ended" in short.note
    slow = reach(weights, nowhere, start=start, within=7, budget=0.4, engine="numpy")
    assert slow.verdict == "unknown"
    assert 0 < slow.searched < 7


def test_a_word_beyond_memory_is_still_the_shortest():
    """Where memory ends in a level, the rest of that level is looked at without keeping it."""
    weights = hardened_net(3, 100, 16)
    automaton, start = boolrnn.compile(weights), np.zeros(100, bool)
    word = [15, 15, 15, 15]
    text = "state:" + boolrnn.bits.to_hex(ends(automaton, start, word)[-1][None])[0]
    small = reach(automaton, text, start=start, within=6, memory="1M")
    large = reach(automaton, text, start=start, within=5)
    assert small.states < large.states
    assert small.verdict == "sat"
    assert small.witness_symbols.tolist() == large.witness_symbols.tolist()


def test_interrupted_work_says_what_was_finished(monkeypatch):
    weights, calls = hardened_net(3, 20, 6), []
    some = breadth_first._Numpy.some

    def until(self, at, end, keep):
        calls.append(at)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return some(self, at, end, keep)

    monkeypatch.setattr(breadth_first._Numpy, "some", until)
    found = reach(weights, "state:0xfffff", start=np.zeros(20, bool), within=9, engine="numpy")
    assert (found.interrupted, found.verdict, found.searched) == (True, "unknown", 3)
    assert found.note.startswith("interrupted")


def test_a_word_that_does_not_lead_there_is_a_bug(monkeypatch):
    weights = random_net(1, 6, 3)
    monkeypatch.setattr(breadth_first.Search, "_word", lambda self, link: np.array([0, 0]))
    goal = Property(tuple((j, bool(b)) for j, b in enumerate(ends(boolrnn.compile(weights), None, [1])[0])))
    with pytest.raises(AssertionError, match="a bug in the search"):
        reach(weights, goal)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"property": None}, OptionError, "property: missing"),
        ({"property": "h9"}, OptionError, "neuron 9"),
        ({"property": Difference(outputs=True)}, OptionError, "Difference for 1 states, expected a Property"),
        ({"property": Property(((0, True),)), "versus": np.ones(6, bool)}, OptionError, "expected a Diff"),
        ({"property": "~h1", "versus": np.ones(6, bool)}, OptionError, "expected predicts, h5"),
        ({"within": -1}, OptionError, "within -1"),
        ({"within": 10**9}, OptionError, "within 1000000000"),
        ({"among": []}, OptionError, "one symbol or more"),
        ({"among": [1, 1]}, OptionError, "stands twice"),
        ({"among": [3]}, OptionError, "symbol 3 is outside 0..2"),
        ({"among": np.array([0.5])}, OptionError, "among: float64"),
        ({"memory": "2X"}, OptionError, "memory '2X'"),
        ({"budget": 0.0}, OptionError, "budget 0"),
        ({"engine": "z3"}, OptionError, "engine 'z3'"),
        ({"start": np.ones(5, bool)}, StateError, "start: shape"),
        ({"versus": np.ones(5, bool)}, StateError, "versus: shape"),
    ],
)
def test_options_that_cannot_be_used(options, error, says):
    if "versus" in options:
        options = {"property": None} | options
    with pytest.raises(error) as told:
        reach(random_net(1, 6, 3), **({"property": "h1"} | options))
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_the_json_is_what_the_house_says(embedded):
    weights, symbols = embedded
    states = boolrnn.run(weights, symbols[:90]).states
    found = reach(weights, "predicts: ", start=states[40], within=3)
    tree = found.to_json()
    assert tree["schema"] == "reach/1"
    assert tree["verdict"] == "sat"
    assert tree["proved"] is True
    assert tree["certificate"] is None
    assert tree["minimum"] == len(tree["witness"]["symbols"]) == len(tree["witness"]["states"])
    assert weights.alphabet[tree["witness"]["output"]] == ord(" ")
    assert tree["witness"]["versus_states"] is None
    pair = reach(weights, start=states[40], versus=states[41] ^ True, within=3).to_json()
    assert len(pair["witness"]["versus_states"]) == pair["minimum"]
    assert pair["witness"]["output"] != pair["witness"]["versus_output"]
    assert [set(level) for level in pair["levels"]] == [{"length", "words", "states"}] * len(pair["levels"])
