"""The sheet of construct: the register, its readout, and what is certified."""

from boolrnn.make.construct import Construct
from boolrnn.report.sheets import FACTS, Sheet, Table, facts, sheet


@sheet.register
def _(result: Construct) -> Sheet:
    """One table of facts."""
    rows = facts(
        ("bpc", result.bpc_float, "on the text that it was fitted to"),
        ("readout", result.readout, ""),
        ("smoothing", result.smoothing, "chosen on this text"),
        ("scale", result.scale, "chosen on this text"),
        ("register", f"{result.groups} x {result.bits}", "symbols x bits"),
        ("distinct codes", result.distinct, f"of {result.symbols} symbols"),
        ("level", result.level, result.form or ""),
        ("outputs", result.outputs_level, ""),
        ("H, V", f"{result.hidden}, {result.symbols}", ""),
        ("parameters", result.parameters, "that are not zero"),
        ("seconds", round(result.seconds, 1), ""),
        ("weights sha256", result.weights_sha256, ""),
    )
    sentence = f"A register of {result.groups} symbols: {result.bpc_float:.4f} bits per character."
    return Sheet(sentence, [Table("net", FACTS, rows)])
