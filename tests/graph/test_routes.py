"""routes: the heaviest paths by enumerating all; chains as people write them; the published tracing."""

import itertools

import numpy as np
import pytest
from graph.test_traffic import ENGINES, NaiveTraffic, example
from hypothesis import given
from hypothesis import strategies as st
from nets import random_net, text_of

from boolrnn.errors import OptionError
from boolrnn.graph import routes
from boolrnn.graph.backbone import backbone
from boolrnn.graph.ends import negated, negated_signs
from boolrnn.graph.observed import observe
from boolrnn.graph.routes import followed, heaviest_paths, parse_chain, path_weight, ranks
from boolrnn.graph.traffic import traffic
from boolrnn.model.automaton import compile


def of_length(naive, steps):
    return {path: weight for path, weight in naive.paths.items() if len(path) == steps + 1}


def ranked_edges(edges):
    to, source = np.nonzero(edges > 0)
    order = np.argsort(-edges[to, source], kind="stable")
    return np.stack([to[order], source[order]], axis=1)


@given(st.integers(0, 10**6), st.sampled_from([1, 5, 9]), st.integers(1, 4), st.integers(1, 12))
def test_all_paths_and_the_heaviest_of_them(seed, hidden, steps, top):
    case = example(seed, hidden, length=6)
    naive = NaiveTraffic(*case)
    truth = of_length(naive, steps)
    edges = ranked_edges(naive.edges)
    for engine in ENGINES:
        found = traffic(*case, engine=engine, watched=edges, steps=steps)
        every = heaviest_paths(found, edges, steps, 10**6, 0.0)
        assert {tuple(path) for path in every.neurons.tolist()} == set(truth)
        assert every.complete
        for path, weight in zip(every.neurons.tolist(), every.weight):
            assert weight == pytest.approx(truth[tuple(path)], rel=1e-12)
            assert path_weight(found, edges, path) == pytest.approx(weight, rel=1e-12)
        assert (np.diff(every.weight) <= 0).all()
        best = heaviest_paths(found, edges, steps, top, 0.0)
        np.testing.assert_allclose(best.weight, every.weight[:top], rtol=1e-12)
        assert best.complete


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 8))
def test_complete_is_said_only_where_no_path_outside_is_heavier(seed, watched, top):
    case = example(seed, 5, length=8)
    naive = NaiveTraffic(*case)
    every = ranked_edges(naive.edges)
    edges = every[:watched]
    unseen = float(naive.edges[tuple(every[watched])]) if len(every) > watched else 0.0
    found = traffic(*case, engine="numpy", watched=edges, steps=2)
    listed = heaviest_paths(found, edges, 2, top, unseen)
    known = {tuple(path) for path in listed.neurons.tolist()}
    truth = of_length(naive, 2)
    outside = max((weight for path, weight in truth.items() if path not in known), default=0.0)
    least = min(listed.weight, default=0.0) if len(listed.weight) == top else 0.0
    if listed.complete:
        assert outside <= least * (1 + 1e-12)
    elif len(every) > watched:  # it is not said too rarely either: an edge outside could carry one
        assert unseen > least


def test_few_watched_edges_are_admitted(monkeypatch):
    weights, text = random_net(0, 9, 3), text_of(0, 60, 3)
    options = {"permutations": 0, "length": 2, "top": 5}
    whole = backbone(weights, text, **options)
    assert whole.paths_complete
    monkeypatch.setattr("boolrnn.graph.backbone.WATCHED", 3)
    few = backbone(weights, text, **options)
    assert not few.paths_complete
    heaviest = {(i, j) for i, j in zip(whole.edge_to[:3], whole.edge_from[:3])}
    for path, weight in zip(few.path_neurons.tolist(), few.path_traffic):
        assert set(itertools.pairwise(path)) <= heaviest
        at = (whole.path_neurons == path).all(axis=1)
        assert not at.any() or whole.path_traffic[at][0] == pytest.approx(weight)
    monkeypatch.setattr("boolrnn.graph.backbone.WATCHED", 60)  # enough for the heaviest of 81
    enough = backbone(weights, text, **options)
    assert enough.paths_complete
    assert enough.path_neurons.tolist() == whole.path_neurons.tolist()


@pytest.mark.parametrize(
    "text", ["h5,h3,h0", "5,3,0", "h5 <- h3 <- h0", "h5<-h3<-h0", "h5 ← h3 ← h0", " h5 h3, 0 "]
)
def test_chains_as_people_write_them(text):
    assert parse_chain(text, 6) == [5, 3, 0]


def test_a_chain_may_stay_where_it_is():
    assert parse_chain("h8,h8", 9) == [8, 8]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("h1", "two or more neurons, the end first"),
        ("", "two or more"),
        ("<-", "two or more"),
        ("h1,h6", r"neuron 6 is outside 0\.\.5"),
        ("h1,x", "expected a number such as 28 or h28"),
        ("h1,-2", "expected a number"),
        ("h1->h2", "the end first"),
        ("h1 -> h2", "expected a number"),
    ],
)
def test_other_chains_are_refused(text, words):
    with pytest.raises(OptionError, match=words):
        parse_chain(text, 6)


def test_ranks():
    wh = np.array([[0.5, -2, 0.5], [0, 0, -1e-30], [3, 2, 1]], np.float32)
    assert ranks(wh).tolist() == [[2, 1, 3], [2, 3, 1], [1, 2, 3]]


def naive_followed(wh, values, t, worth, top, depth):
    found = []
    for end in sorted(range(len(worth)), key=lambda j: (-abs(worth[j]), j))[:top]:
        trace, row = [end], t
        for _ in range(depth):
            row -= 1
            if row < 0 or trace[-1] < 0:
                trace.append(-1)
                continue
            pulls = [abs(float(w) * float(v)) for w, v in zip(wh[trace[-1]], values[row])]
            trace.append(pulls.index(max(pulls)))
        found.append(trace)
    return found


@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 5), st.integers(1, 5))
def test_followed_is_the_definition(seed, hidden, top, depth):
    rng = np.random.default_rng(seed)
    wh = random_net(seed, hidden).wh.astype(np.float64)
    values = rng.uniform(-1, 1, (6, hidden)) if seed % 2 else rng.choice([-1.0, 1.0], (6, hidden))
    positions = rng.permutation(6)[:4]
    worth = rng.normal(size=(4, hidden)).round(1)  # with ties
    found = followed(wh, values, positions, worth, top, depth)
    for p, t in enumerate(positions):
        truth = naive_followed(wh, values, int(t), worth[p].tolist(), top, depth)
        assert [[e, *s] for e, s in zip(found.ends[p].tolist(), found.sources[p].tolist())] == truth


def test_blocks_of_positions_do_not_show(monkeypatch):
    rng = np.random.default_rng(0)
    args = (rng.normal(size=(5, 5)), rng.normal(size=(30, 5)), np.arange(30), rng.normal(size=(30, 5)), 3, 4)
    whole = followed(*args)
    monkeypatch.setattr(routes, "_BLOCK", 7)
    assert (followed(*args).sources == whole.sources).all()


def test_published_traces_of_hidden_values(archived, golden):
    weights, symbols = archived
    hidden = observe(compile(weights), symbols).hidden
    rows = golden["q6_justify"]["positions"]
    at = np.array([row["t"] for row in rows])
    found = followed(weights.wh, hidden, at, negated(weights, hidden[at], symbols[at + 1]), 5, 2)
    for row, ends, sources in zip(rows, found.ends, found.sources):
        assert ends.tolist() == [j for j, *_ in row["top5[j,sign,wy_h,delta_bpc]"]]
        assert sources[:, 0].tolist() == [j for j, *_ in row["source_of_source[j,z,src,contrib]"]]
        assert sources[:, 1].tolist() == [k for _, _, k, _ in row["source_of_source[j,z,src,contrib]"]]


def test_published_chains_of_signs(archived, golden):
    weights, symbols = archived
    states = observe(compile(weights), symbols).states
    worth = negated_signs(weights, states[42:43], symbols[43:44])
    found = followed(weights.wh, np.where(states, 1.0, -1.0), np.array([42]), worth, 20, 3)
    listed = golden["q1_attractor"]["attribution_t42[j,delta_bpc,wy_contrib,sign,top_src,top_contrib]"]
    assert found.ends[0].tolist() == [row[0] for row in listed]
    assert found.sources[0, :, 0].tolist() == [row[4] for row in listed]
    assert (found.sources[0, :, 0] == np.abs(weights.wh[found.ends[0]]).argmax(axis=1)).all()
    for chain, end, sources in zip(golden["q1_attractor"]["chains"], found.ends[0], found.sources[0]):
        assert [step[0] for step in chain] == [42, 41, 40]
        assert [step[1] for step in chain] == [end, *sources[:2]]
        assert [step[-1][0][0] for step in chain] == sources.tolist()
        before = int(sources[0])
        pull = weights.wh[end, before] * (1 if states[41, before] else -1)
        assert pull == pytest.approx(chain[0][-1][0][1], rel=1e-6)
