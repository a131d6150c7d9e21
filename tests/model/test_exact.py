"""Exact sums: every route against fractions, on random and adversarial rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, adversarial_values, exact_z

import boolrnn
from boolrnn.bits import signs
from boolrnn.model.exact import ExactRows, certify_rows, lowest_bit, python_integers

SPREADS = (0, 3, 20, 30, 40, 60, 100, 140, 277)


def check_against_fractions(weights, states, symbols):
    """Bits, zeros and values of z against the definition; how many rows were compared."""
    rows = ExactRows(weights.wh, weights.wx, weights.bh)
    z = rows.z(signs(states), symbols)
    for b, (state, x) in enumerate(zip(states, symbols)):
        for i, exact in enumerate(exact_z(weights, state, x)):
            assert (z[b, i] >= 0) == (exact >= 0)
            assert (z[b, i] == 0) == (exact == 0)
            nearest = float(exact)
            if rows.certificate.routes[i] == "filtered":
                assert abs(z[b, i] - nearest) <= np.spacing(abs(nearest))
            else:
                assert z[b, i] == nearest
    return z.size


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("hidden", [1, 2, 5, 9, 24])
def test_bits_equal_fractions(spread, hidden):
    for seed in range(6):
        weights = adversarial_net(seed, hidden, 3, spread)
        rng = np.random.default_rng(seed)
        states = rng.random((24, hidden)) < 0.5
        check_against_fractions(weights, states, rng.integers(0, 3, 24))


@pytest.mark.parametrize("spread", SPREADS)
def test_a_hundred_thousand_rows_equal_fractions(spread):
    compared = 0
    for seed, hidden in enumerate((3, 7, 16, 31, 64)):
        weights = adversarial_net(100 + seed, hidden, 4, spread)
        rng = np.random.default_rng(seed)
        count = 2400 // hidden
        states = rng.random((count, hidden)) < 0.5
        compared += check_against_fractions(weights, states, rng.integers(0, 4, count))
    assert compared > 100_000 / len(SPREADS)


@pytest.mark.parametrize("spread", [20, 45, 277])
def test_three_hundred_neurons(spread):
    weights = adversarial_net(7, 300, 2, spread)
    states = np.random.default_rng(1).random((1, 300)) < 0.5
    check_against_fractions(weights, states, np.array([1]))


def test_every_route_is_taken():
    routes = {r for s in SPREADS for r in boolrnn.compile(adversarial_net(1, 9, 3, s)).row_route}
    assert routes == {"float64", "int64", "filtered"}


@given(st.integers(0, 10**6), st.sampled_from(SPREADS))
def test_the_certificate_counts_the_bits_of_every_partial_sum(seed, spread):
    rng = np.random.default_rng(seed)
    parts = [adversarial_values(rng, shape, spread) for shape in ((4, 5), (4, 3), (4,))]
    matrix, inputs, bias = parts
    found = certify_rows(matrix, inputs, bias)
    widest, units = [], []
    for i in range(4):
        unit = int(found.unit[i])
        row = [abs(v) for v in python_integers(matrix[i], unit)]
        drive = [abs(v) for v in python_integers(inputs[i], unit)]
        total = sum(row) + max(drive) + abs(python_integers(bias[i : i + 1], unit)[0])
        assert total.bit_length() <= found.bits[i] <= total.bit_length() + 1
        values = np.concatenate([matrix[i], inputs[i], bias[i : i + 1]]).astype(float).tolist()
        if total:  # the unit is the lowest set bit: at twice the unit some entry is no integer
            assert any((v / 2.0**unit) % 2 for v in values)
            widest.append(found.bits[i] + unit)
            units.append(unit)
    assert found.bits_common == (max(widest) - min(units) if units else 0)


def test_lowest_bits():
    values = np.array([[1, 0.75], [0, 0], [2**-149, 4], [-6, 0]], np.float32)
    assert lowest_bit(values).tolist() == [-2, 0, -149, 1]


def test_ties_are_bit_one_and_never_minus_zero():
    zero = np.zeros((3, 3), np.float32)
    minus = np.full((3, 2), -0.0, np.float32)
    rows = ExactRows(-zero, minus, -zero[0])
    z = rows.z(np.array([[1.0, -1.0, 1.0]]), np.array([1]))
    assert not np.signbit(z).any()
    states = np.zeros((4, 3), bool)
    rows.run(np.array([0, 1, 0, 1]), None, states, lambda done: None)
    assert states.all()
