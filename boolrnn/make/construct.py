"""construct: a net from statistics alone, a shift register with a fitted readout; nothing is trained.

Group 0 writes a hash code of each symbol, group g copies group g - 1: after n symbols the state spells the
last `groups` symbols, so the automaton is known before it is run. The published construction has 16 groups
of 8 bits, wx = +-10 and wh = 5; here the gain (16) is such that the float32 program is the automaton, bit
for bit, on every text. Three readouts:

logratio       wy = scale (ln p(next | bit = 1) - ln p(next | bit = 0)), smoothed; scale and smoothing chosen
               on a grid by the bits per character of the text itself, so two numbers are fitted
least-squares  ridge regression on the centred next symbol, times the scale that predicts best (the
               published pseudo-inverse)
gradient       the optimum of the cross-entropy (L-BFGS; the published one is 1,000 steps of full-batch
               gradient descent)
"""

import dataclasses
import hashlib
import time
from collections.abc import Callable

import numpy as np

from boolrnn.check.certify import certify
from boolrnn.errors import OptionError, TextError
from boolrnn.make.integers import on_grid
from boolrnn.make.made import Made, costs, learned_alphabet, net_fields
from boolrnn.make.readout import fit_readout
from boolrnn.model.automaton import compile
from boolrnn.model.weights import Weights
from boolrnn.result import named

READOUTS = ("logratio", "least-squares", "gradient")
GAIN = 16.0
SMOOTHING = np.arange(1, 11) / 2  # 0.5, 1, ..., 5
SCALES = np.arange(1, 61) / 20  # 0.05, 0.10, ..., 3
MULTIPLES = np.arange(2, 101) / 2  # 1, 1.5, ..., 50
RIDGE = 0.01
LARGEST = 4096


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Construct(Made):
    """The net, its code and its fitted numbers. `distinct` counts the codes of the symbols that it has."""

    schema = "construct/1"

    readout: str
    groups: int
    bits: int
    distinct: int
    smoothing: float | None  # logratio: chosen on the text
    scale: float | None  # logratio, least-squares: chosen on the text
    bpc_float: float | None = named("bpc.float")
    bpc_sign_dynamics: float | None = named("bpc.sign_dynamics")
    level: str
    form: str | None
    outputs_level: str | None = named("outputs.level")
    text_sha256: str = named("text.sha256")
    text_symbols: int = named("text.symbols")
    seconds: float


def construct(
    text: bytes,
    *,
    readout: str = "gradient",
    groups: int = 16,
    bits: int = 8,
    alphabet: np.ndarray | None = None,
) -> Construct:
    """Construct a net of `groups` x `bits` neurons for `text` (bytes).

    Raises
    ------
    OptionError
        On a readout or size that is not known.
    TextError
        On a text of fewer than two symbols, or a byte outside the alphabet.
    """
    begun = time.monotonic()
    if readout not in READOUTS:
        raise OptionError(f"readout {readout!r}: expected one of {', '.join(READOUTS)}")
    if groups < 1 or bits < 1 or groups * bits > LARGEST:
        raise OptionError(
            f"{groups} groups of {bits} bits: expected at least 1 each, at most {LARGEST} neurons"
        )
    values, symbols = learned_alphabet(text, alphabet)
    if len(symbols) < 2:
        raise TextError("1 symbol: nothing is predicted, expected at least 2")
    codes = mixed_hash(values, bits)
    net = register(codes, groups, values)
    features = np.where(compile(net).run(symbols).states[:-1], 1.0, -1.0)
    fitted = FITS[readout](features, symbols, net.symbols, groups)
    wy, by = on_grid(fitted.wy, fitted.by)
    net = dataclasses.replace(net, wy=wy, by=by)
    score = costs(net, symbols).bpc()
    proof = certify(net, symbols, outputs=True)
    return Construct(
        **net_fields(net),
        readout=readout,
        groups=groups,
        bits=bits,
        distinct=len(np.unique(codes, axis=0)),
        smoothing=fitted.smoothing,
        scale=fitted.scale,
        bpc_float=score[0],
        bpc_sign_dynamics=score[1],
        level=proof.level,
        form=proof.form,
        outputs_level=proof.outputs,
        text_sha256=hashlib.sha256(text).hexdigest(),
        text_symbols=len(symbols),
        seconds=time.monotonic() - begun,
    )


def mixed_hash(values: np.ndarray, bits: int) -> np.ndarray:
    """The published hash: a code of `bits` bits for each byte value, bool (V, bits)."""
    many, whole = np.uint64(73244475), np.uint64(0xFFFFFFFF)
    x = values.astype(np.uint64)[:, None]
    j = np.arange(bits, dtype=np.uint64)[None, :]

    def stirred(u: np.ndarray) -> np.ndarray:
        u = (many * (u ^ (u >> np.uint64(4)))) & whole
        return u ^ (u >> np.uint64(16))

    mixed = stirred((stirred(x) + j * np.uint64(2654435761)) & whole)
    return (mixed & np.uint64(1)).astype(bool)


def register(codes: np.ndarray, groups: int, alphabet: np.ndarray) -> Weights:
    """The shift register of `codes` (V, bits), without a readout: integers times 16, bias 0.

    A copying row has one weight, 2, and a drive of 1, so that its sum is odd: 3 or -1.
    """
    symbols, bits = codes.shape
    hidden = groups * bits
    wx, wh = np.ones((hidden, symbols)), np.zeros((hidden, hidden))
    wx[:bits] = np.where(codes.T, 1, -1)
    wh[np.arange(bits, hidden), np.arange(hidden - bits)] = 2
    return Weights(
        wx=(GAIN * wx).astype(np.float32),
        wh=(GAIN * wh).astype(np.float32),
        bh=np.zeros(hidden, np.float32),
        wy=np.zeros((symbols, hidden), np.float32),
        by=np.zeros(symbols, np.float32),
        alphabet=alphabet,
    )


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A readout, and what was chosen on the text."""

    wy: np.ndarray  # float32 (O, H)
    by: np.ndarray  # float32 (O)
    smoothing: float | None = None
    scale: float | None = None


def _marginal(symbols: np.ndarray, outputs: int) -> np.ndarray:
    """ln of the smoothed share of each symbol in the whole text."""
    counts = np.bincount(symbols, minlength=outputs) + 0.5
    return np.log(counts / counts.sum())


def _cost(scores: np.ndarray, targets: np.ndarray) -> float:
    """Mean nats of the targets under these logits."""
    scores = scores - scores.max(axis=1, keepdims=True)
    chosen = scores[np.arange(len(targets)), targets]
    return float((np.log(np.exp(scores).sum(axis=1)) - chosen).mean())


def logratio(features: np.ndarray, symbols: np.ndarray, outputs: int, groups: int) -> Fitted:
    """Per bit of the register the log ratio of what follows, over the places where it is filled.

    `features` (P, H) are the hidden values that predict `symbols[1:]`.
    """
    targets, by, bits = symbols[1:], _marginal(symbols, outputs), features.shape[1] // groups
    hot = np.eye(outputs)[targets]
    ones, every = np.empty((features.shape[1], outputs)), np.empty((features.shape[1], outputs))
    for g in range(groups):
        part = slice(g * bits, (g + 1) * bits)
        ones[part] = (features[g:, part] > 0).T.astype(np.float64) @ hot[g:]
        every[part] = hot[g:].sum(axis=0)
    best = (np.inf, 0.0, 0.0, np.zeros_like(every))
    for smoothing in SMOOTHING.tolist():
        counts = [ones + smoothing, every - ones + smoothing]
        with_one, without = (np.log(c / c.sum(axis=1, keepdims=True)) for c in counts)
        raised = features @ (with_one - without)
        for scale in SCALES.tolist():
            found = _cost(scale * raised + by, targets)
            best = min(best, (found, smoothing, scale, with_one - without), key=lambda each: each[0])
    return Fitted((best[2] * best[3].T).astype(np.float32), by.astype(np.float32), best[1], best[2])


def least_squares(features: np.ndarray, symbols: np.ndarray, outputs: int, groups: int) -> Fitted:
    """Ridge regression on the signs of the filled places, times the multiple that predicts best."""
    targets, by = symbols[1:], _marginal(symbols, outputs)
    rows = slice(min(groups, len(targets) - 1), None)
    signs = np.where(features[rows] > 0, 1.0, -1.0)
    centred = np.eye(outputs)[targets[rows]] - np.exp(by)
    square = signs.T @ signs + RIDGE * np.eye(signs.shape[1])
    solved = np.linalg.solve(square, signs.T @ centred)
    raised = features @ solved
    scale = min((_cost(m * raised + by, targets), m) for m in MULTIPLES.tolist())[1]
    return Fitted((scale * solved.T).astype(np.float32), by.astype(np.float32), None, scale)


def gradient(features: np.ndarray, symbols: np.ndarray, outputs: int, groups: int) -> Fitted:
    """The optimum of the cross-entropy."""
    return Fitted(*fit_readout(features, symbols[1:], outputs))


FITS: dict[str, Callable[[np.ndarray, np.ndarray, int, int], Fitted]] = {
    "logratio": logratio,
    "least-squares": least_squares,
    "gradient": gradient,
}
