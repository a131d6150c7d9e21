"""The shift register: its state spells the last symbols, its readouts are the published ones and better."""

import dataclasses

import numpy as np
import pytest
from nets import text_of

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.make.construct import FITS, gradient, least_squares, logratio, mixed_hash, register

TEXT = b"<a><b>one</b><b>two</b></a>\n" * 6


def plain_hash(x, j):
    """The published hash as its definition reads, in whole numbers."""
    u = x
    u = 73244475 * (u ^ (u // 16)) % 2**32
    u ^= u // 65536
    u = (u + j * 2654435761) % 2**32
    u = 73244475 * (u ^ (u // 16)) % 2**32
    u ^= u // 65536
    return u % 2 == 1


def test_the_hash_is_the_published_one():
    codes = mixed_hash(np.arange(256, dtype=np.uint8), 16)
    assert codes.tolist() == [[plain_hash(x, j) for j in range(16)] for x in range(256)]
    distinct = [len(np.unique(codes[:, :bits], axis=0)) for bits in range(1, 17)]
    assert distinct == [2, 4, 8, 16, 32, 62, 110, 170, 200, 222, 239, 249, 250, 251, 253, 253]


@pytest.mark.parametrize(("groups", "bits"), [(1, 1), (3, 5), (16, 8), (4, 16)])
@pytest.mark.parametrize("readout", FITS)
def test_the_state_spells_the_last_symbols_on_every_text(readout, groups, bits):
    found = boolrnn.construct(TEXT, readout=readout, groups=groups, bits=bits)
    assert (found.level, found.form, found.outputs_level) == (
        "certified_always",
        "bit-exact",
        "certified_always",
    )
    assert found.hidden == groups * bits
    text = text_of(1, 60, found.symbols)
    codes = mixed_hash(found.alphabet, bits)
    run = boolrnn.trace(found.weights, text)
    assert set(np.unique(run.hidden)) <= {-1, 1}
    for t in range(groups, 60):
        spelled = np.concatenate([codes[text[t - g]] for g in range(groups)])
        assert (run.bits[t] == spelled).all()
    assert found.bpc_float == pytest.approx(found.bpc_sign_dynamics, abs=1e-12)


def published(data):
    """The published net (wx +-10, wh 5, no bias, all 256 symbols), and the hidden values that predict."""
    values = np.arange(256, dtype=np.uint8)
    codes = mixed_hash(values, 8)
    net = register(codes, 16, values)
    wx = np.zeros_like(net.wx)
    wx[:8] = np.where(codes.T, 10, -10)
    net = dataclasses.replace(net, wx=wx, wh=(net.wh / 32 * 5).astype(np.float32))
    symbols = np.frombuffer(data, np.uint8).astype(np.int64)
    return net, symbols, boolrnn.trace(net, symbols).hidden[:-1].astype(np.float64)


def test_published_values_on_the_archived_text(seed_folder):
    data = (seed_folder / "enwik_1024.txt").read_bytes()
    net, symbols, features = published(data)

    def score(fitted):
        done = dataclasses.replace(net, wy=fitted.wy, by=fitted.by)
        return boolrnn.bpc(done, boolrnn.trace(done, symbols))

    ratio = logratio(features, symbols, 256, 16)
    assert (ratio.smoothing, ratio.scale) == (2.5, 0.1)
    assert round(score(ratio), 4) == 2.4906
    assert score(least_squares(features, symbols, 256, 16)) == pytest.approx(1.4535, abs=2e-3)  # one row more
    assert score(gradient(features, symbols, 256, 16)) < 0.3734  # 1,000 steps of plain descent


def test_better_readouts_predict_better():
    scores = [boolrnn.construct(TEXT, readout=name).bpc_float for name in FITS]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.1


def test_small_and_strange_texts():
    assert boolrnn.construct(b"aaaa", groups=1, bits=1).bpc_float == pytest.approx(0, abs=1e-3)
    assert boolrnn.construct(b"ab", groups=2, bits=1).symbols == 2
    wide = boolrnn.construct(b"abab", alphabet=np.frombuffer(b"abc", np.uint8), groups=2, bits=3)
    assert bytes(wide.alphabet) == b"abc"


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"text": b""}, TextError, "empty text"),
        ({"text": b"a"}, TextError, "nothing is predicted"),
        ({"readout": "guess"}, OptionError, "expected one of logratio"),
        ({"groups": 0}, OptionError, "0 groups"),
        ({"groups": 100, "bits": 100}, OptionError, "at most 4096"),
        ({"alphabet": np.frombuffer(b"<>", np.uint8)}, TextError, "0x61 at offset 1"),
    ],
)
def test_refusals(options, error, says):
    with pytest.raises(error, match=says):
        boolrnn.construct(**({"text": TEXT} | options))
