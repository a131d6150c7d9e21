"""Certificates are never wrong: every one that is given is attacked with other float32 programs."""

import dataclasses
import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from nets import adversarial_net, exact_z, foreign_program, hardened_net, random_net, text_of

import boolrnn
from boolrnn.check.bounds import certify_always, certify_text, least_margins
from boolrnn.model.names import from_names

PROGRAMS = [{"ulps": 0}, {"ulps": 2}, {"fused": True}, {"fused": True, "ulps": 2}]


def scaled(weights, gain):
    """The same net with all sums multiplied by `gain`: the automaton stays the same."""
    parts = {n: (getattr(weights, n) * np.float32(gain)).astype(np.float32) for n in ("wx", "wh", "bh")}
    return dataclasses.replace(weights, **parts)


def attack(weights, text, seed=0):
    """How many of several foreign programs leave the automaton's signs on this text."""
    states = boolrnn.compile(weights).run(text).states
    rng = np.random.default_rng(seed)
    return sum(
        bool((foreign_program(weights, text, rng, **program) != states).any())
        for program in PROGRAMS
        for _ in range(2)
    )


def least_gain(weights, text):
    """The least gain (to 1 %) whose trajectory is certified, and one just below."""
    low, high = 1e-3, 1e7
    while high / low > 1.01:
        middle = (low * high) ** 0.5
        automaton = boolrnn.compile(scaled(weights, middle))
        if certify_text(automaton, automaton.run(text)).holds:
            high = middle
        else:
            low = middle
    return high, low


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6, 8, 9, 10, 11])
def test_a_text_certified_by_a_hair_stands_every_attack(seed):
    hidden = 1 + seed
    weights, text = random_net(seed, hidden, 3, scale=1.5), text_of(seed, 25, 3)
    inside, outside = least_gain(weights, text)
    net = scaled(weights, inside)
    automaton = boolrnn.compile(net)
    run = automaton.run(text)
    found = certify_text(automaton, run)
    assert found.holds
    assert found.least_bound > 0
    assert attack(net, text, seed) == 0
    assert (boolrnn.trace(net, text).bits == run.states).all()
    below = boolrnn.compile(scaled(weights, outside))
    refused = certify_text(below, below.run(text))
    assert not refused.holds
    assert f"h{refused.neuron}" in refused.reason
    assert f"t = {refused.t}" in refused.reason


@pytest.mark.parametrize("seed", range(10))
def test_where_a_program_can_leave_there_is_no_certificate(seed):
    """Random nets at low gain: wherever any program differs, the certificate must have refused."""
    broken = 0
    for gain in (0.3, 1, 3, 10):
        weights = scaled(random_net(seed, 6, 3, scale=1.0), gain)
        text = text_of(seed, 20, 3)
        automaton = boolrnn.compile(weights)
        if attack(weights, text, seed):
            broken += 1
            assert not certify_text(automaton, automaton.run(text)).holds
            assert not certify_always(automaton).holds
    assert broken > 0


@pytest.mark.parametrize("hidden", [1, 2, 5, 9, 16])
@pytest.mark.parametrize("seed", range(4))
def test_hardened_nets_are_certified_for_every_text(hidden, seed):
    weights = hardened_net(seed, hidden)
    automaton = boolrnn.compile(weights)
    found = certify_always(automaton)
    assert found.holds
    for stream in range(2):
        assert attack(weights, text_of(100 + stream, 30, 4), seed) == 0


@pytest.mark.parametrize("seed", range(6))
def test_every_state_of_a_certified_net_keeps_its_signs(seed):
    """All 2^H states, all symbols: the float32 step from hidden values as far in as tanh may leave
    them still has the automaton's signs."""
    weights = hardened_net(seed, 6)
    automaton = boolrnn.compile(weights)
    assert certify_always(automaton).holds
    for values in itertools.product([False, True], repeat=6):
        state = np.array(values)
        for x in range(4):
            hidden = np.where(state, 1, -1).astype(np.float32) * np.float32(1 - 2.0**-22)
            z = weights.bh + weights.wx[:, x] + weights.wh @ hidden
            assert ((z >= 0) == automaton.step(state[None], np.array([x]))[0][0]).all()


def near_misses():
    net = hardened_net(3, 6)
    wx, wh = net.wx.copy(), net.wh.copy()
    wx[2, 1] += 16  # one even drive: z = 0 is possible
    yield "one even drive", dataclasses.replace(net, wx=wx)
    wh[4, 2] += 16  # one odd row sum
    yield "one odd row sum", dataclasses.replace(net, wh=wh)
    parts = {n: getattr(net, n) / np.float32(16) for n in ("wx", "wh", "bh")}
    yield "gain 1 instead of 16", dataclasses.replace(net, **parts)
    wide = wh * 0 + np.float32(2.0**24)
    yield "sums that float32 cannot hold", dataclasses.replace(net, wh=wide)
    huge = wh * 0 + np.float32(3e38)
    yield "sums that overflow", dataclasses.replace(net, wh=huge)
    bias = -net.wx[:, 0]
    yield "a start at z = 0", dataclasses.replace(net, bh=bias)


@pytest.mark.parametrize(("what", "weights"), list(near_misses()), ids=lambda value: str(value)[:30])
def test_near_misses_are_refused(what, weights):
    found = certify_always(boolrnn.compile(weights))
    assert not found.holds, what
    assert found.reason


@pytest.mark.parametrize(
    "weights",
    [
        random_net(0, 5, 3),
        random_net(1, 1, 2),
        hardened_net(2, 6),
        adversarial_net(3, 5, 2, 60),
        adversarial_net(4, 5, 2, 277),
        hardened_net(5, 7, gain=1),
    ],
)
def test_least_margins_bound_every_state(weights):
    bound = least_margins(boolrnn.compile(weights))
    for x in range(weights.symbols):
        rows = [
            exact_z(weights, np.array(values), x)
            for values in itertools.product([False, True], repeat=weights.hidden)
        ]
        for i in range(weights.hidden):
            assert bound[x, i] <= min(abs(row[i]) for row in rows)


def test_the_lattice_bound_is_sharp_for_hardened_nets():
    assert least_margins(boolrnn.compile(hardened_net(2, 6))).min() == 16


def test_a_tie_is_never_certified():
    weights = random_net(0, 4, 3)
    wx = weights.wx.copy()
    wx[1, 2] = -weights.bh[1]
    weights = dataclasses.replace(weights, wx=wx)
    automaton = boolrnn.compile(weights)
    found = certify_text(automaton, automaton.run(np.array([2])))
    assert not found.holds
    assert (found.t, found.neuron) == (0, 1)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("gain", [30, 300, 3000])
def test_the_bound_is_the_stated_one(seed, gain):
    """The docstring's formula with fifty digits: the bound given never exceeds it, and hardly falls short."""
    weights = scaled(random_net(seed, 12, 3), gain)
    text = text_of(seed, 2, 3)
    automaton = boolrnn.compile(weights)
    found = certify_text(automaton, automaton.run(text))
    u = Fraction(1, 2**24)
    gamma = 16 * u / (1 - 16 * u)
    flush = 2 * (3 * 12 + 4) * Fraction(1, 2**126)
    eps, state, least = [Fraction(0)] * 12, None, None
    for t, x in enumerate(text):
        bounds = []
        for i, z in enumerate(exact_z(weights, state, x)):
            row = [abs(Fraction(float(w))) for w in weights.wh[i]]
            size = abs(Fraction(float(weights.bh[i]))) + abs(Fraction(float(weights.wx[i, x])))
            size += sum(row) if t else 0
            carried = sum(w * e for w, e in zip(row, eps))
            bounds.append(abs(z) - carried - gamma * size - flush)
        least = min(bounds) if least is None else min(least, *bounds)
        if least <= 0:
            break
        with mpmath.workdps(50):
            tanhs = [mpmath.tanh(mpmath.mpf(b.numerator) / b.denominator) for b in bounds]
            eps = [1 - Fraction(str(value)) * (1 - Fraction(1, 2**22)) for value in tanhs]
        state = [z >= 0 for z in exact_z(weights, state, x)]
    assert found.holds == (least > 0)
    assert found.least_bound <= least
    assert found.least_bound == pytest.approx(float(least), rel=1e-6, abs=gain * 1e-10)


def test_a_row_whose_sums_float32_cannot_hold_is_refused_and_really_breaks():
    """Exact sums of -976 that a permitted program rounds to 0: large weights that cancel late."""
    hidden, big = 64, np.float32(2.0**29)
    wh = np.zeros((hidden, hidden), np.float32)
    wh[0], wh[0, 0], wh[0, 1] = -16, big, -big
    weights = boolrnn.Weights(
        wx=np.full((hidden, 1), 16, np.float32),
        wh=wh,
        bh=np.zeros(hidden, np.float32),
        wy=np.zeros((1, hidden), np.float32),
        by=np.zeros(1, np.float32),
    )
    automaton = boolrnn.compile(weights)
    run = automaton.run(np.array([0, 0]))
    assert run.z()[1, 0] == -976
    total = np.float32(16)
    for j in [0, *range(2, hidden), 1]:  # the cancelling weight last
        total = np.float32(total + wh[0, j])
    assert total == 0  # bit 1, where the automaton has bit 0
    found = certify_text(automaton, run)
    assert not found.holds
    assert (found.t, found.neuron) == (1, 0)


@pytest.mark.parametrize("exponent", [-149, -126, -105])
def test_margins_that_a_flush_could_eat_are_not_certified(exponent):
    tiny = np.float32(2.0**exponent)
    weights = boolrnn.Weights(
        wx=np.full((1, 1), tiny),
        wh=np.zeros((1, 1), np.float32),
        bh=np.zeros(1, np.float32),
        wy=np.zeros((1, 1), np.float32),
        by=np.zeros(1, np.float32),
    )
    automaton = boolrnn.compile(weights)
    assert not certify_text(automaton, automaton.run(np.array([0, 0]))).holds
    assert not certify_always(automaton).holds


def folded_nets():
    """Files whose own program cancels large addends that the five tensors no longer show."""
    big, zero = np.float32(2.0**30), np.zeros((1, 1), np.float32)
    readout = {"fc.weight": np.zeros((2, 1), np.float32), "fc.bias": np.zeros(2, np.float32)}
    biases = {
        "rnn.weight_ih_l0": np.array([[16, -16]], np.float32),
        "rnn.weight_hh_l0": zero,
        "rnn.bias_ih_l0": np.array([big]),
        "rnn.bias_hh_l0": np.array([-big]),
    }
    embedding = {
        "emb.weight": np.array([[big, 1, big], [big, -1, big]], np.float32),
        "rnn.weight_ih_l0": np.array([[1, 16, -1]], np.float32),
        "rnn.weight_hh_l0": zero,
    }
    return [biases | readout, embedding | readout]


def test_a_flushed_weight_times_a_huge_embedding_entry_is_not_certified():
    tensors = {
        "emb.weight": np.array([[1.9 * 2.0**126, -0.5], [1.5 * 2.0**126, -0.5]], np.float32),
        "rnn.weight_ih_l0": np.array([[2.0**-127, 1]], np.float32),
        "rnn.weight_hh_l0": np.zeros((1, 1), np.float32),
        "fc.weight": np.zeros((3, 1), np.float32),
    }
    automaton = boolrnn.compile(from_names(tensors).weights)
    assert automaton.drive.min() > 0.2  # with the subnormal weight flushed, it is -0.5
    assert not certify_always(automaton).holds
    assert not certify_text(automaton, automaton.run(np.array([0, 1]))).holds


@pytest.mark.parametrize("tensors", folded_nets())
def test_the_certificate_speaks_of_the_program_in_the_file(tensors, tmp_path):
    weights = from_names(tensors).weights
    assert weights.wx.tolist() == [[16, -16]]
    assert weights.bh.tolist() == [0]
    automaton = boolrnn.compile(weights)
    run = automaton.run(np.array([0, 1, 1]))
    assert not certify_always(automaton).holds
    assert not certify_text(automaton, run).holds
    automaton.write(tmp_path / "a.npz")
    assert not certify_always(boolrnn.read_automaton(tmp_path / "a.npz")).holds
    bare = dataclasses.replace(weights, folded=None)  # as a net of its own, the five tensors are certain
    assert certify_always(boolrnn.compile(bare)).holds


@pytest.mark.parametrize("seed", range(8))
def test_folded_nets_are_certified_with_room_for_their_own_program(seed):
    """A hardened net whose drive is split over an embedding and two biases, as a file's program adds it."""
    net, rng = hardened_net(seed, 5), np.random.default_rng(seed)
    split = (rng.integers(-3, 4, 5) * 16).astype(np.float32)
    tensors = {
        "emb.weight": np.eye(4, dtype=np.float32)[:, ::-1].copy(),
        "rnn.weight_ih_l0": net.wx[:, ::-1].copy(),
        "rnn.weight_hh_l0": net.wh,
        "rnn.bias_ih_l0": net.bh - split,
        "rnn.bias_hh_l0": split,
        "fc.weight": net.wy,
        "fc.bias": net.by,
    }
    weights = from_names(tensors).weights
    assert (weights.wx == net.wx).all()
    assert (weights.bh == net.bh).all()
    assert weights.folded_terms == 6
    sizes = np.abs(net.wx) + np.abs(net.bh - split)[:, None] + np.abs(split)[:, None]
    assert (weights.folded >= sizes).all()
    assert certify_always(boolrnn.compile(weights)).holds


def test_another_start_is_never_certified():
    automaton = boolrnn.compile(hardened_net(1, 5))
    found = certify_text(automaton, automaton.run(text_of(0, 9, 4), np.zeros(5, bool)))
    assert not found.holds
    assert "started elsewhere" in found.reason


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 260))
def test_a_longer_search_breaks_no_certificate(seed):
    hidden = 1 + seed % 24
    weights, text = random_net(seed, hidden, 3, scale=2.0), text_of(seed, 60, 3)
    inside, _ = least_gain(weights, text)
    if inside > 1e6:  # a tie on the trajectory: no gain certifies it
        return
    for gain in (inside, inside * 1.1, inside * 4):
        net = scaled(weights, gain)
        automaton = boolrnn.compile(net)
        if certify_text(automaton, automaton.run(text)).holds:
            assert attack(net, text, seed) == 0
    hard = hardened_net(seed, hidden, gain=2 ** (seed % 6))
    if certify_always(boolrnn.compile(hard)).holds:
        assert attack(hard, text_of(seed, 60, 4), seed) == 0
