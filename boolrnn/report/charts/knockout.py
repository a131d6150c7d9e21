"""The charts of knockout: what k neurons cost, kept or removed, and what each one is worth."""

from boolrnn.explain.knockout import Knockout
from boolrnn.report.charts import Chart, chart, charts, columns_of, first_rows, table_of, told
from boolrnn.report.charts.marks import (
    AUTOMATON,
    INK,
    NETWORK,
    catch,
    counted_axis,
    level,
    number,
    plane,
    ranked_bars,
    span,
    told_apart,
    values_of,
)
from boolrnn.report.sheets import Column, Table

_COLOURS = (NETWORK, AUTOMATON, INK)
_SETS = ("first k kept", "best k found", "first k removed")


@charts.register
def _(result: Knockout) -> list[Chart]:
    """The curves of k, then the neurons."""
    return [_curves(result), _neurons(result)]


def _empty(result: Knockout) -> str | None:
    if result.baseline is not None:
        return None
    return "no positions" if result.window == "no positions" else "hidden values overflow"


def _curves(result: Knockout) -> Chart:
    table = _sets(result)
    values = values_of(table, "bpc")
    levels = [value for value in (result.baseline, result.bias_only) if value is not None]
    x = counted_axis("k", "k, neurons", values_of(table, "k"))
    y = number("bpc", "bits per character", **span(values + levels))
    drawn = {name for name, *_ in table.rows}
    sets = [(name, colour) for name, colour in zip(_SETS, _COLOURS) if name in drawn] or [(_SETS[0], INK)]
    apart = told_apart([name for name, _ in sets], "set", [colour for _, colour in sets], lines=True)
    spec = plane(
        {"mark": {"type": "line"}, "encoding": {"x": x, "y": y} | apart},
        catch(table, x=x, y=y),
        *level(result.baseline, "all neurons", side="left", below=True),
        *level(result.bias_only, "output biases alone"),
    )
    searched = f"best k found: {result.search}" if len(result.best_k) else None
    cut = None if result.complete else "sets that the search had not come to yet may be better"
    definition = told(
        f"Cost when the readout hears only the first k neurons of the ranking by {result.rank} (kept), or "
        "all but these (removed); the dynamics stays as it is",
        searched,
        cut,
        f"{result.window}, {result.arithmetic} network",
    )
    title = "How few neurons suffice"
    return chart(result, "curve", title, definition, table, spec, empty=_empty(result))


def _sets(result: Knockout) -> Table:
    """The verb's tables one below the other: rows of (set, k, bpc, stable)."""
    names = {"minimal": ("first k kept", "kept"), "best": ("best k found", "neurons")}
    names["cumulative"] = ("first k removed", "removed")
    rows = []
    for part, (name, count) in names.items():
        if part == "best" and not len(result.best_k):
            continue
        rows += [(name, *row) for row in columns_of(table_of(result, part), count, "bpc", "stable").rows]
    columns = (Column("set"), Column("k", "d"), Column("bpc", ".4f"), Column("stable"))
    return Table("sets of neurons", columns, rows)


def _neurons(result: Knockout) -> Chart:
    table, cut = first_rows(table_of(result, "neurons"))
    spec = ranked_bars(table, "delta", "rank of the neuron", "cost of its knockout, bpc")
    definition = told(
        "Bits per character above those of the full net when the neuron's column of wy is 0; the costliest "
        "first, under 0: the text becomes cheaper",
        f"{result.window}, {result.arithmetic} network",
        cut,
    )
    return chart(result, "neurons", "Each neuron's knockout", definition, table, spec, empty=_empty(result))
