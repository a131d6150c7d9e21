"""substitute: every row is a run of a net built by plain loops, the published tables, short texts."""

import dataclasses
import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

from boolrnn import Weights, bpc, compile
from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain.ablated import CLIP
from boolrnn.explain.substitute import TRAINED, substitute
from boolrnn.explain.substituted import MATRICES
from boolrnn.make.optimum import minimise
from boolrnn.model.rnn import surprisal, trace
from boolrnn.report.figures import draw
from boolrnn.report.sheets import sheet

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published programs used its tanhf")
SIZES = st.sampled_from([(1, 2), (1, 1), (2, 3), (4, 5), (6, 2)])
SHARES = (0.0, 0.3, 1.0, 1.5)


def naive_log_ratio(counts, sums, kinds):
    """counts[sign][symbol, j], sums[sign][j]."""
    plus, minus = (np.log((counts[s] + 0.5) / (sums[s] + kinds / 2)) for s in (1, 0))
    return plus - minus


def naive_statistics(net, text, arithmetic, published):
    """Both families by loops over positions, unscaled."""
    run = trace(net, text, arithmetic=arithmetic)
    size, kinds, hidden = len(text), net.symbols, net.hidden
    last = size - 1  # P
    values, bits = run.hidden[:last].astype(float), (run.z[:last] >= 0).astype(int)
    middle = values.sum(axis=0) / max(last, 1)
    covariance, agreement = np.zeros((2, hidden, hidden))
    for t in range(last - 1):
        covariance += np.outer(values[t + 1] - middle, values[t] - middle)
        agreement += np.equal.outer(bits[t + 1], bits[t])
    pairs = max(last - 1, 1)
    shift = np.zeros((2, kinds, hidden))  # of the symbol read, of the next
    counts = np.zeros((2, 2, kinds, hidden))  # [next?][sign]
    for after, stop in ((0, last), (1, last - 1 if published else last)):
        for x in range(kinds):
            at = [t for t in range(stop) if text[t + after] == x]
            if at:
                shift[after, x] = values[at].mean(axis=0) - middle
        for t in range(stop):
            for j in range(hidden):
                counts[after, bits[t, j], text[t + after], j] += 1
    sums = np.array([(bits == s).sum(axis=0) for s in (0, 1)])
    on = bits.sum(axis=0)
    with np.errstate(all="ignore"):
        share = on / max(last, 1)
        odds = np.log(share / (1 - share + 1e-6)) if published else np.log((on + 0.5) / (last - on + 0.5))
    read, follow, every = (np.bincount(part, minlength=kinds) for part in (text[:-1], text[1:], text))
    if published:
        shares = [np.log((each + 0.5) / (size + kinds / 2)) for each in (read, every)]
    else:
        shares = [np.log(follow + 0.5) - np.log(follow + 0.5).mean()] * 2
    ratios = [naive_log_ratio(counts[after], sums, kinds) for after in (0, 1)]
    if published:
        ratios = [np.clip(each, -2, 2) for each in ratios]
    else:  # a neuron whose bit never changes compares nothing
        ratios = [each * ((on > 0) & (on < last)) for each in ratios]
    correlation = 2 * agreement / pairs - 1
    first = {"wh": covariance / pairs, "wx": shift[0].T, "wy": shift[1], "bh": odds, "by": shares[0]}
    second = {"wh": correlation, "wx": ratios[0].T, "wy": ratios[1], "bh": odds, "by": shares[1]}
    return first, second


def naive_nets(net, text, arithmetic, published, alphas):
    """(what, alpha) -> net, or None where a weight is not finite."""
    fixed = [{"bh": 5, "by": 1}, {"wh": 4, "wx": 15, "wy": 0.5, "bh": 5, "by": 1}]
    made = []
    for family, constants in zip(naive_statistics(net, text, arithmetic, published), fixed):
        tensors = {}
        for name, values in family.items():
            values = np.where(abs(values) < 1e-12, 0.0, values)  # the rounding of what is exactly 0
            square, trained = (values**2).sum(), getattr(net, name).astype(float)
            if published and name in constants:
                scale = constants[name]
            else:
                scale = (trained * values).sum() / square if square else 0.0
            tensors[name] = (scale * values).astype(np.float32)
        made.append(tensors)

    def mixed(names, tensors, alpha):
        if alpha == 1:
            return net
        with np.errstate(all="ignore"):
            parts = {
                name: (alpha * getattr(net, name).astype(float) + (1 - alpha) * tensors[name].astype(float))
                for name in names
            }
        parts = {name: part.astype(np.float32) for name, part in parts.items()}
        if not all(np.isfinite(part).all() for part in parts.values()):
            return None
        return dataclasses.replace(net, **parts)

    nets = {(TRAINED, 1.0): net}
    for what in (*MATRICES, "all"):
        for alpha in alphas:
            nets[what, alpha] = mixed(MATRICES if what == "all" else (what,), made[0], alpha)
    for name in ("wh", "wx", "wy"):
        nets[f"sign-conditioned {name}", 0.0] = mixed((name,), made[1], 0.0)
    nets["sign-conditioned", 0.0] = mixed(MATRICES, made[1], 0.0)
    return nets


def scored(net, text, arithmetic, published=False):
    if net is None or len(text) < 2:
        return np.nan
    hidden = trace(net, text[:-1], arithmetic=arithmetic).hidden
    return np.minimum(surprisal(net, hidden, text[1:]), CLIP if published else np.inf).mean()


def near(a, b, tolerance=1e-5):
    return a == pytest.approx(b, rel=tolerance, abs=tolerance, nan_ok=True)


@settings(max_examples=12)
@given(st.integers(0, 10**6), SIZES, st.integers(1, 14), st.booleans(), st.sampled_from([0.3, 1.0, 3.0]))
def test_every_row_is_a_run_of_its_net(seed, size, length, published, scale):
    net, text = random_net(seed, *size, scale=scale), text_of(seed, length, size[1])
    found = substitute(net, text, alphas=SHARES, optimise=False, as_published=published)
    columns = [found.bpc, found.bpc64]
    for arithmetic, column in zip(("float32", "float64"), columns):
        nets = naive_nets(net, text, arithmetic, published, SHARES)
        assert list(zip(found.what.tolist(), found.alpha.tolist())) == list(nets)
        for (what, alpha), other, cost in zip(nets, nets.values(), column.tolist()):
            assert near(cost, scored(other, text, arithmetic, published)), (what, alpha)
    both = np.isfinite(found.bpc) & np.isfinite(found.bpc64)
    assert found.stable[both].tolist() == (np.abs(found.bpc - found.bpc64)[both] <= 1e-4).tolist()
    assert near(found.change[0], 0.0 if length > 1 else np.nan)


def test_alpha_1_is_the_trained_net_exactly():
    net, text = random_net(3, 9, 4), text_of(3, 200, 4)
    found = substitute(net, text, alphas=[0.25, 1.0], optimise=False)
    assert found.baseline == pytest.approx(bpc(net, trace(net, text)), rel=1e-13)
    ones = found.alpha == 1
    assert ones.sum() == 7
    assert set(found.bpc[ones].tolist()) == {found.baseline}
    assert set(found.bpc64[ones].tolist()) == {found.baseline64}
    assert not found.change[ones].any()


def test_in_blocks_all_is_the_same(monkeypatch):
    net, text = random_net(2, 13, 6), text_of(2, 90, 6)
    plain = substitute(net, text, alphas=[0.0, 0.5], optimise=False)
    monkeypatch.setattr("boolrnn.explain.substituted._BLOCK", 17)
    monkeypatch.setattr("boolrnn.explain.substituted._AT_ONCE", 3)
    again = substitute(net, text, alphas=[0.0, 0.5], optimise=False)
    assert again.bpc == pytest.approx(plain.bpc, rel=1e-12)
    assert near(again.bpc64, plain.bpc64, 1e-4)


def test_what_improves_is_counted():
    noisy = random_net(0, 8, 3)
    noisy = dataclasses.replace(noisy, wy=noisy.wy * 9)
    text = text_of(0, 120, 3)
    found = substitute(noisy, text, alphas=[0.0, 0.5, 1.0, 1.1], optimise=False)
    mixed = found.alpha < 1
    assert (found.bpc[found.alpha > 1] < found.baseline).any()  # not counted: nothing was replaced
    better = mixed & (found.bpc < found.baseline) & (found.bpc64 < found.baseline64)
    assert found.compared == mixed.sum() == 16
    assert found.improving == better.sum() > 0
    best = np.flatnonzero(mixed)[found.bpc[mixed].argmin()]
    assert (found.best_what, found.best_alpha, found.best_bpc) == (
        found.what[best],
        found.alpha[best],
        found.bpc[best],
    )
    calm = substitute(noisy, text, alphas=[1.0], optimise=False)
    assert calm.compared == 4
    assert calm.best_what in found.what[-4:]


def test_what_is_0_but_for_rounding_stays_0():
    net = random_net(4, 9, 3)
    found = substitute(net, np.ones(41, np.int64), alphas=[0.0, 1.0], optimise=False)  # one symbol: no shift
    assert (found.hebbian_wx, found.hebbian_wy) == (0, 0)
    silent = dataclasses.replace(net, wy=np.zeros_like(net.wy))
    assert near(
        found.bpc[(found.what == "wy") & (found.alpha == 0)][0],
        bpc(silent, trace(silent, np.ones(41, np.int64))),
    )


def plain_descent(features, targets, wy, by):
    """The published descent, one output and position at a time."""
    wy, by, rate = wy.astype(float), by.astype(float), 0.5
    for epoch in range(500):
        slope, level = np.zeros_like(wy), np.zeros_like(by)
        for row, wanted in zip(features, targets):
            scores = wy @ row + by
            error = np.exp(scores - scores.max())
            error /= error.sum()
            error[wanted] -= 1
            slope += np.outer(error, row)
            level += error
        wy -= rate * slope / len(targets)
        by -= rate * level / len(targets)
        rate *= 0.3 if epoch in (200, 350) else 1
    return wy.astype(np.float32), by.astype(np.float32)


def test_readouts_by_the_published_descent():
    net, text = random_net(1, 3, 4, scale=0.5), text_of(5, 14, 4)  # every bit changes: log odds are finite
    found = substitute(net, text, alphas=[0.0], as_published=True)
    nets = naive_nets(net, text, "float32", True, [0.0])
    by_name = dict(zip(found.what.tolist(), found.bpc.tolist()))
    assert list(by_name)[-3:] == [
        "hebbian, wy optimised",
        "sign-conditioned, wy optimised",
        "signs, wy optimised",
    ]
    zero = np.zeros_like(net.wy)
    for what, made, start in (
        ("hebbian", nets["all", 0.0], None),
        ("sign-conditioned", nets["sign-conditioned", 0.0], None),
        ("signs", net, zero),
    ):
        features = trace(made, text[:-1]).hidden.astype(float)
        if what == "signs":
            features = np.where(features >= 0, 1.0, -1.0)
        readout = plain_descent(features[:-1], text[1:-1], made.wy if start is None else start, made.by)
        fitted = dataclasses.replace(made, wy=readout[0], by=readout[1])
        assert near(by_name[f"{what}, wy optimised"], surprisal(fitted, features, text[1:]).mean())
    assert np.isnan(found.gap).all()
    assert "500 full-batch epochs" in found.optimiser


def test_readouts_by_their_optimum():
    net, text = random_net(6, 4, 3), text_of(6, 60, 3)
    found = substitute(net, text, alphas=[0.0, 1.0])
    rows = dict(zip(found.what.tolist(), zip(found.bpc.tolist(), found.gap.tolist())))
    fitted = [name for name in rows if name.endswith("optimised")]
    assert fitted == [
        "hebbian, wy optimised",
        "sign-conditioned, wy optimised",
        "signs, wy optimised",
        "trained, wy optimised",
    ]
    assert all(0 <= rows[name][1] < 1e-4 for name in fitted)
    assert np.isnan(rows["wh"][1])
    assert rows["trained, wy optimised"][0] < found.baseline
    best = found.bpc[(found.what == "all") & (found.alpha == 0)][0]
    assert rows["hebbian, wy optimised"][0] < best
    signs = np.where(trace(net, text[:-1]).bits, 1.0, -1.0)
    assert rows["signs, wy optimised"][0] == pytest.approx(
        minimise(signs, text[1:], 3, l2=1e-6).cost, abs=1e-4
    )
    followed = {}  # signs: no readout is below the entropy of what follows each state
    for state, after in zip(map(bytes, trace(net, text[:-1]).bits), text[1:].tolist()):
        followed.setdefault(state, []).append(after)
    bits = [-np.log2(part.count(x) / len(part)) for part in followed.values() for x in part]
    assert rows["signs, wy optimised"][0] >= sum(bits) / 59 - 1e-6


def check_published(found, golden, golden2, exact):
    digits = 6e-5 if exact else 2e-4  # printed digits; without that tanhf a stable row may move by 1e-4
    rows = {key: k for k, key in enumerate(zip(found.what.tolist(), found.alpha.tolist()))}

    def check(what, alpha, value):
        k = rows.get((what, alpha))
        if k is not None and (exact or found.stable[k]):
            assert found.bpc[k] == pytest.approx(value, abs=digits), (what, alpha)

    for alpha, *values in golden["blend[alpha_trained,Wh,Wx,Wy]"]:
        for what, value in zip(("wh", "wx", "wy"), values):
            check(what, alpha, value)
    check("bh", 0.0, golden["replace"]["bh"])
    check("all", 0.0, golden["hebbian_all"])
    check("sign-conditioned", 0.0, golden2["constructed_all"])
    for name in ("wh", "wx", "wy"):
        check(f"sign-conditioned {name}", 0.0, golden2["trained+constructed"][name.capitalize()])
        scale = getattr(found, f"hebbian_{name}")
        assert round(scale, 2) == golden["scales"][name.capitalize()]
    assert found.stable[found.what == "wy"].all()
    assert found.stable[[rows["wh", 0.0], rows["bh", 0.0], rows["all", 0.0]]].all()
    assert not found.stable[rows["wx", 0.5]]


def test_the_published_tables(archived, golden):
    found = substitute(*archived, alphas=[0.0, 0.5], as_published=True, optimise=False)
    check_published(found, golden["write_weights3"], golden["write_weights2"], exact=False)
    assert (found.compared, found.improving) == (16, 0)


@pytest.mark.slow
@GLIBC
def test_with_this_tanhf_the_published_tables_digit_by_digit(archived, golden):
    found = substitute(*archived, as_published=True, tanh="system")
    assert found.arithmetic == "float32, system tanh"
    first, second = golden["write_weights3"], golden["write_weights2"]
    check_published(found, first, second, exact=True)
    assert (found.compared, found.improving) == (52, 0)  # nothing improves on the trained net
    fitted = dict(zip(found.what.tolist(), found.bpc.tolist()))
    # its steps overshoot: a readout moved by 1e-15 at the start ends some 5e-4 bits away
    assert fitted["hebbian, wy optimised"] == pytest.approx(first["hebbian_dyn+optWy"], abs=2e-3)
    assert fitted["sign-conditioned, wy optimised"] == pytest.approx(second["constructed+optWy"], abs=6e-5)
    assert fitted["signs, wy optimised"] == pytest.approx(second["trained_dyn+sign_readout+optWy"], abs=6e-5)


@pytest.mark.slow
def test_the_archived_net_against_its_optima(archived):
    found = substitute(*archived)
    fitted = np.array([name.endswith("optimised") for name in found.what])
    assert (found.gap[fitted] < 1e-3).all()
    rows = dict(zip(found.what.tolist(), found.bpc.tolist()))
    assert rows["trained, wy optimised"] < 0.01
    assert rows["hebbian, wy optimised"] > found.baseline


def test_alphas_are_merged_and_sorted():
    found = substitute(random_net(1), text_of(1, 30, 5), alphas=[2.0, 0.5, 0.5, -0.0, 0.0], optimise=False)
    assert found.alpha[found.what == "wx"].tolist() == [0.0, 0.5, 2.0]
    assert found.optimiser is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"alphas": []}, "at least one"),
        ({"alphas": [0.5, np.nan]}, "finite"),
        ({"alphas": [np.inf]}, "finite"),
        ({"tanh": "other"}, "tanh"),
    ],
)
def test_bad_options_are_refused_in_one_line(options, words):
    with pytest.raises(OptionError, match=words) as caught:
        substitute(random_net(1), text_of(1, 20, 5), **options)
    assert "\n" not in str(caught.value)


def test_other_outputs_are_refused():
    with pytest.raises(WeightsError, match=r"substitute needs .*O = V") as caught:
        substitute(random_net(1, 6, 4, outputs=2), text_of(1, 30, 4))
    assert "\n" not in str(caught.value)


def loud(seed=1):
    big = np.float32(3e38)
    wide = random_net(seed)
    wx = np.where(wide.wx > 0, big, -big).astype(np.float32)
    return Weights(wx=wx, wh=np.full((7, 7), big), bh=wide.bh, wy=wide.wy, by=wide.by)


@pytest.mark.parametrize("length", [1, 2, 9])
@pytest.mark.parametrize("as_published", [False, True])
def test_short_texts_and_overflow_have_sheets_and_figures(length, as_published):
    nets = (loud(), random_net(1, 1, 2), random_net(1, 3, 1), random_net(1, scale=0.0), hardened_net(1, 6))
    for net in (*nets, adversarial_net(2, 5, 3, 250)):
        text = text_of(1, length, net.symbols)
        found = substitute(net, text, alphas=[0.0, 1.0, 1e300], as_published=as_published)
        assert length > 1 or (found.baseline is None and np.isnan(found.bpc).all())
        assert not np.isinf(found.bpc).any()
        huge = (found.alpha > 2) & np.isin(found.what, ["wx", "all"])
        assert net.wx.max() == 0 or np.isnan(found.bpc[huge]).all()  # those weights overflow
        assert sheet(found).sentence
        assert [list(table.rows) for table in sheet(found).tables]
        if length == 2:
            draw(found)


def test_json_names_and_the_automaton():
    net, text = random_net(1), text_of(1, 40, 5)
    found = substitute(compile(net), text, alphas=[0.5]).to_json()
    assert found == substitute(net, text, alphas=[0.5]).to_json()
    row = {"what", "alpha", "bpc", "bpc_float64", "change", "stable", "gap"}
    assert all(set(each) == row for each in found["rows"])
    assert set(found["scales"]["hebbian"]) == set(found["scales"]["sign_conditioned"]) == set(MATRICES)
    assert {"baseline", "baseline_float64", "compared", "improving", "best", "optimiser"} <= set(found)
    table = sheet(substitute(net, text, alphas=[0.5, 1.0], optimise=False)).tables[1]
    assert [row[0] for row in table.rows] == [0.5, 1.0]
    assert table.rows[1][1:7] == (found["baseline"],) * 6
