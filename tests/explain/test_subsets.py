"""Searching sets of neurons: every set of a small net, good sets of others, and where a search stops."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import random_net, text_of

import boolrnn
from boolrnn.explain import subsets
from boolrnn.explain.ablated import Ablated
from boolrnn.explain.knockout import knockout
from boolrnn.explain.subsets import EVERY, Search


def readout_of(seed, hidden, symbols, length, scale=0.7, **options):
    weights, text = random_net(seed, hidden, symbols, scale=scale), text_of(seed, length, symbols)
    values = boolrnn.trace(weights, text).hidden[:-1]
    return Ablated(weights, values, text[1:], **options)


def naive_of(readout, kept):
    """bpc of a set, sums made anew."""
    scores = readout.bias + sum(
        (np.multiply.outer(readout.hidden[:, j].astype(readout.kind), readout.columns[j]) for j in kept),
        np.zeros((len(readout.hidden), 1)),
    )
    scores = scores - scores.max(axis=1, keepdims=True)
    chosen = scores[np.arange(len(scores)), readout.targets]
    return float(((np.log(np.exp(scores).sum(axis=1)) - chosen) / np.log(2)).clip(max=readout.most).mean())


def naive_best(readout, k):
    return min(naive_of(readout, kept) for kept in itertools.combinations(range(readout.neurons), k))


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4), st.integers(1, 12))
def test_of_a_small_net_every_row_is_the_best_there_is(seed, hidden, symbols, length):
    weights, text = random_net(seed, hidden, symbols), text_of(seed, length + 1, symbols)
    found = knockout(weights, text)
    values = boolrnn.trace(weights, text).hidden[:-1]
    readout = Ablated(weights, values, text[1:])
    assert found.best_optimal.all()
    assert set(found.best_how.tolist()) == {EVERY}
    assert found.search == "every set of every size was looked at"
    for k, (bpc, kept) in enumerate(zip(found.best_bpc.tolist(), found.to_json()["best_neurons"])):
        assert len(kept) == k
        assert bpc == pytest.approx(naive_best(readout, k), abs=1e-9)
        assert bpc == pytest.approx(naive_of(readout, kept), abs=1e-9)


def searched(readout, rankings=None, **options):
    finder = Search(readout, **options)
    finder.run({"first": np.arange(readout.neurons)} if rankings is None else rankings)
    return finder


def test_of_a_larger_net_rows_are_sets_of_that_cost_and_those_proved_are_the_best():
    readout = readout_of(3, 18, 4, 60)
    found = searched(readout)
    assert found.complete
    assert np.flatnonzero(found.optimal).tolist() == [0, 1, 17, 18]
    for k in range(19):
        assert found.kept[k].sum() == k
        assert found.bpc[k] == pytest.approx(naive_of(readout, np.flatnonzero(found.kept[k])), abs=1e-9)
    for k in (0, 1, 17, 18):
        assert found.how[k] == EVERY
        assert found.bpc[k] == pytest.approx(naive_best(readout, k), abs=1e-9)
    assert (found.bpc <= readout.prefixes(np.arange(18)) + 1e-12).all()
    assert found.bpc[2] == pytest.approx(naive_best(readout, 2), abs=0.02)  # good, if not proved


@pytest.mark.parametrize("seed", [5, 6, 7])  # where greedy choices alone leave better sets unfound
def test_no_exchange_of_the_best_neurons_helps_where_a_search_has_ended(seed, monkeypatch):
    readout = readout_of(seed, 18, 3, 30, scale=1.0)
    found = searched(readout)
    for k in range(1, 18):
        for first in (True, False):
            kept = found.kept[k].copy()
            for into in (first, not first):
                which = np.flatnonzero(kept != into)
                costs = readout.toggled(kept, which)
                kept[which[costs.argmin()]] = into
            assert costs.min() >= found.bpc[k] - 1e-10
    monkeypatch.setattr(Search, "_exchanges", lambda self: None)
    greedy = searched(readout)
    assert (found.bpc <= greedy.bpc + 1e-12).all()
    assert (found.bpc < greedy.bpc - 1e-6).any()


def test_greedy_is_the_order_of_single_best_choices():
    readout = readout_of(5, 18, 3, 40)
    found = Search(readout)
    found.grow()
    kept = []
    for chosen in found.greedy(np.arange(18)).tolist():
        costs = {j: naive_of(readout, [*kept, j]) for j in range(18) if j not in kept}
        assert costs[chosen] == pytest.approx(min(costs.values()), abs=1e-12)
        kept.append(chosen)


def test_exchanges_find_what_greedy_choices_miss():
    """Two neurons that are only good together: alone each costs more than a weaker third one."""
    rng = np.random.default_rng(1)
    hidden, length = 18, 400
    text = rng.integers(0, 2, length)
    signal = (2.0 * text[1:] - 1) * 0.9
    noise = rng.normal(size=length - 1)
    values = np.tile(rng.normal(size=(length - 1, 1)) * 0.01, (1, hidden)).astype(np.float32)
    values[:, 4], values[:, 9] = (signal + 3 * noise) / 9, (signal - 3 * noise) / 9
    values[:, 14] = signal / 12
    weights = random_net(1, hidden, 2)
    wy = np.zeros((2, hidden), np.float32)
    wy[0], wy[1] = -9, 9
    weights = boolrnn.Weights(wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=wy, by=np.zeros(2, np.float32))
    readout = Ablated(weights, values, text[1:])
    greedy = Search(readout)
    greedy.grow()
    assert greedy.order[0] == 14
    assert set(np.flatnonzero(searched(readout).kept[2]).tolist()) == {4, 9}
    assert naive_of(readout, [4, 9]) < naive_of(readout, [4, 14])


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("scale", [0.7, 3000.0])  # beside the latter, bounds of scores are too far off
@pytest.mark.parametrize(("hidden", "symbols", "length"), [(1, 2, 9), (5, 3, 30), (9, 6, 1030)])
def test_compiled_loops_give_what_the_definition_gives(rounded, scale, hidden, symbols, length):
    options: dict = {"rounded": rounded, "most": 3000.0 if rounded else np.inf}
    readout = readout_of(2, hidden, symbols, length, scale, **options)
    compiled = readout_of(2, hidden, symbols, length, scale, **options, work=1e12)
    assert compiled.compiled
    assert not readout.compiled
    near: dict = {"rel": 1e-9, "abs": 1e-9}
    order = np.random.default_rng(1).permutation(hidden)
    for cut in (order, order[::-1], order[: hidden // 2]):
        assert compiled.prefixes(cut) == pytest.approx(readout.prefixes(cut), **near)
    wanted = np.arange(hidden + 1) % 2 == 0
    assert compiled.prefixes(order, wanted) == pytest.approx(readout.prefixes(order, wanted), nan_ok=True)
    kept = np.arange(hidden) % 3 == 0
    which = np.arange(hidden)
    assert compiled.toggled(kept, which) == pytest.approx(readout.toggled(kept, which), **near)
    assert readout.toggled(kept, which)[0] == pytest.approx(
        naive_of(readout, np.flatnonzero(kept ^ (which == 0))), **near
    )
    base, single = compiled.single()
    assert base == pytest.approx(naive_of(readout, which), **near)
    assert single == pytest.approx(readout.single()[1], **near)
    assert compiled.signed() == pytest.approx(readout.signed(), **near)
    if hidden < 9:
        assert compiled.every_set() == pytest.approx(readout.every_set(), **near)
        assert compiled.every_set()[-1] == pytest.approx(base, **near)


@pytest.mark.parametrize("work", [4.0, 1e12])
def test_a_term_that_is_huge_leaves_no_rounding_behind(work):
    weights, text = random_net(2, 6, 3), text_of(2, 20, 3)
    wy = weights.wy.copy()
    wy[:, 0] *= np.float32(1e30)
    weights = dataclasses.replace(weights, wy=wy)
    readout = Ablated(weights, boolrnn.trace(weights, text).hidden[:-1], text[1:], work=work)
    without = naive_of(readout, range(1, 6))
    assert readout.single()[1][0] == pytest.approx(without, rel=1e-9)
    assert readout.toggled(np.ones(6, bool), np.arange(6))[0] == pytest.approx(without, rel=1e-9)
    assert readout.prefixes(np.arange(5, -1, -1))[5] == pytest.approx(without, rel=1e-9)
    assert readout.every_set()[-2] == pytest.approx(without, rel=1e-9)


def test_a_budget_leaves_what_was_found():
    weights, text = random_net(6, 20, 3), text_of(6, 50, 3)
    found = knockout(weights, text, budget=1e-9)
    assert not found.complete
    assert found.undecided  # exit code 3
    assert found.search.endswith("; the budget ended first")
    assert len(found.best_k) == 21  # the rankings' prefixes are there from the first
    assert "greedy" not in found.ranking_rank
    assert "the budget ended first" in boolrnn.sheet(found).warnings[0]
    assert not knockout(weights, text, budget=1e-9, rank="greedy", search=False).complete


def test_an_interrupted_search_leaves_what_was_found(monkeypatch):
    weights, text = random_net(6, 20, 3), text_of(6, 50, 3)
    plain, calls = Ablated.toggled, itertools.count()

    def toggled(self, kept, which):
        if next(calls) == 30:
            raise KeyboardInterrupt
        return plain(self, kept, which)

    monkeypatch.setattr(Ablated, "toggled", toggled)
    found = knockout(weights, text)
    assert found.interrupted
    assert not found.complete
    assert not found.undecided
    assert found.search.endswith("; interrupted")
    assert "greedy" in found.ranking_rank  # which takes 20 steps
    assert len(found.best_k) == 21
    assert "interrupted" in boolrnn.sheet(found).warnings[0]


def test_too_much_for_every_set_is_searched(monkeypatch):
    readout = readout_of(3, 6, 3, 20)
    whole = searched(readout)
    monkeypatch.setattr(subsets, "_MOST", 10.0)
    found = searched(readout)
    assert not found.every
    assert "greedy" in found.words
    assert (found.bpc >= whole.bpc - 1e-12).all()
    assert found.bpc == pytest.approx(whole.bpc, abs=0.05)


def test_better_sets_than_the_ranking_has(archived):
    weights, text = archived
    found = knockout(weights, text[:30])
    assert found.complete
    rows = dict(zip(found.ranking_rank.tolist(), found.ranking_top.tolist()))
    assert rows.pop("greedy") < min(rows.values())
    assert (found.best_bpc <= found.minimal_bpc + 1e-12).all()
    assert (found.best_bpc[2:20] < found.minimal_bpc[2:20]).all()
    assert found.best_stable.all()


@pytest.mark.slow
def test_the_best_sets_found_for_the_archived_pair(archived):
    found = knockout(*archived)
    assert found.best_bpc.argmin() == 124
    assert found.best_bpc.min() == pytest.approx(0.077816, abs=2e-6)
    assert found.limit_best_k.tolist() == [113, 99, 74, 65, 37, 26]
    assert found.limit_ranking_k.tolist() == [117, 103, 80, 69, 41, 30]
