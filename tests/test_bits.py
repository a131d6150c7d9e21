"""States as hex and bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn import bits
from boolrnn.errors import StateError


@given(st.integers(1, 140), st.integers(0, 2**32 - 1))
def test_hex_is_the_integer_with_bit_j_for_neuron_j(hidden, seed):
    states = np.random.default_rng(seed).random((3, hidden)) < 0.5
    for state, text in zip(states, bits.to_hex(states)):
        assert int(text, 16) == sum(1 << j for j in range(hidden) if state[j])
        assert len(text) == 2 + -(-hidden // 4)
        assert (bits.parse_state(text, hidden) == state).all()
        assert (bits.parse_state("".join("01"[b] for b in state.astype(int)), hidden) == state).all()


@pytest.mark.parametrize(
    ("text", "hidden", "says"),
    [
        ("0x100", 8, "bit 8 is set"),
        ("0101", 5, "4 bits, expected 5"),
        ("", 4, "expected hex"),
        ("0xg", 4, "expected hex"),
        ("12", 2, "expected hex"),
    ],
)
def test_other_states_are_refused(text, hidden, says):
    with pytest.raises(StateError, match=says):
        bits.parse_state(text, hidden)


@given(st.integers(1, 140), st.integers(0, 2**32 - 1))
def test_hamming_and_distinct_count_bits_and_rows(hidden, seed):
    rng = np.random.default_rng(seed)
    states = rng.random((9, hidden)) < 0.5
    states[4] = states[2]
    assert (bits.hamming(states[1:], states[:-1]) == (states[1:] != states[:-1]).sum(axis=1)).all()
    assert bits.distinct(states) == len({tuple(row) for row in states})
    assert bits.distinct(states[:0]) == 0
