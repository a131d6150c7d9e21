"""margins: how far the network's sums stay from the threshold, and what floating point could do.

margin = |z_i(t)| of the float network, over positions t = 0..n-2 (all neurons), beside the margins of
the automaton's own trajectory. Published as "Q1 margins"; where the published safety factor mixes the
least margin of one neuron with the bound of another, `least_ratio` compares each with its own.
"""

import dataclasses
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.check.side_by_side import blocks, window
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import stated
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Float64, Int64

QUANTILES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)
EDGES = (0.0, 0.01, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, np.inf)
AS_PUBLISHED = (*(5.0 * k for k in range(50)), np.inf)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Margins(Result):
    """Distributions of |z| over positions 0..n-2 and all neurons; counts are strict (margin < 1).

    `by_position` has the least |z| at each of these positions and the (lowest) neuron that has it, of the
    network and of the automaton's own trajectory; where the network's z is no number, so is the least.
    """

    schema = "margins/1"

    window: str
    arithmetic: str
    count: int  # neuron-steps
    mean: float | None
    below_1: int
    below_0_1: int
    min: float | None
    automaton_mean: float | None = named("automaton.mean")
    automaton_below_1: int | None = named("automaton.below_1")
    automaton_below_0_1: int | None = named("automaton.below_0_1")
    automaton_min: float | None = named("automaton.min")
    quantile: Float64[np.ndarray, "Q"] = named("quantiles.quantile")
    quantile_float: Float64[np.ndarray, "Q"] = named("quantiles.float")
    quantile_automaton: Float64[np.ndarray, "Q"] = named("quantiles.automaton")
    bin_low: Float64[np.ndarray, "B"] = named("bins.low")
    bin_high: Float64[np.ndarray, "B"] = named("bins.high")
    bin_float: Int64[np.ndarray, "B"] = named("bins.float")
    bin_automaton: Int64[np.ndarray, "B"] = named("bins.automaton")
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    neuron_mean: Float64[np.ndarray, "H"] = named("neurons.mean")
    neuron_min: Float64[np.ndarray, "H"] = named("neurons.min")
    neuron_below_1: Int64[np.ndarray, "H"] = named("neurons.below_1")
    neuron_ulp: Float64[np.ndarray, "H"] = named("neurons.ulp")  # 2^-23 sum |w|: one ulp of 1 each
    t: Int64[np.ndarray, "P"] = named("by_position.t")
    t_float: Float64[np.ndarray, "P"] = named("by_position.float")
    t_float_neuron: Int64[np.ndarray, "P"] = named("by_position.float_neuron")
    t_automaton: Float64[np.ndarray, "P"] = named("by_position.automaton")
    t_automaton_neuron: Int64[np.ndarray, "P"] = named("by_position.automaton_neuron")
    max_ulp: float  # the published "maximal mantissa perturbation"
    safety_factor: float | None  # published: least margin of any neuron / greatest ulp of any
    least_ratio: float | None  # least over neurons of its own margin / its own ulp


def margins(
    model: Weights | Automaton,
    symbols: np.ndarray,
    *,
    as_published: bool = False,
    tanh: str = "exact",
) -> Margins:
    """Distributions of the margins on `symbols` (T).

    `as_published` bins by fives, the last bin open, as the published table does.

    Raises
    ------
    TextError, OptionError
        On a symbol or tanh that cannot be used.
    """
    automaton = as_automaton(model)
    symbols = check_symbols(symbols, automaton.weights)
    network, own = _both(automaton, symbols, tanh)
    ulp = 2.0**-23 * np.abs(automaton.wh).sum(axis=1, dtype=np.float64)
    edges = np.array(AS_PUBLISHED if as_published else EDGES)
    least = network.min(axis=0) if len(network) else np.full(automaton.hidden, np.nan)
    ratios = least[ulp > 0] / ulp[ulp > 0]
    values, own_values = network.ravel(), own.ravel()
    some = len(values) > 0
    return Margins(
        window=window(len(network)),
        arithmetic=stated("float32", tanh),
        count=values.size,
        **_summary(values),
        **{f"automaton_{key}": value for key, value in _summary(own_values).items()},
        quantile=np.array(QUANTILES),
        quantile_float=quantiles(values),
        quantile_automaton=quantiles(own_values),
        bin_low=edges[:-1],
        bin_high=edges[1:],
        bin_float=np.histogram(values, edges)[0],
        bin_automaton=np.histogram(own_values, edges)[0],
        neuron=np.arange(automaton.hidden),
        neuron_mean=network.mean(axis=0, dtype=np.float64) if some else least,
        neuron_min=least.astype(np.float64),
        neuron_below_1=(network < 1).sum(axis=0),
        neuron_ulp=ulp,
        t=np.arange(len(network)),
        **_least("t_float", network),
        **_least("t_automaton", own),
        max_ulp=float(ulp.max()),
        safety_factor=float(values.min() / ulp.max()) if some and ulp.max() else None,
        least_ratio=float(ratios.min()) if some and len(ratios) else None,
    )


def _both(automaton: Automaton, symbols: np.ndarray, tanh: str) -> tuple[np.ndarray, np.ndarray]:
    """|z| of the float network (float32) and of the automaton (float64), each (n - 1, H)."""
    run = automaton.run(symbols)
    size = (len(symbols) - 1, automaton.hidden)
    network = np.empty(size, np.float32)
    with progress.bar("margins", len(symbols)) as tick:
        for block in blocks(automaton, symbols, free_run=run.states, tanh=tanh):
            part = network[block.first : block.first + len(block.z)]
            part[:] = np.abs(block.z[: len(part)])
            tick(block.first)
    return network, np.abs(run.z(0, size[0]))


def _least(name: str, margins: np.ndarray) -> dict[str, Any]:
    """The least margin of each row and its neuron."""
    neuron = margins.argmin(axis=1)
    return {
        name: margins[np.arange(len(margins)), neuron].astype(np.float64),
        f"{name}_neuron": neuron,
    }


def _summary(values: np.ndarray) -> dict[str, Any]:
    some = len(values) > 0
    return {
        "mean": float(values.mean(dtype=np.float64)) if some else None,
        "below_1": int((values < 1).sum()),
        "below_0_1": int((values < 0.1).sum()),
        "min": float(values.min()) if some else None,
    }


def quantiles(values: np.ndarray) -> np.ndarray:
    """QUANTILES of the values; NaN where there is none, or where some are not finite."""
    if not len(values) or not np.isfinite(values).all():
        return np.full(len(QUANTILES), np.nan)
    return np.quantile(values, QUANTILES).astype(np.float64)
