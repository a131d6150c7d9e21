"""Predecessors: against every state of small nets, planted ones in large nets, Gardens of Eden with proof."""

import importlib
import json
import time
from pathlib import Path

import numpy as np
import pytest
from clauses.small import after, every_state, successors, words
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net

import boolrnn
from boolrnn import preimage
from boolrnn.clauses.answer import Answer
from boolrnn.clauses.engines import check_farkas
from boolrnn.errors import InputError

preimage_module = importlib.import_module("boolrnn.clauses.preimage")


def net(seed):
    kind = seed % 4
    if kind == 0:
        return random_net(seed, 1 + seed % 6, 2)
    if kind == 1:
        return adversarial_net(seed, 1 + seed % 5, 2, [20, 60, 250][seed % 3])
    return hardened_net(seed, 2 + seed % 4, 3) if kind == 2 else random_net(seed, 5, 1, outputs=2)


@settings(max_examples=60)
@given(st.integers(0, 10**5))
def test_all_predecessors_of_a_state(seed):
    weights, rng = net(seed), np.random.default_rng(seed)
    symbol, target = int(rng.integers(weights.symbols)), rng.random(weights.hidden) < 0.5
    care = rng.random(weights.hidden) < rng.choice([0.5, 1.0])
    every = every_state(weights.hidden)
    right = every[(successors(weights, symbol) == target)[:, care].all(axis=1)]
    found = preimage(weights, target, symbol=symbol, care=care, count=1000, engine="lp")
    assert found.verdict == ("sat" if len(right) else "unsat")
    assert found.complete
    assert found.proved
    assert sorted(s.tobytes() for s in found.found) == sorted(s.tobytes() for s in right)
    from_start = boolrnn.compile(weights).step(None, np.array([symbol]))[0][0]
    assert found.from_start == bool((from_start == target)[care].all())


@settings(max_examples=15)
@given(st.integers(0, 10**5), st.integers(2, 3))
def test_walks_of_several_steps(seed, steps):
    weights, rng = net(seed), np.random.default_rng(seed)
    target = rng.random(weights.hidden) < 0.5
    word = [int(x) for x in rng.integers(weights.symbols, size=steps)]
    right = [s for s in every_state(weights.hidden) if (after(weights, s, word) == target).all()]
    found = preimage(weights, target, symbol=word, count=1000, engine="lp")
    assert found.verdict == ("sat" if right else "unsat")
    assert sorted(s.tobytes() for s in found.found) == sorted(s.tobytes() for s in right)
    if found.witness_states is not None:
        assert found.witness_states.shape == (steps + 1, weights.hidden)
        assert found.witness_symbols.tolist() == word
        assert (after(weights, found.witness_states[0], word) == target).all()


@pytest.mark.parametrize("seed", range(8))
def test_which_symbols_can_lead_into_a_state(seed):
    weights = hardened_net(seed, 5, 4)
    target = after(weights, every_state(5)[seed], [seed % 4])
    found = preimage(weights, target)
    right = ["sat" if (successors(weights, x) == target).all(axis=1).any() else "unsat" for x in range(4)]
    assert found.symbol_verdict.tolist() == right
    assert found.verdict == "sat"
    assert found.symbol.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(4))
def test_any_symbols_on_the_way(seed):
    weights = random_net(seed, 4, 3)
    target = every_state(4)[3 * seed]
    reached = {w[-1] for w in words(3, 2) for s in every_state(4) if (after(weights, s, w) == target).all()}
    found = preimage(weights, target, steps=2, engine="lp")
    assert {x for x, v in zip(found.symbol.tolist(), found.symbol_verdict.tolist()) if v == "sat"} == reached
    first = boolrnn.compile(weights).step(None, np.arange(3))[0]
    assert found.from_start == any((after(weights, s, [x]) == target).all() for s in first for x in range(3))


@pytest.mark.parametrize("hidden", [1, 13, 64, 65, 128])
def test_a_planted_predecessor_is_found_and_an_impossible_state_refuted(hidden):
    rng = np.random.default_rng(hidden)
    weights = random_net(hidden, hidden, 3)
    plant = rng.random(hidden) < 0.5
    target = boolrnn.compile(weights).step(plant[None], np.array([1]))[0][0]
    found = preimage(weights, target, symbol=1)
    assert found.verdict == "sat"
    again = boolrnn.compile(weights).step(found.found, np.array([1]))[0][0]
    assert (again == target).all()
    wh, bh = weights.wh.copy(), weights.bh.copy()
    wh[0], bh[0] = 0, -100  # neuron 0 is always 0
    never = boolrnn.Weights(wx=weights.wx, wh=wh, bh=bh, wy=weights.wy, by=weights.by)
    none = preimage(never, np.ones(hidden, bool), symbol=1)
    assert (none.verdict, none.proved, none.certificate) == ("unsat", True, "farkas")


def test_a_proof_is_written_and_checked_by_itself(tmp_path):
    weights = random_net(5, 40, 2)
    state = np.random.default_rng(1).random(40) < 0.5
    found = preimage(weights, state, symbol=0, proof=tmp_path / "proof.json")
    assert found.verdict == "unsat"
    proof = json.loads((tmp_path / "proof.json").read_text())
    assert check_farkas.check(proof["rows"], proof["bounds"], proof["tree"]) >= 1
    rows = np.array(proof["rows"], object)
    for other in np.random.default_rng(2).random((50, 40)) < 0.5:  # the rows say what the net does
        leads = boolrnn.compile(weights).step(other[None], np.array([0]))[0][0]
        holds = rows @ other.astype(int) >= np.array(proof["bounds"], object)
        assert holds.tolist() == (leads == state).tolist()
    assert not list(Path(tmp_path).glob(".*"))


def test_a_budget_that_is_too_short_is_unknown():
    weights = random_net(2, 128, 2, scale=0.3)
    state = boolrnn.compile(weights).run(np.zeros(9, int)).states[-1]
    found = preimage(weights, state, symbol=[0, 0, 0, 0], budget=0.2)
    assert (found.verdict, found.proved, found.undecided) == ("unknown", False, True)
    assert found.witness_states is None
    assert found.to_json()["witness"] is None


def test_json_says_it_all():
    weights = random_net(7, 9, 2)
    target = boolrnn.compile(weights).step(np.ones((1, 9), bool), np.array([1]))[0][0]
    tree = preimage(weights, target, symbol=1, count=2).to_json()
    assert tree["verdict"] == "sat"
    assert tree["witness"]["symbols"] == [1]
    assert len(tree["witness"]["states"]) == 2
    assert tree["witness"]["states"][0] == tree["found"][0]
    assert {"question", "proved", "engine", "certificate", "seconds"} <= set(tree)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"symbol": 2}, "symbol"),
        ({"symbol": []}, "at least one symbol"),
        ({"count": 0}, "1 or more"),
        ({"budget": 0.0}, "more than 0 seconds"),
        ({"steps": 0}, "1 or more"),
        ({"proof": "x.json", "symbol": 0, "engine": "cp-sat"}, "writes none"),
        ({"symbol": [0, 1], "steps": 3}, "2 symbols"),
        ({"engine": "nobody"}, "expected one of"),
        ({"among": []}, "at least one symbol"),
        ({"care": np.ones(3, bool)}, "shape"),
        ({"proof": "x.json"}, "one symbol and one step"),
    ],
)
def test_refusals(options, says):
    with pytest.raises(InputError, match=says):
        preimage(random_net(1, 4, 2), np.zeros(4, bool), **options)


def test_a_state_of_another_net():
    with pytest.raises(InputError, match="shape"):
        preimage(random_net(1, 4, 2), np.zeros(5, bool), symbol=0)


def test_the_archived_net(archived):
    """Trajectory states have predecessors; random states are Gardens of Eden, with a checked proof."""
    weights, symbols = archived
    automaton = boolrnn.compile(weights)
    states = automaton.run(symbols).states
    for t in (50, 500):
        found = preimage(automaton, states[t], symbol=int(symbols[t]), engine="lp")
        assert found.verdict == "sat"
    for seed in range(2):
        state = np.random.default_rng(seed).random(128) < 0.5
        none = preimage(automaton, state, symbol=101, engine="lp")
        assert (none.verdict, none.proved, none.certificate) == ("unsat", True, "farkas tree")


def test_the_embedded_state_contains_its_symbol(embedded):
    """A wrong last symbol is refuted by one sum of rows for nearly all symbols."""
    weights, symbols = embedded
    automaton = boolrnn.compile(weights)
    state = automaton.run(symbols[:51]).states[50]
    others = [x for x in np.unique(symbols).tolist() if x != symbols[50]][:12]
    found = preimage(automaton, state, among=others, budget=20.0)
    assert "sat" not in found.symbol_verdict.tolist()
    assert (found.symbol_certificate == "farkas").sum() >= 8


def test_time_that_others_leave_goes_to_the_symbols_that_need_it(monkeypatch):
    """All but one symbol are refuted at once: the one is asked again, with all that is left."""
    weights = random_net(3, 6, 20)
    target = after(weights, every_state(6)[5], [3])
    real, given = preimage_module._Walk._end, {}

    def slow(walk, symbol, state, care, count, limits):
        left = limits.left(time.monotonic())
        given.setdefault(symbol, []).append(left)
        if symbol == 3 and left < 1.5:  # it needs more than its share of 2 seconds
            time.sleep(left)
            return preimage_module._End(3, [], Answer("unknown", "lp", left), False)
        return real(walk, symbol, state, care, count, limits)

    monkeypatch.setattr(preimage_module._Walk, "_end", slow)
    found = preimage(weights, target, budget=2.0, engine="lp")
    assert len(given[3]) == 2
    assert found.symbol.tolist() == list(range(20))
    assert found.symbol_verdict[3] == "sat"
    assert "unknown" not in found.symbol_verdict.tolist()
