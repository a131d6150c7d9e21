"""The sheet of cycles: one row per input, one per cycle."""

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.graph.cycles import OPEN, Cycles
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import Column, Rows, Sheet, Table, sheet

_RARE = (
    "Random starts find cycles by the size of their basins: a fixed point or short cycle that few states "
    "lead to is not found this way, however many starts there are."
)
_EVERY = "Every state was started: there is no other cycle."


@sheet.register
def _(result: Cycles) -> Sheet:
    """Inputs as they were asked for, cycles by basin."""
    names = labels(result)
    counts = np.diff(result.cycle_offsets)
    owner = np.repeat(np.arange(len(names)), counts)
    done = np.where(result.transients == OPEN, np.nan, result.transients)
    periods = np.split(result.cycle_period, result.cycle_offsets[1:-1])
    tables = [
        Table(
            "inputs",
            (
                Column("input"),
                Column("resolved", ".0%"),
                Column("cycles", "d"),
                Column("longest", ",d"),
                Column("mean transient", ",.1f"),
                Column("visited", ",d"),
                Column("effective states", ".3g"),
                Column("effective low", ".3g"),
                Column("effective high", ".3g"),
                Column("expected mean", ",.1f"),
            ),
            Rows(
                names,
                result.resolved,
                counts,
                [max(part.tolist(), default=None) for part in periods],
                [float(row[~np.isnan(row)].mean()) if (~np.isnan(row)).any() else None for row in done],
                [None if v == OPEN else v for v in result.visited.tolist()],
                result.effective,
                result.effective_low,
                result.effective_high,
                result.expected,
            ),
            "Effective states: of the uniformly random mapping that such walks look like, with its 95 % "
            "interval; expected: its mean transient, and its mean period.",
            limit=16,
        ),
        Table(
            "cycles",
            (
                Column("input"),
                Column("period", ",d"),
                Column("basin", ",d"),
                Column("share", ".0%"),
                Column("active bits", "d"),
                Column("least state"),
            ),
            Rows(
                [names[k] for k in owner],
                result.cycle_period,
                result.cycle_basin,
                result.cycle_basin / result.starts,
                result.cycle_active,
                (result.cycle_example, to_hex),
            ),
            f"Basin: starts that end there, of {result.starts:,}. A second stepper checked every cycle. "
            + (_EVERY if result.complete else _RARE),
            limit=16,
        ),
    ]
    warnings = []
    if result.undecided and not result.interrupted:
        warnings = ["the budget ended first: some starts have not come to their cycles"]
    if result.interrupted:
        warnings = ["interrupted: this is what was finished"]
    return Sheet(f"{result.verdict}.", tables, warnings)


def labels(result: Cycles) -> list[str]:
    """The inputs as people read them."""
    if result.symbol is not None:
        return [show_symbol(x, result.alphabet) for x in result.symbol.tolist()]
    assert result.word is not None
    return [f"'{word}'" for word in result.word.tolist()]
