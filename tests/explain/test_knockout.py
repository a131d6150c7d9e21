"""knockout: every figure by its definition, the published tables, and nets whose answer is known."""

import dataclasses
import itertools
import math
import platform

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of

import boolrnn
from boolrnn.errors import OptionError, TextError, WeightsError
from boolrnn.explain.ablated import CLIP
from boolrnn.explain.knockout import knockout
from boolrnn.report.figures import write_figure
from boolrnn.report.terminal import show, to_csv


def naive_bpc(weights, hidden, targets, kept, most=math.inf, signed=None):
    """-log2 softmax at the targets, one output at a time; `signed` is a neuron replaced by its sign."""
    total = 0.0
    for h, y in zip(hidden, targets):
        scores = []
        for o in range(weights.outputs):
            score = float(weights.by[o])
            for j in kept:
                value = float(h[j])
                if j == signed:
                    value = 1.0 if value >= 0 else -1.0
                score += float(weights.wy[o, j]) * value
            scores.append(score)
        top = max(scores)
        log_sum = top + math.log(sum(math.exp(score - top) for score in scores))
        total += min((log_sum - scores[y]) / math.log(2), most)
    return total / len(targets)


def grid_of(neurons, as_published):
    """The numbers of neurons that have rows."""
    every = range(neurons + 1)
    return [k for k in every if not as_published or k <= 20 or k % 10 == 0 or k == neurons]


class Reference:
    """What the definitions give for one net and text, compared with the JSON of a result."""

    def __init__(self, weights, text, as_published):
        self.weights, self.as_published = weights, as_published
        self.hidden, self.targets = boolrnn.trace(weights, text).hidden[:-1], text[1:]
        self.every = list(range(weights.hidden))
        self.near = {"rel": 1e-6, "abs": 1e-6} if as_published else {"rel": 1e-9, "abs": 1e-9}
        self.base, self.bias = self.cost(self.every), self.cost([])
        self.uniform = math.log2(weights.outputs)

    def cost(self, kept, signed=None):
        most = CLIP if self.as_published else math.inf
        return naive_bpc(self.weights, self.hidden, self.targets, kept, most, signed)

    def compare(self, tree):
        assert tree["baseline"] == pytest.approx(self.base, **self.near)
        assert tree["bias_only"] == pytest.approx(self.bias, **self.near)
        assert tree["uniform"] == self.uniform
        self.compare_ranking(tree["single"])
        for row in tree["single"]:
            self.compare_single(row, tree["baseline"])
        assert tree["negative"] == sum(row["delta"] < 0 for row in tree["single"])
        self.compare_curves(tree)
        self.compare_signs(tree["sign_only"], tree["baseline"])

    def compare_ranking(self, rows):
        assert sorted(row["neuron"] for row in rows) == self.every
        for row, after in itertools.pairwise(rows):  # equal ones: the lowest neuron first
            assert (-row["delta"], row["neuron"]) < (-after["delta"], after["neuron"])

    def compare_single(self, row, base):
        j, column = row["neuron"], self.weights.wy[:, row["neuron"]]
        assert row["bpc"] == pytest.approx(self.cost([i for i in self.every if i != j]), **self.near)
        assert row["delta"] == pytest.approx(row["bpc"] - base, abs=1e-12)
        assert row["norm"] == pytest.approx(math.sqrt(sum(float(v) ** 2 for v in column)))
        assert row["mean_abs_h"] == pytest.approx(np.abs(self.hidden[:, j]).mean(dtype=float))
        outputs = range(self.weights.outputs)
        assert row["promotes"] == sorted(outputs, key=lambda o: (-column[o], o))[:5]
        assert row["demotes"] == sorted(outputs, key=lambda o: (column[o], o))[:5]
        if row["of_loss"] is not None:
            assert row["of_loss"] == pytest.approx(row["delta"] / base)
        if self.bias > self.base + 1e-6:
            share = row["delta"] / (self.bias - self.base)
            assert row["of_bias_gap"] == pytest.approx(share, rel=1e-4, abs=1e-9)

    def compare_curves(self, tree):
        ranking, grid = [row["neuron"] for row in tree["single"]], grid_of(len(self.every), self.as_published)
        assert [row["k"] for row in tree["cumulative"]] == grid
        assert [row["k"] for row in tree["minimal"]] == grid[int(self.as_published) :]
        for row in tree["cumulative"]:
            assert row["bpc"] == pytest.approx(self.cost(ranking[row["k"] :]), **self.near)
        for row in tree["minimal"]:
            assert row["bpc"] == pytest.approx(self.cost(ranking[: row["k"]]), **self.near)
            self.compare_percent(row["percent"], self.uniform, row["bpc"])
            self.compare_percent(row["percent_of_bias_gap"], self.bias, row["bpc"])

    def compare_percent(self, percent, top, bpc):
        gap = top - self.base
        if gap > 1e-6 or (gap < -1e-6 and self.as_published):
            assert percent == pytest.approx(100 * (top - bpc) / gap, rel=1e-4, abs=1e-3)
        elif gap < -1e-6:
            assert percent is None

    def compare_signs(self, rows, base):
        sizes = [abs(row["delta"]) for row in rows]
        assert sizes == sorted(sizes, reverse=True)
        assert sorted(row["neuron"] for row in rows) == self.every
        for row in rows:
            assert row["bpc"] == pytest.approx(self.cost(self.every, row["neuron"]), **self.near)
            assert row["delta"] == pytest.approx(row["bpc"] - base, abs=1e-12)


def check(weights, text, as_published):
    found = knockout(weights, text, as_published=as_published, search=False)
    Reference(weights, text, as_published).compare(found.to_json())


@pytest.mark.parametrize("as_published", [False, True])
@pytest.mark.parametrize(("hidden", "symbols"), [(1, 2), (6, 3), (24, 7)])
def test_every_figure_follows_its_definition(as_published, hidden, symbols):
    check(random_net(hidden, hidden, symbols, scale=0.7), text_of(1, 40, symbols), as_published)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(2, 5), st.integers(2, 9), st.booleans())
def test_on_any_net(seed, hidden, symbols, length, as_published):
    check(adversarial_net(seed, hidden, symbols, 60), text_of(seed, length, symbols), as_published)


def planted(neurons=24, loud=(3, 11, 19)):
    """Hidden values that nothing but the symbol decides, and a readout that listens to three of them."""
    rng = np.random.default_rng(5)
    wy = np.zeros((4, neurons), np.float32)
    wy[:, loud] = rng.normal(size=(4, len(loud))) * 2
    wx = rng.normal(size=(neurons, 4)).astype(np.float32)
    return boolrnn.Weights(
        wx=wx,
        wh=(rng.normal(size=(neurons, neurons)) / 9).astype(np.float32),
        bh=np.zeros(neurons, np.float32),
        wy=wy,
        by=np.zeros(4, np.float32),
    )


def predicted_by(weights, length):
    """A text that the net predicts better than chance: each symbol is its most probable next one."""
    text = [0]
    for t in range(length - 1):
        run = boolrnn.trace(weights, np.array(text))
        scores = boolrnn.logits(weights, run.hidden[-1:])[0]
        text.append(int(scores.argmax()) if t % 3 else t % 4)
    return np.array(text)


def test_a_readout_that_uses_three_neurons_is_found():
    weights = planted()
    text = predicted_by(weights, 60)
    found = knockout(weights, text)
    worth = dict(zip(found.single_neuron.tolist(), found.single_delta.tolist()))
    assert {j for j, delta in worth.items() if delta != 0} == {3, 11, 19}
    silent = [j for j in range(24) if j not in (3, 11, 19)]
    assert [j for j in found.single_neuron.tolist() if worth[j] == 0] == silent  # lowest first
    sets = found.to_json()["best_neurons"]
    best = found.best_bpc.argmin()
    full = knockout(weights, text, search=False).baseline
    assert found.best_bpc[3] <= full + 1e-12
    assert set(sets[3]) >= {3, 11, 19} or found.best_bpc[3] < full - 1e-12
    assert set(sets[best]) <= {3, 11, 19}
    assert found.limit_best_k.max() <= 3
    assert found.prefix_k is not None
    for row in (found.sign_neuron[:3], found.ranking_curve[:, -1]):
        assert len(row)
    assert set(found.sign_neuron[:3].tolist()) == {3, 11, 19}


@pytest.mark.parametrize("rank", ["knockout", "wy-norm", "wh-in", "wh-out", "greedy"])
def test_rows_follow_the_ranking_that_was_asked_for(rank):
    weights, text = random_net(3, 9, 4), text_of(3, 50, 4)
    found = knockout(weights, text, rank=rank)
    assert found.rank == rank
    at = found.ranking_rank.tolist().index(rank)
    assert found.minimal_bpc == pytest.approx(found.ranking_curve[at], abs=1e-12)
    plain = knockout(weights, text)
    assert (found.single_neuron == plain.single_neuron).all()
    assert (found.best_bpc == plain.best_bpc).all()
    alone = knockout(weights, text, rank=rank, search=False)
    assert (alone.minimal_bpc == found.minimal_bpc).all()
    assert (alone.cumulative_bpc == found.cumulative_bpc).all()
    assert ("greedy" in alone.ranking_rank) == (rank == "greedy")
    published = knockout(weights, text, rank=rank, as_published=True)
    assert published.minimal_bpc == pytest.approx(found.minimal_bpc[1:], abs=1e-6)


def test_a_row_is_not_stable_where_another_ranking_in_float64_moves_it():
    weights, text = random_net(197, 30, 4, scale=0.5), text_of(197, 60, 4)
    found, every, ranked = knockout(weights, text, search=False), range(30), []
    for arithmetic in ("float32", "float64"):
        hidden = boolrnn.trace(weights, text, arithmetic=arithmetic).hidden[:-1]
        cost = [naive_bpc(weights, hidden, text[1:], [k for k in every if k != j]) for j in every]
        order = np.argsort(-np.array(cost), kind="stable")
        ranked.append([naive_bpc(weights, hidden, text[1:], order[:k]) for k in range(5)])
    moved = np.abs(np.subtract(*ranked)) > 1e-4
    assert moved.tolist() == [False, False, False, True, False]
    assert (found.minimal_stable[:5] == ~moved).all()
    assert not found.stable


def test_how_few_suffice_is_read_off_the_curves():
    weights, text = random_net(7, 20, 5, scale=0.6), text_of(7, 80, 5)
    found = knockout(weights, text)
    for k, curve in ((found.limit_ranking_k, found.minimal_bpc), (found.limit_best_k, found.best_bpc)):
        for least, limit in zip(k.tolist(), found.limit_bpc.tolist()):
            if least >= 0:
                assert curve[least] <= limit
                assert (curve[:least] > limit).all()
            else:
                assert np.isnan(limit) or (curve > limit).all()
    assert found.limit_bpc[:3] == pytest.approx(found.baseline * np.array([1.01, 1.1, 1.5]))


def test_a_prefix_is_better_only_by_more_than_rounding():
    weights = planted()
    found = knockout(weights, predicted_by(weights, 60), search=False)
    assert all(found.minimal_bpc[k] < found.baseline - 1e-12 for k in found.better_prefixes)
    assert found.prefix_k <= 3


@pytest.mark.parametrize("as_published", [False, True])
@pytest.mark.parametrize(("hidden", "symbols"), [(1, 2), (18, 2)])
@pytest.mark.parametrize("length", [1, 2])
def test_short_texts(tmp_path, length, hidden, symbols, as_published):
    weights = random_net(2, hidden, symbols)
    found = knockout(weights, text_of(1, length, symbols), as_published=as_published)
    tree = found.to_json()
    assert len(tree["single"]) == len(tree["sign_only"]) == hidden
    assert (tree["baseline"] is None) == (length == 1)
    assert (tree["single"][0]["delta"] is None) == (length == 1)
    assert tree["single"][0]["norm"] > 0
    assert (
        len(tree["best"]) == len(tree["best_neurons"]) == (0 if length == 1 or as_published else hidden + 1)
    )
    show(boolrnn.sheet(found))
    write_figure(found, tmp_path / "f.svg")


@pytest.mark.parametrize("part", ["wy", "wh", "by"])
@pytest.mark.parametrize("hidden", [3, 17])
def test_enormous_weights_are_no_trouble(tmp_path, part, hidden):
    """Hidden values may be NaN then; readout terms of 1e38 are not taken back from sums."""
    weights = random_net(4, hidden, 3)
    weights = dataclasses.replace(weights, **{part: getattr(weights, part) * np.float32(1e38)})
    text = text_of(2, 8, 3)
    for as_published in (False, True):
        found = knockout(weights, text, as_published=as_published)
        if hidden == 3:
            show(boolrnn.sheet(found))
            write_figure(found, tmp_path / "f.svg")
        if part == "wy" and not as_published:
            hidden_values = boolrnn.trace(weights, text).hidden[:-1]
            for j, bpc in zip(found.single_neuron.tolist(), found.single_bpc.tolist()):
                kept = [i for i in range(weights.hidden) if i != j]
                assert bpc == pytest.approx(naive_bpc(weights, hidden_values, text[1:], kept), rel=1e-6)


def test_what_cannot_be_used_is_refused():
    weights, text = random_net(1, 4, 3), text_of(1, 9, 3)
    with pytest.raises(WeightsError, match="O = 2 outputs for V = 3 symbols: knockout needs"):
        knockout(random_net(1, 4, 3, outputs=2), text)
    with pytest.raises(OptionError, match="rank 'best': expected one of knockout, wy-norm"):
        knockout(weights, text, rank="best")
    with pytest.raises(OptionError, match="budget 0.0: expected more than 0 seconds"):
        knockout(weights, text, budget=0.0)
    with pytest.raises(TextError):
        knockout(weights, np.array([0, 3]))


def test_an_automaton_and_its_alphabet_are_taken(capsys):
    weights = dataclasses.replace(random_net(1, 4, 3), alphabet=np.frombuffer(b"abc", np.uint8))
    found = knockout(boolrnn.compile(weights), text_of(1, 30, 3))
    assert any("bpc of the first neuron alone" in table.note for table in boolrnn.sheet(found).tables)
    table = boolrnn.sheet(found).tables[-1]
    assert to_csv(table).splitlines()[0].startswith("neuron,bpc,delta,of the loss")
    assert table.rows[0][0] == f"h{found.single_neuron[0]}"
    assert set(table.rows[0][7].split()) == {"'a'", "'b'", "'c'"}
    assert found.to_json() == knockout(weights, text_of(1, 30, 3)).to_json()


def check_published(found, golden, near):
    q3 = golden["q3_neurons"]
    tree = found.to_json()
    assert tree["baseline"] == pytest.approx(q3["baseline"], abs=near)
    for row, (j, bpc, delta, norm, mean) in zip(
        tree["single"], q3["knockout_top30[j,bpc,delta,wy_norm,mean|h|]"]
    ):
        assert row["neuron"] == j
        assert row["bpc"] == pytest.approx(bpc, abs=near)
        assert row["delta"] == pytest.approx(delta, abs=near)
        assert row["norm"] == pytest.approx(norm, abs=6e-9)
        assert row["mean_abs_h"] == pytest.approx(mean, abs=max(near, 6e-10))
    rows = [(row["k"], row["bpc"], row["bpc"] - tree["baseline"]) for row in tree["cumulative"]]
    assert rows == [pytest.approx(row, abs=near) for row in q3["cumulative[k,bpc,delta]"]]
    rows = [(row["k"], row["bpc"], row["percent"]) for row in tree["minimal"]]
    assert rows == [pytest.approx(row, abs=max(20 * near, 6e-7)) for row in q3["minimal[k,bpc,pct]"]]
    expected = q3["sign_only_top20[j,bpc,delta,mean|h|,rank]"]
    ranking = [row["neuron"] for row in tree["single"]]
    for row, (j, bpc, delta, _, rank) in zip(tree["sign_only"], expected):
        assert (row["neuron"], ranking[rank]) == (j, j)
        assert row["bpc"] == pytest.approx(bpc, abs=near)
        assert row["delta"] == pytest.approx(delta, abs=near)
    for row in tree["single"][:10]:
        for name in ("promotes", "demotes"):
            letters = [chr(o) if 32 <= o < 127 else "." for o in row[name]]
            assert letters == q3["top10_bytes"][str(row["neuron"])][name]
    assert tree["stable"]
    assert tree["best"] == tree["rankings"] == []


def test_the_published_tables(archived, golden):
    check_published(knockout(*archived, as_published=True), golden, 5e-6)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the published programs used glibc's tanhf")
def test_with_this_tanhf_the_published_tables_digit_by_digit(archived, golden):
    check_published(knockout(*archived, as_published=True, tanh="system"), golden, 6e-9)


def test_the_checked_figures(archived, golden):
    checked = golden["checked_extra_checks2"]
    found = knockout(*archived, search=False)
    assert found.negative == checked["n_neurons_knockout_delta<0"]
    worth = dict(zip(found.single_neuron.tolist(), found.single_delta.tolist()))
    assert {j for j, delta in worth.items() if delta < 0} == set(map(int, checked["neg"]))
    for j, delta in checked["neg"].items():
        assert worth[int(j)] == pytest.approx(delta, abs=1e-6)
    assert sum(max(delta, 0) for delta in worth.values()) == pytest.approx(checked["sum_positive"], abs=1e-5)
    assert found.minimal_bpc == pytest.approx(np.array(checked["minimal_subset_all_k"]), abs=5e-6)
    assert found.prefix_k == checked["best_k"]
    assert found.prefix_bpc == pytest.approx(checked["best_k_bpc"], abs=1e-6)
    assert found.better_prefixes.tolist() == [k for k in checked["k_beating_full"] if k < 128]
    assert found.bias_only == pytest.approx(golden["checked_extra_checks"]["bpc_by_only"], abs=1e-12)
    assert found.single_of_loss[0] == pytest.approx(0.44, abs=0.005)  # the page said half of the compression
    assert found.single_of_gap[0] == pytest.approx(0.0044, abs=0.00005)
    assert found.minimal_percent[0] == pytest.approx(16.9, abs=0.05)
    assert found.minimal_of_bias_gap[1] == pytest.approx(11.1, abs=0.05)
