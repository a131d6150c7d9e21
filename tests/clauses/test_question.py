"""Questions built by hand, answered by engines, against every state and word of small nets."""

import itertools

import numpy as np
import pytest
from clauses.small import after, every_state, words
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net

import boolrnn
from boolrnn import ANY, Question
from boolrnn.clauses.expression import Atom, Sum
from boolrnn.errors import OptionError

NETS = {
    "random": lambda seed: random_net(seed, 5, 3),
    "adversarial": lambda seed: adversarial_net(seed, 4, 2, 40),
    "wide": lambda seed: adversarial_net(seed, 4, 2, 250),
    "hardened": lambda seed: hardened_net(seed, 5, 2),
    "one neuron": lambda seed: random_net(seed, 1, 2),
}


def argmax(weights, state):
    sums = [
        sum((2 * int(s) - 1) * int(float(w) * 2**149) for w, s in zip(row, state)) + int(float(b) * 2**149)
        for row, b in zip(weights.wy, weights.by)
    ]
    return sums.index(max(sums))


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_states_after_a_word(kind, steps):
    """A target is reached iff some state reaches it; the witness does."""
    for seed in range(2):
        weights = NETS[kind](seed)
        word = [int(x) for x in np.random.default_rng(seed).integers(0, weights.symbols, steps)]
        reached = {after(weights, state, word).tobytes() for state in every_state(weights.hidden)}
        for target in every_state(weights.hidden)[:: max(1, 2 ** (weights.hidden - 4))]:
            question = Question(weights, word)
            found = question.where(question.equals(steps, target)).solve("lp")
            assert found.verdict == ("sat" if target.tobytes() in reached else "unsat")
            assert found.answer.proved
            if found.states is not None:
                assert found.states[-1].tolist() == target.tolist()
                assert after(weights, found.states[0], word).tolist() == target.tolist()


@pytest.mark.parametrize("kind", NETS)
def test_symbols_that_are_open(kind):
    for seed in range(4):
        weights = NETS[kind](seed)
        neuron = seed % weights.hidden
        start = every_state(weights.hidden)[seed % 2**weights.hidden]
        for bit in (0, 1):
            question = Question(weights, [ANY, ANY])
            question = question.where(question.equals(0, start), question.bit(2, neuron) == bit)
            found = question.solve("lp")
            there = [w for w in words(weights.symbols, 2) if after(weights, start, w)[neuron] == bit]
            assert found.verdict == ("sat" if there else "unsat")
            if found.symbols is not None:
                assert tuple(found.symbols.tolist()) in there


@pytest.mark.parametrize("kind", NETS)
def test_fixed_points_by_a_cycle(kind):
    for seed in range(6):
        weights = NETS[kind](seed)
        fixed = [s for s in every_state(weights.hidden) if (after(weights, s, [0]) == s).all()]
        found = Question(weights, [0], cycle=True).solve("lp")
        assert found.verdict == ("sat" if fixed else "unsat")
        if found.states is not None:
            assert any((found.states[0] == s).all() for s in fixed)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_predictions_and_distances(seed):
    """The fewest flips that lead to another prediction, one step on."""
    weights = random_net(seed, 5, 3)
    rng = np.random.default_rng(seed)
    state, goal = rng.random(5) < 0.5, int(rng.integers(3))
    question = Question(weights, [1])
    distance = question.distance(0, state)
    found = question.where(question.predicts(1, goal)).minimise(distance).solve("lp")
    costs = [
        int((other != state).sum())
        for other in every_state(5)
        if argmax(weights, after(weights, other, [1])) == goal
    ]
    assert found.answer.minimum == min(costs, default=None)
    if found.states is not None:
        assert (found.states[0] != state).sum() == min(costs)
        assert found.answer.proved


def test_ties_of_the_readout_go_to_the_lowest_index():
    weights = random_net(3, 4, 3)
    weights = boolrnn.Weights(
        wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=0 * weights.wy, by=0 * weights.by
    )
    for goal, verdict in ((0, "sat"), (1, "unsat"), (2, "unsat")):
        question = Question(weights)
        assert question.where(question.predicts(0, goal)).solve("lp").verdict == verdict


@settings(max_examples=60)
@given(st.data())
def test_logic_of_constraints(data):
    """and, or, not, comparisons: what is answered is what the formula says."""
    weights = random_net(1, 4, 2)
    question = Question(weights, [0])
    atoms = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 3)]

    def formula(depth):
        kind = data.draw(st.sampled_from(["sum"] if depth == 0 else ["sum", "and", "or", "not"]))
        if kind == "sum":
            factors = data.draw(st.lists(st.integers(-3, 3), min_size=5, max_size=5))
            total = Sum()
            for factor, (time, neuron) in zip(factors, atoms):
                total = total + factor * question.bit(time, neuron)
            bound = data.draw(st.integers(-4, 4))
            compare = data.draw(st.sampled_from(["ge", "le", "gt", "lt", "eq", "ne"]))
            return getattr(Sum, f"__{compare}__")(total, bound)
        left = formula(depth - 1)
        if kind == "not":
            return ~left
        return left & formula(depth - 1) if kind == "and" else left | formula(depth - 1)

    asked = formula(3)

    def holds(state):
        states = [state, after(weights, state, [0])]
        return asked.holds(lambda atom: bool(states[atom.time][atom.number]))

    found = question.where(asked).solve("search")
    assert found.verdict == ("sat" if any(holds(s) for s in every_state(4)) else "unsat")
    if found.states is not None:
        assert holds(found.states[0])


def test_negation_is_the_opposite():
    x, y = Sum({Atom("bit", 0, 0): 1}), Sum({Atom("bit", 0, 1): 1})
    for a, b in itertools.product((False, True), repeat=2):
        values = {0: a, 1: b}
        for asked in (x + y >= 1, x - y == 0, (x >= 1) & (y <= 0), (x == 1) | (y == 1), 2 * x != y + 1):
            given = asked.holds(lambda atom, values=values: values[atom.number])
            assert (~asked).holds(lambda atom, values=values: values[atom.number]) != given


def test_a_sum_or_constraint_is_no_truth_value():
    question = Question(random_net(1, 3, 2))
    with pytest.raises(TypeError, match="compare it"):
        bool(question.bit(0, 0))
    with pytest.raises(TypeError, match="combine"):
        assert question.bit(0, 0) >= 1


def test_what_the_net_does_not_have():
    question = Question(random_net(1, 3, 2), [1])
    for wrong in (
        lambda: question.bit(2, 0),
        lambda: question.bit(0, 3),
        lambda: question.z(0, 0),
        lambda: question.reads(0, 1),
        lambda: question.reads(1, 7),
        lambda: question.predicts(0, 2),
        lambda: Question(random_net(1, 3, 2), [2]),
        lambda: question.solve("nobody"),
    ):
        with pytest.raises(OptionError, match="expected|times are"):
            wrong()


def test_a_word_of_known_and_open_symbols():
    weights = random_net(2, 4, 3)
    question = Question(weights, [1, ANY], among=[0, 2])
    question = question.where(question.reads(2, 2) == 1)
    assert question.solve("lp").symbols.tolist() == [1, 2]
    assert question.reads(1, 1).constant == 1
    assert question.where(question.reads(2, 1) == 1).solve("lp").verdict == "unsat"


def test_coefficients_are_whole_numbers_of_any_size():
    """NumPy's integers neither overflow nor pass for fractions; fractions are refused, not cut off."""
    question = Question(random_net(1, 5, 2))
    full = np.ones(5, bool)
    for wrong in (0.5, np.float32(0.7), "2"):
        for make in (lambda w: question.bit(0, 0) * w, lambda w: question.bit(0, 0) >= w):
            with pytest.raises(OptionError, match="whole numbers"):
                make(wrong)
    with pytest.raises(OptionError, match="whole numbers"):
        question.distance(0, full, weights=np.array([0.9, 0.1, 1, 1, 1]))
    large = np.int32(2 * 10**9)
    assert (
        question.where(question.bit(0, 0) * large + large * question.bit(0, 0) >= 1).solve().verdict == "sat"
    )
    small = question.distance(0, full, weights=np.full(5, 100, np.int8))
    found = question.where(question.distance(0, full) >= 1, small <= 100).solve()
    assert found.states.sum() == 4
    costs = question.distance(0, full, weights=np.full(5, 2 * 10**9, np.int32))
    least = question.where(question.distance(0, full) >= 2).minimise(costs).solve().answer
    assert (least.minimum, least.proved) == (4 * 10**9, True)
    assert question.where(question.bit(0, 0) == np.int64(1)).solve().verdict == "sat"


def test_a_minimum_beyond_what_the_solver_can_hold():
    """Rows of 280 bits: the solver gives up on its rounded rows, the others go on."""
    tiny, huge = 2.0**-149, 3e38
    wh = np.array([[tiny, -tiny, -1], [tiny, -tiny, 1], [-1, -huge, -huge]], np.float32)
    wx, zeros = np.array([[1], [1], [0]], np.float32), np.zeros(3, np.float32)
    weights = boolrnn.Weights(wx=wx, wh=wh, bh=zeros, wy=zeros[None], by=zeros[:1])
    question = Question(weights, [0])
    target = np.array([True, True, False])
    distance = question.distance(0, np.zeros(3, bool))
    found = question.where(question.equals(1, target)).minimise(distance).solve().answer
    costs = [int(s.sum()) for s in every_state(3) if (after(weights, s, [0]) == target).all()]
    assert (found.minimum, found.proved) == (min(costs), True)
