"""The sheet of convert: what was written where."""

from boolrnn.model.convert import Convert
from boolrnn.report.sheets import FACTS, Sheet, Table, facts, sheet


@sheet.register
def _(result: Convert) -> Sheet:
    """One table of facts."""
    rows = facts(
        ("written", result.path, result.form),
        ("layout", result.layout, ""),
        ("H, V, O", f"{result.hidden}, {result.symbols}, {result.outputs}", ""),
        ("file sha256", result.sha256, ""),
        ("weights sha256", result.weights_sha256, ""),
        ("folding", result.folding, "largest rounding of a folded entry"),
        *(("note", note, "") for note in result.notes.tolist()),
    )
    return Sheet("Read back, the file holds the same bits.", [Table("file", FACTS, rows)])
