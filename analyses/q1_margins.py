"""Q1 margins: how far sums stay from the threshold, and what a bound of the mantissa's share says.

The published "safety factor" divides the least margin of any neuron by the largest bound of any, and the
bound leaves out the error that earlier steps carried over.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.protocol import Claim, Pair

PROGRAM = "program q1_margins, archived pair"
CLAIMS = (
    Claim("neuron_steps", 130_944, 0, "neuron-steps", PROGRAM, "signs looked at"),
    Claim("mean", 1.3068, 5e-5, "", PROGRAM, "mean margin"),
    Claim("below_1", 68_644, 68, "neuron-steps", PROGRAM, "margins below 1"),
    Claim("below_0_1", 7_836, 7, "neuron-steps", PROGRAM, "margins below 0.1"),
    Claim("bpc", 0.0792, 5e-5, "bpc", PROGRAM, "the network"),
    Claim("sign_readout", 0.1294, 5e-5, "bpc", PROGRAM, "its signs, read out"),
    Claim("perturbation", 2.933e-6, 5e-10, "", PROGRAM, "largest bound of the mantissa's share"),
    Claim(
        "safety_factor",
        4.24,
        0.005,
        "",
        PROGRAM,
        "the mantissa cannot flip any sign",
        but="two different neurons are divided, and carried error is left out",
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.margins, as_published=True)
    yield "neuron_steps", found.count
    yield "mean", found.mean
    yield "below_1", found.below_1
    yield "below_0_1", found.below_0_1
    seen = pair.ask(boolrnn.agreement)
    yield "bpc", seen.bpc_float
    yield "sign_readout", seen.bpc_sign_readout
    yield "perturbation", found.max_ulp
    factor = found.safety_factor
    wide = boolrnn.trace(pair.weights, pair.symbols, arithmetic="float64").z[:-1]
    again = np.abs(wide).min() / found.max_ulp if wide.size and found.max_ulp else None
    note = f"float32 and float64 differ in {seen.sign_differences} signs"
    if found.least_ratio is not None:
        note += f"; the least ratio of a neuron's own margin and bound is {found.least_ratio:.4g}"
    steady = factor is None or again is None or abs(factor - again) <= 1e-4
    yield "safety_factor", factor, note, steady
