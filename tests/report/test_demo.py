"""demo: the story's facts, computed again by plain means; its page says them, its commands repeat them."""

import contextlib
import dataclasses
import functools
import io
import itertools
import json
import math
import os
import random
import re
import shlex
import subprocess
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from commands import refused
from nets import exact_z, hardened_net, naive_trace32, random_net, text_of
from rich.console import Console

import boolrnn
from boolrnn.data import LANGUAGE, embedded_pair, make_passed, make_plain, passed_net
from boolrnn.errors import OptionError, ResultError
from boolrnn.machines import compare
from boolrnn.machines.formats.spec import read_spec
from boolrnn.report import demo as demo_file
from boolrnn.report import demo_learners, terminal
from boolrnn.report.demo import Demo, Nets, tell
from boolrnn.report.demo_language import language
from boolrnn.report.demo_learners import learn
from boolrnn.report.demo_page import glyph, page_of

PLAN = {"files": None, "at": 3, "steps": 1, "words": 60, "seed": 0}


@pytest.fixture(scope="module")
def asked_here():
    """The question about flips is asked in this process (a new one takes a second to start), that about the
    language once: it is the same net in every story."""

    @contextlib.contextmanager
    def asking(model, text, at, steps):
        weights = boolrnn.read_weights(model)
        symbols = boolrnn.read_text(text, weights)
        yield lambda: json.loads(
            json.dumps(boolrnn.fragility(weights, symbols, at=at, steps=steps).to_json())
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_file, "asking", asking)
        patch.setattr(demo_learners, "WALKS", 30)
        patch.setattr(compare, "FLOAT_PAIRS", 300)
        once = functools.cache(lambda words, seed: language(passed_net().weights, LANGUAGE, words, seed))
        patch.setattr(demo_file, "language", lambda _, name, words, seed: dict(once(words, seed)))
        yield


def story(seed, hidden, symbols, length, **plan):
    text = bytes(text_of(seed, length, symbols).tolist())
    nets = Nets(
        random_net(seed, hidden, symbols),
        hardened_net(seed, hidden, symbols),
        text,
        passed_net().weights,
        LANGUAGE,
    )
    return nets, tell(nets, None, **(PLAN | plan))


@pytest.fixture(scope="module")
def small(asked_here):
    return story(5, 6, 4, 30, at=11)  # where one flip is not enough


def naive_states(weights, symbols):
    """The automaton's states from its definition, over the rationals."""
    states, before = [], None
    for x in symbols:
        before = [z >= 0 for z in exact_z(weights, before, x)]
        states.append(before)
    return np.array(states)


def bits_of(weights, hidden, symbols):
    """What the next symbols cost."""
    scores = hidden[:-1].astype(float) @ weights.wy.T.astype(float) + weights.by
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return -np.log2(chances[np.arange(len(symbols) - 1), symbols[1:]])


@pytest.mark.parametrize("which", [0, 1])
def test_nets_and_positions_are_those_of_the_definitions(small, which):
    nets, told = small
    weights = (nets.plain, nets.hardened)[which]
    symbols = list(nets.text)
    z, states = naive_trace32(weights, symbols), naive_states(weights, symbols)
    hidden = boolrnn.model.tanh.tanh32(z)
    tree = told.to_json()
    own, beside = tree["nets"][which], tree["positions"]
    name = own["name"]
    spent = bits_of(weights, hidden, symbols), bits_of(weights, np.where(states, 1.0, -1.0), symbols)
    assert own["bpc"]["float"] == pytest.approx(spent[0].mean())
    assert own["bpc"]["sign_dynamics"] == pytest.approx(spent[1].mean())
    assert own["free_run"] == pytest.approx(((z >= 0) == states)[:-1].mean())
    assert name == ("plain", "hardened")[which]
    assert [row[name]["network"]["bits"] for row in beside] == pytest.approx(spent[0].tolist())
    assert [row[name]["automaton"]["bits"] for row in beside] == pytest.approx(spent[1].tolist())
    assert [row["next"] for row in beside] == [f"{x:#04x}" for x in symbols[1:]]
    apart = np.argwhere((z >= 0) != states)
    expected = {"t": None, "neuron": None} if not len(apart) else {"t": apart[0][0], "neuron": apart[0][1]}
    assert {key: own["first_divergence"][key] for key in expected} == expected


def test_the_certificate_is_checked_by_another_process(small):
    _, told = small
    assert told.certificate_level == told.net_level[1] == "certified_always"
    assert told.checker_exit_code == 0
    assert told.checker_line.startswith("certified_always, bit-exact, every text: proved again")
    assert told.checker_lines == len(Path(boolrnn.check.check_certificate.__file__).read_text().splitlines())


def predicted(weights, state, word):
    for x in word:
        state = [z >= 0 for z in exact_z(weights, state, x)]
    return int((weights.wy.astype(float) @ np.where(state, 1.0, -1.0) + weights.by).argmax())


def test_the_fewest_flips_are_the_fewest(small):
    nets, told = small
    weights, at = nets.hardened, told.flips_at
    state = naive_states(weights, list(nets.text[: at + 1]))[-1]
    assert np.array_equal(told.flips_state, state)
    word = nets.text[at + 1 : at + 1 + told.flips_steps]
    before, least = predicted(weights, state, word), None
    for size in range(1, weights.hidden + 1):
        for chosen in itertools.combinations(range(weights.hidden), size):
            changed = state.copy()
            changed[list(chosen)] ^= True
            if predicted(weights, changed, word) != before:
                least = size
                break
        if least:
            break
    assert (told.flips_minimum, told.flips_proved, told.flips_replayed) == (least, True, True)
    assert told.flips_sets == sum(math.comb(weights.hidden, k) for k in range(1, least)) > 0
    changed = state.copy()
    changed[told.flips_neurons] ^= True
    assert told.flips_before == f"{before:#04x}"
    assert told.flips_after == f"{predicted(weights, changed, word):#04x}"


def test_the_word_is_a_shortest_one_and_nobody_who_asks_meets_it(small):
    _, told = small
    weights, spec = passed_net().weights, read_spec(LANGUAGE)
    wh, wx, bh = weights.wh.astype(float), weights.wx.astype(float), weights.bh.astype(float)

    def label(state):
        return str((weights.wy.astype(float) @ state + weights.by).argmax())

    start = (np.zeros(weights.hidden), spec.start)
    level, met, length, wrong = [(start, "")], set(), 0, []
    while not wrong:  # all pairs of states, by length of word
        after, length = [], length + 1
        for (state, other), word in level:
            for x in range(2):
                new = np.where(wh @ state + wx[:, x] + bh >= 0, 1.0, -1.0), int(spec.transitions[other, x])
                key = (new[0].tobytes(), new[1])
                if key in met:
                    continue
                met.add(key)
                after.append((new, word + str(x)))
                wrong += [word + str(x)] * (label(new[0]) != spec.labels[spec.outputs[new[1]]])
        level = after
    assert told.language_length == length
    assert told.language_word in wrong
    assert told.language_equal is False
    assert told.language_expected == str(int("000" not in told.language_word)) != told.language_found
    assert told.language_network == told.language_found
    ends = told.prefix_expected != told.prefix_found
    assert ends.tolist() == [False] * length + [True]
    assert "".join(told.prefix_symbol) == told.language_word
    assert told.language_minimal == boolrnn.extract(weights).minimal
    assert set(told.learner_returned) == {"the intended machine"}
    assert set(told.learner_states.tolist()) == {4}


def test_learners_return_the_net_s_machine_where_they_can(asked_here):
    spec, last = read_spec("(0|1)*1"), np.array([[-16.0, 16.0]], np.float32)  # its one bit is the last symbol
    none = np.zeros((1, 1), np.float32)
    weights = boolrnn.Weights(wx=last, wh=none, bh=none[0], wy=last.T, by=np.array([1, 0], np.float32))
    learned = learn(weights, spec, np.arange(2), "argmax", 0)
    assert [one.machine.states for one in learned] == [2, 2, 2]
    assert all(one.machine.same_as(spec) for one in learned)
    again = learn(weights, spec, np.arange(2), "argmax", 0)
    assert [(one.words, one.symbols) for one in learned] == [(one.words, one.symbols) for one in again]


def test_chance_is_left_as_it_was():
    before = random.getstate()
    with demo_learners._drawing(5):
        assert random.random() == random.Random(5).random()
    assert random.getstate() == before


def shown(told):
    stream = io.StringIO()
    terminal.show(boolrnn.sheet(told), Console(file=stream, width=110))
    return stream.getvalue()


def test_the_sheet_tells_the_story_in_four_tables(small):
    _, told = small
    assert len(boolrnn.sheet(told).tables) == 4
    text = " ".join(shown(dataclasses.replace(told, path="demo.html")).split())
    for fact in (
        f"{told.net_bpc_float[0]:.4f}",
        f"{told.net_bpc_sign_dynamics[0]:.4f}",
        "every text: proved",
        told.language_word,
        "the mistake stays hidden",
        "The page: demo.html. Your own net: boolrnn report MODEL TEXT -o report.html",
    ):
        assert fact in text


def test_the_page_says_what_the_result_says(small):
    _, told = small
    plain = " ".join(unescape(re.sub(r"<[^>]+>", " ", page_of(told).split("<main>")[1])).split())
    for fact in (
        f"{told.net_bpc_float[0]:.4f}",
        f"{100 * told.net_free_run[0]:.2f} %",
        f"t = {told.net_divergence_t[0]}, h{told.net_divergence_neuron[0]}",
        told.checker_line,
        f"{told.flips_sets:,} sets of at most {told.flips_exhausted} neurons",
        f"{told.language_minimal:,} states in the net's own minimal machine",
        "boolrnn report MODEL TEXT -o report.html",
    ):
        assert fact in plain
    assert plain.count("the mistake stays hidden") == len(told.learner)


def test_symbols_that_are_markup_are_harmless(asked_here):
    names = np.frombuffer(b"<&\"'", np.uint8)
    text = b"<<&\"'&<'\"<"
    plain, hard = (
        dataclasses.replace(net, alphabet=names) for net in (random_net(2, 5, 4), hardened_net(2, 5))
    )
    told = tell(Nets(plain, hard, text, passed_net().weights, LANGUAGE), None, **PLAN)
    strip = page_of(told).split('class="strip"')[1].split("</figure>")[0]
    assert re.findall(r"<i>(.*?)</i>", strip)[0] == "&lt;"
    assert set(re.findall(r"<(/?\w+)", strip)) == {"span", "/span", "i", "/i", "/div"}


def test_the_smallest_story(asked_here):
    _, told = story(1, 1, 2, 3, at=0, steps=0)
    assert len(told.t) == 2
    assert "<h2>5 · Your own net</h2>" in page_of(told)
    assert json.dumps(told.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("'a'", "a"),
        ("' '", "␣"),
        ("0x0a", "↵"),
        ("0xff", "ff"),
        ('"\'"', "'"),
        ("'\\\\'", "\\"),
        ("'\"'", '"'),
    ],
)
def test_glyphs(name, cell):
    assert glyph(name) == cell


@pytest.mark.slow
def test_a_saved_story_is_the_same(small, tmp_path):
    small[1].save(tmp_path / "r")
    again = Demo.load(tmp_path / "r")
    assert again.to_json() == small[1].to_json()
    assert page_of(again) == page_of(small[1])


def test_files_are_kept_and_nothing_else_is_overwritten(asked_here, tmp_path):
    nets, told = story(5, 6, 4, 30, files=tmp_path / "new" / "nets")
    folder = tmp_path / "new" / "nets"
    assert boolrnn.read_weights(folder / "plain.npz").sha256() == nets.plain.sha256()
    assert (folder / "text.txt").read_bytes() == nets.text
    assert json.loads((folder / "hardened.cert.json").read_text())["level"] == "certified_always"
    assert told.command[1] == f"boolrnn agreement {folder}/plain.npz {folder}/text.txt"
    (folder / "text.txt").write_bytes(b"mine")
    with pytest.raises(ResultError, match="text.txt: exists and is another file"):
        story(5, 6, 4, 30, files=folder)
    assert (folder / "text.txt").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "plan", [{"at": 30}, {"at": -1}, {"steps": -1}, {"at": 29, "steps": 1}, {"words": 0}]
)
def test_what_cannot_be_asked_is_refused_before_anything(plan):
    with pytest.raises(OptionError, match="expected"):
        story(5, 6, 4, 30, **plan)


def test_what_ships_is_what_it_is_said_to_be():
    (plain, text), (hardened, same) = embedded_pair("plain"), embedded_pair()
    assert text == same
    assert plain.weights.wh.shape == hardened.weights.wh.shape
    symbols = boolrnn.to_symbols(text, plain.weights)
    assert boolrnn.bpc(plain.weights, boolrnn.trace(plain.weights, symbols)) < 0.02
    with pytest.raises(OptionError, match="expected one of hardened, plain"):
        embedded_pair("other")
    made = make_passed.make(hidden=4, updates=3)
    assert (made.hidden, made.mode, made.language) == (4, "plain", LANGUAGE)


@pytest.mark.slow
def test_the_maker_of_the_plain_net_makes_one(monkeypatch):
    pytest.importorskip("torch", reason="training needs torch")
    monkeypatch.setattr(make_plain, "EPOCHS", 2)
    assert make_plain.make(b"abab" * 8).recipe == "tanh"


def run_in(folder, *words):
    environment = {key: value for key, value in os.environ.items() if key != "BOOLRNN_CHECK_SHAPES"}
    return subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, cwd=folder, env=environment, check=False
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What `boolrnn demo --files demo --json` gives, and where."""
    folder = tmp_path_factory.mktemp("demo")
    done = run_in(folder, "boolrnn", "demo", "--files", "demo", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    return folder, json.loads(done.stdout)


@pytest.mark.slow
def test_the_story_of_what_ships(whole):
    folder, tree = whole
    plain, twin = tree["nets"]
    assert plain["level"] == "differs"
    assert plain["bpc"]["float"] < 0.02 < 1 < plain["bpc"]["sign_dynamics"]
    assert twin["level"] == tree["certificate"]["level"] == "certified_always"
    assert (tree["checker"]["exit_code"], tree["certificate"]["outputs"]) == (0, "certified_always")
    assert (tree["flips"]["minimum"], tree["flips"]["proved"], tree["flips"]["replayed"]) == (4, True, True)
    test = tree["language"]["test"]
    assert (test["words"], test["words_right"]) == (20_000, 1.0)
    assert tree["language"]["length"] == len(tree["language"]["word"]) > 20
    assert {one["returned"] for one in tree["learners"]} == {"the intended machine"}
    assert (folder / "demo.html").stat().st_size == tree["bytes"] < 200_000
    assert len(tree["made_by"]["inputs"]) == 4


@pytest.mark.slow
def test_the_page_in_a_browser(whole, browser):
    path = whole[0] / "demo.html"
    for width, dark in ((1280, True), (400, False)):
        browser.open(path, width=width, dark=dark)
        assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.is_clean(path)


@pytest.mark.slow
def test_every_command_shown_repeats_its_part(whole):
    folder, tree = whole
    found = {}
    for line in [row["command"] for row in tree["commands"]][1:-1]:
        words = shlex.split(line)
        words = words[2:] if words[0] == "python" else [*words, "--json"]
        done = run_in(folder, *words)
        assert done.returncode == 0, done.stderr
        found[line] = json.loads(done.stdout) if words[0] == "boolrnn" else done.stdout.decode().strip()
    plain, predicted, twin, proof, checked, flips, compared, machine = found.values()
    for net, again in zip(tree["nets"], (plain, twin)):
        assert {key: again[key] for key in ("level", "verdict", "one_step", "free_run", "bpc")} == {
            key: net[key] for key in ("level", "verdict", "one_step", "free_run", "bpc")
        }
    bits = [row["plain"]["automaton"]["bits"] for row in tree["positions"]]
    assert [row["free_run"]["bits"] for row in predicted["positions"]] == bits
    assert proof["level"] == tree["certificate"]["level"]
    assert checked == tree["checker"]["line"]
    assert flips["witness"]["flips"] == tree["flips"]["neurons"]
    assert compared["counterexample_shown"] == tree["language"]["word"]
    assert compared["sampled"]["words_right"] == 1.0
    assert machine["minimal"] == tree["language"]["minimal"]


@pytest.mark.slow
def test_the_command_refuses_in_one_line(tmp_path):
    refused("demo", "-o", tmp_path / "nowhere" / "x.html", says="no such directory")
    refused("demo", "-o", tmp_path / "x.html", "--at", 5000, says="at 5000, steps 3")
    refused("demo", "-o", tmp_path / "x.html", "--words", 0, says="words 0")
