"""The sheet of info: shapes, exactness, tensors, layouts, rows."""

from boolrnn.model.info import Info
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet


@sheet.register
def _(result: Info) -> Sheet:
    """Shapes first; the widest rows last."""
    alphabet = None if result.alphabet is None else repr(result.alphabet)
    about = facts(
        ("hidden H", result.hidden, "neurons"),
        ("symbols V", result.symbols, "inputs"),
        ("outputs O", result.outputs, "" if result.outputs == result.symbols else "no bpc: O != V"),
        ("parameters", result.parameters, ""),
        ("alphabet", alphabet, ""),
        ("format", result.form, f"layout {result.layout}"),
        ("nonlinearity", result.nonlinearity, ""),
        ("file sha256", result.sha256, ""),
        ("weights sha256", result.weights_sha256, "the same in every format"),
        ("exactness", result.exact_route, "the slowest route that a row needs"),
        ("widest partial sum", result.exact_bits_max, "bits, all rows in the file's lowest unit"),
        ("wh above 0.001", result.wh_positive, _mean(result.wh_mean_positive)),
        ("wh below -0.001", result.wh_negative, _mean(result.wh_mean_negative)),
        ("wh near zero", result.wh_near_zero, ""),
        ("fan-in", result.wh_fan_in, "inputs per neuron with |w| > 0.1, mean"),
        ("folding", result.folding, "largest rounding of a folded entry"),
        *(("note", note, "") for note in result.notes.tolist()),
    )
    tensors = Table(
        "tensors",
        (
            Column("tensor"),
            Column("shape"),
            Column("min", ".6g"),
            Column("max", ".6g"),
            Column("mean |w|", ".6g"),
            Column("zeros", ",d"),
        ),
        list(
            zip(
                result.tensor_name.tolist(),
                result.tensor_shape.tolist(),
                result.tensor_min.tolist(),
                result.tensor_max.tolist(),
                result.tensor_mean_abs.tolist(),
                result.tensor_zeros.tolist(),
            )
        ),
    )
    rows = zip(
        result.row_neuron.tolist(),
        result.row_route.tolist(),
        result.row_bits.tolist(),
        result.row_fan_in.tolist(),
    )
    widest = Table(
        "rows",
        (Column("neuron", "d"), Column("route"), Column("bits", "d"), Column("fan-in", "d")),
        sorted(rows, key=lambda row: (-row[2], row[0])),
        "Bits of each row's widest partial sum in its own unit (53 fit a float64); fan-in counts |w| > 0.1.",
        limit=5,
    )
    tables = [Table("file", FACTS, about), tensors, widest]
    if len(result.layout_names):
        layouts = Table(
            "layouts",
            (Column("layout"), Column("bpc", ".4f")),
            list(zip(result.layout_names.tolist(), result.layout_bpc.tolist())),
            f"bits per character on the first {result.layout_window:,} symbols of the text.",
        )
        tables.insert(1, layouts)
    return Sheet(
        f"A net of {result.hidden} neurons over {result.symbols} symbols; every sum is decided exactly.",
        tables,
        [result.warning] if result.warning else [],
    )


def _mean(value: float | None) -> str:
    return "" if value is None else f"mean magnitude {value:.4f}"
