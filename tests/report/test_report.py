"""report: a page made of what the verbs print, for any net and text; what cannot be answered says why."""

import base64
import dataclasses
import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import click
import numpy as np
import pytest
from nets import hardened_net, random_net

import boolrnn
from boolrnn import cli
from boolrnn.report import ask, beside, content, questions
from boolrnn.report.questions import QUESTIONS, Names

TEXT = np.frombuffer(b"<a>one</a>\n<b>two</b>\n" * 2, np.uint8).astype(np.int64)
BLOCK = re.compile(r'<script type="application/octet-stream" id="block-([\w-]+)">(.*?)</script>')


def data_of(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text())[1])


def blocks_of(path):
    return {name: gzip.decompress(base64.b64decode(body)) for name, body in BLOCK.findall(path.read_text())}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of a random net of 9 neurons: (path, result, weights)."""
    path = tmp_path_factory.mktemp("report") / "r.html"
    weights = random_net(3, 9, 128)
    found = boolrnn.write_report(weights, TEXT, path, Names("net file.bin", "text"))
    return path, found, weights


def test_every_question_is_answered_and_the_page_says_so(page):
    path, found, weights = page
    assert found.question.tolist() == [question.verb for question in QUESTIONS]
    assert set(found.reason.tolist()) == {""}
    assert found.bytes == path.stat().st_size < 2_000_000
    assert found.detailed == len(TEXT) - 1
    assert found.verdict == boolrnn.agreement(weights, TEXT).verdict
    text = path.read_text()
    assert found.verdict in text
    for verb in found.question.tolist():
        assert f"<summary><b>{verb}</b>" in text


def test_the_states_of_the_page_are_those_that_run_prints(page):
    path, _, weights = page
    shown = data_of(path)["arrays"]
    for name, states in (
        ("states", boolrnn.run(weights, TEXT).states),
        ("signs", boolrnn.trace(weights, TEXT).bits),
    ):
        packed = np.frombuffer(blocks_of(path)[shown[name]["block"]], np.uint8).reshape(shown[name]["shape"])
        assert (np.unpackbits(packed, axis=1, count=9, bitorder="little") == states).all()


def test_details_are_those_of_the_verbs(page):
    path, _, weights = page
    blocks = blocks_of(path)
    records = json.loads(blocks["details-0"])
    assert [record["t"] for record in records] == list(range(len(TEXT) - 1))
    asked = boolrnn.justify(weights, TEXT).to_json()["positions"]
    for record, one in zip(records, asked, strict=True):
        assert record["true"] == one["true"]
        assert [row["neuron"] for row in record["justify"]["neurons"]] == [
            row["neuron"] for row in one["neurons"]
        ]
    own = boolrnn.fragility(weights, TEXT, at=5, steps=0)
    flips = records[5]["fewest"]["automaton"]["flips"]
    assert (own.minimum is None and flips is None) or len(flips) == own.minimum
    z = np.frombuffer(blocks["z-0"], "<f4").reshape(-1, 2, 9)
    assert (z[:, 0] == boolrnn.trace(weights, TEXT).z[:-1]).all()


def test_commands_can_be_typed(page):
    """Each names a verb and options that its command line knows."""
    _, found, _ = page
    names = Names("net file.bin", "text", ("--outputs", "128", "--symbols", "128"))
    asking = questions.Asking(boolrnn.compile(random_net(3, 9, 128)), TEXT, seed=7, tanh="system")
    typed = [names.command(q.verb, q.typed(asking)) for q in QUESTIONS]
    for command in (*found.command.tolist(), *typed):
        words = shlex.split(command)
        assert words[0] == "boolrnn"
        verb = cli.group.commands[words[1]]
        context = verb.make_context(words[1], words[2:], resilient_parsing=True)
        parser = verb.make_parser(context)
        options, rest, _ = parser.parse_args(words[2:])  # unknown options are refused here
        assert rest == []
        assert options["model"] == "net file.bin"
    assert any("--seed 7" in command and "--tanh system" in command for command in typed)


def test_slower_questions_read_a_part_and_say_how_to_repeat_it(tmp_path):
    weights = random_net(4, 3, 128)
    found = boolrnn.write_report(weights, TEXT, tmp_path / "r.html", Names("m", "t"), part=10)
    commands = dict(zip(found.question.tolist(), found.command.tolist()))
    assert commands["influence"] == "head -c 11 t | boolrnn influence m -"
    assert commands["run"] == "boolrnn run m t"
    assert "positions 0..9" in (tmp_path / "r.html").read_text()


def test_what_a_net_cannot_answer_has_its_reason(tmp_path):
    acceptor = random_net(1, 4, 128, outputs=1)
    found = boolrnn.write_report(acceptor, TEXT, tmp_path / "r.html")
    reasons = dict(zip(found.question.tolist(), found.reason.tolist()))
    assert "knockout" in {verb for verb, reason in reasons.items() if reason}
    assert reasons["run"] == reasons["influence"] == ""
    assert "bits_network" not in data_of(tmp_path / "r.html")["arrays"]


@pytest.mark.parametrize(("hidden", "text"), [(1, [1, 0]), (2, [1, 1, 1]), (65, [0, 1, 1, 0, 1])])
def test_smallest_nets_and_texts(tmp_path, hidden, text):
    found = boolrnn.write_report(hardened_net(1, hidden, 2), np.array(text), tmp_path / "r.html", part=3)
    assert found.bytes > 0
    assert found.level == "certified_always"
    assert data_of(tmp_path / "r.html")["text"]["length"] == len(text)


def test_a_text_is_harmless(tmp_path):
    """Markup, NUL, a closing script and bytes that are no text stand in no script and no tag."""
    text = b"</script><b>\0\xff\xfe<!--\r\n&amp;" * 2
    boolrnn.write_report(
        random_net(2, 3, 256), np.frombuffer(text, np.uint8).astype(int), tmp_path / "r.html"
    )
    page = (tmp_path / "r.html").read_text()
    assert page.count("<script") == page.count("</script>")
    assert "\0" not in page
    named = Names("</script><b>.bin", "--><i>\udcff")
    boolrnn.write_report(random_net(2, 3, 256), np.array([1, 2, 3]), tmp_path / "s.html", named, part=2)
    again = (tmp_path / "s.html").read_bytes().decode()
    assert again.count("<script") == again.count("</script>")
    assert "<b>.bin" not in again


def test_the_same_page_every_time(tmp_path):
    def page():
        boolrnn.write_report(random_net(5, 4, 128), TEXT, tmp_path / "r.html")
        text = (tmp_path / "r.html").read_text()
        return re.sub(r"<td>seconds</td><td[^>]*>[^<]*", "", text)

    one, two = page(), page()
    assert [a for a, b in zip(one.splitlines(), two.splitlines(), strict=True) if a != b] == []


def test_a_budget_leaves_slower_questions_out(tmp_path):
    found = boolrnn.write_report(random_net(5, 4, 128), TEXT, tmp_path / "r.html", budget=1e-9)
    assert found.undecided
    reasons = dict(zip(found.question.tolist(), found.reason.tolist()))
    assert reasons["influence"] == ask.NOT_ASKED
    assert reasons["predict"] == ""
    assert (tmp_path / "r.html").exists()


def test_an_interrupt_keeps_what_is_finished(tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    changed = [dataclasses.replace(q, function=interrupted) if q.verb == "backbone" else q for q in QUESTIONS]
    monkeypatch.setattr(ask, "QUESTIONS", changed)
    found = boolrnn.write_report(random_net(5, 4, 128), TEXT, tmp_path / "r.html")
    reasons = dict(zip(found.question.tolist(), found.reason.tolist()))
    assert found.interrupted
    assert reasons["coflips"] == ""
    assert reasons["backbone"] == reasons["prune"] == ask.INTERRUPTED


@pytest.mark.parametrize("verb", ["fragility", "cycles"])
def test_an_interrupt_that_a_verb_keeps_for_itself_is_noticed(tmp_path, monkeypatch, verb):
    def cut(question):
        def short(*args, **options):
            return dataclasses.replace(question.function(*args, **options), interrupted=True)

        return dataclasses.replace(question, function=short) if question.verb == verb else question

    monkeypatch.setattr(ask, "QUESTIONS", [cut(q) for q in QUESTIONS])
    found = boolrnn.write_report(random_net(5, 4, 128), TEXT, tmp_path / "r.html")
    reasons = dict(zip(found.question.tolist(), found.reason.tolist()))
    assert found.interrupted
    assert reasons[verb] == ""
    assert (reasons["prune"] == ask.INTERRUPTED) == (verb == "fragility")


def test_an_interrupt_while_reasons_are_sought_is_noticed(tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(content, "fragility", interrupted)
    found = boolrnn.write_report(random_net(5, 4, 128), TEXT, tmp_path / "r.html")
    assert found.interrupted
    records = json.loads(blocks_of(tmp_path / "r.html")["details-0"])
    assert records[3]["justify"] is not None
    assert records[3]["fewest"] is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--details", "99:200"], "position"),
        (["--with", "nowhere"], "nowhere"),
        (["-o", "missing/r.html"], "no such directory"),
        (["-o", "net.bin"], "overwritten"),
        (["--part", "0"], "not in the range"),
        (["--seed", "-1"], "seed"),
        (["--seed", str(1 << 32)], "seed"),
        (["--budget", "nan"], "budget nan"),
        (["--budget", "0"], "budget 0"),
        (["-o", "-"], "name of a file"),
    ],
)
def test_bad_requests_are_one_line_and_write_nothing(files, monkeypatch, options, says):
    monkeypatch.chdir(files)
    before = {path: path.read_bytes() for path in files.iterdir()}
    with pytest.raises((boolrnn.BoolrnnError, click.ClickException), match=says):
        cli.group.main(["report", "net.bin", "text", *options], standalone_mode=False)
    assert {path: path.read_bytes() for path in files.iterdir()} == before


@pytest.mark.slow
def test_a_second_process_gives_the_same_answers(tmp_path, monkeypatch):
    weights = random_net(5, 6, 128)
    boolrnn.write_report(weights, TEXT, tmp_path / "one.html", seed=3)
    monkeypatch.setattr(beside, "WORTH", 0)
    found = boolrnn.write_report(weights, TEXT, tmp_path / "two.html", seed=3)
    assert set(found.reason.tolist()) == {""}
    one, two = blocks_of(tmp_path / "one.html"), blocks_of(tmp_path / "two.html")
    assert one == two
    tables = [(tmp_path / name).read_text().split('id="tables"')[1] for name in ("one.html", "two.html")]
    differ = [a for a, b in zip(*(table.splitlines() for table in tables), strict=True) if a != b]
    assert all("seconds" in line for line in differ)


def test_what_a_second_process_does_not_answer_is_asked_here(tmp_path, monkeypatch):
    monkeypatch.setattr(beside, "WORTH", 0)
    monkeypatch.setattr(beside.sys, "executable", "/bin/false")
    found = boolrnn.write_report(random_net(5, 4, 128), TEXT, tmp_path / "r.html")
    assert set(found.reason.tolist()) == {""}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a process that is killed without a word")
def test_a_killed_report_leaves_nothing_behind(tmp_path):
    """The second process and its folder go with the first."""
    boolrnn.write_weights(random_net(1, 128, 128), tmp_path / "n.npz")
    (tmp_path / "t").write_bytes(bytes(TEXT.tolist()) * 20)
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    environment["TMPDIR"] = str(tmp_path)
    words = [sys.executable, "-m", "boolrnn", "report", "n.npz", "t"]
    first = subprocess.Popen(words, cwd=tmp_path, env=environment)
    try:
        until(lambda: list(tmp_path.glob("boolrnn-*/order.json")))
    finally:
        first.kill()
        first.wait()
    until(lambda: not list(tmp_path.glob("boolrnn-*")))


def until(happens):
    ends = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < ends
        time.sleep(0.1)
