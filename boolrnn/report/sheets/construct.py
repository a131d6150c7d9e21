"""The sheet of construct: what the net costs, its features, its readout, and what is certified."""

from boolrnn.make.construct import Construct
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet


@sheet.register
def _(result: Construct) -> Sheet:
    """Costs first, then facts; bpc along the text last."""
    along = Table(
        "blocks",
        (Column("from position", ",d"), Column("bpc", ".4f")),
        list(zip(result.block_first.tolist(), result.block_bpc.tolist(), strict=True)),
        "Equal parts of the text, each from this position to the next.",
        limit=6,
        aside=True,
    )
    return Sheet(_sentence(result), [Table("net", FACTS, _facts(result), f"{result.variant}."), along])


def _sentence(result: Construct) -> str:
    what = f"{result.groups:,} symbols" if result.groups != 1 else "1 symbol"
    kind = "Contexts of up to" if result.features == "contexts" else "A register of"
    if result.variant.startswith("as published") and result.bpc_held_out is not None:
        return (
            f"{kind} {what}: {result.bpc_train:.4f} bits per character on the part that was counted, "
            f"{result.bpc_held_out:.4f} on the part that chose the settings."
        )
    if result.bpc_held_out is None:
        return f"{kind} {what}: {result.bpc_all:.4f} bits per character on the text that it was fitted to."
    return (
        f"{kind} {what}: {result.bpc_held_out:.4f} bits per character on held-out text, "
        f"{result.bpc_train:.4f} on what it was fitted to."
    )


def _facts(result: Construct) -> list:
    held, chosen = result.split_held_out, result.split_validation
    decoded = (
        None if result.groups_checked is None else f"{result.groups_decoded:,}/{result.groups_checked:,}"
    )
    return facts(
        ("bpc, held out", result.bpc_held_out, "" if held is None else f"positions from {held:,} on"),
        ("bpc, train", result.bpc_train, _train(result)),
        ("bpc, all", result.bpc_all, "network"),
        ("bpc of signs, all", result.bpc_sign_dynamics, "automaton"),
        ("bpc, register full", result.bpc_filled, _filled(result)),
        ("lowest bpc, train", result.bpc_lowest, "no readout of these states does better"),
        ("features", result.features, f"{result.groups} x {result.bits}"),
        ("distinct codes", result.distinct_codes, f"of {result.symbols} symbols"),
        ("least distance", result.least_distance, "bits in which two symbols' codes differ"),
        ("groups decoded", decoded, "spell the symbol that they should, on this text"),
        ("readout", result.readout, "" if chosen is None else f"settings by positions from {chosen:,} on"),
        ("ridge" if result.readout.startswith("least") else "smoothing", result.smoothing, ""),
        ("scale", result.scale, ""),
        ("l2", result.l2, "penalty"),
        ("iterations", result.iterations, ""),
        ("optimality gap", result.optimality_gap, f"bits at most; proof: {result.optimality_proof}"),
        ("level", result.level, result.form or ""),
        ("outputs", result.outputs_level, ""),
        ("H, V", f"{result.hidden}, {result.symbols}", ""),
        ("parameters", result.parameters, "that are not zero"),
        ("fitted parameters", result.parameters_fitted, "of the readout"),
        ("seconds", round(result.seconds, 1), ""),
        ("weights sha256", result.weights_sha256, ""),
    )


def _filled(result: Construct) -> str:
    where = f"positions from {result.groups} on"
    return where if result.scale_filled is None else f"{where}, with a scale of {result.scale_filled:g}"


def _train(result: Construct) -> str:
    return "the whole text" if result.bpc_held_out is None else "the positions before it"
