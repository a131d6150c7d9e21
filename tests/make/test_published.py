"""The published construction: its net, its windows, and its figures on the archived text."""

import numpy as np
import pytest

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.make.published import READOUTS, hidden_values, published

TEXT = b"<a><b>one</b><b>two</b></a>\n" * 3


@pytest.fixture(scope="module")
def archived_text(seed_folder):
    return (seed_folder / "enwik_1024.txt").read_bytes()


@pytest.mark.parametrize("tanh", ["exact", "system"])
@pytest.mark.parametrize(
    ("features", "groups", "bits"), [("mixed", 5, 8), ("parity", 3, 2), ("spread", 1, 9)]
)
def test_hidden_values_are_those_of_the_net_bit_for_bit(features, groups, bits, tanh):
    made = published(TEXT, readout="logratio", groups=groups, bits=bits, features=features, tanh=tanh)
    run = boolrnn.trace(made.net, made.symbols, tanh=tanh)
    np.testing.assert_array_equal(made.features, run.hidden[:-1])
    assert boolrnn.bpc(made.net, run) == pytest.approx(made.bpc((0, 83)), abs=1e-12)
    assert (made.net.wx != 0).sum() == bits * 256
    assert set(np.unique(made.net.wx)) == ({-10, 0, 10} if groups > 1 else {-10, 10})
    assert made.net.wh.sum() == 5 * (groups - 1) * bits
    assert made.decoded == ((84 - 1 - groups) * groups,) * 2


def test_encoding_and_codes(archived_text):
    made = published(archived_text, readout="logratio", settings=(1.0, 0.1))
    assert (made.decoded, made.distinct) == ((16112, 16112), 170)
    assert published(archived_text, readout="logratio", bits=16, settings=(1.0, 0.1)).distinct == 253


FIGURES = [  # readout, options, smoothing, scale, bpc: write_weights6, 12, unpublished_ww14_recreated
    ("logratio", {}, 2.5, 0.1, 2.4906),
    ("fourier", {}, 0.01, 0.25, 2.4682),
    ("bayes", {}, 0.5, 0.035, 4.3898),
    ("least-squares", {}, 0.01, 16.5, 1.4535),
    ("least-squares", {"bits": 16}, 0.01, 19.0, 0.5088),
    ("least-squares", {"filled": True}, 0.01, 17.0, 1.4091),
    ("least-squares", {"filled": True, "bits": 16}, 0.01, 21.0, 0.4360),
    ("least-squares-20", {}, 0.01, 16.5, 0.9669),
]


@pytest.mark.parametrize(("readout", "options", "smoothing", "scale", "figure"), FIGURES)
def test_figures_on_the_archived_text(archived_text, readout, options, smoothing, scale, figure):
    made = published(archived_text, readout=readout, **options)
    assert (made.fitted.smoothing, made.fitted.scale) == pytest.approx((smoothing, scale), abs=1e-12)
    assert round(made.bpc(), 4) == figure
    assert made.variant == "as published: settings chosen on the positions that they are reported on"


def test_steps_from_least_squares(archived_text, golden):
    made = published(archived_text, readout="least-squares-20")
    steps = golden["write_weights12"]["newton_iters"]
    assert {k: round(made.history[int(k)], 4) for k in steps} == steps


def test_halves_on_the_archived_text(archived_text, golden):
    wanted = golden["write_weights8"]["mixed"]
    ratio = published(archived_text, readout="logratio", held_out=0.5)
    assert (ratio.train, ratio.test) == ((0, 511), (512, 1023))
    assert round(ratio.bpc(ratio.train), 4) == wanted["an_train"]
    assert round(ratio.bpc(ratio.test), 4) == round(ratio.bpc(), 4) == wanted["an_test"]
    assert "chosen on the second part" in ratio.variant
    best = published(archived_text, readout="descent", held_out=0.5)
    assert round(best.bpc(), 4) == wanted["opt_all"]
    assert round(best.bpc(best.test), 4) == wanted["opt_test"]
    assert best.variant.endswith("neither is a test")


def test_earlier_versions_with_two_codes(archived_text, golden):
    """Settings as printed; the smoothings of V2 and of the raw one follow from their values."""
    fifth = golden["write_weights5"]
    figures = [
        ("logratio", (1.0, 1.0), fifth["raw_alpha1"]),  # beyond 99 bits a symbol: probabilities are clipped
        ("logratio", (1.0, fifth["best_scale"][0]), fifth["best_scale"][1]),
        ("logratio", (0.5, fifth["V2_pmi"][0] / 2), fifth["V2_pmi"][1]),
        ("logratio", tuple(fifth["V3"][:2]), fifth["V3"][2]),
        ("logratio", (1.0, 0.0), golden["write_weights4"]["by_only"]),
        ("bayes", (0.5, 1.0), fifth["NB_temp1"]),
        ("bayes", (0.5, fifth["NB_best"][0]), fifth["NB_best"][1]),
    ]
    for readout, settings, figure in figures:
        made = published(archived_text, readout=readout, features="parity", settings=settings)
        assert round(made.bpc(), 4) == figure


@pytest.mark.slow
def test_descents_on_the_archived_text(archived_text, golden):
    best = published(archived_text, readout="descent", features="parity")
    assert (best.distinct, round(best.bpc(), 4)) == (2, golden["write_weights4"]["A_opt"])
    later = published(archived_text, readout="least-squares-500")
    assert (later.fitted.scale, round(later.bpc(), 4)) == (16.5, golden["write_weights12"]["GD_from_PI_500"])


@pytest.mark.slow
def test_the_optimum_is_below_what_descent_reaches(archived_text):
    assert published(archived_text, readout="gradient").bpc() < 0.3179  # descent on the same positions


def plain_logratio(symbols, codes, groups, stop, smoothing):
    """Counts one position at a time; the statistics of positions 0..stop-1."""
    found = np.zeros((256, groups * codes.shape[1]))
    for g in range(groups):
        for j in range(codes.shape[1]):
            counts = np.full((2, 256), smoothing)
            for t in range(g, stop):
                counts[int(codes[symbols[t - g], j]), symbols[t + 1]] += 1
            shares = counts / counts.sum(axis=1, keepdims=True)
            found[:, g * codes.shape[1] + j] = np.log(shares[1] / shares[0])
    return found


@pytest.mark.parametrize(("held_out", "stop"), [(0.0, 83), (0.5, 41)])
def test_log_ratios_and_their_choice(held_out, stop):
    made = published(TEXT, readout="logratio", groups=2, bits=3, held_out=held_out)
    alpha, scale = made.fitted.smoothing, made.fitted.scale
    raw = plain_logratio(made.symbols, made.codes, 2, stop, alpha)
    np.testing.assert_allclose(made.net.wy, scale * raw, rtol=1e-5, atol=1e-6)
    counts = np.bincount(made.symbols, minlength=256)
    np.testing.assert_allclose(made.net.by, np.log((counts + 0.5) / (84 + 128)), rtol=1e-6)
    for other in (scale - 0.05, scale + 0.05):
        options = {"groups": 2, "bits": 3, "held_out": held_out}
        again = published(TEXT, readout="logratio", settings=(alpha, other), **options)
        assert again.bpc() >= made.bpc() - 1e-9


@pytest.mark.parametrize("readout", READOUTS)
def test_every_readout_on_small_texts(readout):
    slow = readout in ("descent", "least-squares-500")
    for text in (b"abcab", b"aaaaa", bytes(range(250, 256)) * 2)[: 1 if slow else 3]:
        made = published(text, readout=readout, groups=2, bits=3)
        assert np.isfinite(made.costs).all()
        assert made.groups == 2
        assert made.net.symbols == 256
        counts = np.bincount(made.symbols, minlength=256) + 0.5
        shares = np.log2(counts / counts.sum())[made.symbols[1:]]
        assert made.bpc((0, len(text) - 1)) <= -shares.mean() + 0.3


def test_small_windows():
    assert published(b"ab", readout="logratio").bpc() is not None
    assert published(b"ab", readout="logratio").decoded == (0, 0)
    assert published(b"abcabcabcabcabcabca", readout="least-squares").bpc() is not None
    np.testing.assert_array_equal(
        hidden_values(np.ones((256, 2), bool), 3, np.zeros(0, np.int64)), np.zeros((0, 6))
    )


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"text": b"a"}, TextError, "1 symbol: logratio as published"),
        (
            {"text": b"abcabcabcabcabcabc", "readout": "descent"},
            TextError,
            "18 symbols.* expects at least 19",
        ),
        ({"readout": "backoff"}, OptionError, "expected one of logratio"),
        ({"features": "semantic"}, OptionError, "expected one of mixed"),
        ({"tanh": "fast"}, OptionError, "expected one of exact, system"),
        ({"groups": 0}, OptionError, "0 groups"),
        ({"groups": 100, "bits": 50}, OptionError, "expected at most 4096 neurons"),
        ({"held_out": 1.0}, OptionError, "less than 1"),
        ({"held_out": 0.99}, OptionError, "2 or more in each part"),
    ],
)
def test_refusals(options, error, says):
    with pytest.raises(error, match=says):
        published(**({"text": TEXT, "readout": "logratio"} | options))
