"""Texts, alphabets and symbol arguments."""

import dataclasses
import io

import numpy as np
import pytest
from nets import random_net

import boolrnn
from boolrnn.errors import TextError
from boolrnn.model.corpus import parse_alphabet, parse_symbol, show_symbol

PLAIN = random_net(0, symbols=100)
AB = dataclasses.replace(random_net(0, symbols=3), alphabet=parse_alphabet("ab1"))


def test_texts_go_through_the_alphabet():
    assert boolrnn.to_symbols(b"1ba", AB).tolist() == [2, 1, 0]
    assert boolrnn.to_symbols(b"ab", PLAIN).tolist() == [97, 98]


@pytest.mark.parametrize(
    ("weights", "data", "says"),
    [
        (PLAIN, b"", "empty text"),
        (PLAIN, b"abz", r"byte 'z' at offset 2 is outside the net's 100 symbols.*--alphabet"),
        (PLAIN, b"a\xff", "byte 0xff at offset 1"),
        (AB, b"abc", r"byte 'c' at offset 2 is not in the net's alphabet"),
        (AB, b"ab\n", r"byte 0x0a at offset 2 .*ends in a newline"),
    ],
)
def test_bytes_that_are_no_symbols_are_named(weights, data, says):
    with pytest.raises(TextError, match=says):
        boolrnn.to_symbols(data, weights)


@pytest.mark.parametrize(
    ("text", "weights", "symbol"),
    [("a", AB, 0), ("1", AB, 2), ("0x1", AB, 1), ("2", PLAIN, 50), ("42", PLAIN, 42), ("0x2f", PLAIN, 47)],
)
def test_symbols_are_characters_or_numbers(text, weights, symbol):
    assert parse_symbol(text, weights) == symbol


@pytest.mark.parametrize(
    ("text", "weights", "says"),
    [
        ("z", PLAIN, "symbol 'z' is outside"),
        ("100", PLAIN, r"expected 0\.\.99"),
        ("-1", PLAIN, r"expected 0\.\.99"),
        ("ab", AB, "expected one character"),
        ("", AB, "expected one character"),
        ("é", PLAIN, "expected one character"),
        ("٣", PLAIN, "expected one character"),
        (" 3", PLAIN, "expected one character"),
        ("9" * 5000, PLAIN, "expected one character"),
    ],
)
def test_other_symbols_are_refused(text, weights, says):
    with pytest.raises(TextError, match=says):
        parse_symbol(text, weights)


def test_alphabets_name_each_byte_once():
    assert parse_alphabet("01").tolist() == [48, 49]
    with pytest.raises(TextError, match="byte 0x61 stands in it twice"):
        parse_alphabet("aba")
    with pytest.raises(TextError, match="empty"):
        parse_alphabet("")


def test_files_and_standard_input(tmp_path, monkeypatch):
    (tmp_path / "t").write_bytes(b"ab1")
    assert boolrnn.read_text(tmp_path / "t", AB).tolist() == [0, 1, 2]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"1")))
    assert boolrnn.read_text("-", AB).tolist() == [2]
    with pytest.raises(TextError, match="cannot be read"):
        boolrnn.read_text(tmp_path / "no", AB)
    (tmp_path / "t").write_bytes(b"")
    with pytest.raises(TextError, match="t: empty text"):
        boolrnn.read_text(tmp_path / "t", AB)


def test_symbols_are_shown_as_people_read_them():
    assert show_symbol(97, None) == "'a'"
    assert show_symbol(2, AB.alphabet) == "'1'"
    assert show_symbol(10, None) == "0x0a"


def test_symbols_given_as_arrays_are_checked():
    with pytest.raises(TextError, match="expected integers"):
        boolrnn.compile(AB).run(np.array([0.5]))
