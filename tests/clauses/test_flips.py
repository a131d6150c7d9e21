"""Levels of flip sets: compiled loops and NumPy find the same first set; costs; outputs against one."""

import dataclasses
import itertools
import time
from fractions import Fraction

import numpy as np
import pytest
from flip_sets import differs, flipped, naive_run, rank, told, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, hardened_net, random_net, text_of

import boolrnn
from boolrnn.clauses import flips as module
from boolrnn.clauses.against import NEVER, against
from boolrnn.clauses.fewest import one_bit
from boolrnn.clauses.flips import Asked, Effect, Levels, OutOfTimeError, in_order
from boolrnn.clauses.fragility import fragility
from boolrnn.clauses.properties import readout
from boolrnn.clauses.question import Question


def tied(weights):
    """The same net with equal outputs in many states."""
    return dataclasses.replace(
        weights, wy=np.sign(weights.wy).astype(np.float32), by=np.zeros_like(weights.by)
    )


NETS = {
    "one neuron": lambda: random_net(1, 1, 2),
    "nine": lambda: random_net(2, 9, 3),
    "hardened, one word": lambda: hardened_net(3, 64, 3),
    "two words": lambda: random_net(4, 70, 3),
    "three words of outputs": lambda: random_net(5, 20, 140),
    "tied outputs": lambda: tied(random_net(6, 30, 9)),
    "wide rows": lambda: adversarial_net(7, 23, 3, 250),
    "int64 rows": lambda: adversarial_net(8, 20, 3, 50),
    "wide outputs": lambda: dataclasses.replace(
        random_net(9, 18, 4), wy=adversarial_net(9, 18, 4, 250).wh[:4]
    ),
    "all ties": lambda: random_net(10, 12, 3, scale=0.0),
    "subnormal": lambda: random_net(11, 25, 3, scale=1e-44),
}


def asked_of(weights, seed, steps, kind):
    """A question at a random state: of bits, of the prediction, of a rank."""
    automaton, rng = boolrnn.compile(weights), np.random.default_rng(seed)
    state, word = rng.random(weights.hidden) < 0.5, rng.integers(0, weights.symbols, steps)
    last = automaton.run(word, state).states[-1] if steps else state
    if kind == "bits":
        neurons = np.sort(rng.choice(weights.hidden, min(2, weights.hidden), replace=False))
        effect = Effect(last, neurons)
    else:
        one = (
            readout(automaton).predicted(last[None])[0]
            if kind == "predicted"
            else rng.integers(weights.outputs)
        )
        effect = Effect(last, np.zeros(0, int), against(automaton, int(one)))
    units = np.sort(rng.choice(weights.hidden, -(-3 * weights.hidden // 4), replace=False))
    return Asked(automaton, state, word, units, effect, len(units))


@pytest.mark.parametrize("kind", ["bits", "predicted", "rank"])
@pytest.mark.parametrize("net", NETS)
def test_compiled_loops_find_what_numpy_finds(monkeypatch, net, kind):
    monkeypatch.setattr(module, "_CHUNK", 1)  # many parts per level, on all cores
    weights, found = NETS[net](), []
    for steps in (0, 1, 3):
        asked = asked_of(weights, steps, steps, kind)
        for size in (1, 2) if weights.hidden > 30 else (1, 2, 3):
            expected, first = Levels(asked, "numpy").first(size), Levels(asked, "compiled").first(size)
            assert (first is None) == (expected is None)
            assert first is None or first.tolist() == expected.tolist()
            found.append(first)
    assert len(found) >= 6


def test_a_whole_level_that_has_no_effect_is_exhausted():
    """Nothing shows: both engines look at every set, and say so."""
    weights = dataclasses.replace(random_net(3, 40, 3), bh=np.full(40, 1000, np.float32))
    for kind in ("bits", "predicted"):
        asked = asked_of(weights, 1, 2, kind)
        assert Levels(asked, "compiled").first(3) is None
        assert Levels(asked, "numpy").first(2) is None
        assert Levels(asked).first(asked.units.size + 1) is None


def test_every_set_is_looked_at_once_and_in_order():
    """All numbers of a level, unranked, are its combinations."""
    for count, size in ((6, 3), (5, 1), (4, 4), (9, 2)):
        sets = [
            module._unranked(k, count, size).tolist()
            for k in range(len(list(itertools.combinations(range(count), size))))
        ]
        assert sets == [list(c) for c in itertools.combinations(range(count), size)]


def test_a_net_without_room_for_tables_uses_numpy(monkeypatch):
    monkeypatch.setattr(module, "TABLE_BYTES", 10)
    levels = Levels(asked_of(random_net(2, 9, 3), 1, 2, "rank"), "compiled")
    levels.first(2)
    assert levels.used == {"numpy"}


def test_jobs_give_the_first_in_order_whoever_is_ready_first():
    def slow(job):
        time.sleep(0.02 if job == 3 else 0.0)
        return job if job in (3, 4, 9) else None

    assert in_order(iter(range(50)), slow, None) == 3
    assert in_order(iter(range(3)), slow, None) is None
    assert in_order(iter(()), slow, None) is None
    with pytest.raises(OutOfTimeError):
        in_order(iter(range(3)), slow, time.monotonic() - 1)
    with pytest.raises(ZeroDivisionError):
        in_order(iter(range(3)), lambda job: 1 // job, None)


def test_an_interruption_leaves_the_levels_that_are_finished(monkeypatch):
    def interrupted(self, size):
        if size > 2:
            raise KeyboardInterrupt
        return

    monkeypatch.setattr(Levels, "first", interrupted)
    found = fragility(random_net(2, 9, 3), text_of(1, 9, 3), at=2, steps=2)
    assert (found.verdict, found.exhausted, found.interrupted, found.proved) == ("unknown", 2, True, False)


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 6), st.integers(1, 250))
def test_outputs_against_one_by_definition(seed, hidden, outputs, spread):
    rng = np.random.default_rng(seed)
    weights = random_net(seed, hidden, 2, outputs=outputs)
    if seed % 3:
        wide = adversarial_net(seed, max(hidden, outputs), 2, spread).wh[:outputs, :hidden]
        weights = dataclasses.replace(weights, wy=wide, by=np.zeros(outputs, np.float32))
    weights = tied(weights) if seed % 5 == 0 else weights
    automaton, states = boolrnn.compile(weights), rng.random((5, hidden)) < 0.5
    one = int(rng.integers(outputs))
    rows = against(automaton, one)
    assert rows.rank(states).tolist() == [rank(weights, s, one) for s in states]
    units = np.sort(rng.choice(hidden, int(rng.integers(1, hidden + 1)), replace=False))
    usual = rows.before(states[:1])[0]
    least = np.full(len(rows.other), NEVER)
    for size in range(1, len(units) + 1):
        for flips in itertools.combinations(units, size):
            crossed = rows.before(flipped(states[0], flips)[None])[0] != usual
            least = np.where(crossed & (least == NEVER), size, least)
        if size == 4:
            break
    said = rows.crossings(states[0], units)
    assert np.where(said > 4, NEVER, said).tolist() == least.tolist()


@pytest.mark.parametrize("seed", range(4))
def test_flips_of_one_bit_are_as_many_as_the_map_says(seed):
    """Also where a sum of 0, whose bit is 1, is as far as fewer flips lead."""
    weights, symbols = whole(seed, 8, 3), text_of(seed, 20, 3)
    automaton, distance = boolrnn.compile(weights), fragility(weights, symbols).distance
    states = automaton.run(symbols).states
    for t in range(1, 20):
        word = symbols[t : t + 1]
        for i in range(8):
            asked = Asked(automaton, states[t - 1], word, np.arange(8), Effect(states[t], np.array([i])), 8)
            found = one_bit(asked, i)
            assert (NEVER if found is None else len(found)) == distance[t, i]
            assert found is None or asked.shows(found[None])[0]


def test_sums_that_cancel_are_decided_exactly():
    """2^100 - 2^100 - 1 is below 0 in whatever order the terms stand; float64 loses the 1."""
    for order in itertools.permutations([2.0**100, 2.0**100, -(2.0**-40), 2.0**-41]):
        wy = np.array([[0.0] * 4, order], np.float32)
        weights = dataclasses.replace(random_net(1, 4, 2), wy=wy, by=np.zeros(2, np.float32))
        states = np.array(list(itertools.product([False, True], repeat=4)))
        for one in (0, 1):
            rows = against(boolrnn.compile(weights), one)
            assert rows.rank(states).tolist() == [rank(weights, s, one) for s in states]


def naive_cheapest(weights, symbols, at, steps, target, most):
    """Least cost of all flip sets with the effect, as a Fraction; None where there is none."""
    start = naive_run(weights, None, symbols[:at]) if at else None
    costs = [abs(z) for z in exact_z(weights, start, int(symbols[at]))]
    state = naive_run(weights, None, symbols[: at + 1])
    word = symbols[at + 1 : at + steps + 1]
    usual, least = told(weights, naive_run(weights, state, word), target), None
    for size in range(1, most + 1):
        for flips in itertools.combinations(range(weights.hidden), size):
            cost = sum((costs[j] for j in flips), Fraction(0))
            if (least is None or cost < least) and differs(
                usual, told(weights, naive_run(weights, flipped(state, flips), word), target)
            ):
                least = cost
    return least


@given(
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.integers(0, 2),
    st.sampled_from(["bit", "bits", "predicted", "rank"]),
)
@settings(max_examples=40)
def test_the_cheapest_flips_against_every_flip_set(seed, hidden, steps, kind):
    rng = np.random.default_rng(seed)
    weights = adversarial_net(seed, hidden, 3, 40) if seed % 3 == 0 else random_net(seed, hidden, 3)
    symbols, at, most = text_of(seed, 6, 3), seed % 3, int(rng.integers(1, hidden + 1))
    neurons = np.sort(rng.choice(hidden, min(2, hidden), replace=False)).tolist()
    keywords, target = {
        "bit": ({"bit": neurons[0]}, ("bits", neurons[:1])),
        "bits": ({"bits": neurons}, ("bits", neurons)),
        "predicted": ({}, ("predicted",)),
        "rank": ({"rank": True}, ("rank", int(symbols[at + steps + 1]))),
    }[kind]
    least = naive_cheapest(weights, symbols, at, steps, target, most)
    for engine in ("auto", "enumeration"):
        found = fragility(
            weights, symbols, at=at, steps=steps, weights="margin", most=most, engine=engine, **keywords
        )
        assert found.proved
        if least is None:
            assert (found.verdict, found.minimum, found.cost_units) == ("unsat", None, None)
            continue
        assert found.verdict == "sat"
        assert found.cost_units * Fraction(2) ** found.cost_unit == least
        assert found.minimum == float(least)


def test_a_limit_of_flips_can_cost_more():
    """Two cheap flips are cheaper than one dear one, where two are allowed."""
    dearer = 0
    for seed in range(40):
        weights, symbols = random_net(seed, 6, 3), text_of(seed, 6, 3)
        least = [naive_cheapest(weights, symbols, 1, 2, ("predicted",), most) for most in (1, 6)]
        found = fragility(weights, symbols, at=1, steps=2, weights="margin", most=1)
        assert found.minimum == (None if least[0] is None else float(least[0]))
        dearer += least[0] != least[1]
    assert dearer > 1


def test_costs_that_run_out_of_time_are_unknown():
    weights = random_net(1, 60, 4, scale=0.08)
    calm = dataclasses.replace(weights, bh=weights.bh + 100)
    found = fragility(calm, text_of(1, 9, 4), at=3, steps=2, weights="margin", budget=0.2)
    assert (found.verdict, found.proved, found.minimum) == ("unknown", False, None)
    assert "sets, in the order of their cost" in found.note


@pytest.mark.parametrize("target", [{"bits": [0, 2, 3]}, {}])
def test_levels_that_engines_answer_are_the_same(monkeypatch, target):
    """With no set too many for an engine, every level is a question; it finds what enumeration finds."""
    monkeypatch.setattr("boolrnn.clauses.fewest._FEW", 0)
    monkeypatch.setattr("boolrnn.clauses.fewest._MANY", 0)
    asked = set()
    for seed in range(16):
        weights, symbols = random_net(seed, 7, 3) if seed < 4 else whole(seed, 6, 3), text_of(seed, 6, 3)
        for limit in ({}, {"most": 2}):
            listed = fragility(weights, symbols, at=2, engine="enumeration", **target, **limit)
            found = fragility(weights, symbols, at=2, **target, **limit)
            assert (found.verdict, found.minimum, found.proved) == (listed.verdict, listed.minimum, True)
            assert found.exhausted == listed.exhausted
            asked |= set(found.engine.split("+"))
    assert not any(name.startswith("enumeration") for name in asked)
    assert "lp" in asked


def test_an_engine_that_is_out_of_time_leaves_what_is_known(monkeypatch):
    """A set with the effect is an answer, though not proved to be the smallest; none is no answer."""
    weights, symbols = random_net(1, 30, 3, scale=0.3), text_of(1, 9, 3)
    listed = fragility(weights, symbols, at=3, bits=[1, 5, 9])
    assert listed.minimum > 2
    real = Question.solve

    def late(self, engine="auto", **limits):
        answer = real(self, engine, **limits)
        if answer.verdict == "sat" and late.sat:
            return answer
        unknown = dataclasses.replace(
            answer.answer, verdict="unknown", proved=False, values=None, note="late"
        )
        return dataclasses.replace(answer, answer=unknown, states=None, symbols=None)

    monkeypatch.setattr(Question, "solve", late)
    monkeypatch.setattr("boolrnn.clauses.fewest._FEW", 0)
    late.sat = False
    found = fragility(weights, symbols, at=3, bits=[1, 5, 9])
    assert (found.verdict, found.proved, found.note) == ("unknown", False, "late")
    late.sat = True
    found = fragility(weights, symbols, at=3, bits=[1, 5, 9], most=20)
    assert (found.verdict, found.proved, found.note) == ("sat", False, "late")
    assert found.minimum >= listed.minimum > found.exhausted + 1


def test_several_bits_together_on_a_larger_net(embedded):
    """Engines take over where levels are large; the level below is refuted with a certificate."""
    weights, symbols = embedded
    automaton = boolrnn.compile(weights)
    found = fragility(automaton, symbols, at=300, bits=[3, 40, 77])
    assert found.proved
    assert found.minimum == found.exhausted + 1
    none = fragility(automaton, symbols, at=300, bits=[3, 40, 77], most=found.exhausted)
    assert (none.verdict, none.proved, none.exhausted) == ("unsat", True, found.exhausted)
