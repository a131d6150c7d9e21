"""rule: integer thresholds and formulas against the automaton, in every state."""

import itertools

import numpy as np
import pytest
import sympy
from nets import adversarial_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.model.rule import parse_given, parse_neuron


def small_integers(seed, hidden):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return (rng.integers(-4, 5, shape) * rng.choice([1, 0.5, 0.25])).astype(np.float32)

    return boolrnn.Weights(
        wx=draw(hidden, 2), wh=draw(hidden, hidden), bh=draw(hidden), wy=draw(2, hidden), by=draw(2)
    )


CASES = [small_integers(seed, 1 + seed % 6) for seed in range(24)]
CASES += [adversarial_net(seed, 5, 2, spread) for seed, spread in enumerate((20, 60, 140, 277))]


@pytest.mark.parametrize("case", range(len(CASES)))
@pytest.mark.parametrize("fixed", [{}, {0: True}])
def test_rule_and_formula_equal_the_automaton_everywhere(case, fixed):
    weights = CASES[case]
    automaton = boolrnn.compile(weights)
    free = [j for j in range(weights.hidden) if j not in fixed]
    symbols = [sympy.Symbol(f"h{j}") for j in free]
    for neuron in range(weights.hidden):
        found = boolrnn.rule(automaton, neuron, 1, given=fixed)
        formula = sympy.sympify(found.formula)
        true = []
        for values in itertools.product([0, 1], repeat=len(free)):
            state = np.zeros(weights.hidden, bool)
            state[list(fixed)] = list(fixed.values())
            state[free] = values
            bit = bool(automaton.step(state[None], np.array([1]))[0][0, neuron])
            total = sum(int(w) * int(state[j]) for j, w in zip(found.source, found.weight))
            assert (total >= found.threshold) == bit
            chosen = dict(zip(symbols, map(bool, values)))
            assert bool(formula if isinstance(formula, bool) else formula.subs(chosen)) == bit
            assert found.constant in (None, int(bit))
            if bit:
                true.append(list(values))
        if symbols:  # the minimal disjunctive form of a unate function is unique
            minimal = sympy.SOPform(symbols, true)
            count = len(minimal.args) if isinstance(minimal, sympy.Or) else int(minimal != sympy.false)
            assert found.terms == count


def test_a_formula_that_would_explode_is_refused_with_its_size():
    found = boolrnn.rule(random_net(0, 40, 3), 5, 1, max_terms=50)
    assert found.formula is None
    assert "more than 50 terms over" in found.formula_refused
    assert len(found.source) > 20


def test_wide_rows_give_decimal_strings():
    found = boolrnn.rule(adversarial_net(3, 6, 2, 277), 0, 0)
    assert found.weight.dtype.kind in "iU"
    assert max(abs(int(w)) for w in found.weight) >= 1 << 63


def test_margins_survive_into_the_rule():
    weights, text = random_net(4), text_of(0, 80, 5)
    automaton = boolrnn.compile(weights, text)
    found = boolrnn.rule(automaton, 2, 3)
    assert found.least_margin == automaton.least_margin[2, 3]
    assert found.least_flips == automaton.least_flips[2, 3]
    assert found.low == automaton.low[2, 3]


def test_given_bits():
    weights = random_net(4)
    text = text_of(0, 80, 3)
    automaton = boolrnn.compile(weights)
    assert parse_given(("h3=1,h0=0", "5=1"), automaton, None, 0) == {3: True, 0: False, 5: True}
    run = automaton.run(text)
    for j, bit in parse_given(("constant",), automaton, text, 2).items():
        assert (run.states[:-1][text[1:] == 2, j] == bit).all()
    with pytest.raises(OptionError, match="expected h3=1,h7=0"):
        parse_given(("h3",), automaton, None, 0)
    with pytest.raises(OptionError, match="contradicts h1=1"):
        parse_given(("h1=1,h1=0",), automaton, None, 0)
    with pytest.raises(OptionError, match="expected bits 0 and 1"):
        boolrnn.rule(automaton, 1, 0, given={0: 2})
    with pytest.raises(OptionError, match="needs a TEXT"):
        parse_given(("constant",), automaton, None, 0)
    with pytest.raises(TextError, match="never reads symbol 4"):
        parse_given(("constant",), automaton, text, 4)


def test_what_does_not_exist_is_refused():
    weights = random_net(4)
    with pytest.raises(OptionError, match="neuron 7"):
        boolrnn.rule(weights, 7, 0)
    with pytest.raises(OptionError, match="neuron 9"):
        boolrnn.rule(weights, 1, 0, given={9: True})
    with pytest.raises(TextError, match="symbol 5"):
        boolrnn.rule(weights, 1, 5)
    with pytest.raises(OptionError, match="max_terms"):
        boolrnn.rule(weights, 1, 0, max_terms=0)
    assert parse_neuron("h28") == parse_neuron("28") == 28
    with pytest.raises(OptionError, match="neuron 'x'"):
        parse_neuron("x")
