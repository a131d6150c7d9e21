"""The text of a page, position by position: arrays over all positions, and names for its symbols.

Values that a verb gives come from its result; the network's signs and sums are traced here once more, because
no result holds them all. Everything starts at the network's start. What is undefined is NaN: there are no
flips at t = 0, and agreement is stated for positions 0..n-2.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.bits import hamming, to_words
from boolrnn.check.agreement import Agreement
from boolrnn.check.predict import Predict
from boolrnn.errors import OptionError
from boolrnn.graph import observed
from boolrnn.model.automaton import Automaton
from boolrnn.model.corpus import show_symbol
from boolrnn.model.rnn import trace
from boolrnn.model.run import Run
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Float32, Int64, UInt8

CELLS = 1 << 18  # positions times neurons that a page holds details of, unless it is told which
_BLOCK = 2048


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """The network on a text of T symbols, and both sums at positions `at` (P).

    `signs` (T, ceil(H/8)): bit j % 8 of byte j // 8 is neuron j. `margin` and `neuron`: the least |z| of each
    position and the (lowest) neuron that has it. `z` (P, 2, H): z of the network, and z of the automaton on
    its own trajectory as the nearest float32.
    """

    signs: UInt8[np.ndarray, "T B"]
    flips: Float32[np.ndarray, "T"]
    margin: Float32[np.ndarray, "T"]
    neuron: Int64[np.ndarray, "T"]
    at: Int64[np.ndarray, "P"]
    z: Float32[np.ndarray, "P 2 H"]


def chosen(
    length: int, hidden: int, bits: np.ndarray | None, asked: str | Sequence[int] | np.ndarray | None = None
) -> Int64[np.ndarray, "P"]:
    """The positions that a page holds details of, ascending.

    `bits` (length - 1) is what each next symbol costs the network; None where the net predicts none, and then
    the last position counts too. All positions where they and the neurons are at most CELLS; of more, as many
    as CELLS allows: the first ones, and as many again that cost the network most (without `bits` the first
    ones only). `asked` names them instead, as numbers or FIRST:STOP:STEP.

    Raises
    ------
    OptionError
        Where `asked` names a position that there is none, or one twice.
    """
    count = length if bits is None else length - 1
    if asked is not None:
        return np.sort(observed.chosen(asked, count))
    most = max(1, CELLS // hidden)
    if bits is None or count <= most:
        return np.arange(min(count, most))
    first = -(-most // 2)
    dear = first + np.argsort(-bits[first:], kind="stable")[: most - first]
    return np.concatenate([np.arange(first), np.sort(dear)])


def seen_on(automaton: Automaton, run: Run, at: Int64[np.ndarray, "P"], tanh: str = "exact") -> Seen:
    """Trace the network over the text of `run`, and sum up both at positions `at` (ascending)."""
    length = len(run.symbols)
    found = Seen(
        signs=np.empty((length, -(-automaton.hidden // 8)), np.uint8),
        flips=np.full(length, np.nan, np.float32),
        margin=np.empty(length, np.float32),
        neuron=np.empty(length, np.int64),
        at=at,
        z=np.empty((len(at), 2, automaton.hidden), np.float32),
    )
    hidden: np.ndarray | None = None
    last = np.zeros((0, automaton.hidden), bool)
    for first in range(0, length, _BLOCK):
        symbols = run.symbols[first : first + _BLOCK]
        part = trace(automaton.weights, symbols, tanh=tanh, initial=hidden)
        _fill(found, first, part.z, last)
        hidden, last = part.hidden[-1], part.bits[-1:]
    for first in range(0, len(at), _BLOCK):
        with np.errstate(over="ignore"):  # sums of huge weights may have no float32
            found.z[first : first + _BLOCK, 1] = _own(automaton, run, at[first : first + _BLOCK])
    return found


def _fill(found: Seen, first: int, z: Float32[np.ndarray, "B H"], last: Bool[np.ndarray, "L H"]) -> None:
    """What a block of the network's sums says; `last` are the signs before it, if there are any."""
    here, bits, margin = slice(first, first + len(z)), z >= 0, np.abs(z)
    found.signs[here] = packed(bits)
    found.neuron[here] = margin.argmin(axis=1)
    found.margin[here] = margin[np.arange(len(z)), found.neuron[here]]
    joined = np.concatenate([last, bits])
    found.flips[first + 1 - len(last) : first + len(z)] = hamming(joined[1:], joined[:-1])
    low, high = np.searchsorted(found.at, [first, first + len(z)])
    found.z[low:high, 0] = z[found.at[low:high] - first]


def _own(automaton: Automaton, run: Run, at: Int64[np.ndarray, "P"]) -> np.ndarray:
    """Exact sums of the automaton's trajectory at some positions, (P, H)."""
    z = np.empty((len(at), automaton.hidden))
    late = at > 0
    if late.any():
        z[late] = automaton.z(run.states[at[late] - 1], run.symbols[at[late]])
    if not late.all():
        start = None if run.initial is None else run.initial[None]
        z[~late] = automaton.z(start, run.symbols[:1])
    return z


def packed(states: Bool[np.ndarray, "T H"]) -> UInt8[np.ndarray, "T B"]:
    """States as bytes: bit j % 8 of byte j // 8 is neuron j."""
    words = np.ascontiguousarray(to_words(states).astype("<u8", copy=False))
    return words.view(np.uint8)[:, : -(-states.shape[1] // 8)]


def arrays(
    automaton: Automaton, seen: Seen, agreement: Agreement, run: Run, predict: Predict | None
) -> dict[str, np.ndarray]:
    """The arrays of a page by name: float32, uint8, or whole numbers as uint16 (uint32 where there are more).

    Those that need predictions are absent where the net makes none (`predict` None).

    Raises
    ------
    OptionError
        Where the results are not of one text.
    """
    length = len(run.symbols)
    counts = {len(seen.signs), len(agreement.t) + 1, *([] if predict is None else [len(predict.t) + 1])}
    if counts != {length}:
        raise OptionError(f"results: of {length} symbols and of {sorted(counts)}, expected one text's")
    flips = np.concatenate([[np.nan], run.flips])
    with np.errstate(over="ignore"):  # margins of huge weights may have no float32
        own = run.least_margin.astype(np.float32)
    found = {
        "symbols": _whole(run.symbols, automaton.symbols),
        "margin_network": seen.margin,
        "margin_automaton": own,
        "neuron_network": _whole(seen.neuron, automaton.hidden),
        "neuron_automaton": _whole(run.least_neuron, automaton.hidden),
        "one_step": _to_end(agreement.t_one_step),
        "free_run": _to_end(agreement.t_free_run),
        "flips_network": seen.flips,
        "flips_automaton": flips.astype(np.float32),
        "signs": seen.signs,
        "states": packed(run.states),
    }
    if predict is not None:
        found |= {
            "bits_network": predict.float_bits.astype(np.float32),
            "bits_automaton": predict.free_run_bits.astype(np.float32),
            "top_network": _whole(predict.float_top[:, 0], automaton.outputs),
            "top_automaton": _whole(predict.free_run_top[:, 0], automaton.outputs),
        }
    return found


def _whole(values: np.ndarray, count: int) -> np.ndarray:
    """Numbers out of 0..count-1 in two bytes each, or four."""
    return values.astype(np.uint16 if count <= 1 << 16 else np.uint32)


def _to_end(values: np.ndarray) -> Float32[np.ndarray, "T"]:
    """Values of positions 0..n-2, and NaN at n-1."""
    return np.append(values, np.nan).astype(np.float32)


def names(weights: Weights) -> dict[str, list[Any]]:
    """How symbols and outputs are shown: `names` in a sentence, `glyphs` in a cell, `bytes` (None where a
    symbol stands for no byte), and `output_names`, which are the symbols' where the net predicts them."""
    numbers = list(range(weights.symbols))
    values = numbers if weights.alphabet is None else weights.alphabet.tolist()
    shown = [show_symbol(k, weights.alphabet) for k in numbers]
    outputs = shown if weights.predicts else [f"output {k}" for k in range(weights.outputs)]
    return {
        "names": shown,
        "glyphs": [_glyph(value) for value in values],
        "bytes": [value if value < 256 else None for value in values],
        "output_names": outputs,
    }


def _glyph(value: int) -> str:
    """A printable ASCII character as it is, what is no ink as a sign, the rest as hex digits."""
    signs = {0x20: "␣", 0x0A: "↵", 0x09: "⇥"}
    return signs.get(value) or (chr(value) if 32 < value < 127 else f"{value:02x}")
