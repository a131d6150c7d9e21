"""The sheet of fragility: the map by distance and by neuron, or the smallest change at a position."""

from typing import Any

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.clauses.answer import SAT, UNSAT
from boolrnn.clauses.fragility import MAP, MARGIN, SYMBOLS, Fragility
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_NEURONS = (
    "Least, median: flips one step before, over positions at which some set of flips changes the bit; "
    "fragile: positions at which one flip does; never: at which none does. All distances: --json or --out."
)
_UNIT = {SYMBOLS: "substitution", MARGIN: "flip"}


@sheet.register
def _(result: Fragility) -> Sheet:
    """The map, or the answer with what changes."""
    tables = _map(result) if result.asks == MAP else _answer(result)
    warnings = [f"{result.note}."] if result.note else []
    if result.interrupted:
        warnings = ["interrupted: this is what was finished"]
    return Sheet(f"{result.question} {_sentence(result)}", tables, warnings)


def _sentence(result: Fragility) -> str:
    if result.verdict == SAT and result.cost_units is not None:
        return f"Yes: at a cost of {result.minimum:.6g}{'' if result.proved else ' at most'}."
    if result.verdict == SAT:
        few = "" if result.proved else " at most"
        return f"Yes: {_count(result.minimum, _UNIT.get(result.asks, 'flip'))}{few}."
    if result.verdict == UNSAT:
        return "No." if result.proved else "No, an engine says (no proof)."
    return "Unknown."


def _count(number: Any, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _known(result: Fragility) -> list[tuple[str, Any, str]]:
    """How the answer is known."""
    return facts(
        ("answer", {SAT: "yes", UNSAT: "no"}.get(result.verdict, "unknown"), result.verdict),
        ("proved", result.proved, ""),
        ("engine", result.engine, ""),
        ("certificate", result.certificate, ""),
        ("seconds", result.seconds, ""),
    )


def _map(result: Fragility) -> list[Table]:
    assert result.neuron is not None
    assert result.histogram_distance is not None
    assert result.histogram_count is not None
    cells = int(result.histogram_count.sum()) + (result.cells_never or 0)
    count = result.histogram_count
    about = facts(
        ("states", result.states, ""),
        ("positions", result.positions, ""),
        ("neuron-steps", cells, "from position 1 on"),
        ("never", result.cells_never, "neuron-steps that no set of flips changes"),
        ("least", result.minimum, "flips"),
        ("at position", result.witness_position, ""),
        ("neuron", result.witness_neuron, ""),
        ("flips", _names(result.witness_flips), "in the state before"),
    )
    return [
        Table("answer", FACTS, about + _known(result)),
        Table(
            "distances",
            (
                Column("flips", "d"),
                Column("neuron-steps", ",d"),
                Column("share", ".2%"),
                Column("up to", ".2%"),
            ),
            Rows(
                result.histogram_distance,
                count,
                count / max(cells, 1),
                np.cumsum(count) / max(cells, 1),
            ),
            limit=20,
        ),
        Table(
            "neurons",
            (
                Column("neuron", "d"),
                Column("least", "d"),
                Column("median", "g"),
                Column("fragile", ",d"),
                Column("never", ",d"),
            ),
            Rows(
                result.neuron,
                (result.neuron_least, _or_none),
                result.neuron_median,
                result.neuron_fragile,
                result.neuron_never,
            ),
            _NEURONS,
            limit=10,
        ),
    ]


def _or_none(values: np.ndarray) -> list[int | None]:
    return [value if value >= 0 else None for value in values.tolist()]


def _names(flips: np.ndarray | None) -> str | None:
    return None if flips is None else " ".join(f"h{j}" for j in flips.tolist()) or "none"


def _answer(result: Fragility) -> list[Table]:
    """The answer, and what the witness changes."""
    unit = _UNIT.get(result.asks, "flip")
    about = facts(
        ("states", result.states, ""),
        ("minimum", result.minimum, "sum of |z|" if result.cost_units is not None else f"{unit}s"),
        ("none of at most", result.exhausted, f"{unit}s, all refuted"),
        ("changes", _names(result.witness_flips), f"of states[{result.at}]"),
        ("neuron", result.witness_neuron, ""),
        ("z", result.witness_z, ""),
        ("before", _shown(result, result.witness_before), ""),
        ("after", _shown(result, result.witness_after), ""),
        ("state", None if result.witness_states is None else to_hex(result.witness_states)[0], "changed"),
    )
    tables = [Table("answer", FACTS, about + _known(result))]
    if result.verdict != SAT:
        return tables
    if result.asks == SYMBOLS:
        assert result.witness_positions is not None
        assert result.witness_edits is not None
        shown = [show_symbol(x, result.alphabet) for x in result.witness_edits.tolist()]
        columns = (Column("position", "d"), Column("symbol"), Column("shown"))
        rows = Rows(result.witness_positions, result.witness_edits, shown)
        return [*tables, Table("substitutions", columns, rows)]
    assert result.witness_flips is not None
    assert result.witness_states is not None
    after = result.witness_states[0, result.witness_flips]
    columns = (Column("neuron", "d"), Column("from", "d"), Column("to", "d"))
    rows = Rows(result.witness_flips, (~after).astype(int), after.astype(int))
    return [*tables, Table("flips", columns, rows)]


def _shown(result: Fragility, value: Any) -> Any:
    """A predicted symbol, a rank, or bits."""
    if value is None or result.target == "rank":
        return value
    if result.target == "predicted":
        return show_symbol(value, result.alphabet) if result.symbols_predicted else f"output {value}"
    return " ".join(str(bit) for bit in np.atleast_1d(value).tolist())
