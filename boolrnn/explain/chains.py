"""chains: the neurons that a prediction hangs on most, and where each of them comes from.

Of each position the neurons whose negation in the readout changes the cost of the true symbol most; of
each of those its sum with the heaviest terms wh[j, k] h_k(t-1), and the chain that follows the heaviest
source back, step by step. "Heaviest" is by size, whichever sign it has: a source may well oppose the sign
that its neuron takes.
"""

import dataclasses

import numpy as np

from boolrnn.graph.ends import negated
from boolrnn.model.rnn import FloatTrace, cost_of, logits
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64, Int64

CLIP = 30 * np.log2(10.0)  # bits of the published floor of probabilities, 1e-30
NOTHING = -1
_CELLS = 1 << 22


@dataclasses.dataclass(frozen=True)
class Chains:
    """P positions with K neurons each, most decisive first. Sources and chains of K x S and K x D, NaN and
    NOTHING where the text does not reach back that far, or nothing but 0 comes from there."""

    bits: Float64[np.ndarray, "P"]  # of the true symbol
    predicted: Int64[np.ndarray, "P"]
    order: np.ndarray  # int32 (P, H): all neurons, most decisive first
    neuron: Int64[np.ndarray, "P K"]
    sign: Int64[np.ndarray, "P K"]
    h: Float64[np.ndarray, "P K"]
    delta: Float64[np.ndarray, "P K"]
    readout: Float64[np.ndarray, "P K"]  # wy[true, j] h_j
    decides: np.ndarray  # bool (P, K): negating it changes the predicted symbol
    z: Float64[np.ndarray, "P K"]
    bias: Float64[np.ndarray, "P K"]
    input: Float64[np.ndarray, "P K"]
    source: Int64[np.ndarray, "P K S"]
    contribution: Float64[np.ndarray, "P K S"]
    chain: Int64[np.ndarray, "P K D"]
    chain_contribution: Float64[np.ndarray, "P K D"]
    chain_z: Float64[np.ndarray, "P K D"]
    chain_bias: Float64[np.ndarray, "P K D"]
    chain_input: Float64[np.ndarray, "P K D"]


def chains(
    weights: Weights,
    run: FloatTrace,
    at: Int64[np.ndarray, "P"],
    limits: tuple[int, int, int],
    clipped: bool,
) -> Chains:
    """Neurons, sources and chains at positions `at`. `limits`: how many neurons, sources, steps back.

    `clipped` counts no probability as less than 1e-30, as the published program does.
    """
    neurons, sources, depth = limits
    block = max(1, _CELLS // (min(neurons, weights.hidden) * weights.hidden))
    parts = []
    for first in range(0, max(len(at), 1), block):
        there = at[first : first + block]
        ends = _ends(weights, run, there, neurons, clipped)
        parts.append(ends | _sources(weights, run, there, ends["neuron"], sources, depth))
    return Chains(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _ends(weights: Weights, run: FloatTrace, at: np.ndarray, top: int, clipped: bool) -> dict:
    """The prediction at each position, and the neurons whose negation changes its cost most."""
    hidden, targets = run.hidden[at].astype(np.float64), run.symbols[at + 1]
    scores = logits(weights, hidden)
    bits = cost_of(scores.copy(), targets)
    delta = negated(weights, hidden, targets)
    if clipped:
        after = np.minimum(bits[:, None] + delta, CLIP)
        bits = np.minimum(bits, CLIP)
        delta = after - bits[:, None]
    order = np.argsort(-np.abs(delta), axis=1, kind="stable")
    neuron = order[:, :top]
    h = np.take_along_axis(hidden, neuron, axis=1)
    predicted = scores.argmax(axis=1)
    decides = np.empty(neuron.shape, bool)
    for k, j in enumerate(neuron.T):
        moved = scores - 2 * h[:, k, None] * weights.wy.T[j]
        decides[:, k] = moved.argmax(axis=1) != predicted
    z = run.z[at[:, None], neuron].astype(np.float64)
    return {
        "bits": bits,
        "predicted": predicted,
        "order": order.astype(np.int32),
        "neuron": neuron,
        "sign": np.where(z >= 0, 1, -1),
        "h": h,
        "delta": np.take_along_axis(delta, neuron, axis=1),
        "readout": weights.wy[targets[:, None], neuron] * h,
        "decides": decides,
        "z": z,
        "bias": weights.bh[neuron].astype(np.float64),
        "input": weights.wx[neuron, run.symbols[at, None]].astype(np.float64),
    }


def _sources(
    weights: Weights, run: FloatTrace, at: np.ndarray, neuron: np.ndarray, top: int, depth: int
) -> dict:
    """The heaviest recurrent terms of each neuron's sum, and the heaviest one followed back."""
    shape = (*neuron.shape, depth)
    chain = np.full(shape, NOTHING)
    floats = {name: np.full(shape, np.nan) for name in ("contribution", "z", "bias", "input")}
    source, contribution = _heaviest(weights, run, at, neuron, top)
    reached, pushed = source[..., 0], contribution[..., 0]
    for d in range(depth):
        there = reached != NOTHING
        row = np.maximum(at - 1 - d, 0)[:, None]
        chain[..., d] = reached
        floats["contribution"][..., d] = pushed
        floats["z"][..., d] = np.where(there, run.z[row, reached], np.nan)
        floats["bias"][..., d] = np.where(there, weights.bh[reached], np.nan)
        floats["input"][..., d] = np.where(there, weights.wx[reached, run.symbols[row]], np.nan)
        if d + 1 < depth:
            found = _heaviest(weights, run, at - 1 - d, reached, 1)
            reached, pushed = found[0][..., 0], found[1][..., 0]
    named = {f"chain_{name}": values for name, values in floats.items()}
    return {"source": source, "contribution": contribution, "chain": chain} | named


def _heaviest(
    weights: Weights, run: FloatTrace, at: np.ndarray, neuron: np.ndarray, top: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of each neuron (P, K) at its position the `top` largest |wh[j, k] h_k| of the position before, those
    of 0 left out."""
    terms = weights.wh[neuron] * run.hidden[np.maximum(at - 1, 0)][:, None, :]
    best = np.argsort(-np.abs(terms), axis=2, kind="stable")[..., :top]
    pushed = np.take_along_axis(terms, best, axis=2).astype(np.float64)
    none = (at < 1)[:, None, None] | (neuron == NOTHING)[..., None] | (pushed == 0)
    return np.where(none, NOTHING, best), np.where(none, np.nan, pushed)
