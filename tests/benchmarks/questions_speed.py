"""Speed of the seven questions as ratios against plain C loops. Not part of the tests.

    python tests/benchmarks/questions_speed.py [MODEL TEXT]

The loops (questions_peers.c, gcc -O2) compute the published definitions without reusing anything; before they
are timed their figures are compared with boolrnn's. Each pair is timed in turn, A B A B ..., and the median
of the ratios is printed with their range. boolrnn computes every figure twice, in float32 and float64, and
uses all cores; its machine code is loaded before.
"""

import ctypes
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from speed import seconds

import boolrnn

TIMES = 5
PRUNED = np.array([0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7, 10], np.float32)
KEPT = (5, 10, 15, 20, 30)
ACTIVE = np.array([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10])


def address(array):
    return array.ctypes.data_as(ctypes.c_void_p)


class Plain:
    """The loops on one net and text."""

    def __init__(self, library, weights, symbols) -> None:
        self.library, self.symbols = library, np.ascontiguousarray(symbols)
        self.hidden, self.steps = weights.hidden, len(symbols) - 1
        parts = (weights.wx, weights.wh, weights.bh, weights.wy, weights.by)
        self.arrays = [np.ascontiguousarray(part) for part in parts]
        sizes = (weights.hidden, weights.symbols, weights.outputs)
        self.head = (*sizes, *map(address, self.arrays), address(self.symbols), ctypes.c_int64(self.steps))

    def knockout(self):
        costs = np.empty(3 * self.hidden + 2)
        self.library.knockout_plain(*self.head, address(costs))
        return costs[: self.hidden]

    def prune(self):
        kept = np.array([k for k in KEPT if k < self.hidden] + [self.hidden])
        costs = np.empty(2 * len(PRUNED) + 4 * len(kept))
        sizes = address(PRUNED), len(PRUNED), address(kept), len(kept)
        self.library.prune_plain(*self.head, *sizes, address(costs))
        return costs

    def attribution(self):
        active = np.empty((self.steps, len(ACTIVE)), np.int64)
        self.library.attribution_plain(*self.head, 50, address(ACTIVE), len(ACTIVE), address(active))
        return active.mean(axis=0)


def knockout(weights, symbols):
    found = boolrnn.knockout(weights, symbols, as_published=True)
    return found.single_bpc[np.argsort(found.single_neuron)]


def prune(weights, symbols):
    found = boolrnn.prune(weights, symbols, as_published=True)
    return np.concatenate([found.wh_bpc, found.wx_bpc, found.combined_bpc])


def attribution(weights, symbols):
    return boolrnn.attribution(weights, symbols, as_published=True).tau_mean


def main(model=None, text=None):
    if model is None:
        source, data = boolrnn.embedded_pair()
        weights, symbols = source.weights, boolrnn.to_symbols(data, source.weights)
    else:
        weights = boolrnn.read_weights(model)
        symbols = boolrnn.read_text(text, weights)
    compiler = shutil.which("gcc")
    if compiler is None:
        sys.exit("gcc: absent, nothing to compare with")
    with tempfile.TemporaryDirectory() as folder:
        library, source = Path(folder, "peers.so"), Path(__file__).with_name("questions_peers.c")
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-lm"]
        subprocess.run(command, check=True)
        peer = Plain(ctypes.CDLL(str(library)), weights, symbols)
        for name, ours in (("knockout", knockout), ("prune", prune), ("attribution", attribution)):
            theirs = getattr(peer, name)
            mine, other = ours(weights, symbols), theirs()
            apart = np.abs(mine - other) / np.maximum(np.abs(other), 1)
            pairs = [(seconds(lambda f=ours: f(weights, symbols)), seconds(theirs)) for _ in range(TIMES)]
            ratios = [b / a for a, b in pairs]
            a, b = (statistics.median(column) for column in zip(*pairs))
            shown = f"({min(ratios):.1f}-{max(ratios):.1f})  {a:.3f} against {b:.3f} s"
            far = f"figures at most {apart.max():.1e} apart, median {np.median(apart):.1e}"
            print(f"{name:12}{statistics.median(ratios):7.1f}  {shown}; {far}")


if __name__ == "__main__":
    main(*sys.argv[1:])
