"""reason: smallest, minimal and all sets of bits that force an outcome or can change it."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from forced_sets import Naive, bits_of, hitting, led_to, number_of
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, hardened_net, random_net, text_of

import boolrnn
from boolrnn.clauses import reason as reasoning
from boolrnn.clauses.forcing import Oracle, Outcome, Said
from boolrnn.clauses.hitting_sets import Found
from boolrnn.clauses.reason import reason
from boolrnn.errors import OptionError, TextError
from boolrnn.model.automaton import as_automaton
from boolrnn.report.sheets import sheet

KINDS = ("minimum", "minimal", "all")


def net_of(kind, seed, hidden, symbols):
    if kind == "random":
        return random_net(seed, hidden, symbols)
    if kind == "hardened":
        return hardened_net(seed, hidden, symbols)
    if kind == "acceptor":
        return random_net(seed, hidden, symbols, outputs=3)
    if kind == "ties":  # readouts of small integers: equal outputs are common
        rng = np.random.default_rng(seed)
        wy = rng.integers(-1, 2, (symbols, hidden)).astype(np.float32)
        return dataclasses.replace(hardened_net(seed, hidden, symbols), wy=wy)
    return adversarial_net(seed, hidden, symbols, {"tied": 4, "wide": 90, "widest": 240}[kind])


NAMES = ("random", "hardened", "acceptor", "ties", "tied", "wide", "widest")
NETS = st.builds(net_of, st.sampled_from(NAMES), st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 4))


def weights_of(wh, wy, bh=None, by=None):
    """A net of two symbols whose drives are all 0 but for the biases."""
    wh, wy = np.array(wh, np.float32), np.array(wy, np.float32)
    return boolrnn.Weights(
        wx=np.zeros((len(wh), 2), np.float32),
        wh=wh,
        bh=np.zeros(len(wh), np.float32) if bh is None else np.array(bh, np.float32),
        wy=wy,
        by=np.zeros(len(wy), np.float32) if by is None else np.array(by, np.float32),
    )


def sets(members, offsets):
    """Ragged sets as numbers."""
    parts = itertools.pairwise(offsets.tolist())
    return [sum(1 << j for j in members[a:b].tolist()) for a, b in parts]


def asked(weights, text, at, bit, steps):
    """The naive answer to the same question, from the automaton's own state."""
    state = as_automaton(weights).run(text).states[at]
    return Naive(weights, state, text[at + 1 : at + steps + 1], bit)


def check(weights, text, at, bit, steps):
    """All kinds of answers against brute force."""
    naive = asked(weights, text, at, bit, steps)
    net = as_automaton(weights)
    for kind, contrastive in itertools.product(KINDS, (False, True)):
        got = reason(net, text, at=at, bit=bit, steps=steps, kind=kind, contrastive=contrastive)
        minimal = naive.minimal_contrasts if contrastive else naive.minimal_reasons
        assert got.outcome == naive.outcome
        assert got.proved
        assert got.certificate in (None, "farkas", "farkas tree")
        if contrastive and not minimal:
            assert got.verdict == "unsat"
            assert got.witness_states is None
            assert not got.minimal
        else:
            shown = got.witness_flips if contrastive else got.witness_neurons
            assert got.verdict == "sat"
            assert got.minimal
            assert sum(1 << j for j in shown.tolist()) in minimal
            least = min(s.bit_count() for s in minimal)
            assert got.minimum == (None if kind == "minimal" else least)
            assert got.at_least == got.minimum
            assert kind == "minimal" or len(shown) == least
            assert (got.witness_outcome != got.outcome) == contrastive
        if kind == "all":
            assert got.complete
            assert sorted(sets(got.reason_members, got.reason_offsets)) == sorted(naive.minimal_reasons)
            listed = sets(got.contrast_members, got.contrast_offsets)
            assert sorted(listed) == sorted(naive.minimal_contrasts)
        sheet(got)
        json.dumps(got.to_json(), allow_nan=False)


@given(NETS, st.integers(0, 3), st.booleans(), st.integers(0, 99))
@settings(max_examples=30)
def test_all_kinds_against_every_state_and_every_set(weights, steps, asks_bit, seed):
    bit = seed % weights.hidden if asks_bit else None
    check(weights, text_of(seed, 6, weights.symbols), seed % 3, bit, max(steps, int(asks_bit)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_all_kinds_on_seven_and_eight_neurons(name, steps):
    weights = net_of(name, 5 * steps + 1, 7 + steps % 2, 3)
    check(weights, text_of(steps, 6, 3), 2, None if name != "random" else 3, steps + (name == "random"))


@given(NETS, st.integers(0, 2), st.integers(0, 99))
@settings(max_examples=40)
def test_minimal_reasons_and_contrastive_sets_are_each_others_minimal_hitting_sets(weights, steps, seed):
    got = reason(weights, text_of(seed, 5, weights.symbols), at=1, steps=steps, kind="all")
    reasons, contrasts = (
        set(sets(*pair))
        for pair in (
            (got.reason_members, got.reason_offsets),
            (got.contrast_members, got.contrast_offsets),
        )
    )
    assert all(r & c for r in reasons for c in contrasts)
    assert hitting(contrasts, weights.hidden) == reasons
    assert reasons == {0} or hitting(reasons, weights.hidden) == contrasts


def test_a_bit_with_one_input_has_that_reason_through_several_steps():
    hidden = 65
    shift = np.eye(hidden, k=-1)  # bit i copies bit i - 1
    weights = weights_of(shift, np.ones((2, hidden)) * [[1], [-1]])
    text = text_of(1, 8, 2)
    for steps in (1, 2, 4):
        for kind, contrastive in itertools.product(("minimum", "minimal"), (False, True)):
            got = reason(
                weights, text, at=2, bit=64, steps=steps, kind=kind, contrastive=contrastive, budget=60.0
            )
            shown = got.witness_flips if contrastive else got.witness_neurons
            assert shown.tolist() == [64 - steps]
            assert got.proved


def test_a_vote_of_many_neurons():
    """y0 - y1 = 2 (votes for - votes against): a majority is a reason, the surplus's half changes it."""
    hidden = 101
    weights = weights_of(np.eye(hidden), np.ones((2, hidden)) * [[1], [-1]])
    text = np.array([0, 1])  # z = 0 at the start: all bits 1
    got = reason(weights, text, at=0)
    assert (got.outcome, got.minimum, got.proved) == (0, 51, True)
    got = reason(weights, text, at=0, contrastive=True)
    assert (got.minimum, got.witness_outcome) == (51, 1)
    assert reason(weights, text, at=1, kind="minimal").minimal


def test_a_tie_is_enough_for_the_lower_symbol_only():
    wy = [[1, 1], [-1, -1]]
    text = np.array([0])
    low = weights_of(np.eye(2), wy)
    assert reason(low, text, at=0).minimum == 1  # one for, one against: a tie, and 0 wins
    high = weights_of(np.eye(2), wy[::-1])
    got = reason(high, text, at=0)
    assert got.outcome == 1
    assert got.witness_neurons.tolist() == [0, 1]


def test_nothing_is_needed_where_the_outcome_is_forced():
    forced = weights_of(np.eye(4), np.zeros((2, 4)), bh=[5, -5, 5, -5])
    for bit, outcome in ((0, 1), (1, 0), (None, 0)):
        for kind in KINDS:
            got = reason(forced, np.array([0, 1, 0]), at=0, bit=bit, steps=2, kind=kind)
            assert (got.verdict, got.proved, got.outcome) == ("sat", True, outcome)
            assert got.witness_neurons.tolist() == []
            got = reason(forced, np.array([0, 1]), at=0, bit=bit, steps=1, kind=kind, contrastive=True)
            assert (got.verdict, got.proved) == ("unsat", True)
            assert got.to_json()["witness"] is None


def test_one_neuron_and_one_output():
    weights = weights_of([[1]], [[1]])
    got = reason(weights, np.array([0]), at=0, kind="all")
    assert got.witness_neurons.tolist() == []
    assert reason(weights, np.array([0, 0]), at=0, bit=0).witness_neurons.tolist() == [0]


@pytest.mark.parametrize("engine", ["lp", "search", "cp-sat", "highs", "auto"])
def test_engines_give_the_same_minimum(engine):
    weights = random_net(4, 9, 6)
    text = text_of(3, 5, 6)
    wanted = min(s.bit_count() for s in asked(weights, text, 2, None, 0).minimal_reasons)
    got = reason(weights, text, at=2, engine=engine)
    assert got.minimum == wanted
    assert got.verdict == "sat"
    assert got.proved or engine in ("cp-sat", "highs")
    assert got.at_least <= wanted


def test_states_of_the_network_may_have_other_reasons():
    weights, text = random_net(8, 9, 4), text_of(2, 30, 4)
    bits = boolrnn.trace(weights, text).bits
    own = as_automaton(weights).run(text).states
    at = int(np.flatnonzero((bits != own).any(axis=1))[0])
    got = reason(weights, text, at=at, states="network", kind="all")
    assert (got.state == bits[at]).all()
    naive = Naive(weights, bits[at], (), None)
    assert sorted(sets(got.reason_members, got.reason_offsets)) == sorted(naive.minimal_reasons)


def test_json_of_a_reason_and_of_a_contrastive_set():
    weights, text = random_net(2, 6, 4), text_of(1, 5, 4)
    got = reason(weights, text, at=2, steps=1).to_json()
    assert got["witness"]["neurons"] == sorted(got["witness"]["neurons"])
    assert len(got["witness"]["states"]) == 2
    assert got["witness"]["states"][0] == got["state"]
    assert got["reasons"] is None
    got = reason(weights, text, at=2, kind="all", contrastive=True).to_json()
    assert got["witness"]["flips"] == got["contrasts"][0]
    assert all(set(r) & set(c) for r in got["reasons"] for c in got["contrasts"])


def test_the_list_stops_at_most():
    weights, text = random_net(9, 24, 5), text_of(1, 5, 5)
    got = reason(weights, text, at=3, kind="all", most=20)
    assert len(got.reason_offsets) + len(got.contrast_offsets) - 2 == 20
    assert (got.verdict, got.complete, got.proved, got.minimum) == ("sat", False, False, None)
    assert "20" in got.note
    assert "the first" in sheet(got).sentence


def test_a_list_that_holds_nothing_of_the_kind_yet():
    """The first set is of one kind: of the other all neurons are a reason, and nothing is said of flips."""
    weights, text = random_net(9, 24, 5), text_of(1, 5, 5)
    for contrastive in (False, True):
        got = reason(weights, text, at=3, kind="all", most=1, contrastive=contrastive)
        listed = got.contrast_offsets if contrastive else got.reason_offsets
        assert got.verdict != "unsat"
        if len(listed) == 1 and not contrastive:
            assert len(got.witness_neurons) == 24
            assert not got.minimal


def test_a_bit_that_is_0_turns_at_a_sum_of_0():
    weights = weights_of([[1, 1], [1, 1]], np.zeros((2, 2)), bh=[-1, -1])
    weights = dataclasses.replace(weights, wx=np.array([[0, 1], [0, 1]], np.float32))
    text = np.array([0, 1])  # both bits are 0, then z = s0 + s1
    got = reason(weights, text, at=0, bit=0)
    assert (got.outcome, got.witness_neurons.tolist()) == (0, [0, 1])
    assert reason(weights, text, at=0, bit=0, contrastive=True).minimum == 1


def test_what_time_leaves_undecided_stays_and_says_so(monkeypatch):
    weights, text = random_net(6, 30, 5), text_of(1, 8, 5)
    whole = reason(weights, text, at=3, steps=2, kind="minimal")
    assert whole.minimal
    monkeypatch.setattr(Oracle, "_branched", lambda *_: Said(None))
    monkeypatch.setattr(Oracle, "_engines", lambda *_: Said(None))
    got = reason(weights, text, at=3, steps=2, kind="minimal")
    assert len(got.witness_neurons) > len(whole.witness_neurons)
    assert (got.verdict, got.minimal, got.proved) == ("unknown", False, False)
    assert got.witness_outcome == got.outcome
    assert dict(zip(got.how.tolist(), got.count.tolist()))["undecided"] > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("contrastive", [False, True])
def test_a_budget_ends_the_work(kind, contrastive):
    weights, text = random_net(6, 90, 40), text_of(1, 8, 40)
    got = reason(weights, text, at=3, steps=3, kind=kind, contrastive=contrastive, budget=0.3)
    assert got.seconds < 6
    assert got.verdict in ("sat", "unknown")
    assert (got.verdict == "unknown") == got.undecided
    if got.verdict == "unknown":
        assert got.note
        assert not got.proved


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("calls", [0, 3, 12])
def test_ctrl_c_leaves_what_is_finished(kind, calls, monkeypatch):
    weights, text = random_net(6, 30, 5), text_of(1, 8, 5)
    ask, left = Oracle.ask, [calls]

    def interrupted(self, fixed):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return ask(self, fixed)

    monkeypatch.setattr(Oracle, "ask", interrupted)
    got = reason(weights, text, at=3, steps=1, kind=kind)
    assert (got.verdict, got.interrupted, got.note) == ("unknown", True, "interrupted")
    assert got.witness_neurons is not None
    assert got.witness_outcome == got.outcome
    assert "Unknown" in sheet(got).sentence


def test_wrong_sets_are_refused_before_they_are_returned():
    weights, text = random_net(2, 8, 4), text_of(1, 5, 4)
    net = as_automaton(weights)
    for steps in (0, 1):
        outcome = Outcome(net, net.run(text).states[2], text[3 : 3 + steps], None)
        naive = Naive(weights, outcome.state, outcome.symbols, None)
        reasons = [bits_of(s, 8) for s in naive.minimal_reasons]
        contrast = bits_of(min(naive.minimal_contrasts), 8)
        reasoning._verify(outcome, Found(members=reasons[0]), False)
        with pytest.raises(AssertionError, match="completion"):
            reasoning._verify(outcome, Found(members=~contrast), False)
        with pytest.raises(AssertionError, match="do not change"):
            reasoning._verify(outcome, Found(members=np.zeros(8, bool)), True)
        larger = next(
            c
            for c in naive.contrasts - naive.minimal_contrasts
            if led_to(weights, outcome.state ^ bits_of(c, 8), outcome.symbols, None) != naive.outcome
        )
        with pytest.raises(AssertionError, match="part"):
            reasoning._verify(outcome, Found(members=bits_of(larger, 8), minimal=True), True)
        needed = dict.fromkeys(range(8), outcome.state ^ contrast)
        with pytest.raises(AssertionError, match="needed"):
            reasoning._verify(outcome, Found(members=np.ones(8, bool), minimal=True, needed=needed), False)


def test_a_reason_and_a_contrastive_set_that_share_no_neuron_are_refused(monkeypatch):
    weights, text = random_net(2, 8, 4), text_of(1, 5, 4)
    net = as_automaton(weights)
    outcome = Outcome(net, net.run(text).states[2], text[3:3], None)
    flips = bits_of(min(Naive(weights, outcome.state, (), None).minimal_contrasts), 8)
    monkeypatch.setattr(reasoning, "_verify_reason", lambda *_: None)
    with pytest.raises(AssertionError, match="share no neuron"):
        reasoning._verify(outcome, Found(reasons=[~flips], contrasts=[flips]), False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"at": 5}, "at 5"),
        ({"at": -1}, "at -1"),
        ({"at": 0, "bit": 9}, "bit 9"),
        ({"at": 0, "bit": 0, "steps": 0}, "steps 0"),
        ({"at": 0, "steps": -1}, "steps -1"),
        ({"at": 3, "steps": 2}, "steps 2"),
        ({"at": 0, "kind": "some"}, "kind"),
        ({"at": 0, "engine": "oracle"}, "engine"),
        ({"at": 0, "budget": 0.0}, "budget"),
        ({"at": 0, "most": 0}, "most"),
        ({"at": 0, "states": "mine"}, "states"),
    ],
)
def test_options_that_cannot_be_used(options, words):
    with pytest.raises(OptionError, match=words):
        reason(random_net(1, 4, 3), text_of(1, 5, 3), **options)


def test_an_empty_text_has_no_position():
    with pytest.raises(TextError, match="empty"):
        reason(random_net(1, 4, 3), np.zeros(0, np.int64), at=0)


@pytest.mark.parametrize("pair", ["archived", "embedded"])
def test_the_pairs(pair, request):
    """Smallest reasons for predictions, proved; a minimal one has as many neurons or more."""
    weights, text = request.getfixturevalue(pair)
    net = as_automaton(weights)
    for at in {"archived": (431, 698, 751), "embedded": (1027, 1466, 1758)}[pair]:
        least, some = reason(net, text, at=at), reason(net, text, at=at, kind="minimal")
        assert (least.verdict, least.proved, least.minimal) == ("sat", True, True)
        assert least.certificate in ("farkas", "farkas tree")
        assert least.minimum == least.at_least <= len(some.witness_neurons)
        assert some.seconds < 1
    near = reason(net, text, at=431, steps=1, contrastive=True)
    assert near.proved
    assert number_of(np.isin(np.arange(net.hidden), near.witness_flips)).bit_count() == near.minimum
