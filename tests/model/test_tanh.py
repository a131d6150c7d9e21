"""tanh in float32: correctly rounded, checked with 50 digits of mpmath."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn.model.tanh import _decided, doubtful, settle, system_tanh32, tanh32

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def nearest(z):
    """The float32 next to tanh z among three candidates, by 60 digits."""
    with mpmath.workdps(60):
        exact = mpmath.tanh(mpmath.mpf(float(z)))
        guess = np.float32(float(exact))
        three = [np.nextafter(guess, np.float32(-2)), guess, np.nextafter(guess, np.float32(2))]
        return min(three, key=lambda value: abs(mpmath.mpf(float(value)) - exact))


@given(st.lists(FLOATS, min_size=1, max_size=40))
def test_it_is_correctly_rounded(values):
    z = np.array(values, np.float32)
    assert (tanh32(z) == np.array([nearest(v) for v in z])).all()


def test_it_is_correctly_rounded_where_nets_live():
    z = np.random.default_rng(0).normal(size=3000).astype(np.float32) * 3
    assert (tanh32(z) == np.array([nearest(v) for v in z])).all()


def test_the_slow_decision_equals_the_fast_one_and_settles_midpoints():
    z = np.random.default_rng(1).normal(size=200).astype(np.float32)
    assert all(_decided(float(v)) == nearest(v) for v in z)
    wide = np.tanh(z.astype(np.float64))
    wide[3] = (float(tanh32(z)[3]) + float(np.nextafter(tanh32(z)[3], np.float32(2)))) / 2
    assert doubtful(wide)[3]
    settle(z, wide)
    assert np.float32(wide[3]) == nearest(z[3])


def test_ends():
    z = np.array([0.0, -0.0, 20, -20, 1e-45, 3e38, np.inf, np.nan], np.float32)
    y = tanh32(z)
    assert y[:7].tolist() == [0.0, -0.0, 1.0, -1.0, z[4], 1.0, 1.0]
    assert np.isnan(y[7])


def test_the_system_tanh_is_within_two_units():
    z = np.random.default_rng(2).normal(size=(50, 4)).astype(np.float32)
    assert system_tanh32(z) == pytest.approx(tanh32(z), rel=2 * 2**-23)
