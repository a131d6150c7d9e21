"""fixed_points: against all states of small nets, planted ones in large nets, honest where it ends."""

import dataclasses
import json
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net

import boolrnn
from boolrnn import Weights
from boolrnn.bits import to_hex
from boolrnn.clauses import fixed_points as verb
from boolrnn.clauses.engines import search
from boolrnn.clauses.fixed_points import fixed_points
from boolrnn.clauses.return_map import ReturnMap, unrolled
from boolrnn.errors import OptionError, StateError, TextError
from boolrnn.report.sheets import sheet


def after(weights, state, word, own, rest):
    """One reading of a word as the definition reads; fsum rounds once, so its sign is exact."""
    full = {j: bool(b) for j, b in zip(own, state)}
    if rest is not None:
        full = {j: full.get(j, bool(rest[j])) for j in range(weights.hidden)}
    for x in word:
        following = {}
        for i in own:
            terms = [weights.wh[i, j] * (1.0 if b else -1.0) for j, b in full.items()]
            following[i] = math.fsum([weights.bh[i], weights.wx[i, x], *terms]) >= 0
        full |= following
    return tuple(full[j] for j in own)


def naive(weights, word, period, own, rest):
    """Every cycle of exactly `period`, as lists of states that begin with the least, in their order."""
    every = [tuple(bool(k >> j & 1) for j in range(len(own))) for k in range(1 << len(own))]
    step = {state: after(weights, state, word, own, rest) for state in every}
    cycles = set()
    for state in every:
        along = [state]
        while len(along) <= period and (along[-1] != state or len(along) == 1):
            along.append(step[along[-1]])
        if len(along) == period + 1 and along[-1] == state:
            first = min(range(period), key=lambda k: along[k][::-1])
            cycles.add(tuple(along[first:period] + along[:first]))
    return sorted(cycles, key=lambda cycle: cycle[0][::-1])


def check(found, weights, word, period, own, rest):
    """A complete result is what all states say."""
    expected = naive(weights, word, period, own, rest)
    assert found.complete
    assert found.note is None
    assert found.proved
    assert found.verdict == ("sat" if expected else "unsat")
    assert found.found == len(expected)
    assert found.offsets.tolist() == [period * k for k in range(len(expected) + 1)]
    rows = [state for cycle in expected for state in cycle]
    assert [tuple(row[own].tolist()) for row in found.states] == rows
    others = np.setdiff1d(np.arange(weights.hidden), own)
    assert (found.states[:, others] == (False if rest is None else rest[others])).all()
    if expected:
        assert (found.witness_states == found.states[:period]).all()
    else:
        assert found.witness_states is None


WAYS = [
    {},
    {"starts": 0, "engine": "search"},
    {"starts": 7, "engine": "search", "seed": 3},
]
NETS = [
    pytest.param(lambda: random_net(1, 1, 2), id="one neuron"),
    pytest.param(lambda: random_net(2, 6, 3), id="six"),
    pytest.param(lambda: random_net(3, 9, 2), id="nine"),
    pytest.param(lambda: hardened_net(4, 10, 3), id="ten, hardened"),
    pytest.param(lambda: random_net(5, 5, 2, scale=0.0), id="all ties"),
    pytest.param(lambda: adversarial_net(6, 7, 2, 50), id="int64 rows"),
    pytest.param(lambda: adversarial_net(7, 7, 2, 250), id="wide rows"),
    pytest.param(lambda: permuting(6), id="a permutation"),
]


def permuting(hidden):
    """Bit i moves on to neuron i + 1 under symbol 0: cycles of every period that divides H."""
    wh = np.roll(np.eye(hidden, dtype=np.float32), 1, axis=0)
    zeros = np.zeros((hidden, 2), np.float32)
    return Weights(wx=zeros, wh=wh, bh=zeros[:, 0], wy=zeros.T.copy(), by=np.zeros(2, np.float32))


@pytest.fixture(params=WAYS, ids=["every state", "search", "walks, search"])
def options(request, monkeypatch):
    """How a small net is asked about; `search` with compiled code, as for large ones."""
    if request.param:
        monkeypatch.setattr(search, "SMALL", -1)
    return request.param


@pytest.mark.parametrize("period", [1, 2, 3, 4])
@pytest.mark.parametrize("net", NETS)
def test_all_neurons(options, net, period):
    weights = net()
    own = list(range(weights.hidden))
    for word in ([0], [1, 0]):
        found = fixed_points(weights, word, period=period, **options)
        check(found, weights, word, period, own, None)
        assert found.others == "all neurons"
        assert found.rest is None


@pytest.mark.parametrize("period", [1, 2, 3])
@pytest.mark.parametrize("net", NETS[1:])
def test_part_of_the_neurons(options, net, period):
    weights = net()
    rng = np.random.default_rng(period)
    own = sorted(rng.permutation(weights.hidden)[: weights.hidden // 2 + 1].tolist())
    rest = rng.random(weights.hidden) < 0.5
    for word in (1, [0, 1]):
        steps = np.atleast_1d(word).tolist()
        found = fixed_points(weights, word, period=period, neurons=own[::-1], drop=True, **options)
        check(found, weights, steps, period, own, None)
        assert found.others == "others absent"
        found = fixed_points(weights, word, period=period, neurons=own, rest=rest, **options)
        check(found, weights, steps, period, own, rest)
        assert found.others == f"others clamped to {to_hex(rest[None])[0]}"
        assert found.neurons.tolist() == own


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 60), st.integers(1, 4))
def test_random_nets(seed, hidden, spread, period):
    weights = adversarial_net(seed, hidden, 2, spread)
    found = fixed_points(weights, seed % 2, period=period, starts=seed % 5, engine="search")
    check(found, weights, [seed % 2], period, list(range(hidden)), None)


def storing(hidden, patterns, seed):
    """Fixed points planted as in a Hopfield net: wh is the projection onto the patterns."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (patterns, hidden))
    wh = (signs.T @ np.linalg.pinv(signs.T)).astype(np.float32)
    zeros = np.zeros((hidden, 1), np.float32)
    net = Weights(wx=zeros, wh=wh, bh=zeros[:, 0], wy=zeros.T.copy(), by=np.zeros(1, np.float32))
    return net, signs > 0


def keys(states):
    return {row.tobytes() for row in states}


def test_stored_patterns_are_all_found():
    net, planted = storing(20, 3, seed=2)
    walked = fixed_points(net, 0, engine="simulation")
    assert (walked.verdict, walked.complete, walked.engine) == ("sat", False, "simulation")
    assert walked.found == walked.simulated > 0
    found = fixed_points(net, 0, starts=0)
    assert found.complete
    assert found.engine == "search"
    assert keys(planted) | keys(walked.states) <= keys(found.states)
    assert (boolrnn.compile(net).step(found.states, np.zeros(found.found, int))[0] == found.states).all()


def test_what_walks_find_stays_where_a_search_cannot_end():
    net, _ = storing(40, 2, seed=40)
    found = fixed_points(net, 0, budget=1.0)
    assert (found.verdict, found.proved, found.complete) == ("sat", True, False)
    assert found.simulated > 0
    assert "nodes" in found.note


@pytest.mark.parametrize("seed", [1, 2])
def test_a_planted_fixed_point_among_forty_neurons(seed):
    """A random net whose drives make one state a fixed point, with a margin of 0.5."""
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], 40)
    wh = (rng.integers(-8, 9, (40, 40)) / 16).astype(np.float32)
    drive = (0.5 * signs - wh @ signs).astype(np.float32)[:, None]
    net = Weights(wx=drive, wh=wh, bh=0 * drive[:, 0], wy=drive.T.copy(), by=np.zeros(1, np.float32))
    found = fixed_points(net, 0)
    assert found.complete
    assert (signs > 0).tobytes() in keys(found.states)
    assert found.nodes > 0


def identity(hidden):
    zeros = np.zeros((hidden, 2), np.float32)
    wh = np.eye(hidden, dtype=np.float32)
    return Weights(wx=zeros, wh=wh, bh=zeros[:, 0], wy=zeros.T.copy(), by=np.zeros(2, np.float32))


@pytest.mark.parametrize("hidden", [5, 20, 65])
def test_more_than_are_listed(hidden):
    """Where every state is a fixed point, the list ends at `count` and says so."""
    found = fixed_points(identity(hidden), 1, count=25)
    assert (found.verdict, found.proved, found.complete, found.found) == ("sat", True, False, 25)
    assert found.note == "stopped at 25"
    assert len(keys(found.states)) == 25
    assert "whether there are others is open" in sheet(found).sentence
    assert "there may be more" in sheet(found).warnings[0]


def test_as_many_as_are_listed_is_complete():
    found = fixed_points(identity(5), 1, count=32)
    assert found.complete
    assert found.found == 32
    found = fixed_points(identity(5), 1, count=32, engine="search", starts=0)
    assert found.complete
    assert found.found == 32


def test_sixty_five_neurons_that_bounds_decide():
    """One word and a bit: drives that outweigh the weights leave one state; negated, two that alternate."""
    rng = np.random.default_rng(0)
    net = random_net(1, 65, 2)
    target = rng.random(65) < 0.5
    strong = np.where(target, 500, -500).astype(np.float32)
    found = fixed_points(dataclasses.replace(net, bh=strong), 0, starts=0)
    assert (found.complete, found.found) == (True, 1)
    assert (found.states[0] == target).all()
    flipping = identity(65)
    flipping = dataclasses.replace(flipping, wh=-flipping.wh)
    none = fixed_points(flipping, 0)
    assert (none.verdict, none.proved, none.complete, none.found) == ("unsat", True, True, 0)
    assert none.states.shape == (0, 65)
    assert sheet(none).sentence.endswith("No: all states were covered.")


def test_cycles_of_many_neurons_are_counted_once():
    """Beyond 56 neurons the rows compare states by the last 56 only, and ties are sorted out afterwards."""
    hidden = 62  # bits 0 and 1 change places, all the others are driven to 1
    wh = np.zeros((hidden, hidden), np.float32)
    wh[0, 1] = wh[1, 0] = 1
    drive = np.where(np.arange(hidden) < 2, 0, 1).astype(np.float32)[:, None]
    net = Weights(wx=drive, wh=wh, bh=0 * drive[:, 0], wy=drive.T.copy(), by=np.zeros(1, np.float32))
    pairs = fixed_points(net, 0, period=2, starts=0)
    assert (pairs.complete, pairs.found) == (True, 1)
    assert [row[:2].tolist() for row in pairs.states] == [[True, False], [False, True]]
    assert fixed_points(net, 0, starts=0).found == 2
    assert fixed_points(net, 0, period=3, starts=0).verdict == "unsat"
    assert fixed_points(net, [0, 0], starts=0).found == 4


def test_time_that_is_up_is_never_a_no():
    net = random_net(3, 128, 3)
    began = time.monotonic()
    found = fixed_points(net, 0, budget=0.7)
    assert time.monotonic() - began < 20
    assert (found.verdict, found.proved, found.complete) == ("unknown", False, False)
    assert found.undecided
    assert found.note
    assert found.certificate is None
    assert "Unknown: none was found, and that is no proof." in sheet(found).sentence
    assert "there may be some" in sheet(found).warnings[0]
    walked = fixed_points(net, 0, engine="simulation", starts=3)
    assert (walked.verdict, walked.starts, walked.nodes) == ("unknown", 3, 0)
    assert fixed_points(net, 0, engine="simulation", starts=0).note == "nothing was looked at"


def test_a_refutation_by_rows_has_a_certificate():
    """Neuron 0 is always the opposite of itself; the others do not matter."""
    net = random_net(2, 70, 2)
    wh = net.wh.copy()
    wh[0] = 0
    wh[0, 0] = -1
    wx = net.wx.copy()
    wx[0] = 0
    bh = net.bh.copy()
    bh[0] = 0
    net = dataclasses.replace(net, wh=wh, wx=wx, bh=bh)
    found = fixed_points(net, 0, starts=5)
    assert (found.verdict, found.complete) == ("unsat", True)
    assert found.certificate is not None
    assert found.nodes == 0


def test_rows_that_would_not_fit_are_not_written_out(monkeypatch):
    found = fixed_points(random_net(1, 100, 2), 0, period=100, starts=2)
    assert found.verdict == "unknown"
    assert "MB" in found.note


def test_ctrl_c_keeps_what_walks_found(monkeypatch):
    def struck(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "unrolled", struck)
    net, _ = storing(40, 2, seed=40)
    found = fixed_points(net, 0)
    assert found.interrupted
    assert (found.verdict, found.complete, found.note) == ("sat", False, "interrupted")
    assert found.found > 0


def test_json_names_everything():
    found = fixed_points(permuting(6), 0, period=2, neurons=range(6), rest=np.zeros(6, bool))
    shown = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert shown["schema"] == "fixed_points/1"
    assert shown["cycles"] == [["0x15", "0x2a"]]
    assert shown["witness"] == {"states": ["0x15", "0x2a"]}
    assert (shown["word"], shown["period"], shown["complete"]) == ([0], 2, True)
    assert found.question == "Are there cycles of period 2 of all 6 neurons under 0x00?"
    table = sheet(found).tables[-1]
    assert list(table.rows) == [(0, 0, "0x15"), (0, 1, "0x2a")]
    none = fixed_points(permuting(6), 0, period=5).to_json()
    assert none["cycles"] == []
    assert none["witness"] is None


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"period": 0}, OptionError, "period 0"),
        ({"count": 0}, OptionError, "count 0"),
        ({"starts": -1}, OptionError, "starts -1"),
        ({"seed": -1}, OptionError, "seed -1"),
        ({"budget": 0.0}, OptionError, "budget 0"),
        ({"engine": "magic"}, OptionError, "engine 'magic'"),
        ({"neurons": [0, 1]}, OptionError, "rest"),
        ({"neurons": [0, 1], "drop": True, "rest": np.zeros(7, bool)}, OptionError, "rest"),
        ({"drop": True}, OptionError, "neurons"),
        ({"neurons": [0, 7], "drop": True}, OptionError, "7 is outside"),
        ({"neurons": [1, 1], "drop": True}, OptionError, "twice"),
        ({"neurons": [], "drop": True}, OptionError, "one at least"),
        ({"neurons": [0], "rest": np.zeros(6, bool)}, StateError, "rest"),
        ({"symbol": 9}, TextError, "9"),
        ({"symbol": []}, TextError, "symbol"),
    ],
)
def test_what_cannot_be_used(options, error, says):
    options = {"symbol": 0} | options
    with pytest.raises(error, match=says):
        fixed_points(random_net(1, 7, 5), **options)


def test_rows_say_what_one_step_does():
    """Every pair of states satisfies the rows of one layer if and only if the second follows the first."""
    weights = adversarial_net(5, 4, 2, 40)
    automaton = boolrnn.compile(weights)
    map_ = ReturnMap(automaton, np.array([0, 1]), np.arange(4), None)
    problem = unrolled(map_, 1)
    for number in range(1 << 8):
        bits = (number >> np.arange(8) & 1).astype(bool)
        first, second = bits[:4], bits[4:]
        follows = automaton.step(first[None], np.array([0]))[0][0].tolist() == second.tolist()
        returns = automaton.step(second[None], np.array([1]))[0][0].tolist() == first.tolist()
        assert problem.holds(bits) == (follows and returns)
