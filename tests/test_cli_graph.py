"""The command line of the room `graph`: files of graphs, symbols and words, budgets."""

import json

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
    refused("cycles", net, "--symbol", "a", "--memory", "2X", says="memory 2X")


def test_an_unfinished_budget_is_exit_code_three(files):
    boolrnn.write_weights(random_net(1, 128, 4, scale=0.08), files / "large.npz")
    done = run("cycles", files / "large.npz", "--all", "--starts", 30, "--budget", 0.01, "--json")
    assert done.returncode == 3
    tree = json.loads(done.stdout)
    assert tree["undecided"]
    assert min(entry["resolved"] for entry in tree["symbols"]) < 1
