"""Speed as ratios against named peers, in one interleaved run. Not part of the tests.

    python tests/benchmarks/speed.py [MODEL TEXT]

Each pair is timed in turn, A B A B ..., and the median of the ratios is printed with their range.
"""

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import boolrnn
from boolrnn.data import embedded_pair

RUNS = 9
COMMAND = shutil.which("boolrnn", path=str(Path(sys.executable).parent)) or "boolrnn"


def seconds(action) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def compare(what, ours, peer, promise) -> None:
    ours(), peer()  # warm
    ratios = [seconds(ours) / seconds(peer) for _ in range(RUNS)]
    middle = statistics.median(ratios)
    print(f"{what:58s} {middle:6.2f}  ({min(ratios):.2f}-{max(ratios):.2f})  {promise}")


def process(*command):
    return lambda: subprocess.run(command, capture_output=True, check=True)


def main() -> None:
    pair = sys.argv[1:3]
    weights = boolrnn.read_weights(pair[0]) if pair else embedded_pair()[0].weights
    automaton = boolrnn.compile(weights)
    text = np.random.default_rng(0).integers(0, weights.symbols, 1 << 20)
    matrix, state = weights.wh.astype(float), np.ones(weights.hidden)
    z = np.empty(weights.hidden)

    def bare() -> None:
        for _ in range(len(text)):
            np.dot(matrix, state, out=z)

    print(f"H = {weights.hidden}, V = {weights.symbols}; median ratio of {RUNS} pairs (least-greatest)")
    python = sys.executable
    numpy_import = process(python, "-c", "import numpy")
    compare(
        "boolrnn agreement / python -c 'import numpy'",
        process(COMMAND, "agreement", *pair),
        numpy_import,
        "at most 10",
    )
    compare(
        "boolrnn --version / python -c 'import click'",
        process(COMMAND, "--version"),
        process(python, "-c", "import click"),
        "at most 1.5",
    )
    compare(
        "automaton.run on 1 MiB / as many np.dot(wh, s, out=z)",
        lambda: automaton.run(text),
        bare,
        "at most 2",
    )


if __name__ == "__main__":
    main()
