"""Q5 redux: wh and wx pruned by magnitude, alone and with few neurons in the readout.

The published thresholds fit weights thirty times as large; the grid that fits this file is boolrnn's own.
"""

from collections.abc import Iterator
from typing import Any

import boolrnn
from analyses.protocol import Claim, Pair

PROGRAM = "program q5_redux, archived pair"
CLAIMS = (
    Claim("wh_0.5", 8.3724, 5e-5, "bpc", PROGRAM, "wh below 0.5 removed"),
    Claim("wh_0.5_zeroed", 98.74, 5e-3, "%", PROGRAM, "of wh is below 0.5"),
    Claim("wh_1", 5.1434, 5e-5, "bpc", PROGRAM, "wh below 1 removed"),
    Claim("wh_none", 5.7097, 5e-5, "bpc", PROGRAM, "all of wh removed"),
    Claim("wx_0.5", 5.0622, 5e-5, "bpc", PROGRAM, "wx below 0.5 removed"),
    Claim("wx_none", 13.2785, 5e-5, "bpc", PROGRAM, "all of wx removed"),
    Claim("top_15_wh_1", 4.6773, 5e-5, "bpc", PROGRAM, "15 neurons, wh below 1 removed"),
    Claim("top_15_wh_2", 4.8671, 5e-5, "bpc", PROGRAM, "15 neurons, wh below 2 removed"),
    Claim("top_30_wh_0", 0.7072, 5e-5, "bpc", PROGRAM, "30 neurons, all of wh"),
    Claim("percentile_50", 0.0466, 5e-5, "", PROGRAM, "median |wh|"),
    Claim("percentile_90", 0.1857, 5e-5, "", PROGRAM, "90th percentile of |wh|"),
    Claim("percentile_99", 0.5368, 5e-5, "", PROGRAM, "99th percentile of |wh|"),
    Claim("wh_mean", 0.0805, 5e-5, "", PROGRAM, "mean |wh|"),
    Claim("redux_parameters", 36_992, 0, "parameters", PROGRAM, "15 neurons, wh below 2 removed"),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    found = pair.ask(boolrnn.prune, as_published=True)
    for name, threshold, at in (("wh_0.5", 0.5, "wh"), ("wh_1", 1.0, "wh"), ("wh_none", 10.0, "wh")):
        yield name, *_row(found, at, threshold)
    k = found.wh_threshold.tolist().index(0.5)
    yield "wh_0.5_zeroed", found.wh_zeroed[k]
    for name, threshold in (("wx_0.5", 0.5), ("wx_none", 10.0)):
        yield name, *_row(found, "wx", threshold)
    rows = list(zip(found.combined_k.tolist(), found.combined_threshold.tolist(), strict=True))
    for name, row in (("top_15_wh_1", (15, 1.0)), ("top_15_wh_2", (15, 2.0)), ("top_30_wh_0", (30, 0.0))):
        k = rows.index(row) if row in rows else None
        if k is None:
            yield name, None, "this net has fewer neurons"
        else:
            yield name, found.combined_bpc[k], "", bool(found.combined_stable[k])
    values = dict(zip(found.percentile.tolist(), found.percentile_value.tolist(), strict=True))
    for percent in (50, 90, 99):
        yield f"percentile_{percent}", values[percent]
    yield "wh_mean", found.wh_mean
    yield "redux_parameters", found.redux_parameters


def _row(found: boolrnn.Prune, matrix: str, threshold: float) -> tuple[float, str, bool]:
    """bpc of a matrix pruned at a published threshold, a remark, and whether it is stable."""
    k = getattr(found, f"{matrix}_threshold").tolist().index(threshold)
    return getattr(found, f"{matrix}_bpc")[k], "", bool(getattr(found, f"{matrix}_stable")[k])
