"""Machine: a finite deterministic machine over named symbols.

Moore: every state has an output; reading a word gives the outputs of the states passed, the start's first.
Mealy: every transition has an output; a word gives one output per symbol, the empty word none. An acceptor is
a Moore machine with the outputs `0` (reject) and `1` (accept).

As JSON (schema machine/1) a machine is one object: `kind`, `alphabet` (names of the symbols, in order),
`labels` (names of the outputs), `start`, `outputs` and `transitions`. `transitions[n][k]` is the state
after symbol k of the alphabet was read in state n; `outputs[n]` (Moore) or `outputs[n][k]` (Mealy) is a
number in `labels`. null stands where a partial machine says nothing.
"""

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import boolrnn
from boolrnn.errors import MachineError
from boolrnn.machines.order import breadth_first
from boolrnn.result import write_whole

SCHEMA = "machine/1"
MOORE, MEALY = "moore", "mealy"
NOTHING = -1  # a transition, or a Mealy output, that a partial machine does not have


@dataclasses.dataclass(frozen=True, eq=False)
class Machine:
    """A deterministic machine of N states over A symbols; arrays are checked once, and read-only.

    `transitions` (N, A) and `outputs` ((N) of a Moore, (N, A) of a Mealy machine) are integers, NOTHING
    where it is partial. `alphabet` and `labels` name symbols and outputs.

    Raises
    ------
    MachineError
        Where the parts do not fit each other, with the first place.
    """

    kind: str
    alphabet: tuple[str, ...]
    labels: tuple[str, ...]
    transitions: np.ndarray  # int64 (N, A)
    outputs: np.ndarray  # int64 (N) or (N, A)
    start: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "alphabet", tuple(self.alphabet))
        object.__setattr__(self, "labels", tuple(self.labels))
        for name in ("transitions", "outputs"):
            value = np.array(getattr(self, name))
            if value.dtype.kind not in "iu" and value.size:
                raise MachineError(f"{name}: {value.dtype}, expected integers")
            value = value.astype(np.int64)
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        _check(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: its picture and its transition table (boolrnn.draw)."""
        # this file is what draw and the report room stand on: the table of contents finds them
        return boolrnn.to_html(boolrnn.draw(self))

    @property
    def states(self) -> int:
        """N, the number of states."""
        return len(self.transitions)

    @property
    def complete(self) -> bool:
        """Whether every state has a transition under every symbol."""
        return bool((self.transitions >= 0).all())

    def run(self, word: Sequence[int] | np.ndarray) -> np.ndarray:
        """The outputs that a word (numbers of symbols) gives: T + 1 of a Moore machine (the start's first),
        T of a Mealy machine; NOTHING from where a partial machine says nothing.

        Raises
        ------
        MachineError
            On a symbol outside the alphabet.
        """
        told = [int(self.outputs[self.start])] if self.kind == MOORE else []
        state = self.start
        for x in np.asarray(word, np.int64).tolist():
            if not 0 <= x < len(self.alphabet):
                raise MachineError(f"symbol {x}: expected 0..{len(self.alphabet) - 1}")
            before, state = state, NOTHING if state < 0 else int(self.transitions[state, x])
            if self.kind == MOORE:
                told.append(NOTHING if state < 0 else int(self.outputs[state]))
            else:
                told.append(NOTHING if before < 0 else int(self.outputs[before, x]))
        return np.array(told, np.int64)

    def breadth_first(self) -> np.ndarray:
        """The states that can be reached, in the order of their shortest words (of these the first in the
        order of the symbols); the start is the first."""
        return breadth_first(self.transitions, self.start)

    def renumbered(self, order: np.ndarray) -> "Machine":
        """The same machine with state order[k] as state k; states that are left out must not be reached.

        `breadth_first()` as the order gives equal arrays for isomorphic machines.
        """
        number = np.full(self.states + 1, NOTHING)
        number[order] = np.arange(len(order))
        return dataclasses.replace(
            self,
            transitions=number[self.transitions[order]],
            outputs=self.outputs[order],
            start=int(number[self.start]),
        )

    def same_as(self, other: "Machine") -> bool:
        """Whether both are the same machine up to the numbers of states: equal kind, symbols and outputs by
        name, and an isomorphism of what can be reached."""
        if self.kind != other.kind or self.alphabet != other.alphabet:
            return False
        left, right = self.renumbered(self.breadth_first()), other.renumbered(other.breadth_first())
        names = [np.array([*machine.labels, ""], dtype=np.str_) for machine in (left, right)]
        told = names[0][left.outputs], names[1][right.outputs]
        return np.array_equal(left.transitions, right.transitions) and np.array_equal(told[0], told[1])

    def to_json(self) -> dict[str, Any]:
        """The machine as one JSON object."""
        return {
            "kind": self.kind,
            "alphabet": list(self.alphabet),
            "labels": list(self.labels),
            "start": self.start,
            "outputs": _nulled(self.outputs),
            "transitions": _nulled(self.transitions),
        }

    def write(self, path: str | os.PathLike[str], **more: Any) -> None:
        """Write it as a machine file (JSON), whole or not at all; `more` stands beside the machine.

        Raises
        ------
        ResultError
            Where it cannot be written.
        """
        payload = {"schema": SCHEMA} | more | self.to_json()
        write_whole(path, (json.dumps(payload) + "\n").encode())


def _nulled(values: np.ndarray) -> list[Any]:
    if (values >= 0).all():
        return values.tolist()
    shown = values.astype(object)
    shown[values < 0] = None
    return shown.tolist()


def as_moore(machine: Machine) -> Machine:
    """A Moore machine that gives the labels of a Mealy machine one symbol later; a Moore machine itself.

    Its states are pairs of a state and the label with which it was entered, as far as there are any, and a
    start that nothing leads to, whose own label (the first) means nothing.
    """
    if machine.kind == MOORE:
        return machine
    count = len(machine.labels)
    pair = np.where(machine.transitions < 0, NOTHING, machine.transitions * count + machine.outputs)
    pairs = np.unique(pair[pair >= 0])
    number = np.searchsorted(pairs, pair) + 1
    number[pair < 0] = NOTHING
    states, labels = np.divmod(pairs, count)
    return Machine(
        kind=MOORE,
        alphabet=machine.alphabet,
        labels=machine.labels,
        transitions=number[[machine.start, *states.tolist()]],
        outputs=np.concatenate([[0], labels]),
        start=0,
    )


def as_mealy(machine: Machine) -> Machine:
    """The machine with the label of the state that each transition leads to: the same labels, but none for
    the word of no symbols."""
    if machine.kind == MEALY:
        return machine
    steps = machine.transitions
    outputs = np.where(steps < 0, NOTHING, machine.outputs[steps])
    return dataclasses.replace(machine, kind=MEALY, outputs=outputs)


def _check(machine: Machine) -> None:
    """Refuse parts that do not fit."""
    alphabet, labels, count = machine.alphabet, machine.labels, len(machine.transitions)
    if machine.kind not in (MOORE, MEALY):
        raise MachineError(f"kind {machine.kind!r}: expected {MOORE} or {MEALY}")
    for what, names in (("alphabet", alphabet), ("labels", labels)):
        bad = next((name for name in names if not isinstance(name, str) or name.endswith("\0")), None)
        if bad is not None:
            raise MachineError(f"{what}: {bad!r}, expected names, none with NUL at its end")
        if len(set(names)) < len(names):
            twice = next(name for k, name in enumerate(names) if name in names[:k])
            raise MachineError(f"{what}: {twice!r} stands in it twice")
    if not alphabet or not labels or not count:
        raise MachineError("a machine needs a state, a symbol and an output")
    if machine.transitions.shape != (count, len(alphabet)):
        raise MachineError(
            f"transitions: shape {machine.transitions.shape}, expected ({count}, {len(alphabet)})"
        )
    shape = (count,) if machine.kind == MOORE else (count, len(alphabet))
    if machine.outputs.shape != shape:
        raise MachineError(f"outputs: shape {machine.outputs.shape}, expected {shape} ({machine.kind})")
    if not 0 <= machine.start < count:
        raise MachineError(f"start {machine.start}: expected a state, 0..{count - 1}")
    _check_range("transitions", machine.transitions, count, NOTHING)
    least = 0 if machine.kind == MOORE else NOTHING
    _check_range("outputs", machine.outputs, len(labels), least)
    if machine.kind == MEALY and ((machine.outputs < 0) != (machine.transitions < 0)).any():
        n, k = np.argwhere((machine.outputs < 0) != (machine.transitions < 0))[0]
        raise MachineError(f"state {n}, symbol {alphabet[k]!r}: a transition and its output stand together")


def _check_range(what: str, values: np.ndarray, count: int, least: int) -> None:
    bad = np.argwhere((values < least) | (values >= count))
    if len(bad):
        place = tuple(bad[0].tolist())
        where = f"state {place[0]}" + (f", symbol number {place[1]}" if len(place) > 1 else "")
        raise MachineError(f"{what}: {values[place]} at {where}, expected 0..{count - 1}")


def machine_of_json(payload: Any) -> Machine:
    """The machine that a JSON object holds: a machine file's, or a result's that has one as `machine`.

    Raises
    ------
    MachineError
        Where it holds none, or its schema is unknown.
    """
    if isinstance(payload, dict) and isinstance(payload.get("machine"), dict):
        payload = payload["machine"]
    elif isinstance(payload, dict) and payload.get("schema", SCHEMA) != SCHEMA:
        raise MachineError(f"schema {payload['schema']!r} holds no machine, expected {SCHEMA}")
    wanted = ("kind", "alphabet", "labels", "transitions", "outputs")
    missing = (
        next((name for name in wanted if name not in payload), None) if isinstance(payload, dict) else ""
    )
    if missing is not None:
        raise MachineError(f"no {missing or 'object'}, expected {', '.join(wanted)} and start")
    return Machine(
        kind=payload["kind"],
        alphabet=_names(payload["alphabet"], "alphabet"),
        labels=_names(payload["labels"], "labels"),
        transitions=_table(payload["transitions"], "transitions"),
        outputs=_table(payload["outputs"], "outputs"),
        start=_whole(payload.get("start", 0)),
    )


def _names(value: Any, what: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise MachineError(f"{what}: expected a list of names")
    bad = [name for name in value if not isinstance(name, str)]
    if bad:
        raise MachineError(f"{what}: {bad[0]!r}, expected names")
    return tuple(value)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise MachineError(f"start {value!r}: expected a state's number")
    return value


def _table(value: Any, what: str) -> np.ndarray:
    """Nested lists of integers and nulls as an array."""
    expected = "expected integers or null, as many in every row"
    try:
        rows = np.array(value, dtype=object)
    except ValueError:
        raise MachineError(f"{what}: {expected}") from None
    if rows.ndim == 0:
        raise MachineError(f"{what}: {value!r:.40}, expected a list")
    flat = [NOTHING if entry is None else entry for entry in rows.ravel().tolist()]
    bad = [entry for entry in flat if type(entry) is not int or abs(entry) > 1 << 62]
    if bad:
        shown = "rows of other lengths" if isinstance(bad[0], list) else f"{bad[0]!r}"
        raise MachineError(f"{what}: {shown:.40}, {expected}")
    return np.array(flat, np.int64).reshape(rows.shape)


def read_machine(path: str | os.PathLike[str]) -> Machine:
    """Read a machine file, or a saved result that holds a machine.

    Raises
    ------
    MachineError
        Where it cannot be read, or holds no machine.
    """
    try:
        payload = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise MachineError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise MachineError(f"{path}: no JSON ({' '.join(str(error).split())})") from None
    try:
        return machine_of_json(payload)
    except MachineError as error:
        raise MachineError(f"{path}: {error}") from None
