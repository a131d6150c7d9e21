"""The charts of attribution: masses of symbols by distance, and exact changes where they were made."""

from boolrnn.explain.attribution import Attribution
from boolrnn.report.charts import Chart, chart, charts, columns_of, table_of, told
from boolrnn.report.charts.marks import (
    AUTOMATON,
    NETWORK,
    catch,
    counted_axis,
    named,
    number,
    plane,
    profile,
    told_apart,
    values_of,
)

_CHANGED = (("flip: bits", "one bit flipped"), ("symbol: bits", "symbol replaced"))


@charts.register
def _(result: Attribution) -> list[Chart]:
    """The profile of gradients; beside it exact changes, where they were asked for."""
    return [_depth(result)] + ([] if result.boolean_d is None else [_changes(result)])


def _depth(result: Attribution) -> Chart:
    table = table_of(result, "depth")
    spec = profile(table, "d", "mass", "d, steps back", "mass, nats")
    definition = told(
        "Mass of the symbol x read d steps before a prediction (0: the last one): sum over the neurons j of "
        "|wx_jx d ln P / d z_j(t - d)|, mean over positions; P: the probability of the symbol that follows",
        "as published, what stands at 0 is no mass of a symbol" if result.nearest else None,
        f"{result.window}, {result.arithmetic} network",
    )
    empty = None if values_of(table, "mass") else "no positions"
    title = "How far back gradients reach"
    return chart(result, "depth", title, definition, table, spec, empty=empty)


def _changes(result: Attribution) -> Chart:
    table = columns_of(
        table_of(result, "boolean"), "d", "flip: n", "flip: bits", "flip: differ", "flip: healed",
        "symbol: n", "symbol: bits", "symbol: differ", "symbol: healed",
    )  # fmt: skip
    x = counted_axis("d", "d, steps back", values_of(table, "d"))
    y = number("value", "bits", scale={"zero": True})
    apart = told_apart([name for _, name in _CHANGED], "series", (NETWORK, AUTOMATON), lines=True)
    spec = plane(
        {"mark": {"type": "line", "point": True}, "encoding": {"x": x, "y": y} | apart},
        catch(table, x=x, y=y),
        transform=named(_CHANGED),
    )
    definition = told(
        "One bit, or the symbol, changed d steps before a prediction: mean change of what the true symbol "
        "costs",
        f"exact steps of the automaton from {result.boolean_states}; {result.boolean_window}",
    )
    empty = None if values_of(table, *(field for field, _ in _CHANGED)) else "no positions"
    return chart(result, "changes", "What exact changes cost", definition, table, spec, empty=empty)
