"""The sheet of predict: totals by predictor, then every position."""

import numpy as np

from boolrnn.check.predict import Predict
from boolrnn.check.side_by_side import PREDICTORS
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import Column, Rows, Sheet, Table, sheet


@sheet.register
def _(result: Predict) -> Sheet:
    """Four predictors, then positions."""
    totals = [
        (
            name.replace("_", " "),
            getattr(result, f"bpc_{name}"),
            getattr(result, f"top1_{name}"),
            getattr(result, f"top1_agreement_{name}", None),
            getattr(result, f"kl_{name}", None),
        )
        for name in PREDICTORS
    ]
    totals.append(("bias only", result.bpc_bias_only, None, None, None))

    def shown(symbols: np.ndarray) -> list[str]:
        return [show_symbol(x, result.alphabet) for x in symbols.tolist()]

    columns = [Column("t", "d"), Column("true")]
    cells = [result.t, (result.true, shown)]
    for name, short in zip(PREDICTORS, ("float", "signs", "step", "free")):
        columns += [Column(short), Column(f"{short} bits", ".3f")]
        cells += [
            (getattr(result, f"{name}_top")[:, 0], shown),
            getattr(result, f"{name}_bits"),
        ]
    return Sheet(
        f"Next-symbol prediction in four ways, {result.window}, {result.arithmetic}.",
        [
            Table(
                "totals",
                (
                    Column("predictor"),
                    Column("bpc", ".4f"),
                    Column("top-1 right", ".1%"),
                    Column("top-1 as float", ".1%"),
                    Column("KL from float, bits", ".4f"),
                ),
                totals,
                "One step starts from the network's signs one position before; the free run is on its own.",
            ),
            Table("positions", columns, Rows(*cells), "First guess and bits of each predictor.", 12),
        ],
    )
