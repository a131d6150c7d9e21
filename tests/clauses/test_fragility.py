"""fragility: the fewest flips are the fewest, for every target, against every flip set by definition."""

import dataclasses
import json

import numpy as np
import pytest
from flip_sets import differs, effective, flipped, naive_run, told, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, hardened_net, random_net, text_of

import boolrnn
from boolrnn.clauses.fragility import fragility
from boolrnn.errors import OptionError, TextError
from boolrnn.model.annotate import NEVER

TARGETS = ("bit", "bits", "predicted", "rank")


def tied(weights):
    """The same net with equal outputs everywhere: integer readouts, and rows twice."""
    wy = np.sign(weights.wy).astype(np.float32)
    wy[1::2] = wy[: len(wy) // 2 * 2 : 2][: len(wy[1::2])]
    return dataclasses.replace(weights, wy=wy, by=np.zeros_like(weights.by))


NETS = {
    "small integers": lambda: whole(8, 6, 4),
    "more of them": lambda: whole(9, 7, 3),
    "one neuron": lambda: random_net(1, 1, 2),
    "six": lambda: random_net(2, 6, 3),
    "hardened": lambda: hardened_net(3, 7, 3),
    "tied outputs": lambda: tied(random_net(4, 6, 5)),
    "wide rows": lambda: adversarial_net(5, 6, 3, 250),
    "int64 rows": lambda: adversarial_net(6, 7, 2, 60),
    "all ties": lambda: random_net(7, 5, 3, scale=0.0),
}


def target_of(name, weights, symbols, at, steps, seed):
    """(keywords, naive target) of a question."""
    rng = np.random.default_rng(seed)
    if name == "bit":
        j = int(rng.integers(weights.hidden))
        return {"bit": j}, ("bits", (j,))
    if name == "bits":
        j = np.sort(rng.choice(weights.hidden, min(3, weights.hidden), replace=False)).tolist()
        return {"bits": j}, ("bits", tuple(j))
    if name == "rank":
        return {"rank": True}, ("rank", int(symbols[at + steps + 1]))
    return {}, ("predicted",)


def states_of(weights, symbols):
    """The automaton's states, from the definition."""
    return [naive_run(weights, None, symbols[: t + 1]) for t in range(len(symbols))]


def check_witness(found, weights, state, word, target, units):
    """The witness is one, by definition, and says what came out."""
    flips = found.witness_flips.tolist()
    assert set(flips) <= set(units)
    assert (found.witness_states[0] == flipped(state, flips)).all()
    assert found.witness_symbols.tolist() == list(word)
    before = told(weights, naive_run(weights, state, word), target)
    after = told(weights, naive_run(weights, found.witness_states[0], word), target)
    assert differs(before, after)
    for said, true in ((found.witness_before, before), (found.witness_after, after)):
        assert np.array_equal(np.atleast_1d(said), np.atleast_1d(true))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("steps", [0, 1, 2, 3])
@pytest.mark.parametrize("net", NETS)
def test_fewest_flips_against_every_flip_set(net, steps, target):
    weights = NETS[net]()
    automaton, symbols = boolrnn.compile(weights), text_of(3, 8, weights.symbols)
    at, units = steps, list(range(weights.hidden))
    state, word = states_of(weights, symbols)[at], symbols[at + 1 : at + steps + 1]
    keywords, naive = target_of(target, weights, symbols, at, steps, steps)
    least = next(effective(weights, state, word, naive, units), None)
    found = fragility(automaton, symbols, at=at, steps=steps, **keywords)
    listed = fragility(automaton, symbols, at=at, steps=steps, engine="enumeration", **keywords)
    assert found.proved
    assert listed.proved
    if least is None:
        assert found.verdict == listed.verdict == "unsat"
        assert found.minimum is None
        assert found.exhausted == len(units)
        assert found.to_json()["witness"] is None
        return
    assert found.verdict == listed.verdict == "sat"
    assert found.minimum == listed.minimum == len(least) == len(found.witness_flips)
    assert found.exhausted == listed.exhausted == len(least) - 1
    assert tuple(listed.witness_flips.tolist()) == least  # the first of its size
    check_witness(found, weights, state, word, naive, units)


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 60), st.sampled_from(TARGETS))
@settings(max_examples=40)
def test_random_nets_some_neurons_and_a_limit(seed, hidden, spread, target):
    rng = np.random.default_rng(seed)
    weights = adversarial_net(seed, hidden, 3, spread) if seed % 2 else random_net(seed, hidden, 3)
    weights = tied(weights) if seed % 5 == 0 else weights
    symbols, steps, at = text_of(seed, 6, 3), seed % 3, int(rng.integers(0, 3))
    units = np.sort(rng.choice(hidden, int(rng.integers(1, hidden + 1)), replace=False)).tolist()
    state, word = states_of(weights, symbols[: at + 1])[at], symbols[at + 1 : at + steps + 1]
    keywords, naive = target_of(target, weights, symbols, at, steps, seed)
    least = next(effective(weights, state, word, naive, units), None)
    most = int(rng.integers(1, hidden + 1))
    found = fragility(weights, symbols, at=at, steps=steps, only=units[::-1], most=most, **keywords)
    assert found.proved
    if least is None or len(least) > most:
        assert found.verdict == "unsat"
        assert found.exhausted == min(most, len(units))
    else:
        assert (found.verdict, found.minimum) == ("sat", len(least))
        check_witness(found, weights, state, word, naive, units)


@pytest.mark.parametrize("engine", ["lp", "cp-sat", "search"])
@pytest.mark.parametrize("target", ["bit", "bits", "predicted"])
def test_engines_that_are_named_agree(engine, target):
    for seed, steps in ((1, 0), (2, 1), (3, 2), (4, 0), (5, 1)):
        weights = random_net(seed, 6, 3) if seed < 4 else whole(seed, 6, 3)
        symbols = text_of(seed, 6, 3)
        keywords, _ = target_of(target, weights, symbols, 1, steps, seed)
        expected = fragility(weights, symbols, at=1, steps=steps, engine="enumeration", **keywords)
        found = fragility(weights, symbols, at=1, steps=steps, engine=engine, **keywords)
        assert (found.verdict, found.minimum) == (expected.verdict, expected.minimum)
        assert found.proved or engine == "cp-sat"


def test_a_planted_minimum_is_found_and_all_less_refuted():
    """One neuron counts: it fires while fewer than 4 of 40 bits have been flipped."""
    hidden = 40
    wh = np.zeros((hidden, hidden), np.float32)
    wh[0] = 1
    bh = np.full(hidden, 1, np.float32)
    bh[0] = -(hidden - 7)
    wx, wy = np.zeros((hidden, 2), np.float32), np.zeros((2, hidden), np.float32)
    wy[0, 0], wy[1, 0] = 1, -1
    weights = boolrnn.Weights(wx=wx, wh=wh, bh=bh, wy=wy, by=np.zeros(2, np.float32))
    symbols = np.zeros(6, int)  # the start, then everything is 1
    for keywords in ({"bit": 0}, {}, {"rank": True}):
        found = fragility(weights, symbols, at=2, steps=1, **keywords)
        assert (found.minimum, found.exhausted, found.proved) == (4, 3, True)
        none = fragility(weights, symbols, at=2, steps=1, most=3, **keywords)
        assert (none.verdict, none.exhausted, none.proved) == ("unsat", 3, True)
    some = fragility(weights, symbols, at=2, steps=1, only=[5, 9, 11])
    assert (some.verdict, some.proved, some.exhausted) == ("unsat", True, 3)


@pytest.mark.parametrize("net", NETS)
def test_the_map_against_every_flip_set(net):
    weights = NETS[net]()
    symbols = text_of(5, 6, weights.symbols)
    found = fragility(weights, symbols)
    states, units = states_of(weights, symbols), list(range(weights.hidden))
    assert found.distance.shape == (6, weights.hidden)
    assert (found.distance[0] == NEVER).all()
    for t in range(1, 6):
        for i in units:
            least = next(effective(weights, states[t - 1], symbols[t : t + 1], ("bits", (i,)), units), None)
            assert found.distance[t, i] == (NEVER if least is None else len(least))
    cells = found.distance[1:]
    known = cells[cells != NEVER]
    assert found.cells_never == cells.size - len(known)
    assert dict(zip(found.histogram_distance.tolist(), found.histogram_count.tolist())) == {
        int(d): int((known == d).sum()) for d in np.unique(known)
    }
    for i in units:
        column = cells[:, i][cells[:, i] != NEVER]
        assert found.neuron_least[i] == (column.min() if len(column) else NEVER)
        assert np.isnan(found.neuron_median[i]) if not len(column) else (
            found.neuron_median[i] == np.median(column)
        )  # fmt: skip
        assert found.neuron_fragile[i] == (column == 1).sum()
    assert found.proved
    if not len(known):
        assert (found.verdict, found.minimum) == ("unsat", None)
        return
    assert (found.verdict, found.minimum) == ("sat", known.min())
    t, i = found.witness_position, found.witness_neuron
    check_witness(found, weights, states[t - 1], symbols[t : t + 1], ("bits", (i,)), units)
    assert found.distance[t, i] == known.min()


def test_the_map_of_one_symbol():
    found = fragility(random_net(1, 5, 3), np.zeros(1, int))
    assert (found.verdict, found.proved, found.minimum) == ("unsat", True, None)
    tree = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert tree["distance"] == [[None] * 5]
    assert tree["witness"] is None
    assert tree["histogram"] == []
    with pytest.raises(TextError, match="empty text"):
        fragility(random_net(1, 5, 3), np.zeros(0, int))


def test_the_states_of_the_network():
    weights, symbols = random_net(5, 9, 3), text_of(1, 30, 3)
    signs = boolrnn.trace(weights, symbols).bits
    found = fragility(weights, symbols, states="network")
    at = 7
    for i in range(9):
        least = next(effective(weights, signs[at], symbols[at + 1 : at + 2], ("bits", (i,)), range(9)), None)
        assert found.distance[at + 1, i] == (NEVER if least is None else len(least))
    one = fragility(weights, symbols, states="network", at=at, steps=2)
    least = next(effective(weights, signs[at], symbols[at + 1 : at + 3], ("predicted",), range(9)), None)
    assert one.minimum == (None if least is None else len(least))
    assert "network" in one.states


def test_json_is_what_readers_expect():
    weights, symbols = random_net(2, 9, 4), text_of(2, 12, 4)
    tree = json.loads(json.dumps(fragility(weights, symbols).to_json(), allow_nan=False))
    names = {"verdict", "witness", "minimum", "proved", "certificate", "engine", "seconds", "question"}
    assert names <= set(tree)
    assert (tree["schema"], tree["asks"], tree["engine"], tree["at"]) == (
        "fragility/1",
        "map",
        "closed form",
        None,
    )
    assert tree["distance"][0] == [None] * 9
    assert len(tree["distance"]) == 12
    assert set(tree["neurons"][0]) == {"neuron", "least", "median", "fragile", "never"}
    assert set(tree["histogram"][0]) == {"distance", "count"}
    assert tree["witness"]["states"][0].startswith("0x")
    tree = json.loads(
        json.dumps(fragility(weights, symbols, at=3, steps=2, bits=[1, 4]).to_json(), allow_nan=False)
    )
    assert names <= set(tree)
    assert tree["distance"] is tree["neurons"] is tree["histogram"] is None
    assert tree["witness"]["flips"]
    assert tree["witness"]["symbols"] == symbols[4:6].tolist()
    assert [len(tree["witness"][name]) for name in ("before", "after")] == [2, 2]
    assert tree["minimum"] == len(tree["witness"]["flips"])


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"steps": 1}, "steps: expected together with at"),
        ({"only": [1]}, "only: expected together with at"),
        ({"at": 9}, "at 9: the text has 9 symbols, expected 0..8"),
        ({"at": -1}, "at -1"),
        ({"at": 8}, "symbols\\[9\\] is needed, the text has 9"),
        ({"at": 7, "rank": True}, "symbols\\[9\\] is needed"),
        ({"at": 2, "steps": -1}, "steps -1: expected 0 or more"),
        ({"at": 2, "bit": 6}, "bit 6: the net has 6 neurons"),
        ({"at": 2, "bits": []}, "bits: "),
        ({"at": 2, "bits": [1, 1]}, "bits: a number stands twice"),
        ({"at": 2, "only": [7]}, "only: 7"),
        ({"at": 2, "bit": 1, "rank": True}, "bit and rank: expected one of them"),
        ({"at": 2, "most": 0}, "most 0: expected 1 or more"),
        ({"at": 2, "weights": "size"}, "weights 'size': expected one of count, margin"),
        ({"at": 2, "engine": "magic"}, "engine 'magic': expected one of auto, enumeration"),
        ({"at": 2, "near": 0.0}, "near 0.0: expected a number above 0"),
        ({"at": 2, "near": float("nan")}, "near nan"),
        ({"at": 2, "within": 2}, "within: expected together with near"),
        ({"at": 2, "near": 1.0, "rank": True}, "near and rank: expected one of them"),
        ({"at": 2, "edit_symbols": True, "bit": 1}, "edit_symbols and bit: expected one of them"),
        ({"at": 2, "among": "text"}, "among: expected together with edit_symbols"),
        ({"at": 2, "budget": 0.0}, "budget 0.0"),
        ({"states": "none"}, "states 'none'"),
    ],
)
def test_mistakes_are_refused(keywords, says):
    with pytest.raises(OptionError, match=says):
        fragility(random_net(1, 6, 3), text_of(1, 9, 3), **keywords)


def test_a_rank_needs_outputs_that_are_symbols():
    with pytest.raises(OptionError, match="rank: 2 outputs and 3 symbols"):
        fragility(random_net(1, 6, 3, outputs=2), text_of(1, 9, 3), at=1, rank=True)
    found = fragility(random_net(1, 6, 3, outputs=1), text_of(1, 9, 3), at=1)
    assert (found.verdict, found.proved) == ("unsat", True)  # one output is always predicted


def test_a_budget_says_how_far_it_came():
    weights, symbols = random_net(1, 128, 4, scale=0.08), text_of(1, 40, 4)
    calm = dataclasses.replace(weights, bh=weights.bh + 100)  # nothing ever flips
    found = fragility(calm, symbols, at=3, steps=2, budget=0.3)
    assert (found.verdict, found.proved, found.undecided) == ("unknown", False, True)
    assert found.exhausted >= 1
    assert found.note == "the budget ended"
    assert found.seconds < 5


def test_exact_z_agrees_with_the_map_where_one_flip_does():
    """Distance 1 is what a single flip shows."""
    weights, symbols = random_net(8, 70, 3), text_of(4, 12, 3)
    found, states = fragility(weights, symbols), boolrnn.compile(weights).run(symbols).states
    z = np.array([float(v) for v in exact_z(weights, states[4], int(symbols[5]))])
    moved = z[:, None] - 2 * weights.wh.astype(float) * np.where(states[4], 1, -1)
    assert ((found.distance[5] == 1) == ((moved >= 0) != (z >= 0)[:, None]).any(axis=1)).all()
