"""report: everything about a net on a text as one page, which opens from disk and asks no network.

The page is made of what the verbs answer (boolrnn.report.questions says which, and how they are asked): their
sheets as tables, their charts, and an explorer that leads from the text to any bit. Every number on it is one
that a verb prints; the command stands beside it.
"""

import dataclasses
import os
import threading
import time
from typing import Any

import numpy as np

from boolrnn.errors import OptionError
from boolrnn.graph.observed import chosen
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.weights import Weights
from boolrnn.report import page
from boolrnn.report.ask import INTERRUPTED, NOT_ASKED, ask
from boolrnn.report.content import Content, content
from boolrnn.report.ledger import read_ledgers
from boolrnn.report.questions import Asked, Asking, Names
from boolrnn.result import MadeBy, Result, named
from boolrnn.shapes import Float64, Int64


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Report(Result):
    """Where the page is, what it holds, and how long each question took.

    `reason` is empty for questions that are answered. `detailed` counts the positions with everything about
    them; of the others the page has states, flips, margins and bits.
    """

    schema = "report/1"

    path: str
    bytes: int
    level: str
    verdict: str
    symbols: int  # of the text
    part: int  # positions that the slower questions read at most
    detailed: int
    ledgers: int
    interrupted: bool
    undecided: bool  # the budget was used up before every question was asked
    seconds: float
    question: np.ndarray = named("questions.verb")
    command: np.ndarray = named("questions.command")
    question_seconds: Float64[np.ndarray, "Q"] = named("questions.seconds")
    reason: np.ndarray = named("questions.reason")
    block: np.ndarray = named("blocks.name")
    block_bytes: Int64[np.ndarray, "B"] = named("blocks.bytes")  # in the file


def write_report(
    model: Weights | Automaton,
    symbols: np.ndarray,
    output: str | os.PathLike[str] = "report.html",
    names: Names | None = None,
    made_by: MadeBy | None = None,
    *,
    ledgers: str | os.PathLike[str] | None = None,
    details: str | None = None,
    part: int = 4096,
    budget: float | None = None,
    seed: int = 0,
    tanh: str = "exact",
) -> Report:
    """Write the report of `model` on `symbols` (T) into the file `output`.

    `names` and `made_by` say on the page where net and text come from. `ledgers` is a directory with ledgers
    of claims (JSON, schema ledger/1) to show. `details` names the positions A:B[:STEP] about which the page
    holds everything; without it all, or of long texts the first ones and those that cost the network most.
    Questions that take long read `part` positions at most. After `budget` seconds no further one is asked.

    Raises
    ------
    OptionError, TextError
        On a value or symbol that cannot be used.
    ResultError
        Where a ledger cannot be read, or the page not be written.
    """
    began = time.monotonic()
    if part < 1:
        raise OptionError(f"part {part}: expected at least 1 position")
    if not 0 <= seed < 1 << 32:
        raise OptionError(f"seed {seed}: expected 0..{(1 << 32) - 1}")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    automaton = as_automaton(model)
    symbols = check_symbols(symbols, automaton.weights)
    _check_details(details, len(symbols) - automaton.weights.predicts)
    shown = read_ledgers(ledgers) if ledgers is not None else []
    names, made_by = names or Names("MODEL", "TEXT"), made_by or MadeBy()
    asking = Asking(automaton, symbols, seed, tanh)
    script = threading.Thread(target=page.plot_script, daemon=True)  # bundling needs nothing of ours
    script.start()
    answers = ask(asking, names, part, budget)
    script.join()
    found = content(asking, answers, names, made_by, details)
    size = page.write_page(output, page.render("report.html.j2", ledgers=shown, **found.values()))
    return Report(
        path=os.fspath(output),
        bytes=size,
        level=found.data["level"],
        verdict=found.data["verdict"],
        symbols=len(symbols),
        part=part,
        detailed=found.detailed,
        ledgers=len(shown),
        seconds=time.monotonic() - began,
        **_questions(answers, found.interrupted),
        **_blocks(found),
    )


def _check_details(details: str | None, count: int) -> None:
    """Refuse positions that there are none of before anything long begins."""
    if details is not None and not len(chosen(details, count)):
        raise OptionError(f"details {details}: names no position, expected some of 0..{count - 1}")


def _questions(answers: list[Asked], interrupted: bool) -> dict[str, Any]:
    """How the questions went; `interrupted`: what came after them was."""
    reasons = [asked.reason or "" for asked in answers]
    kept = any(getattr(asked.result, "interrupted", False) for asked in answers)
    return {
        "interrupted": interrupted or kept or INTERRUPTED in reasons,
        "undecided": NOT_ASKED in reasons,
        "question": np.array([asked.question.verb for asked in answers]),
        "command": np.array([asked.command for asked in answers]),
        "question_seconds": np.array([asked.seconds for asked in answers]),
        "reason": np.array(reasons),
    }


def _blocks(found: Content) -> dict[str, Any]:
    """What takes how much room, put together by kind."""
    sizes: dict[str, int] = {}
    for name, text in found.blocks.items():
        kind = name.split("-")[0]
        sizes[kind] = sizes.get(kind, 0) + len(text)
    return {"block": np.array(list(sizes)), "block_bytes": np.array(list(sizes.values()), np.int64)}
