"""The sheet of run: the trajectory."""

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.model.corpus import show_symbol
from boolrnn.model.run import Run
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: Run) -> Sheet:
    """One row per position."""
    start = "the network's start" if result.initial is None else to_hex(result.initial[None])[0]
    count = len(result.states)
    about = facts(
        ("start", start, ""),
        ("states", count, "one after each symbol"),
        ("distinct states", result.distinct_states, f"of {count:,}, positions 0..{count - 1}"),
        ("flips per step", result.flips_per_step, f"bits, mean over t = 1..{count - 1}"),
        ("least margin", float(result.least_margin.min()), "over the whole run"),
    )
    rows = Rows(
        np.arange(count),
        (result.symbols, lambda part: [show_symbol(x, result.alphabet) for x in part.tolist()]),
        (result.states, to_hex),
        (np.concatenate([[-1], result.flips]), lambda part: [None if f < 0 else f for f in part.tolist()]),
        result.least_margin,
        result.least_neuron,
    )
    return Sheet(
        _sentence(result),
        [
            Table("run", FACTS, about),
            Table(
                "states",
                (
                    Column("t", "d"),
                    Column("symbol"),
                    Column("state"),
                    Column("flips", "d"),
                    Column("least margin", ".3g"),
                    Column("of neuron", "d"),
                ),
                rows,
                limit=12,
            ),
        ],
    )


def _sentence(result: Run) -> str:
    count, hidden = result.states.shape
    said = f"The automaton passes through {result.distinct_states:,} distinct states in {count:,} positions"
    if result.flips_per_step is None:
        return f"{said}."
    return f"{said}; {result.flips_per_step:.3g} of its {hidden:,} bits flip per step."
