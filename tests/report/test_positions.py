"""The explorer's positions: arrays and records hold what the verbs give, for nets and texts of every size."""

import dataclasses
import functools
import json

import numpy as np
import pytest
from nets import exact_z, hardened_net, random_net, text_of

import boolrnn
from boolrnn.bits import to_hex
from boolrnn.errors import OptionError
from boolrnn.report.explorer import details as records
from boolrnn.report.explorer import positions
from boolrnn.report.explorer.details import SIZE, blocks, details
from boolrnn.report.explorer.positions import arrays, chosen, names, seen_on

ALWAYS = {
    *("symbols", "margin_network", "margin_automaton", "neuron_network", "neuron_automaton"),
    *("one_step", "free_run", "flips_network", "flips_automaton", "signs", "states"),
}
PREDICTING = {"bits_network", "bits_automaton", "top_network", "top_automaton"}


class Told:
    """What the verbs say of a net and a text, and what the page makes of it; asked when it is needed."""

    def __init__(self, weights, length, asked=None):
        self.automaton, self.symbols = boolrnn.compile(weights), text_of(length, length, weights.symbols)
        self.pair = self.automaton, self.symbols
        self.run = boolrnn.run(*self.pair)
        self.predict = boolrnn.predict(*self.pair) if weights.predicts else None
        bits = None if self.predict is None else self.predict.float_bits
        self.at = chosen(length, weights.hidden, bits, asked)
        self.seen = seen_on(self.automaton, self.run, self.at)

    @functools.cached_property
    def agreement(self):
        return boolrnn.agreement(*self.pair)

    @functools.cached_property
    def arrays(self):
        return arrays(self.automaton, self.seen, self.agreement, self.run, self.predict)

    @functools.cached_property
    def justify(self):
        return boolrnn.justify(*self.pair, at=self.at) if self.predict else None

    @functools.cached_property
    def maps(self):
        options = {"predictions": True, "positions": self.at}
        return [boolrnn.fragility(*self.pair, states=name, **options) for name in ("network", "automaton")]

    @functools.cached_property
    def records(self):
        return details(self.at, self.predict, self.justify, *self.maps)


NETS = {
    "small": lambda: random_net(1, 9, 5),
    "one neuron": lambda: random_net(2, 1, 2),
    "one symbol": lambda: random_net(2, 5, 1),
    "hardened": lambda: hardened_net(3, 8, 4),
    "acceptor": lambda: random_net(4, 17, 3, outputs=1),
}


def unpacked(rows, hidden):
    """Bit j % 8 of byte j // 8, as the page reads it."""
    return np.array([[row[j >> 3] >> (j & 7) & 1 for j in range(hidden)] for row in rows.tolist()], bool)


@pytest.mark.parametrize("length", [1, 2, 20])
@pytest.mark.parametrize("net", NETS)
def test_arrays_hold_what_the_verbs_say(net, length):
    weights = NETS[net]()
    page = Told(weights, length)
    found, run = page.arrays, page.run
    assert set(found) == ALWAYS | (PREDICTING if weights.predicts else set())
    for name, values in found.items():
        assert len(values) == length - (name in PREDICTING)
        assert values.dtype in (np.float32, np.uint8, np.uint16)
    trace = boolrnn.trace(weights, page.symbols)
    signs, states = (unpacked(found[name], weights.hidden) for name in ("signs", "states"))
    assert (signs == trace.bits).all()
    assert to_hex(states) == run.to_json()["states"]
    assert (found["symbols"] == page.symbols).all()
    margins = boolrnn.margins(weights, page.symbols)
    for side, least, neuron in (
        ("network", margins.t_float, margins.t_float_neuron),
        ("automaton", margins.t_automaton, margins.t_automaton_neuron),
    ):
        assert (found[f"margin_{side}"][:-1] == least.astype(np.float32)).all()
        assert (found[f"neuron_{side}"][:-1] == neuron).all()
    size = np.abs(trace.z)
    assert (found["margin_network"] == size.min(axis=1)).all()
    assert (found["margin_automaton"] == run.least_margin.astype(np.float32)).all()
    for states_, name in (("network", "flips_network"), ("automaton", "flips_automaton")):
        flips = boolrnn.dwell(weights, page.symbols, states=states_).position_flips
        assert np.isnan(found[name][0])
        assert (found[name][1:-1] == flips[1:]).all()
    assert (found["flips_automaton"][1:] == run.flips).all()
    for name in ("one_step", "free_run"):
        expected = np.append(getattr(page.agreement, f"t_{name}"), np.nan).astype(np.float32)
        assert np.array_equal(found[name], expected, equal_nan=True)
    if weights.predicts:
        assert (found["bits_network"] == page.predict.float_bits.astype(np.float32)).all()
        assert (found["top_automaton"] == page.predict.free_run_top[:, 0]).all()
        assert found["bits_network"] == pytest.approx(page.agreement.t_float_bits, rel=1e-6)
        assert found["bits_automaton"] == pytest.approx(page.agreement.t_free_bits, rel=1e-6)


@pytest.mark.parametrize("length", [1, 15])
@pytest.mark.parametrize("net", NETS)
def test_records_hold_what_the_verbs_say(net, length):
    weights = NETS[net]()
    page = Told(weights, length)
    assert page.at.tolist() == list(range(length - weights.predicts))
    assert [record["t"] for record in page.records] == page.at.tolist()
    json.dumps(page.records, allow_nan=False)
    why = page.justify.to_json()["positions"] if page.justify else None
    maps = [found.to_json()["predictions"] for found in page.maps]
    for t, record in enumerate(page.records):
        assert list(record) == ["t", "true", "predict", "justify", "fewest"]
        for side, rows in zip(("network", "automaton"), maps, strict=True):
            row = rows[t]
            expected = {"flips": row["flips"] or None, "before": row["before"], "after": row["after"]}
            assert record["fewest"][side] == expected
        if not weights.predicts:
            assert record["true"] is record["predict"] is record["justify"] is None
            continue
        assert record["true"] == page.symbols[t + 1]
        for side, name in (("network", "float"), ("automaton", "free_run")):
            guess = record["predict"][side]
            assert guess["top"] == getattr(page.predict, f"{name}_top")[t].tolist()
            assert guess["p"] == pytest.approx(getattr(page.predict, f"{name}_top_p")[t], rel=1e-8)
            assert guess["bits"] == pytest.approx(getattr(page.predict, f"{name}_bits")[t], rel=1e-8)
        check_reason(record["justify"], why[t])


def check_reason(reason, printed):
    """A record's justification is the one that `boolrnn justify` prints, without what it has no use for."""
    assert (reason["predicted"], reason["stable"]) == (printed["predicted"], printed["stable"])
    assert reason["bits"] == pytest.approx(printed["bpc"], rel=1e-8)
    assert len(reason["neurons"]) == len(printed["neurons"])
    for row, full in zip(reason["neurons"], printed["neurons"], strict=True):
        assert list(row) == [
            *("neuron", "sign", "h", "delta", "readout", "decides", "z", "bias", "input"),
            *("sources", "chain"),
        ]
        for name, value in row.items():
            if name in ("sources", "chain"):
                keys = ("neuron", "contribution", "z")[: 2 + (name == "chain")]
                assert [list(one) for one in value] == [list(keys)] * len(full[name])
                for one, other in zip(value, full[name], strict=True):
                    assert one == pytest.approx({key: other[key] for key in keys}, rel=1e-8)
            else:
                assert value == pytest.approx(full[name], rel=1e-8)


@pytest.mark.parametrize("net", NETS)
def test_sums_are_the_networks_and_the_automatons(net, monkeypatch):
    weights = NETS[net]()
    monkeypatch.setattr(positions, "_BLOCK", 7)
    monkeypatch.setattr(records, "SIZE", 4)
    page = Told(weights, 30, [0, 3, 6, 7, 8, 13, 28])
    trace, states = boolrnn.trace(weights, page.symbols), page.run.states
    assert (page.seen.z[:, 0] == trace.z[page.at]).all()
    for k, t in enumerate(page.at.tolist()):
        z = exact_z(weights, states[t - 1] if t else None, int(page.symbols[t]))
        assert page.seen.z[k, 1].tolist() == [np.float32(float(v)) for v in z]
    assert (unpacked(page.arrays["signs"], weights.hidden) == trace.bits).all()
    assert (page.arrays["flips_network"][1:] == (trace.bits[1:] != trace.bits[:-1]).sum(axis=1)).all()
    given = dict(blocks(page.records, page.seen))
    assert list(given) == ["details-0", "z-0", "details-1", "z-1"]
    assert [row["t"] for row in given["details-0"] + given["details-1"]] == page.at.tolist()
    sums = np.frombuffer(given["z-1"], "<f4").reshape(3, 2, weights.hidden)
    assert (sums == page.seen.z[4:]).all()


def test_a_text_without_predictions_has_no_blocks():
    page = Told(random_net(1, 9, 5), 1)
    assert SIZE == 64
    assert list(blocks(page.records, page.seen)) == []


def test_positions_that_are_chosen():
    assert chosen(50, 128, np.zeros(49)).tolist() == list(range(49))
    assert chosen(50, 128, None).tolist() == list(range(50))
    hidden, length = 1 << 15, 30  # eight positions may be chosen
    bits = np.arange(29.0)[::-1].copy()
    bits[20], bits[9], bits[15] = 99, np.inf, np.nan
    assert chosen(length, hidden, bits).tolist() == [0, 1, 2, 3, 4, 5, 9, 20]
    assert chosen(length, hidden, None).tolist() == list(range(8))
    assert chosen(length, 1 << 20, bits).tolist() == [0]
    assert chosen(length, hidden, bits, "10:13").tolist() == [10, 11, 12]
    assert chosen(length, hidden, bits, [9, 2]).tolist() == [2, 9]
    assert chosen(1, 9, np.zeros(0)).tolist() == []
    with pytest.raises(OptionError, match=r"29 is outside 0\.\.28"):
        chosen(length, hidden, bits, [29])


@pytest.mark.parametrize("hidden", [1, 7, 128, 5000])
@pytest.mark.parametrize("length", [2, 300, 70_000])
def test_no_more_are_chosen_than_a_page_can_hold(hidden, length):
    bits = np.random.default_rng(length).random(length - 1)
    found = chosen(length, hidden, bits)
    most = (1 << 18) // hidden
    assert len(found) == len(set(found.tolist())) == min(length - 1, most)
    assert (np.diff(found) > 0).all()
    if length - 1 > most:
        first = -(-most // 2)
        assert found[:first].tolist() == list(range(first))
        rest = np.setdiff1d(np.arange(first, length - 1), found)
        assert bits[found[first:]].min() >= bits[rest].max()


def test_names_of_symbols():
    plain = names(random_net(1, 3, 256))
    assert [plain["names"][k] for k in (0, 10, 32, 97, 127, 255)] == [
        *("0x00", "0x0a", "' '", "'a'", "0x7f", "0xff")
    ]
    assert [plain["glyphs"][k] for k in (0, 9, 10, 32, 60, 97, 255)] == ["00", "⇥", "↵", "␣", "<", "a", "ff"]
    assert plain["bytes"] == list(range(256))
    assert plain["output_names"] == plain["names"]
    lettered = names(dataclasses.replace(random_net(1, 3, 2), alphabet=np.frombuffer(b"z\n", np.uint8)))
    assert (lettered["glyphs"], lettered["bytes"]) == (["z", "↵"], [122, 10])
    many = names(random_net(1, 3, 300, outputs=2))
    assert (many["names"][299], many["glyphs"][299], many["bytes"][255:257]) == ("0x12b", "12b", [255, None])
    assert many["output_names"] == ["output 0", "output 1"]


def test_what_does_not_belong_together_is_refused():
    one, other = Told(random_net(1, 9, 5), 20), Told(random_net(1, 9, 5), 21)
    with pytest.raises(OptionError, match=r"of 20 symbols and of \[20, 21\]"):
        arrays(one.automaton, one.seen, other.agreement, one.run, one.predict)
    some = boolrnn.justify(one.automaton, one.symbols, at="0:4")
    with pytest.raises(OptionError, match="position 4 is not among theirs"):
        details(one.at, one.predict, some, None, None)
    other_map = boolrnn.fragility(one.automaton, one.symbols)
    with pytest.raises(OptionError, match="without a map of predictions"):
        details(one.at, one.predict, None, other_map, None)


def test_what_is_missing_is_none():
    page = Told(random_net(1, 9, 5), 20)
    cut = boolrnn.fragility(page.automaton, page.symbols, predictions=True, positions="0:3")
    found = details(page.at, page.predict, None, cut, None)
    assert [row["fewest"]["network"] is None for row in found[:4]] == [False, False, False, True]
    assert found[0]["fewest"]["automaton"] is found[0]["justify"] is None
    assert details(page.at, None, None, None, None)[0]["fewest"] is None


def test_sums_beyond_float32_are_infinite():
    """Huge weights: the float32 program overflows, and the exact sums have no float32."""
    weights = random_net(1, 6, 3, scale=1.0)
    huge = dataclasses.replace(weights, wh=np.full((6, 6), 3e38, np.float32), bh=np.full(6, 3e38, np.float32))
    page = Told(huge, 9)
    assert np.isinf(page.seen.z).any()
    assert np.isinf(page.arrays["margin_automaton"]).any()
    json.dumps(page.records, allow_nan=False)
