"""The sheet of preimage: per last symbol what is known, the states that were found, the first walk."""

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.clauses.answer import SAT, UNSAT
from boolrnn.clauses.preimage import Preimage
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import Column, Rows, Sheet, Table, sheet
from boolrnn.shapes import Bool

_KINDS = {"farkas": "sum", "farkas tree": "tree", "farkas trees": "trees"}


@sheet.register
def _(result: Preimage) -> Sheet:
    """Symbols in the order asked, states as found."""
    names = [show_symbol(x, result.alphabet) for x in result.symbol.tolist()]
    start = result.symbol_from_start
    tables = [
        Table(
            "symbols",
            (
                Column("last symbol"),
                Column("verdict"),
                Column("found", ",d"),
                Column("all of them"),
                Column("proved"),
                Column("certificate"),
                Column("from start"),
                Column("engine"),
                Column("seconds", ".3f"),
            ),
            Rows(
                names,
                result.symbol_verdict,
                result.symbol_found,
                (result.symbol_complete, _yes),
                (result.symbol_proved, _yes),
                (result.symbol_certificate, lambda part: [_KINDS.get(name, "") for name in part.tolist()]),
                [None] * len(names) if start is None else _yes(start),
                result.symbol_engine,
                result.symbol_seconds,
            ),
            "Certificate: a sum of constraints in whole numbers that nothing satisfies, or a tree of them; "
            "checked. From start: whether the network's own start, which is no sign state, leads there too.",
            limit=20,
        )
    ]
    if len(result.found):
        read = [show_symbol(x, result.alphabet) for x in result.found_symbol.tolist()]
        what = "predecessor" if result.steps == 1 else f"state {result.steps} symbols back"
        places = Rows(read, (result.found, to_hex))
        tables.append(Table("found", (Column("last symbol"), Column(what)), places))
    if result.witness_states is not None and result.steps > 1:
        assert result.witness_symbols is not None
        read = ["", *(show_symbol(x, result.alphabet) for x in result.witness_symbols.tolist())]
        columns = (Column("symbol read"), Column("state"))
        tables.append(Table("walk", columns, Rows(read, (result.witness_states, to_hex))))
    tables.append(tables.pop(0))
    warnings = ["interrupted: this is what was finished"] if result.interrupted else []
    return Sheet(f"{result.question} {_sentence(result)}", tables, warnings)


def _yes(values: Bool[np.ndarray, "N"]) -> list[str]:
    return ["yes" if value else "no" for value in values.tolist()]


def _sentence(result: Preimage) -> str:
    if result.verdict == SAT:
        some = f"{len(result.found):,} {'are' if len(result.found) > 1 else 'is'} shown"
        return f"Yes: {some}{', and there are no others' if result.complete else ''}."
    if result.verdict != UNSAT:
        return f"Unknown ({result.note})." if result.note else "Unknown."
    how = "proved" if result.proved else f"{result.engine} says so; no proof was checked"
    end = ", and not from the network's start either" if result.from_start is False else ""
    if result.from_start:
        end = "; but the network's start leads there"
    return f"No: no sign state does ({how}){end}."
