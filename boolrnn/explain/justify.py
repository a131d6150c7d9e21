"""justify: why the net predicts what it predicts, position by position; and how little of it would do.

For each position the neurons whose negation in the readout changes the cost of the true symbol most
(delta_j = bits of the true symbol with h_j(t) -> -h_j(t) in the readout alone, minus its bits), each with
its sum z_j(t) = bias + input + sum over k of wh[j, k] h_k(t-1), the heaviest of these sources, and the
chain that follows the heaviest source back (boolrnn.explain.chains).

Published as "Q6 justifications" at twelve positions, five neurons and three sources each: "15 weights per
prediction" is what its program prints. What is enough is measured here: how few neurons
(boolrnn.explain.sufficiency) and how few terms of their sums (boolrnn.explain.kept_terms) still give the
same predicted symbol, and how often the neurons and sources listed do.
"""

import dataclasses
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from boolrnn.errors import OptionError, WeightsError
from boolrnn.explain.chains import Chains, chains
from boolrnn.explain.enough import Enough, enough, models
from boolrnn.graph.observed import chosen, described
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated, trace
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8

AT = (10, 20, 42, 50, 80, 100, 150, 200, 250, 300, 400, 500)  # the published positions
LIMITS = (5, 3, 2)  # neurons, sources, steps back: what the published program prints
CONTEXT = 24  # symbols
UNSTABLE = 1e-4
QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
SOUND = "ranked by |delta|; what suffices is searched for, prediction by prediction"
PUBLISHED = (
    "as published: at the twelve published positions that the text has, five neurons, three sources, two "
    "steps back, probabilities under 1e-30 counted as 1e-30; what suffices is this package's own addition"
)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Justify(Result):
    """Justifications of P predictions: position t predicts `symbols[t + 1]`.

    Contributions, z, bias and input are in units of z; delta and bpc in bits. `dominant` counts the positions
    at which a neuron is first, `membership` those at which it is listed, `first_sources` the listed neurons
    whose heaviest source it is (what adds 0 is no source). A row is `stable` where none of its numbers moves
    by more than 1e-4, and no name changes, if the network runs in float64. `sufficient` are the neurons that
    alone keep the predicted symbol, and the terms of their sums that do: `terms` counts those, `weights` adds
    the O readout weights of each such neuron; `proved` says that no smaller set of neurons would do; terms
    are found greedily. `models` are nets of which only so much is kept; `ranked` keeps the first neurons by
    |delta|.
    """

    schema = "justify/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    outputs: int
    hidden: int
    variant: str
    window: str
    arithmetic: str
    limit_neurons: int = named("limits.neurons")
    limit_sources: int = named("limits.sources")
    limit_depth: int = named("limits.depth")
    predictions: int
    bpc: float | None
    right: float | None  # share of positions whose predicted symbol is the true one
    proved: float | None  # share of positions whose fewest neurons are proved
    mean_neurons: float | None = named("sufficient_mean.neurons")
    mean_terms: float | None = named("sufficient_mean.terms")
    mean_weights: float | None = named("sufficient_mean.weights")
    quantile: Float64[np.ndarray, "Q"] = named("sufficient.quantile")
    quantile_neurons: Float64[np.ndarray, "Q"] = named("sufficient.neurons")
    quantile_terms: Float64[np.ndarray, "Q"] = named("sufficient.terms")
    quantile_weights: Float64[np.ndarray, "Q"] = named("sufficient.weights")
    model: np.ndarray = named("models.model")
    model_neurons: Float64[np.ndarray, "M"] = named("models.neurons")  # kept per position, mean
    model_terms: Float64[np.ndarray, "M"] = named("models.terms")  # the same, of their sums
    model_same: Float64[np.ndarray, "M"] = named("models.same")  # share with the same predicted symbol
    model_right: Float64[np.ndarray, "M"] = named("models.right")
    model_bpc: Float64[np.ndarray, "M"] = named("models.bpc")
    ranked_neurons: Int64[np.ndarray, "R"] = named("ranked.neurons")
    ranked_same: Float64[np.ndarray, "R"] = named("ranked.same")
    ranked_bpc: Float64[np.ndarray, "R"] = named("ranked.bpc")
    dominant_neuron: Int64[np.ndarray, "D"] = named("dominant.neuron")
    dominant_count: Int64[np.ndarray, "D"] = named("dominant.count")
    member_neuron: Int64[np.ndarray, "N"] = named("membership.neuron")
    member_count: Int64[np.ndarray, "N"] = named("membership.count")
    source_neuron: Int64[np.ndarray, "S"] = named("first_sources.neuron")
    source_count: Int64[np.ndarray, "S"] = named("first_sources.count")
    t: Int64[np.ndarray, "P"] = named("positions.t")
    context: Int64[np.ndarray, "C"] = named("positions.context.members")  # up to 24 symbols, x_t the last
    context_offsets: Int64[np.ndarray, "P1"] = named("positions.context.offsets")
    true: Int64[np.ndarray, "P"] = named("positions.true")
    predicted: Int64[np.ndarray, "P"] = named("positions.predicted")
    p: Float64[np.ndarray, "P"] = named("positions.p")  # of the true symbol
    bits: Float64[np.ndarray, "P"] = named("positions.bpc")
    stable: Bool[np.ndarray, "P"] = named("positions.stable")
    neuron: Int64[np.ndarray, "E"] = named("positions.neurons.neuron")
    sign: Int64[np.ndarray, "E"] = named("positions.neurons.sign")
    h: Float64[np.ndarray, "E"] = named("positions.neurons.h")
    delta: Float64[np.ndarray, "E"] = named("positions.neurons.delta")
    readout: Float64[np.ndarray, "E"] = named("positions.neurons.readout")  # wy[true, j] h_j
    decides: Bool[np.ndarray, "E"] = named(
        "positions.neurons.decides"
    )  # negated, another symbol is predicted
    z: Float64[np.ndarray, "E"] = named("positions.neurons.z")
    bias: Float64[np.ndarray, "E"] = named("positions.neurons.bias")
    input: Float64[np.ndarray, "E"] = named("positions.neurons.input")
    row_stable: Bool[np.ndarray, "E"] = named("positions.neurons.stable")
    neuron_offsets: Int64[np.ndarray, "P1"] = named("positions.neurons.offsets")
    sources: Int64[np.ndarray, "F"] = named("positions.neurons.sources.neuron")
    contribution: Float64[np.ndarray, "F"] = named("positions.neurons.sources.contribution")
    source_offsets: Int64[np.ndarray, "E1"] = named("positions.neurons.sources.offsets")
    chain: Int64[np.ndarray, "G"] = named("positions.neurons.chain.neuron")
    chain_contribution: Float64[np.ndarray, "G"] = named("positions.neurons.chain.contribution")
    chain_z: Float64[np.ndarray, "G"] = named("positions.neurons.chain.z")
    chain_bias: Float64[np.ndarray, "G"] = named("positions.neurons.chain.bias")
    chain_input: Float64[np.ndarray, "G"] = named("positions.neurons.chain.input")
    chain_offsets: Int64[np.ndarray, "E1"] = named("positions.neurons.chain.offsets")
    enough_neurons: Int64[np.ndarray, "P"] = named("positions.sufficient.neurons")
    enough_terms: Int64[np.ndarray, "P"] = named("positions.sufficient.terms")
    enough_weights: Int64[np.ndarray, "P"] = named("positions.sufficient.weights")
    enough_proved: Bool[np.ndarray, "P"] = named("positions.sufficient.proved")
    kept_neuron: Int64[np.ndarray, "K"] = named("positions.sufficient.kept.neuron")
    kept_sign: Int64[np.ndarray, "K"] = named("positions.sufficient.kept.sign")
    kept_h: Float64[np.ndarray, "K"] = named("positions.sufficient.kept.h")  # tanh of the terms kept
    kept_offsets: Int64[np.ndarray, "P1"] = named("positions.sufficient.kept.offsets")
    term_source: np.ndarray = named("positions.sufficient.kept.terms.source")  # "h8", "bias", "input"
    term: Float64[np.ndarray, "L"] = named("positions.sufficient.kept.terms.contribution")
    term_offsets: Int64[np.ndarray, "K1"] = named("positions.sufficient.kept.terms.offsets")


def justify(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    at: int | str | Sequence[int] | np.ndarray | None = None,
    neurons: int = LIMITS[0],
    sources: int = LIMITS[1],
    depth: int = LIMITS[2],
    as_published: bool = False,
    tanh: str = "exact",
) -> Justify:
    """Justify predictions of `symbols` (T) at positions `at` out of 0..T-2.

    `at`: a position, `FIRST:STOP` or `FIRST:STOP:STEP`, numbers (in a string between commas), or all.
    `neurons` are listed per position with `sources` each; chains go `depth` steps back.

    Raises
    ------
    WeightsError
        Where O != V: only outputs that are symbols predict one.
    TextError, OptionError
        On a symbol, position, limit or tanh that cannot be used.
    """
    weights = model if isinstance(model, Weights) else model.weights
    limits = (neurons, sources, depth)
    _check(weights, at, limits, as_published)
    symbols = check_symbols(symbols, weights)
    last = len(symbols) - 1
    there = np.array([t for t in AT if t < last], np.int64) if as_published else positions_of(at, last)
    shown = (neurons, sources, min(depth, int(there.max(initial=0))))
    run, other = trace(weights, symbols, tanh=tanh), trace(weights, symbols, arithmetic="float64")
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(2) as pool:  # else they meet BLAS's own
        found, again = pool.map(lambda one: chains(weights, one, there, shown, as_published), (run, other))
    stable, row_stable = _stable(found, again)
    least = enough(weights, run, there, found.predicted)
    return Justify(
        alphabet=weights.alphabet,
        outputs=weights.outputs,
        hidden=weights.hidden,
        variant=PUBLISHED if as_published else SOUND,
        window=described(there),
        arithmetic=stated("float32", tanh),
        limit_neurons=neurons,
        limit_sources=sources,
        limit_depth=depth,
        **_totals(found, least, symbols[there + 1]),
        **models(weights, run, there, found, least),
        **_counted("dominant", found.neuron[:, :1]),
        **_counted("member", found.neuron),
        **_counted("source", found.source[..., 0]),
        **_positions(found, symbols, there),
        stable=stable,
        row_stable=row_stable.ravel(),
        **_listed(found),
        **_sufficient(least),
    )


def _check(weights: Weights, at: Any, limits: tuple[int, int, int], as_published: bool) -> None:
    if not weights.predicts:
        raise WeightsError(
            f"O = {weights.outputs} outputs for V = {weights.symbols} symbols: justify needs a net that "
            "predicts the next symbol (O = V)"
        )
    if as_published and (at is not None or limits != LIMITS):
        raise OptionError("at, neurons, sources, depth: the published protocol has its own")
    for name, value, least in zip(("neurons", "sources", "depth"), limits, (1, 1, 0)):
        if value < least:
            raise OptionError(f"{name} {value}: expected {least} or more")


def positions_of(at: int | str | Sequence[int] | np.ndarray | None, count: int) -> Int64[np.ndarray, "P"]:
    """The positions that `at` names, out of 0..count-1.

    Raises
    ------
    OptionError
        Where it names none of them, or one twice.
    """
    if isinstance(at, str) and re.fullmatch(r"\d{1,15}(,\d{1,15})*", at):
        at = [int(part) for part in at.split(",")]
    if isinstance(at, int):
        at = [at]
    if isinstance(at, str) and ":" not in at:
        raise OptionError(f"at {at!r}: expected a position, several between commas, or FIRST:STOP[:STEP]")
    if at is not None and not isinstance(at, str) and np.size(at) and not count:
        raise OptionError("at: a text of one symbol has no prediction")
    return chosen(at, count)


def _stable(found: Chains, again: Chains) -> tuple[np.ndarray, np.ndarray]:
    """Positions, and rows (P, K), of which nothing moves by more than UNSTABLE in the other arithmetic."""
    rows = (found.neuron == again.neuron) & (found.sign == again.sign)
    for name in ("source", "chain"):
        rows &= (getattr(found, name) == getattr(again, name)).all(axis=2)
    for name in ("delta", "h", "readout", "z"):
        rows &= _near(getattr(found, name), getattr(again, name))
    for name in ("contribution", "chain_contribution", "chain_z"):
        rows &= _near(getattr(found, name), getattr(again, name)).all(axis=2)
    return _near(found.bits, again.bits) & (found.predicted == again.predicted), rows


def _near(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # infinity - infinity
        return (np.abs(a - b) <= UNSTABLE) | (a == b) | (np.isnan(a) & np.isnan(b))


def _totals(found: Chains, least: Enough, true: np.ndarray) -> dict[str, Any]:
    """Means and quantiles over the positions; None or NaN without any."""
    columns = {name: getattr(least, name).astype(np.float64) for name in ("neurons", "terms", "weights")}
    some = len(true) > 0
    empty = np.full(len(QUANTILES), np.nan)
    fields: dict[str, Any] = {f"mean_{n}": float(v.mean()) if some else None for n, v in columns.items()}
    fields |= {f"quantile_{n}": np.quantile(v, QUANTILES) if some else empty for n, v in columns.items()}
    return fields | {
        "predictions": len(true),
        "bpc": float(found.bits.mean()) if some else None,
        "right": float((found.predicted == true).mean()) if some else None,
        "proved": float(least.proved.mean()) if some else None,
        "quantile": np.array(QUANTILES),
    }


def _counted(name: str, neurons: np.ndarray) -> dict[str, Any]:
    """How often each neuron stands there, most first; of equal ones the lowest first."""
    neuron, count = np.unique(neurons[neurons >= 0], return_counts=True)
    order = np.lexsort((neuron, -count))
    return {f"{name}_neuron": neuron[order], f"{name}_count": count[order]}


def _positions(found: Chains, symbols: np.ndarray, at: np.ndarray) -> dict[str, Any]:
    """What stands at each position, and before it."""
    back = at[:, None] + np.arange(1 - CONTEXT, 1)
    return {
        "t": at,
        "context": symbols[np.maximum(back, 0)][back >= 0],
        "context_offsets": offsets((back >= 0).sum(axis=1)),
        "true": symbols[at + 1],
        "predicted": found.predicted,
        "p": np.exp2(-found.bits),
        "bits": found.bits,
    }


def _listed(found: Chains) -> dict[str, Any]:
    """Neurons, sources and chains, flat, with where each position's and each neuron's begin."""
    rows = ("neuron", "sign", "h", "delta", "readout", "decides", "z", "bias", "input")
    fields = {name: getattr(found, name).ravel() for name in rows}
    met, followed = found.source >= 0, found.chain >= 0
    deep = ("chain_contribution", "chain_z", "chain_bias", "chain_input")
    return fields | {
        "neuron_offsets": offsets(np.full(len(found.neuron), found.neuron.shape[1])),
        "sources": found.source[met],
        "contribution": found.contribution[met],
        "source_offsets": offsets(met.sum(axis=2).ravel()),
        "chain": found.chain[followed],
        **{name: getattr(found, name)[followed] for name in deep},
        "chain_offsets": offsets(followed.sum(axis=2).ravel()),
    }


def _sufficient(least: Enough) -> dict[str, Any]:
    """What suffices at each position, neuron by neuron and term by term."""
    return {
        "enough_neurons": least.neurons,
        "enough_terms": least.terms,
        "enough_weights": least.weights,
        "enough_proved": least.proved,
        "kept_neuron": least.kept,
        "kept_sign": least.sign,
        "kept_h": least.value,
        "kept_offsets": offsets(least.neurons),
        "term_source": least.source,
        "term": least.term,
        "term_offsets": offsets(least.count),
    }


def offsets(counts: np.ndarray) -> Int64[np.ndarray, "N1"]:
    """Where groups of these sizes begin, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
