"""step: one transition of the automaton, and what decided each bit."""

import dataclasses

import numpy as np

from boolrnn.bits import as_bits, signs
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Bool, Float64, Int64, UInt8


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Step(Result):
    """One transition. z = drive + the sum of all contributions wh[i, j] s_j; bit 1 iff z >= 0.

    `sources[i]` and `contributions[i]` list the heaviest inputs of neuron i, by magnitude; from the
    network's start (`state` None) there are none and the drive decides alone.
    """

    schema = "step/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    symbol: int
    state: Bool[np.ndarray, "H"] | None = named("state", hexed=True)
    next: Bool[np.ndarray, "H"] = named("next", hexed=True)
    flips: int | None  # bits of `next` that differ from `state`
    margins: Float64[np.ndarray, "H"]
    neuron: Int64[np.ndarray, "H"] = named("neurons.neuron")
    bit: Int64[np.ndarray, "H"] = named("neurons.bit")
    z: Float64[np.ndarray, "H"] = named("neurons.z")
    drive: Float64[np.ndarray, "H"] = named("neurons.drive")
    sources: Int64[np.ndarray, "H K"] = named("neurons.sources")
    contributions: Float64[np.ndarray, "H K"] = named("neurons.contributions")


def step(
    model: Weights | Automaton,
    symbol: int,
    state: np.ndarray | None = None,
    *,
    top: int = 5,
) -> Step:
    """The state after `symbol` is read in `state` (H bools; default: the network's start).

    `top` heaviest contributions are listed per neuron; 0 lists all.

    Raises
    ------
    StateError
        Where the state is not (H).
    TextError
        On a symbol outside the vocabulary.
    OptionError
        Where `top` is negative.
    """
    automaton = as_automaton(model)
    if top < 0:
        raise OptionError(f"top {top}: expected 0 (all) or more")
    before = None if state is None else as_bits("state", state, (automaton.hidden,))
    symbols = np.array([symbol])
    bits, margins = automaton.step(None if before is None else before[None], symbols)
    after = bits[0]
    sources = np.zeros((automaton.hidden, 0), np.int64)
    contributions = np.zeros((automaton.hidden, 0))
    if before is not None:
        every = automaton.wh.astype(np.float64) * signs(before)
        sources = np.argsort(-np.abs(every), axis=1, kind="stable")[:, : top or None]
        contributions = np.take_along_axis(every, sources, axis=1)
    return Step(
        alphabet=automaton.alphabet,
        symbol=int(symbol),
        state=before,
        next=after,
        flips=None if before is None else int((before != after).sum()),
        margins=margins[0],
        neuron=np.arange(automaton.hidden),
        bit=after.astype(np.int64),
        z=np.where(after, margins[0], -margins[0]),
        drive=automaton.drive[:, symbol],
        sources=sources,
        contributions=contributions,
    )
