"""The sheet of reason: the answer, the sets where all were asked for, the set shown last."""

import itertools
from typing import Any

import numpy as np

from boolrnn.bits import to_hex
from boolrnn.clauses.answer import SAT, UNSAT
from boolrnn.clauses.reason import ALL, MINIMUM, Reason
from boolrnn.model.corpus import show_symbol
from boolrnn.report.sheets import FACTS, Column, Sheet, Table, facts, sheet


@sheet.register
def _(result: Reason) -> Sheet:
    """What the set is worth, how it is known, its neurons."""
    about = facts(
        ("outcome", _outcome(result, result.outcome), "" if result.bit is None else "of that neuron"),
        ("neurons", _size(result), f"of {len(result.state)}"),
        ("fewest", result.minimum, _fewest(result)),
        ("fewest, at least", result.at_least if result.minimum != result.at_least else None, "proved"),
        ("no part suffices", result.minimal if result.verdict != UNSAT else None, "every neuron is needed"),
        ("all sets listed", result.complete, ""),
        ("with the flips", _flipped(result), "outcome"),
        ("states", result.source, ""),
        ("proved", result.proved, ""),
        ("engine", result.engine, ""),
        ("certificate", result.certificate, ""),
        ("seconds", result.seconds, ""),
    )
    tables = [Table("answer", FACTS, about)]
    if len(result.how):
        rows = list(zip(result.how.tolist(), result.count.tolist()))
        note = "Sets of neurons asked about, by what settled them."
        tables.append(Table("questions", (Column("settled by"), Column("sets", ",d")), rows, note))
    if result.kind == ALL:
        tables.append(_sets(result))
    if result.witness_states is not None:
        tables.append(_members(result))
    warnings = [f"{result.note}."] if result.note is not None else []
    return Sheet(f"{result.question} {_sentence(result)}", tables, warnings)


def _sentence(result: Reason) -> str:
    if result.verdict == UNSAT:
        return "None: the outcome is the same for every state."
    size = _size(result)
    if result.verdict != SAT:
        return "Unknown." if size is None else f"Unknown; {_count(size)} so far."
    if result.kind == ALL:
        whole = "all" if result.complete else "the first"
        reasons, contrasts = (len(offsets) - 1 for offsets in _offsets(result))
        return f"{reasons:,} reasons and {contrasts:,} contrastive sets: {whole} of them."
    if size == 0:
        return "None is needed: the outcome is the same for every state."
    return f"{_count(size)}."


def _count(size: int | None) -> str:
    return f"{size:,} neuron{'s' * (size != 1)}"


def _size(result: Reason) -> int | None:
    shown = result.witness_flips if result.contrastive else result.witness_neurons
    return None if shown is None else len(shown)


def _fewest(result: Reason) -> str:
    if result.kind != MINIMUM and result.complete:
        return "the smallest of the list"
    return "no set is smaller" if result.proved else "the smallest found"


def _outcome(result: Reason, outcome: int | None) -> Any:
    if outcome is None or result.bit is not None:
        return outcome
    return show_symbol(outcome, result.alphabet) if result.symbols_predicted else f"output {outcome}"


def _flipped(result: Reason) -> Any:
    return _outcome(result, result.witness_outcome) if result.contrastive else None


def _offsets(result: Reason) -> tuple[np.ndarray, np.ndarray]:
    assert result.reason_offsets is not None
    assert result.contrast_offsets is not None
    return result.reason_offsets, result.contrast_offsets


def _sets(result: Reason) -> Table:
    """Every set that was found."""
    assert result.reason_members is not None
    assert result.contrast_members is not None
    members = (result.reason_members.tolist(), result.contrast_members.tolist())
    rows = []
    for kind, names, offsets in zip(("reason", "contrastive"), members, _offsets(result)):
        for first, stop in itertools.pairwise(offsets.tolist()):
            rows.append((kind, stop - first, " ".join(f"h{j}" for j in names[first:stop])))
    note = "No part of a set is one of its kind; every reason meets every contrastive set."
    return Table("sets", (Column("kind"), Column("size", "d"), Column("neurons")), rows, note, limit=20)


def _members(result: Reason) -> Table:
    """One row per neuron of the set."""
    shown = result.witness_flips if result.contrastive else result.witness_neurons
    assert shown is not None
    assert result.witness_states is not None
    before = (result.state[shown] * 1).tolist()
    if result.contrastive:
        columns = (Column("neuron"), Column("bit"), Column("flipped"))
        rows = [(f"h{j}", bit, 1 - bit) for j, bit in zip(shown.tolist(), before)]
    else:
        columns = (Column("neuron"), Column("bit"))
        rows = [(f"h{j}", bit) for j, bit in zip(shown.tolist(), before)]
    hexes = to_hex(result.witness_states)
    note = f"State {hexes[0]}" + (f", after {result.steps:,} symbols {hexes[-1]}" if result.steps else "")
    return Table("set", columns, rows, f"{note}.", limit=24)
