"""attribution: strengths by their definition, planted nets, odd nets and texts, and the published tables."""

import dataclasses
import platform
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain import attribution_pass
from boolrnn.explain.attribution import Attribution, attribution
from boolrnn.report.figures import write_figure
from boolrnn.report.terminal import show, to_csv

TAUS = (0.003, 0.03, 0.3, 2.0)


def naive_gradient(weights, h, y):
    """d ln P(y) / d h, in float64."""
    scores = weights.wy.astype(float) @ h.astype(float) + weights.by
    chance = np.exp(scores - scores.max())
    return weights.wy[y] - (chance / chance.sum()) @ weights.wy.astype(float)


def naive_strengths(weights, text, depth, published):
    """For every t: {(class, index of the weight): strength}, masses by distance, sum of |g|."""
    kind = np.float32 if published else np.float64
    h = boolrnn.trace(weights, text).hidden.astype(kind)
    wx, wh, hidden = weights.wx.astype(kind), weights.wh.astype(kind), weights.hidden
    found = []
    for t in range(len(text) - 1):
        y = text[t + 1]
        g = naive_gradient(weights, h[t], y).astype(kind)
        listed, mass, b = [(("wy", y, j), g[j]) for j in range(hidden)], {}, g
        for d in range(min(depth, t) + 1):
            if d > 0:
                u = ((kind(1) - h[t - d + 1] ** 2) * b).astype(kind)
                through = [i for i in range(hidden) if not (published and abs(u[i]) < 1e-8)]
                listed += [(("wh", i, j), wh[i, j] * u[i]) for i in through for j in range(hidden)]
                b = np.array([sum(wh[i, j] * u[i] for i in range(hidden)) for j in range(hidden)], kind)
            if d > 0 or not published:
                x, gate = text[t - d], 1 if published else 1 - h[t - d] ** 2
                parts = wx[:, x] * (gate * b)
                listed += [(("wx", j, x), parts[j]) for j in range(hidden)]
                mass[d] = np.abs(parts.astype(float)).sum()
        best = {}
        for key, strength in listed:
            best[key] = max(best.get(key, 0.0), abs(float(strength)))
        found.append((best, mass, np.abs(g.astype(float)).sum()))
    return found


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize(
    ("hidden", "symbols", "length", "depth"), [(1, 2, 9, 3), (5, 3, 25, 4), (9, 2, 12, 30), (4, 6, 2, 5)]
)
def test_every_number_follows_its_definition(published, hidden, symbols, length, depth):
    weights, text = random_net(hidden, hidden, symbols, scale=0.6), text_of(length, length, symbols)
    found = attribution(weights, text, depth=depth, thresholds=TAUS, significant=0.4, as_published=published)
    expected = naive_strengths(weights, text, depth, published)
    size = {name: getattr(weights, name) for name in ("wx", "wh", "wy")}
    active = np.zeros((len(expected), len(TAUS)), int)
    by_class = {name: np.zeros(len(TAUS)) for name in size}
    significant, ever = np.zeros(len(TAUS)), {name: set() for name in size}
    for t, (best, _, g) in enumerate(expected):
        assert found.t_gradient[t] == pytest.approx(g, rel=1e-5)
        for (name, *at), strength in best.items():
            if strength > 0.01:
                ever[name].add(tuple(at))
            for k, tau in enumerate(TAUS):
                active[t, k] += strength > tau
                by_class[name][k] += strength > tau
                significant[k] += strength > tau and abs(size[name][tuple(at)]) > 0.4
    assert (found.t_active == active).all()
    total = {name: int((np.abs(size[name]) > 0.4).sum()) for name in size}
    everything = sum(weight.size for weight in size.values())
    for name, weight in size.items():
        assert getattr(found, f"tau_{name}") == pytest.approx(by_class[name] / len(expected))
        assert getattr(found, f"never_{name}") == weight.size - len(ever[name])
        assert getattr(found, f"significant_{name}") == total[name]
        assert getattr(found, f"patterns_{name}") == weight.size
    assert found.tau_mean == pytest.approx(active.mean(axis=0))
    assert found.tau_min.tolist() == active.min(axis=0).tolist()
    assert found.tau_max.tolist() == active.max(axis=0).tolist()
    upper = np.sort(active, axis=0)[len(active) // 2]
    assert found.tau_median == pytest.approx(upper if published else np.median(active, axis=0))
    assert found.tau_share == pytest.approx(active.mean(axis=0) / everything)
    assert found.tau_per_significant == pytest.approx(active.mean(axis=0) / sum(total.values()))
    assert found.tau_of_significant == pytest.approx(significant / len(expected) / sum(total.values()))
    check_masses(found, expected, depth, published)


def test_the_published_program_skips_tiny_gradients_and_the_default_does_not():
    net, text, taus = random_net(8, 6, 3, scale=0.7), text_of(8, 30, 3), (1e-10, 1e-9, 5e-9)
    wy = net.wy * np.float32(2e-8)
    weights = boolrnn.Weights(wx=net.wx, wh=net.wh, bh=net.bh, wy=wy, by=net.by)
    active = {}
    for published in (False, True):
        found = attribution(weights, text, depth=3, thresholds=taus, as_published=published)
        expected = naive_strengths(weights, text, 3, published)
        for k, tau in enumerate(taus):
            listed = [sum(s > tau for key, s in best.items() if key[0] == "wh") for best, _, _ in expected]
            assert found.tau_wh[k] == pytest.approx(np.mean(listed))
        active[published] = found.tau_wh
    assert (active[True] < active[False]).all()


def check_masses(found, expected, depth, published):
    assert found.d.tolist() == list(range(min(depth, len(expected) - 1) + 1))
    first = np.mean([g for _, _, g in expected])
    assert found.readout_mass == pytest.approx(first, rel=1e-5)
    order = sorted(range(len(expected)), key=lambda t: (-found.t_bits[t], t))
    costly = order[: max(1, len(expected) // 10)]
    assert found.costliest_bits == pytest.approx(found.t_bits[costly].sum() / found.t_bits.sum())
    whole = [mass for _, mass, _ in expected if found.d[-1] in mass]
    for d in range(int(published), len(found.d)):
        masses = [mass[d] for _, mass, _ in expected if d in mass]
        there = sum(expected[t][1].get(d, 0.0) for t in costly)
        assert found.d_positions[d] == len(masses)
        assert found.d_mass[d] == pytest.approx(np.mean(masses), rel=1e-5)
        if sum(masses) > 0:
            assert found.d_costliest[d] == pytest.approx(there / sum(masses), rel=1e-5)
        assert found.d_fraction[d] == pytest.approx(found.d_mass[d] / found.d_mass[0])
        shares = [mass[d] / sum(mass.values()) for mass in whole if sum(mass.values()) > 0]
        if shares:
            assert found.d_share[d] == pytest.approx(np.mean(shares), rel=1e-5)
    if published:
        assert found.d_mass[0] == found.readout_mass


def test_without_the_gate_the_mass_is_the_derivative_of_nothing():
    """The default masses are what a small change of wx does to ln P, the published ones are not."""
    weights, text = random_net(3, 6, 3, scale=0.7), np.array([0, 1, 0, 0, 0, 0, 0, 2])
    at, symbol = 6, 1  # symbol 1 is read at t = 1 only, d = 5 before the last prediction

    def log_probability(wx):
        net = boolrnn.Weights(wx=wx, wh=weights.wh, bh=weights.bh, wy=weights.wy, by=weights.by)
        h = boolrnn.trace(net, text, arithmetic="float64").hidden[at]
        scores = boolrnn.logits(net, h[None])[0]
        return scores[text[at + 1]] - np.log(np.exp(scores).sum())

    total = 0.0
    for j in range(6):
        change = []
        for sign in (1, -1):
            wx = weights.wx.copy()
            wx[j, symbol] += np.float32(sign * 2**-10)
            change.append((log_probability(wx), wx[j, symbol]))
        slope = (change[0][0] - change[1][0]) / float(change[0][1] - change[1][1])
        total += abs(slope * weights.wx[j, symbol])
    longer, shorter = (attribution(weights, text[:n], depth=5) for n in (8, 7))
    there = 2 * longer.d_mass[5] - shorter.d_mass[5]  # of position 6 alone
    assert there == pytest.approx(total, rel=1e-3)


def delay_line(delay, gain=1.0, readout=3.0):
    """h0 copies the symbol, each further neuron the one before it: the last holds x[t - delay]."""
    wh = np.zeros((delay + 1, delay + 1), np.float32)
    wh[np.arange(1, delay + 1), np.arange(delay)] = gain
    wx = np.zeros((delay + 1, 2), np.float32)
    wx[0] = -gain, gain
    wy = np.zeros((2, delay + 1), np.float32)
    wy[:, delay] = -readout, readout
    return boolrnn.Weights(
        wx=wx, wh=wh, bh=np.zeros(delay + 1, np.float32), wy=wy, by=np.zeros(2, np.float32)
    )


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("delay", [1, 3, 6])
def test_a_delay_line_hangs_on_exactly_its_delay(delay, published):
    weights, text = delay_line(delay), text_of(delay, 60, 2)
    found = attribution(weights, text, depth=9, as_published=published)
    masses = found.d_mass[found.nearest :]
    assert found.d[found.nearest :][masses > 0].tolist() == [delay]
    assert found.peak == delay
    assert found.d_share[delay] == 1
    assert found.never_wh == (delay + 1) ** 2 - delay  # the line itself
    assert found.never_wx == 2 * delay


def test_blocks_and_their_order_change_nothing(monkeypatch):
    weights, text = random_net(5, 6, 4, scale=0.7), text_of(5, 400, 4)
    whole = attribution(weights, text, depth=7, thresholds=TAUS)
    for cells in (1, 24 * 13):
        monkeypatch.setattr(attribution_pass, "_CELLS", cells)
        found = attribution(weights, text, depth=7, thresholds=TAUS[::-1])
        assert (found.t_active == whole.t_active[:, ::-1]).all()
        assert (found.tau_median == whole.tau_median[::-1]).all()
        assert (found.never_total, found.peak) == (whole.never_total, whole.peak)
        assert found.d_mass == pytest.approx(whole.d_mass, rel=1e-12)
        assert found.d_share == pytest.approx(whole.d_share, rel=1e-12)
        assert found.d_costliest == pytest.approx(whole.d_costliest, rel=1e-12)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 4), st.integers(1, 20), st.booleans())
def test_odd_nets_are_counted_without_a_word(seed, hidden, symbols, length, published):
    weights = adversarial_net(seed, hidden, symbols, 250)
    found = attribution(weights, text_of(seed, length, symbols), depth=6, as_published=published)
    assert (np.diff(found.t_active, axis=1) <= 0).all()
    assert (found.t_active[:, 0] <= found.patterns_total).all()
    assert found.never_total <= found.patterns_total
    classes = found.tau_wx + found.tau_wh + found.tau_wy
    assert np.allclose(classes, found.tau_mean, equal_nan=True)
    found.to_json()


def test_strengths_on_a_threshold_are_not_above_it():
    """Powers of two: g and every gate are exact, and strengths fall on thresholds."""
    text = np.array([0, 1])
    weights = boolrnn.Weights(
        wx=np.array([[0, 0.5], [0, 0.25]], np.float32),
        wh=np.array([[0.5, 0.25], [1, 2]], np.float32),
        bh=np.zeros(2, np.float32),
        wy=np.array([[-1, -0.5], [1, 0.5]], np.float32),  # P = 1/2 at h = 0, so g = (1, 1/2)
        by=np.zeros(2, np.float32),
    )
    taus = (0.25, 0.5, 1.0)
    found = attribution(weights, np.append(text[:1], [0, 1]), depth=1, thresholds=taus)
    assert found.t_gradient[1] == 1.5
    # wh rows 0 and 1 times 1 and 1/2: 0.5, 0.25, 0.5, 1; wy 1, 0.5
    assert found.t_active[1].tolist() == [3 + 2, 1 + 1, 0]


@given(st.integers(0, 10**6), st.integers(1, 12), st.booleans())
def test_a_row_is_counted_as_if_every_product_were_made(seed, hidden, published):
    """Thresholds are products and their neighbours, where a rounded quotient would place them wrongly."""
    kind, rng = np.float32 if published else np.float64, np.random.default_rng(seed)
    weights = np.abs(rng.normal(size=hidden)).astype(np.float32)
    weights = rng.choice(np.concatenate([weights, np.nextafter(weights, np.float32(9)), [0]]), hidden)
    weights = weights.astype(kind)
    strongest = np.append(np.abs(rng.normal(size=3)), [0, np.inf]).astype(kind)
    product = (weights[rng.integers(hidden)] * strongest[0]).astype(kind)
    taus = np.array([np.nextafter(product, kind(0)), product, np.nextafter(product, kind(9)), 0.1]).astype(
        float
    )
    taus = np.sort(taus[taus > 0])
    with np.errstate(invalid="ignore"):  # 0 x infinity is above nothing
        active = (weights * strongest[:, None])[:, None] > taus.astype(kind)[:, None]
        counted, significant = attribution_pass._Row(weights, 0.5).above(strongest, taus)
    assert (counted == active.sum(axis=2)).all()
    assert (significant == (active & (weights > 0.5)).sum(axis=2)).all()


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("published", [False, True])
def test_short_texts(tmp_path, length, published):
    found = attribution(random_net(3), text_of(0, length, 5), as_published=published, flips=2)
    tree = found.to_json()
    assert len(tree["positions"]) == length - 1
    assert len(tree["depth"]) == length - 1
    assert [row["d"] for row in tree["boolean"]] == list(range(length - 1))
    assert tree["thresholds"][0]["tau"] == 1e-5
    if length == 1:
        assert tree["bpc"] is tree["peak"] is tree["thresholds"][0]["mean"] is None
        assert tree["thresholds"][0]["max"] is None
        assert found.never_total == found.patterns_total
    show(boolrnn.sheet(found))
    assert to_csv(boolrnn.sheet(found).tables[-1]).startswith("t,true,bits,gradient,> 1e-05")
    write_figure(found, tmp_path / "f.svg")


@pytest.mark.parametrize("scale", [1e-9, 1e30])
def test_a_mass_of_any_size_is_a_short_number(scale):
    weights = random_net(1)
    found = attribution(dataclasses.replace(weights, wy=weights.wy * np.float32(scale)), text_of(1, 50, 5))
    mass = float(re.findall(r"mass (\S{1,9}) nats", boolrnn.sheet(found).sentence)[0])
    assert mass == pytest.approx(found.d_mass[found.peak], rel=1e-3)


def test_no_gradient_passes_a_saturated_net(tmp_path):
    found = attribution(hardened_net(1, 6, gain=64), text_of(1, 50, 4))
    assert found.peak is None
    assert not found.d_mass.any()
    assert found.never_wx == found.patterns_wx
    assert "saturated neurons or weights of 0" in boolrnn.sheet(found).sentence
    write_figure(found, tmp_path / "f.svg")


def test_what_cannot_be_asked():
    weights, text = random_net(1), text_of(1, 9, 5)
    with pytest.raises(WeightsError, match="O = V"):
        attribution(random_net(1, outputs=2), text)
    for options in (
        {"depth": 0},
        {"flips": -1},
        {"thresholds": ()},
        {"thresholds": (0.1, 0.0)},
        {"thresholds": (float("nan"),)},
        {"significant": -0.5},
        {"positions": "0::2"},
        {"positions": [9], "flips": 1},
        {"states": "both"},
        {"tanh": "other"},
    ):
        with pytest.raises(OptionError, match=rf"{next(iter(options))}"):
            attribution(weights, text, **options)


def test_the_json_has_the_names_that_were_agreed():
    tree = attribution(random_net(1), text_of(1, 30, 5), depth=3).to_json()
    assert tree["schema"] == Attribution.schema == "attribution/1"
    assert set(tree["significant"]) == {"wx", "wh", "wy", "total"}
    assert set(tree["never_active"]) >= {"wx", "wh", "wy", "total"}
    assert set(tree["thresholds"][0]) >= {"tau", "mean", "median", "min", "max", "wx", "wh", "wy"}
    assert set(tree["depth"][0]) >= {"d", "mass"}
    assert tree["boolean"] is None


def check_published(found, golden, digits):
    sizes = golden["significant"]
    never = golden["never_active"]
    for name in ("Wx", "Wh", "Wy"):
        assert getattr(found, f"significant_{name.lower()}") == sizes[name]
        assert getattr(found, f"never_{name.lower()}") == never[name]
    assert (found.significant_total, found.never_total) == (sizes["total"], never["Total"])
    assert found.bpc == pytest.approx(golden["bpc"], abs=1e-6)
    assert found.tau_stable.all()
    for k, (tau, mean, median, least, most, share) in enumerate(golden["tau[tau,mean,median,min,max,n/sig]"]):
        assert found.tau[k] == pytest.approx(tau)
        assert found.tau_mean[k] == pytest.approx(mean, rel=digits)
        assert found.tau_median[k] == pytest.approx(median, rel=1e-3)
        assert (found.tau_min[k], found.tau_max[k]) == (least, pytest.approx(most, rel=1e-3))
        assert found.tau_per_significant[k] == pytest.approx(share, rel=digits)
    for k, row in enumerate(golden["class[tau,Wx,Wh,Wy]"]):
        for name, mean in zip(("wx", "wh", "wy"), row[1:]):
            assert getattr(found, f"tau_{name}")[k] == pytest.approx(mean, rel=digits)
    for d, mass, fraction in golden["depth[d,mass,frac]"]:
        if found.d_stable[d]:
            assert found.d_mass[d] == pytest.approx(mass, abs=1e-4)
            assert found.d_fraction[d] == pytest.approx(fraction, abs=2e-4)


def test_the_published_tables(archived, golden):
    found = attribution(*archived, as_published=True)
    check_published(found, golden["q1_sparsity"], digits=1e-3)
    assert found.d_stable.sum() >= 46


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published programs used glibc's tanhf")
def test_with_this_tanhf_the_published_tables_digit_by_digit(archived, golden):
    found = attribution(*archived, as_published=True, tanh="system")
    check_published(found, golden["q1_sparsity"], digits=2e-6)
    assert found.d_stable.all()
    masses = np.array(golden["q1_sparsity"]["depth[d,mass,frac]"])[:, 1]
    assert found.d_mass == pytest.approx(masses, abs=1e-6)


def test_the_checked_masses(archived, golden):
    checked, found = golden["checked_bug_checks"], attribution(*archived)
    at = [1, 8, 20, 21, 50]
    gated = checked["depth_mass_correctly_gated(d=1,8,20,21,50)"]
    assert found.d_mass[at] == pytest.approx(gated, abs=2e-5)
    assert found.d_mass[0] == pytest.approx(checked["current_input_mass (omitted by original)"], abs=2e-6)
    assert found.peak == checked["gated_peak_d"]
    extra = golden["checked_extra_checks"]
    assert found.costliest_bits == pytest.approx(
        extra["fraction_total_bits_in_top_10pct_positions"], abs=1e-5
    )
    assert found.bits_total == pytest.approx(extra["total_bits"], abs=1e-3)
    assert found.readout_costliest > 0.7  # gradients follow 1 - P
