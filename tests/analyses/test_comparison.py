"""The full comparison and the scaffolding question: windows, equal sizes, pruning, rows, chart, command."""

import dataclasses
import itertools
import json
import math
import time
import types

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from analyses import __main__, comparing, comparison, comparison_chart, comparison_rows, scaffolding
from analyses.comparison import (
    BASELINE,
    CONSTRUCTED,
    GIVEN,
    KINDS,
    TRAINED,
    Configuration,
    Row,
    Text,
    compared,
)
from analyses.protocol import Absent, Pair
from boolrnn import BoolrnnError
from boolrnn.make.fitting import Split

SENTENCES = b"the cat sat on the mat. the dog sat on the log. the cat saw the dog. " * 4


def run(capsys, *arguments, code=0):
    """Output of a command, and its exit code."""
    try:
        found = __main__.main([str(argument) for argument in arguments])
    except SystemExit as end:
        found = end.code
    assert (found or 0) == code
    return capsys.readouterr()


def pair_of(weights, text):
    return Pair(boolrnn.Source(weights, "x", "0", "raw", "named"), text)


def row(name="one", kind=CONSTRUCTED, train=1.0, held_out=2.0, **more):
    return Row(kind=kind, name=name, train=train, held_out=held_out, **more)


@pytest.mark.parametrize(("many", "share"), [(3, 0.0), (10, 0.1), (9, 0.1), (1024, 0.1), (25, 0.5)])
def test_the_parts_of_a_text_are_those_of_construct(many, share):
    text = Text(bytes(k % 7 for k in range(many)), share)
    split = Split.of(many, share)
    assert text.held == split.held
    assert len(text.read) == split.held + 1
    costs = np.arange(many - 1.0)
    train, held = text.means(costs)
    assert train == costs[: split.held].mean()
    assert held is None if split.held == many - 1 else held == costs[split.held :].mean()


@pytest.mark.parametrize(("data", "share"), [(b"", 0.1), (b"a", 0.1), (b"ab", 0.0), (b"abcd", 0.5)])
def test_a_text_that_leaves_too_little_is_one_line(data, share):
    with pytest.raises(BoolrnnError, match="not held out"):
        Text(data, share)
    with pytest.raises(BoolrnnError, match="held-out 1"):
        Text(b"abcdef", 1.0)


def test_bits_of_a_net_are_those_of_its_windows():
    net, symbols = random_net(2, 5, 4), text_of(2, 40, 4)
    text = Text(bytes(symbols.tolist()), 0.25)
    hidden, costs = np.zeros(5), []
    for now, after in itertools.pairwise(symbols.tolist()):
        hidden = np.tanh(net.wx[:, now] + net.wh @ hidden + net.bh)
        scores = net.by + net.wy @ hidden
        costs.append(math.log2(np.exp(scores).sum()) - scores[after] / math.log(2))
    train, held = text.scored(net, symbols)
    assert train == pytest.approx(np.mean(costs[: text.held]), abs=1e-4)
    assert held == pytest.approx(np.mean(costs[text.held :]), abs=1e-4)


def test_baselines_are_counted_before_the_held_out_part():
    text = Text(b"aaab" * 4 + b"cccc", 0.2)
    assert text.held == 15
    found = comparison_rows.marginal(text)
    shares = {ord("a"): 12.5 / 17.5, ord("b"): 4.5 / 17.5, ord("c"): 0.5 / 17.5}
    costs = [-math.log2(shares[byte]) for byte in text.data[1:]]
    assert found.train == pytest.approx(np.mean(costs[:15]))
    assert found.held_out == pytest.approx(-math.log2(0.5 / 17.5))
    assert comparison_rows.uniform(text).held_out == math.log2(3)
    assert comparison_rows.uniform(Text(b"aaaa", 0.0)).held_out is None


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("symbols", [1, 3, 52, 256])
def test_sizes_are_brought_as_near_as_they_can(symbols, sparse):
    def size(hidden):
        if sparse:
            return scaffolding.size_of(hidden, symbols, 0.36, scaffolding.readouts_of(hidden))
        return scaffolding.size_of(hidden, symbols)

    for count in (1, 500, 13_484, 82_304):
        found = scaffolding.hidden_for(count, symbols, sparse=sparse)
        best = min(range(1, 600), key=lambda hidden: abs(size(hidden) - count))
        assert abs(size(found) - count) == abs(size(best) - count)


def test_a_size_is_what_a_net_has():
    net = random_net(1, 6, 4)
    full = {name: np.ones_like(getattr(net, name)) for name in ("wx", "wh", "bh", "wy", "by")}
    assert scaffolding.size_of(6, 4) == scaffolding.nonzero(dataclasses.replace(net, **full))
    full["wy"][:, 2:] = 0
    full["wh"][:3] = 0
    assert scaffolding.size_of(6, 4, 0.5, 2) == scaffolding.nonzero(dataclasses.replace(net, **full))
    some = scaffolding.occupied(net, np.array([0, 3]))
    parts = (net.wx[:, [0, 3]], net.wh, net.bh, net.wy[[0, 3]], net.by[[0, 3]])
    assert some == sum(np.count_nonzero(part) for part in parts)


def test_pruning_keeps_the_largest_weights_and_the_costliest_neurons():
    net, symbols = random_net(3, 6, 4), text_of(3, 60, 4)
    costs = boolrnn.knockout(net, symbols, search=False)
    found = scaffolding.pruned(net, costs, density=0.25, readouts=2)
    kept = np.sort(np.abs(net.wh).ravel())[-9:]
    assert np.sort(np.abs(found.wh[found.wh != 0])).tolist() == kept[kept > 0].tolist()
    best = costs.single_neuron[:2]
    assert set(np.flatnonzero(found.wy.any(axis=0))) <= set(best.tolist())
    assert np.array_equal(found.wy[:, best], net.wy[:, best])
    assert np.array_equal(found.wx, net.wx)


def test_a_readout_fitted_again_is_at_its_optimum():
    """Where states say nothing, the best readout is the share of each symbol; elsewhere nothing near it is
    better."""
    net, symbols = random_net(4, 5, 3), text_of(4, 80, 3)
    still = dataclasses.replace(net, wx=net.wx * 0, wh=net.wh * 0, bh=net.bh * 0)
    found = scaffolding.refitted(still, symbols)
    shares = np.bincount(symbols[1:]) / (len(symbols) - 1)
    best = -(shares * np.log2(shares)).sum()
    assert boolrnn.bpc(found, boolrnn.trace(found, symbols)) == pytest.approx(best, abs=1e-5)
    run = boolrnn.trace(net, symbols)
    found = scaffolding.refitted(net, symbols, 50, l2=1e-9)
    least = boolrnn.bpc(found, run, 0, 50)
    rng = np.random.default_rng(0)
    for _ in range(20):
        wy = found.wy + rng.normal(0, 0.05, found.wy.shape).astype(np.float32) * (net.wy != 0).any(axis=0)
        assert boolrnn.bpc(dataclasses.replace(found, wy=wy), run, 0, 50) > least - 1e-6


def configurations(*rows):
    return [Configuration(one.kind, one.name, lambda one=one: one) for one in rows]


def test_rows_stand_by_kind_and_held_out_bits_and_what_is_refused_is_named():
    def refused():
        raise BoolrnnError("too wide")

    plan = configurations(
        row("b", train=0.1, held_out=3.0),
        row("a", held_out=1.5),
        row("base", BASELINE),
        row("none", held_out=None),
    )
    plan += [
        Configuration(CONSTRUCTED, "wide", refused),
        *configurations(row("huge", held_out=math.inf), row("a", held_out=1.5)),
    ]
    found = compared(Text(SENTENCES), plan, {})
    assert [one.name for one in found.rows] == ["base", "a", "b", "none", "huge"]
    assert found.rows[-1].note == "its figures are not finite"
    assert found.left_out[0] == (CONSTRUCTED, "wide", "too wide")
    assert [each[1] for each in found.left_out] == ["wide", "a"]  # a second time the same net
    late = compared(Text(SENTENCES), plan, {}, time.monotonic() - 1)
    assert not late.rows
    assert len(late.left_out) == len(plan)
    json.dumps(comparison.to_json(found), allow_nan=False)


def test_the_sentence_compares_nets_of_equal_size():
    text = Text(SENTENCES)
    rows = [
        row("dense", TRAINED, 0.5, 3.0),
        row("sparse", TRAINED, 0.25, 3.5),
        row("dense, pruned, refitted", TRAINED, 0.75, 2.0),
    ]
    says = compared(text, configurations(*rows), {}).says
    assert "dense 0.5000 / 3.0000, sparse 0.2500 / 3.5000, dense, pruned, refitted 0.7500 / 2.0000" in says
    assert says.endswith("least on train text: sparse, on held-out text: dense, pruned, refitted")
    rows = [dataclasses.replace(each, held_out=None) for each in rows]
    assert compared(text, configurations(*rows), {}).says.endswith("least on train text: sparse")
    assert "nothing was trained" in compared(text, configurations(rows[0]), {}).says
    assert text.equal(text.size)
    assert not text.equal(round(1.06 * text.size))


def test_the_chart_draws_both_parts_of_every_row():
    rows = [
        row("wide", parameters=1234, hidden=12),
        row("held", held_out=None),
        row("net", GIVEN, 0.0, 0.5, note="seen"),
    ]
    found = compared(Text(SENTENCES), configurations(*rows), {})
    axis = comparison_chart.chart(found).axes[0]
    marks = [line for line in axis.lines if line.get_marker() in "oP"]
    assert len(marks) == 5
    assert axis.get_xscale() == "log"
    words = [text.get_text() for text in axis.texts]
    assert {"wide, H = 12", "net, H = 12"} & set(words) == {"wide, H = 12"}
    assert "net *" in words
    assert "1,234" in words
    assert comparison_chart.image(found, "svg") == comparison_chart.image(found, "svg")
    bold = [text.get_text() for text in axis.texts if text.get_weight() == "bold"]
    assert "2.0000" in bold  # the best that is known not to have seen the held-out part


def test_a_chart_without_rows_and_one_of_zeros():
    for rows in ((), (row(train=0.0, held_out=0.0),)):
        assert comparison_chart.image(compared(Text(SENTENCES), configurations(*rows), {}), "png")


def test_peers_give_probabilities():
    """A period is learned by every peer that is installed, and their figures are bits."""
    pytest.importorskip("nltk")
    pytest.importorskip("pyppmd")
    text = Text(b"abcdefgh" * 30)
    found = {one.name: one.make() for one in comparison_rows.peers(text)}
    assert len(found) == 3
    for one in found.values():
        assert 0 <= one.held_out < 1.5
        assert one.train < 3


@pytest.fixture
def quick(monkeypatch):
    """No peers, one width: the command itself is tested."""
    monkeypatch.setattr(comparison_rows, "WIDTHS", {16: ("mixed", "onehot", "contexts")})
    monkeypatch.setattr(comparison_rows, "CONTEXTS", (32,))
    monkeypatch.setattr(comparison_rows, "REACHES", ((1, 16), (2, 16)))
    monkeypatch.setattr(comparison_rows, "READOUTS", ("logratio",))
    monkeypatch.setattr(comparison_rows, "FAMILY", ("logratio",))
    monkeypatch.setattr(comparison_rows, "GROUPS", 4)
    monkeypatch.setattr(comparison_rows, "groups_for", lambda *_, **__: 6)
    nothing = types.SimpleNamespace(find_spec=lambda name: None)
    monkeypatch.setattr(comparison_rows, "importlib", types.SimpleNamespace(util=nothing))


def test_the_command_compares_a_text_and_a_net(capsys, tmp_path, quick):
    (tmp_path / "text").write_bytes(SENTENCES)
    boolrnn.write_weights(random_net(1, 7, 256), tmp_path / "net.bin")
    case = ("compare", tmp_path / "text", "--model", tmp_path / "net.bin", "-o", tmp_path / "page.html")
    tree = json.loads(run(capsys, *case, "--json").out, parse_constant=pytest.fail)
    assert tree["schema"] == "comparison/1"
    assert set(tree["made_by"]["inputs"]) == {"text", "model"}
    assert tree["text"]["held_out_positions"] == len(SENTENCES) // 10
    kinds = [one["kind"] for one in tree["rows"]]
    assert kinds == sorted(kinds, key=list(KINDS).index)
    assert {"baseline", "constructed", "given net", "as published"} == set(kinds)
    assert tree["left_out"] == []
    given = next(one for one in tree["rows"] if one["kind"] == "given net")
    assert "taken to be in its training data" in given["note"]
    assert given["parameters"] <= 7 * 256 * 2 + 49 + 7 + 256
    published = next(one for one in tree["rows"] if one["kind"] == "as published")
    assert published["bpc"]["held_out"] is None
    mixed = next(one for one in tree["rows"] if one["name"] == "mixed, gradient")
    made = boolrnn.construct(SENTENCES, groups=4, bits=8)
    assert mixed["bpc"] == {"train": made.bpc_train, "held_out": made.bpc_held_out}
    assert mixed["parameters_fitted"] == made.parameters_fitted
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 1
    assert "mixed, gradient, H = 32" in page
    assert sorted(each.name for each in tmp_path.iterdir()) == ["net.bin", "page.html", "text"]


def test_what_nothing_is_known_about_is_not_flagged(tmp_path):
    bench = comparison_rows.Bench(Text(SENTENCES), pair_of(random_net(1, 3, 256), SENTENCES), unseen=True)
    assert comparison_rows.given(bench).note == ""
    other = pair_of(random_net(1, 3, 256, outputs=2), SENTENCES)
    with pytest.raises(BoolrnnError, match="predicts no next symbol"):
        comparison_rows.given(dataclasses.replace(bench, pair=other))


def test_one_line_for_a_mistake(capsys, tmp_path, monkeypatch):
    text = tmp_path / "text"
    text.write_bytes(b"abcabcabc")
    (tmp_path / "empty").touch()
    boolrnn.write_weights(random_net(1, symbols=3), tmp_path / "net.npz")
    monkeypatch.setattr(comparing.importlib.util, "find_spec", lambda name: None)
    for arguments, words in (
        ((tmp_path / "absent",), "absent: cannot be read"),
        ((tmp_path / "empty",), "empty: 0 symbols"),
        ((text, "-o", "x.pdf"), "x.pdf: expected a name that ends in .png"),
        ((text, "-o", tmp_path / "none" / "x.png"), "no such directory"),
        ((text, "--held-out", "1"), "held-out 1: expected a share"),
        ((text, "--held-out", "nan"), "held-out nan: expected a share"),
        ((text, "--budget", "0"), "budget 0: expected seconds"),
        ((text, "--model", tmp_path / "net.npz"), "outside"),
        ((text, "--train"), "needs torch"),
    ):
        error = run(capsys, "compare", *arguments, code=2).err
        assert words in error
        assert len(error.splitlines()) == 1


@pytest.mark.parametrize(("text", "hidden", "symbols"), [(b"\0\1\2\0\1", 1, 3), (bytes(range(5)) * 30, 9, 5)])
def test_the_ledger_measures_every_claim_that_needs_no_training(text, hidden, symbols):
    found = dict(each[:2] for each in scaffolding.measure(pair_of(random_net(1, hidden, symbols), text)))
    claims = {claim.name: claim for claim in scaffolding.CLAIMS}
    assert set(found) == {name for name, claim in claims.items() if not claim.why}
    assert found["pruned_parameters"] <= found["parameters"]
    assert found["refitted"] <= found["pruned"] + 1e-6
    assert math.isfinite(found["constructed"])


def test_the_ledger_says_what_a_net_does_not_allow():
    with pytest.raises(Absent, match="not its symbols"):
        list(scaffolding.measure(pair_of(random_net(1, 3, 4, outputs=2), bytes([0, 1, 2, 3]))))


@pytest.mark.slow
@pytest.mark.parametrize("many", [600, 12_000])
def test_training_brings_nets_to_the_equal_size(capsys, tmp_path, many):
    pytest.importorskip("torch")
    (tmp_path / "text").write_bytes((SENTENCES * (many // len(SENTENCES) + 1))[:many])
    case = ("compare", tmp_path / "text", "--train", "--epochs", 3, "--json")
    tree = json.loads(run(capsys, *case).out)
    trained = {one["name"]: one for one in tree["rows"] if one["kind"] == "trained"}
    for name in ("dense", "sparse", "dense, pruned", "dense, pruned, refitted"):
        assert trained[name]["equal_size"], name
    assert not trained["dense, large"]["equal_size"]
    assert trained["dense, pruned, refitted"]["bpc"]["train"] <= trained["dense, pruned"]["bpc"]["train"]
    assert "least on held-out" not in tree["equal_size"]["says"]
    assert "on held-out text: " in tree["equal_size"]["says"]
