"""Workers: what they say arrives, and none outlives its deadline, Ctrl-C, its parent or its memory."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from boolrnn.clauses.engines import worker

ROOT = Path(worker.__file__).parents[3]
MEMORY = 1 << 30
TASKS = """
import ctypes, os, time
def work(task, say):
    print("noise of a solver", flush=True)
    os.write(1, b"more noise")
    if "pid" in task:
        with open(task["pid"] + ".part", "w") as file:
            file.write(str(os.getpid()))
        os.rename(task["pid"] + ".part", task["pid"])
    say({"number": task.get("number")})
    do = task.get("do", "")
    if do == "hang":
        ctypes.PyDLL(None).sleep(60)  # in C code, with the interpreter's lock held
    if do == "fork":
        os.fork()
        time.sleep(60)
    if do == "fill":
        kept = []
        while True:
            kept.append(bytearray(1 << 20))
    if do == "abort":
        os.abort()
    if do == "bug":
        raise ValueError("what went wrong")
    if do == "leave":
        os._exit(3)
    say({"done": True})
"""


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """A module of tasks that workers find, by name."""
    (tmp_path / "tasks_of_tests.py").write_text(TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    return "tasks_of_tests"


def call(module, do="", seconds=20.0, memory=MEMORY, **task):
    return worker.call(module, {"do": do, **task}, time.monotonic() + seconds, memory)


def alive(pid):
    """Whether a process runs: neither gone nor a zombie that another process has to reap."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def reaped(pid):
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    return True


def within(seconds, condition):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_plain_data_arrives_whatever_a_solver_prints(tasks):
    number = -(3**400)
    assert call(tasks, number=number) == worker.Reply([{"number": number}, {"done": True}], "")
    assert worker.call(tasks, {}, None, MEMORY).ended == ""


def test_a_passed_deadline_starts_nothing():
    began = time.monotonic()
    assert call("no.such.module", seconds=-1) == worker.Reply([], worker.ENDED)
    assert time.monotonic() - began < 0.05


def test_what_hangs_is_killed_at_the_deadline_and_what_it_said_is_kept(tasks, tmp_path):
    began = time.monotonic()
    reply = call(tasks, "hang", 1.0, number=7, pid=str(tmp_path / "pid"))
    assert time.monotonic() - began < 2.0
    assert reply == worker.Reply([{"number": 7}], worker.ENDED)
    assert reaped(int((tmp_path / "pid").read_text()))


def test_a_whole_group_is_killed(tasks, tmp_path):
    call(tasks, "fork", 1.0, pid=str(tmp_path / "pid"))
    group = int((tmp_path / "pid").read_text())
    assert within(2, lambda: not group_members(group))


def group_members(group):
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            members.append(stat)
    return members


def test_memory_is_limited(tasks):
    began = time.monotonic()
    reply = call(tasks, "fill", memory=300 << 20)
    assert reply == worker.Reply([{"number": None}], "300 MB of memory were not enough")
    assert time.monotonic() - began < 5


def test_a_solver_that_crashes_is_an_answer_and_a_bug_is_an_error(tasks):
    assert call(tasks, "abort").ended == "the solver's process was ended by SIGABRT, with 1,024 MB of memory"
    with pytest.raises(RuntimeError, match="(?s)bug.*what went wrong"):
        call(tasks, "bug")
    with pytest.raises(RuntimeError, match="status 3"):
        call(tasks, "leave")
    with pytest.raises(RuntimeError, match="No module named 'no_such_module'"):
        call("no_such_module")


def test_ctrl_c_kills_at_once(tasks, tmp_path):
    at = tmp_path / "pid"

    def interrupt():
        assert within(10, at.exists)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        call(tasks, "hang", pid=str(at))
    thread.join()
    assert time.monotonic() - began < 5
    assert reaped(int(at.read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel to")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_dies_with_its_parent(tasks, tmp_path, end):
    at = tmp_path / "pid"
    script = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]
from boolrnn.clauses.engines import worker
worker.call({tasks!r}, {{"do": "hang", "pid": {str(at)!r}}}, None, {MEMORY})
"""
    with subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL) as parent:
        assert within(10, at.exists)
        pid = int(at.read_text())
        assert alive(pid)
        parent.send_signal(end)
        parent.wait(5)
    assert within(2, lambda: not alive(pid))
