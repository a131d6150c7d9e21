"""Exact sums, number formats and outputs of certificates, against programs that add in any order."""

import dataclasses
import itertools

import numpy as np
import pytest
from nets import hardened_net, random_net, text_of

import boolrnn
from boolrnn.check.exact_sums import FORMATS, fits, ones


def scaled(weights, gain):
    parts = {n: (getattr(weights, n) * np.float32(gain)).astype(np.float32) for n in ("wx", "wh", "bh")}
    return dataclasses.replace(weights, **parts)


def test_the_24_bit_condition_is_the_stated_one():
    """(|wx| + |bh| + sum |wh|) / 2^k = 2^24 is the last that passes."""
    for total, passes in ((2**24, True), (2**24 + 2, False)):
        wh = np.array([[2.0**23, total - 2.0**23 - 3]], np.float32)
        wx, bh = np.full((1, 1), 2, np.float32), np.array([1], np.float32)
        assert (np.abs(wh).sum(dtype=np.float64) + 3) == total
        assert fits(wh, wx, bh).tolist() == [passes]
        assert (
            fits(wh * np.float32(2.0**-100), wx * np.float32(2.0**-100), bh * np.float32(2.0**-100)) == passes
        )


def test_valid_for_speaks_of_outputs_too():
    net = hardened_net(1, 2, 2)
    net = dataclasses.replace(net, wy=np.array([[256, 0], [256, 1]], np.float32))
    assert "bf16" in boolrnn.certify(net).valid_for.tolist()
    found = boolrnn.certify(net, outputs=True)
    assert (found.outputs_by, "bf16" in found.valid_for.tolist()) == ("exact sums", False)
    gaps = boolrnn.certify(hardened_net(4, 6), outputs=True)
    assert (gaps.outputs_by, gaps.valid_for.tolist()) == ("every reachable state", ["fp32"])


@pytest.mark.parametrize("seed", range(8))
def test_every_state_of_a_bit_exact_net_gives_signs_exactly(seed):
    """All 2^H states, all symbols, sums in shuffled orders, in float32 and in each format of valid_for."""
    net = hardened_net(seed, 6)
    found = boolrnn.certify(net)
    assert found.form == "bit-exact"
    rng = np.random.default_rng(seed)
    automaton = boolrnn.compile(net)
    kinds = {"fp32": np.float32, "fp16": np.float16}
    for values in itertools.product([-1, 1], repeat=6):
        for x in range(4):
            expected = automaton.step(np.array(values)[None] > 0, np.array([x]))[0][0]
            for name in set(kinds) & set(found.valid_for.tolist()):
                kind = kinds[name]
                for i in range(6):
                    terms = np.append(net.wh[i] * np.array(values), [net.wx[i, x], net.bh[i]]).astype(kind)
                    total = kind(0)
                    for term in rng.permutation(terms):
                        total = kind(total + term)
                    assert np.tanh(total) == (1 if expected[i] else -1)


def test_number_formats():
    by_name = {form.name: form for form in FORMATS}
    rows = {  # wh entries beside a drive of 1, in units of 16: what each format can still add up
        "bf16": [254],
        "fp16": [2046],
        "tf32": [2**10, 2**20],
        "fp32": [2**11 + 1, 2**20 - 1],
    }
    for name, entries in rows.items():
        wh = 16 * np.array([entries], np.float32)
        wx, bh = np.full((1, 1), 16, np.float32), np.zeros(1, np.float32)
        held = [n for n, form in by_name.items() if fits(wh, wx, bh, form).all()]
        assert name in held
        order = ["bf16", "fp16", "tf32", "fp32"]
        assert not set(order[: order.index(name)]) & set(held)


def test_outputs():
    net = hardened_net(4, 6)
    whole = dataclasses.replace(net, wy=np.rint(net.wy * 8), by=np.rint(net.by))
    assert boolrnn.certify(whole, outputs=True).outputs == "certified_always"
    assert boolrnn.certify(whole, outputs=True).outputs_by == "exact sums"
    few = boolrnn.certify(net, outputs=True)
    assert (few.outputs, few.outputs_by) == ("certified_always", "every reachable state")
    tied = dataclasses.replace(net, wy=net.wy * 0, by=net.by + np.float32(0.1))
    assert boolrnn.certify(tied, outputs=True).outputs == "certified_always"  # exact sums: ties stay ties
    soft = dataclasses.replace(scaled(tied, 0.25))
    assert boolrnn.certify(soft, outputs=True).outputs == "none"
    assert boolrnn.certify(net).outputs is None
    wide = hardened_net(4, 40)
    assert boolrnn.certify(wide, outputs=True).outputs == "none"
    along = boolrnn.certify(wide, text_of(1, 50, 4), outputs=True)
    assert (along.outputs, along.outputs_by) == ("certified_text", "every position of the text")
    assert boolrnn.certify(random_net(1, 6, 4), outputs=True).outputs == "none"


@pytest.mark.parametrize("seed", range(6))
def test_certified_outputs_are_what_programs_predict(seed):
    """The largest float32 output, summed in shuffled orders, at every position."""
    rng = np.random.default_rng(seed)
    net = hardened_net(seed, 12, gain=[8, 16][seed % 2])
    text = text_of(seed, 60, 4)
    found = boolrnn.certify(net, text, outputs=True)
    assert found.outputs != "none"
    states = boolrnn.compile(net).run(text).states
    hidden = np.where(states, 1, -1).astype(np.float32) * np.float32(1 if seed % 2 else 1 - 2.0**-22)
    exact = boolrnn.logits(net, np.where(states, 1.0, -1.0)).argmax(axis=1)
    for h, best in zip(hidden, exact):
        order = rng.permutation(12)
        scores = net.by.copy()
        for j in order:
            scores = (scores + net.wy[:, j] * h[j]).astype(np.float32)
        assert scores.argmax() == best


def test_the_tanhs_of_this_machine():
    """NumPy's float32 tanh falls short of 1 up to 10; the threshold has to know."""
    assert "numpy" in ones()
    assert np.tanh(np.full(64, 10, np.float32)).min() == 1
