"""margins: distributions against the traces they summarise."""

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn


@pytest.mark.parametrize("hidden", [1, 7, 16])
@pytest.mark.parametrize("as_published", [False, True])
def test_distributions_follow_from_the_traces(hidden, as_published):
    weights, text = random_net(hidden + 1, hidden, 4), text_of(hidden, 3000, 4)
    found = boolrnn.margins(weights, text, as_published=as_published)
    network = np.abs(boolrnn.trace(weights, text).z[:-1])
    own = boolrnn.compile(weights).run(text).margins[:-1]
    assert found.count == found.bin_float.sum() == found.bin_automaton.sum() == 2999 * hidden
    assert found.mean == pytest.approx(network.mean(dtype=float))
    assert found.below_1 == (network < 1).sum()
    assert found.automaton_below_0_1 == (own < 0.1).sum()
    assert found.automaton_min == own.min()
    assert found.neuron_mean == pytest.approx(network.mean(axis=0, dtype=float))
    assert (found.neuron_min == network.min(axis=0)).all()
    assert found.quantile_float[[0, -1]].tolist() == [network.min(), network.max()]
    rows = np.arange(2999)
    assert found.t.tolist() == rows.tolist()
    for sizes, least, neuron in (
        (network, found.t_float, found.t_float_neuron),
        (own, found.t_automaton, found.t_automaton_neuron),
    ):
        assert (least == sizes.min(axis=1)).all()
        assert (sizes[rows, neuron] == least).all()
        assert not (sizes[:, 0] <= least)[neuron > 0].any()  # the first neuron that has it
    assert set(found.to_json()["by_position"][5]) == {
        *("t", "float", "float_neuron", "automaton", "automaton_neuron")
    }
    ulp = 2.0**-23 * np.abs(weights.wh.astype(float)).sum(axis=1)
    assert found.max_ulp == pytest.approx(ulp.max())
    assert found.safety_factor == pytest.approx(network.min() / ulp.max())
    assert found.least_ratio == pytest.approx((network.min(axis=0) / ulp).min())
    if as_published:
        assert found.bin_high[0] == 5.0
        assert len(found.bin_low) == 50


def test_one_symbol_has_no_margins_to_count():
    found = boolrnn.margins(random_net(1), np.array([2])).to_json()
    assert found["count"] == 0
    assert found["mean"] is None
    assert found["quantiles"][0]["float"] is None
    assert found["by_position"] == []


def test_a_net_without_recurrence_has_no_safety_factor():
    weights = random_net(1)
    flat = boolrnn.Weights(wx=weights.wx, wh=weights.wh * 0, bh=weights.bh, wy=weights.wy, by=weights.by)
    found = boolrnn.margins(flat, text_of(0, 9, 5))
    assert found.safety_factor is None
    assert found.least_ratio is None
