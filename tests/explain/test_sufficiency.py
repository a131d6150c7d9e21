"""What suffices: never less than the truth allows, proved only where no smaller set would do."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import adversarial_net, random_net, text_of

import boolrnn
from boolrnn.explain import sufficiency
from boolrnn.explain.justify import justify
from boolrnn.explain.sufficiency import Race, _exhaustive, _relaxed, fewest_neurons


def predicted(weights, hidden):
    """The output of the greatest logit, the lowest of equal ones, one output at a time."""
    scores = [
        float(weights.by[o]) + sum(float(weights.wy[o, j]) * float(h) for j, h in enumerate(hidden))
        for o in range(weights.outputs)
    ]
    return scores.index(max(scores))


def only(hidden, neurons):
    return [h if j in neurons else 0.0 for j, h in enumerate(hidden)]


def smallest(weights, hidden):
    """Size of the smallest set of neurons that keeps the prediction, by trying all of them."""
    guess = predicted(weights, hidden)
    for size in range(weights.hidden + 1):
        for neurons in itertools.combinations(range(weights.hidden), size):
            if predicted(weights, only(hidden, neurons)) == guess:
                return size
    raise AssertionError


def crowded(seed, hidden, symbols):
    """A net whose outputs are close to each other: many neurons are needed."""
    net = random_net(seed, hidden, symbols)
    rng = np.random.default_rng(seed)
    by = rng.normal(size=symbols).astype(np.float32) * 2
    return boolrnn.Weights(wx=net.wx, wh=net.wh, bh=net.bh, wy=net.wy, by=by)


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 6))
def test_fewest_neurons_against_all_subsets(seed, hidden, symbols):
    weights = crowded(seed, hidden, symbols)
    values = np.tanh(np.random.default_rng(seed).normal(size=hidden) * 2)
    guess = predicted(weights, values)
    found, proved = fewest_neurons(Race.of(weights, guess), values)
    assert predicted(weights, only(values, set(found.tolist()))) == guess
    least = smallest(weights, values)
    assert proved  # so few subsets are all tried
    assert len(found) == least


def test_both_proofs_agree_with_all_subsets():
    bound = tried = 0
    masks = np.array(list(itertools.product([0.0, 1.0], repeat=9)))
    for seed in range(300):
        weights = crowded(seed, 9, 7)
        values = np.tanh(np.random.default_rng(seed).normal(size=9) * 2)
        guess = predicted(weights, values)
        scores = (masks * values) @ weights.wy.T.astype(float) + weights.by
        sizes = set(masks[scores.argmax(axis=1) == guess].sum(axis=1).tolist())
        race = Race.of(weights, guess)
        votes = race.rates * values[:, None]
        for size in range(2, 6):
            found, none = _relaxed(race, votes, size)
            every = _exhaustive(race, votes, size)
            assert (every is not None) == (size in sizes)
            assert not (none and size in sizes)
            bound += none
            for neurons in (found, every):
                if neurons is not None:
                    tried += 1
                    assert len(set(neurons.tolist())) == size
                    assert race.won(race.start + votes[neurons].sum(axis=0))
    assert bound >= 15
    assert tried > 500


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 6, 11]), st.integers(2, 5), st.booleans())
def test_what_is_kept_keeps_the_prediction(seed, hidden, symbols, odd):
    """From the JSON alone: the readout of what is listed gives the same symbol."""
    weights = adversarial_net(seed, hidden, symbols, 60) if odd else crowded(seed, hidden, symbols)
    text = text_of(seed, 12, symbols)
    trace = boolrnn.trace(weights, text)
    tree = justify(weights, text).to_json()
    for row in tree["positions"]:
        enough, t = row["sufficient"], row["t"]
        kept = enough["kept"]
        assert enough["neurons"] == len(kept)
        assert enough["terms"] == sum(len(k["terms"]) for k in kept)
        assert enough["weights"] == enough["terms"] + symbols * len(kept)
        names = {k["neuron"] for k in kept}
        assert predicted(weights, only(trace.hidden[t].tolist(), names)) == row["predicted"]
        partial = [0.0] * hidden
        for k in kept:
            terms = k["terms"]
            own = terms_of(weights, trace, t, k["neuron"])
            assert [abs(term["contribution"]) for term in terms] == sorted(
                (abs(v) for v in own.values()), reverse=True
            )[: len(terms)]
            assert all(own[term["source"]] == term["contribution"] for term in terms)
            total = sum(term["contribution"] for term in terms)
            assert k["h"] == pytest.approx(np.tanh(total), abs=1e-5)
            assert k["sign"] == (1 if trace.hidden[t, k["neuron"]] >= 0 else -1)
            partial[k["neuron"]] = k["h"]
        assert predicted(weights, partial) == row["predicted"]


def terms_of(weights, trace, t, j):
    """All terms of a sum by name."""
    before = trace.hidden[t - 1] if t else np.zeros(weights.hidden, np.float32)
    own = {"bias": float(weights.bh[j]), "input": float(weights.wx[j, trace.symbols[t]])}
    return own | {f"h{k}": float(weights.wh[j, k] * before[k]) for k in range(weights.hidden)}


def test_a_readout_of_three_neurons_needs_three():
    """Output 1 wins only where h2, h5 and h6 all speak for it; the others are read, but faintly."""
    rng = np.random.default_rng(3)
    wy = np.zeros((2, 8), np.float32)
    wy[1] = rng.normal(size=8) * 0.01
    wy[1, [2, 5, 6]] = 2, -2, 2
    weights = boolrnn.Weights(
        wx=np.zeros((8, 2), np.float32),
        wh=np.zeros((8, 8), np.float32),
        bh=np.array([1, 1, 3, 1, 1, -3, 3, 1], np.float32),
        wy=wy,
        by=np.array([5, 0], np.float32),
    )
    found = justify(weights, np.array([0, 1, 0]))
    assert found.predicted.tolist() == [1, 1]
    for k in range(2):
        assert set(found.kept_neuron[found.kept_offsets[k] : found.kept_offsets[k + 1]].tolist()) == {2, 5, 6}
    assert found.enough_neurons.tolist() == found.enough_terms.tolist() == [3, 3]
    assert found.enough_proved.all()
    assert set(found.term_source.tolist()) == {"bias"}
    assert found.model_same.tolist() == [0, 1, 1, 1, 0, 1, 1]
    assert found.ranked_same[found.ranked_neurons == 3][0] == 1


@pytest.mark.parametrize("search", [True, False])
def test_a_superfluous_neuron_is_dropped(monkeypatch, search):
    """The greedy first choice (h2 helps against both rivals) is superfluous beside the other two."""
    wy = np.array([[6, 6, 5], [0, 6, 2.4], [6, 0, 2.4]], np.float32)
    weights = boolrnn.Weights(
        wx=np.zeros((3, 3), np.float32),
        wh=np.zeros((3, 3), np.float32),
        bh=np.full(3, 9, np.float32),
        wy=wy,
        by=np.array([0, 4, 4], np.float32),
    )
    hidden = np.ones(3)
    assert predicted(weights, hidden) == 0
    if not search:
        monkeypatch.setattr(sufficiency, "_smaller", lambda *_: (None, False))
    found, proved = fewest_neurons(Race.of(weights, 0), hidden)
    assert (sorted(found.tolist()), proved) == ([0, 1], True)  # no single one would do


def naive_model(weights, text, trace, rows, with_drive):
    """Same, right, bits of the listed neurons rebuilt from their listed sources."""
    same, right, bits = 0, 0, 0.0
    for row in rows:
        hidden = np.zeros(weights.hidden)
        for shown in row["neurons"]:
            total = sum(source["contribution"] for source in shown["sources"])
            total += shown["bias"] + shown["input"] if with_drive else 0
            hidden[shown["neuron"]] = np.tanh(total)
        scores = weights.wy.astype(float) @ hidden + weights.by
        scores -= scores.max()
        guess, target = int(scores.argmax()), text[row["t"] + 1]
        same += guess == row["predicted"]
        right += guess == target
        bits += (np.log(np.exp(scores).sum()) - scores[target]) / np.log(2)
    return [same / len(rows), right / len(rows), bits / len(rows)]


@pytest.mark.parametrize(("count", "sources"), [(5, 3), (1, 1), (99, 99)])
def test_what_is_listed_is_measured_too(count, sources):
    weights, text = random_net(7, 10, 5), text_of(7, 300, 5)
    found = justify(weights, text, neurons=count, sources=sources)
    trace = boolrnn.trace(weights, text)
    rows = found.to_json()["positions"]
    for k, with_drive in ((4, False), (5, True)):
        scored = [found.model_same[k], found.model_right[k], found.model_bpc[k]]
        assert scored == pytest.approx(naive_model(weights, text, trace, rows, with_drive))
    if count == 99:
        assert found.model_same[5] == found.model_same[3] == 1
        assert found.model_bpc[5] == pytest.approx(found.bpc, abs=1e-5)
    for count, same in zip(found.ranked_neurons.tolist(), found.ranked_same.tolist()):
        listed = justify(weights, text, neurons=max(count, 1), at="::10")
        if count:
            part = listed.to_json()["positions"]
            kept = [only(trace.hidden[r["t"]].tolist(), {n["neuron"] for n in r["neurons"]}) for r in part]
            agree = np.mean([predicted(weights, h) == r["predicted"] for h, r in zip(kept, part)])
            assert listed.model_same[3] == agree
            assert same == pytest.approx(agree, abs=0.3)
    empty = np.mean([predicted(weights, [0.0] * 10) == guess for guess in found.predicted.tolist()])
    assert found.ranked_same[0] == found.model_same[0] == empty


def test_quantiles_and_means_are_those_of_the_positions():
    found = justify(crowded(9, 12, 6), text_of(9, 200, 6))
    for name, column in (
        ("neurons", found.enough_neurons),
        ("terms", found.enough_terms),
        ("weights", found.enough_weights),
    ):
        assert getattr(found, f"mean_{name}") == pytest.approx(column.mean())
        assert getattr(found, f"quantile_{name}").tolist() == pytest.approx(
            np.quantile(column, found.quantile).tolist()
        )
    assert found.proved == found.enough_proved.mean()
    assert found.enough_neurons.max() >= 2


def test_a_bias_that_ties_goes_to_the_lower_output():
    weights = random_net(1, 4, 3, scale=0.0)
    for output, least in ((0, 0), (2, None)):
        found, proved = fewest_neurons(Race.of(weights, output), np.ones(4))
        if least is None:  # it cannot win: all neurons, nothing claimed
            assert (len(found), proved) == (4, False)
        else:
            assert (len(found), proved) == (0, True)
