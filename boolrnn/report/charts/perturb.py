"""The charts of perturb: what becomes of one flipped bit, by lag."""

from boolrnn.graph.perturb import Perturb
from boolrnn.report.charts import Chart, chart, charts, columns_of, table_of, told
from boolrnn.report.charts.marks import (
    AUTOMATON,
    NETWORK,
    catch,
    counted_axis,
    level,
    named,
    number,
    plane,
    profile,
    told_apart,
    values_of,
)

_DISTANCES = (("mean distance", "all flips"), ("mean, unhealed", "unhealed flips"))


@charts.register
def _(result: Perturb) -> list[Chart]:
    """How far the two runs are apart, and how many have come together."""
    return [_distance(result), _healed(result)]


def _empty(result: Perturb) -> str | None:
    return None if result.flips else "no flips" if result.possible else "no positions"


def _distance(result: Perturb) -> Chart:
    table = columns_of(
        table_of(result, "lags"), "lag", "flips", "mean distance", "mean, unhealed", "10 %", "50 %", "90 %"
    )
    x = counted_axis("lag", "lag, steps after the flip", values_of(table, "lag"))
    y = number("value", "bits that differ", scale={"zero": True})
    band = {
        "mark": {"type": "area", "color": AUTOMATON, "opacity": 0.15},
        "encoding": {"x": x, "y": number("10 %", "bits that differ"), "y2": {"field": "90 %"}},
    }
    apart = told_apart([name for _, name in _DISTANCES], "series", (AUTOMATON, NETWORK), lines=True)
    lines = {
        "mark": {"type": "line"},
        "encoding": {"x": x, "y": y} | apart,
    }
    spec = plane(band, {"layer": [lines, catch(table, x=x, y=y)], "transform": named(_DISTANCES)})
    spec["layer"] += level(result.unrelated, "two unrelated states")
    definition = told(
        "Bits that differ between the automaton's run with one bit flipped and the one without, mean over "
        "the flips followed that far; healed ones count with 0; band: from the 10 % to the 90 % quantile",
        "unrelated states: 2 sum p (1 - p), p from the rates of the bits",
        result.window,
        f"states: {result.states}",
    )
    title = "How far one flip spreads"
    return chart(result, "distance", title, definition, table, spec, empty=_empty(result))


def _healed(result: Perturb) -> Chart:
    table = columns_of(table_of(result, "lags"), "lag", "flips", "healed")
    spec = profile(
        table, "lag", "healed", "lag, steps after the flip", "flips healed", AUTOMATON,
        scale={"domain": [0, 1]}, axis={"format": "~%"},
    )  # fmt: skip
    definition = told("Share of the flips followed that far whose two runs are the same", result.window)
    empty = _empty(result) or (None if values_of(table, "healed") else "no flips")
    return chart(result, "healed", "How many flips heal", definition, table, spec, empty=empty)
