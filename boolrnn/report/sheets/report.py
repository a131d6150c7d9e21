"""The sheet of report: where the page is, what it holds, and what was asked."""

import numpy as np

from boolrnn.report.report import Report
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_BLOCKS = {
    "chart": "data of charts",
    "text": "states, and values by position",
    "details": "predictions, reasons and fewest flips",
    "z": "sums z of every neuron",
    "neurons": "what each neuron does",
    "graph": "the graph and its layout",
}


@sheet.register
def _(result: Report) -> Sheet:
    """The page's size and parts; every question last."""
    unanswered = sum(reason != "" for reason in result.reason.tolist())
    said = "" if not unanswered else f", {unanswered} of them without an answer"
    sentence = (
        f"{result.path}: everything about this net on this text, {result.bytes / 1e6:.1f} MB that open from "
        f"disk ({len(result.question)} questions{said}). {result.verdict}"
    )
    everything = facts(
        ("size", result.bytes, "bytes"),
        ("text", result.symbols, "symbols"),
        ("positions with details", result.detailed, "all have states, flips, margins and bits"),
        ("slower questions read", result.part, "positions at most"),
        ("ledgers of claims", result.ledgers, ""),
        ("seconds", result.seconds, ""),
    )
    return Sheet(
        sentence,
        [
            Table("page", FACTS, everything),
            Table(
                "data in it",
                (Column("part"), Column("bytes", ",d"), Column("")),
                Rows(result.block, result.block_bytes, (result.block, _described)),
                "Compressed, as they stand in the file.",
            ),
            Table(
                "questions",
                (Column("verb"), Column("seconds", ".2f"), Column("no answer"), Column("command")),
                Rows(result.question, result.question_seconds, result.reason, result.command),
            ),
        ],
        _warnings(result),
    )


def _described(names: np.ndarray) -> list[str]:
    return [_BLOCKS[name] for name in names.tolist()]


def _warnings(result: Report) -> list[str]:
    if result.interrupted:
        return ["interrupted: the page holds what was finished"]
    return ["the budget ended first: the page holds what was finished"] if result.undecided else []
