"""The optimum of the published construction's readout against 1,000 epochs of gradient descent in plain C.

    python tests/benchmarks/readout_peers.py TEXT [times]

The net has 16 groups of 8 bits of the published hash (wx +-10, wh 5), so features are +-tanh(5) or nearly,
and 256 outputs. The C program (readout_peers.c, written for this; float32, one thread) does what was
published: mean cross-entropy of positions 16..n-3, rate .5, times .3 after epochs 300, 600 and 800; its bpc
is that of all positions. It is compiled with gcc -O2, and as a second peer with all that gcc has. boolrnn
fits all positions with one BLAS thread and ends when it is proved to be within 1e-6 bits of the least value.
Runs alternate; medians of the ratios are printed with their range, of wall and of CPU seconds.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

import ctypes
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from boolrnn.make.codes import mixed_hash
from boolrnn.make.optimum import minimise
from boolrnn.make.softmax import cross_entropy

GROUPS, BITS, OUTPUTS, EPOCHS = 16, 8, 256, 1000
DROPS = np.array([300, 600, 800], np.int32)
FLAGS = {"-O2": ["-O2"], "fastest": ["-O3", "-march=native", "-ffast-math"]}


def features_of(symbols):
    """Hidden values that predict: the newest group holds tanh(+-10), others tanh(5 times the one before)."""
    codes = np.where(mixed_hash(np.arange(256, dtype=np.uint8), BITS), 1.0, -1.0)
    found, state = np.zeros((len(symbols) - 1, GROUPS * BITS)), np.zeros(GROUPS * BITS)
    for t, symbol in enumerate(symbols[:-1]):
        state = np.tanh(np.concatenate([10 * codes[symbol], 5 * state[:-BITS]]))
        found[t] = state
    return found.astype(np.float32)


def address(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def compiled(folder, name):
    built, source = Path(folder, f"{name}.so"), Path(__file__).with_name("readout_peers.c")
    command = ["gcc", *FLAGS[name], "-shared", "-fPIC", "-o", str(built), str(source), "-lm"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(built))


def descended(library, features, targets, centre):
    """The readout that the C program reaches."""
    features, targets = np.ascontiguousarray(features[16:-1]), np.ascontiguousarray(targets[16:-1])
    wy, by = np.zeros((OUTPUTS, features.shape[1]), np.float32), centre.astype(np.float32)
    size = (features.shape[1], OUTPUTS, ctypes.c_int64(len(targets)), *map(address, (features, targets)))
    rate = ctypes.c_float(0.5)
    library.descend_plain(*size, address(wy), address(by), EPOCHS, rate, address(DROPS), len(DROPS))
    return wy, by


def timed(call):
    begun = time.perf_counter(), time.process_time()
    found = call()
    return found, (time.perf_counter() - begun[0], time.process_time() - begun[1])


def main(text, times="3"):
    if shutil.which("gcc") is None:
        sys.exit("gcc: absent, nothing to compare with")
    symbols = np.frombuffer(Path(text).read_bytes(), np.uint8).astype(np.int64)
    features, targets = features_of(symbols), symbols[1:]
    counts = np.bincount(symbols, minlength=OUTPUTS) + 0.5
    centre, ratios = np.log(counts / counts.sum()), {}
    with tempfile.TemporaryDirectory() as folder:
        libraries = {name: compiled(folder, name) for name in FLAGS}
        for _ in range(int(times)):
            theirs = {}
            for name, library in libraries.items():
                found, theirs[name] = timed(lambda c=library: descended(c, features, targets, centre))
                spent = "{:.2f} s wall, {:.2f} s CPU".format(*theirs[name])
                print(f"C {name:10} {cross_entropy(features, targets, *found):.4f} bpc, {spent}")
            for l2 in (0.0, 1e-6):
                options = {"l2": l2, "centre": centre, "tolerance": 1e-6}
                found, ours = timed(lambda o=options: minimise(features, targets, OUTPUTS, **o))
                proved = f"value {found.value:.7f}, gap {found.gap:.0e} ({found.proof})"
                spent = "{} iterations, {:.2f} s wall, {:.2f} s CPU".format(found.iterations, *ours)
                print(f"l2 {l2:<9.0e} {found.cost:.7f} bpc, {proved}, {spent}")
                for name, other in theirs.items():
                    ratios.setdefault((l2, name), []).append([b / a for a, b in zip(ours, other)])
    for (l2, name), pairs in ratios.items():
        shown = [f"{statistics.median(r):.0f} ({min(r):.0f}-{max(r):.0f})" for r in zip(*pairs)]
        print(f"l2 {l2:.0e} against C {name}: times faster {shown[0]} wall, {shown[1]} CPU")


if __name__ == "__main__":
    main(*sys.argv[1:])
