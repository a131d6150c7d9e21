"""Some of a report's questions in a second process, so that two processors are busy.

The process is `python -m boolrnn.report.beside FOLDER`. The folder holds the net, the text and what to ask;
answers are saved into it, and a line on stdout tells of each.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from boolrnn.errors import BoolrnnError
from boolrnn.model.automaton import read_automaton
from boolrnn.report.questions import QUESTIONS, Asked, Asking, Question, answered
from boolrnn.result import Result

WORTH = 1 << 23  # positions times weights of wh from which a process of its own pays


class Beside:
    """A second process that answers questions in their order. Close it in any case."""

    def __init__(self, asking: Asking, questions: list[Question]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="boolrnn-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name)
        asking.automaton.write(self._path / "net.npz")
        np.save(self._path / "text.npy", asking.symbols)
        shared = {"seed": asking.seed, "tanh": asking.tanh, "parent": os.getpid()}
        order = shared | {"verbs": [question.verb for question in questions]}
        (self._path / "order.json").write_text(json.dumps(order))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "boolrnn.report.beside", str(self._path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def answer(self, question: Question, command: str, seconds: float | None) -> Asked | None:
        """The next answer, which is that of `question`; None where the process ended without it.

        Raises
        ------
        TimeoutError
            Where it is not there after `seconds`.
        """
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if line is None:
            self._lines.put(None)
            return None
        told = json.loads(line)
        assert told["verb"] == question.verb
        reason = told["reason"]
        result = None if reason else Result.load(self._path / question.verb)
        return Asked(question, command, result, reason, told["seconds"])

    def close(self) -> None:
        """End the process, whatever it is at, and remove its folder."""
        self._process.kill()
        self._listener.join()  # it reads to the end, which is there now
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._folder.cleanup()


def beside(asking: Asking, questions: list[Question]) -> Beside | None:
    """A second process for these questions, where it pays and can be had."""
    if len(asking.symbols) * asking.automaton.hidden**2 < WORTH or not questions:
        return None
    try:
        return Beside(asking, questions)
    except (OSError, BoolrnnError):  # no room for the folder, or no second process here
        return None


def _end_with(parent: int, folder: Path) -> None:
    """When the first process is gone without a word (killed), clean up and go too."""
    while os.getppid() == parent:
        time.sleep(0.5)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main(folder: Path) -> None:
    """Answer what the folder asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process decides what an interrupt means
    order = json.loads((folder / "order.json").read_text())
    threading.Thread(target=_end_with, args=(order["parent"], folder), daemon=True).start()
    automaton = read_automaton(folder / "net.npz")
    asking = Asking(automaton, np.load(folder / "text.npy"), order["seed"], order["tanh"])
    questions = {question.verb: question for question in QUESTIONS}
    for verb in order["verbs"]:
        found = answered(questions[verb], "", asking)
        if found.result is not None:
            found.result.save(folder / verb)
        told = {"verb": verb, "reason": found.reason, "seconds": found.seconds}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
