"""The sheet of run: the trajectory."""

from boolrnn.bits import to_hex
from boolrnn.model.corpus import show_symbol
from boolrnn.model.run import Run
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet


@sheet.register
def _(result: Run) -> Sheet:
    """One row per position."""
    start = "the network's start" if result.initial is None else to_hex(result.initial[None])[0]
    count = len(result.states)
    about = facts(
        ("start", start, ""),
        ("states", count, "one after each symbol"),
        ("distinct states", result.distinct_states, f"of {count:,}"),
        ("flips per step", result.flips_per_step, f"bits, mean over t = 1..{count - 1}"),
        ("least margin", float(result.least_margin.min()), "over the whole run"),
    )
    rows = zip(
        range(count),
        [show_symbol(x, result.alphabet) for x in result.symbols.tolist()],
        to_hex(result.states),
        [None, *result.flips.tolist()],
        result.least_margin.tolist(),
        result.least_neuron.tolist(),
    )
    return Sheet(
        "run",
        f"The automaton passes through {result.distinct_states:,} distinct states.",
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
                list(rows),
                limit=12,
            ),
        ],
    )
