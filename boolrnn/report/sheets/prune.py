"""The sheet of prune: what may go without loss, the tables of each matrix, combinations, neurons."""

import numpy as np

from boolrnn.explain.prune import Prune
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_CUT = (
    Column("threshold", ".4g"),
    Column("zeroed %", ".2f"),
    Column("bpc", ".4f"),
    Column("delta", "+.4f"),
    Column("stable"),
)


@sheet.register
def _(result: Prune) -> Sheet:
    """Totals first; the neurons, where the automaton was asked for, last."""
    tables = [Table("totals", FACTS, _totals(result), result.variant + ".")]
    if result.lossless_matrix is not None:
        tables.append(_lossless(result))
    for name in ("wh", "wx", "wy"):
        if (threshold := getattr(result, f"{name}_threshold")) is not None:
            parts = (getattr(result, f"{name}_{each}") for each in ("zeroed", "bpc", "delta", "stable"))
            note = f"Entries of {name} with |w| < threshold are 0; the net runs again from h = 0."
            tables.append(Table(name, _CUT, _cells(threshold, *parts), note, limit=4))
    if result.combined_k is not None:
        tables.append(_combined(result))
    if result.neuron is not None:
        tables.append(_neurons(result))
    return Sheet(_sentence(result), tables)


def _sentence(result: Prune) -> str:
    parts = []
    if result.lossless_matrix is not None:
        names, shares, read = (
            _given(column).tolist()
            for column in (result.lossless_matrix, result.lossless_zeroed, result.lossless_read)
        )
        listed = ", ".join(
            f"{share:.1f} % of {name}" + (f" ({part:.1f} % of what is read)" if part != share else "")
            for name, share, part in zip(names, shares, read)
        )
        parts.append(f"within {result.tolerance:g} bpc of {_bits(result.baseline)}, {listed} may go")
    elif result.wh_threshold is not None:
        parts.append(f"before pruning the network costs {_bits(result.baseline)} bpc")
    if result.total_percent is not None:
        parts.append(
            f"without changing a state, the automaton can lose {result.total_percent:.1f} % of wh "
            "(greedy: at least so much)"
        )
    words = "; ".join(parts) or "no weights to prune"
    return f"{words[0].upper()}{words[1:]}: {result.window}."


def _bits(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _totals(result: Prune) -> list:
    read = f"never read ({result.unread_percent:.1f} % of wx)"
    same = None if result.total_same is None else "yes" if result.total_same else "NO"
    greedy = f"greedy, of {result.total_wh or 0:,} that are not 0"
    inputs = f"of {result.total_wx or 0:,} that are read and not 0"
    return facts(
        ("bpc", result.baseline, f"baseline, {result.arithmetic}"),
        ("parameters", result.parameters, ""),
        ("largest |wh|", result.wh_max, ""),
        ("mean |wh|", result.wh_mean, ""),
        *((f"|wh| at {p} %", v, "") for p, v in zip(result.percentile, result.percentile_value.tolist())),
        ("unread symbols", result.unread_symbols, read),
        (
            "redux",
            result.redux_parameters,
            f"parameters: k = {result.redux_k}, wh at {result.redux_threshold}",
        ),
        ("automaton: wh, bound", result.total_bound, "weights that the least margins alone let go"),
        ("automaton: wh", result.total_greedy, greedy),
        ("automaton: wh, at most", result.total_at_most, "no set is larger"),
        ("automaton: wx", result.total_wx_removed, inputs),
        ("automaton: wx, unread", result.total_unread, "weights of symbols never read"),
        ("same states without", same, result.total_window or ""),
        ("network without", result.total_network, "bpc of the float network without the same weights"),
    )


def _cells(*columns: np.ndarray) -> Rows:
    """Rows with NaN as empty cells, truths as words, and names as they are."""
    return Rows(*((column, _plain) if column.dtype.kind in "fb" else column for column in columns))


def _plain(part: np.ndarray) -> list:
    if part.dtype.kind == "b":
        return ["yes" if each else "no" for each in part.tolist()]
    return [value if np.isfinite(value) else None for value in part.tolist()]


def _lossless(result: Prune) -> Table:
    columns = (
        Column("matrix"),
        Column("threshold", ".4g"),
        Column("zeroed %", ".2f"),
        Column("of those read %", ".2f"),
        Column("bpc", ".4f"),
        Column("next threshold", ".4g"),
        Column("its bpc", ".4f"),
        Column("lossless again", ".4g"),
        Column("tried", "d"),
    )
    rows = _cells(
        _given(result.lossless_matrix),
        _given(result.lossless_threshold),
        _given(result.lossless_zeroed),
        _given(result.lossless_read),
        _given(result.lossless_bpc),
        _given(result.lossless_next),
        _given(result.lossless_next_bpc),
        _given(result.lossless_again),
        _given(result.lossless_tried),
    )
    note = (
        f"The last threshold before the first loss of more than {result.tolerance:g} bpc, among the "
        "thresholds tried; lossless again: the largest beyond it that does not lose."
    )
    return Table("lossless", columns, rows, note)


def _combined(result: Prune) -> Table:
    columns = (
        Column("k", "d"),
        Column("wh threshold", ".4g"),
        Column("wh kept %", ".2f"),
        Column("bpc", ".4f"),
        Column("parameters", ",d"),
        Column("stable"),
    )
    rows = _cells(
        _given(result.combined_k),
        _given(result.combined_threshold),
        _given(result.combined_kept),
        _given(result.combined_bpc),
        _given(result.combined_parameters),
        _given(result.combined_stable),
    )
    note = "The readout hears the k neurons whose knockouts cost most."
    return Table("combined", columns, rows, note, aside=True)


def _neurons(result: Prune) -> Table:
    columns = (
        Column("neuron"),
        Column("least |z|", ".4g"),
        Column("weights", "d"),
        Column("bound", "d"),
        Column("greedy", "d"),
        Column("at most", "d"),
        Column("largest"),
        Column("wx", "d"),
    )
    rows = _cells(
        _given(result.neuron),
        _given(result.neuron_margin),
        _given(result.neuron_weights),
        _given(result.neuron_bound),
        _given(result.neuron_greedy),
        _given(result.neuron_at_most),
        _given(result.neuron_proved),
        _given(result.neuron_wx),
    )
    ordered = [(f"h{row[0]}", *row[1:]) for row in sorted(rows, key=lambda row: (-row[4], row[0]))]
    note = (
        "Weights of each row of wh that may go without changing a state; bound: by the least margin alone; "
        "largest: whether greedy is proved to be the most; wx: input weights that may go after them."
    )
    return Table("neurons", columns, ordered, note, limit=6)


def _given(column: np.ndarray | None) -> np.ndarray:
    """A column of a table that is there."""
    return np.zeros(0) if column is None else column
