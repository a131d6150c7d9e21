"""The verbs of the room `machines` at the command line: files, alphabets, exit codes, one-line refusals."""

import dataclasses
import json

import numpy as np
import pytest
from commands import refused, run
from nets import hardened_net, random_net

import boolrnn
from boolrnn import cli


@pytest.fixture
def nets(tmp_path):
    """Hardened nets: without names, over ab, over bytes; and a plain one."""
    plain = hardened_net(3, 8, 2)
    boolrnn.write_weights(plain, tmp_path / "two.npz")
    letters = np.frombuffer(b"ab", np.uint8)
    boolrnn.write_weights(dataclasses.replace(plain, alphabet=letters), tmp_path / "ab.npz")
    boolrnn.write_weights(hardened_net(3, 8, 256), tmp_path / "bytes.npz")
    boolrnn.write_weights(random_net(3, 12, 2, 2), tmp_path / "soft.npz")
    (tmp_path / "text").write_bytes(b"abba" * 5)
    return tmp_path


@pytest.fixture
def told(capsys):
    """The exit code and the JSON object of a command, run in this process."""

    def ask(*arguments):
        code = cli.group.main([*map(str, arguments), "--json"], prog_name="boolrnn", standalone_mode=False)
        return code or 0, json.loads(capsys.readouterr().out)

    return ask


def test_extract_writes_a_machine_that_equals_the_net(nets, told):
    code, tree = told("extract", nets / "ab.npz", "-o", nets / "m.json")
    assert code == 0
    promised = {"reachable", "minimal", "minimal_mealy", "complete", "speaks_for", "machine"}
    assert promised <= set(tree)
    assert tree["speaks_for"] == "network"
    assert tree["machine"]["alphabet"] == ["a", "b"]
    assert len(tree["machine"]["transitions"]) == tree["minimal"]
    kept = json.loads((nets / "m.json").read_text())
    assert kept["schema"] == "machine/1"
    assert kept["made_by"]["inputs"] == tree["made_by"]["inputs"]
    code, tree = told("compare-language", nets / "ab.npz", nets / "m.json", "--require", "equal")
    assert (code, tree["equal"], tree["counterexample"]) == (0, True, None)
    assert set(tree["made_by"]["inputs"]) == {str(nets / "ab.npz"), str(nets / "m.json")}


def test_an_alphabet_names_symbols_or_selects_them(nets, told):
    _, named = told("extract", nets / "two.npz", "--alphabet", "01")
    assert (named["machine"]["alphabet"], named["machine"]["symbols"]) == (["0", "1"], [0, 1])
    _, bare = told("extract", nets / "two.npz")
    assert bare["machine"]["alphabet"] == ["0x00", "0x01"]
    _, chosen = told("extract", nets / "bytes.npz", "--alphabet", "ba")
    assert (chosen["machine"]["alphabet"], chosen["machine"]["symbols"]) == (["b", "a"], [98, 97])
    _, turned = told("extract", nets / "ab.npz", "--alphabet", "b")
    assert (turned["machine"]["alphabet"], turned["machine"]["symbols"]) == (["b"], [1])
    _, digits = told("compare-language", nets / "two.npz", "tomita4", "--words", "0")
    assert digits["among"] == [0, 1]  # the symbols 0 and 1 of a net without names are the machine's digits
    refused("extract", nets / "ab.npz", "--alphabet", "xy", says="byte 'x' at offset 0 is not in the net's")
    refused("compare-language", nets / "ab.npz", "tomita4", says="symbol '0' of the machine is none of")


def test_exit_codes(nets, told):
    code, tree = told("extract", nets / "soft.npz", "--max-states", 5)
    assert (code, tree["complete"], tree["minimal"], tree["machine"]) == (3, False, None, None)
    done = run("extract", nets / "soft.npz", "--max-states", 5, "-o", nets / "none.json")
    assert b"is not written: there is no machine" in done.stderr
    assert not (nets / "none.json").exists()
    code, tree = told("compare-language", nets / "ab.npz", "(a|b)*", "--require", "equal", "--words", "0")
    assert (code, tree["equal"]) == (1, False)
    assert isinstance(tree["counterexample"], list)
    assert run("compare-language", nets / "ab.npz", "(a|b)*", "--words", "0").returncode == 0
    own = nets / "ab.npz"
    code, tree = told("compare-language", own, own, "--max-pairs", 3, "--words", 0, "--require", "equal")
    assert (code, tree["equal"], tree["stopped_by"]) == (3, None, "max pairs")


def test_a_text_and_a_word_give_partial_machines(nets, told):
    code, tree = told("extract", nets / "ab.npz", nets / "text")
    assert (code, tree["scope"]) == (0, "the text of 20 symbols")
    assert None in [k for row in tree["machine"]["transitions"] for k in row]
    code, tree = told("extract", nets / "ab.npz", "--word", "aab")
    assert (code, tree["scope"]) == (0, "aab read for ever")
    refused("extract", nets / "ab.npz", "--word", "x", says="not in the net's alphabet")


def test_machines_are_drawn_and_written_in_other_formats(nets, told):
    assert run("extract", nets / "ab.npz", "-o", nets / "m.json").returncode == 0
    files = [nets / name for name in ("m.dot", "m.graphml", "m.png")]
    options = [part for path in files for part in ("-o", path)]
    done = run("draw", nets / "m.json", *options, "--figure", nets / "m.svg")
    assert done.returncode == 0
    assert all(path.stat().st_size > 100 for path in (*files, nets / "m.svg"))
    code, tree = told("compare-language", nets / "ab.npz", files[0], "--words", "0")
    assert (code, tree["equal"]) == (0, True)
    refused("draw", nets / "m.json", "-o", nets / "m.xls", says="m.xls: expected a name that ends in")
    refused("draw", nets / "absent.json", says="absent.json: not found")
    assert run("draw", "tomita3", "--json").returncode == 0


def test_a_language_is_trained_and_proved(nets, told):
    code, tree = told("train-language", "(ab)*", "-o", nets / "made.npz", "--hidden", 8)
    assert (code, tree["equal"], tree["counterexample"]) == (0, True, None)
    code, tree = told("compare-language", nets / "made.npz", "(ab)*", "--require", "equal", "--words", "100")
    assert (code, tree["equal"], tree["speaks_for"]) == (0, True, "network")
    assert tree["sampled"]["words_right"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare-language", "ab.npz"], "Missing argument 'SPEC'"),
        (["compare-language", "ab.npz", "(ab"], "column 1: missing )"),
        (["compare-language", "ab.npz", "nothing.json"], "not found"),
        (["compare-language", "ab.npz", "tomita9"], "tomita9: no such name; names are tomita1, "),
        (["compare-language", "ab.npz", ""], "an empty specification"),
        (
            ["compare-language", "ab.npz", "(ab)*", "--words", "99999999999"],
            "words 99999999999: expected 0..1,",
        ),
        (
            ["compare-language", "ab.npz", "(ab)*", "--max-pairs", "0"],
            "max_pairs 0: expected 1..2,147,483,646",
        ),
        (["extract", "ab.npz", "-o", "m.dot"], "m.dot: expected a name that ends in .json"),
        (["draw", "tomita4", "-o", "a.dot", "-o", "a.pdf"], "a.pdf: expected a name that ends in .dot, .gv,"),
        (["draw", "tomita4", "--alphabet", "ab"], "tomita4 has symbols of its own (0 1)"),
        (["draw", "/"], "/: no file"),
        (["compare-language", "ab.npz", "absent.npz"], "absent.npz"),
        (["compare-language", "ab.npz", "(ab)*", "--outputs", "top:9"], "expected top:1..2"),
        (["extract", "ab.npz", "--outputs", "sign:7"], "expected sign:0..1"),
        (["extract", "ab.npz", "--neurons", "h99"], "expected some of 0..7"),
        (["extract", "ab.npz", "--max-states", "0"], "max_states 0"),
        (["extract", "ab.npz", "-o", "ab.npz"], "would be overwritten"),
        (["draw", "(a"], "missing )"),
        (["train-language", "(ab)*", "-o", "no/where.npz"], "no such directory"),
        (["train-language", "(ab)*"], "Missing option '-o'"),
    ],
)
def test_mistakes_are_one_line(nets, arguments, message):
    arguments = [nets / a if (nets / a).exists() and a else a for a in arguments]
    refused(*arguments, says=message)
    assert not (nets / "a.dot").exists()
