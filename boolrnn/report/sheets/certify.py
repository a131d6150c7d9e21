"""The sheet of certify: what is proved, in which form, of which symbols."""

from boolrnn.check.certify import Certify
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet


@sheet.register
def _(result: Certify) -> Sheet:
    """The proof in facts; symbols last."""
    asked = "" if result.required is None else f"asked for: {result.required}"
    bound = "after rounding and hidden values inside +-1" if result.form != "bit-exact" else ""
    formats = ", ".join(result.valid_for.tolist()) or None
    ones = ", ".join(result.tanh_is_one.tolist()) or None
    rows = facts(
        ("level", result.level, asked),
        ("form", result.form, ""),
        ("covers", result.covers, ""),
        ("least |z|", result.min_margin, "over start, states and symbols covered"),
        ("least bound", result.least_bound, bound),
        ("number formats", formats, "that it holds in"),
        ("tanh gives 1.0f from 10 on", ones, "tried here"),
        ("outputs", result.outputs, result.outputs_reason or ""),
        ("reason", result.reason, ""),
        ("arithmetic", result.arithmetic, ""),
        ("weights sha256", result.weights_sha256, ""),
    )
    covered = set(result.symbols_certified.tolist())
    names = [(x, show_symbol(x, result.alphabet), x in covered) for x in range(result.vocabulary)]
    names.sort(key=lambda row: row[2])
    return Sheet(
        result.verdict,
        [
            Table("certificate", FACTS, rows),
            Table(
                "symbols",
                (Column("symbol", "d"), Column("reads"), Column("certified in every state")),
                names,
                "Those that are not certified first.",
                limit=8,
            ),
        ],
    )
