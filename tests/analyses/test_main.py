"""`python -m analyses` as its users meet it: on the archived pair, on any other, on bad input."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from nets import random_net

import boolrnn
from analyses import NAMES, __main__, ledger, protocol
from analyses.protocol import CONTRADICTED, ITSELF, OTHER, REPRODUCED, UNSOUND, VERDICTS

OTHERS = ("weight_prediction", "substitution", "construction", "continuum", "hash_design", "scaffolding")
ROOT = Path(__file__).resolve().parents[2]


def run(capsys, *arguments, code=0):
    """Output of a command, and its exit code."""
    try:
        found = __main__.main([str(argument) for argument in arguments])
    except SystemExit as end:
        found = end.code
    assert (found or 0) == code
    return capsys.readouterr()


@pytest.fixture(scope="module")
def rows(seed_folder):
    """All but the pages on weights from statistics, which have tests of their own."""
    pair = protocol.read_pair(seed_folder / "sat_model.bin", seed_folder / "enwik_1024.txt")
    return {row.name: row for row in ledger.measured(pair, [name for name in NAMES if name not in OTHERS])}


def test_every_claim_is_recorded(capsys):
    assert "claims, all recorded" in run(capsys, "check").out


def test_the_record_is_what_the_archived_pair_gives(rows):
    known = {name: entry for name, entry in ledger.archive().items() if name in rows}
    assert set(known) == set(rows)
    for name, row in rows.items():
        assert protocol.agrees(known[name]["value"], row.found.value, 1e-4, 1e-6), name
        assert known[name]["note"] == row.found.note, name


def test_verdicts_on_the_archived_pair(rows):
    assert {row.verdict for row in rows.values()} <= set(VERDICTS)
    expected = {
        "q3_neurons.baseline": REPRODUCED,
        "q1_boolean.boolean_bpc": REPRODUCED,
        "q7_algebraic.trigram": UNSOUND,
        "knockout_page.percent_10": UNSOUND,
        "knockout_page.fifteen_beat_all": ITSELF,
        "knockout_page.h8_share": UNSOUND,
        "synthesis.parameters_20_wh_3": ITSELF,
        "synthesis.bpc": OTHER,
        "synthesis.bpc_abstract": REPRODUCED,
        "synthesis.backbone_chain": OTHER,
        "synthesis.decorrelation": OTHER,
        "synthesis.h3_dynamics": ITSELF,
        "synthesis.pmi_5_8": OTHER,
        "sparsity_page.exceeds_0": UNSOUND,
        "sparsity_page.oscillates": UNSOUND,
        "knockout_page.last_8": CONTRADICTED,
        "knockout_page.better_15_to_30": ITSELF,
    }
    assert {name: rows[name].verdict for name in expected} == expected


def test_every_number_of_a_published_program_is_reproduced_or_said_to_move(rows):
    """Rows that stay where they are in both arithmetics have the printed digits."""
    off = [n for n, row in rows.items() if n.startswith("q") and row.found.stable]
    off = [n for n in off if rows[n].verdict not in (REPRODUCED, UNSOUND)]
    assert off == []


def test_the_recorded_ledger_needs_no_files(capsys):
    tree = json.loads(run(capsys, "ledger", "--json").out)
    assert tree["schema"] == "ledger/1"
    names = [claim["name"] for claim in tree["claims"]]
    assert len(names) == len(set(names)) == sum(tree["verdicts"].values())
    assert {"name", "published", "measured", "verdict", "where"} <= set(tree["claims"][0])
    assert all(claim["verdict"] in VERDICTS for claim in tree["claims"])
    assert all(claim["measured"] is not None or claim["note"] for claim in tree["claims"])
    assert "claims, all recorded" in run(capsys, "check").out
    assert len(run(capsys, "list").out.splitlines()) == len(NAMES)


@pytest.mark.parametrize("ending", ["md", "html", "json"])
def test_it_is_written_whole(capsys, tmp_path, ending):
    path = tmp_path / f"ledger.{ending}"
    assert run(capsys, "ledger", "-o", path).out == ""
    assert "h54" in path.read_text()
    assert list(tmp_path.iterdir()) == [path]


def test_another_pair_is_compared_with_the_archived_one(narrow, capsys, files, tmp_path):
    """Seven neurons and ten symbols: what they do not have is said to be missing, nothing crashes."""
    tree = json.loads(run(capsys, "ledger", files / "net.bin", files / "text", "--json").out)
    recorded = json.loads(run(capsys, "ledger", "--json").out)
    assert [c["name"] for c in tree["claims"]] == [c["name"] for c in recorded["claims"]]
    assert set(tree["verdicts"]) == {protocol.SAME, protocol.DIFFERS, protocol.UNMEASURABLE}
    by_name = {claim["name"]: claim for claim in tree["claims"]}
    before = {claim["name"]: claim for claim in recorded["claims"]}
    assert by_name["q3_neurons.baseline"]["published"] == before["q3_neurons.baseline"]["measured"]
    assert by_name["synthesis.h54_flips"]["note"] == "this net has no h54"
    run(capsys, "run", "all", files / "net.bin", files / "text", "--out", tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["ledger.html", "ledger.json", "ledger.md"]


def test_one_line_for_a_mistake(capsys, files):
    for arguments, words in (
        (
            ("run", "q9", files / "net.bin", files / "text"),
            "experiment 'q9': expected all, questions or one of q1_bool",
        ),
        (("run", "all", files / "absent", files / "text"), "absent: cannot be read"),
        (("run", "all", files / "net.bin", files / "absent"), "absent: cannot be read"),
        (("ledger", files / "net.bin"), "missing TEXT"),
        (("ledger", "-o", "x.pdf"), "x.pdf: expected a name that ends in .md, .html or .json"),
        (("check", files / "net.bin", files / "text"), "not the archived pair"),
        (("check", files / "net.bin"), "missing TEXT"),
        (
            ("run", "q3_neurons", files / "net.bin", files / "text", "--out", files / "text"),
            "cannot be written",
        ),
        (("ledger", "-o", files / "none" / "x.md"), "cannot be written"),
    ):
        error = run(capsys, *arguments, code=2).err
        assert words in error
        assert len(error.splitlines()) == 1


def test_nets_that_predict_nothing_and_numbers_that_are_not_finite(narrow, capsys, tmp_path):
    """Without a gap to uniform guessing there is no share of it; every row without a number says why."""
    (tmp_path / "text").write_bytes(bytes([1, 2, 0, 1, 1]))
    for scale in (0, 1e30):
        net = random_net(1, symbols=3)
        parts = {name: getattr(net, name) * np.float32(scale) for name in ("wx", "wh", "bh", "wy", "by")}
        boolrnn.write_weights(dataclasses.replace(net, **parts), tmp_path / "net.npz")
        text = run(capsys, "ledger", tmp_path / "net.npz", tmp_path / "text", "--json").out
        claims = json.loads(text, parse_constant=pytest.fail)["claims"]
        assert all(claim["measured"] is not None or claim["note"] for claim in claims)
    assert protocol.plain(np.array([1, np.inf])) is None


def test_a_text_outside_the_alphabet_is_named(capsys, tmp_path):
    boolrnn.write_weights(random_net(1, symbols=3), tmp_path / "net.npz")
    (tmp_path / "foreign").write_bytes(b"~~~")
    for name, words in (("foreign", "byte '~'"), ("empty", "empty text")):
        (tmp_path / "empty").touch()
        error = run(capsys, "ledger", tmp_path / "net.npz", tmp_path / name, code=2).err
        assert f"{name}: {words}" in error


def test_without_a_command_it_helps_and_an_interrupt_is_130(capsys, monkeypatch):
    assert "ledger" in run(capsys).out

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(protocol, "recorded", stopped)
    assert run(capsys, "ledger", code=130).err.split("\n")[-2:] == ["analyses: interrupted", ""]


def test_the_second_column_says_what_it_is():
    rows = {row.name: row for row in protocol.recorded(ledger.archive())}
    rows = list(rows.values())
    assert ledger.head(rows)[1] == "published"
    assert ledger.head([dataclasses.replace(row, archived=False) for row in rows])[1] == "archived pair"


def test_a_net_without_names_gets_an_alphabet(capsys, files):
    """Four symbols that are no byte values of the text."""
    (files / "abcd").write_bytes(b"abcd" * 30)
    case = ("run", "q3_neurons", files / "hard.npz", files / "abcd")
    assert "outside" in run(capsys, *case, code=2).err
    assert "baseline" not in run(capsys, *case, "--alphabet", "abcd").err


def test_as_a_module():
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    done = subprocess.run(
        [sys.executable, "-m", "analyses", "ledger"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "not comparable" in done.stdout
