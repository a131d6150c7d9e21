"""The command line of the room `clauses`: what every answer says in JSON, budgets, inputs by hand."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import refused, run
from nets import random_net

import boolrnn
import boolrnn.bits
from boolrnn.clauses.engines import check_farkas
from boolrnn.clauses.solving import AUTO, ENGINES
from boolrnn.cli import clauses

FIELDS = {"question", "verdict", "witness", "proved", "certificate", "engine", "seconds"}


def asked(*arguments, code=0):
    done = run(*arguments, "--json")
    assert done.returncode == code, done.stderr
    tree = json.loads(done.stdout)
    assert set(tree) >= FIELDS
    return tree


def test_engines_are_the_librarys():
    assert (AUTO, *ENGINES) == clauses.ENGINES


def test_every_answer_has_the_same_fields(files):
    net, text = files / "net.bin", files / "text"
    heal = asked("heal", net, text)
    assert heal["verdict"] in ("sat", "unsat")
    state = "0x5a"
    back = asked("preimage", net, "--state", "0x05", "--care", "0x01", "--symbol", "a")
    assert back["verdict"] == "sat"
    assert back["witness"]["symbols"] == [97]
    assert back["proved"] is True
    fixed = asked("fixed-points", net, "--symbol", "a")
    assert fixed["complete"] is True
    assert (fixed["witness"] is None) == (fixed["verdict"] == "unsat")
    there = asked("reach", net, "--from", state, "--property", f"state:{state}", "--within", "0")
    assert (there["verdict"], there["minimum"], there["witness"]["symbols"]) == ("sat", 0, [])


def test_a_predecessor_steps_to_its_state(files):
    net = files / "net.bin"
    weights = boolrnn.read_weights(net)
    tree = asked("preimage", net, files / "text", "--at", "4", "--symbol", "' '"[1], "--count", "3")
    automaton = boolrnn.compile(weights)
    target = automaton.run(boolrnn.read_text(files / "text", weights)).states[4]
    for state in tree["found"]:
        bits = boolrnn.bits.parse_state(state, weights.hidden)
        assert (automaton.step(bits[None], np.array([32]))[0][0] == target).all()


def test_a_proof_goes_to_a_file_and_is_checked_alone(files):
    proof = files / "proof.json"
    done = run("preimage", "--state", "0x123456789", "--symbol", "e", "--proof", proof, "--json")
    tree = json.loads(done.stdout)
    assert (tree["verdict"], tree["certificate"], tree["proof"]) == ("unsat", "farkas", str(proof))
    script = [sys.executable, "-I", check_farkas.__file__, str(proof)]
    checked = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout[:8]) == (0, "refuted:")
    found = run("preimage", "--at", "9", "--symbol", "e", "--proof", files / "none.json", "--care", "0x1")
    assert b"is not written: nothing was refuted" in found.stderr
    assert not (files / "none.json").exists()
    refused("preimage", "--at", "9", "--proof", files / "p.json", says="one symbol and one step")
    refused(
        *("preimage", files / "net.bin", "--state", "0x1", "--symbol", "a"),
        *("--proof", files / "net.bin"),
        says="would be overwritten",
    )


@pytest.fixture
def hard(files):
    """Which state is four steps back in a net of 128 random neurons: nobody knows within a second."""
    weights = random_net(2, 128, 2, scale=0.3)
    boolrnn.write_weights(weights, files / "hard128.npz")
    state = boolrnn.compile(weights).run(np.zeros(9, int)).states[-1:]
    word = ("--symbol", "0x0", "--steps", "4", "--budget", "1")
    return ("preimage", files / "hard128.npz", "--state", boolrnn.bits.to_hex(state)[0], *word)


def test_a_budget_ends_in_unknown_and_leaves_nothing_behind(hard):
    began = time.monotonic()
    tree = asked(*hard, code=3)
    assert (tree["verdict"], tree["proved"], tree["witness"]) == ("unknown", False, None)
    assert time.monotonic() - began < 20
    assert not children()


def test_every_engine_ends_with_its_budget(hard):
    for engine in ("lp", "cp-sat", "highs", "cadical"):
        began = time.monotonic()
        assert asked(*hard, "--engine", engine, code=3)["verdict"] == "unknown"
        assert time.monotonic() - began < 25
    assert not children()


def children():
    """Processes of this package that nobody waits for."""
    own = {str(os.getpid())}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
        if b"boolrnn.clauses.engines.worker" in line and folder.name not in own:
            found.append(line)
    return found


def test_reach_reads_states_and_symbols(files):
    net = files / "net.bin"
    tree = asked("reach", net, "--property", "h0", "--among", "ab", "--among", "0x63", "--within", "2")
    assert tree["among"] == [97, 98, 99]
    tree = asked("reach", net, files / "text", "--from", "0x0", "--versus", "0x7f", "--property", "h*")
    assert tree["among"] == sorted(set(b"some text\n"))
    assert tree["minimum"] == 0
    tree = asked("reach", net, "--property", "h0 & ~h0", "--within", "2")
    assert (tree["verdict"], tree["proved"]) == ("unsat", True)
    refused("reach", net, says="property")
    refused("reach", net, "--property", "h7", says="0..6")
    refused("reach", net, "--property", "h0", "--within", "-1", says="within")
    refused("reach", net, "--property", "h0", "--memory", "much", says="memory")


def test_refusals_of_inputs_by_hand(files):
    net, text = files / "net.bin", files / "text"
    refused("preimage", net, "--symbol", "a", says="expected --state STATE, or --at T")
    refused("preimage", net, text, "--state", "0x1", "--at", "1", says="expected --state STATE, or --at T")
    refused("preimage", net, "--at", "1", says="missing TEXT")
    refused("preimage", net, text, "--at", "10", says="expected a position 0..9")
    refused("preimage", net, "--state", "0x1", "--symbol", "a", "--word", "b", says="not both")
    refused("preimage", net, "--state", "0x100", "--symbol", "a", says="neurons 0..6")
    refused("preimage", net, "--state", "0x1", "--symbol", "a", "--count", "0", says="1 or more")
    refused("fixed-points", net, says="expected --symbol X or --word W")
    refused("fixed-points", net, "--symbol", "a", "--neurons", "h1", says="rest")
    refused("heal", net, text, "--radius", "0", says="radius")
    refused("heal", net, text, "--budget", "-1", says="budget")


def test_one_neuron_and_one_symbol(tmp_path):
    boolrnn.write_weights(random_net(3, 1, 1), tmp_path / "one.npz")
    (tmp_path / "text").write_bytes(b"\0")
    for verb, *options in (
        ("heal", tmp_path / "text"),
        ("preimage", "--state", "1", "--symbol", "0x0"),
        ("fixed-points", "--symbol", "0x0"),
        ("reach", "--property", "h0"),
    ):
        done = run(verb, tmp_path / "one.npz", *options, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["verdict"] in ("sat", "unsat")


def test_options_that_cannot_be_used_together(files):
    net, text = files / "net.bin", files / "text"
    state = ("--state", "0x1")
    figure = ("--figure", files / "f.svg")
    refused("fragility", net, text, "--at", "2", *figure, says="draws the map only")
    refused("preimage", net, *state, "--symbol", "a", "--among", "b", says="no symbol or word")
    refused("reason", net, text, "--at", "2", "--most", "3", says="kind all")
    refused("preimage", net, *state, "--steps", 10**20, says="at most 1,000")
    refused("fixed-points", net, "--symbol", "a", "--starts", 10**9, says="100,000")
    refused("fixed-points", net, "--symbol", "a", "--period", 10**20, says="4,096")
    same = ("--proof", files / "both", "--out", files / "both")
    refused("preimage", net, *state, "--symbol", "a", *same, says="would be overwritten")
    assert not (files / "both").exists()
    refused("heal", net, text, "--figure", files / "b.svg", "--out", files / "b.svg", says="overwritten")


def test_why_it_is_unknown(hard):
    question = (*hard[:4], "--symbol", "0x0", "--engine", "closed")
    assert asked(*question, code=3)["note"] == "not of that form"
    assert b"Unknown (not of that form)." in run(*question).stdout


def test_no_cycle_is_longer_than_there_are_states(files):
    tree = asked("fixed-points", files / "net.bin", "--symbol", "a", "--period", "4000")
    assert (tree["verdict"], tree["proved"], tree["complete"]) == ("unsat", True, True)
