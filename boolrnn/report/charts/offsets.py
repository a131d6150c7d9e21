"""The charts of offsets: what one replaced symbol changes, by its distance."""

from boolrnn.explain.offsets import Offsets
from boolrnn.report.charts import Chart, chart, charts, table_of, told
from boolrnn.report.charts.marks import NETWORK, profile, values_of

_PARTS = (
    ("bits", "bits changed", "sign bits that differ", "State after one replaced symbol",
     "Sign bits of the state that differ"),
    ("kl", "KL, bits", "divergence, bits", "Prediction after one replaced symbol",
     "Kullback-Leibler divergence, in bits, of the prediction from the network's own"),
)  # fmt: skip


@charts.register
def _(result: Offsets) -> list[Chart]:
    """The state, then the prediction."""
    return [_profile(result, *part) for part in _PARTS]


def _profile(result: Offsets, part: str, field: str, unit: str, title: str, what: str) -> Chart:
    table = table_of(result, "depth")
    spec = profile(table, "d", field, "d, distance", unit, NETWORK)
    definition = told(
        f"{what} after the symbol at distance d was replaced, mean over positions",
        f"{result.variant}; {result.replacements}",
        f"{result.window}, {result.arithmetic}",
    )
    empty = None if values_of(table, field) else "no cases"
    return chart(result, part, title, definition, table, spec, empty=empty)
