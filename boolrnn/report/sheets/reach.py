"""The sheet of reach: the answer, the search by length, then the word."""

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.clauses.answer import SAT, UNSAT
from boolrnn.clauses.reach import Reach
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_LEVELS = (
    "Words: of that length. New: distinct {kind} not met with shorter words, each of which is followed once; "
    "-: looked at, not counted."
)


@sheet.register
def _(result: Reach) -> Sheet:
    """The verdict, levels by length, the word symbol by symbol."""
    kind = "states" if result.versus is None else "pairs of different states"
    verb = {SAT: "yes", UNSAT: "no"}.get(result.verdict, "unknown")
    about = facts(
        ("answer", verb, result.verdict),
        ("shortest word", result.minimum, "symbols; no shorter word leads there"),
        ("all words looked at", result.searched if result.verdict != SAT else None, "symbols and fewer"),
        ("words of every length", "yes" if result.closed else None, f"no new {kind} appear any more"),
        (kind, result.states, "kept"),
        ("steps", result.steps, ""),
        ("engine", result.engine, ""),
        ("seconds", result.seconds, ""),
    )
    tables = [Table("answer", FACTS, about)]
    if len(result.level_length) or result.verdict != SAT:
        columns = (Column("length", "d"), Column("words", ",.6g"), Column("new", ",d"))
        rows = Rows(result.level_length, result.level_words, (result.level_states, _known))
        tables.append(Table("lengths", columns, rows, _LEVELS.format(kind=kind)))
    if result.verdict == SAT:
        tables.append(_word(result))
    warnings = [f"{result.note}."] if result.note is not None else []
    return Sheet(f"{result.question} {_sentence(result)}", tables, warnings)


def _sentence(result: Reach) -> str:
    if result.verdict == SAT:
        return f"Yes: {result.minimum:,} symbol{'s' * (result.minimum != 1)}."
    if result.verdict != UNSAT:
        return "Unknown."
    return "No, and no longer word does either." if result.closed else "No: all of them were looked at."


def _word(result: Reach) -> Table:
    """One row per symbol, before them the starts."""
    assert result.witness_symbols is not None
    assert result.witness_states is not None
    shown = [show_symbol(x, result.alphabet) for x in result.witness_symbols.tolist()]
    columns = [Column("symbol"), Column("shown"), Column("state")]
    cells = [[None, *result.witness_symbols.tolist()], ["start", *shown]]
    cells.append([_start(result.start), *to_hex(result.witness_states)])
    if result.versus_states is not None:
        columns.append(Column("versus"))
        cells.append([_start(result.versus), *to_hex(result.versus_states)])
    note = f"Predicted at the end: {_output(result, result.witness_output)}"
    if result.versus_output is not None:
        note += f" and {_output(result, result.versus_output)}"
    return Table("word", columns, list(zip(*cells, strict=True)), f"{note}.")


def _start(state: np.ndarray | None) -> str:
    return "the network's start" if state is None else to_hex(state[None])[0]


def _output(result: Reach, output: int | None) -> str:
    if result.symbols_predicted and output is not None:
        return show_symbol(output, result.alphabet)
    return f"output {output}"


def _known(values: np.ndarray) -> list[int | None]:
    return [value if value >= 0 else None for value in values.tolist()]
