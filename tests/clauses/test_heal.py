"""heal: every state near the trajectory is followed, exactly, whatever the engine, memory or order."""

import dataclasses
import itertools
import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn import Weights
from boolrnn.bits import to_hex
from boolrnn.clauses import heal as verb
from boolrnn.clauses import return_times
from boolrnn.clauses.heal import heal
from boolrnn.errors import OptionError, TextError
from boolrnn.make.healing import healing
from boolrnn.report.figures import draw
from boolrnn.report.sheets import sheet

ENGINES = ("numpy", "compiled")


def calm(weights, factor):
    """The same net with stronger drives, so that some flips heal."""
    return dataclasses.replace(weights, wx=weights.wx * np.float32(factor))


def register(hidden):
    """Bit 0 is the symbol (0 or 1), bit i the last bit i - 1: flips are gone when they are shifted out."""
    wh = np.zeros((hidden, hidden), np.float32)
    wh[np.arange(1, hidden), np.arange(hidden - 1)] = 1
    wx = np.zeros((hidden, 2), np.float32)
    wx[0] = -1, 1
    zeros = np.zeros(hidden, np.float32)
    return Weights(wx=wx, wh=wh, bh=zeros, wy=np.zeros((2, hidden), np.float32), by=np.zeros(2, np.float32))


def naive(automaton, symbols, radius, positions, most):
    """{(position, flips): steps, or None} by the definition, in the order of the search."""
    states, found = automaton.run(symbols).states, {}
    for t in positions:
        sizes = range(1, min(radius, automaton.hidden) + 1)
        sets = [flips for size in sizes for flips in itertools.combinations(range(automaton.hidden), size)]
        sets.sort(key=lambda flips: (len(flips), flips[::-1]))
        now = np.repeat(states[t][None], len(sets), axis=0)
        for row, flips in zip(now, sets):
            row[list(flips)] ^= True
        steps = [None] * len(sets)
        for passed in range(1, min(most, len(symbols) - 1 - t) + 1):
            now = automaton.step(now, np.full(len(sets), symbols[t + passed]))[0]
            for k in np.flatnonzero((now == states[t + passed]).all(axis=1)):
                steps[k] = steps[k] or passed
        found.update({(t, flips): step for flips, step in zip(sets, steps)})
    return found


def check(found, automaton, symbols, radius, positions, within=None):
    """Every number of a result against the naive way."""
    known = naive(automaton, symbols, radius, positions, within or len(symbols))
    back = [step for step in known.values() if step]
    longest = max(back, default=None)
    every = len(positions) == len(symbols) - 1  # only then it is known what time is enough
    enough = within or ((longest or 0) if every else None)
    lost = [key for key, step in known.items() if not step]
    stays = [(t, flips) for t, flips in lost if enough is not None and len(symbols) - 1 - t >= enough]
    assert (found.states, found.possible, found.positions) == (len(known), len(known), len(positions))
    assert (found.returned, found.longest, found.enough) == (len(back), longest, enough)
    assert (found.unreturned, found.open) == (len(stays), len(lost) - len(stays))
    unclear = enough is None and lost
    assert found.verdict == ("sat" if stays else "unknown" if unclear else "unsat")
    assert found.proved == (not unclear)
    assert dict(zip(found.histogram_steps, found.histogram_count)) == Counter(back)
    assert found.position.tolist() == list(positions)
    assert found.flips.tolist() == list(range(1, min(radius, automaton.hidden) + 1))
    for name, keys, of in (
        ("position", found.position, lambda key: key[0]),
        ("flips", found.flips, lambda key: len(key[1])),
    ):
        for k, value in enumerate(keys):
            own = [step for key, step in known.items() if of(key) == value]
            left = sum(of(key) == value for key in stays)
            row = [int(getattr(found, f"{name}_{what}")[k]) for what in ("states", "returned", "longest")]
            assert row == [len(own), sum(map(bool, own)), max((s for s in own if s), default=-1)]
            assert getattr(found, f"{name}_unreturned")[k] == left
            assert getattr(found, f"{name}_open")[k] == len(own) - row[1] - left
    leading = itertools.takewhile(lambda t: all(s for key, s in known.items() if key[0] == t), positions)
    assert found.certified == len(list(leading))
    check_examples(found, automaton, symbols, known, stays)


def check_examples(found, automaton, symbols, known, stays):
    """The witness is the first of the earliest position, the slowest return the first of its length."""
    if stays:
        t, flips = stays[0]
        assert (found.witness_position, tuple(found.witness_flips)) == (t, flips)
        state = automaton.run(symbols).states[t].copy()
        state[list(flips)] ^= True
        assert (found.witness_states == state).all()
        assert found.witness_steps == min(len(symbols) - 1 - t, found.within or len(symbols))
    else:
        assert found.witness_states is found.witness_position is found.witness_flips is None
    if found.longest:
        t, flips = next(key for key, step in known.items() if step == found.longest)
        assert (found.slowest_position, tuple(found.slowest_flips)) == (t, flips)
        assert found.slowest_steps == found.longest
    else:
        assert found.slowest_position is found.slowest_flips is found.slowest_steps is None


NETS = [
    pytest.param(lambda: random_net(1, 1, 2), 3, id="one neuron"),
    pytest.param(lambda: calm(random_net(2, 9, 3), 4), 4, id="nine"),
    pytest.param(lambda: hardened_net(4, 7, 3), 7, id="all states of seven"),
    pytest.param(lambda: calm(hardened_net(5, 64, 2), 20), 2, id="one word"),
    pytest.param(lambda: calm(random_net(6, 66, 2), 9), 2, id="sixty-six"),
    pytest.param(lambda: calm(random_net(7, 23, 2, scale=1e-44), 3), 3, id="subnormal"),
    pytest.param(lambda: random_net(8, 12, 3, scale=0.0), 3, id="all ties"),
    pytest.param(lambda: adversarial_net(9, 23, 3, 250), 2, id="wide rows"),
    pytest.param(lambda: adversarial_net(10, 130, 2, 60), 1, id="int64 rows"),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("net", "radius"), NETS)
def test_every_state_against_the_naive_way(net, radius, engine):
    automaton = boolrnn.compile(net())
    symbols = text_of(3, 14, automaton.symbols)
    check(heal(automaton, symbols, radius=radius, engine=engine), automaton, symbols, radius, range(13))


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 60), st.integers(1, 4), st.booleans())
def test_random_nets_against_the_naive_way(seed, hidden, spread, radius, compiled):
    rng = np.random.default_rng(seed)
    weights = adversarial_net(seed, hidden, 2, spread) if seed % 3 else hardened_net(seed, hidden, 2)
    automaton = boolrnn.compile(calm(weights, rng.choice([0.5, 1, 4, 16])))
    symbols = text_of(seed, int(rng.integers(2, 16)), 2)
    places = np.flatnonzero(rng.random(len(symbols) - 1) < 0.7)
    within = None if seed % 2 else int(rng.integers(1, 8))
    engine = "compiled" if compiled else "numpy"
    found = heal(automaton, symbols, radius=radius, positions=places, within=within, engine=engine)
    check(found, automaton, symbols, radius, places.tolist(), within)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("hidden", [1, 5, 35])
def test_a_shift_register_forgets_after_as_many_steps_as_it_has_bits(hidden, engine):
    """Known in closed form: a set of flips whose least bit is m is gone after H - m steps, not before."""
    symbols = text_of(1, 150, 2)
    found = heal(register(hidden), symbols, radius=2, positions=range(50), engine=engine)
    assert (found.verdict, found.unreturned, found.open) == ("unsat", 0, 0)
    assert (found.longest, found.certified) == (hidden, 50)
    assert found.slowest_flips.tolist() == [0]
    sets = [1 + hidden - 1 - m for m in range(hidden)]  # alone, or with a greater bit
    assert found.histogram_count.tolist() == [50 * count for count in reversed(sets)]
    assert found.histogram_steps.tolist() == list(range(1, hidden + 1))
    late = heal(register(hidden), symbols, within=3, engine=engine, positions="0:50")
    assert late.unreturned == 50 * max(hidden - 3, 0)
    assert late.verdict == ("sat" if hidden > 3 else "unsat")
    assert "within 3 steps" in late.question


@pytest.mark.parametrize("engine", ENGINES)
def test_a_net_that_remembers_for_ever_has_a_witness(engine):
    """Every bit keeps its value: nothing returns, whatever is left of the text."""
    keeps = dataclasses.replace(register(6), wh=np.eye(6, dtype=np.float32), wx=np.zeros((6, 2), np.float32))
    found = heal(keeps, text_of(1, 9, 2), radius=2, engine=engine)
    assert (found.verdict, found.returned, found.unreturned, found.enough) == ("sat", 0, 8 * 21, 0)
    assert (found.witness_position, found.witness_flips.tolist(), found.witness_steps) == (0, [0], 8)
    assert found.longest is None


def long_one():
    """More positions than the small rings have rows, and walks that leave them."""
    automaton = boolrnn.compile(calm(random_net(11, 33, 3), 12))
    return automaton, text_of(5, 130, 3)


def same(left, right):
    for field in dataclasses.fields(left):
        if field.name not in ("seconds", "engine", "made_by"):
            one, other = getattr(left, field.name), getattr(right, field.name)
            assert np.array_equal(one, other), field.name


def test_tables_and_their_sizes_change_nothing(monkeypatch):
    """No tables, rings of a few positions, all positions, strides, many looks at the clock: one answer."""
    automaton, symbols = long_one()
    plain = heal(automaton, symbols, radius=2, engine="numpy")
    assert plain.longest > 15
    assert 0 < plain.open < plain.returned
    for memory in (100, 5_000, 60_000, 1 << 30):
        monkeypatch.setattr(verb, "parse_memory", lambda _, bytes_=memory: bytes_)
        same(plain, heal(automaton, symbols, radius=2, engine="compiled"))
        monkeypatch.setattr(return_times, "_SEGMENTS", 1)  # more positions in a part than a ring has rows
        same(plain, heal(automaton, symbols, radius=2, engine="compiled"))
        monkeypatch.undo()
    for name, value in (("_NEAR", 0), ("_NEAR", 1), ("_MEMO", 0), ("_SEGMENT", 1), ("_ALLOWANCE", 5)):
        monkeypatch.setattr(return_times, name, value)
        same(plain, heal(automaton, symbols, radius=2, engine="compiled"))
        monkeypatch.undo()
    for part in ({"positions": range(100, 129, 3)}, {"positions": range(115, 129), "within": 6}):
        triples = heal(automaton, symbols, radius=3, **part, engine="numpy")
        for memory in (60_000, 1 << 30):
            monkeypatch.setattr(verb, "parse_memory", lambda _, bytes_=memory: bytes_)
            same(triples, heal(automaton, symbols, radius=3, **part, engine="compiled"))


def test_single_flips_as_they_are_counted_when_nets_are_hardened(embedded):
    weights, symbols = embedded
    automaton, symbols = boolrnn.compile(weights), symbols[:90]
    known, found = healing(automaton, symbols), heal(automaton, symbols, engine="compiled")
    steps, counts = np.unique(known.steps[known.steps > 0], return_counts=True)
    assert (found.histogram_steps == steps).all()
    assert (found.histogram_count == counts).all()
    assert (found.position_returned == (known.steps > 0).sum(axis=1)).all()


def test_the_engine_follows_the_work(monkeypatch):
    automaton, symbols = long_one()
    assert heal(automaton, symbols[:5]).engine == "exhaustive (numpy)"
    assert heal(automaton, symbols, radius=2).engine == "exhaustive (compiled)"
    monkeypatch.setattr("boolrnn.model.kernels.TABLE_BYTES", 1000)
    assert heal(automaton, symbols, radius=2, positions="125:").engine == "exhaustive (numpy)"
    with pytest.raises(OptionError, match="engine compiled: its tables"):
        heal(automaton, symbols, engine="compiled")


@pytest.mark.parametrize("engine", ENGINES)
def test_texts_with_nothing_to_follow(engine):
    found = heal(random_net(1, 5, 2), np.zeros(1, int), radius=3, engine=engine)
    assert (found.verdict, found.states, found.positions, found.certified) == ("unsat", 0, 0, 0)
    assert found.longest is found.witness_states is None
    assert sheet(found).sentence.startswith("No state to follow")
    draw(found)
    nowhere = heal(random_net(1, 5, 2), np.zeros(9, int), positions=[], engine=engine)
    assert (nowhere.verdict, nowhere.states) == ("unsat", 0)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_budget_leaves_what_is_finished(engine):
    """Positions are followed from the last: early ones are missing."""
    automaton = boolrnn.compile(random_net(1, 128, 4, scale=0.5))
    symbols = text_of(1, 1500, 4)
    heal(automaton, symbols[:4], engine=engine)  # compiles what is not on disk yet
    found = heal(automaton, symbols, radius=2, budget=0.5, engine=engine)
    assert 8256 <= found.states < found.possible
    assert found.seconds < 10
    assert (found.position_states[0], found.position_states[-1], found.certified) == (0, 8256, 0)
    assert not found.interrupted
    assert found.states == found.returned + found.unreturned + found.open == found.flips_states.sum()
    assert found.histogram_count.sum() == found.returned
    assert "budget" in sheet(found).warnings[0]


def test_unknown_until_all_are_followed():
    found = heal(register(90), text_of(1, 4000, 2), radius=3, positions="0:2000", budget=0.2, engine="numpy")
    assert found.states < found.possible
    assert (found.verdict, found.proved, found.unreturned) == ("unknown", False, 0)
    assert sheet(found).sentence.startswith("Undecided")
    assert found.undecided


@pytest.mark.parametrize("engine", ENGINES)
def test_an_interruption_leaves_what_is_finished(monkeypatch, engine):
    automaton, symbols = long_one()

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    if engine == "compiled":
        monkeypatch.setattr(return_times, "wait", interrupt)
    else:
        monkeypatch.setattr(return_times.Numpy, "_record", interrupt)
    found = heal(automaton, symbols, radius=4, engine=engine)
    assert found.interrupted
    assert found.verdict == ("sat" if found.unreturned else "unknown")
    assert found.states == found.returned + found.unreturned + found.open
    assert "interrupted" in sheet(found).warnings[0]


@pytest.mark.parametrize("wrong", [1, -1])
def test_examples_are_replayed_before_anyone_sees_them(monkeypatch, wrong):
    """An engine that says "never" of a state that returns, or gives it a wrong number of steps, is a bug."""
    walk = return_times.Numpy._walk

    def broken(self, row, flips):
        steps = walk(self, row, flips)
        return np.where(steps > 0, steps + 1, steps) if wrong == 1 else np.full_like(steps, -1)

    monkeypatch.setattr(return_times.Numpy, "_walk", broken)
    with pytest.raises(AssertionError, match="position 0, flips"):
        heal(register(5), text_of(1, 20, 2), engine="numpy")


def test_a_worker_that_fails_says_so(monkeypatch):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(return_times.Compiled, "_sums", broken)
    with pytest.raises(RuntimeError, match="broken"):
        heal(register(5), text_of(1, 20, 2), engine="compiled")


def test_json_is_what_readers_expect():
    keeps = dataclasses.replace(register(6), wh=np.eye(6, dtype=np.float32), wx=np.zeros((6, 2), np.float32))
    tree = json.loads(json.dumps(heal(keeps, text_of(1, 4, 2), radius=2).to_json(), allow_nan=False))
    assert (tree["schema"], tree["verdict"], tree["proved"]) == ("heal/1", "sat", True)
    assert tree["certificate"] is None
    assert tree["longest"] is tree["slowest"] is None
    state = to_hex(boolrnn.compile(keeps).run(text_of(1, 4, 2)).states[:1])[0]
    flipped = f"0x{int(state, 16) ^ 1:02x}"
    assert tree["witness"] == {"states": [flipped], "position": 0, "flips": [0], "steps": 3}
    expected = {"flips": 2, "states": 45, "returned": 0, "longest": None, "unreturned": 45, "open": 0}
    assert tree["by_flips"][1] == expected
    assert [row["position"] for row in tree["by_position"]] == [0, 1, 2]
    healed = heal(register(4), text_of(1, 40, 2), positions="0:20").to_json()
    assert healed["witness"] is None
    assert healed["slowest"] == {"position": 0, "flips": [0], "steps": 4}
    assert healed["histogram"] == [{"steps": k, "count": 20} for k in (1, 2, 3, 4)]


@pytest.mark.parametrize("factor", [1, 22, 200])
def test_sheets_and_figures_of_all_verdicts(factor):
    automaton = boolrnn.compile(calm(random_net(11, 33, 3), factor))
    for options in ({}, {"within": 2}, {"positions": "3:60:7"}):
        found = heal(automaton, text_of(5, 90, 3), **options)
        shown = sheet(found)
        assert len(shown.tables[-1].rows) == found.positions
        assert sum(row[2] for row in shown.tables[1].rows) == found.returned
        assert all(len(row) == len(table.columns) for table in shown.tables for row in table.rows)
        draw(found)


def test_mistakes_are_refused():
    automaton, symbols = boolrnn.compile(random_net(2, 128, 3)), text_of(1, 50, 3)
    for options, says in (
        ({"radius": 0}, "radius 0: expected 1 or more"),
        ({"within": 0}, "within 0"),
        ({"budget": 0.0}, "budget 0"),
        ({"memory": "2X"}, "memory"),
        ({"engine": "fast"}, "engine 'fast'"),
        ({"positions": [49]}, "49 is outside 0..48"),
        ({"radius": 40}, r"more sets of flips than 2\^63"),
    ):
        with pytest.raises(OptionError, match=says):
            heal(automaton, symbols, **options)
    for text, says in ((np.array([3]), "outside 0..2"), (np.zeros(0, int), "empty text")):
        with pytest.raises(TextError, match=says):
            heal(automaton, text)
    few = heal(automaton, symbols, radius=3, positions=[48], budget=20.0)
    assert few.possible == sum(math.comb(128, k) for k in (1, 2, 3))
    assert verb.heal is heal


def test_a_part_of_the_positions_does_not_say_what_time_is_enough():
    """The slowest return of the last positions is short, as their text is: others are open, not lost."""
    symbols = text_of(1, 60, 2)
    net = register(35)
    whole = heal(net, symbols)
    assert (whole.verdict, whole.longest, whole.unreturned) == ("unsat", 35, 0)
    late = heal(net, symbols, positions="45:59")
    assert (late.verdict, late.proved, late.enough, late.unreturned) == ("unknown", False, None, 0)
    assert late.open == whole.open - sum(whole.position_open[:45])
    assert heal(net, symbols, positions="0:10").verdict == "unsat"
    assert heal(net, symbols, positions="45:59", within=40).verdict == "unsat"
    with pytest.raises(OptionError, match="none of 0..58"):
        heal(net, symbols, positions="5:3")
