"""What is said of the network is never wrong: certified nets are attacked with other float32 programs."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nets import adversarial_net, exact_z, hardened_net, random_net

import boolrnn
from boolrnn.check.bounds import certify_always, certify_reachable
from boolrnn.check.readout import largest_room, reachable, sign_room, top_room
from boolrnn.errors import OptionError, TextError
from boolrnn.machines.outputs import Labeller
from boolrnn.machines.speaks import reachable_margins, speaks
from boolrnn.model.names import from_names

TOLD = ["argmax", "sign:1", "top:2", "bits:h0,h1"]


def with_readout(net, seed, outputs=3, whole=False):
    rng = np.random.default_rng([seed, 77])
    wy, by = rng.normal(size=(outputs, net.hidden)), rng.normal(size=outputs)
    if whole:
        wy, by = np.rint(3 * wy), np.rint(3 * by)
    return dataclasses.replace(net, wy=wy.astype(np.float32), by=by.astype(np.float32))


def planted(seed, hidden=6, symbols=2, gain=16):
    """Neuron 0 is always +1. Then every z is at least `gain`; with -1, which nothing leads to, z may be 0."""
    net = hardened_net(seed, hidden, symbols, gain)
    wx, wh, bh = net.wx.copy(), net.wh.copy(), net.bh.copy()
    wh[:, 0] += gain / 2
    bh -= gain / 2
    wh[0], bh[0], wx[0] = 0, 3 * gain, 0
    return dataclasses.replace(net, wx=wx, wh=wh, bh=bh)


def states_of(automaton, symbols=None):
    symbols = np.arange(automaton.symbols) if symbols is None else symbols
    return reachable(automaton, symbols, 10**5)


def asked(net, outputs="argmax", symbols=None, blocks=3, **options):
    """What is certified, with all reachable states in a few blocks."""
    automaton = boolrnn.compile(net)
    symbols = np.arange(net.symbols) if symbols is None else symbols
    states = np.array_split(states_of(automaton, symbols), blocks)
    return speaks(automaton, symbols, states, Labeller(net, outputs), **options)


def scaled(net, gain):
    parts = {n: (getattr(net, n) * np.float64(gain)).astype(np.float32) for n in ("wx", "wh", "bh")}
    return dataclasses.replace(net, **parts)


def summed(terms, rng, fused):
    """Sums of float32 addends (K, B, R), in a random order along a chain or a tree; fused: each product, a
    pair of factors, is not rounded before it is added."""
    rows = [terms[k] for k in rng.permutation(len(terms))]
    if fused:
        total = np.zeros(np.broadcast_shapes(*(np.shape(a * b) for a, b in rows)), np.float32)
        for a, b in rows:
            total = (a.astype(np.float64) * b + total).astype(np.float32)
        return total
    rows = [(a * b).astype(np.float32) for a, b in rows]
    while len(rows) > 1:
        a = rows.pop(int(rng.integers(len(rows))) if rng.random() < 0.5 else 0)
        rows[0] = rows[0] + a
    return rows[0]


def program(net, words, rng, fused=False, ulps=0):
    """Signs (T, B, H) and outputs (T + 1, B, O) of a float32 program on words (T, B)."""
    one, hidden = np.ones((words.shape[1], 1), np.float32), np.zeros((words.shape[1], net.hidden), np.float32)

    def read():
        return summed(
            [(one, net.by), *((hidden[:, j, None], net.wy[:, j]) for j in range(net.hidden))], rng, fused
        )

    bits, outputs = [], [read()]
    for x in words:
        terms = [(one, net.bh), (one, net.wx.T[x])]
        terms += [(hidden[:, j, None], net.wh[:, j]) for j in range(net.hidden)]
        z = summed(terms, rng, fused)
        hidden = np.tanh(z.astype(np.float64)).astype(np.float32)
        for _ in range(ulps):
            hidden = np.nextafter(hidden, np.float32(0))
        bits.append(z >= 0)
        outputs.append(read())
    return np.array(bits), np.array(outputs)


def naive_label(outputs, told, bits=None):
    """The definition, for one vector of outputs."""
    listed = outputs.tolist()
    if told == "argmax":
        return listed.index(max(listed))
    if told.startswith("sign"):
        return listed[int(told[5:])] >= 0
    if told.startswith("top"):
        return sorted(sorted(range(len(listed)), key=lambda o: (-listed[o], o))[: int(told[4:])])
    return None if bits is None else bits[[0, 1]].tolist()


def mismatches(net, told, longest=6, seed=0):
    """Positions of all words of this length where several programs differ from the automaton, in a sign or
    in the label."""
    rng, automaton = np.random.default_rng(seed), boolrnn.compile(net)
    words = np.array(list(itertools.product(range(net.symbols), repeat=longest))).T
    states = [None]
    for x in words:
        states.append(automaton.step(states[-1], x)[0])
    zeros = np.zeros(net.hidden)
    exact = [np.array([net.wy.astype(float) @ zeros + net.by] * words.shape[1])]
    exact += [np.where(s, 1.0, -1.0) @ net.wy.T.astype(float) + net.by for s in states[1:]]
    wrong = 0
    for fused, ulps in ((False, 0), (False, 2), (True, 0), (True, 2)):
        bits, outputs = program(net, words, rng, fused, ulps)
        wrong += int((bits != np.array(states[1:])).sum())
        for t in range(longest + 1):
            for b in range(words.shape[1]):
                own, its = (None, None) if t == 0 else (states[t][b], bits[t - 1][b])
                left, right = naive_label(exact[t][b], told, own), naive_label(outputs[t][b], told, its)
                wrong += left != right
    return wrong


@pytest.mark.parametrize("told", TOLD)
@pytest.mark.parametrize("seed", range(3))
def test_a_certified_network_stands_every_attack(seed, told):
    net = with_readout(planted(seed, 3 + seed, gain=8), seed)
    found = asked(net, told)
    assert found.speaks_for == "network"
    assert (found.states_by, found.form) == ("every reachable state", "sign-exact")
    assert not certify_always(boolrnn.compile(net)).holds
    assert found.gain_needed == 1.0
    assert mismatches(net, told) == 0


@pytest.mark.parametrize("seed", range(4))
def test_every_reachable_pair_is_the_float_programs_own(seed):
    """From hidden values anywhere inside the shortfall, one step of the program keeps signs and labels."""
    net, rng = with_readout(planted(seed, 5, 3), seed), np.random.default_rng(seed)
    automaton, symbols = boolrnn.compile(net), np.arange(3)
    states = states_of(automaton)
    start = np.abs(automaton.drive.T)
    proof = certify_reachable(automaton, symbols, reachable_margins(automaton, symbols, [states]), start)
    assert proof.holds
    for x in range(3):
        inside = 1 - proof.shortfall * rng.choice([0, 1, 0.5], states.shape)
        hidden = (np.where(states, 1, -1) * inside).astype(np.float32)
        z = summed(
            [(np.ones((len(states), 1), np.float32), net.bh + net.wx[:, x])]
            + [(hidden[:, j, None], net.wh[:, j]) for j in range(5)],
            rng,
            False,
        )
        after = automaton.step(states, np.full(len(states), x))[0]
        assert ((z >= 0) == after).all()
        assert (np.abs(np.tanh(z.astype(float))) >= 1 - proof.shortfall).all()


def test_a_margin_that_only_an_unreachable_state_violates():
    """z1 = 8 + 8 s0, and s0 = +1 in every state that is reached: 16 there, 0 in the others."""
    net = hardened_net(1, 2, 2)
    wh, wx = np.array([[0, 0], [8, 0]], np.float32), np.array([[16, 16], [8, 8]], np.float32)
    net = with_readout(dataclasses.replace(net, wh=wh, wx=wx, bh=np.zeros(2, np.float32)), 1)
    assert not certify_always(boolrnn.compile(net)).holds
    assert asked(net).states_by == "every reachable state"
    assert asked(net).least_margin == 8  # at the start, h = 0
    without = boolrnn.compile(net)
    assert speaks(without, np.arange(2), None, Labeller(net)).states_level == "none"
    least = reachable_margins(without, np.arange(2), [np.array([[False, True]])])
    assert not certify_reachable(without, np.arange(2), least, np.abs(without.drive.T)).holds


def test_bit_exact_forms_and_integer_readouts_need_no_gaps():
    tied = with_readout(hardened_net(2, 5, 2), 0, whole=True)
    tied = dataclasses.replace(tied, wy=np.repeat(tied.wy[:1], 3, 0), by=np.zeros(3, np.float32))
    found = asked(tied)
    assert (found.speaks_for, found.form, found.states_by) == ("network", "bit-exact", "every state")
    assert found.outputs_by == "exact sums"
    assert speaks(boolrnn.compile(tied), np.arange(2), None, Labeller(tied)) == found
    wide = with_readout(planted(3, gain=32), 0, whole=True)
    wide = dataclasses.replace(wide, wy=np.repeat(wide.wy[:1], 3, 0), by=np.zeros(3, np.float32))
    found = asked(wide)
    assert (found.speaks_for, found.form) == ("network", "bit-exact")
    assert (found.states_by, found.outputs_by) == ("every reachable state", "exact sums")
    assert mismatches(wide, "argmax", 4) == 0


def test_states_that_are_certified_are_half_of_it():
    """Two equal outputs: the program's larger one is anybody's guess once hidden values fall short of 1."""
    net = with_readout(planted(1, 4, gain=8), 1)
    wy, by = net.wy.copy(), net.by.copy()
    wy[:2], by[:2] = [[0.3, -0.1, 0.7, 0.2]], 5
    wy[1] = wy[0][::-1]
    wy[1, 1:3] = wy[0, 1:3]
    net = dataclasses.replace(net, wy=wy, by=by)
    found = asked(net)
    assert (found.states_level, found.outputs_level) == ("certified_always", "none")
    assert found.speaks_for == "sign_automaton"
    assert "0x" in found.outputs_reason
    assert asked(net, "top:2").speaks_for == "network"  # as a set they stand out
    assert asked(net, "bits:h1").outputs_by == "signs"


def test_outputs_of_one_name_need_not_stand_apart(tmp_path):
    net = with_readout(planted(2, 4, gain=8), 2, 2)
    net = dataclasses.replace(
        net, wy=np.concatenate([net.wy[:1] * 0, net.wy[:1] * 0, net.wy[1:] * 0]), by=np.float32([4, 4, 1])
    )
    (tmp_path / "names").write_text("a\na\nb\n")
    (tmp_path / "other").write_text("a\nb\nb\n")
    assert asked(net, str(tmp_path / "names")).speaks_for == "network"
    assert asked(net, str(tmp_path / "other")).outputs_level == "none"


def test_a_start_that_a_flush_changes_is_not_certified():
    net = with_readout(planted(0, 4), 0, 2)
    tiny = dataclasses.replace(net, by=np.float32([-1e-40, 3]))
    assert asked(tiny, "sign:1").speaks_for == "network"
    found = asked(tiny, "sign:0")
    assert found.outputs_level == "none"
    assert "flushed" in found.outputs_reason


def room_of(told, groups):
    if told == "argmax":
        return largest_room(np.array(groups))
    return sign_room if told == "sign" else top_room(int(told[4:]))


@given(
    st.lists(st.tuples(st.integers(-6, 6), st.integers(0, 4), st.integers(0, 2)), min_size=1, max_size=5),
    st.sampled_from(["argmax", "sign", "top:1", "top:2", "top:5"]),
)
@example([(3, 3, 0), (1, 0, 1)], "top:1")
@example([(3, 0, 0), (1, 3, 1)], "top:1")
def test_room_is_what_rounding_may_take(drawn, told):
    """Above 0 no outputs within the losses have another label; below 0 some do."""
    outputs, loss, groups = (list(column) for column in zip(*drawn))
    if told == "sign":
        outputs, loss = outputs[:1], loss[:1]
    room = room_of(told, groups)(np.array([outputs], float), np.array(loss, float))[0]

    def label(values):
        if told == "argmax":
            return groups[values.index(max(values))]
        return naive_label(np.array(values), "sign:0" if told == "sign" else told)

    corners = itertools.product(*([v - d, v, v + d] for v, d in zip(outputs, loss)))
    kinds = {str(label(list(values))) for values in corners}
    if room > 0:
        assert len(kinds) == 1
    if room < 0:
        assert len(kinds) > 1


@pytest.mark.parametrize(
    "net",
    [
        random_net(1, 6, 3),
        random_net(2, 1, 1),
        random_net(3, 5, 24),
        adversarial_net(4, 6, 3, 60),
        adversarial_net(5, 6, 3, 277),
        adversarial_net(6, 5, 20, 40),
    ],
)
def test_least_margins_are_the_exact_ones(net):
    automaton, symbols = boolrnn.compile(net), np.arange(net.symbols)[::-1].copy()
    states = states_of(automaton)
    least = reachable_margins(automaton, symbols, np.array_split(states, 2))
    for s, x in enumerate(symbols.tolist()):
        rows = [exact_z(net, state, x) for state in states]
        exact = [float(min(abs(row[i]) for row in rows)) for i in range(net.hidden)]
        if (least > 0).all():
            assert least[s] == pytest.approx(exact, rel=2.0**-50, abs=0)
        else:
            assert (least[s] >= np.array(exact) * (1 - 2.0**-50)).all()
    assert (least == 0).any() == (min(map(float, (least.min(), *exact))) == 0)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 8])
def test_the_gain_needed_is_enough_and_little_less_is_not(seed):
    """Plain nets: not certified as they are; times the gain they are, with the same automaton."""
    net = random_net(seed, 2 + seed, 2, 3, scale=0.6)
    net = dataclasses.replace(net, bh=net.bh + np.float32(0.137))
    found = asked(net)
    assert found.states_level == "none"
    assert found.least_margin > 0
    gain = found.gain_needed
    assert float(f"{gain:.3g}") == gain
    more = scaled(net, gain)
    states = states_of(boolrnn.compile(net))
    again = states_of(boolrnn.compile(more))
    assert {row.tobytes() for row in again} == {row.tobytes() for row in states}
    assert asked(more).states_level == "certified_always"
    assert mismatches(more, "bits:h0,h1") == 0
    assert asked(scaled(net, 2.0 ** np.floor(np.log2(gain)))).states_level == "none"
    if found.least_margin > 1e-3:  # near 0 what is taken for the rounding of weights counts
        assert asked(scaled(net, gain * 0.985)).states_level == "none"
    assert asked(net, gain=False).gain_needed is None


def test_no_gain_helps_a_margin_of_zero_or_sums_that_overflow():
    net = random_net(1, 4, 2)
    tie = dataclasses.replace(net, bh=-net.wx[:, 0])
    found = asked(tie)
    assert (found.gain_needed, found.least_margin) == (None, 0.0)
    assert asked(scaled(random_net(1, 9, 2), 3e37)).gain_needed is None
    loose = hardened_net(4, 4, 2, gain=1)
    assert asked(loose).gain_needed <= 16
    wide = hardened_net(5, 4, 2, gain=1)
    wh = wide.wh.copy()
    wh[0, :2] = 2.0**21  # sums of 23 bits: no room for rounding bounds, and none is rounded
    found = asked(dataclasses.replace(wide, wh=wh))
    assert (found.states_level, found.gain_needed) == ("none", 16.0)


def test_the_certificate_speaks_of_the_program_in_the_file():
    """Two large biases that cancel: the five tensors alone would be certified."""
    big, net = np.float32(2.0**26), planted(1, 4)
    tensors = {
        "rnn.weight_ih_l0": net.wx,
        "rnn.weight_hh_l0": net.wh,
        "rnn.bias_ih_l0": net.bh + big,
        "rnn.bias_hh_l0": np.full(4, -big),
        "fc.weight": net.wy,
        "fc.bias": net.by,
    }
    loaded = from_names(tensors).weights
    assert (loaded.bh == net.bh).all()
    assert asked(loaded).states_level == "none"
    assert asked(loaded).gain_needed is None
    assert asked(dataclasses.replace(loaded, folded=None, folded_terms=0)).states_level == "certified_always"


def test_only_the_symbols_in_use_count():
    """A third symbol whose drive is 0 spoils nothing where words do not use it."""
    net = with_readout(planted(4, 5, 2), 4)
    net = dataclasses.replace(net, wx=np.concatenate([-net.bh[:, None], net.wx], axis=1))
    assert asked(net).states_level == "none"
    assert asked(net, symbols=np.array([2, 1])).speaks_for == "network"


def test_what_cannot_be_used_is_refused():
    automaton = boolrnn.compile(planted(0))
    labeller, symbols = Labeller(automaton.weights), np.arange(2)
    with pytest.raises(OptionError, match="read once"):
        speaks(automaton, symbols, (block for block in [states_of(automaton)]), labeller)
    with pytest.raises(OptionError, match="no state"):
        speaks(automaton, symbols, [], labeller)
    with pytest.raises(TextError, match=r"outside 0\.\.1"):
        speaks(automaton, np.array([0, 2]), None, labeller)
