"""The command line: verbs are listed, options are the functions' keywords, mistakes are one line."""

import csv
import importlib
import inspect
import json
import re
import subprocess
import sys

import click
import numpy as np
import pytest
from commands import here, refused, run
from nets import random_net

import boolrnn
from boolrnn import cli
from boolrnn.cli.common import EMITTING, LAYOUTS, READING
from boolrnn.model import formats

VERBS = {verb.name: verb for _, verbs in cli.ROOMS for verb in verbs}
EMBEDDED = {
    "info": [],
    "compile": [],
    "step": ["--symbol", "<"],
    "run": [],
    "rule": ["--neuron", "h3", "--symbol", "<"],
    "agreement": [],
    "predict": [],
    "margins": [],
    "certify": [],
    "influence": ["--top", "30"],
    "backbone": ["--permutations", "2"],
    "coflips": [],
    "dwell": [],
    "cycles": ["--symbol", "e", "--word", "e ", "--starts", "3"],
    "perturb": ["--lags", "3"],
    "fragility": [],
    "reason": ["--at", "9"],
    "heal": ["--positions", "0:2", "--within", "3"],
    "preimage": ["--at", "9", "--symbol", "e"],
    "fixed-points": ["--symbol", "e", "--neurons", "h0,h1,h2,h3", "--drop"],
    "reach": ["--property", "predicts:e", "--within", "2"],
    "precision": ["--bits", "0,8", "--exponents", "1", "--leverage-positions", "9"],
    "attribution": ["--depth", "3"],
    "offsets": ["--depth", "2", "--positions", "0:40"],
    "knockout": ["--no-search"],
    "prune": ["--thresholds", "0,1", "--subsets", "5", "--no-automaton"],
    "justify": ["--at", "0:9"],
    "pmi": ["--depth", "2", "--positions", "0:60"],
    "roles": ["--shuffles", "19"],
    "predict-weights": ["--resamples", "9"],
    "substitute": ["--alphas", "0,1", "--no-optimise"],
    "extract": [],
}


def test_help_lists_every_verb_under_its_room():
    text = here("--help").stdout.decode()
    places = [text.index(part) for part in ("\nmodel:", "  info ", "\ncheck:", "  agreement ")]
    assert places == sorted(places)
    assert here().stdout.decode() == text
    for name in VERBS:
        assert f"  {name} " in text


@pytest.mark.parametrize("name", VERBS)
def test_help_of_every_verb_shows_an_example(name):
    text = here(name, "--help").stdout.decode()
    assert f"Example:  boolrnn {name} " in text
    for option in VERBS[name].params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.name}"


@pytest.mark.parametrize("name", [n for n in VERBS if n != "compile"])
def test_options_and_defaults_are_the_functions(name):
    function = getattr(boolrnn, {"report": "write_report"}.get(name, name.replace("-", "_")))
    keywords = {
        key: parameter.default
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    shared = {"model", "text", "figure", "alphabet"}
    options = {p.name: p for p in VERBS[name].params if p.name not in shared}
    options = {
        key: p
        for key, p in options.items()
        if p not in READING and p not in EMITTING and "--readout-size" not in p.opts
    }
    by_hand = {"symbol", "state", "neuron", "path"}  # positional arguments of the functions
    by_hand |= {"graph", "word", "every", "checkpoint"}  # words and symbols, files that are kept
    by_hand |= {"output", "certificate", "settings"}  # files that are written, a recipe's hyperparameters
    others = {"preimage": {"at"}, "reach": {"property_"}, "draw": {"spec", "outputs"}}
    others |= {"compare-language": {"spec"}, "train-language": {"spec"}}
    by_hand |= others.get(name, set())
    for key in ("alphabet", "checkpoint", "among", "language"):  # of a verb's arguments, or common to all
        if key not in options:
            keywords.pop(key, None)
    assert set(options) - by_hand == set(keywords) - by_hand
    for key, default in keywords.items():
        shown = options[key].default
        if default is inspect.Parameter.empty:
            assert options[key].required
        elif isinstance(default, bool):
            assert bool(shown) == default
        elif default is not None:
            assert shown == default
        else:
            assert not isinstance(shown, int | str)


def test_layouts_and_levels_are_the_librarys():
    assert tuple(formats.LAYOUTS) == LAYOUTS
    assert importlib.import_module("boolrnn.check.verdict").LEVELS == cli.check.LEVELS


def timeless(tree):
    """The same without seconds, which differ from run to run."""
    if isinstance(tree, dict):
        return {key: timeless(value) for key, value in tree.items() if key != "seconds"}
    return [timeless(value) for value in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("name", EMBEDDED)
def test_a_saved_result_is_the_one_that_is_printed_by_another_run(name, tmp_path):
    """Two processes give the same numbers; JSON is one object with its origin; every table has its file."""
    plain = run(name, *EMBEDDED[name], "--out", tmp_path / "r", "--seed", "4")
    assert plain.returncode == 0
    done = run(name, *EMBEDDED[name], "--json", "--seed", "4")
    again = json.loads(done.stdout)
    assert done.returncode == 0
    assert done.stderr == b""
    assert list(again)[:2] == ["schema", "made_by"]
    assert again["schema"].startswith("automaton/" if name == "compile" else name.replace("-", "_") + "/")
    assert again["made_by"]["command"].startswith(f"boolrnn {name}")
    assert again["made_by"]["seed"] == 4
    assert len(again["made_by"]["inputs"]["embedded model"]) == 64
    saved = boolrnn.Result.load(tmp_path / "r")
    tree = json.loads(json.dumps(saved.to_json()))
    assert tree.pop("made_by") != again.pop("made_by")
    assert timeless(tree) == timeless(again)
    page = boolrnn.sheet(saved)
    assert plain.stdout.decode().split()[:3] == page.sentence.split()[:3]
    tables = list((tmp_path / "r").glob("*.csv"))
    assert len(tables) == len(page.tables)
    assert all(re.fullmatch(r"\w+\.csv", path.name) for path in tables)  # a name for every file system


@pytest.mark.parametrize("name", ["info", "run", "cycles", "fragility", "justify"])
def test_the_fullest_table_is_printed_as_csv(name):
    rows = run(name, *EMBEDDED[name], "--csv").stdout.decode().splitlines()
    assert len(rows) >= 2
    assert len({len(row) for row in csv.reader(rows[:2])}) == 1


def test_version_and_help_load_no_heavy_library():
    code = "import sys; from boolrnn.cli import group; print([m for m in sys.modules if m in {names}])"
    code = code.replace("{names}", "('numpy', 'rich', 'sympy', 'matplotlib', 'safetensors')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
    assert run("--version").stdout.decode() == f"boolrnn {boolrnn.__version__}\n"


def test_a_required_level_sets_the_exit_code(files):
    hard = (files / "hard.npz", files / "four")
    assert run("agreement", *hard, "--require", "certified_always").returncode == 0
    boolrnn.write_weights(random_net(1, 6, 4), files / "other.npz")
    done = run("agreement", files / "other.npz", files / "four", "--require", "agrees", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["holds"] is False
    assert done.stderr == b""


def test_certify_sets_the_exit_code_and_writes_only_proofs(files):
    made = run(
        "certify", files / "hard.npz", "--require", "certified_always", "-o", files / "c.json", "--json"
    )
    assert made.returncode == 0
    tree = json.loads(made.stdout)
    assert (tree["level"], tree["form"], tree["min_margin"]) == ("certified_always", "bit-exact", 16)
    assert tree["symbols_certified"] == [0, 1, 2, 3]
    assert tree["valid_for"] == ["fp32", "tf32", "fp16", "bf16"]
    assert tree["outputs"] is None
    assert json.loads((files / "c.json").read_text())["made_by"]["command"].startswith("boolrnn certify")
    none = run("certify", files / "net.bin", "-o", files / "d.json", "--json")
    assert none.returncode == 0
    assert json.loads(none.stdout)["level"] == "none"
    assert b"nothing is certified" in none.stderr
    assert not (files / "d.json").exists()
    assert run("certify", files / "net.bin", "--require", "certified_text").returncode == 1
    raw = run("certify", files / "net.bin", files / "text", "--readout-size", 256, "--outputs", "--json")
    assert json.loads(raw.stdout)["outputs"] == "none"


FITTED = ("--held-out", 0, "--l2", 0)  # by heart


def test_nets_are_made_and_hardened(files):
    text = files / "text"
    made = run("construct", text, "-o", files / "r.npz", "--groups", 3, "--bits", 4, *FITTED, "--json")
    assert made.returncode == 0
    assert list(json.loads(made.stdout)["made_by"]["inputs"]) == [str(text)]
    options = ("--certificate", files / "c.json", "--epochs", 0, "--json")
    done = run("harden", files / "r.npz", text, "-o", files / "h.npz", *options)
    assert done.returncode == 0
    assert json.loads((files / "c.json").read_text())["readout"] == "exact sums"
    assert run("agreement", files / "h.npz", text, "--require", "certified_always").returncode == 0
    shown = json.loads(done.stdout)
    assert set(shown["bpc"]) == {"float", "sign_dynamics"}
    assert (shown["max_abs_wh"], shown["gain"]) == (2, 16)


def test_compile_writes_a_file_that_verbs_take(files):
    made = run("compile", files / "net.bin", files / "text", "-o", files / "a.npz")
    assert made.returncode == 0
    whole = json.loads(run("run", files / "net.bin", files / "text", "--json").stdout)
    from_file = json.loads(run("run", files / "a.npz", files / "text", "--json").stdout)
    assert whole["states"] == from_file["states"]
    rule = json.loads(run("rule", files / "a.npz", "--neuron", 2, "--symbol", "e", "--json").stdout)
    assert rule["least_margin"] > 0
    assert boolrnn.read_automaton(files / "a.npz").made_by.command.startswith("boolrnn compile")
    refused("compile", files / "net.bin", "-o", files / "a.txt", says="ends in .npz")


def test_states_step_and_run_fit_together(files):
    net = files / "net.bin"
    first = json.loads(run("step", net, "--symbol", "s", "--json").stdout)
    second = json.loads(run("step", net, "--symbol", "o", "--state", first["next"], "--json").stdout)
    states = json.loads(run("run", net, files / "text", "--json").stdout)["states"]
    assert [first["next"], second["next"]] == states[:2]
    start = json.loads(run("run", net, files / "text", "--initial", "0x0", "--json").stdout)
    assert start["initial"] == "0x00"
    bits = "".join("01"[(int(first["next"], 16) >> j) & 1] for j in range(7))
    spelled = json.loads(run("step", net, "--symbol", "111", "--state", bits, "--json").stdout)
    assert spelled["next"] == second["next"]


def test_text_from_standard_input(files):
    done = run("run", files / "net.bin", "-", "--json", stdin=b"some text\n")
    whole = run("run", files / "net.bin", files / "text", "--json")
    assert json.loads(done.stdout)["states"] == json.loads(whole.stdout)["states"]


@pytest.mark.parametrize(
    ("verb", "how"),
    [
        ("info", []),
        ("info", ["--json"]),
        ("agreement", []),
        ("agreement", ["--json"]),
        ("predict", ["--csv"]),
    ],
)
def test_a_wrong_layout_is_loud(tmp_path, embedded, verb, how):
    weights, symbols = embedded
    boolrnn.write_weights(weights, tmp_path / "w.bin")
    (tmp_path / "t").write_bytes(bytes(symbols.astype(np.uint8)))
    pair = (tmp_path / "w.bin", tmp_path / "t", "--symbols", weights.symbols)
    assert b"WRONG LAYOUT?" in run(verb, *pair, *how, "--layout", LAYOUTS[1]).stderr
    assert run(verb, *pair, *how).stderr == b""


def test_alphabets_on_the_command_line(tmp_path):
    boolrnn.write_weights(random_net(1, 5, 3), tmp_path / "w.npz")
    (tmp_path / "t").write_bytes(b"abcab")
    pair = (tmp_path / "w.npz", tmp_path / "t")
    refused("run", *pair, says="byte 'a' at offset 0 is outside the net's 3 symbols")
    done = run("run", *pair, "--alphabet", "abc", "--json")
    assert len(json.loads(done.stdout)["states"]) == 5
    refused("run", *pair, "--alphabet", "ab", says="alphabet: shape (2,)")
    refused("run", *pair, "--alphabet", "aba", says="byte 0x61 stands in it twice")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["agreement", "{net}"], "Missing argument 'TEXT'"),
        (["predict", "{net}"], "Missing argument 'TEXT'"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["agreement", "--frob"], "No such option"),
        (["agreement", "--require", "perfect"], "'perfect' is not one of"),
        (["agreement", "{none}", "{text}"], "cannot be read (No such file or directory)"),
        (["agreement", "{net}", "{none}"], "none: cannot be read"),
        (["agreement", "{net}", "{empty}"], "empty: empty text"),
        (["agreement", "{text}", "{text}"], "10 bytes is no raw float32 net with V = 256"),
        (["agreement", "{empty}", "{text}"], "0 bytes is no raw float32 net"),
        (["info", "{net}", "--symbols", "77"], "no raw float32 net with V = 77"),
        (["run", "{hard}", "{text}"], "byte 's' at offset 0 is outside the net's 4 symbols"),
        (["step", "{net}", "--symbol", "ab"], "expected one character"),
        (["step", "{net}", "--symbol", "256"], "expected 0..255"),
        (["step", "{net}", "--symbol", "a", "--state", "0xfff"], "bit 11 is set"),
        (["rule", "{net}", "--neuron", "h7", "--symbol", "a"], "neuron 7: expected 0..6"),
        (["rule", "{net}", "--neuron", "x", "--symbol", "a"], "neuron 'x'"),
        (["rule", "{net}", "--neuron", "1", "--symbol", "a", "--given", "z"], "expected h3=1"),
        (["rule", "{net}", "--neuron", "1", "--symbol", "a", "--given", "constant"], "needs a TEXT"),
        (["convert", "{net}"], "Missing argument 'OUT'"),
        (["convert", "{net}", "{none}/x.npz"], "cannot be written"),
        (["run", "--out", "{text}"], "is no directory"),
        (["agreement", "--alphabet", "xyz"], "--alphabet describes a MODEL, and none is given"),
        (["info", "--symbols", "3"], "--symbols describes a MODEL, and none is given"),
        (["info", "{hard}", "--layout", "wx-wh-bh-wy-by"], "layout describes raw files"),
        (["convert", "{net}", "{none}.pkl"], "writes no pickles"),
        (["convert", "{net}", "/dev/null"], "no regular file"),
        (["info", "{net}", "--out", "a" * 300], "File name too long"),
        (["rule", "{net}", "--neuron", "1" * 5000, "--symbol", "a"], "expected a number such as 28"),
        (["info", "{net}", "--symbols", "9" * 4299], "Invalid value for '--symbols'"),
        (["harden", "{net}"], "Missing option '-o'"),
        (["harden", "-o", "{none}.npz"], "Missing argument 'MODEL'"),
        (["harden", "{net}", "{text}", "-o", "{none}.npz", "--gain", "3"], "tanh rounds to 1"),
        (["harden", "{hard}", "-o", "{hard}"], "would be overwritten"),
        (["harden", "{hard}", "-o", "{none}.npz", "--certificate", "{none}.npz"], "would be overwritten"),
        (["certify", "{hard}", "-o", "{hard}"], "would be overwritten"),
        (["construct", "{text}", "-o", "{text}"], "would be overwritten"),
        (["train", "{text}", "-o", "{none}.npz", "--set", "chunk=0"], "chunk 0: expected 1.."),
        (["construct", "{text}"], "Missing option '-o'"),
        (["construct", "{none}", "-o", "{none}.npz"], "cannot be read"),
        (["construct", "{text}", "-o", "{none}/x.npz"], "no such directory"),
        (["construct", "{text}", "-o", "{none}.pkl"], "writes no pickles"),
        (["construct", "{text}", "-o", "{none}.npz", "--alphabet", "xyz"], "not in the alphabet given"),
        (["train", "{empty}", "-o", "{none}.npz"], "empty text"),
        (["train", "{text}", "-o", "{none}.npz", "--set", "rate"], "expected NAME=VALUE"),
        (["train", "{text}", "-o", "{none}.npz", "--set", "rates=1"], "setting 'rates'"),
        (["train", "{text}", "-o", "{none}.npz", "--hidden", "0"], "expected 1..4096"),
        (["certify", "--require", "agrees"], "'agrees' is not one of"),
        (["run", "--json", "--csv"], "--json and --csv both write to stdout"),
        (["margins", "--figure", "x.pdf"], "ends in .svg or .png"),
    ],
)
def test_mistakes_are_one_line(files, arguments, says):
    paths = {n: files / n for n in ("text", "empty", "none")}
    paths |= {"net": files / "net.bin", "hard": files / "hard.npz"}
    refused(*(a.format(**paths) for a in arguments), says=says)


@pytest.mark.parametrize(
    "arguments",
    [
        ["convert", "{net}", "{new}/c.npz", "--json", "--csv"],
        ["compile", "{net}", "-o", "{new}/c.npz", "--json", "--csv"],
        ["compile", "{net}", "-o", "{new}/c.npz", "--out", "{full}"],
        ["agreement", "{net}", "{text}", "--figure", "{new}/f.svg", "--out", "{full}"],
        ["compile", "{net}", "{text}", "-o", "{new}/c.bin"],
    ],
)
def test_nothing_is_written_where_anything_is_refused(files, arguments):
    (files / "new").mkdir()
    paths = {"net": files / "net.bin", "text": files / "text", "new": files / "new", "full": files}
    done = run(*(a.format(**paths) for a in arguments))
    assert done.returncode == 2
    assert not list((files / "new").iterdir())


def test_a_folder_keeps_one_kind_of_result(files):
    assert run("info", "--out", files / "r").returncode == 0
    refused("compile", files / "net.bin", "-o", files / "new.npz", "--out", files / "r", says="schema info/1")
    assert not (files / "new.npz").exists()
    refused("step", "--symbol", "<", "--out", files / "r", says="holds a result of schema info/1")


def test_links_are_followed(files):
    (files / "real.npz").write_bytes(b"")
    (files / "link.npz").symlink_to(files / "real.npz")
    assert run("convert", files / "net.bin", files / "link.npz").returncode == 0
    assert (files / "link.npz").is_symlink()
    assert boolrnn.read_weights(files / "real.npz").hidden == 7


def test_a_model_from_a_pipe_is_read_once(files):
    boolrnn.compile(boolrnn.read_weights(files / "net.bin")).write(files / "a.npz")
    for name, verb in (("net.bin", "info"), ("a.npz", "run")):
        command = f"{sys.executable} -m boolrnn {verb} <(cat {files / name}) {files / 'text'}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_full_disk_and_a_closed_input_are_one_line(files):
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "boolrnn", "info", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    command = f"{sys.executable} -m boolrnn run {files / 'net.bin'} - <&-"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr


def test_a_bug_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(cli.group, "main", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_a_closed_pipe_is_no_error(files):
    command = f"{sys.executable} -m boolrnn run {files / 'net.bin'} {files / 'text'} --csv | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert done.stdout.startswith(b"t,symbol")
    assert b"Traceback" not in done.stderr
