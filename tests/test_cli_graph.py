"""The command line of the room `graph`: files of graphs, symbols and words, budgets."""

import json
import subprocess
import sys

from commands import refused, run
from nets import random_net

import boolrnn


def test_graphs_are_pruned_and_written(files):
    net = (files / "net.bin", files / "text")
    done = run("influence", *net, "--graph", files / "g.graphml", "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["edges"]) > 28
    assert b"the heaviest 28 edges" in done.stderr
    assert (files / "g.graphml").read_text().count("<edge ") == 28
    done = run("influence", *net, "--graph", files / "g.dot", "--top", 20)
    assert done.stderr == b""
    assert (files / "g.dot").read_text().count("->") == 20
    refused("influence", *net, "--graph", files / "g.svg", says="ends in .graphml, .dot, .gv")
    refused("influence", *net, "--graph", files / "none" / "g.dot", says="no such directory")
    refused("influence", *net, "--positions", "3", says="expected FIRST:STOP")
    refused("backbone", files / "hard.npz", files / "four", "--chain", "h1", says="two or more neurons")
    refused("perturb", *net, "--neurons", "h9", says="9 is outside 0..6")


def test_cycles_read_symbols_words_and_texts(files):
    net = files / "net.bin"
    asked = run("cycles", net, "--symbol", "a", "--symbol", "0x2", "--starts", 2, "--json")
    assert [e["symbol"] for e in json.loads(asked.stdout)["symbols"]] == [97, 2]
    words = run("cycles", net, "--word", "ab", "--symbol", "a", "--starts", 2, "--json")
    assert [e["word"] for e in json.loads(words.stdout)["symbols"]] == ["a", "ab"]
    every = run("cycles", net, files / "text", "--all", "--starts", 2, "--json")
    assert [e["symbol"] for e in json.loads(every.stdout)["symbols"]] == sorted(set(b"some text\n"))
    assert len(json.loads(run("cycles", net, "--all", "--starts", 1, "--json").stdout)["symbols"]) == 256
    refused("cycles", net, says="expected --symbol X, --word W or --all")
    refused("cycles", net, "--all", "--symbol", "a", says="expected --symbol X, --word W or --all")
    refused("cycles", net, "--symbol", "a", "--memory", "2X", says="memory '2X'")


def test_an_unfinished_budget_is_exit_code_three(files):
    boolrnn.write_weights(random_net(1, 128, 4, scale=0.08), files / "large.npz")
    done = run("cycles", files / "large.npz", "--all", "--starts", 30, "--budget", 0.01, "--json")
    assert done.returncode == 3
    tree = json.loads(done.stdout)
    assert tree["undecided"]
    assert min(entry["resolved"] for entry in tree["symbols"]) < 1


def test_inputs_are_never_overwritten(files):
    """A picture, a graph or a checkpoint that is the model or the text is refused before anything runs."""
    net, text = files / "net.bin", files / "text"
    for name in ("model.graphml", "text.svg", "text.dot"):
        (files / name).write_bytes((net if name.startswith("model") else text).read_bytes())
    refused(
        "influence", files / "model.graphml", text, "--graph", files / "model.graphml", says="overwritten"
    )
    refused("influence", net, files / "text.dot", "--graph", files / "text.dot", says="overwritten")
    refused("dwell", net, files / "text.svg", "--figure", files / "text.svg", says="overwritten")
    refused("agreement", net, files / "text.svg", "--figure", files / "text.svg", says="overwritten")
    refused("cycles", net, "--all", "--checkpoint", net, says="overwritten")
    refused("dwell", net, text, "--figure", files / "none" / "a.svg", says="no such directory")
    assert (files / "text.svg").read_bytes() == text.read_bytes()


def test_backbone_refuses_what_it_cannot_draw_or_count(files):
    pair = (files / "hard.npz", files / "four")
    refused("backbone", *pair, "--seed", -1, says="seed -1")
    refused("backbone", *pair, "--permutations", 10**20, says="expected 0..1,000,000")
    done = run("backbone", *pair, "--permutations", 0, "--depth", 10**20, "--json")
    assert json.loads(done.stdout)["depth"] == 35
    assert done.returncode == 0


def test_a_closed_pipe_is_no_failed_check(files):
    script = f"{sys.executable} -m boolrnn influence {files / 'net.bin'} {files / 'text'} | head -1; "
    done = subprocess.run(["bash", "-c", script + "echo ${PIPESTATUS[0]}"], capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] in ("0", "141")


def test_the_same_input_is_followed_once(files):
    done = run(
        "cycles", files / "net.bin", *["--symbol", "a"] * 2, "--symbol", "0x61", "--starts", 2, "--json"
    )
    assert [e["symbol"] for e in json.loads(done.stdout)["symbols"]] == [97]
