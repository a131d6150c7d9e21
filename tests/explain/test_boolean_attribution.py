"""Boolean attribution: counted one change at a time, and planted nets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, hardened_net, random_net, text_of

import boolrnn
from boolrnn.explain import boolean_attribution as module
from boolrnn.explain.attribution import attribution
from boolrnn.explain.boolean_attribution import boolean_attribution
from boolrnn.report.figures import write_figure
from boolrnn.report.terminal import show


def naive_run(weights, state, read):
    for x in read:
        state = [z >= 0 for z in exact_z(weights, state, x)]
    return state


def naive_readout(weights, state, target):
    """(bits of the target, first guess)."""
    scores = [
        float(weights.by[o]) + sum(float(w) * (1 if bit else -1) for w, bit in zip(weights.wy[o], state))
        for o in range(weights.outputs)
    ]
    total = sum(np.exp(score - max(scores)) for score in scores)
    bits = (np.log(total) - (scores[target] - max(scores))) / np.log(2)
    return bits, scores.index(max(scores))


def naive_changes(weights, text, states, places, depth):
    """{kind: {d: [(change in bits, distance, guess changed)]}}."""
    met = sorted(set(text.tolist()))
    found = {"flips": {}, "symbols": {}}
    for t in places:
        for d in range(min(depth, t) + 1):
            s = t - d
            rest = text[s + 1 : t + 1]
            start = [bool(bit) for bit in states[s]]
            pairs = [
                ("flips", start, [bit != (i == j) for i, bit in enumerate(start)])
                for j in range(weights.hidden)
            ]
            before = None if s == 0 else [bool(bit) for bit in states[s - 1]]
            true = naive_run(weights, before, text[s : s + 1])
            pairs += [("symbols", true, naive_run(weights, before, [x])) for x in met if x != text[s]]
            for kind, plain, other in pairs:
                plain, other = naive_run(weights, plain, rest), naive_run(weights, other, rest)
                one, two = (naive_readout(weights, state, text[t + 1]) for state in (plain, other))
                apart = sum(a != b for a, b in zip(plain, other))
                found[kind].setdefault(d, []).append((abs(one[0] - two[0]), apart, one[1] != two[1]))
    return found


def check(found, expected):
    for kind in ("flips", "symbols"):
        columns = getattr(found, kind)
        for d in range(len(columns.n)):
            rows = expected[kind].get(d, [])
            assert columns.n[d] == len(rows)
            if not rows:
                assert np.isnan([columns.change[d], columns.distance[d], columns.healed[d]]).all()
                continue
            assert columns.change[d] == pytest.approx(np.mean([row[0] for row in rows]), rel=1e-9, abs=1e-12)
            assert columns.distance[d] == pytest.approx(np.mean([row[1] for row in rows]))
            assert columns.guess[d] == pytest.approx(np.mean([row[2] for row in rows]))
            assert columns.healed[d] == pytest.approx(np.mean([row[1] == 0 for row in rows]))
        assert set(expected[kind]) <= set(range(len(columns.n)))


@pytest.mark.parametrize("states", ["network", "automaton"])
@pytest.mark.parametrize(
    ("hidden", "symbols", "length", "positions"),
    [(1, 2, 9, None), (5, 3, 10, None), (9, 2, 8, "1::3"), (3, 4, 12, [10, 2, 3])],
)
def test_every_number_follows_its_definition(states, hidden, symbols, length, positions):
    weights, text = random_net(hidden, hidden, symbols), text_of(hidden, length, symbols)
    automaton = boolrnn.compile(weights)
    bits = boolrnn.trace(weights, text).bits if states == "network" else automaton.run(text).states
    places = list(range(length - 1))
    if positions is not None:
        places = places[1::3] if isinstance(positions, str) else positions
    found = boolean_attribution(automaton, text, depth=4, positions=positions, states=states)
    check(found, naive_changes(weights, text, bits, places, 4))


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3), st.integers(1, 7))
def test_nets_with_ties_and_short_texts(seed, hidden, symbols, length):
    weights, text = adversarial_net(seed, hidden, symbols, 60), text_of(seed, length, symbols)
    automaton = boolrnn.compile(weights)
    found = boolean_attribution(automaton, text, depth=3, states="automaton")
    check(found, naive_changes(weights, text, automaton.run(text).states, range(length - 1), 3))


def test_no_positions(tmp_path):
    found = attribution(boolrnn.compile(random_net(1)), text_of(1, 9, 5), flips=2, positions="5:5")
    assert found.to_json()["boolean"] == []
    assert found.boolean_window == "no positions"
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.svg")


def test_blocks_change_nothing(monkeypatch):
    weights, text = boolrnn.compile(random_net(3, 6, 4)), text_of(3, 20, 4)
    whole = boolean_attribution(weights, text, depth=3)
    monkeypatch.setattr(module, "_CELLS", 50)
    parts = boolean_attribution(weights, text, depth=3)
    for kind in ("flips", "symbols"):
        for name in ("n", "change", "distance", "guess", "healed"):
            one, two = (getattr(getattr(found, kind), name) for found in (whole, parts))
            assert one == pytest.approx(two, rel=1e-12)


def test_a_delay_line_hangs_on_exactly_its_delay():
    delay = 3
    wh = np.zeros((delay + 1, delay + 1), np.float32)
    wh[np.arange(1, delay + 1), np.arange(delay)] = 64
    wx = np.zeros((delay + 1, 2), np.float32)
    wx[0] = -64, 64
    wy = np.zeros((2, delay + 1), np.float32)
    wy[:, delay] = -1, 1
    zero = np.zeros(delay + 1, np.float32)
    weights = boolrnn.Weights(wx=wx, wh=wh, bh=zero, wy=wy, by=np.zeros(2, np.float32))
    found = attribution(weights, text_of(1, 80, 2), flips=6)
    assert found.peak is None  # saturated: gradients see nothing
    d = np.arange(7)
    assert (found.symbols_change > 0).tolist() == (d == delay).tolist()
    assert (found.symbols_guess == (d == delay)).all()
    assert (found.symbols_healed == (d > delay)).all()
    assert (found.symbols_distance == (d <= delay)).all()
    # bit j flipped d steps back has arrived at neuron j + d, or has left the line
    assert found.flips_guess == pytest.approx(np.where(d <= delay, 1 / (delay + 1), 0))
    assert found.flips_healed == pytest.approx(np.minimum(d, delay + 1) / (delay + 1))


def test_both_engines_give_the_same(monkeypatch):
    automaton, text = boolrnn.compile(hardened_net(4, 20)), text_of(4, 60, 4)
    found = {}
    for engine in ("numpy", "compiled"):
        made = module.stepper(automaton, engine=engine)
        monkeypatch.setattr(module, "stepper", lambda *_, made=made: made)
        found[engine] = boolean_attribution(automaton, text, depth=4)
        monkeypatch.undo()
    for kind in ("flips", "symbols"):
        one, two = (getattr(found[engine], kind) for engine in found)
        assert (one.distance == two.distance).all()
        assert (one.change == two.change).all()


def test_what_gradients_miss_in_the_pair_that_ships(embedded):
    found = attribution(*embedded, flips=3, positions="0::100", depth=5)
    assert found.peak is None  # every neuron is saturated
    assert found.symbols_change[0] > 5
    assert found.symbols_change[0] > found.symbols_change[3]
    assert found.boolean_window == "positions 0..2700, every 100"
    tree = found.to_json()["boolean"]
    assert set(tree[0]) == {"d", "flips", "symbols"}
    assert set(tree[0]["flips"]) == {"n", "change", "distance", "guess", "healed"}
