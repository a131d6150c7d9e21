"""Properties of states: what the words mean, and predictions in exact arithmetic."""

import contextlib
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_values, random_net

import boolrnn
from boolrnn import Weights
from boolrnn.clauses.properties import (
    Difference,
    Property,
    parse_difference,
    parse_property,
    readout,
)
from boolrnn.errors import InputError, OptionError, StateError, TextError


def predicted(weights, state):
    """The lowest index of the largest y, over fractions."""
    sums = []
    for row, bias in zip(weights.wy, weights.by):
        terms = (Fraction(float(w)) * (1 if bit else -1) for w, bit in zip(row, state))
        sums.append(sum(terms, Fraction(float(bias))))
    return sums.index(max(sums))


def with_readout(seed, hidden, outputs, kind):
    """A net whose readout has ties, near ties, or rows of every width."""
    rng = np.random.default_rng(seed)
    base = random_net(seed, hidden, 3)
    if kind == "integers":
        wy = rng.integers(-2, 3, (outputs, hidden)).astype(np.float32)
        by = rng.integers(-2, 3, outputs).astype(np.float32)
    elif kind == "wide":
        wy = adversarial_values(rng, (outputs, hidden), 250)
        by = adversarial_values(rng, (outputs,), 250)
    elif kind == "int64":
        wy = adversarial_values(rng, (outputs, hidden), 30)
        by = adversarial_values(rng, (outputs,), 30)
    else:
        wy = rng.normal(size=(outputs, hidden)).astype(np.float32)
        by = rng.normal(size=outputs).astype(np.float32)
    for o in range(1, outputs):  # equal rows, and rows that differ by one unit in the last place
        if rng.random() < 0.3:
            wy[o], by[o] = wy[o - 1], by[o - 1]
            if rng.random() < 0.5:
                by[o] = np.nextafter(by[o], np.float32(rng.choice([-1, 1])))
    return Weights(wx=base.wx, wh=base.wh, bh=base.bh, wy=wy, by=by)


ANY = random_net(1, 9, 256)
KINDS = ["normal", "integers", "int64", "wide"]


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([1, 3, 8, 13, 65]), st.integers(1, 9), st.sampled_from(KINDS))
def test_predictions_are_exact_and_the_lowest_index_wins_a_tie(seed, hidden, outputs, kind):
    weights = with_readout(seed, hidden, outputs, kind)
    states = np.random.default_rng(seed).random((12, hidden)) < 0.5
    told = readout(boolrnn.compile(weights)).predicted(states)
    assert told.tolist() == [predicted(weights, state) for state in states]


def test_a_tie_that_floats_would_break():
    """1e30 + 1 - 1e30 against 1: equal, and then larger by what float64 cannot see."""
    wy = np.array([[1e30, 1e30, 0], [0, 0, 1], [0, 0, 1]], np.float32)
    wy[0, 1] *= -1
    by = np.array([1, 0, 0], np.float32)
    weights = Weights(**{n: getattr(random_net(0, 3, 3), n) for n in ("wx", "wh", "bh")}, wy=wy, by=by)
    state = np.array([[True, True, True]])
    assert readout(boolrnn.compile(weights)).predicted(state).tolist() == [0]
    by = np.array([np.nextafter(np.float32(1), np.float32(0)), 0, 0], np.float32)
    weights = Weights(wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=wy, by=by)
    assert readout(boolrnn.compile(weights)).predicted(state).tolist() == [1]


def test_words_mean_bits_predictions_and_states():
    weights = random_net(1, 9, 256)
    automaton = boolrnn.compile(weights)
    states = np.random.default_rng(1).random((90, 9)) < 0.5
    told = [predicted(weights, state) for state in states]

    def holds(text):
        return parse_property(text, weights).holds(automaton, states).tolist()

    assert holds("h5") == holds("h5=1") == states[:, 5].tolist()
    assert holds("~h5") == holds("h5=0") == (~states[:, 5]).tolist()
    assert holds(" h0 &~h8 ") == (states[:, 0] & ~states[:, 8]).tolist()
    x = told[0]
    assert holds(f"predicts:{x:#x}") == [o == x for o in told]
    assert holds(f"h3 & predicts:{x:#04x}&~h1") == [
        o == x and s[3] and not s[1] for o, s in zip(told, states)
    ]
    number = (states[0] * (1 << np.arange(9))).sum()
    assert holds(f"state:{number:#x}") == (states == states[0]).all(axis=1).tolist()
    assert holds(f"state:{number:#x}/0x1c1") == ((states == states[0])[:, [0, 6, 7, 8]].all(axis=1).tolist())
    assert holds("state:0x1ff/0x8") == states[:, 3].tolist()
    assert (
        holds("state:" + "".join(str(int(b)) for b in states[3]))
        == (states == states[3]).all(axis=1).tolist()
    )
    assert not any(holds("h5 & ~h5"))
    assert parse_property("h5 & ~h5", weights).never
    assert parse_property("predicts:a & predicts:b", weights).never
    assert not parse_property("predicts:a & h1 & h1 & predicts:a", weights).never


def test_a_predicted_character_may_be_anything():
    weights = random_net(1, 4, 256)
    for text, output in [
        ("predicts:&", 38),
        ("predicts: ", 32),
        ("predicts:5", 53),
        ("predicts:55", 55),
        ("predicts:-", 45),
        ("predicts:\n", 10),
    ]:
        assert parse_property(text, weights) == Property(outputs=(output,))
        assert parse_property(text + " & ~h2", weights) == Property(((2, False),), (output,))
        assert parse_property("h1&" + text, weights) == Property(((1, True),), (output,))
    acceptor = random_net(1, 4, 3, outputs=12)
    assert parse_property("predicts:5", acceptor) == Property(outputs=(5,))
    assert parse_property("predicts:0xb", acceptor) == Property(outputs=(11,))


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", OptionError, "'' is none of h5, ~h5"),
        ("h", OptionError, "'h' is none of"),
        ("h5&", OptionError, "'' is none of"),
        ("h9", OptionError, "neuron 9 is outside 0..8"),
        ("~h3=1", OptionError, "none of"),
        ("h3=2", OptionError, "none of"),
        ("state:0x200", StateError, "bit 9 is set"),
        ("state:0x1/0x", StateError, "expected hex"),
        ("state:", StateError, "expected hex"),
        ("predicts:", TextError, "one character"),
        ("predicts:ab", TextError, "one character"),
        ("predicts:0x7", TextError, "expected 0..4"),
        ("& h1", OptionError, "'' is none of"),
        ("H1", OptionError, "none of"),
    ],
)
def test_what_is_no_property_is_refused_in_one_line(text, error, says):
    with pytest.raises(error, match="(?s).") as told:
        parse_property(text, random_net(1, 9, 5))
    assert says in str(told.value)
    assert "\n" not in str(told.value)


@given(st.text(alphabet="hpredicts:~&=/x0123* ", max_size=14))
def test_any_words_are_a_property_or_an_input_error(text):
    with contextlib.suppress(InputError):
        parse_property(text, ANY).check(ANY)


def test_outputs_that_a_net_does_not_have():
    with pytest.raises(OptionError, match="output 12 is outside 0..11"):
        parse_property("predicts:12", random_net(1, 4, 3, outputs=12))
    with pytest.raises(OptionError, match="expected an output number"):
        parse_property("predicts:a", random_net(1, 4, 3, outputs=12))
    with pytest.raises(OptionError, match="neuron -1"):
        Property(bits=((-1, True),)).check(random_net(1, 4, 3))


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([1, 8, 65]), st.sampled_from(KINDS))
def test_differences_of_two_states(seed, hidden, kind):
    weights = with_readout(seed, hidden, 4, kind)
    automaton, rng = boolrnn.compile(weights), np.random.default_rng(seed)
    left, right = rng.random((2, 20, hidden)) < 0.5
    right[::3] = left[::3]
    differs = [predicted(weights, a) != predicted(weights, b) for a, b in zip(left, right)]

    def holds(text):
        return parse_difference(text, weights).holds(automaton, left, right).tolist()

    assert holds("predicts") == differs
    assert holds("h*") == (left != right).any(axis=1).tolist()
    assert holds("h0") == (left[:, 0] != right[:, 0]).tolist()
    either = Difference(neurons=(0,), outputs=True).holds(automaton, left, right)
    assert either.tolist() == [a or b for a, b in zip(holds("h0"), differs)]
    with pytest.raises(OptionError, match="expected predicts, h5 or h\\*"):
        parse_difference("~h0", weights)
    with pytest.raises(OptionError, match=f"neuron {hidden} is outside"):
        parse_difference(f"h{hidden}", weights)
