"""The bit-exact form of a certificate: sums that no float32 program can round, and a tanh that gives 1.

In a row whose entries are all multiples of 2^k, every partial sum is one too; where the magnitudes add up
to at most 2^24 2^k, each is a float32, whatever the order. Where moreover no |z| is under 10, tanh z
rounds to 1 or -1 (1 - tanh z < 2^-25 from z = 13 ln 2 = 9.011 on; NumPy's float32 tanh needs 10), so hidden
values are signs, exactly, and by induction the program is the automaton bit for bit. The same argument holds
in narrower formats.
"""

import dataclasses
import functools
import importlib.util

import numpy as np

from boolrnn.check.bounds import Certificate, least_margins, lowered, refused
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, BoolTrace
from boolrnn.model.exact import lowest_bit, python_integers
from boolrnn.model.tanh import system_tanh32
from boolrnn.shapes import Int64

SATURATED = 10.0


@dataclasses.dataclass(frozen=True)
class Format:
    """A binary floating-point format: significand bits, exponent of the least normal, a bound of sums."""

    name: str
    bits: int
    lowest: int
    largest: int
    factors: int  # significand bits that a factor of a product keeps


FORMATS = (
    Format("fp32", 24, -126, 1 << 128, 24),
    Format("tf32", 24, -126, 1 << 128, 11),  # only the factors are shortened; products and sums are float32
    Format("fp16", 11, -14, 65504, 11),
    Format("bf16", 8, -126, 1 << 128, 8),
)


def fits(matrix: np.ndarray, inputs: np.ndarray, bias: np.ndarray, form: Format = FORMATS[0]) -> np.ndarray:
    """Which rows' sums bias + inputs[:, x] +- matrix are exact in a format, in any order, for all x.

    `matrix` (R, N), `inputs` (R, V), `bias` (R): finite float32. Returns bool (R).
    """
    entries = np.concatenate([matrix, inputs, bias[:, None]], axis=1)
    units = lowest_bit(entries)
    return np.array([_row_fits(row, int(unit), matrix.shape[1], form) for row, unit in zip(entries, units)])


def _row_fits(entries: np.ndarray, unit: int, size: int, form: Format) -> bool:
    row = entries[:size]
    whole = [abs(n) for n in python_integers(np.concatenate([row[row != 0], entries[size:]]), unit)]
    size = len(whole) - (len(entries) - size)
    total = sum(whole[:size]) + max(whole[size:-1]) + whole[-1]
    shortened = any(n and (n // (n & -n)).bit_length() > form.factors for n in whole[:-1])
    high = total << unit if unit >= 0 else total >> -unit
    return not shortened and total <= 1 << form.bits and unit >= form.lowest and high < form.largest


@functools.cache
def ones(torch: bool = True) -> tuple[str, ...]:
    """The tanhs of this machine (NumPy's, libm's, and unless `torch` is False torch's where installed, which
    takes a second to load) by name, if all of them give exactly 1.0f from 10 on; none otherwise.

    Tried at 10, at powers of two above it and at 4,096 values between; monotone in between.
    """
    rng = np.random.default_rng(0)
    values = np.concatenate([[SATURATED], rng.uniform(SATURATED, 64, 4096), 2.0 ** np.arange(4, 128)])
    values = values.astype(np.float32)
    tried = {"numpy": lambda: np.concatenate([np.tanh(values), [np.tanh(values[0])]])}
    tried["libm"] = lambda: system_tanh32(values)
    if torch and importlib.util.find_spec("torch") is not None:
        tried["torch"] = lambda: importlib.import_module("torch").from_numpy(values).tanh().numpy()
    names = []
    for name, function in tried.items():
        try:
            if not (function() == np.float32(1)).all():
                return ()
            names.append(name)
        except OptionError:  # no libm is found
            continue
    return tuple(names)


def _refusal(automaton: Automaton, symbols: np.ndarray, form: Format) -> str:
    """Why sums over `symbols` are not exact in a format; empty where they are."""
    if automaton.folded is not None:
        return "the file's own program adds an embedding or two biases"
    rows = fits(automaton.wh, automaton.wx[:, symbols], automaton.bh, form)
    if rows.all():
        return ""
    return f"h{int((~rows).argmax())}: its sums need more than {form.bits} bits"


def valid_for(automaton: Automaton, symbols: Int64[np.ndarray, "S"]) -> list[str]:
    """The number formats in which every sum over `symbols` is exact."""
    return [form.name for form in FORMATS if not _refusal(automaton, symbols, form)]


def exact_symbols(automaton: Automaton) -> Certificate:
    """Level 4 in the bit-exact form, for all texts over the symbols that it names."""
    if automaton.folded is not None:
        return refused(_refusal(automaton, np.arange(automaton.symbols), FORMATS[0]))
    least = np.minimum(least_margins(automaton), np.abs(automaton.drive.T))
    covered = np.flatnonzero((least >= SATURATED).all(axis=1))
    if len(covered) and _refusal(automaton, covered, FORMATS[0]):
        alone = [x for x in covered if not _refusal(automaton, np.array([x]), FORMATS[0])]
        covered = np.array(alone or covered[:1])
    if not len(covered):
        i = int(least.min(axis=0).argmin())
        margin = float(least[:, i].min())
        return refused(f"|z| of h{i} may be {margin:.3g}, under {SATURATED}", margin, i)
    why = _refusal(automaton, covered, FORMATS[0])
    if why:
        return refused(why)
    margin = lowered(automaton, float(least[covered].min()))
    none = np.zeros(automaton.hidden)
    reason = "every sum is exact in float32 and no state brings |z| under 10"
    return Certificate(True, margin, None, None, reason, margin, none, covered)


def exact_text(automaton: Automaton, run: BoolTrace) -> Certificate:
    """Level 3 in the bit-exact form: the text of `run`, a trajectory from the network's start."""
    if run.initial is not None:
        return refused("the automaton was started elsewhere than the network")
    why = _refusal(automaton, np.unique(run.symbols), FORMATS[0])
    if why:
        return refused(why)
    least = np.inf
    for first in range(0, len(run.symbols), 4096):
        margins = np.abs(run.z(first, first + 4096))
        if margins.min() < SATURATED:
            t, i = (int(k) for k in np.unravel_index(margins.argmin(), margins.shape))
            reason = f"at t = {first + t}, h{i}: |z| is {margins.min():.3g}, under {SATURATED}"
            return Certificate(False, float(margins.min()), first + t, i, reason)
        least = min(least, float(margins.min()))
    reason = "every sum on this text is exact in float32 and no |z| is under 10"
    margin = lowered(automaton, least)
    return Certificate(True, margin, None, None, reason, margin, np.zeros(automaton.hidden))
