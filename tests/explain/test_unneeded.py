"""What the automaton does not need: removals that change no state, counted as their definitions read."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn import Weights
from boolrnn.explain import unneeded as module
from boolrnn.explain.unneeded import pruned_weights, unneeded, without

SIZES = st.sampled_from([(1, 2), (2, 2), (3, 3), (5, 4), (9, 5)])


class Naive:
    """Every weight as a whole multiple of 2^-149, every sum as its definition reads."""

    def __init__(self, weights, symbols):
        tables = (weights.wh, weights.wx, weights.bh[:, None])
        self.wh, self.wx, bias = (
            [[int(Fraction(float(v)) * 2**149) for v in row] for row in table] for table in tables
        )
        self.bias, self.symbols = [row[0] for row in bias], symbols.tolist()
        self.states = []
        for t in range(len(symbols)):
            self.states.append([self.z(t, i) >= 0 for i in range(weights.hidden)])

    def z(self, t, i, gone=(), symbol=None):
        """The sum of neuron i at t without the weights `gone` and the input weight of `symbol`."""
        x = self.symbols[t]
        total = self.bias[i] + (0 if x == symbol else self.wx[i][x])
        if t:
            for j, bit in enumerate(self.states[t - 1]):
                if j not in gone:
                    total += self.wh[i][j] if bit else -self.wh[i][j]
        return total

    def holds(self, i, gone, symbol=None):
        steps = range(len(self.symbols))
        return all((self.z(t, i, gone, symbol) >= 0) == self.states[t][i] for t in steps)

    def bound(self, i):
        """The most weights whose sizes sum to less than what the least margin allows, and that margin."""
        all_z = [self.z(t, i) for t in range(1, len(self.symbols))]
        total = count = 0
        for size in sorted(abs(w) for w in self.wh[i] if w):
            total += size
            if any(total > z if z >= 0 else total >= -z for z in all_z):
                break
            count += 1
        return count, float(Fraction(min(map(abs, all_z)), 2**149)) if all_z else np.nan


def check(weights, symbols):
    found, naive = unneeded(weights, symbols), Naive(weights, symbols)
    assert found.same_states
    assert Naive(without(weights, found.wh, found.wx), symbols).states == naive.states
    assert not (found.wh & (weights.wh == 0)).any()
    assert not (found.wx & ((weights.wx == 0) | found.unread)).any()
    assert set(np.flatnonzero(~found.unread)) == set(symbols.tolist())
    for i in range(weights.hidden):
        bound, least = naive.bound(i)
        assert found.bound[i] == bound
        assert found.least_margin[i] == pytest.approx(least, rel=1e-15, abs=0, nan_ok=True)
        nonzero = np.flatnonzero(weights.wh[i]).tolist()
        assert found.weights[i] == len(nonzero)
        assert bound <= found.greedy[i] <= found.at_most[i] <= len(nonzero)
        gone = set(np.flatnonzero(found.wh[i]).tolist())
        for j in set(nonzero) - gone:  # no other may follow
            assert not naive.holds(i, gone | {j})
        if len(nonzero) <= 5:
            subsets = (s for n in range(len(nonzero) + 1) for s in itertools.combinations(nonzero, n))
            most = max(len(s) for s in subsets if naive.holds(i, s))
            assert found.greedy[i] <= most <= found.at_most[i]
            assert found.greedy[i] == most or not found.proved[i]
        for x in np.flatnonzero((weights.wx[i] != 0) & ~found.unread).tolist():
            assert found.wx[i, x] == naive.holds(i, gone, x)
    return found


@settings(max_examples=25)
@given(st.integers(0, 10**6), SIZES, st.integers(1, 12), st.sampled_from([4, 40, 150, 250]), st.booleans())
def test_removals_change_no_state_and_are_what_they_are_called(seed, size, length, spread, plain):
    net = random_net(seed, *size) if plain else adversarial_net(seed, *size, spread)
    check(net, text_of(seed, length, size[1]))


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([(2, 2), (5, 4), (9, 3)]), st.sampled_from([6, 200]))
def test_the_greedy_sets_too(seed, size, spread):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SUBSETS", 0)
        patch.setattr(module, "_NEAR", 3)
        patch.setattr(module, "_BLOCK", 4)
        patch.setattr(module, "_GROUP", 2)
        check(adversarial_net(seed, *size, spread), text_of(seed, 14, size[1]))


def test_a_short_row_is_proved():
    for seed in range(5):
        found = check(random_net(seed, 5, 3), text_of(seed, 14, 3))
        assert found.proved.all()


def test_weights_that_are_too_small_to_matter_all_go():
    rng = np.random.default_rng(3)
    main = hardened_net(3, 40, symbols=3)  # every |z| is at least 16
    noise = np.where(main.wh == 0, rng.normal(size=main.wh.shape) / 100, 0).astype(np.float32)
    net = Weights(wx=main.wx, wh=main.wh + noise, bh=main.bh, wy=main.wy, by=main.by)
    found = unneeded(net, text_of(1, 200, 3))
    assert found.same_states
    assert found.wh[noise != 0].all()
    assert (found.bound >= (noise != 0).sum(axis=1)).all()


def one_row(weight, drive):
    """h0 is the sign of `drive` + `weight` h1; h1 is always 1."""
    wh, zeros = np.array([[0, weight], [0, 0]], np.float32), np.zeros((2, 2), np.float32)
    return Weights(wx=zeros, wh=wh, bh=np.array([drive, 1], np.float32), wy=zeros, by=np.zeros(2, np.float32))


@pytest.mark.parametrize(
    ("weight", "drive", "goes"),
    [
        (1.0, 0.0, True),  # z = 1 falls to exactly 0: the bit stays 1
        (-1.0, 0.0, False),  # z = -1 rises to exactly 0: the bit would become 1
        (-1.0, 1.0, True),  # z = 0 rises to 1
        (1.0, -1.0, False),  # z = 0 falls to -1
        (-1.0, -(2.0**-149), True),
        (-1.0, 2.0**-149, False),
    ],
)
def test_ties_stay_on_the_side_of_one(weight, drive, goes):
    found = check(one_row(weight, drive), np.array([0, 1, 0]))
    assert found.greedy[0] == goes
    assert found.proved[0]


def test_two_weights_that_cancel_go_together():
    """h1 and h2 are always equal, so +8 and -8 of them add up to nothing: neither may go alone."""
    wh = np.zeros((3, 3), np.float32)
    wh[0] = [0, 8, -8]
    wx = np.array([[1, -1], [1, -1], [1, -1]], np.float32)
    net = Weights(
        wx=wx, wh=wh, bh=np.zeros(3, np.float32), wy=np.zeros((2, 3), np.float32), by=np.zeros(2, np.float32)
    )
    found = check(net, np.array([0, 1, 1, 0, 1, 0, 0]))
    assert (found.bound[0], found.greedy[0], found.proved[0]) == (0, 2, True)


def test_one_symbol_needs_no_recurrence():
    net = random_net(1, 6, 4)
    found = check(net, text_of(1, 1, 4))
    assert (found.greedy == np.count_nonzero(net.wh, axis=1)).all()
    assert found.proved.all()
    assert np.isnan(found.least_margin).all()


def test_the_archived_automaton(archived):
    weights, symbols = archived
    found = unneeded(weights, symbols)
    assert found.same_states
    assert found.unread.sum() == 204
    assert found.bound.sum() == 228
    assert 1300 < found.greedy.sum() < found.at_most.sum() < 16384
    assert (found.greedy >= found.bound).all()
    run, pruned = boolrnn.compile(weights).run(symbols), pruned_weights(weights, symbols)
    assert np.array_equal(boolrnn.compile(pruned).run(symbols).states, run.states)
    assert not pruned.wx[:, found.unread].any()
    margins = run.margins[1:].min(axis=0)
    assert found.least_margin == pytest.approx(margins, rel=1e-15, abs=0)
