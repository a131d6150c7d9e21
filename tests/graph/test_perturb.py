"""perturb: flips followed one by one, nets whose flips live for a known time, and the archived pair."""

import functools
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, hardened_net, random_net, text_of
from rich.console import Console

import boolrnn
from boolrnn.errors import OptionError, TextError
from boolrnn.graph import perturb as module
from boolrnn.graph.perturb import perturb
from boolrnn.model.kernels import stepper
from boolrnn.report import terminal
from boolrnn.report.figures import write_figure


def naive_step(weights, state, symbol):
    return [z >= 0 for z in exact_z(weights, state, symbol)]


def naive_distances(weights, symbols, states, lags, positions, neurons):
    """{(t, j): distances at lags 0, 1, ... as far as the text goes}, one rational number at a time."""
    found = {}
    for t in positions:
        for j in neurons:
            plain, flipped = list(states[t]), list(states[t])
            flipped[j] = not flipped[j]
            row = [1]
            for x in symbols[t + 1 : t + 1 + lags]:
                plain, flipped = naive_step(weights, plain, x), naive_step(weights, flipped, x)
                row.append(sum(a != b for a, b in zip(plain, flipped)))
            found[t, j] = row
    return found


def net_of(wh, wx, bh=None):
    hidden, symbols = len(wh), np.shape(wx)[1]
    arrays = {"wh": wh, "wx": wx, "bh": np.zeros(hidden) if bh is None else bh}
    rest = {"wy": np.zeros((symbols, hidden)), "by": np.zeros(symbols)}
    return boolrnn.Weights(**{name: np.array(v, np.float32) for name, v in (arrays | rest).items()})


def shift_register(length):
    """Neuron 0 reads the symbol, neuron k neuron k - 1: a flip of neuron j lives length - 1 - j steps."""
    wx = np.zeros((length, 2))
    wx[0] = [-1, 1]
    return net_of(np.eye(length, k=-1), wx)


def check_against(found, rows, lags, neurons):
    reach = max(len(found.lag) - 1, 0)
    assert found.flips == len(rows)
    for k in range(reach + 1):
        at = sorted(row[k] for row in rows.values() if len(row) > k)
        assert found.lag_followed[k] == len(at)
        if not at:
            assert np.isnan([found.lag_mean[k], found.lag_healed[k]]).all()
            assert found.lag_median[k] == -1
            continue
        apart = [d for d in at if d]
        assert found.lag_mean[k] == pytest.approx(sum(at) / len(at))
        assert found.lag_healed[k] == pytest.approx(1 - len(apart) / len(at))
        assert found.lag_unhealed_mean[k] == pytest.approx(np.mean(apart) if apart else np.nan, nan_ok=True)
        for q, name in ((0.1, "low"), (0.5, "median"), (0.9, "high")):
            quantile = next(d for n, d in enumerate(at, 1) if n >= q * len(at) - 1e-9)
            assert getattr(found, f"lag_{name}")[k] == quantile
    whole = {key: row for key, row in rows.items() if len(row) > lags}
    healed = {key: row.index(0) for key, row in rows.items() if 0 in row}
    assert found.healed == len(healed)
    assert found.unhealed == sum(row[-1] > 0 for row in whole.values())
    assert found.healed + found.unhealed + found.ended == found.flips
    assert found.healing_lag == (pytest.approx(np.mean(list(healed.values()))) if healed else None)
    assert found.healing_last == max(healed.values(), default=None)
    ended = sum(row[-1] > 0 for row in rows.values() if len(row) <= lags)
    assert found.ended == ended
    for place, j in enumerate(neurons):
        own = [row for (_, i), row in rows.items() if i == j]
        last = [row[-1] for (_, i), row in whole.items() if i == j]
        lived = [lag for (_, i), lag in healed.items() if i == j]
        assert found.neuron[place] == j
        assert found.neuron_flips[place] == len(own)
        assert found.neuron_followed[place] == len(last)
        for column, values in (
            (found.neuron_first, [row[1] for row in own]),
            (found.neuron_last, last),
            (found.neuron_healed, [d == 0 for d in last]),
            (found.neuron_healing_lag, lived),
        ):
            assert column[place] == pytest.approx(np.mean(values) if values else np.nan, nan_ok=True)


@given(
    seed=st.integers(0, 10**6),
    hidden=st.integers(1, 5),
    vocabulary=st.integers(1, 3),
    length=st.integers(1, 9),
    lags=st.integers(1, 10),
    kind=st.sampled_from(["random", "adversarial", "hardened"]),
    states=st.sampled_from(["network", "automaton"]),
)
def test_every_column_is_the_naive_one(seed, hidden, vocabulary, length, lags, kind, states):
    weights = {
        "random": lambda: random_net(seed, hidden, vocabulary),
        "adversarial": lambda: adversarial_net(seed, hidden, vocabulary, seed % 278),
        "hardened": lambda: hardened_net(seed, hidden, vocabulary),
    }[kind]()
    text = text_of(seed, length, vocabulary)
    run = boolrnn.compile(weights).run(text).states
    seen = boolrnn.trace(weights, text).bits if states == "network" else run
    positions = range(seed % 2, length - 1)
    neurons = sorted(set(range(hidden)) - {seed % 7})
    found = perturb(weights, text, lags=lags, positions=list(positions)[::-1], neurons=neurons, states=states)
    rows = naive_distances(weights, text, seen, lags, positions, neurons)
    assert found.possible == len(rows)
    assert not found.sampled
    check_against(found, rows, lags, neurons)


@pytest.mark.parametrize("length", [1, 2, 6])
def test_a_flip_in_a_shift_register_lives_until_it_is_shifted_out(length):
    text = text_of(length, 40, 2)
    found = perturb(shift_register(length), text, lags=9)
    life = length - np.arange(length)
    assert (found.neuron_healing_lag == life).all()
    assert (found.neuron_first == (life > 1)).all()
    assert found.healing_last == length
    assert found.healing_lag == pytest.approx(_mean_life(length, 40))
    assert found.healed_share == 1.0
    assert set(found.lag_unhealed_mean[~np.isnan(found.lag_unhealed_mean)]) == {1.0}
    for k, share in enumerate(found.lag_healed[:length]):
        assert share == pytest.approx(k / length)


def _mean_life(length, symbols):
    """Over the flips whose life ends inside the text."""
    lives = [k for t in range(symbols - 1) for k in range(1, length + 1) if t + k < symbols]
    return sum(lives) / len(lives)


def test_without_recurrence_everything_heals_at_lag_1():
    weights = random_net(3, 6)
    flat = net_of(weights.wh * 0, weights.wx, weights.bh)
    found = perturb(flat, text_of(0, 30, 5), lags=4)
    assert (found.healed, found.unhealed, found.ended) == (found.flips, 0, 0)
    assert found.lag_healed.tolist() == [0, 1, 1, 1, 1]
    assert (found.healing_lag, found.healing_last) == (1.0, 1)
    assert np.isnan(found.lag_unhealed_mean[1:]).all()
    assert found.lyapunov_largest == -np.inf
    assert found.to_json()["lyapunov"]["chaotic"] is False


def test_what_only_remembers_itself_never_heals():
    found = perturb(net_of(2 * np.eye(4), np.ones((4, 2))), text_of(0, 21, 2), lags=8)
    assert (found.healed, found.healed_share, found.healing_lag, found.healing_last) == (0, 0.0, None, None)
    assert found.lag_mean.tolist() == [1.0] * 9
    assert found.ended == 7 * 4  # the last seven positions have fewer than 8 symbols after them
    assert found.lag_followed.tolist() == [4 * min(20, 21 - k) for k in range(9)]


@pytest.mark.parametrize("hidden", [1, 9, 16])
def test_of_a_hardened_net_network_and_automaton_heal_alike(hidden):
    weights, text = hardened_net(hidden, hidden), text_of(1, 60, 4)
    first, second = (perturb(weights, text, lags=12, states=s).to_json() for s in ("network", "automaton"))
    assert first.pop("states") != second.pop("states")
    assert first == second


def test_blocks_make_no_difference(monkeypatch):
    weights, text = random_net(5, 7), text_of(5, 40, 5)
    whole = perturb(weights, text, lags=6).to_json()
    for cells in (1, 30, 200):
        monkeypatch.setattr(module, "_CELLS", cells)
        assert perturb(weights, text, lags=6).to_json() == whole


def test_both_engines_find_the_same(monkeypatch):
    for weights in (random_net(5, 7), adversarial_net(6, 9, 5, 200)):
        found = []
        for engine in ("numpy", "compiled"):
            monkeypatch.setattr(module, "stepper", functools.partial(_engine, engine=engine))
            found.append(perturb(weights, text_of(5, 40, 5), lags=6).to_json())
        assert found[0] == found[1]


def _engine(automaton, _work, engine):
    return stepper(automaton, engine=engine)


def test_unrelated_states_differ_as_their_bit_rates_say():
    weights, text = random_net(2, 8), text_of(2, 300, 5)
    found = perturb(weights, text, lags=1)
    seen = boolrnn.trace(weights, text).bits[:-1]
    apart = (seen[:, None] != seen[None]).sum(axis=2)  # independent draws: all pairs, also with itself
    assert found.unrelated == pytest.approx(apart.mean())


def test_lags_beyond_the_text_are_cut_and_said_to_be_unknown():
    found = perturb(random_net(1), text_of(1, 5, 5), lags=1000)
    assert found.lag.tolist() == [0, 1, 2, 3, 4]
    assert (found.lag_max, found.unhealed, found.healed_share) == (1000, 0, None)
    assert found.healed + found.ended == found.flips == 4 * 7
    assert found.ended_share == found.ended / found.flips
    assert np.isnan(found.neuron_last).all()


@pytest.mark.parametrize("hidden", [1, 5])
@pytest.mark.parametrize("length", [1, 2, 30])
@pytest.mark.parametrize("vocabulary", [1, 2])
def test_every_size_is_counted_shown_and_drawn(hidden, length, vocabulary, tmp_path):
    weights = random_net(hidden, hidden, vocabulary, outputs=3)
    found = perturb(weights, text_of(1, length, vocabulary), exponents=hidden % 2 * 2)
    assert found.flips == hidden * (length - 1)
    assert (found.unrelated is None) == (length == 1)
    stream = io.StringIO()
    page = boolrnn.sheet(found)
    terminal.show(page, Console(file=stream))
    assert page.sentence.split()[0] in stream.getvalue()
    for table in page.tables:
        assert terminal.to_csv(table).count("\n") == len(table.rows) + 1
        assert all(len(row) == len(table.columns) for row in table.rows)
    write_figure(found, tmp_path / "f.svg")
    found.save(tmp_path / "saved")
    again = module.Perturb.load(tmp_path / "saved")
    assert again.to_json() == found.to_json()
    json.dumps(found.to_json(), allow_nan=False)


def test_no_positions_and_no_neurons_are_counted_as_none():
    weights, text = random_net(1), text_of(1, 9, 5)
    for found in (perturb(weights, text, positions="8:"), perturb(weights, text, neurons=[])):
        assert (found.flips, found.possible, found.healed, found.healed_share) == (0, 0, 0, None)
        boolrnn.sheet(found)


def test_a_sample_says_so_and_is_part_of_the_whole():
    weights, text = random_net(4, 7), text_of(4, 200, 5)
    whole = perturb(weights, text, lags=5)
    found = perturb(weights, text, lags=5, samples=400, seed=3)
    again = perturb(weights, text, lags=5, samples=400, seed=3)
    other = perturb(weights, text, lags=5, samples=400, seed=4)
    assert "400 flips drawn at random (seed 3) of the 1,393" in found.window
    assert (found.sampled, found.flips, found.possible) == (True, 400, 199 * 7)
    assert found.to_json() == again.to_json()
    assert found.neuron_flips.tolist() != other.neuron_flips.tolist()
    assert found.lag_mean == pytest.approx(whole.lag_mean, rel=0.25)
    assert perturb(weights, text, lags=5, samples=1393).to_json() == whole.to_json()
    assert "drawn" not in whole.window


def test_long_texts_are_sampled_unless_asked_otherwise(monkeypatch):
    monkeypatch.setattr(module, "MOST", 50)
    found = perturb(random_net(4, 7), text_of(4, 20, 5))
    assert (found.flips, found.sampled) == (50, True)
    assert not perturb(random_net(4, 7), text_of(4, 20, 5), samples=1000).sampled


@given(possible=st.integers(2, 3000), most=st.integers(1, 3000), seed=st.integers(0, 10))
def test_flips_are_drawn_once_each(possible, most, seed):
    drawn = np.asarray(module._drawn(possible, most, seed))
    assert len(drawn) == min(possible, most)
    assert (np.diff(drawn) > 0).all()
    assert len(drawn) == 0 or (drawn[0] >= 0 and drawn[-1] < possible)


@pytest.mark.parametrize("most", [3, 15])  # both ways of drawing
def test_no_flip_is_favoured(most):
    counts = sum(np.bincount(module._drawn(20, most, seed), minlength=20) for seed in range(2000))
    expected, spread = 100 * most, np.sqrt(100 * most * (1 - most / 20))
    assert np.abs(counts - expected).max() < 4 * spread


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"lags": 0}, "lags 0: expected 1 or more"),
        ({"samples": 0}, "samples 0: expected 1 or more"),
        ({"exponents": -1}, "exponents -1: expected 0 or more"),
        ({"seed": -1}, "seed -1: expected 0 or more"),
        ({"states": "mine"}, "states 'mine'"),
        ({"neurons": [7]}, "neurons: 7 is outside 0..6"),
        ({"neurons": [1, 1]}, "neurons: a number stands twice"),
        ({"neurons": np.array([0.5])}, "neurons: float64"),
        ({"positions": [8]}, "positions: 8 is outside 0..7"),
        ({"tanh": "none"}, "tanh 'none'"),
    ],
)
def test_what_cannot_be_used_is_refused(wrong, message):
    with pytest.raises(OptionError, match=message):
        perturb(random_net(1), text_of(1, 9, 5), **wrong)


def test_foreign_symbols_are_refused():
    with pytest.raises(TextError):
        perturb(random_net(1), np.array([1, 5]))


def test_at_lag_1_the_archived_net_has_the_published_out_degrees(archived, golden):
    """The published influence graph takes every third position from 10 on; it sums in float32."""
    published = golden["q1_attractor"]
    found = perturb(*archived, lags=1, positions="10:1022:3", exponents=0)
    assert found.flips == 128 * published["positions_used"]
    for j, out_degree, *_ in published["per_neuron[j,out,in,self]"]:
        assert round(338 * float(found.neuron_first[j])) == round(338 * out_degree)
    assert found.lag_mean[1] == pytest.approx(128 * 0.0312247192, abs=1e-7)


def test_flips_spread_in_the_archived_automaton_though_the_network_is_not_chaotic(archived, golden):
    found = perturb(*archived, positions="::25")
    assert found.lyapunov_largest == pytest.approx(
        golden["checked_extra_checks"]["lyapunov_spectrum_top8_nats_per_step"][0], abs=1e-9
    )
    tree = found.to_json()
    assert tree["lyapunov"]["chaotic"] is False
    assert tree["lyapunov"]["low"] < 0 < tree["lyapunov"]["high"]
    assert tree["healed_share"] < 0.1
    assert found.lag_unhealed_mean[30] == pytest.approx(found.unrelated, rel=0.15)
