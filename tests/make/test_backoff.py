"""backoff: what the net predicts is an n-gram model, from its definition, with nothing left to normalise."""

import collections
import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nets import text_of

import boolrnn
from boolrnn.make import contexts
from boolrnn.make.backoff import FACTORS, backoff, discounts
from boolrnn.make.contexts import contexts_body
from boolrnn.make.fitting import Split, Task


def made(symbols, size, groups, neurons, split=None):
    """Body and readout, fitted on all positions unless `split` says otherwise."""
    symbols = np.asarray(symbols, np.int64)
    split = split or Split.of(len(symbols))
    values = np.arange(size, dtype=np.uint8)
    body = contexts_body(values, symbols[: split.held + 1], groups, neurons)
    task = Task(body.features(symbols), symbols, size, groups, split)
    return body, backoff(task, body)


def chances(body, fitted, symbols):
    """What the net says: exp of its outputs (T, O), not normalised, from the float32 program."""
    net = dataclasses.replace(body.net, wy=fitted.wy, by=fitted.by)
    return np.exp(boolrnn.model.rnn.logits(net, boolrnn.trace(net, symbols).hidden))


def kneser_ney(counted, contexts, size, factor=1.0):
    """The definition in words: P(o | c) = (n(c o) - D + D's of all o' after c  P(o | c[1:])) / n(c), where
    each of `counted`, pairs (context, o), counts for the longest of `contexts` that the context ends in, and
    each (c, o) once for c[1:]."""
    counts = collections.Counter()
    for past, o in counted:
        longest = max((c for c in contexts if past[len(past) - len(c) :] == c), key=len)
        counts[longest, o] += 1
    for c in sorted(contexts, key=len, reverse=True):
        for o in range(size):
            if c and counts[c, o]:
                counts[c[1:], o] += 1
    off = {}
    for k in range(max(map(len, contexts)) + 1):
        off[k] = (
            discounts(np.array([counts[c, o] for c in contexts for o in range(size) if len(c) == k])) * factor
        )

    @functools.cache
    def chance(o, c):
        shorter = chance(o, c[1:]) if c else 1 / size
        taken = [off[len(c)][min(counts[c, other], 3)] for other in range(size)]
        total = sum(counts[c, other] for other in range(size))
        return (counts[c, o] - taken[o] + sum(taken) * shorter) / total if total else shorter

    return chance


def pairs_of(symbols, stop=None):
    return [(tuple(symbols[: t + 1]), symbols[t + 1]) for t in range(len(symbols) - 1)][:stop]


def says(chance, contexts, past, size):
    longest = max((c for c in contexts if past[len(past) - len(c) :] == c), key=len)
    return [chance(o, longest) for o in range(size)]


@pytest.mark.parametrize(
    ("seed", "length", "size", "groups", "neurons"),
    [(0, 2, 1, 1, 1), (1, 40, 1, 2, 5), (2, 60, 2, 4, 12), (3, 200, 3, 3, 30), (4, 300, 5, 2, 9)],
)
def test_the_net_is_the_n_gram_model(seed, length, size, groups, neurons):
    symbols = text_of(seed, length, size).tolist()
    body, fitted = made(symbols, size + 1, groups, neurons)  # one symbol is never seen
    kept = [(), *body.contexts()]
    chance = kneser_ney(pairs_of(symbols), kept, size + 1)
    other = text_of(seed + 9, 50, size + 1)
    found = chances(body, fitted, other)
    expected = [says(chance, kept, tuple(other[: t + 1].tolist()), size + 1) for t in range(50)]
    assert found == pytest.approx(np.array(expected), rel=2e-4)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert found.min() > 0


@given(st.lists(st.integers(0, 2), min_size=2, max_size=50), st.integers(1, 4), st.integers(1, 20))
def test_chances_need_no_normalising(symbols, groups, neurons):
    body, fitted = made(symbols, 4, groups, neurons)
    found = chances(body, fitted, np.array(symbols))
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert found.min() > 0
    assert (fitted.gap, fitted.smoothing, fitted.scale) == (None, None, 1.0)


def test_all_contexts_make_it_the_published_estimate():
    """All of two symbols: their counts are occurrences, lower ones count different symbols before."""
    size, symbols = 3, text_of(5, 400, 3).tolist()
    ones = np.arange(size)
    first, last = (each.ravel() for each in np.meshgrid(ones, ones, indexing="ij"))
    none = np.full(size, -1)
    every = contexts._Counted(
        order=np.repeat([1, 2], [size, size**2]),
        first=np.concatenate([ones, first]),
        last=np.concatenate([ones, last]),
        prefix=np.concatenate([none, first]),
        suffix=np.concatenate([none, last]),
        gain=np.zeros(size + size**2),
    )
    body = contexts._body(every, np.arange(size, dtype=np.uint8), 2)
    symbols = np.array(symbols)
    fitted = backoff(Task(body.features(symbols), symbols, size, 2, Split.of(400)), body)
    triples = collections.Counter(zip(symbols[:-2], symbols[1:-1], symbols[2:]))
    before = np.zeros((size, size))
    for _, b, o in triples:
        before[b, o] += 1
    before[symbols[0], symbols[1]] += 1  # the one pair with nothing before it
    lowest = np.minimum(before, 1).sum(axis=0)
    nothing = lowest - discounts(lowest)[np.minimum(lowest, 3).astype(int)]
    nothing = (nothing + (lowest.sum() - nothing.sum()) / size) / lowest.sum()
    taken = discounts(before)[np.minimum(before, 3).astype(int)]
    one = (before - taken + taken.sum(axis=1, keepdims=True) * nothing) / before.sum(axis=1, keepdims=True)
    counts = np.array([[[triples[a, b, o] for o in ones] for b in ones] for a in ones], float)
    taken = discounts(counts)[np.minimum(counts, 3).astype(int)]
    two = (counts - taken + taken.sum(axis=2, keepdims=True) * one) / counts.sum(axis=2, keepdims=True)
    found = chances(body, fitted, symbols)
    assert found[0] == pytest.approx(one[symbols[0]], rel=1e-4)
    assert found[1:] == pytest.approx(two[symbols[:-1], symbols[1:]], rel=1e-4)


def test_order_one_of_a_markov_chain():
    """Closed form: shares of what follows, but for what is taken off; near the chain's own chances."""
    moves = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4]])
    rng, symbols = np.random.default_rng(3), [0]
    for _ in range(6000):
        symbols.append(int(rng.choice(3, p=moves[symbols[-1]])))
    body, fitted = made(symbols, 3, 1, 3)
    assert body.contexts() == [(0,), (1,), (2,)]
    counts = np.zeros((3, 3))
    np.add.at(counts, (symbols[:-1], symbols[1:]), 1)
    taken = 0.5  # no count is 1: the formula says nothing
    nothing = (3 - taken + 3 * taken / 3) / 9  # each symbol was seen after each
    expected = (counts - taken + 3 * taken * nothing) / counts.sum(axis=1, keepdims=True)
    found = chances(body, fitted, np.array([0, 1, 2]))
    assert found == pytest.approx(expected, rel=1e-5)
    assert np.abs(found - moves).max() < 0.03
    assert fitted.lowest == pytest.approx(
        -(counts / 6000 * np.log2(counts / counts.sum(axis=1, keepdims=True))).sum(), abs=1e-12
    )


def test_discounts_of_the_formula():
    """n1 = 4, n2 = 2, n3 = 2, n4 = 1: y = 1/2."""
    counts = np.array([[1, 1, 1, 1, 2], [2, 3, 3, 4, 9], [0, 0, 0, 0, 0]])
    assert discounts(counts) == pytest.approx([0, 0.5, 0.5, 2])
    assert discounts(np.array([1, 1, 2])).tolist() == [0, 0.5, 0.5, 0.5]  # y = 2 / 4, for n3 = 0
    assert discounts(np.array([1, 1, 1, 2])).tolist() == [0, 0.6, 0.6, 0.6]
    assert discounts(np.array([7, 0])).tolist() == [0, 0.5, 0.5, 0.5]
    assert discounts(np.zeros(0)).tolist() == [0, 0.5, 0.5, 0.5]


def test_before_any_context_and_after_symbols_without_one():
    """Symbol 4 has no neuron: after it all are off, and the chances are those of no context at all."""
    symbols = text_of(6, 300, 4)
    body, fitted = made(symbols, 5, 2, 10)
    kept = [(), *body.contexts()]
    chance = kneser_ney(pairs_of(symbols.tolist()), kept, 5)
    found = chances(body, fitted, np.array([4, 0, 4, 4]))
    for t in (0, 2, 3):
        assert found[t] == pytest.approx([chance(o, ()) for o in range(5)], rel=1e-4)


def test_settings_are_chosen_on_the_validation_part_and_nothing_held_out_is_seen():
    symbols = text_of(7, 400, 4)
    symbols[100:200] = symbols[:100]
    split = Split.of(400, 0.25, 0.3)
    body, fitted = made(symbols, 4, 3, 40, split)
    kept = [(), *body.contexts()]
    pairs = pairs_of(symbols.tolist())
    costs = []
    for factor in FACTORS:
        chance = kneser_ney(pairs[: split.fit], kept, 4, factor)
        later = pairs[split.fit : split.held]
        costs.append(-sum(np.log(says(chance, kept, past, 4)[o]) for past, o in later))
    assert fitted.scale == FACTORS[int(np.argmin(costs))]
    other = symbols.copy()
    other[split.held + 1 :] = 3 - other[split.held + 1 :]
    again, refitted = made(other, 4, 3, 40, split)
    assert again.net.sha256() == body.net.sha256()
    assert (refitted.wy == fitted.wy).all()
    assert (refitted.by == fitted.by).all()
    assert refitted.scale == fitted.scale


@pytest.mark.parametrize("size", [1, 2])
def test_one_symbol_over_and_over(size):
    body, fitted = made([0] * 30, size, 2, 4)
    found = chances(body, fitted, np.zeros(5, np.int64))
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert found[-1, 0] > 0.95
    assert fitted.lowest == 0


def test_a_thousand_contexts_lose_little_by_rounding():
    rng = np.random.default_rng(0)
    text = np.tile(rng.integers(0, 30, 1500), 4)
    text[rng.integers(0, 6000, 600)] = 0
    body, fitted = made(text, 30, 4, 1000)
    assert body.net.hidden == 1000
    features = body.features(text)
    logits = 2 * (features @ fitted.wy.T.astype(float)) + (fitted.by - fitted.wy.sum(axis=1, dtype=float))
    assert np.exp(logits).sum(axis=1) == pytest.approx(1, abs=5e-3)
