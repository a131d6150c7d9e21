"""Statistics of a text: each is the loop that its definition reads as."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of

from boolrnn import Weights, trace
from boolrnn.errors import OptionError, TextError, WeightsError
from boolrnn.explain import statistics
from boolrnn.explain.statistics import observe, pearson, pearson_rows

CASES = st.tuples(
    st.integers(0, 10**6),
    st.sampled_from([(1, 2), (1, 1), (2, 2), (3, 3), (5, 2), (6, 12), (9, 4)]),
    st.sampled_from([1, 2, 3, 7, 30, 120]),
)


def case(seed, size, length):
    net = random_net(seed, *size)
    return net, text_of(seed, length, size[1])


def run_of(net, symbols):
    """Symbols, hidden values and signs as lists, and the number of positions that predict."""
    run = trace(net, symbols)
    hidden = run.hidden.astype(np.float64)
    return symbols.tolist(), hidden, run.z >= 0, len(symbols) - 1


def naive_agreement(net, symbols):
    _, _, bits, p = run_of(net, symbols)
    found = np.zeros((net.hidden, net.hidden))
    for i in range(net.hidden):
        for j in range(net.hidden):
            agree = sum(bits[t, j] == bits[t + 1, i] for t in range(p - 1))
            found[i, j] = 2 * agree / (p - 1) - 1 if p > 1 else 0
    return found


def naive_influence(net, symbols):
    x, hidden, _, p = run_of(net, symbols)
    at = sorted({k * (p - 1) // 50 for k in range(50)}) if p > 1 else []
    sign, found = naive_agreement(net, symbols), np.zeros((net.hidden, net.hidden))
    for i in range(net.hidden):
        for j in range(net.hidden):
            for t in at:
                drive = float(net.bh[i]) + float(net.wx[i, x[t + 1]])
                z = drive + sum(float(net.wh[i, k]) * hidden[t, k] for k in range(net.hidden))
                other = drive + sum(
                    float(net.wh[i, k]) * (-hidden[t, k] if k == j else hidden[t, k])
                    for k in range(net.hidden)
                )
                found[i, j] += ((z >= 0) != (other >= 0)) / len(at)
    return np.where(sign >= 0, found, -found)


def naive_hebbian_wh(net, symbols):
    _, hidden, _, p = run_of(net, symbols)
    m = [sum(hidden[t, j] for t in range(p)) / max(p, 1) for j in range(net.hidden)]
    found = np.zeros((net.hidden, net.hidden))
    for i in range(net.hidden):
        for j in range(net.hidden):
            total = sum((hidden[t, j] - m[j]) * (hidden[t + 1, i] - m[i]) for t in range(p - 1))
            found[i, j] = total / (p - 1) if p > 1 else 0
    return found


def naive_pmi(net, symbols, as_coded):
    x, v = symbols.tolist(), net.symbols
    found = np.zeros((net.hidden, v))
    few = min(5, v if as_coded else v // 2)
    for j in range(net.hidden):
        order = sorted(range(v), key=lambda o: (-net.wy[o, j], o))
        slots = order[:few] + (list(range(v - few, v)) if as_coded else order[v - few :])
        for a in range(v):
            for o in slots:
                n = sum(x[t] == a and x[t + 1] == o for t in range(len(x) - 1))
                if n:
                    expected = (x.count(a) / len(x)) * (x.count(o) / len(x))
                    found[j, a] += float(net.wy[o, j]) * math.log2(n / (len(x) - 1) / expected)
    return found


def naive_log_ratio(net, symbols, shift, counted, total, still_zero=False):
    """Symbols `shift` later given the bit, over positions `counted`, n over positions `total`; 0 for a bit
    that stays the same where so asked."""
    x, _, bits, _ = run_of(net, symbols)
    found, v = np.zeros((net.symbols, net.hidden)), net.symbols
    for o in range(v):
        for j in range(net.hidden):
            c = [sum(x[t + shift] == o and bits[t, j] == b for t in range(counted)) for b in (1, 0)]
            n = [sum(bits[t, j] == b for t in range(total)) for b in (1, 0)]
            ratio = [math.log((c[k] + 0.5) / (n[k] + 0.5 * v)) for k in (0, 1)]
            found[o, j] = 0 if still_zero and 0 in n else ratio[0] - ratio[1]
    return found


def naive_shift(net, symbols, shift, stop):
    x, hidden, _, p = run_of(net, symbols)
    found = np.zeros((net.symbols, net.hidden))
    for o in range(net.symbols):
        at = [t for t in range(stop) if x[t + shift] == o]
        for j in range(net.hidden):
            if at:
                mean = sum(hidden[t, j] for t in range(p)) / p
                found[o, j] = sum(hidden[t, j] for t in at) / len(at) - mean
    return found


def near(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@settings(max_examples=15)
@given(CASES)
def test_statistics_of_wh_are_their_definitions(drawn):
    net, symbols = case(*drawn)
    o = observe(net, symbols)
    near(statistics.sign_correlation(o), naive_agreement(net, symbols))
    near(statistics.boolean_influence(o), naive_influence(net, symbols))
    near(statistics.hebbian_wh(o), naive_hebbian_wh(net, symbols))


@settings(max_examples=15)
@given(CASES)
def test_statistics_of_wx_and_wy_are_their_definitions(drawn):
    net, symbols = case(*drawn)
    o, p = observe(net, symbols), len(symbols) - 1
    q = max(p - 1, 0)
    for as_coded in (False, True):
        near(statistics.pmi_wx(o, as_coded), naive_pmi(net, symbols, as_coded))
    near(statistics.sign_conditioned_wx(o), naive_log_ratio(net, symbols, 0, p, p, True).T)
    near(statistics.sign_conditioned_wx(o, published=True), naive_log_ratio(net, symbols, 0, p, q).T)
    near(statistics.sign_split_wy(o), naive_log_ratio(net, symbols, 1, p, p, True))
    near(statistics.sign_split_wy(o, published=True), naive_log_ratio(net, symbols, 1, q, q))
    near(statistics.hebbian_wx(o), naive_shift(net, symbols, 0, p).T)
    near(statistics.hebbian_wy(o), naive_shift(net, symbols, 1, p))
    near(statistics.hebbian_wy(o, published=True), naive_shift(net, symbols, 1, q))


@settings(max_examples=25)
@given(CASES)
def test_statistics_of_biases_are_their_definitions(drawn):
    net, symbols = case(*drawn)
    o, (x, _, bits, p) = observe(net, symbols), run_of(net, symbols)
    odds, rough = statistics.log_odds_bh(o), statistics.log_odds_bh(o, published=True)
    for j in range(net.hidden):
        c = sum(bits[t, j] for t in range(p))
        assert odds[j] == pytest.approx(math.log((c + 0.5) / (p - c + 0.5)))
        f = c / max(p, 1)
        assert rough[j] == pytest.approx(math.log(f / (1 - f + 1e-6)) if c else -math.inf)
    share, published = statistics.log_share_by(o), statistics.log_share_by(o, published=True)
    for s in range(net.symbols):
        assert share[s] == pytest.approx(math.log((x[1:].count(s) + 0.5) / (p + 0.5 * net.symbols)))
        assert published[s] == pytest.approx(math.log((x[:-1].count(s) + 0.5) / (p + 1 + 0.5 * net.symbols)))
    assert np.exp(share).sum() == pytest.approx(1)


def test_blocks_of_positions_add_up(monkeypatch):
    net, symbols = case(3, (6, 4), 120)
    names = ("sign_correlation", "hebbian_wh", "hebbian_wx", "hebbian_wy", "sign_split_wy")
    whole = [getattr(statistics, name)(observe(net, symbols)) for name in names]
    monkeypatch.setattr(statistics, "_BLOCK", 7)
    for name, expected in zip(names, whole, strict=True):
        near(getattr(statistics, name)(observe(net, symbols)), expected)


def test_negating_is_seen_where_it_alone_decides():
    """Neuron 0 carries the symbol, neuron 1 copies neuron 0 and hears nothing else."""
    net = Weights(
        wx=np.array([[-3, 3], [0, 0]], np.float32),
        wh=np.array([[0, 0], [2, 0]], np.float32),
        bh=np.zeros(2, np.float32),
        wy=np.zeros((2, 2), np.float32),
        by=np.zeros(2, np.float32),
    )
    o = observe(net, text_of(0, 200, 2))
    assert statistics.boolean_influence(o).tolist() == [[0, 0], [1, 0]]
    assert statistics.sign_correlation(o)[1, 0] == 1


def test_outputs_that_are_no_symbols_are_refused():
    o = observe(random_net(1, 4, 5, outputs=3), text_of(1, 20, 5))
    for name in ("pmi_wx", "sign_split_wy", "hebbian_wy", "log_share_by"):
        with pytest.raises(WeightsError, match="O = 3 outputs for V = 5 symbols"):
            getattr(statistics, name)(o)
    assert statistics.sign_conditioned_wx(o).shape == (4, 5)


def test_bad_input_is_refused():
    with pytest.raises(TextError, match="outside 0..4"):
        observe(random_net(1), np.array([9]))
    with pytest.raises(OptionError, match="tanh"):
        observe(random_net(1), np.array([0]), tanh="fast")


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 5, 8]), st.sampled_from([2, 30, 277]))
def test_weights_of_any_size_give_numbers(seed, hidden, spread):
    """No warning, and finite numbers: sums in float64 do not overflow."""
    net, symbols = adversarial_net(seed, hidden, 3, spread), text_of(seed, 40, 3)
    o = observe(net, symbols, arithmetic="float64")
    for name in ("sign_correlation", "boolean_influence", "hebbian_wh", "sign_conditioned_wx", "hebbian_wx"):
        assert np.isfinite(getattr(statistics, name)(o)).all()
    for name in ("pmi_wx", "sign_split_wy", "hebbian_wy", "log_odds_bh", "log_share_by"):
        assert np.isfinite(getattr(statistics, name)(o)).all()


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([5, 40]), st.sampled_from([1.0, 1e3, 1e30]))
def test_pearson_is_numpys(seed, size, scale):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 3, size)) * scale
    assert pearson(a, b) == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    expected = [np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)]
    assert pearson_rows(a, b).tolist() == pytest.approx(expected)


def test_pearson_needs_variance():
    a, flat, broken = np.arange(4.0), np.ones(4), np.array([0, np.nan, 1, 2])
    assert np.isnan(pearson(a, flat))
    assert pearson(a, flat, published=True) == 0
    assert pearson(a, 1e-6 * a, published=True) == 0
    assert np.isnan(pearson(a, broken, published=True))
    assert np.isnan(pearson(np.zeros(0), np.zeros(0)))
    rows = np.array([a, flat, broken, -a])
    found = pearson_rows(rows, np.array([a] * 4))
    assert np.isnan(found).tolist() == [False, True, True, False]
    assert found[[0, 3]].tolist() == pytest.approx([1, -1])
    assert pearson_rows(rows, np.array([a] * 4), published=True)[1] == 0
