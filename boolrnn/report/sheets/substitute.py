"""The sheet of substitute: how the best replacement compares, scales, blends side by side, every row."""

import numpy as np

from boolrnn.explain.substitute import Substitute
from boolrnn.explain.substituted import MATRICES
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_BITS = ".4f"


@sheet.register
def _(result: Substitute) -> Sheet:
    """Totals; the blends with one column per tensor; all rows last."""
    tables = [Table("totals", FACTS, _totals(result), f"{result.variant[0].upper()}{result.variant[1:]}.")]
    return Sheet(_sentence(result), [*tables, _blends(result), _rows(result)], _warnings(result))


def _sentence(result: Substitute) -> str:
    if result.baseline is None or result.best_bpc is None:
        words = "The trained net has no bits per character here" if result.baseline is None else "No nets"
        return f"{words}: {result.window}, {result.arithmetic}."
    count = f"{result.improving:,}" if result.improving else "none"
    best = f"the cheapest ({result.best_what}, alpha {result.best_alpha:g}) costs {result.best_bpc:.4f}"
    return (
        f"Of {result.compared:,} nets with statistics in place of weights {count} cost less than the trained "
        f"net's {result.baseline:.4f} bpc; {best}: {result.window}, {result.arithmetic}."
    )


def _warnings(result: Substitute) -> list[str]:
    shaky = int((~result.stable).sum())
    if not shaky:
        return []
    words = "1 row moves" if shaky == 1 else f"{shaky:,} rows move"
    return [f"{words} by more than 1e-4 between float32 and float64 (stable: no)"]


def _totals(result: Substitute) -> list:
    families = (("Hebbian", "hebbian"), ("sign-conditioned", "signs"))
    return facts(
        ("trained", result.baseline, f"bpc, {result.arithmetic}"),
        ("trained, float64", result.baseline64, "bpc"),
        ("compared", result.compared, "nets with alpha < 1 and other weights, readouts not optimised"),
        ("improving", result.improving, "of these, below the trained net in both arithmetics"),
        *(
            (f"scale of {name}", getattr(result, f"{key}_{name}"), f"{words} statistic")
            for words, key in families
            for name in MATRICES
        ),
    )


def _blends(result: Substitute) -> Table:
    """bpc by alpha (rows) and by what is replaced (columns); a row of the result that is not stable is
    told in the last column."""
    names = (*MATRICES, "all")
    cells = {
        (what, alpha): (bpc, stable)
        for what, alpha, bpc, stable in zip(
            result.what.tolist(), result.alpha.tolist(), _plain(result.bpc), result.stable.tolist()
        )
    }
    alphas = sorted({alpha for what, alpha in cells if what in names})
    rows = []
    for alpha in alphas:
        found = [cells[name, alpha] for name in names]
        shaky = ", ".join(name for name, (_, stable) in zip(names, found) if not stable)
        rows.append((alpha, *(bpc for bpc, _ in found), shaky))
    columns = (Column("alpha", ".4g"), *(Column(name, _BITS) for name in names), Column("not stable"))
    note = "bpc of alpha times the trained tensor plus 1 - alpha times the Hebbian statistic; all: all five."
    return Table("blends", columns, rows, note)


def _rows(result: Substitute) -> Table:
    columns = (
        Column("what"),
        Column("alpha", ".4g"),
        Column("bpc", _BITS),
        Column("in float64", _BITS),
        Column("change", "+.4f"),
        Column("stable"),
        Column("gap", ".2g"),
    )
    numbers = ((part, _plain) for part in (result.bpc, result.bpc64, result.change))
    words = (result.stable, lambda part: ["yes" if each else "no" for each in part.tolist()])
    order = Rows(result.what, result.alpha, *numbers, words, (result.gap, _plain))
    blended = np.isin(result.what, (*MATRICES, "all"))
    rows = [row for row, below in zip(order, blended.tolist()) if not below]
    rows += [row for row, below in zip(order, blended.tolist()) if below]  # shown above already
    note = "gap: bits by which an optimum may at most lie above the least value of its objective."
    if result.optimiser is not None:
        note = f"wy optimised: {result.optimiser}; {note}"
    return Table("rows", columns, rows, note, limit=len(rows) - int(blended.sum()))


def _plain(part: np.ndarray) -> list:
    """Numbers, None in place of NaN."""
    return [value if np.isfinite(value) else None for value in part.tolist()]
