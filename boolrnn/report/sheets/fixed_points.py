"""The sheet of fixed points: whether the list is complete, and every state of every cycle."""

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.clauses.fixed_points import FixedPoints
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet


@sheet.register
def _(result: FixedPoints) -> Sheet:
    """Cycles by their least states."""
    period, count = result.period, result.found
    what = "fixed point" if period == 1 else f"cycle of period {period}"
    tables = [
        Table(
            "facts",
            FACTS,
            facts(
                ("found", count, f"{what}{'s' * (count != 1)}"),
                ("complete", "yes" if result.complete else "no", result.note or ""),
                ("neurons", len(result.neurons), result.others),
                ("found by walks", result.simulated, f"from {result.starts:,} states"),
                ("nodes", result.nodes or None, "of the search"),
                ("engine", result.engine, ""),
                ("certificate", result.certificate, ""),
                ("seconds", result.seconds, ""),
            ),
        ),
        Table(
            "states",
            (Column("cycle", ",d"), Column("reading", ",d"), Column("state")),
            Rows(
                np.repeat(np.arange(count), period),
                np.tile(np.arange(period), count),
                (result.states, to_hex),
            ),
            "Bit j of a state is neuron j, before the first symbol of the word; absent neurons are 0.",
        ),
    ]
    warnings = []
    if not result.complete and not result.interrupted:
        warnings = [f"there may be {'more' if count else 'some'}: {result.note}"]
    if result.interrupted:
        warnings = ["interrupted: this is what was finished"]
    return Sheet(f"{result.question} {_sentence(result)}", tables, warnings)


def _sentence(result: FixedPoints) -> str:
    if result.complete and not result.found:
        return "No: all states were covered."
    if result.complete:
        return f"Yes: {_these(result.found)} and no other."
    if result.found:
        return f"Yes: {_these(result.found)}; whether there are others is open."
    return "Unknown: none was found, and that is no proof."


def _these(count: int) -> str:
    return "this one" if count == 1 else f"these {count:,}"
