"""The sheet of harden: what changed, what it cost, and what is certified now."""

from boolrnn.make.harden import Harden
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_MEANING = {
    "certified_always": "its float32 program is its automaton on every text (certified)",
    "certified_text": "its float32 program is its automaton on this text (certified)",
}


@sheet.register
def _(result: Harden) -> Sheet:
    """Facts; the roundings that were tried last."""
    tanh = (Column("net"), Column("as tanh", ".4f"), Column("as signs", ".4f"))
    costs = [
        ("before", result.before_float, result.before_sign_dynamics),
        ("hardened", result.bpc_float, result.bpc_sign_dynamics),
        ("before, validation", result.validation_before_float, result.validation_before_sign),
        ("hardened, validation", result.validation_float, result.validation_sign_dynamics),
    ]
    tables = [
        Table("bits per character", tanh, [row for row in costs if row[1] is not None]),
        Table("net", FACTS, _facts(result)),
        Table(
            "tried",
            (Column("largest |Wh|", "d"), Column("loss", ".4f")),
            Rows(result.tried, result.tried_loss),
            f"Loss in bits per character; allowed: {result.tolerance:g}.",
        ),
    ]
    return Sheet(_sentence(result), tables, [result.warning] if result.warning else [])


def _sentence(result: Harden) -> str:
    net = f"Integers up to {result.max_abs_wh} in Wh, times {result.gain:g}"
    proved = _MEANING.get(result.level, "it is not certified")
    loss = "" if result.loss is None else f"; {result.loss:+.4f} bits per character beside the net before"
    return f"{net}: {proved}{loss}."


def _facts(result: Harden) -> list:
    same = None if result.same_steps is None else f"{result.same_steps:.2%}"
    return facts(
        ("level", result.level, result.reason),
        ("form", result.form, ""),
        ("outputs", result.outputs_level, ""),
        ("least |z|", result.min_margin, ""),
        ("largest |Wh|", result.max_abs_wh, f"{result.wh_bits} bits with its sign"),
        ("largest drive", result.max_abs_drive, ""),
        ("gain", result.gain, ""),
        ("steps as before", same, "of one-step bits on this text"),
        ("epochs of fine-tuning", result.epochs, ""),
        ("H, V", f"{result.hidden}, {result.symbols}", ""),
        ("parameters", result.parameters, "that are not zero"),
        ("seconds", round(result.seconds, 1), ""),
        ("weights sha256", result.weights_sha256, ""),
    )
