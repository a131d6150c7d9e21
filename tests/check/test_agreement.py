"""agreement: the level reported is the strongest that holds, and every number follows its definition."""

import dataclasses

import numpy as np
import pytest
from nets import hardened_net, random_net, text_of

import boolrnn
from boolrnn.bits import signs
from boolrnn.errors import OptionError


@pytest.mark.parametrize(
    ("hidden", "symbols", "outputs"), [(1, 2, 2), (7, 5, 5), (16, 3, 3), (9, 4, 2), (33, 2, 2)]
)
def test_every_number_follows_its_definition(hidden, symbols, outputs):
    weights = random_net(hidden, hidden, symbols, outputs)
    text = text_of(hidden, 70, symbols)
    found = boolrnn.agreement(weights, text)
    trace = boolrnn.trace(weights, text)
    automaton = boolrnn.compile(weights)
    run = automaton.run(text)
    one, _ = automaton.step(trace.bits[:-1], text[1:])
    equal = one[:-1] == trace.bits[1:-1]  # t = 1..n-2
    free = run.states[:-1] == trace.bits[:-1]
    assert found.one_step == pytest.approx(equal.mean())
    assert found.free_run == pytest.approx(free.mean())
    assert found.neuron_one_step == pytest.approx(equal.mean(axis=0))
    assert found.neuron_free_run == pytest.approx(free.mean(axis=0))
    assert found.t_free_run == pytest.approx(free.mean(axis=1))
    assert found.t_one_step[1:] == pytest.approx(equal.mean(axis=1))
    assert np.isnan(found.t_one_step[0])
    different = np.argwhere(run.states != trace.bits)
    if len(different):
        assert [found.divergence_t, found.divergence_neuron] == different[0].tolist()
        assert found.level == "differs"
    margin = np.abs(trace.z[:-1])
    assert found.margin_below_1 == (margin < 1).sum()
    assert found.margin_below_0_1 == (margin < 0.1).sum()
    assert found.margin_min == margin.min()
    assert found.margin_mean == pytest.approx(margin.mean(dtype=float))
    assert found.calibration_bits.sum() == equal.size
    assert found.calibration_wrong.sum() == (~equal).sum()
    assert found.distinct_float == len({tuple(row) for row in trace.bits[:-1]})
    assert found.positions == 69
    if outputs != symbols:
        assert found.to_json()["bpc"] is None
        assert found.mantissa_bits.size == 0
        return
    for name, rows in (("float", trace.hidden), ("sign_dynamics", signs(run.states))):
        scores = boolrnn.logits(weights, rows[:-1])
        p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        cost = -np.log2(p[np.arange(69), text[1:]])
        assert getattr(found, f"bpc_{name}") == pytest.approx(cost.mean())


def test_a_text_longer_than_a_block_is_counted_once():
    weights, text = random_net(2, 5, 3), text_of(2, 5000, 3)
    found = boolrnn.agreement(weights, text)
    trace = boolrnn.trace(weights, text)
    run = boolrnn.compile(weights).run(text)
    assert found.free_run == pytest.approx((run.states == trace.bits)[:-1].mean())
    one, _ = boolrnn.compile(weights).step(trace.bits[:-1], text[1:])
    assert found.one_step == pytest.approx((one[:-1] == trace.bits[1:-1]).mean())
    assert found.margin_count == 4999 * 5


def gained(weights, gain):
    parts = {n: getattr(weights, n) * np.float32(gain) for n in ("wx", "wh", "bh")}
    return dataclasses.replace(weights, **parts)


def test_the_four_levels():
    text = text_of(1, 40, 4)
    assert boolrnn.agreement(random_net(1, 12, 4), text).level == "differs"
    strong = gained(random_net(1, 12, 4), 1e5)
    assert boolrnn.agreement(strong, text).level == "certified_text"
    always = boolrnn.agreement(hardened_net(1, 12), text)
    assert always.level == "certified_always"
    assert "every text of every length" in always.verdict
    levels = set()
    for gain in (3, 10, 30, 100, 300, 1000):  # between parting and a certificate: observed only
        found = boolrnn.agreement(gained(random_net(5, 12, 4), gain), text)
        levels.add(found.level)
        if found.level == "agrees":
            assert "not certified (at t = " in found.verdict
    assert "agrees" in levels


def test_a_required_level_holds_or_not():
    text = text_of(1, 40, 4)
    net = hardened_net(1, 12)
    assert boolrnn.agreement(net, text, require="certified_text").holds is True
    assert boolrnn.agreement(random_net(1, 12, 4), text, require="agrees").holds is False
    assert boolrnn.agreement(net, text).holds is None
    with pytest.raises(OptionError, match="level 'perfect'"):
        boolrnn.agreement(net, text, require="perfect")


def test_no_certificate_speaks_of_another_start():
    net, text = hardened_net(1, 6), text_of(1, 40, 4)
    start = boolrnn.agreement(net, text, initial=np.zeros(6, bool))
    assert start.level in ("differs", "agrees")
    assert start.certificate_level is None


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_texts(length):
    found = boolrnn.agreement(random_net(3), text_of(0, length, 5))
    tree = found.to_json()
    assert tree["positions"] == length - 1
    if length == 1:
        assert tree["bpc"] is None
        assert tree["one_step"] is None
        assert tree["free_run"] is None
        assert tree["margins"]["mean"] is None
        assert tree["by_position"] == []
    else:
        assert tree["bpc"]["float"] > 0
        assert (tree["one_step"] is None) == (length == 2)


def test_an_overflowing_float_program_is_told_apart_from_the_automaton():
    big = np.float32(3e38)  # bh + wx is infinite in float32; over the reals the wh terms outweigh it
    weights = boolrnn.Weights(
        wx=np.full((4, 2), big),
        wh=np.full((4, 4), -big),
        bh=np.full(4, big),
        wy=np.ones((2, 4), np.float32),
        by=np.zeros(2, np.float32),
    )
    tree = boolrnn.agreement(weights, np.array([0, 1, 0, 1])).to_json()
    assert tree["level"] == "differs"
    assert "sums overflow, first at t = 0, h0" in tree["verdict"]
    assert tree["first_divergence"]["t"] == 1
    assert tree["margins"]["mean"] is None
    assert tree["stable"] is False


def test_an_unstable_figure_is_said():
    found = boolrnn.agreement(random_net(3, 30, 6, scale=0.3), text_of(3, 300, 6))
    assert found.stable
    rows = {row["bits"]: row for row in found.to_json()["mantissa"]}
    assert rows[16]["stable"]
    assert not rows[3]["stable"]
