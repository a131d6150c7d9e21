"""rule: one neuron under one symbol, as an explicit threshold rule in integers and as a formula.

With s = 2b - 1, [drive + sum w_j s_j >= 0] is [sum W_j b_j >= T] for integers W_j (the weights in their
common unit) and T = ceil((sum W_j - drive) / 2). A threshold function is unate, so its minimal
disjunctive form is unique and consists of all its prime implicants (Muroga, Threshold Logic and Its
Applications, Wiley 1971); they are enumerated directly from the sorted weights.
"""

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy

from boolrnn.errors import OptionError, TextError
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.exact import python_integers
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Int64, UInt8


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Rule(Result):
    """bit = 1 iff the sum of weight x b over `inputs` >= threshold, b in {0, 1}; all integers, exact.

    z = `scale` x (sum - threshold) + a rest below one `scale`. `formula` is the minimal disjunctive
    form in sympy's notation, or None with the size that stands in its way in `formula_refused`.
    """

    schema = "rule/1"

    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    neuron: int
    symbol: int
    threshold: int
    scale: float
    source: Int64[np.ndarray, "K"] = named("inputs.source")  # heaviest first
    weight: np.ndarray = named("inputs.weight")  # int64, or decimal strings beyond 63 bits
    given_source: Int64[np.ndarray, "G"] = named("given.source")
    given_bit: Int64[np.ndarray, "G"] = named("given.bit")
    constant: int | None  # the bit, where no input can change it
    formula: str | None
    terms: int | None  # prime implicants
    formula_refused: str | None
    drive: float
    low: float  # bounds of z over all states, nothing given
    high: float
    forced: int | None
    least_margin: float | None  # seen on the text that the automaton was compiled with
    least_flips: int | None


@dataclasses.dataclass(frozen=True)
class Threshold:
    """sum weights[k] b[sources[k]] >= threshold over Python integers; `divisor` was divided out."""

    sources: list[int]
    weights: list[int]
    threshold: int
    divisor: int


def threshold_of(automaton: Automaton, neuron: int, symbol: int, given: Mapping[int, int]) -> Threshold:
    """The integer rule of one neuron, heaviest input first, with the given bits put in."""
    unit = int(automaton.row_unit[neuron])
    row = python_integers(automaton.wh[neuron], unit)
    ends = np.array([automaton.bh[neuron], automaton.wx[neuron, symbol]])
    drive = sum(python_integers(ends, unit))
    bound = -((drive - sum(row)) // 2)
    bound -= sum(row[j] for j, bit in given.items() if bit)
    left = [j for j in range(automaton.hidden) if row[j] and j not in given]
    left.sort(key=lambda j: (-abs(row[j]), j))
    divisor = math.gcd(*(row[j] for j in left)) or 1
    return Threshold(left, [row[j] // divisor for j in left], -(-bound // divisor), divisor)


def prime_implicants(rule: Threshold) -> Iterator[list[int]]:
    """Every minimal set of inputs (positions in `rule.sources`) that forces bit 1, each input at the
    value that favours it: 1 for a positive weight, 0 for a negative one."""
    sizes = [abs(w) for w in rule.weights]
    need = rule.threshold - sum(w for w in rule.weights if w < 0)
    if need <= 0:
        yield []
        return
    tail = [0] * (len(sizes) + 1)
    for k in range(len(sizes) - 1, -1, -1):
        tail[k] = tail[k + 1] + sizes[k]
    stack: list[tuple[int, int, list[int]]] = [(0, need, [])]
    while stack:
        k, open_need, chosen = stack.pop()
        if k == len(sizes) or tail[k] < open_need:
            continue
        stack.append((k + 1, open_need, chosen))
        if sizes[k] >= open_need:
            yield [*chosen, k]
        else:
            stack.append((k + 1, open_need - sizes[k], [*chosen, k]))


def rule(
    model: Weights | Automaton,
    neuron: int,
    symbol: int,
    *,
    given: Mapping[int, int] | None = None,
    max_terms: int = 200,
) -> Rule:
    """The rule of `neuron` under `symbol`, with the bits in `given` fixed.

    Raises
    ------
    OptionError
        On a neuron that the net does not have, or `max_terms` below 1.
    TextError
        On a symbol outside the vocabulary.
    """
    automaton = as_automaton(model)
    given = dict(sorted((given or {}).items()))
    for j in (neuron, *given):
        if not 0 <= j < automaton.hidden:
            raise OptionError(f"neuron {j}: expected 0..{automaton.hidden - 1}")
    if any(bit not in (0, 1) for bit in given.values()):
        raise OptionError(f"given {given}: expected bits 0 and 1")
    if not 0 <= symbol < automaton.symbols:
        raise TextError(f"symbol {symbol}: expected 0..{automaton.symbols - 1}")
    if max_terms < 1:
        raise OptionError(f"max_terms {max_terms}: expected 1 or more")
    found = threshold_of(automaton, neuron, symbol, given)
    formula, terms, refused = _formula(found, max_terms)
    return Rule(
        alphabet=automaton.alphabet,
        neuron=neuron,
        symbol=symbol,
        threshold=found.threshold,
        scale=math.ldexp(2.0 * found.divisor, int(automaton.row_unit[neuron])),
        source=np.array(found.sources, dtype=np.int64),
        weight=_as_array(found.weights),
        given_source=np.array(list(given), dtype=np.int64),
        given_bit=np.array(list(given.values()), dtype=np.int64),
        constant=_constant(found),
        formula=formula,
        terms=terms,
        formula_refused=refused,
        **_annotations(automaton, neuron, symbol),
    )


def parse_neuron(text: str) -> int:
    """A neuron's number from `28` or `h28`.

    Raises
    ------
    OptionError
        Where it is neither.
    """
    match = re.fullmatch(r"h?([0-9]{1,9})", text)
    if match is None:
        raise OptionError(f"neuron {text!r}: expected a number such as 28 or h28")
    return int(match[1])


def parse_given(
    texts: tuple[str, ...], automaton: Automaton, symbols: np.ndarray | None, symbol: int
) -> dict[int, bool]:
    """Fixed bits from arguments such as `h3=1,h7=0`, or `constant`: the bits that never change over the
    states in which the automaton, running on `symbols`, reads `symbol`.

    Raises
    ------
    OptionError
        On an argument of another form, or `constant` without a text.
    TextError
        Where the text never reads the symbol from a sign state.
    """
    fixed: dict[int, bool] = {}
    for text in texts:
        for part in text.split(","):
            match = re.fullmatch(r"\s*h?([0-9]{1,9})\s*=\s*([01])\s*", part)
            if part.strip() == "constant":
                more = _constant_bits(automaton, symbols, symbol)
            elif match is not None:
                more = {int(match[1]): match[2] == "1"}
            else:
                raise OptionError(f"given {part[:40]!r}: expected h3=1,h7=0 or the word constant")
            for j, bit in more.items():
                if fixed.setdefault(j, bit) != bit:
                    raise OptionError(f"given {part[:40]!r}: contradicts h{j}={int(fixed[j])}")
    return fixed


def _constant_bits(automaton: Automaton, symbols: np.ndarray | None, symbol: int) -> dict[int, bool]:
    if symbols is None:
        raise OptionError("given constant: needs a TEXT on which bits are constant")
    run = automaton.run(symbols)
    before = run.states[:-1][run.symbols[1:] == symbol]
    if len(before) == 0:
        raise TextError(f"given constant: the text never reads symbol {symbol} after its first")
    steady = np.flatnonzero((before == before[0]).all(axis=0))
    return {int(j): bool(before[0, j]) for j in steady}


def _constant(rule: Threshold) -> int | None:
    if rule.threshold <= sum(w for w in rule.weights if w < 0):
        return 1
    return 0 if rule.threshold > sum(w for w in rule.weights if w > 0) else None


def _formula(rule: Threshold, max_terms: int) -> tuple[str | None, int | None, str | None]:
    """The minimal formula and its number of terms, or why it is not written down."""
    terms: list[list[int]] = []
    for term in prime_implicants(rule):
        if len(terms) == max_terms:
            size = f"more than {max_terms:,} terms over {len(rule.sources)} inputs"
            hint = "fix bits with --given, or raise --max-terms"
            return None, None, f"the minimal formula has {size}; {hint}"
        terms.append(term)
    names = [sympy.Symbol(f"h{j}") for j in rule.sources]
    literals = [
        name if weight > 0 else sympy.Not(name) for name, weight in zip(names, rule.weights, strict=True)
    ]
    parts = [sympy.And(*(literals[k] for k in term)) for term in terms]
    return str(sympy.Or(*parts)), len(terms), None


def _as_array(weights: list[int]) -> np.ndarray:
    if all(abs(w) < 1 << 63 for w in weights):
        return np.array(weights, dtype=np.int64)
    return np.array([str(w) for w in weights])


def _annotations(automaton: Automaton, neuron: int, symbol: int) -> dict[str, Any]:
    at = (neuron, symbol)
    forced = int(automaton.forced[at])
    margin = None if automaton.least_margin is None else float(automaton.least_margin[at])
    flips = None if automaton.least_flips is None else int(automaton.least_flips[at])
    return {
        "drive": float(automaton.drive[at]),
        "low": float(automaton.low[at]),
        "high": float(automaton.high[at]),
        "forced": None if forced < 0 else forced,
        "least_margin": None if margin is None or math.isnan(margin) else margin,
        "least_flips": None if flips is None or flips < 0 else flips,
    }
