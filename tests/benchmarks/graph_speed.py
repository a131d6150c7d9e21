"""Speed of steps and influence as ratios against hand-written peers, on one core. Not part of the tests.

    python tests/benchmarks/graph_speed.py [MODEL TEXT]

Peers: plain C loops and a table in AVX2 intrinsics (peers.c, compiled here by gcc into a temporary
directory), PyTorch where it is installed, NumPy. Before anything is timed, all of them are compared: the
table bit for bit on random texts, for several widths. Each pair is timed in turn, A B A B ..., per step, and
the median of the ratios is printed with their range: 3.00 says that boolrnn takes a third of the time.
"""

import ctypes
import importlib
import importlib.util
import itertools
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from speed import RUNS, seconds

import boolrnn
from boolrnn.bits import from_words, signs
from boolrnn.graph.influence import flip_counts
from boolrnn.model.kernels import stepper

BUILDS = {"plain": ("-O2",), "table": ("-O3", "-mavx2")}
WIDTHS = (16, 48, 64, 128, 192, 256)  # multiples of 16: what the AVX2 table takes
LONG, BATCH = 1 << 17, 1024


def compare(what, ours, peer, promise) -> None:
    """`ours` and `peer` are pairs (action, steps that it makes)."""
    (own, steps), (other, peer_steps) = ours, peer
    for action in (own, other):  # warm
        action()
    pairs = [(seconds(own) / steps, seconds(other) / peer_steps) for _ in range(RUNS)]
    ratios = [theirs / mine for mine, theirs in pairs]
    mine, theirs = (statistics.median(column) for column in zip(*pairs))
    print(
        f"{what:54s}{statistics.median(ratios):9.2f}  ({min(ratios):.2f}-{max(ratios):.2f})  "
        f"{1e6 * mine:.3f} against {1e6 * theirs:.3f} us  {promise}"
    )


def alone() -> None:
    """One core, and libraries that know it: they read their environment when they are loaded."""
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | one)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def built(folder) -> dict[str, ctypes.CDLL]:
    """peers.c, once per set of flags; {} where there is no gcc."""
    compiler, source = shutil.which("gcc"), Path(__file__).with_name("peers.c")
    if compiler is None:
        print("gcc: absent, its peers are skipped")
        return {}
    cpu, found = Path("/proc/cpuinfo"), {}
    for name, flags in BUILDS.items():
        if name == "table" and not (cpu.exists() and " avx2 " in cpu.read_text()):
            print("AVX2: absent, the table is skipped")
            continue
        library = Path(folder, f"{name}.so")
        command = [compiler, *flags, "-shared", "-fPIC", "-o", str(library), str(source), "-lm"]
        subprocess.run(command, check=True)
        found[name] = ctypes.CDLL(str(library))
    return found


def address(array):
    return array.ctypes.data_as(ctypes.c_void_p)


class Plain:
    """The loops, float32."""

    def __init__(self, library, weights) -> None:
        self.library, self.hidden = library, weights.hidden
        self.arrays = [np.ascontiguousarray(a) for a in (weights.wx, weights.wh, weights.bh)]
        self.head = (weights.hidden, weights.symbols, *map(address, self.arrays))

    def run(self, text, start):
        """The last state."""
        state = signs(start).astype(np.float32)
        self.library.plain_run(*self.head, address(text), ctypes.c_int64(len(text)), address(state))
        return state > 0

    def influence(self, states, text):
        """[to, from]: at how many positions flipping `from` changes `to`."""
        rows, counts = signs(states).astype(np.float32), np.empty((self.hidden, self.hidden), np.int64)
        size = ctypes.c_int64(len(text))
        self.library.influence_plain(*self.head, address(text), size, address(rows), address(counts))
        return counts


class Table:
    """The AVX2 table, from exact integers: each row counted in its own lowest bit."""

    def __init__(self, library, automaton) -> None:
        self.library, self.hidden = library, automaton.hidden
        unit = -automaton.row_unit.astype(np.int32)[:, None]

        def whole(values):
            return np.ldexp(values.astype(np.float64), unit).astype(np.int64)

        self.wh = whole(automaton.wh)
        self.drive = np.ascontiguousarray((whole(automaton.wx) + whole(automaton.bh[:, None])).T)
        library.table16_new.restype = ctypes.c_void_p
        made = library.table16_new(automaton.hidden, automaton.symbols, address(self.wh), address(self.drive))
        self.table = ctypes.c_void_p(made)

    def __del__(self) -> None:
        self.library.table16_free(self.table)

    def run(self, text, start):
        """Every state, as words."""
        words = -(-self.hidden // 64)
        bits = np.zeros(64 * words, bool)
        bits[: self.hidden] = start
        state = np.packbits(bits, bitorder="little").view(np.uint64)
        states = np.empty((len(text), words), np.uint64)
        self.library.table16_run(
            self.table, address(text), ctypes.c_int64(len(text)), address(state), address(states)
        )
        return states


def random_automaton(hidden, seed, whole):
    """Normal float32 weights, whose rows all need their fallback now and then; or small integers, whose
    sums are often exactly 0."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        values = rng.integers(-1, 2, shape) if whole else rng.normal(size=shape)
        return values.astype(np.float32)

    weights = boolrnn.Weights(
        wx=draw(hidden, 9), wh=draw(hidden, hidden), bh=draw(hidden), wy=draw(9, hidden), by=draw(9)
    )
    return boolrnn.compile(weights)


def check_table(library, automaton) -> None:
    """Bit for bit what the automaton does on random texts, from random states."""
    rng = np.random.default_rng(0)
    table = Table(library, automaton)
    for _ in range(4):
        text = rng.integers(0, automaton.symbols, 5000)
        start = rng.random(automaton.hidden) < 0.5
        states = stepper(automaton, engine="numpy").run(text, start)
        assert (from_words(table.run(text, start), automaton.hidden) == states).all()


def check_plain(plain, automaton, text, states) -> None:
    """float32 loops differ from the exact automaton where a sum is next to its threshold, if anywhere."""
    exact, loops = flip_counts(automaton, states, text), plain.influence(states, text)
    apart = np.abs(exact - loops).sum()
    last = stepper(automaton, engine="numpy").run(text, states[0])[-1]
    print(
        f"float32 loops: {(plain.run(text, states[0]) != last).sum()} bits of the state after {len(text)} "
        f"steps and {apart:,} of {loops.sum():,} flips differ from the exact ones"
    )
    assert apart <= 1e-3 * loops.sum() + 1
    assert (exact == flip_counts(automaton, states, text, engine="numpy")).all()


def numpy_run(automaton, text, state) -> None:
    matrix, drive, s = automaton.wh.astype(float), automaton.drive.T.copy(), signs(state)
    for x in text.tolist():
        s = np.where(matrix @ s + drive[x] >= 0, 1.0, -1.0)


def torch_rnn(weights, batch):
    """A float32 tanh RNN stepped by hand, the input weights as a table: a function of texts (T, batch)."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    matrix = torch.from_numpy(weights.wh.T.copy())
    drive = torch.from_numpy((weights.wx + weights.bh[:, None]).T.copy())

    def run(text) -> None:
        with torch.inference_mode():
            h = torch.zeros(batch, weights.hidden)
            for x in torch.from_numpy(text):
                h = torch.addmm(drive[x], h, matrix).tanh_()

    return run


def compare_steps(automaton, libraries, rng) -> None:
    hidden, engine = automaton.hidden, stepper(automaton, engine="compiled")
    text, start = rng.integers(0, automaton.symbols, LONG), np.zeros(hidden, bool)
    many, starts = rng.integers(0, automaton.symbols, (BATCH, 128)), rng.random((BATCH, hidden)) < 0.5
    one = (lambda: engine.run(text, start), LONG)
    last = (lambda: engine.repeat(text, 1, start[None]), LONG)
    batch = (lambda: engine.advance(starts, many), many.size)
    if "plain" in libraries:
        plain = Plain(libraries["plain"], automaton.weights)
        peer = (lambda: plain.run(text[:4096], start), 4096)
        compare("one trajectory, all states / plain C loop", one, peer, "at least 50")
    if importlib.util.find_spec("torch"):
        thousand, single = torch_rnn(automaton.weights, BATCH), torch_rnn(automaton.weights, 1)
        short = np.ascontiguousarray(many.T[:32])
        peer = (lambda: thousand(short), short.size)
        compare("one trajectory, all states / PyTorch batch 1024", one, peer, "at least 3")
        compare("1024 trajectories, last states / PyTorch batch 1024", batch, peer, "")
        compare(
            "one trajectory, all states / PyTorch batch 1", one, (lambda: single(text[:2048, None]), 2048), ""
        )
    else:
        print("PyTorch: absent, skipped")
    peer = (lambda: numpy_run(automaton, text[:8192], start), 8192)
    compare("one trajectory, all states / NumPy matvec float64", one, peer, "")
    if "table" in libraries and hidden % 16 == 0 and automaton.row_bits.max() <= 53:
        table = Table(libraries["table"], automaton)
        peer = (lambda: table.run(text, start), LONG)
        compare("one trajectory, all states / AVX2 table", one, peer, "at least 0.7")
        compare("one trajectory, last state / AVX2 table", last, peer, "at least 0.7")


def compare_influence(automaton, libraries, rng) -> None:
    if "plain" not in libraries:
        return
    plain = Plain(libraries["plain"], automaton.weights)
    text = rng.integers(0, automaton.symbols, 4096)
    states = stepper(automaton, len(text)).run(text)
    text = np.roll(text, -1)  # what is read in each of the states
    check_plain(plain, automaton, text[:200], states[:200])
    ours = (lambda: flip_counts(automaton, states, text, engine="compiled"), len(text))
    peer = (lambda: plain.influence(states[:16], text[:16]), 16)
    compare("influence of all flips / recomputing each flip in C", ours, peer, "at least 200")


def resolve_every_symbol(pair) -> None:
    """Processor seconds and memory of `boolrnn cycles --all`, in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "boolrnn", "cycles", *(pair or []), "--all", "--json"]
    done = subprocess.run(command, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    symbols = json.loads(done.stdout)["symbols"]
    share = statistics.mean(entry["resolved"] for entry in symbols)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"cycles of {len(symbols)} symbols, {symbols[0]['starts']} starts each: {share:.0%} resolved, "
        f"{spent:.0f} s of processor time, {after.ru_maxrss >> 10:,} MB at most"
    )


def main() -> None:
    alone()
    pair = sys.argv[1:3]
    weights = boolrnn.read_weights(pair[0]) if pair else boolrnn.embedded_pair()[0].weights
    automaton, rng = boolrnn.compile(weights), np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        libraries = built(folder)
        if "table" in libraries:
            for hidden, whole in itertools.product(WIDTHS, (False, True)):
                check_table(libraries["table"], random_automaton(hidden, hidden, whole))
            if weights.hidden % 16 == 0 and automaton.row_bits.max() <= 53:
                check_table(libraries["table"], automaton)
        print(f"H = {weights.hidden}, V = {weights.symbols}; median ratio of {RUNS} pairs (least-greatest)")
        compare_steps(automaton, libraries, rng)
        compare_influence(automaton, libraries, rng)
    resolve_every_symbol(pair)


if __name__ == "__main__":
    main()
