"""The sheet of extract: the verdict, what it rests on, then the states of the minimal machine."""

from typing import Any

import numpy as np

from boolrnn.machines.extract import Extract
from boolrnn.machines.machine import MOORE
from boolrnn.machines.speaks import NETWORK
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

WIDE = 8  # symbols that have a column each

_STATES = (
    "States of the minimal machine, numbered by their shortest words; merges: bit states that no word tells "
    "apart; example: one of them (the start, h = 0, is none)."
)


@sheet.register
def _(result: Extract) -> Sheet:
    """The verdict; counts; the certificate chain; the states with their transitions."""
    known = "" if result.complete else "found so far"
    counts = facts(
        ("bit states", result.reachable, f"the network's start (h = 0) included {known}".strip()),
        ("minimal Moore machine", result.minimal, "states"),
        ("minimal Mealy machine", result.minimal_mealy, "states"),
        ("minimal Moore machine", None if result.complete else result.minimal_at_least, "states or more"),
        ("told apart by", result.distinguishing, "symbols or fewer, any two states of the machine"),
        ("speaks for", result.speaks_for.replace("_", " "), result.scope),
        ("outputs", result.outputs, ""),
        ("seconds", result.seconds, ""),
    )
    tables = [Table("machine", FACTS, counts), _chain(result)]
    if result.machine_transitions is not None:
        tables.append(_states(result))
    return Sheet(result.verdict, tables)


def _chain(result: Extract) -> Table:
    """What the statement rests on, link by link."""
    rows = [
        ("states", result.states_level, result.states_by or "", result.states_reason),
        ("outputs", result.outputs_level, result.outputs_by or "", result.outputs_reason),
        ("enumeration", "complete" if result.complete else "cut off", "", result.enumeration),
        ("minimisation", "checked" if result.minimisation else "none", "", result.minimisation or ""),
    ]
    columns = (Column("link"), Column("level"), Column("by"), Column("because"))
    chain = "sign automaton = all its bit states = minimal machine"
    note = f"{'float32 network = ' if result.speaks_for == NETWORK else ''}{chain}, link by link."
    note = note if result.complete else ""
    if result.gain_needed is not None and result.gain_needed > 1:
        gain = f"States would be certified with wx, wh and bh times {result.gain_needed:.3g}."
        note = f"{note} {gain}".strip()
    if result.arithmetic is not None:
        note = f"{note} Certified for: {result.arithmetic}.".strip()
    return Table("certificate", columns, rows, note)


def _states(result: Extract) -> Table:
    steps, outputs = result.machine_transitions, result.machine_outputs
    assert steps is not None
    assert outputs is not None
    assert result.machine_labels is not None
    assert result.machine_alphabet is not None
    labels = [*map(str, result.machine_labels), "-"]
    names = [str(name) for name in result.machine_alphabet[:WIDE]]
    moore, every = result.machine_kind == MOORE, np.arange(len(steps))

    def after(x: int) -> Any:
        told = None if moore else outputs[:, x]
        return lambda part: [_step(int(steps[n, x]), None if told is None else labels[told[n]]) for n in part]

    columns: list[Column] = [Column("state", "d")]
    cells: list[Any] = [every]
    if moore:
        columns.append(Column("label"))
        cells.append((outputs, lambda part: [labels[k] for k in part]))
    columns += [*map(Column, names), Column("merges", ",d"), Column("word"), Column("example")]
    cells += [*((every, after(x)) for x in range(len(names))), result.state_merged]
    cells.append((every, lambda part: [_word(result, int(n)) for n in part]))
    cells.append((every, lambda part: [_example(result, int(n)) for n in part]))
    left = steps.shape[1] - len(names)
    note = _STATES + (f" {left:,} more symbols: --json." if left else "")
    return Table("states", columns, Rows(*cells), note)


def _step(after: int, label: str | None) -> str:
    if after < 0:
        return "-"
    return f"{after}" if label is None else f"{after} / {label}"


def _example(result: Extract, state: int) -> str | None:
    return None if result.state_example is None else str(result.state_example[state])


def _word(result: Extract, state: int) -> str | None:
    """A shortest word to a state, as its symbols' names."""
    if result.state_offsets is None or result.state_access is None or result.machine_alphabet is None:
        return None
    first, stop = result.state_offsets[state : state + 2].tolist()
    place = {int(x): str(name) for x, name in zip(result.among, result.machine_alphabet)}
    names = [place[x] for x in result.state_access[first:stop].tolist()]
    if not names:
        return "(no symbols)"
    shown = ("" if all(len(name) == 1 for name in names) else " ").join(names)
    return shown if len(shown) <= 40 else shown[:37] + "..."
