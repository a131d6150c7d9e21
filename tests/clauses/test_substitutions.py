"""edit_symbols: the fewest substitutions that change a prediction, against every one of them."""

import itertools

import numpy as np
import pytest
from flip_sets import naive_run, predicted
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn.clauses import substitutions as module
from boolrnn.clauses.against import against
from boolrnn.clauses.flips import Effect
from boolrnn.clauses.fragility import fragility
from boolrnn.clauses.properties import readout


def naive(weights, symbols, at, steps, among):
    """The first smallest substitution: (positions, new symbols); None where there is none."""
    size = min(steps, at + 1)
    usual = predicted(weights, naive_run(weights, None, symbols[: at + 1]))
    start = naive_run(weights, None, symbols[: at + 1 - size]) if size <= at else None
    window = list(symbols[at + 1 - size : at + 1])
    for count in range(1, size + 1):
        for places in itertools.combinations(range(size), count):
            for new in itertools.product(among, repeat=count):
                if any(window[k] == x for k, x in zip(places, new)):
                    continue
                word = list(window)
                for k, x in zip(places, new):
                    word[k] = x
                if predicted(weights, naive_run(weights, start, word)) != usual:
                    return [at + 1 - size + k for k in places], list(new)
    return None


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(0, 4), st.sampled_from(["all", "text"]))
@settings(max_examples=50)
def test_against_every_substitution(seed, hidden, steps, among):
    weights = (
        adversarial_net(seed, hidden, 3, 60) if seed % 3 == 0 else random_net(seed, hidden, 3, outputs=4)
    )
    weights = hardened_net(seed, hidden, 3) if seed % 3 == 1 else weights
    symbols, at = text_of(seed, 7, 3) % (2 + seed % 2), seed % 5
    may = np.unique(symbols).tolist() if among == "text" else [0, 1, 2]
    least = naive(weights, symbols, at, steps, may)
    found = fragility(weights, symbols, at=at, steps=steps, edit_symbols=True, among=among)
    assert found.proved
    if least is None:
        assert (found.verdict, found.minimum, found.exhausted) == ("unsat", None, min(steps, at + 1))
        return
    assert (found.verdict, found.minimum) == ("sat", len(least[0]))
    assert found.witness_positions.tolist() == least[0]
    assert found.witness_edits.tolist() == least[1]
    start = at + 1 - len(found.witness_symbols)
    whole = np.r_[symbols[:start], found.witness_symbols]
    last = naive_run(weights, None, whole)
    assert (found.witness_states[0] == last).all()
    assert found.witness_after == predicted(weights, last) != found.witness_before
    limited = fragility(
        weights, symbols, at=at, steps=steps, edit_symbols=True, among=among, most=len(least[0])
    )
    assert limited.minimum == len(least[0])


def window_of(weights, seed, length, start):
    automaton, rng = boolrnn.compile(weights), np.random.default_rng(seed)
    word = rng.integers(0, weights.symbols, length)
    begin = rng.random(weights.hidden) < 0.5 if start else None
    path = automaton.run(word, begin).states
    one = int(readout(automaton).predicted(path[-1:])[0])
    effect = Effect(path[-1], np.zeros(0, int), against(automaton, one))
    return module.Window(automaton, begin, word, path, np.arange(weights.symbols), effect)


@pytest.mark.parametrize("start", [True, False])
@pytest.mark.parametrize(
    "net",
    [
        lambda: random_net(1, 9, 5, scale=0.3),
        lambda: hardened_net(2, 70, 4),
        lambda: adversarial_net(3, 12, 3, 250),
        lambda: random_net(4, 6, 90),
        lambda: random_net(5, 1, 2),
    ],
)
def test_compiled_loops_find_what_numpy_finds(monkeypatch, net, start):
    """Also where nothing is found at once: the outputs favour one symbol."""
    weights = net()
    for favour in (0.0, 2.0, 6.0):
        by = (
            weights.by
            + np.float32(favour) * (np.arange(weights.outputs) == 0) * np.abs(weights.wy).sum() / 12
        )
        calm = boolrnn.Weights(
            wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=weights.wy, by=by.astype(np.float32)
        )
        for box in (1 << 16, 10):
            monkeypatch.setattr(module, "_BOX", box)
            window = window_of(calm, 3, 4, start)
            most = 2 if weights.symbols > 20 else 3
            one, other = (window.fewest(most, engine) for engine in ("numpy", "compiled"))
            assert (one.verdict, one.exhausted) == (other.verdict, other.exhausted)
            if one.places is not None:
                assert one.places.tolist() == other.places.tolist()
                assert one.symbols.tolist() == other.symbols.tolist()


def test_a_planted_pair_of_symbols():
    """The outputs change only when both of the last two symbols are 1: a shift register."""
    hidden = 3
    wh, wx = np.zeros((hidden, hidden), np.float32), np.zeros((hidden, 2), np.float32)
    wx[0] = [-1, 1]
    wh[1, 0] = 1
    wy = np.array([[0, 0, 0], [1, 1, 0]], np.float32)
    weights = boolrnn.Weights(
        wx=wx, wh=wh, bh=np.zeros(3, np.float32), wy=wy, by=np.array([1, 0], np.float32)
    )
    found = fragility(weights, np.zeros(9, int), at=6, steps=4, edit_symbols=True)
    assert (found.minimum, found.exhausted) == (2, 1)
    assert found.witness_positions.tolist() == [5, 6]
    assert (found.witness_before, found.witness_after) == (0, 1)
    none = fragility(weights, np.zeros(9, int), at=6, steps=1, edit_symbols=True)
    assert (none.verdict, none.proved) == ("unsat", True)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_what_stands_at_one_place_may_be_put_at_another(engine):
    """The prediction changes only if the last two symbols, 1 and 0, become 0 and 1."""
    wh, wx = np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32)
    wx[0], wh[1, 0] = [-1, 1], 1
    weights = boolrnn.Weights(
        wx=wx,
        wh=wh,
        bh=np.zeros(2, np.float32),
        wy=np.array([[0, 0], [1, -1]], np.float32),
        by=np.array([1, 0], np.float32),
    )
    automaton, word = boolrnn.compile(weights), np.array([1, 0])
    path = automaton.run(word).states
    effect = Effect(path[-1], np.zeros(0, int), against(automaton, 0))
    found = module.Window(automaton, None, word, path, np.arange(2), effect).fewest(2, engine)
    assert (found.exhausted, found.places.tolist(), found.symbols.tolist()) == (1, [0, 1], [0, 1])


def test_a_budget_says_how_far_it_came():
    weights = random_net(1, 40, 30, scale=0.2)
    wy, by, bh = weights.wy * 0, np.arange(30, dtype=np.float32), weights.bh.copy()
    wy[0, 0], bh[0] = 40, -1000  # output 0 would come first if neuron 0 were ever +1
    calm = boolrnn.Weights(wx=weights.wx, wh=weights.wh, bh=bh, wy=wy, by=by)
    found = fragility(calm, text_of(1, 40, 30), at=30, steps=12, edit_symbols=True, budget=0.5)
    assert (found.verdict, found.proved) == ("unknown", False)
    assert found.exhausted >= 1
    never = boolrnn.Weights(wx=weights.wx, wh=weights.wh, bh=bh, wy=wy / 2, by=by)
    at_once = fragility(never, text_of(1, 40, 30), at=30, steps=12, edit_symbols=True)
    assert (at_once.verdict, at_once.proved, at_once.engine) == ("unsat", True, "closed form")
