"""roles: planted bits are named, bits that know nothing are not, and every figure follows its definition."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.explain.features import features_of, numbered
from boolrnn.explain.mutual import information
from boolrnn.explain.role_evidence import (
    FEWEST,
    chosen_features,
    evidence_of,
    leading_labels,
    phi,
    verdicts,
)
from boolrnn.explain.roles import roles
from boolrnn.report.figures import write_figure
from boolrnn.report.sheets.roles import in_words
from boolrnn.report.terminal import show, to_csv

PAGE = b"<>/ab \n"


def net(wx, wh, bh, alphabet=None, outputs=None):
    """A net of these integers whose readout says nothing."""
    wx, wh, bh = (np.array(values, np.float32) for values in (wx, wh, bh))
    outputs = wx.shape[1] if outputs is None else outputs
    wy, by = np.zeros((outputs, len(bh)), np.float32), np.zeros(outputs, np.float32)
    alphabet = None if alphabet is None else np.frombuffer(alphabet, np.uint8)
    return boolrnn.Weights(wx=wx, wh=wh, bh=bh, wy=wy, by=by, alphabet=alphabet)


def latch():
    """h0 is on inside tags: set by '<', reset by '>', else kept; h1 is what h0 was one step before."""
    wx = [[30, -30, 0, 0, 0, 0, 0], [0] * 7]
    return net(wx, [[20, 0], [20, 0]], [-2, -2], PAGE)


def page(seed, elements):
    """Tags of random names among random words."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(elements):
        name = "".join(rng.choice(["a", "b"], rng.integers(1, 9)))
        words = "".join(rng.choice(["a", "b", " ", "\n"], rng.integers(0, 12)))
        parts.append(f"<{name}>{words}</{name}>")
    return "".join(parts).encode()


def delay_line(length):
    """h_k is on where the symbol k before was 1."""
    wx, wh = np.zeros((length, 2)), np.zeros((length, length))
    wx[0] = -20, 20
    wh[np.arange(1, length), np.arange(length - 1)] = 20
    return net(wx, wh, np.zeros(length))


def test_a_latch_is_named_inside_a_tag():
    weights = latch()
    text = boolrnn.to_symbols(page(1, 60), weights)
    found = roles(weights, text)
    assert found.neuron_verdict[0] == "role"
    assert found.neuron_feature[0] == "tag"
    assert found.neuron_label_name[0] == "inside a tag"
    assert found.neuron_sign[0] == 1
    assert found.neuron_accuracy[0] == found.neuron_gain[0] == 1.0
    assert found.neuron_mi[0] == pytest.approx(found.neuron_entropy[0])
    assert found.neuron_share_first[0] == found.neuron_share_second[0] == 1.0
    assert found.detector_feature[0] == "tag"
    assert found.detector_phi_second[0] == pytest.approx(1.0)
    assert in_words(found, 0) == "on inside a tag"
    assert found.neuron_accuracy[1] < 1
    assert "h0 is on inside a tag" in boolrnn.sheet(found).sentence
    table = found.to_json()["tables"][0]
    assert [row["label_name"] for row in table] == ["outside tags", "inside a tag"]
    assert table[0]["on_first"] == table[0]["on_second"] == 0
    assert table[1]["on_first"] == table[1]["n_first"] > 0


def test_a_delay_line_is_named_bit_by_bit():
    found = roles(delay_line(5), text_of(3, 600, 2), recent=6)
    assert found.neuron_feature.tolist() == ["x_t", "x_t-1", "x_t-2", "x_t-3", "x_t-4"]
    assert set(found.neuron_verdict.tolist()) == {"role"}
    assert (found.neuron_accuracy == 1).all()
    assert ((found.neuron_label == 1) == (found.neuron_sign == 1)).all()
    assert found.neuron_p_family.max() <= 0.03  # a shift by one makes it another bit of the line
    assert found.informed == 5
    assert found.feature_roles.tolist() == [1, 1, 1, 1, 1, 0, 0]


def test_a_bit_of_a_kind_of_symbol_is_named_by_the_kind_and_not_by_the_symbols():
    alphabet = b"abcABC12. "
    wx = [[-9, -9, -9, -9, -9, -9, 9, 9, -9, -9], [9 if c == ord("B") else -9 for c in alphabet]]
    weights = net(wx, np.zeros((2, 2)), [0, 0], alphabet)
    found = roles(weights, text_of(5, 900, 10))
    assert in_words(found, 0) == "on at digits"
    assert in_words(found, 1) == "on where x_t is 'B'"
    assert found.neuron_accuracy.tolist() == [1, 1]


def test_one_symbol_lost_does_not_hide_a_role():
    """A noisy copy: one fifth of the bits are wrong, on both halves."""
    rng = np.random.default_rng(0)
    symbols = text_of(1, 1001, 4)
    labels = numbered(features_of(symbols, 4))
    bits = rng.random((1000, 3)) < 0.5
    bits[:, 1] = (symbols[:-1] == 2) ^ (rng.random(1000) < 0.1)
    found = evidence_of(bits, labels, 100, 0)
    assert found.beyond.sum() == found.beyond[0, 1] == 1
    assert found.accuracy[0, 1] == pytest.approx(0.9, abs=0.04)


def test_bits_that_do_not_read_the_text_have_no_role():
    """Autonomous nets: at family-wise 5 %, two or three of fifty may be given one."""
    wrong = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        wh = rng.normal(size=(12, 12)) * 1.5
        found = roles(net(np.zeros((12, 4)), wh, rng.normal(size=12) * 0.1), text_of(seed, 400, 4))
        wrong += found.roles > 0
        assert found.informed <= found.tested
    assert wrong <= 6


def test_a_lean_that_predicts_nothing_is_no_role():
    """On at 30 % of the positions of one symbol and 2 % of the others: known, but never the better guess."""
    rng = np.random.default_rng(3)
    symbols = text_of(6, 2001, 4)
    bits = rng.random((2000, 2)) < np.where(symbols[:-1] == 1, 0.3, 0.02)[:, None]
    bits[:, 1] = symbols[:-1] == 1
    found = evidence_of(bits, numbered(features_of(symbols, 4)), 100, 0)
    assert found.beyond[0].all()
    chosen = chosen_features(found)
    assert chosen.tolist() == [0, 0]
    lead = leading_labels(found, chosen)
    assert found.labels.code[lead].tolist() == [1, 1]
    assert verdicts(found, chosen, lead).tolist() == ["not confirmed", "role"]


def test_what_holds_on_the_first_half_only_is_not_confirmed():
    symbols = text_of(2, 1001, 2)
    bits = np.stack([np.where(np.arange(1000) < 500, symbols[:-1], 1 - symbols[:-1]) == 1] * 2, axis=1)
    bits[:, 1] = symbols[:-1] == 1
    labels = numbered(features_of(symbols, 2))
    found = evidence_of(bits, labels, 100, 0)
    assert found.accuracy[0].tolist() == [0, 1]
    assert found.mi_first[0] == pytest.approx(found.mi_second[0])


def naive(bits, labels, half):
    """(accuracy, base) of one bit and one feature, position by position."""
    rest = range(half, len(bits))
    guesses = []
    for t in rest:
        like = [bits[u] for u in range(half) if labels[u] == labels[t]] or bits[:half].tolist()
        guesses.append(2 * sum(like) >= len(like))
    right = sum(g == bits[t] for g, t in zip(guesses, rest)) / len(rest)
    ones = sum(bits[t] for t in rest)
    return right, max(ones, len(rest) - ones) / len(rest)


@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(2, 5), st.integers(3, 60))
@settings(max_examples=25)
def test_every_figure_follows_its_definition(seed, hidden, symbols, length):
    weights, text = adversarial_net(seed, hidden, symbols, 200), text_of(seed, length, symbols)
    for states in ("network", "automaton"):
        found = roles(weights, text, states=states, shuffles=19)
        bits = (
            boolrnn.trace(weights, text).bits
            if states == "network"
            else boolrnn.compile(weights).run(text).states
        )
        bits, half = bits[:-1], (length - 1) // 2
        features = {f.name: f.codes for f in features_of(text, symbols)}
        assert found.half == half
        assert found.neuron_on == pytest.approx(bits.mean(axis=0))
        for i, name in enumerate(found.neuron_feature.tolist()):
            if name:
                right, base = naive(bits[:, i], features[name], half)
                assert found.neuron_accuracy[i] == pytest.approx(right)
                assert found.neuron_base[i] == pytest.approx(base)
            rarer = min(bits[:, i].sum(), (~bits[:, i]).sum())
            assert (found.neuron_verdict[i] == "constant") == (rarer == 0)
            assert (found.neuron_verdict[i] == "rare") == (0 < rarer < FEWEST)
        for k, name in enumerate(found.detector_feature.tolist()):
            if name:
                marks = features[name][:half] == found.detector_label[k]
                expected = np.corrcoef(marks, bits[:half, k])[0, 1]
                assert found.detector_phi_first[k] == pytest.approx(expected)
                side = bits[:half, k] == (expected > 0)
                balanced = (side[marks].mean() + (~side)[~marks].mean()) / 2
                assert found.detector_balanced_first[k] == pytest.approx(balanced)
                assert found.detector_n_first[k] == marks.sum()
        assert found.roles == (found.neuron_verdict == "role").sum() == found.feature_roles.sum()
        for i in np.flatnonzero(found.neuron_verdict == "role"):
            assert found.neuron_p_family[i] <= 0.05
            assert found.neuron_accuracy[i] > found.neuron_base[i]
            shares = found.neuron_share_first[i], found.neuron_share_second[i]
            assert all(np.isfinite(shares))


@given(st.integers(0, 10**6), st.integers(12, 60))
@settings(max_examples=20)
def test_phi_is_a_correlation(seed, positions):
    rng = np.random.default_rng(seed)
    symbols = rng.integers(0, 3, positions + 1)
    bits = rng.random((positions, 2)) < 0.4
    labels = numbered(features_of(symbols, 3))
    counts = evidence_of(bits, labels, 0, 0).second
    found, rest = phi(counts), slice(positions // 2, None)
    for row, (f, code) in enumerate(zip(labels.feature.tolist(), labels.code.tolist())):
        marks = labels.features[f].codes[rest] == code
        usable = min(marks.sum(), (~marks).sum()) >= FEWEST
        for i in range(2):
            if usable and 0 < bits[rest, i].sum() < len(marks):
                assert found[row, i] == pytest.approx(np.corrcoef(marks, bits[rest, i])[0, 1])
            else:
                assert np.isnan(found[row, i])


@pytest.mark.parametrize("length", [1, 2, 3, 12])
@pytest.mark.parametrize(("hidden", "symbols", "outputs"), [(1, 2, 2), (7, 256, 3), (8, 1, 1)])
def test_short_texts(tmp_path, length, hidden, symbols, outputs):
    found = roles(random_net(3, hidden, symbols, outputs), text_of(0, length, symbols))
    tree = found.to_json()
    assert tree["positions"] == length - 1
    assert tree["roles"] == 0
    assert len(tree["neurons"]) == len(tree["detectors"]) == len(tree["tables"]) == hidden
    assert {row["verdict"] for row in tree["neurons"]} <= {"untested", "constant", "rare"}
    sheet = boolrnn.sheet(found)
    show(sheet)
    for table in sheet.tables:
        to_csv(table)
    write_figure(found, tmp_path / "f.svg")


def test_without_shifts_nothing_is_tested(tmp_path):
    found = roles(delay_line(2), text_of(3, 300, 2), shuffles=0)
    assert found.roles == found.tested == found.shifts == 0
    assert set(found.neuron_verdict.tolist()) == {"untested"}
    assert found.neuron_mi.tolist() == [pytest.approx(1, abs=0.02)] * 2 or np.isnan(found.neuron_mi).all()
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.png")


def test_the_first_listed_wins_among_features_that_say_the_same():
    """A text of two kinds of symbols and two symbols: kind and symbol are the same partition."""
    weights = net([[9, -9]], [[0]], [0], b"a1")
    found = roles(weights, text_of(0, 300, 2))
    assert found.neuron_feature[0] == "class"
    assert in_words(found, 0) in ("on at lower-case letters", "off at digits")


def test_wrong_options():
    weights, text = random_net(1), text_of(0, 30, 5)
    wrong: list[dict[str, Any]] = [{"shuffles": 5}, {"shuffles": -1}, {"seed": -1}, {"recent": 0}]
    for options in [*wrong, {"features": "tag"}, {"features": ["next", "next"]}]:
        with pytest.raises(OptionError):
            roles(weights, text, **options)
    with pytest.raises(OptionError, match="states"):
        roles(weights, text, states="mine")
    with pytest.raises(TextError):
        roles(weights, np.array([7]))


def test_the_same_seed_gives_the_same_roles_and_pairs_are_in_order():
    weights, text = random_net(4, 9), text_of(4, 500, 5)
    first, again = roles(weights, text), roles(weights, text)
    assert first.to_json() == again.to_json()
    assert first.pair_neuron.tolist() == sorted(first.pair_neuron.tolist())
    assert first.pair_feature[:4].tolist() == ["x_t", "x_t-1", "x_t-2", "next"]
    assert len(first.pair_mi) == 9 * 4


def test_the_archived_pair(archived, tmp_path):
    found = roles(*archived)
    assert found.positions == 1023
    assert found.tested == 128 * 11  # brackets and wiki links do not occur
    assert found.roles > 64
    bits = boolrnn.trace(*archived).bits[:-1]
    labels = numbered(features_of(archived[1], 256))
    whole = evidence_of(bits, labels, 0, 0)
    assert (information(whole.first + whole.second).T.ravel() == found.pair_mi).all()
    detectors = next(table for table in boolrnn.sheet(found).tables if table.name == "detectors")
    assert all(row[0].startswith("h") for row in detectors.rows)
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.svg")


def test_the_embedded_pair(embedded, tmp_path):
    found = roles(*embedded)
    assert found.roles == 128
    own = roles(*embedded, states="automaton")
    assert (own.pair_mi == found.pair_mi).all()  # certified for every text
    write_figure(found, tmp_path / "f.svg")
