"""Semantic features: neurons say of a text what a plain scan of it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import boolrnn
from boolrnn.errors import OptionError
from boolrnn.make.body import body
from boolrnn.make.semantic import FEATURES, said_of

TAGS = "".join(["<a href='#1'>", "a", "bcd ef", "Über", "</a>", "<", ">", " ", "\n", "&amp; & [x[y]", "12"])
PIECES = [
    "<a b>",
    "</a>",
    "<",
    ">",
    " ",
    "\t",
    "\n",
    "abcd",
    "Ab",
    "é",
    "&amp;",
    "& ",
    "[",
    "]",
    "7",
    ";",
    "/",
]


def naive_features(text):
    """All features after each byte, one byte at a time; `text` is bytes."""
    rows, tag, name, entity, link, run = [], False, False, False, False, 0
    for byte in text:
        c = chr(byte)
        letter = c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        space = c in " \t\n\r\x0b\x0c"
        run = run + 1 if letter else 0
        tag = True if c == "<" else False if c == ">" else tag
        name = True if c == "<" else False if c == ">" or space else name
        entity = True if c == "&" else False if c == ";" or space else entity
        link = True if c == "[" else False if c == "]" else link
        mark = 33 <= byte <= 126 and not letter and not c.isdigit()
        first = [letter, letter and c.isupper(), c in "0123456789", space, tag, name, run >= 2, run >= 3]
        more = [c in "aeiouAEIOU", mark, c in "()[]{}<>", c == "\n", byte >= 128, entity, link, run >= 4]
        rows.append(first + more)
    return np.array(rows, bool).reshape(len(rows), 16)


def states_of(text, bits, groups=1, values=None):
    """The automaton's states over `text`, whose symbols are its own bytes or `values`."""
    data = np.frombuffer(text, np.uint8)
    values = np.unique(data) if values is None else values
    symbols = np.searchsorted(values, data)
    made = body("semantic", values, symbols, groups=groups, bits=bits)
    return boolrnn.compile(made.net).run(symbols).states, made, symbols


TEXTS = st.one_of(
    st.binary(min_size=1, max_size=60),
    st.lists(st.sampled_from(PIECES), min_size=1).map(lambda parts: "".join(parts).encode()),
)


@given(TEXTS, st.integers(1, 16))
def test_the_automaton_says_what_a_plain_scan_says(text, bits):
    states, made, symbols = states_of(text, bits)
    plain = naive_features(text)[:, :bits]
    assert (states == plain).all()
    assert (said_of(np.frombuffer(text, np.uint8), bits) == plain).all()
    assert (made.group(symbols) == plain).all()


@pytest.mark.parametrize("groups", [1, 2, 5])
def test_older_groups_hold_older_features_on_all_byte_values(groups):
    every = bytes(range(256)) + b"<tag name>abcd</tag>" + bytes(range(255, -1, -1))
    values = np.arange(256, dtype=np.uint8)
    states = states_of(every, 16, groups, values)[0]
    plain = naive_features(every)
    for g in range(groups):
        held = states[:, 16 * g : 16 * (g + 1)]
        assert (held[g:] == plain[: len(plain) - g]).all()
        assert held[:g].all()


def test_the_float32_network_says_it_too():
    text = TAGS.encode()
    _, made, symbols = states_of(text, 16, 3)
    proof = boolrnn.certify(made.net)
    assert (proof.level, proof.form) == ("certified_always", "bit-exact")
    assert (boolrnn.trace(made.net, symbols).bits[:, :16] == naive_features(text)).all()
    assert made.decoded(symbols) == (3 * (len(text) - 4), 3 * (len(text) - 4))


def test_a_feature_needs_none_that_comes_later():
    names = [each.name for each in FEATURES]
    assert len(set(names)) == 16
    for i, each in enumerate(FEATURES):
        assert each.after is None or names.index(each.after) < i


def test_distinct_counts_what_one_symbol_tells_apart():
    values = np.frombuffer(b" 2<>ABab", np.uint8)  # in 8 features a and b are the same, A and B too
    assert body("semantic", values, np.arange(8), groups=2, bits=8).distinct == 6
    assert body("semantic", values, np.arange(8), groups=2, bits=9).distinct == 8  # vowels
    assert body("hybrid", values, np.arange(8), groups=1, bits=1).distinct == 2


def test_a_hybrid_has_a_hash_behind_its_features():
    values, text = np.arange(256, dtype=np.uint8), np.arange(256)
    made = body("hybrid", values, text, groups=2, bits=7)
    mixed = body("mixed", values, text, groups=2, bits=3)
    assert (made.group(text)[:, :4] == naive_features(bytes(range(256)))[:, :4]).all()
    assert (made.group(text)[:, 4:] == mixed.group(text)).all()


@pytest.mark.parametrize(("name", "bits"), [("semantic", 17), ("hybrid", 33)])
def test_more_features_than_there_are_are_refused(name, bits):
    with pytest.raises(OptionError, match="17 semantic features: expected 1 to 16"):
        body(name, np.arange(3, dtype=np.uint8), np.arange(3), groups=1, bits=bits)
