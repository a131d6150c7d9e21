"""predict: what network and automaton predict, position by position, and what each way costs.

Four predictors share one readout (softmax in float64):
float          the network's own hidden state
sign_readout   the signs of that hidden state
one_step       one step of the automaton from the network's signs one position before
free_run       the automaton running on its own from its start
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.check.side_by_side import PREDICTORS, Block, blocks, window
from boolrnn.errors import OptionError, WeightsError
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import log2_probabilities, logits, stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Predict(Result):
    """Predictions at positions t = 0..n-2: position t predicts `symbols[t + 1]`.

    Per predictor: `top` outputs (most probable first, lowest index first in a tie) and their probabilities
    `top_p`, probability `p` and bits of the true symbol; in total bpc, the share of positions whose first
    guess is right or equals the network's, and the mean Kullback-Leibler divergence from the network's
    prediction in bits.
    """

    schema = "predict/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    window: str
    arithmetic: str
    initial: Bool[np.ndarray, "H"] | None = named("initial", hexed=True)
    bpc_float: float | None = named("bpc.float")
    bpc_sign_readout: float | None = named("bpc.sign_readout")
    bpc_one_step: float | None = named("bpc.one_step")
    bpc_free_run: float | None = named("bpc.free_run")
    bpc_bias_only: float | None = named("bpc.bias_only")
    top1_float: float | None = named("top1.float")
    top1_sign_readout: float | None = named("top1.sign_readout")
    top1_one_step: float | None = named("top1.one_step")
    top1_free_run: float | None = named("top1.free_run")
    top1_agreement_sign_readout: float | None = named("top1_agreement.sign_readout")
    top1_agreement_one_step: float | None = named("top1_agreement.one_step")
    top1_agreement_free_run: float | None = named("top1_agreement.free_run")
    kl_sign_readout: float | None = named("kl.sign_readout")
    kl_one_step: float | None = named("kl.one_step")
    kl_free_run: float | None = named("kl.free_run")
    t: Int64[np.ndarray, "P"] = named("positions.t")
    true: Int64[np.ndarray, "P"] = named("positions.true")
    float_top: Int64[np.ndarray, "P K"] = named("positions.float.top")
    float_top_p: Float64[np.ndarray, "P K"] = named("positions.float.top_p")
    float_p: Float64[np.ndarray, "P"] = named("positions.float.p")
    float_bits: Float64[np.ndarray, "P"] = named("positions.float.bits")
    sign_readout_top: Int64[np.ndarray, "P K"] = named("positions.sign_readout.top")
    sign_readout_top_p: Float64[np.ndarray, "P K"] = named("positions.sign_readout.top_p")
    sign_readout_p: Float64[np.ndarray, "P"] = named("positions.sign_readout.p")
    sign_readout_bits: Float64[np.ndarray, "P"] = named("positions.sign_readout.bits")
    one_step_top: Int64[np.ndarray, "P K"] = named("positions.one_step.top")
    one_step_top_p: Float64[np.ndarray, "P K"] = named("positions.one_step.top_p")
    one_step_p: Float64[np.ndarray, "P"] = named("positions.one_step.p")
    one_step_bits: Float64[np.ndarray, "P"] = named("positions.one_step.bits")
    free_run_top: Int64[np.ndarray, "P K"] = named("positions.free_run.top")
    free_run_top_p: Float64[np.ndarray, "P K"] = named("positions.free_run.top_p")
    free_run_p: Float64[np.ndarray, "P"] = named("positions.free_run.p")
    free_run_bits: Float64[np.ndarray, "P"] = named("positions.free_run.bits")


def predict(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    top: int = 5,
    initial: np.ndarray | None = None,
    tanh: str = "exact",
) -> Predict:
    """Predict each next symbol of `symbols` (T) in four ways.

    `initial` (H bools) starts the free-running automaton elsewhere than the network's start.

    Raises
    ------
    WeightsError
        Where O != V: only outputs that are symbols predict one.
    TextError, StateError, OptionError
        On a symbol, start, `top` (at least 1) or tanh that cannot be used.
    """
    automaton = as_automaton(model)
    if not automaton.weights.predicts:
        raise WeightsError(
            f"O = {automaton.outputs} outputs for V = {automaton.symbols} symbols: predict needs a net "
            "that predicts the next symbol (O = V)"
        )
    if top < 1:
        raise OptionError(f"top {top}: expected 1 or more")
    symbols = check_symbols(symbols, automaton.weights)
    free = automaton.run(symbols, initial)
    parts = []
    with progress.bar("predictions", len(symbols)) as tick:
        for block in blocks(automaton, symbols, free_run=free.states, tanh=tanh):
            parts.append(_positions(automaton, block, top))
            tick(block.first)
    columns: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    targets = symbols[1:]
    return Predict(
        alphabet=automaton.alphabet,
        window=window(len(targets)),
        arithmetic=stated("float32", tanh),
        initial=free.initial,
        bpc_bias_only=_mean(bias_only(automaton.weights, targets)),
        t=np.arange(len(targets)),
        true=targets,
        **_totals(columns, targets),
        **{name: column for name, column in columns.items() if not name.startswith("kl_")},
    )


def bias_only(weights: Weights, targets: Int64[np.ndarray, "P"]) -> Float64[np.ndarray, "P"]:
    """Bits of each target symbol if `by` alone predicted it."""
    scores = weights.by.astype(np.float64)
    shifted = scores - scores.max()
    return (np.log(np.exp(shifted).sum()) - shifted)[targets] / np.log(2.0)


def _positions(automaton: Automaton, block: Block, top: int) -> dict[str, Any]:
    """Top guesses, bits and probability of the truth, and divergence, for each position of a block."""
    rows = np.arange(len(block.targets))
    columns = {}
    network = chance = None
    for name in PREDICTORS:
        log2 = log2_probabilities(logits(automaton.weights, block.features(name)))
        columns[f"{name}_bits"] = -log2[rows, block.targets]
        columns[f"{name}_p"] = np.exp2(log2[rows, block.targets])
        if network is None or chance is None:  # PREDICTORS begins with the network
            network, chance = log2.copy(), np.exp2(log2)
        else:
            columns[f"kl_{name}"] = (chance * (network - log2)).sum(axis=1)
        columns[f"{name}_top"], columns[f"{name}_top_p"] = _best(log2, top)
    return columns


def _best(log2: np.ndarray, top: int) -> tuple[Int64[np.ndarray, "P K"], Float64[np.ndarray, "P K"]]:
    """The `top` best columns of each row, best first, the lowest index first in a tie, and their
    probabilities; spoils `log2`."""
    rows = np.arange(len(log2))
    best = np.empty((len(log2), min(top, log2.shape[1])), np.int64)
    chance = np.empty(best.shape)
    for k in range(best.shape[1]):
        best[:, k] = log2.argmax(axis=1)
        chance[:, k] = np.exp2(log2[rows, best[:, k]])
        log2[rows, best[:, k]] = -np.inf
    return best, chance


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _totals(columns: dict[str, np.ndarray], targets: Int64[np.ndarray, "P"]) -> dict[str, Any]:
    totals = {}
    first = {name: columns[f"{name}_top"][:, 0] for name in PREDICTORS}
    for name in PREDICTORS:
        totals[f"bpc_{name}"] = _mean(columns[f"{name}_bits"])
        totals[f"top1_{name}"] = _mean(first[name] == targets)
        if name != "float":
            totals[f"top1_agreement_{name}"] = _mean(first[name] == first["float"])
            totals[f"kl_{name}"] = _mean(columns[f"kl_{name}"])
    return totals
