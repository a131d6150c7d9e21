"""The scaffolding question: must a large dense net be trained first, or can the small one be had directly?

Published: a dense net is needed as a scaffold, which is pruned away afterwards; the sparse net itself cannot
be trained. The program is unpublished. Four nets of equal size answer it: trained dense and small, trained
sparse from scratch, trained dense and large and then pruned, and constructed without any training. Here are
the sizes, the pruning and the readout's second fit; `python -m analyses compare TEXT --train` trains the
nets. The ledger does without training: it prunes the given net and constructs others of the same size.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.optimize import minimize

import boolrnn
from analyses.protocol import Absent, Claim, Pair

PAGE = "weight-construction page"
TEXT = "this text"
UNPUBLISHED = (
    "the program is not in the public repository, and what training gives needs torch and minutes, which a "
    "ledger does not take: python -m analyses compare TEXT --train measures it"
)
CLAIMS = (
    Claim("full_50", None, 0, "bpc", PAGE, "the full net after 50 epochs: 5.16 bpc", why=UNPUBLISHED),
    Claim("sparse_50", None, 0, "bpc", PAGE, "the sparse net after 50 epochs: 7.74 bpc", why=UNPUBLISHED),
    Claim("direct", None, 0, "statement", PAGE, "the sparse net cannot be trained directly", why=UNPUBLISHED),
    Claim(
        "scaffold",
        None,
        0,
        "statement",
        PAGE,
        "a large dense net has to be trained first, as a scaffold",
        why=UNPUBLISHED,
    ),
    Claim(
        "parameters", None, 0, "parameters", TEXT, "of the given net, for symbols that occur", of="nothing"
    ),
    Claim("given", None, 5e-5, "bpc", TEXT, "the given net", of="nothing"),
    Claim(
        "pruned_parameters",
        None,
        0,
        "parameters",
        TEXT,
        "the same: the largest 36 % of wh, 20 of 128 neurons read out",
        of="nothing",
    ),
    Claim("pruned", None, 5e-5, "bpc", TEXT, "the given net pruned so, as it is", of="nothing"),
    Claim(
        "refitted", None, 5e-5, "bpc", TEXT, "the given net pruned so, its readout fitted again", of="nothing"
    ),
    Claim(
        "constructed_parameters",
        None,
        0,
        "parameters",
        TEXT,
        "constructed, of nearly the pruned net's size",
        of="nothing",
    ),
    Claim("constructed", None, 5e-5, "bpc", TEXT, "the constructed net of that size", of="nothing"),
    Claim(
        "constructed_large_parameters",
        None,
        0,
        "parameters",
        TEXT,
        "constructed, of nearly the given net's size",
        of="nothing",
    ),
    Claim("constructed_large", None, 5e-5, "bpc", TEXT, "the constructed net of that size", of="nothing"),
)

DENSITY = 0.36  # share of wh that the sparse nets keep
READ = 20 / 128  # share of the neurons that they read out
MOST = 4096  # symbols that the ledger looks at
BITS = 8  # of a group of a constructed net
LARGEST = 64  # groups: 512 neurons, in the ledger
L2 = 1e-5  # penalty of readouts that may memorise, the same for all
_ROWS = 8192  # positions at once


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    weights, symbols = pair.weights, pair.symbols[:MOST]
    if not weights.predicts:
        raise Absent("the net's outputs are not its symbols")
    occurring = np.unique(pair.symbols)
    window = "" if len(symbols) == len(pair.symbols) else f"the text's first {len(symbols):,} symbols"
    size = occupied(weights, occurring)
    yield "parameters", size, f"{nonzero(weights):,} in the file"
    yield "given", _bpc(weights, symbols, pair.tanh), window
    if window:
        costs = boolrnn.knockout(weights, symbols, search=False, tanh=pair.tanh)
    else:
        costs = pair.ask(boolrnn.knockout, search=False)
    small = pruned(weights, costs, readouts=readouts_of(weights.hidden))
    yield "pruned_parameters", occupied(small, occurring)
    yield "pruned", _bpc(small, symbols, pair.tanh), window
    again = refitted(small, symbols, tanh=pair.tanh)
    bits = _bpc(again, symbols, pair.tanh)  # further digits depend on where the descent stops
    yield "refitted", None if bits is None else round(bits, 3), window
    many = len(set(pair.text[:MOST]))
    for name, count in (("constructed", occupied(small, occurring)), ("constructed_large", size)):
        groups = groups_for(count, many)
        options: dict[str, Any] = {"held_out": 0.0, "validation": 0.0, "l2": L2}
        made = pair.ask_of_text(boolrnn.construct, MOST, groups=groups, bits=BITS, **options)
        fitted = made.wy.size + made.by.size  # with those few that rounding makes 0
        total = int(np.count_nonzero(made.wx) + np.count_nonzero(made.wh)) + fitted
        yield f"{name}_parameters", total, f"{fitted:,} of them fitted"
        yield name, made.bpc_all, "; ".join(filter(None, (f"{made.hidden} neurons", window)))


def _bpc(weights: boolrnn.Weights, symbols: np.ndarray, tanh: str = "exact") -> float | None:
    with np.errstate(all="ignore"):
        return boolrnn.bpc(weights, boolrnn.trace(weights, symbols, tanh=tanh))


def nonzero(weights: boolrnn.Weights) -> int:
    """Entries that are not zero, of all five tensors."""
    tensors = (weights.wx, weights.wh, weights.bh, weights.wy, weights.by)
    return int(sum(np.count_nonzero(tensor) for tensor in tensors))


def occupied(weights: boolrnn.Weights, occurring: np.ndarray) -> int:
    """Entries that are not zero, without the columns of wx, rows of wy and entries of by of other symbols."""
    wx, wy, by = weights.wx[:, occurring], weights.wy[occurring], weights.by[occurring]
    return nonzero(dataclasses.replace(weights, wx=wx, wy=wy, by=by, alphabet=None))


def size_of(hidden: int, symbols: int, density: float = 1.0, readouts: int | None = None) -> int:
    """Parameters of a trained net of so many neurons: its weights, `density` of wh, `readouts` columns of wy
    (None: all)."""
    read = hidden if readouts is None else readouts
    return hidden * symbols + round(density * hidden**2) + hidden + read * symbols + symbols


def readouts_of(hidden: int) -> int:
    """Neurons that a sparse net of this size reads out: 20 of 128, at least one."""
    return max(1, round(READ * hidden))


def hidden_for(count: int, symbols: int, *, sparse: bool = False) -> int:
    """The number of neurons, at least 1, at which a dense or sparse net is nearest to `count` parameters."""

    def size(hidden: int) -> int:
        return size_of(hidden, symbols, DENSITY, readouts_of(hidden)) if sparse else size_of(hidden, symbols)

    hidden = 1
    while size(hidden + 1) <= count:
        hidden += 1
    return min((hidden, hidden + 1), key=lambda each: abs(size(each) - count))


def groups_for(count: int, symbols: int, *, fitted: bool = False, most: int = LARGEST) -> int:
    """Groups of BITS bits, 1..`most`, at which a constructed register is nearest to `count` parameters:
    wx, one weight of wh in each copying row, wy and by, or (`fitted`) wy and by alone."""
    each = BITS * symbols if fitted else BITS * (2 * symbols + 1)
    rest = symbols if fitted else symbols - BITS
    return min(most, max(1, round((count - rest) / each)))


def pruned(
    weights: boolrnn.Weights, costs: boolrnn.Knockout, *, density: float = DENSITY, readouts: int
) -> boolrnn.Weights:
    """The net with the largest |wh| (a share `density` of all entries) and the `readouts` columns of wy whose
    knockout costs most; everything else of the two is 0.

    Raises
    ------
    Absent
        Where knockouts have no costs.
    """
    kept = round(density * weights.wh.size)
    order = np.argsort(-np.abs(weights.wh), axis=None, kind="stable")
    wh = np.zeros_like(weights.wh)
    wh.flat[order[:kept]] = weights.wh.flat[order[:kept]]
    if costs.baseline is None or not np.isfinite(costs.single_delta).all():
        raise Absent("no neuron of this net has a cost")
    wy = np.zeros_like(weights.wy)
    best = costs.single_neuron[:readouts]
    wy[:, best] = weights.wy[:, best]
    return dataclasses.replace(weights, wh=wh, wy=wy)


def refitted(
    weights: boolrnn.Weights,
    symbols: np.ndarray,
    positions: int | None = None,
    *,
    l2: float = L2,
    steps: int = 1000,
    tanh: str = "exact",
) -> boolrnn.Weights:
    """The net with by and the columns of wy that are not zero fitted again: least mean cross-entropy of
    positions 0..positions-1 (default: all) plus l2 / 2 (|wy|^2 + |by - marginal|^2), by up to `steps`
    of L-BFGS.

    Raises
    ------
    Absent
        Where hidden values overflow.
    """
    stop = len(symbols) - 1 if positions is None else positions
    read = np.flatnonzero((weights.wy != 0).any(axis=0))
    hidden = boolrnn.trace(weights, symbols[: stop + 1], tanh=tanh).hidden[:stop, read].astype(np.float64)
    if not np.isfinite(hidden).all():
        raise Absent("hidden values overflow")
    # outputs that are never a target are alike: they share one row, the last
    seen, targets = np.unique(symbols[1 : stop + 1], return_inverse=True)
    never = np.setdiff1d(np.arange(weights.outputs), seen)
    many = np.r_[np.ones(len(seen)), [len(never)] if len(never) else []]
    counts = np.r_[np.bincount(targets), [0.0] if len(never) else []] + 0.5
    rest = np.zeros((len(many), len(read) + 1))
    rest[:, -1] = np.log(counts / (counts @ many))
    found = _least(np.c_[hidden, np.ones(stop)], targets, rest, many, l2, steps)
    wy, by = np.zeros_like(weights.wy), np.empty_like(weights.by)
    rows = np.searchsorted(seen, np.arange(weights.outputs))
    rows[never] = len(seen)
    wy[:, read], by[:] = found[rows, :-1], found[rows, -1]
    return dataclasses.replace(weights, wy=wy, by=by)


def _least(
    inputs: np.ndarray, targets: np.ndarray, rest: np.ndarray, many: np.ndarray, l2: float, steps: int
) -> np.ndarray:
    """The readout (R, I) that is best for `inputs` (P, I), by up to `steps` of L-BFGS from `rest`, where
    the penalty is 0; row r stands for `many[r]` outputs that are alike."""
    # along the inputs' own axes, and in units of each entry's rough curvature, the steps are few
    size, axes = np.linalg.eigh(inputs.T @ inputs / len(inputs))
    scale = np.sqrt(np.outer(many * np.exp(rest[:, -1]), size.clip(0)) + l2 * many[:, None])
    found = minimize(
        _penalised,
        ((rest @ axes) * scale).ravel(),
        args=(scale, rest @ axes, inputs @ axes, targets, many, l2),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxfun": 2 * steps, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-9},
    )
    return (found.x.reshape(rest.shape) / scale) @ axes.T


def _penalised(
    flat: np.ndarray,
    scale: np.ndarray,
    rest: np.ndarray,
    inputs: np.ndarray,
    targets: np.ndarray,
    many: np.ndarray,
    l2: float,
) -> tuple[float, np.ndarray]:
    """The objective in nats and its gradient by the readout times `scale`."""
    readout = flat.reshape(rest.shape) / scale
    cost, slope = 0.0, np.zeros_like(readout)
    for first in range(0, len(targets), _ROWS):
        rows, aims = inputs[first : first + _ROWS], targets[first : first + _ROWS]
        scores = rows @ readout.T
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores) * many
        sums = shares.sum(axis=1)
        at = np.arange(len(aims))
        cost += float(np.log(sums).sum() - scores[at, aims].sum())
        shares /= sums[:, None]
        shares[at, aims] -= 1
        slope += shares.T @ rows
    off = readout - rest
    penalty = l2 / 2 * float(many @ (off**2).sum(axis=1))
    slope = slope / len(targets) + l2 * many[:, None] * off
    return cost / len(targets) + penalty, (slope / scale).ravel()
