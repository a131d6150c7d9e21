"""features: every label as reading the text character by character gives it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn.errors import OptionError
from boolrnn.explain.features import CLASSES, MOST, START, features_of, numbered

TRICKY = b'<<>>//?!""\'[[[]]]{{{}}}() \t\r\n\nabcXYZ019=.\xe9\xc3\x00'
texts = st.lists(st.sampled_from(list(TRICKY)), max_size=120).map(bytes)


def labels_of(text, **options):
    """The labels of each feature, as words."""
    symbols = np.frombuffer(text, np.uint8).astype(np.int64)
    found = features_of(symbols, 256, None, **options)
    return {f.name: [f.shown(code, None) for code in f.codes.tolist()] for f in found}


def codes_of(text):
    symbols = np.frombuffer(text, np.uint8).astype(np.int64)
    return {f.name: f.codes.tolist() for f in features_of(symbols, 256)}


def kind(byte):
    character = chr(byte)
    if byte > 126 or (byte < 32 and byte not in (9, 10, 13)):
        return "other bytes"
    if character in "\r\n":
        return "newlines"
    if character in "\t ":
        return "blanks"
    if character.isdigit():
        return "digits"
    if character.isalpha():
        return "capitals" if character.isupper() else "lower-case letters"
    return "punctuation"


def read_tags(text):
    """(inside a tag, elements open) after every byte, by a reader that goes through the text once."""
    inside, depth, begin = False, 0, 0
    for t, byte in enumerate(text):
        if byte == ord("<"):
            inside, begin = True, t
        elif byte == ord(">"):
            if inside:
                body = text[begin + 1 : t]
                if body.startswith(b"/"):
                    depth = max(depth - 1, 0)
                elif not (body.startswith((b"?", b"!")) or body.endswith(b"/")):
                    depth += 1
            inside = False
        yield int(inside), min(depth, MOST)


def read_depths(text):
    """(bracket depth, wiki depth) after every byte."""
    brackets = wiki = 0
    half = None  # the first byte of a pair that is not complete
    for byte in text:
        character = chr(byte)
        if character in "([{":
            brackets += 1
        elif character in ")]}":
            brackets = max(brackets - 1, 0)
        if character in "[]{}" and half == character:
            wiki = wiki + 1 if character in "[{" else max(wiki - 1, 0)
            half = None
        else:
            half = character
        yield min(brackets, MOST), min(wiki, MOST)


def read_places(text):
    """(place in the word, place in the line, inside quotes) after every byte."""
    word = line = quotes = 0
    for byte in text:
        word = word + 1 if (chr(byte).isalpha() and byte < 128) or byte > 127 else 0
        line = 0 if byte == 10 else line + 1
        quotes = 0 if byte == 10 else quotes ^ (byte == ord('"'))
        power = next((k for k in range(9) if line < 1 << k), 9)
        yield min(word, MOST), power, quotes


@given(texts)
def test_characters_as_a_reader_sees_them(text):
    found, count = codes_of(text), max(len(text) - 1, 0)
    assert found["tag"] == [inside for inside, _ in read_tags(text)][:count]
    assert found["tag_depth"] == [depth for _, depth in read_tags(text)][:count]
    assert found["bracket_depth"] == [depth for depth, _ in read_depths(text)][:count]
    assert found["wiki_depth"] == [depth for _, depth in read_depths(text)][:count]
    assert found["word_position"] == [word for word, _, _ in read_places(text)][:count]
    assert found["line_position"] == [line for _, line, _ in read_places(text)][:count]
    assert found["quotes"] == [quotes for _, _, quotes in read_places(text)][:count]
    assert [CLASSES[k] for k in found["class"]] == [kind(byte) for byte in text][:count]
    assert [CLASSES[k] for k in found["next_class"]] == [kind(byte) for byte in text][1:]


@given(texts, st.integers(1, 6))
def test_the_last_symbols_and_the_next(text, recent):
    symbols = np.frombuffer(text, np.uint8).astype(np.int64)
    found = {f.name: f.codes.tolist() for f in features_of(symbols, 256, recent=recent)}
    count = max(len(text) - 1, 0)
    for k in range(recent):
        name = f"x_t-{k}" if k else "x_t"
        assert found[name] == [text[t - k] if t >= k else START for t in range(count)]
    assert f"x_t-{recent}" not in found
    assert found["next"] == list(text[1:])


def test_a_page_in_words():
    text = b'<p id="7">An [[ox]]</p>\n'
    found = labels_of(text)
    assert found["tag"][:10] == ["inside a tag"] * 9 + ["outside tags"]
    assert found["quotes"][6:10] == ["inside quotes"] * 2 + ["outside quotes"] * 2
    assert found["tag_depth"][8:11] == ["0", "1", "1"]
    assert found["wiki_depth"][13:20] == ["0", "1", "1", "1", "1", "0", "0"]
    assert found["word_position"][10:13] == ["letter 1", "letter 2", "no letter"]
    assert found["x_t-2"][:3] == ["before the text", "before the text", "'<'"]
    assert found["next"][0] == "'p'"


def test_long_words_lines_and_depths_share_a_label():
    found = labels_of(b"a" * 400 + b"(" * 20 + b".")
    assert found["word_position"][6:9] == ["letter 7", "letter 8 or later", "letter 8 or later"]
    assert found["line_position"][0] == "symbol 1 of the line"
    assert found["line_position"][126:128] == ["symbols 64..127 of the line", "symbols 128..255 of the line"]
    assert found["line_position"][255] == "symbol 256 of the line or later"
    assert found["bracket_depth"][-1] == "8 or more"


def test_symbols_that_are_no_bytes_have_only_themselves():
    symbols = np.array([0, 1, 2, 1, 0])
    assert [f.name for f in features_of(symbols, 4)] == ["x_t", "x_t-1", "x_t-2", "next"]
    assert [f.name for f in features_of(symbols, 300, recent=1)] == ["x_t", "next"]
    assert "tag" in [f.name for f in features_of(symbols, 33)]
    named = features_of(symbols, 3, np.frombuffer(b"<a>", np.uint8))
    assert next(f for f in named if f.name == "tag").codes.tolist() == [1, 1, 0, 0]


def test_some_by_name_and_wrong_names():
    symbols = np.array([60, 61, 62])
    assert [f.name for f in features_of(symbols, 256, names="next, tag")] == ["tag", "next"]
    assert [f.name for f in features_of(symbols, 256, names=["x_t"])] == ["x_t"]
    for names in ("tags", "tag,", [], "tag,tag"):
        with pytest.raises(OptionError, match="features"):
            features_of(symbols, 256, names=names)
    with pytest.raises(OptionError, match="'tag' is none"):
        features_of(np.array([0, 1]), 4, names="tag")
    for recent in (0, 101):
        with pytest.raises(OptionError, match="recent"):
            features_of(symbols, 256, recent=recent)


@given(texts)
def test_label_numbers_lead_back_to_the_labels(text):
    symbols = np.frombuffer(text, np.uint8).astype(np.int64)
    found = features_of(symbols, 256)
    labels = numbered(found)
    assert labels.numbers.shape == (max(len(text) - 1, 0), len(found))
    for f, feature in enumerate(found):
        assert (labels.code[labels.numbers[:, f]] == feature.codes).all()
        assert (labels.feature[labels.numbers[:, f]] == f).all()
        part = labels.code[labels.offsets[f] : labels.offsets[f + 1]]
        assert part.tolist() == sorted(set(feature.codes.tolist()))
