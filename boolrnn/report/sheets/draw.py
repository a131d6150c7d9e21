"""The sheet of draw: totals, then the transition table."""

from collections.abc import Callable

import numpy as np

from boolrnn.machines.draw import Draw
from boolrnn.machines.machine import MOORE, NOTHING, Machine
from boolrnn.machines.wording import OTHER, Wording
from boolrnn.report.sheets import FACTS, Column, Rows, Sheet, Table, facts, sheet

_COLUMNS = 12  # symbols, or groups of them, that have a column each; beyond, edges have a row each


@sheet.register
def _(result: Draw) -> Sheet:
    """All states, not only those that are drawn."""
    machine = result.machine
    kind = "acceptor" if result.acceptor else f"{machine.kind.capitalize()} machine"
    seen = "all drawn" if not result.left_out else f"the {result.drawn:,} nearest to the start drawn"
    count = f"{result.states:,} state{'s' * (result.states != 1)}"
    tables = [Table("totals", FACTS, _totals(result, machine)), table_of(machine)]
    return Sheet(f"{kind} of {count} over {_symbols(machine)}: {seen}.", tables)


def _symbols(machine: Machine) -> str:
    return f"{len(machine.alphabet):,} symbol{'s' * (len(machine.alphabet) != 1)}"


def _totals(result: Draw, machine: Machine) -> list:
    accepting = int(result.acceptor and _accepting(machine))
    return facts(
        ("states", result.states, f"start: {machine.start}"),
        ("symbols", len(machine.alphabet), ""),
        ("labels", len(machine.labels), "outputs by name"),
        ("accepting states", accepting if result.acceptor else None, "label 1"),
        ("transitions", result.transitions, "complete" if machine.complete else "partial"),
        ("states drawn", result.drawn, "nearest to the start first"),
        ("states left out", result.left_out, "of the picture"),
        ("edges drawn", result.edges, "one from a state to another, with all their symbols"),
        ("edges without words", result.unworded or None, "in the picture, for want of room"),
        ("arrangement", result.arrangement, ""),
    )


def _accepting(machine: Machine) -> int:
    return int((machine.outputs == machine.labels.index("1")).sum()) if "1" in machine.labels else 0


def table_of(machine: Machine) -> Table:
    """The transition table: a row for each state; of a machine whose symbols fall into too many groups a row
    for each edge."""
    wording = Wording(machine)
    groups = groups_of(machine)
    if len(groups) > _COLUMNS:
        return _edges(machine, wording)
    names, told = _headings(wording, groups), wording.labels
    firsts = np.array([group[0] for group in groups])
    columns: list[Column] = [Column("state", "d")]
    cells: list = [np.arange(machine.states)]
    if machine.kind == MOORE:
        columns.append(Column("output"))
        cells.append((machine.outputs, lambda part: [told[y] for y in part.tolist()]))
    columns += [Column(name) for name in names]
    if machine.kind == MOORE:
        cells += [(machine.transitions[:, k], _targets) for k in firsts.tolist()]
    else:
        both = np.stack([machine.transitions, machine.outputs], axis=2)
        cells += [(both[:, k], _pairs(told)) for k in firsts.tolist()]
    note = "Cells: the state after the symbol" + ("" if machine.kind == MOORE else ", and the output")
    note += "; -: there is none" if not machine.complete else ""
    note += f". {OTHER}: all symbols that no other column names" if OTHER in names else ""
    return Table("transitions", columns, Rows(*cells), f"{note}.")


def groups_of(machine: Machine) -> list[np.ndarray]:
    """The symbols, each its own group where they are few; else those together that lead from every state to
    the same state (and, of a Mealy machine, give the same output)."""
    count = len(machine.alphabet)
    if count <= _COLUMNS:
        return [np.array([k]) for k in range(count)]
    rows = machine.transitions.T
    if machine.kind != MOORE:
        rows = np.concatenate([rows, machine.outputs.T], axis=1)
    known: dict[bytes, list[int]] = {}
    for k in range(count):
        known.setdefault(np.ascontiguousarray(rows[k]).tobytes(), []).append(k)
    return [np.array(group) for group in known.values()]


def _headings(wording: Wording, groups: list[np.ndarray]) -> list[str]:
    """Names of the columns; the longest is `other` where that is shorter."""
    names = [",".join(wording.symbols(group)) for group in groups]
    longest = max(range(len(names)), key=lambda k: len(names[k]))
    if len(names) > 1 and len(names[longest]) > len(OTHER):
        names[longest] = OTHER
    return names


def _targets(part: np.ndarray) -> list[int | None]:
    return [None if state == NOTHING else state for state in part.tolist()]


def _pairs(told: list[str]) -> Callable[[np.ndarray], list[str | None]]:
    """What turns pairs of a state and an output into cells."""
    return lambda part: [None if n == NOTHING else f"{n}/{told[y]}" for n, y in part.tolist()]


def _edges(machine: Machine, wording: Wording) -> Table:
    """One row from a state to another."""
    moore = machine.kind == MOORE
    columns = [Column("state", "d"), Column("output"), Column("symbols"), Column("to", "d")]
    rows: list = []
    for n in range(machine.states):
        own = wording.labels[machine.outputs[n]] if moore else None
        for target, groups in wording.edges(n).items():
            for group in groups:
                rows.append((n, own if moore else group.output, ",".join(group.names), target))
    note = f"{OTHER}: all symbols that no other row of the state names."
    return Table("transitions", columns, rows, note)
