"""The map of predictions: at every position what fragility says there, and what every flip set shows."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from flip_sets import effective, flipped, outputs, predicted, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_values, hardened_net, random_net, text_of

import boolrnn
from boolrnn.clauses import prediction_map
from boolrnn.clauses.fragility import fragility
from boolrnn.errors import OptionError
from boolrnn.model.annotate import NEVER


def readout(weights, wy, by=None):
    """The same net with another readout."""
    by = np.zeros(len(wy)) if by is None else by
    return dataclasses.replace(weights, wy=np.asarray(wy, np.float32), by=np.asarray(by, np.float32))


def twice(weights):
    """Every output has an equal one: only the lower of the two is ever predicted."""
    return readout(weights, np.repeat(weights.wy[::2], 2, axis=0)[: len(weights.wy)])


def wide(seed, hidden, symbols, count, spread):
    """Outputs whose weights have exponents far apart, some of them twice."""
    rng = np.random.default_rng(seed)
    wy, by = adversarial_values(rng, (count, hidden), spread), adversarial_values(rng, (count,), spread)
    wy[count // 2], by[count // 2] = wy[0], by[0]
    return readout(random_net(seed, hidden, symbols), wy, by)


NETS = {
    "one neuron": lambda: random_net(1, 1, 2),
    "one output": lambda: random_net(2, 6, 3, outputs=1),
    "one symbol": lambda: random_net(2, 6, 1, outputs=2),
    "more outputs than symbols": lambda: random_net(3, 7, 2, outputs=9),
    "small integers": lambda: whole(8, 7, 5),
    "more of them": lambda: whole(9, 8, 4),
    "outputs twice": lambda: twice(random_net(4, 7, 6)),
    "all outputs equal": lambda: readout(random_net(5, 6, 4), np.zeros((4, 6))),
    "never": lambda: readout(random_net(5, 6, 4), np.ones((4, 6)), [0, 0, 20, 0]),
    "hardened": lambda: hardened_net(3, 7, 3),
    "whole range": lambda: wide(6, 7, 3, 6, 277),
    "some range": lambda: wide(7, 8, 3, 5, 60),
    "a unit apart": lambda: readout(
        random_net(8, 6, 3), np.ones((3, 6)) * [[1], [1], [-1]], [0, 2.0**-149, 2.0**100]
    ),
}


def rows_of(found):
    """(t, fewest, flips, before, after) of every position."""
    sets = [
        found.prediction_flips[a:b].tolist() for a, b in itertools.pairwise(found.prediction_offsets.tolist())
    ]
    parts = (found.prediction_t, found.prediction_fewest, found.prediction_before, found.prediction_after)
    t, fewest, before, after = (part.tolist() for part in parts)
    return list(zip(t, fewest, sets, before, after, strict=True))


def check_position(found, one, row):
    """The map says of a position what the question about it says, and its flips are a proof."""
    _, fewest, flips, before, after = row
    if one.verdict == "unsat":
        assert (fewest, flips, after) == (NEVER, [], NEVER)
    else:
        assert (fewest, flips, before) == (one.minimum, one.witness_flips.tolist(), one.witness_before)
        assert after == one.witness_after
    assert one.proved
    assert found.proved


@pytest.mark.parametrize("states", ["automaton", "network"])
@pytest.mark.parametrize("net", NETS)
def test_every_position_against_the_question_there(net, states):
    weights, length = NETS[net](), 8
    automaton, symbols = boolrnn.compile(weights), text_of(3, length, weights.symbols)
    found = fragility(automaton, symbols, predictions=True, states=states)
    rows = rows_of(found)
    assert [row[0] for row in rows] == list(range(length))
    own = automaton.run(symbols).states
    seen = own if states == "automaton" else boolrnn.trace(weights, symbols).bits
    for t, fewest, flips, before, after in rows:
        one = fragility(automaton, symbols, at=t, steps=0, states=states)
        check_position(found, one, (t, fewest, flips, before, after))
        assert before == predicted(weights, seen[t])
        if flips:
            assert after == predicted(weights, flipped(seen[t], flips)) != before
    known = [row[1] for row in rows if row[1] != NEVER]
    assert found.cells_never == length - len(known)
    counts = dict(zip(found.histogram_distance.tolist(), found.histogram_count.tolist()))
    assert counts == {d: known.count(d) for d in sorted(set(known))}
    assert found.minimum == (min(known) if known else None)
    assert found.verdict == ("sat" if known else "unsat")
    if known:
        t = found.witness_position
        assert t == next(row[0] for row in rows if row[1] == min(known))
        assert (found.witness_states[0] == flipped(seen[t], found.witness_flips)).all()


@pytest.mark.parametrize("net", ["small integers", "outputs twice", "some range", "a unit apart"])
def test_no_smaller_set_of_flips_does(net):
    weights = NETS[net]()
    symbols = text_of(4, 5, weights.symbols)
    states = boolrnn.compile(weights).run(symbols).states
    for t, fewest, *_ in rows_of(fragility(weights, symbols, predictions=True)):
        least = next(effective(weights, states[t], [], ("predicted",), range(weights.hidden)), None)
        assert fewest == (NEVER if least is None else len(least))


@given(st.integers(0, 10**6), st.integers(1, 24), st.integers(1, 7), st.integers(1, 277))
@settings(max_examples=5)
def test_random_readouts(seed, hidden, count, spread):
    rng = np.random.default_rng(seed)
    weights = wide(seed, hidden, 3, count, spread)
    if seed % 3 == 0:
        weights = readout(weights, rng.integers(-1, 2, (count, hidden)), rng.integers(-3, 4, count))
    elif seed % 3 == 1:
        weights = readout(weights, rng.normal(size=(count, hidden)), rng.normal(size=count))
    symbols = text_of(seed, 4, 3)
    found = fragility(weights, symbols, predictions=True)
    for row in rows_of(found):
        one = fragility(weights, symbols, at=row[0], steps=0)
        assert (row[1], row[3] if row[2] else None) == (
            NEVER if one.minimum is None else one.minimum,
            one.witness_before,
        )


def test_ties_that_rounding_cannot_see():
    """2^60 + 1 against 2^60: float64 sums are equal, one flip of a weight of 1/2 decides the rest."""
    hidden = 20
    wy = np.zeros((2, hidden), np.float32)
    wy[0, 0], wy[0, 1], wy[0, 2:] = 2.0**60, 1, 2.0**-40
    wy[1, 0] = 2.0**60
    weights = readout(random_net(1, hidden, 2), wy)
    symbols = text_of(1, 30, 2)
    states = boolrnn.compile(weights).run(symbols).states
    assert not prediction_map._Rivals(boolrnn.compile(weights), 0).exact
    for t, fewest, _, before, _ in rows_of(fragility(weights, symbols, predictions=True)):
        y = outputs(weights, states[t])
        assert before == (0 if y[0] >= y[1] else 1)
        assert fewest == 1  # of neuron 1, which outweighs all the small ones together


def test_blocks_make_no_difference(monkeypatch):
    weights, symbols = random_net(7, 30, 9), text_of(2, 25, 9)
    expected = rows_of(fragility(weights, symbols, predictions=True))
    for name, size in (("_CELLS", 100), ("_CHUNK", 50), ("_HEAVIEST", 1)):
        monkeypatch.setattr(prediction_map, name, size)
        assert rows_of(fragility(weights, symbols, predictions=True)) == expected


def test_some_positions_and_json():
    weights, symbols = readout(random_net(5, 6, 4), np.eye(4, 6), [0, 0, 20, 0]), text_of(2, 30, 4)
    found = fragility(weights, symbols, predictions=True, positions="4:20:5")
    tree = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (tree["asks"], tree["steps"], tree["positions"]) == ("predictions", 0, 4)
    assert "positions 4..19, every 5" in tree["question"]
    assert (tree["engine"], tree["proved"], tree["never"]) == ("closed form", True, 4)
    assert tree["predictions"] == [
        {"t": t, "fewest": None, "flips": [], "before": 2, "after": None} for t in (4, 9, 14, 19)
    ]
    assert tree["distance"] is tree["neurons"] is tree["witness"] is None
    tree = fragility(random_net(5, 6, 4), symbols, predictions=True).to_json()
    for row in tree["predictions"]:
        assert row["fewest"] == len(row["flips"])
        assert row["before"] != row["after"]
    none = fragility(weights, symbols, predictions=True, positions="9:9")
    assert (none.verdict, none.positions, none.to_json()["predictions"]) == ("unsat", 0, [])


@pytest.mark.slow
def test_a_kilobyte_takes_about_a_second(archived):
    weights, symbols = archived
    automaton = boolrnn.compile(weights)
    for states in ("automaton", "network"):
        found = fragility(automaton, symbols, predictions=True, states=states)
        assert found.seconds < 8  # half a second on a machine that does nothing else
        for row in rows_of(found)[:: len(symbols) // 20]:
            check_position(found, fragility(automaton, symbols, at=row[0], steps=0, states=states), row)


def test_positions_may_come_in_any_order():
    weights, symbols = random_net(5, 6, 4), text_of(2, 30, 4)
    some = fragility(weights, symbols, predictions=True, positions=[21, 3, 8])
    every = rows_of(fragility(weights, symbols, predictions=True))
    assert rows_of(some) == [every[3], every[8], every[21]]


def test_a_budget_leaves_what_is_finished():
    weights, symbols = random_net(1, 30, 5), text_of(1, 40, 5)
    found = fragility(weights, symbols, predictions=True, budget=1e-9)
    assert (found.verdict, found.proved, found.positions) == ("unknown", False, 0)
    assert found.note == "the budget ended: 0 of 40 positions"
    assert len(found.prediction_t) == len(found.prediction_fewest) == 0


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"predictions": True, "at": 3}, "at and predictions: expected one of them"),
        ({"positions": "0:3"}, "positions: expected together with predictions"),
        ({"predictions": True, "positions": [9]}, "positions: 9 is outside 0..8"),
        ({"predictions": True, "positions": "3"}, "expected FIRST:STOP"),
        ({"predictions": True, "bit": 2}, "bit: expected together with at"),
        ({"predictions": True, "steps": 2}, "steps: expected together with at"),
    ],
)
def test_mistakes_are_refused(keywords, says):
    with pytest.raises(OptionError, match=says):
        fragility(random_net(1, 6, 3), text_of(1, 9, 3), **keywords)
