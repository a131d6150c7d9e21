"""Solvers in a process of their own: they can be killed, and their memory is limited.

`call` starts a fresh interpreter that runs `work(task, say)` of a named module, hands it the task, and
collects what it says, both as JSON (plain data, integers of any size). The process group is killed at
the deadline, on Ctrl-C, on any other exception here, and by the system where the thread that started it
dies (Linux) or well after the deadline (an alarm whose signal no solver can hold up). Nothing is left
behind: every process that was started is waited for.

This file is both sides. Its process imports no more than it must, so that it starts quickly; OR-Tools
and highspy from 1.15 on, which cannot be loaded into one process (each brings its own libhighs.so.1), are
kept apart by it.
"""

import ctypes
import dataclasses
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

resource: Any = importlib.import_module("resource") if os.name == "posix" else None

ENDED = "the budget ended"
_ROOT = Path(__file__).parents[3]  # the folder that holds the package
_ALARM = 2.0  # seconds from the time the parent should have killed to the time the system does
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


@dataclasses.dataclass(frozen=True)
class Reply:
    """What a worker said, in order, and why it said no more: "" where it had finished."""

    said: list[dict[str, Any]]
    ended: str


def call(
    module: str, task: Mapping[str, Any], deadline: float | None, memory: int, grace: float = 0.0
) -> Reply:
    """Run `work(task, say)` of `module` with at most `memory` bytes of address space, until `deadline`.

    The deadline is a time.monotonic(); the worker is killed `grace` seconds after it, which is for
    solvers that keep time themselves. The task is told the seconds left as `task["seconds"]`.

    Raises
    ------
    RuntimeError
        With the worker's traceback, where it stopped at a bug.
    """
    seconds = None if deadline is None else deadline - time.monotonic()
    if seconds is not None and seconds <= 0:
        return Reply([], ENDED)
    alarm = None if seconds is None else seconds + grace + _ALARM
    task = {**task, "seconds": seconds}
    sent = json.dumps({"module": module, "task": task, "memory": memory, "alarm": alarm}).encode()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,
    )
    late = False
    try:
        try:
            limit = None if deadline is None else max(0.0, deadline + grace - time.monotonic())
            out, err = process.communicate(sent, timeout=limit)
        except subprocess.TimeoutExpired:
            late = True
            _kill(process)
            out, err = process.communicate()
    finally:
        _kill(process)
    return _read(out, err.decode(errors="replace"), process.returncode, late, memory)


def _environment() -> dict[str, str]:
    """This process's environment, the same modules within reach, and one thread for linear algebra."""
    paths = [str(_ROOT), *(path for path in sys.path if path)]
    kept = {name: value for name, value in os.environ.items() if name != "BOOLRNN_CHECK_SHAPES"}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the worker's whole process group, if it still runs, and wait for it."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)  # the worker leads a process group
        else:
            process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _read(out: bytes, err: str, code: int, late: bool, memory: int) -> Reply:
    lines = out.split(b"\n")[:-1]  # what follows the last newline was cut off
    said = [json.loads(line) for line in lines]
    last = said.pop() if said and "end" in said[-1] else None
    if last is not None and last["end"] == "bug":
        raise RuntimeError(f"a solver's process stopped at a bug:\n{last['trace']}")
    if last is not None:
        return Reply(said, last["end"])
    if late:
        return Reply(said, ENDED)
    if code >= 0:
        raise RuntimeError(f"a solver's process ended with status {code}:\n{err[-4000:]}")
    name = signal.Signals(-code).name
    if name == "SIGALRM":
        return Reply(said, ENDED)
    return Reply(said, f"the solver's process was ended by {name}, with {memory >> 20:,} MB of memory")


def main(parent: int) -> None:
    """The worker's side: one task from standard input, what it says to standard output."""
    _die_with(parent)
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a solver prints must not get between the lines

    def say(words: Mapping[str, Any]) -> None:
        channel.write(json.dumps(words) + "\n")
        channel.flush()

    given = json.loads(sys.stdin.buffer.read())
    end: dict[str, Any] = {"end": ""}
    try:
        if given["alarm"] is not None and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, given["alarm"])  # its default action ends the process
        module = importlib.import_module(given["module"])
        _limit(given["memory"])  # after the imports: a library that cannot be loaded is no full memory
        module.work(given["task"], say)
    except MemoryError:
        end = {"end": f"{given['memory'] >> 20:,} MB of memory were not enough"}
    except Exception:  # noqa: BLE001 - every bug goes to the process that can show it
        end = {"end": "bug", "trace": traceback.format_exc()}
    say(end)
    os._exit(0)  # taking a solver's memory apart piece by piece would only take time


def _die_with(parent: int) -> None:
    """Have the system kill this process when the thread that started it ends (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before it could be asked for
            os._exit(1)


def _limit(memory: int) -> None:
    """At most `memory` bytes of address space, and no core file."""
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        memory = min(memory, hard)
    if sys.platform != "darwin":  # where the system refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, hard))


if __name__ == "__main__":
    main(int(sys.argv[1]))
