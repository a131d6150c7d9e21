"""The sheet of a compiled automaton: exactness, and margins per neuron."""

import numpy as np

from boolrnn.model.automaton import Automaton
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet


@sheet.register
def _(result: Automaton) -> Sheet:
    """Exactness first, then one row per neuron."""
    forced = int((result.forced >= 0).sum())
    about = facts(
        ("neurons, symbols, outputs", f"{result.hidden}, {result.symbols}, {result.outputs}", ""),
        ("start", "h = 0", "the first step uses the drive alone"),
        ("exactness", result.exact_route, "the slowest route that a row needs"),
        ("widest partial sum", result.exact_bits_max, "bits, all rows in the file's lowest unit"),
        (
            "forced bits",
            forced,
            f"of {result.forced.size:,} (neuron, symbol) pairs: no state matters",
        ),
        ("text", result.text_symbols, "symbols seen"),
        ("least margin seen", _least(result.least_margin), "|z| on the text"),
        ("least flip distance seen", _least(result.least_flips), "state bits"),
    )
    columns = [
        Column("neuron", "d"),
        Column("route"),
        Column("bits", "d"),
        Column("sum |w|", ".4f"),
        Column("lowest z", ".4f"),
        Column("highest z", ".4f"),
        Column("forced symbols", "d"),
    ]
    parts = [
        result.row_neuron,
        result.row_route,
        result.row_bits,
        result.sum_abs,
        result.low.min(axis=1),
        result.high.max(axis=1),
        (result.forced >= 0).sum(axis=1),
    ]
    if result.least_margin is not None and result.least_flips is not None:
        flips = np.where(result.least_flips < 0, np.iinfo(np.int64).max, result.least_flips)
        seen = np.where(np.isnan(result.least_margin), np.inf, result.least_margin)
        columns += [Column("least margin", ".3g"), Column("least flips", "d")]
        parts += [seen.min(axis=1), flips.min(axis=1)]
    rows = [
        [None if value == np.iinfo(np.int64).max else value for value in row]
        for row in zip(*(part.tolist() for part in parts))
    ]
    return Sheet(
        "The transition function is exact: no rounding can change a bit.",
        [
            Table("automaton", FACTS, about),
            Table("neurons", columns, rows, "Bounds of z are over all states and symbols.", 12),
        ],
    )


def _least(values: np.ndarray | None) -> float | int | None:
    """The least value that was seen at all."""
    if values is None:
        return None
    known = values[values >= 0] if values.dtype.kind == "i" else values[~np.isnan(values)]
    return known.min().item() if known.size else None
