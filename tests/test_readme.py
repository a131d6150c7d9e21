"""README first: what it shows is what running it prints."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from analyses import ledger, protocol

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
CONSOLE = re.findall(r"```console\n\$ (.*?)\n(.*?)```", README, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def lines_of(command, folder):
    words = shlex.split(command)
    where = ROOT
    if words[0] == "boolrnn":
        words, where = ["-m", "boolrnn", *words[1:]], folder  # a page is written there
    else:
        assert words[0] == "python"
        words = words[1:]
    environment = {k: v for k, v in os.environ.items() if k != "BOOLRNN_CHECK_SHAPES"}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, check=True, cwd=where, env=environment
    )
    return [line.rstrip() for line in done.stdout.decode().splitlines()]


LONG = {"boolrnn demo"}
EACH = [
    pytest.param(*pair, id=pair[0], marks=[pytest.mark.slow] if pair[0] in LONG else []) for pair in CONSOLE
]


@pytest.mark.parametrize(("command", "shown"), EACH)
def test_outputs_shown_are_printed_in_this_order(command, shown, tmp_path):
    printed = lines_of(command, tmp_path)
    for line in shown.splitlines():
        if line != "...":
            assert line.rstrip() in printed
            printed = printed[printed.index(line.rstrip()) + 1 :]


def test_there_are_outputs_to_check():
    assert len(CONSOLE) == 11
    assert sum(len(shown.splitlines()) for _, shown in CONSOLE) >= 8


@pytest.mark.parametrize("code", PYTHON)
def test_python_shown_runs_and_prints_its_comments(code, capsys):
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out.split()
    expected = re.findall(r"print\(.*\)\s+# (\S+)", code)
    assert printed == expected


def test_links_and_pictures_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_rows_of_the_ledger_are_the_recorded_ones():
    section = README.split("## The ledger of claims")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    assert len(rows) >= 7
    everything = ledger.to_markdown(protocol.recorded(ledger.archive()), "").splitlines()
    assert [row for row in rows if row not in everything] == []


def test_ci_runs_the_command_shown():
    """`.ci/run` takes the commands from the README, so that they cannot drift apart."""
    commands = re.findall(r"```sh\n(.*?)\n```", README)
    assert len(commands) == 2
    assert commands[0].endswith("boolrnn demo")
    assert commands[1].endswith("-m pytest -n 2")
    assert "```sh" in (ROOT / ".ci" / "run").read_text()
