"""The charts of coflips: observed against expected Jaccard, and the first pairs."""

import numpy as np

from boolrnn.graph.coflips import Coflips
from boolrnn.report.charts import MOST, Chart, block_length, chart, charts, table_of, told
from boolrnn.report.charts.marks import (
    AUTOMATON,
    FAINT,
    INK,
    NETWORK,
    ONCE,
    category,
    fold,
    number,
    plane,
    told_apart,
    tooltip,
    values_of,
)
from boolrnn.report.sheets import Column, Table

_NAMED = 20  # pairs that have a row of their own
_KINDS = ("more than both nulls", "other pairs")


@charts.register
def _(result: Coflips) -> list[Chart]:
    """All pairs (the first, of many), then the first few by name."""
    return [_scatter(result), _pairs(result)]


def _chosen(result: Coflips, rows: np.ndarray) -> Table:
    """These of the verb's pairs, and on which side of its tests each stands."""
    whole = table_of(result, "pairs")
    names = ("count", "jaccard", "expected", "excess", "q", "q, symbol")
    at = [[column.name for column in whole.columns].index(name) for name in names]
    cells = (whole.rows[k] for k in rows.tolist())
    kinds = [_KINDS[not more] for more in result.pair_edge[rows].tolist()]
    made = [(f"h{row[0]}, h{row[1]}", *(row[k] for k in at), kind) for row, kind in zip(cells, kinds)]
    columns = (Column("pair"), *(whole.columns[k] for k in at), Column("kind"))
    return Table("pairs", columns, made)


def _spread(result: Coflips) -> tuple[np.ndarray, str]:
    """Which tested pairs are drawn: the first ones and, of many, evenly spaced others; and words for it."""
    tested = np.flatnonzero(np.isfinite(result.pair_jaccard) & np.isfinite(result.pair_expected))
    if len(tested) <= MOST:
        return tested, f"all {len(tested):,} pairs tested"
    first, rest = tested[: MOST // 4], tested[MOST // 4 :]
    step = block_length(len(rest), MOST - MOST // 4)
    words = (
        f"drawn: the first {len(first):,} of {len(tested):,} pairs tested, and one in {step} of the others"
    )
    return np.concatenate([first, rest[::step]]), words


def _definition(result: Coflips, *words: str) -> str:
    return told(
        "Jaccard: steps at which both neurons flip / steps at which at least one does; expected: that of "
        "independent neurons with these flip rates",
        *words,
        f"order of the pairs: {result.order}",
        f"{result.window}, {result.source}",
    )


def _empty(result: Coflips) -> str | None:
    return None if result.tested else "no pair of which both flip"


def _scatter(result: Coflips) -> Chart:
    drawn, words = _spread(result)
    table = _chosen(result, drawn)
    top = max([*values_of(table, "jaccard", "expected"), 0.01])
    x = number("expected", "expected Jaccard", scale={"domain": [0, top], "nice": False})
    y = number("jaccard", "observed Jaccard", scale={"domain": [0, top], "nice": False})
    mark = {"type": "point", "filled": True, "size": 20, "opacity": 0.65, "tooltip": tooltip(table)}
    same = {"x": {"datum": 0}, "y": {"datum": 0}, "x2": {"datum": top}, "y2": {"datum": top}}
    note = {"type": "text", "text": "as independent", "align": "right", "dx": -4, "dy": 12, "color": FAINT}
    corner = {"x": {"datum": top}, "y": {"datum": top}}
    spec = plane(
        {"data": ONCE, "mark": {"type": "rule", "color": FAINT, "strokeDash": [4, 3]}, "encoding": same},
        {"data": ONCE, "mark": note, "encoding": corner},
        {"mark": mark, "encoding": {"x": x, "y": y} | told_apart(_KINDS, "kind", (AUTOMATON, FAINT))},
        height=280,
    )
    nulls = (
        f"more than both nulls: above what circular shifts and the symbol read explain, at a false discovery "
        f"rate of {result.q:g} in each test"
    )
    definition = _definition(result, nulls, words)
    return chart(
        result, "jaccard", "Neurons that flip together", definition, table, spec, empty=_empty(result)
    )


def _pairs(result: Coflips) -> Chart:
    pairs = len(result.pair_a)
    table = _chosen(result, np.arange(min(_NAMED, pairs)))
    fields = ("jaccard", "expected")
    x = number("value", "Jaccard", scale={"zero": True})
    y = category("pair", None, [row[0] for row in table.rows])
    line = {"type": "rule", "color": FAINT, "tooltip": tooltip(table)}
    mark = {"type": "point", "filled": True, "size": 42, "opacity": 1, "tooltip": tooltip(table)}
    apart = told_apart(fields, "series", (NETWORK, INK))
    spec = plane(
        {"mark": line, "encoding": {"x": number("jaccard", "Jaccard"), "x2": {"field": "expected"}, "y": y}},
        {
            "mark": mark,
            "encoding": {"x": x, "y": y} | apart,
            "transform": [fold(*fields), {"filter": "isValid(datum.value)"}],
        },
        height=max(60, 15 * len(table.rows)),
    )
    definition = _definition(result, f"the first {len(table.rows):,} of {pairs:,} pairs")
    return chart(result, "pairs", "The first pairs", definition, table, spec, empty=_empty(result))
