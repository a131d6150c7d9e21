"""The sheet of fragility: a map by distance, neuron or position, or the smallest change at a position."""

from typing import Any

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.clauses.answer import SAT, UNSAT
from boolrnn.clauses.fragility import MAP, MARGIN, PREDICTIONS, SYMBOLS, Fragility
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_NEURONS = (
    "Least, median: flips one step before, over positions at which some set of flips changes the bit; "
    "fragile: positions at which one flip does; never: at which none does. All distances: --json or --out."
)
_PREDICTIONS = (
    "Fewest flips of the state's own bits after which another output is the largest (of equal ones the "
    "lowest number counts); none: no set of flips does that. Of several such sets one is listed."
)
_UNIT = {SYMBOLS: "substitution", MARGIN: "flip"}


@sheet.register
def _(result: Fragility) -> Sheet:
    """The map, or the answer with what changes."""
    tables = {MAP: _map, PREDICTIONS: _predictions}.get(result.asks, _answer)(result)
    warnings = [f"{result.note}."] if result.note else []
    if result.interrupted:
        warnings = ["interrupted: this is what was finished"]
    return Sheet(f"{result.question} {_sentence(result)}", tables, warnings)


def _sentence(result: Fragility) -> str:
    if result.verdict == SAT and result.cost_units is not None:
        return f"Yes: at a cost of {result.minimum:.6g}{'' if result.proved else ' at most'}."
    if result.asks == PREDICTIONS and result.verdict == SAT and result.histogram_count is not None:
        often = f"{result.histogram_count[0]:,} of {result.positions:,} positions"
        return f"Yes: {_count(result.minimum, 'flip')} {'do' if result.minimum != 1 else 'does'} at {often}."
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
    cells = _cells(result)
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
        _distances(result, "neuron-steps"),
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


def _predictions(result: Fragility) -> list[Table]:
    offsets, flips = result.prediction_offsets, result.prediction_flips
    assert offsets is not None
    assert flips is not None
    about = facts(
        ("states", result.states, ""),
        ("positions", result.positions, ""),
        ("never", result.cells_never, "positions at which no set of flips changes the prediction"),
        ("least", result.minimum, "flips"),
        ("at position", result.witness_position, ""),
        ("flips", _names(result.witness_flips), "in its state"),
        ("before", _shown(result, result.witness_before), ""),
        ("after", _shown(result, result.witness_after), ""),
    )

    def sets(ends: np.ndarray) -> list[str | None]:
        return [_names(flips[a:b]) if b > a else None for a, b in ends.tolist()]

    def outputs(values: np.ndarray) -> list[Any]:
        return [_shown(result, value) if value >= 0 else None for value in values.tolist()]

    return [
        Table("answer", FACTS, about + _known(result)),
        _distances(result, "positions"),
        Table(
            "predictions",
            (Column("t", "d"), Column("fewest", "d"), Column("flips"), Column("before"), Column("after")),
            Rows(
                result.prediction_t,
                (result.prediction_fewest, _or_none),
                (np.stack([offsets[:-1], offsets[1:]], axis=1), sets),
                (result.prediction_before, outputs),
                (result.prediction_after, outputs),
            ),
            _PREDICTIONS,
            limit=12,
        ),
    ]


def _cells(result: Fragility) -> int:
    """What a map counts: neuron-steps or positions."""
    assert result.histogram_count is not None
    return int(result.histogram_count.sum()) + (result.cells_never or 0)


def _distances(result: Fragility, what: str) -> Table:
    assert result.histogram_count is not None
    share = result.histogram_count / max(_cells(result), 1)
    return Table(
        "distances",
        (Column("flips", "d"), Column(what, ",d"), Column("share", ".2%"), Column("up to", ".2%")),
        Rows(result.histogram_distance, result.histogram_count, share, np.cumsum(share)),
        limit=20,
    )


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
