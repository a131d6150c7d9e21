"""construct: what a net from statistics costs on which part of the text, what is proved, what is refused."""

import dataclasses

import numpy as np
import pytest
from nets import text_of

import boolrnn
from boolrnn.cli import make
from boolrnn.errors import OptionError, TextError
from boolrnn.make.body import BODIES
from boolrnn.make.codes import mixed_hash
from boolrnn.make.construct import FITS, READOUTS

TEXT = b"<a><b>one</b><b>two</b></a>\n" * 6
CHEAP = ("logratio", "least-squares", "fourier", "gradient")


def conditional_entropy(symbols):
    """Bits of the next symbol given the one before it, by counting pairs."""
    symbols = np.asarray(symbols)
    pairs = np.zeros((256, 256))
    np.add.at(pairs, (symbols[:-1], symbols[1:]), 1)
    total, rows = pairs.sum(), pairs.sum(axis=1, keepdims=True)
    share = pairs / np.where(rows > 0, rows, 1)
    return float(-(pairs[pairs > 0] * np.log2(share[pairs > 0])).sum() / total)


@pytest.mark.parametrize(("groups", "bits"), [(1, 1), (3, 5), (16, 8), (4, 16)])
@pytest.mark.parametrize("readout", CHEAP)
def test_the_state_spells_the_last_symbols_on_every_text(readout, groups, bits):
    found = boolrnn.construct(TEXT, readout=readout, groups=groups, bits=bits)
    assert (found.level, found.form, found.outputs_level) == (
        "certified_always",
        "bit-exact",
        "certified_always",
    )
    assert found.hidden == groups * bits
    assert found.groups_decoded == found.groups_checked == groups * (len(TEXT) - 1 - groups)
    text = text_of(1, 60, found.symbols)
    codes = mixed_hash(found.alphabet, bits)
    run = boolrnn.trace(found.weights, text)
    assert set(np.unique(run.hidden)) <= {-1, 1}
    for t in range(groups, 60):
        spelled = np.concatenate([codes[text[t - g]] for g in range(groups)])
        assert (run.bits[t] == spelled).all()
    assert found.distinct_codes == len(np.unique(codes, axis=0))
    apart = [int((a != b).sum()) for k, a in enumerate(codes) for b in codes[:k]]
    assert found.least_distance == min(apart)


@pytest.mark.parametrize("features", BODIES)
def test_costs_are_those_of_the_float_program_on_each_window(features):
    """The float32 network is run on the whole text, its own way, and its costs are averaged by window."""
    readout = "backoff" if features == "contexts" else "gradient"
    found = boolrnn.construct(TEXT, features=features, readout=readout, groups=3, bits=6, held_out=0.25)
    symbols = boolrnn.to_symbols(TEXT, found.weights)
    run = boolrnn.trace(found.weights, symbols)
    assert found.split_held_out == len(TEXT) - len(TEXT) // 4 - 1
    for name, first, stop in (
        ("bpc_all", 0, None),
        ("bpc_float", 0, None),
        ("bpc_sign_dynamics", 0, None),
        ("bpc_train", 0, found.split_held_out),
        ("bpc_held_out", found.split_held_out, None),
        ("bpc_filled", 3, None),
    ):
        assert getattr(found, name) == pytest.approx(boolrnn.bpc(found.weights, run, first, stop), abs=1e-12)
    assert found.level == "certified_always"
    length = np.diff(np.append(found.block_first, len(TEXT) - 1))
    assert (found.block_bpc * length).sum() / (len(TEXT) - 1) == pytest.approx(found.bpc_all)


@pytest.mark.parametrize("readout", [name for name in READOUTS if name != "backoff"])
def test_what_is_held_out_is_not_looked_at(readout):
    """Another ending of the same length and symbols: the same net, bit for bit."""
    features = "onehot" if readout == "bayes" else "splits"
    held = int(0.25 * len(TEXT))
    other = TEXT[:-held] + bytes(reversed(TEXT[-held:]))
    assert other != TEXT
    nets = [
        boolrnn.construct(text, readout=readout, features=features, groups=2, bits=4, held_out=0.25)
        for text in (TEXT, other)
    ]
    assert nets[0].weights_sha256 == nets[1].weights_sha256
    assert nets[0].bpc_train == nets[1].bpc_train
    assert nets[0].bpc_held_out != nets[1].bpc_held_out


def test_a_markov_chain_of_three_symbols_is_learned_to_its_entropy():
    rng = np.random.default_rng(5)
    steps = np.array([[0.8, 0.15, 0.05], [0.1, 0.3, 0.6], [0.3, 0.3, 0.4]])
    symbols = [0]
    for u in rng.random(5000):
        symbols.append(int(np.searchsorted(steps[symbols[-1]].cumsum(), u)))
    text = bytes(b"xyz"[s] for s in symbols)
    found = boolrnn.construct(text, groups=1, bits=4, features="spread")
    train = conditional_entropy(symbols[: found.split_held_out + 1])
    assert found.distinct_codes == 3
    assert found.bpc_lowest == pytest.approx(train, abs=1e-12)
    assert train <= found.bpc_train < train + 1e-3
    assert found.bpc_held_out == pytest.approx(train, abs=0.1)  # another sample of the same chain
    whole = boolrnn.construct(text, groups=1, bits=4, features="spread", held_out=0.0, l2=0.0)
    assert whole.bpc_all == pytest.approx(conditional_entropy(symbols), abs=1e-6)
    assert whole.optimality_gap < 1e-6


def test_published_values_on_the_archived_text(seed_folder):
    data = (seed_folder / "enwik_1024.txt").read_bytes()

    def published(**options):
        return boolrnn.construct(data, as_published=True, **options)

    ratio = published(readout="logratio")
    assert (ratio.smoothing, ratio.scale) == (2.5, 0.1)
    assert round(ratio.bpc_all, 4) == 2.4906
    assert (ratio.groups_decoded, ratio.groups_checked, ratio.distinct_codes) == (16112, 16112, 170)
    small, large = (published(readout="least-squares", bits=bits) for bits in (8, 16))
    assert (round(small.bpc_all, 4), round(small.bpc_filled, 4)) == (1.4535, 1.4091)
    assert (round(large.bpc_all, 4), round(large.bpc_filled, 4)) == (0.5088, 0.4360)
    assert large.distinct_codes == 253
    assert (small.scale, small.scale_filled) == (16.5, 17.0)
    halves = published(readout="logratio", held_out=0.5)
    assert (round(halves.bpc_train, 4), round(halves.bpc_held_out, 4)) == (2.0486, 2.9591)


def test_the_optimum_of_the_convex_readout_on_the_archived_text(seed_folder):
    """1,000 epochs of descent reach .3734; what follows each state leaves .0568, and Newton gets there."""
    data = (seed_folder / "enwik_1024.txt").read_bytes()
    best = boolrnn.construct(data, held_out=0.0, l2=0.0)
    assert best.bpc_all < 0.06
    assert best.bpc_all - best.bpc_lowest <= best.optimality_gap + 1e-12 < 1e-6
    assert best.iterations < 50


@pytest.mark.parametrize("features", ["contexts", "onehot", "mixed"])
def test_the_gap_is_that_of_the_net_that_is_written(features):
    """Rounding the readout so that outputs are exact sums costs something; it is in the gap."""
    text = bytes(text_of(3, 900, 20))
    found = boolrnn.construct(text, features=features, groups=6, bits=20, held_out=0.0, l2=0.0)
    run = boolrnn.trace(found.weights, boolrnn.to_symbols(text, found.weights))
    assert boolrnn.bpc(found.weights, run) <= found.bpc_lowest + found.optimality_gap + 1e-12


def test_it_is_said_what_chose_the_settings():
    said = {}
    for name, options in {
        "chosen": {},
        "given": {"l2": 0.01},
        "none": {"readout": "least-squares-20"},
        "default": {"validation": 0.0},
        "fitted": {"validation": 0.0, "readout": "logratio"},
    }.items():
        found = boolrnn.construct(TEXT, groups=2, bits=3, **options)
        said[name] = (found.variant.split(";")[0], found.split_validation is not None)
    assert said == {
        "chosen": ("settings chosen on the validation part", True),
        "given": ("fitted to all that is not held out", False),
        "none": ("fitted to all that is not held out", False),
        "default": ("no validation part: l2 is the default", False),
        "fitted": ("settings chosen on the positions that are fitted", False),
    }


def test_a_budget_that_ends_the_choice_is_said_to():
    text = bytes(text_of(3, 4000, 30))
    found = boolrnn.construct(text, budget=1e-3)
    assert found.undecided
    assert "the budget ended the choice of l2: 1 of 15" in found.warning
    assert not boolrnn.construct(TEXT, groups=2, bits=2, budget=60.0).undecided


def test_better_readouts_predict_better():
    scores = [
        boolrnn.construct(TEXT, readout=name, held_out=0.0, l2=0.0 if name == "gradient" else None).bpc_float
        for name in ("logratio", "least-squares", "gradient")
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.1


@pytest.mark.parametrize("features", BODIES)
@pytest.mark.parametrize("text", [b"aaaa", b"ab", b"abc\x00\xff" * 3])
def test_small_and_strange_texts(features, text):
    found = boolrnn.construct(text, features=features, groups=2, bits=2)
    assert found.level == "certified_always"
    assert found.symbols == len(set(text))
    assert (found.bpc_held_out is None) == (len(text) < 10)
    if len(set(text)) == 1:
        assert found.bpc_float == pytest.approx(0, abs=1e-3)


def test_an_alphabet_may_have_more_symbols_than_the_text():
    wide = boolrnn.construct(b"abab", alphabet=np.frombuffer(b"abc", np.uint8), groups=2, bits=3)
    assert bytes(wide.alphabet) == b"abc"
    assert np.isfinite(wide.bpc_float)


def test_the_net_that_is_written_gives_the_figures(tmp_path):
    found = boolrnn.construct(TEXT, groups=4, bits=5)
    found.write(tmp_path / "r.npz")
    again = boolrnn.read_weights(tmp_path / "r.npz")
    assert again.sha256() == found.weights_sha256
    run = boolrnn.trace(again, boolrnn.to_symbols(TEXT, again))
    assert boolrnn.bpc(again, run) == pytest.approx(found.bpc_all, abs=1e-12)
    fields = found.to_json()
    assert {"all", "train", "held_out"} <= set(fields["bpc"])
    assert {"distinct_codes", "optimality_gap"} <= set(fields)
    assert dataclasses.replace(found, seconds=1.0).seconds == 1


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"text": b""}, TextError, "empty text"),
        ({"text": b"a"}, TextError, "nothing is predicted"),
        ({"readout": "guess"}, OptionError, "expected one of logratio"),
        ({"features": "guess"}, OptionError, "expected one of mixed"),
        ({"readout": "backoff"}, OptionError, "expected features contexts"),
        ({"readout": "bayes"}, OptionError, "onehot"),
        ({"groups": 0}, OptionError, "0 groups"),
        ({"groups": 100, "bits": 100}, OptionError, "at most 4096"),
        ({"groups": 4096, "bits": 1, "features": "onehot"}, OptionError, "at most 4,096"),
        ({"held_out": 1.0}, OptionError, "held-out 1"),
        ({"held_out": -0.5}, OptionError, "expected a share"),
        ({"validation": float("nan")}, OptionError, "expected a share"),
        ({"l2": -1.0}, OptionError, "expected a number of 0 to"),
        ({"l2": 0.1, "readout": "logratio"}, OptionError, "readout gradient alone"),
        ({"features": "semantic", "bits": 17}, OptionError, "at most 16"),
        ({"features": "value", "bits": 9}, OptionError, "at most 8"),
        ({"seed": -1}, OptionError, "seed -1"),
        ({"budget": float("nan")}, OptionError, "budget nan"),
        ({"as_published": True, "validation": 0.5}, OptionError, "validation"),
        ({"as_published": True, "held_out": 0.5}, OptionError, "gradient is fitted to all of it"),
        ({"as_published": True, "readout": "backoff", "features": "contexts"}, OptionError, "expected"),
        ({"as_published": True, "text": b"a", "readout": "logratio"}, TextError, "expects at least 2"),
        ({"alphabet": np.frombuffer(b"<>", np.uint8)}, TextError, "0x61 at offset 1"),
    ],
)
def test_refusals(options, error, says):
    with pytest.raises(error, match=says):
        boolrnn.construct(**({"text": TEXT} | options))


def test_every_readout_has_a_name_in_the_command():
    assert (*FITS, "backoff") == READOUTS == make.READOUTS
    assert make.FEATURES == BODIES
