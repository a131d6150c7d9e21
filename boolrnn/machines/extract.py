"""extract: the exact minimal machine of a net.

Every bit state that can be reached from the network's start is enumerated, each is labelled by the readout
in exact arithmetic, and states that no word tells apart are merged (Moore and Mealy). Complete, the machine
gives the labels of the sign automaton for all words of all lengths; and those of the float32 network where
states and outputs are certified (boolrnn.machines.speaks). Of nets too large to enumerate the same is given
for what is finite: the states on a text, on a word that is read for ever, or of a closed part of the neurons.
"""

import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from boolrnn.bits import from_words, to_hex
from boolrnn.check.certify import certify
from boolrnn.check.readout import NONE, TEXT, largest_room
from boolrnn.clauses.reach import symbols_among
from boolrnn.errors import OptionError
from boolrnn.graph.cycles import parse_memory
from boolrnn.machines.explore import INTERRUPTED
from boolrnn.machines.gather import (
    Blocks,
    Limits,
    States,
    enumerated,
    outputs_of_part,
    visited_on_text,
    visited_on_word,
)
from boolrnn.machines.machine import MEALY, MOORE, NOTHING, Machine
from boolrnn.machines.merge import Merged, access_of, labels_of, machine_of, merge
from boolrnn.machines.minimise import least_states
from boolrnn.machines.outputs import ARGMAX, Labeller
from boolrnn.machines.replay import replayed
from boolrnn.machines.speaks import NETWORK, REACHABLE, Speaks, speaks, start_stands_out
from boolrnn.machines.visited import closed_part, part_of
from boolrnn.model.automaton import Automaton, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Int64

STATES = 10**7
LISTED = 10**6  # states whose examples are listed
SPELLED = 10**6  # symbols of all shortest words together, if these are listed


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Extract(Result):
    """The minimal machine, state by state, and what it rests on.

    `reachable` counts bit states, the network's start (h = 0, which is none) included; where the enumeration
    is not `complete` it counts those found. `minimal` and `minimal_mealy` are the states of the minimal Moore
    and Mealy machine, None where that is not known; `minimal_at_least` is proved in any case. Any two states
    of the machine are told apart by a word of at most `distinguishing` symbols. Of more than a million states
    no examples are listed, and where words would be very long in all no words but `before` and `symbol`.
    """

    schema = "extract/1"

    verdict: str
    scope: str  # which words the machine speaks of
    outputs: str
    reachable: int
    complete: bool
    stopped_by: str | None
    minimal: int | None
    minimal_mealy: int | None
    minimal_at_least: int
    distinguishing: int | None
    speaks_for: str
    undecided: bool
    interrupted: bool
    seconds: float
    form: str | None = named("certificate.form")
    arithmetic: str | None = named("certificate.arithmetic")
    states_level: str = named("certificate.states")
    states_by: str | None = named("certificate.states_by")
    states_reason: str = named("certificate.states_reason")
    outputs_level: str = named("certificate.outputs")
    outputs_by: str | None = named("certificate.outputs_by")
    outputs_reason: str = named("certificate.outputs_reason")
    least_margin: float | None = named("certificate.least_margin")
    gain_needed: float | None = named("certificate.gain_needed")
    enumeration: str = named("certificate.enumeration")
    replayed: int = named("certificate.replayed")
    replayed_integers: int = named("certificate.replayed_in_integers")
    minimisation: str | None = named("certificate.minimisation")
    machine_kind: str | None = named("machine.kind")
    machine_alphabet: np.ndarray | None = named("machine.alphabet", whole=True)
    machine_symbols: Int64[np.ndarray, "A"] | None = named("machine.symbols", whole=True)
    machine_labels: np.ndarray | None = named("machine.labels", whole=True)
    machine_start: int | None = named("machine.start")
    machine_outputs: np.ndarray | None = named("machine.outputs", whole=True, nullable=True)
    machine_transitions: Int64[np.ndarray, "N A"] | None = named(
        "machine.transitions", whole=True, nullable=True
    )
    state: Int64[np.ndarray, "N"] = named("states.state")
    state_merged: Int64[np.ndarray, "N"] = named("states.merged")
    state_before: Int64[np.ndarray, "N"] = named("states.before", nullable=True)  # one symbol earlier
    state_symbol: Int64[np.ndarray, "N"] = named("states.symbol", nullable=True)  # that leads from there
    state_example: np.ndarray | None = named("states.example")  # hex of a bit state; "start": h = 0 alone
    state_access: np.ndarray | None = named("states.access.members")
    state_offsets: Int64[np.ndarray, "M"] | None = named("states.access.offsets")
    neurons: Int64[np.ndarray, "K"]  # those whose bits make a state
    among: Int64[np.ndarray, "A"]

    @property
    def machine(self) -> Machine | None:
        """The minimal machine; None where it is not known."""
        if self.machine_kind is None or self.machine_transitions is None or self.machine_outputs is None:
            return None
        assert self.machine_alphabet is not None
        assert self.machine_labels is not None
        return Machine(
            kind=self.machine_kind,
            alphabet=tuple(map(str, self.machine_alphabet)),
            labels=tuple(map(str, self.machine_labels)),
            transitions=self.machine_transitions,
            outputs=self.machine_outputs,
            start=self.machine_start or 0,
        )

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the machine file (JSON), with all that it rests on.

        Raises
        ------
        OptionError
            Where there is no machine.
        ResultError
            Where it cannot be written.
        """
        machine = self.machine
        if machine is None:
            raise OptionError(f"{path}: there is no machine to write ({self.stopped_by})")
        said = {k: v for k, v in self.to_json().items() if k not in ("schema", "machine")}
        machine.write(path, symbols=self.among.tolist(), **said)


def extract(
    model: Weights | Automaton,
    symbols: np.ndarray | None = None,
    *,
    among: Sequence[int] | np.ndarray | None = None,
    outputs: str = "argmax",
    kind: str = MOORE,
    word: Sequence[int] | np.ndarray | None = None,
    neurons: Sequence[int] | None = None,
    max_states: int = STATES,
    memory: int | str = "1G",
    budget: float | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    engine: str = "auto",
) -> Extract:
    """The exact minimal machine of a net over the symbols `among` (by default all), from the network's start.

    `outputs` says what is read off a state (boolrnn.machines.outputs), `kind` whether the machine is written
    as a Moore or a Mealy machine; the sizes of both are given. With `symbols` (T) only the states on this
    text and the steps between them are taken; with `word` those while it is read for ever. `neurons` takes
    these, and those that they depend on, as a net of their own, whose label, unless `outputs` says otherwise,
    are their bits. At most `max_states` states and `memory` bytes are used and `budget` seconds spent;
    `checkpoint` names a file that keeps the enumeration, to go on from.

    Raises
    ------
    OptionError, TextError
        On a symbol, a neuron or an option that cannot be used.
    ResultError
        Where the checkpoint belongs to other work.
    """
    began = time.monotonic()
    if kind not in (MOORE, MEALY):
        raise OptionError(f"kind {kind!r}: expected {MOORE} or {MEALY}")
    if max_states < 1:
        raise OptionError(f"max_states {max_states}: expected at least 1")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")
    if symbols is not None and word is not None:
        raise OptionError("word: not with a text; a machine is of one or the other")
    whole = as_automaton(model)
    automaton, part, told = whole, np.arange(whole.hidden), outputs
    if neurons is not None:
        part = closed_part(whole.weights, neurons)
        automaton = part_of(whole.weights, part)
        outputs = f"bits:{','.join(f'h{n}' for n in neurons)}" if outputs == ARGMAX else outputs
        told = outputs_of_part(whole.weights, part, outputs)
    labeller = Labeller(automaton.weights, told)
    limits = Limits(max_states, parse_memory(memory), None if budget is None else began + budget, engine)
    if symbols is None and word is None:
        used = symbols_among(among, automaton.symbols)
        found = enumerated(automaton, used, limits, checkpoint)
    elif among is not None:
        raise OptionError("among: not with a text or a word, whose symbols are those of the machine")
    elif word is None:
        found = visited_on_text(automaton, check_symbols(np.asarray(symbols), automaton.weights), limits)
    else:
        found = visited_on_word(automaton, check_symbols(np.asarray(word), automaton.weights), limits)
    made = _result(automaton, labeller, found, kind, began, symbols)
    return dataclasses.replace(made, outputs=outputs, neurons=part)


def _result(
    automaton: Automaton,
    labeller: Labeller,
    found: States,
    kind: str,
    began: float,
    text: np.ndarray | None,
) -> Extract:
    """Minimise, certify and describe what was found."""
    stopped = found.why == INTERRUPTED  # somebody waits: what is found is said, and no more is computed
    labels = np.zeros(0, np.int64) if stopped else labels_of(labeller, found, automaton.hidden)
    merged = merge(found, labels, kind) if found.complete else None
    blocks = Blocks(found.rows, automaton.hidden) if found.complete else None
    spoken = speaks(automaton, found.symbols, blocks, labeller)
    if not found.every_word:
        spoken = _of_scope(spoken)
    if text is not None and spoken.speaks_for != NETWORK:
        spoken = _along(automaton, labeller, text) or spoken
    least = 1 if stopped else least_states(found.transitions, labels)
    least = merged.moore if merged else least
    return Extract(
        verdict=_verdict(found, merged, spoken, least),
        scope=found.scope,
        outputs=labeller.asked,
        reachable=len(found.rows),
        complete=found.complete,
        stopped_by=found.why or None,
        minimal=merged.moore if merged else None,
        minimal_mealy=merged.mealy if merged else None,
        minimal_at_least=least,
        distinguishing=merged.rounds if merged else None,
        speaks_for=spoken.speaks_for,
        form=spoken.form,
        arithmetic=spoken.arithmetic,
        undecided=not found.complete,
        interrupted=found.why == INTERRUPTED,
        seconds=time.monotonic() - began,
        states_level=spoken.states_level,
        states_by=spoken.states_by,
        states_reason=spoken.states_reason,
        outputs_level=spoken.outputs_level,
        outputs_by=spoken.outputs_by,
        outputs_reason=spoken.outputs_reason,
        least_margin=spoken.least_margin,
        gain_needed=spoken.gain_needed,
        **_checks(automaton, found, merged),
        **_machine(automaton, labeller, found, merged),
        neurons=np.arange(automaton.hidden),
        among=found.symbols,
    )


def _of_scope(spoken: Speaks) -> Speaks:
    """What is proved over the states of some words holds for these words."""
    by = {"states_level": spoken.states_by, "outputs_level": spoken.outputs_by}
    return dataclasses.replace(spoken, **{name: TEXT for name, way in by.items() if way == REACHABLE})


def _along(automaton: Automaton, labeller: Labeller, text: np.ndarray) -> Speaks | None:
    """What is certified along one text, position by position, of its largest outputs; None where that is not
    all."""
    if labeller.kind != ARGMAX or labeller.wy is not automaton.weights.wy:
        return None
    if not start_stands_out(labeller.by, largest_room(labeller.label_of)):
        return None
    proof = certify(automaton, text, outputs=True)
    if proof.level == NONE or proof.outputs in (None, NONE):
        return None
    return Speaks(
        speaks_for=NETWORK,
        states_level=proof.level,
        states_by=proof.covers,
        states_reason=proof.reason,
        form=proof.form,
        outputs_level=str(proof.outputs),
        outputs_by=proof.outputs_by,
        outputs_reason=str(proof.outputs_reason),
        least_margin=proof.min_margin,
        gain_needed=1.0,
    )


def _checks(automaton: Automaton, found: States, merged: Merged | None) -> dict[str, Any]:
    """What was checked again, and how."""
    steps, integers = 0, 0
    if found.why != INTERRUPTED:
        steps, integers = replayed(automaton, found.rows, found.transitions, found.symbols)
    known = int((found.transitions >= 0).sum())
    whole = "complete: every transition leads to a state that is listed" if found.complete else "not complete"
    return {
        "enumeration": f"{whole}; {steps:,} of {known:,} transitions replayed",
        "replayed": steps,
        "replayed_integers": integers,
        "minimisation": merged.checked if merged else None,
    }


def _machine(
    automaton: Automaton, labeller: Labeller, found: States, merged: Merged | None
) -> dict[str, Any]:
    """The machine and its states as fields; without one nothing."""
    names = ("kind", "alphabet", "symbols", "labels", "start", "outputs", "transitions")
    if merged is None:
        none = np.zeros(0, np.int64)
        return {f"machine_{name}": None for name in names} | {
            "state": none,
            "state_merged": none.copy(),
            "state_before": none.copy(),
            "state_symbol": none.copy(),
            "state_example": np.zeros(0, np.str_),
            "state_access": none.copy(),
            "state_offsets": np.zeros(1, np.int64),
        }
    machine = machine_of(merged, automaton, labeller, found.symbols)
    access = access_of(machine, SPELLED)
    count = np.bincount(merged.classes, minlength=machine.states)
    return {
        "machine_kind": machine.kind,
        "machine_alphabet": np.array(machine.alphabet, np.str_),
        "machine_symbols": found.symbols,
        "machine_labels": np.array(machine.labels, np.str_),
        "machine_start": machine.start,
        "machine_outputs": machine.outputs,
        "machine_transitions": machine.transitions,
        "state": np.arange(machine.states),
        "state_merged": count,
        "state_before": access.before,
        "state_symbol": np.where(access.symbol < 0, NOTHING, found.symbols[access.symbol]),
        "state_example": _examples(found, merged, automaton.hidden) if machine.states <= LISTED else None,
        "state_access": None if access.words is None else found.symbols[access.words],
        "state_offsets": access.offsets,
    }


def _examples(found: States, merged: Merged, hidden: int) -> np.ndarray:
    """Of every state a bit state that it merges, as hex; the start alone has none."""
    classes, first = np.unique(merged.classes[1:], return_index=True)
    shown = np.full(int(merged.classes.max()) + 1, "start", dtype=object)
    shown[classes] = to_hex(from_words(found.rows[1:][first], hidden))
    return shown.astype(np.str_)


def _verdict(found: States, merged: Merged | None, spoken: Speaks, least: int) -> str:
    """One sentence."""
    if merged is None:
        return (
            f"Not known: stopped by {found.why} after {len(found.rows):,} bit states, on {found.scope}; "
            f"the minimal machine has at least {least:,}."
        )
    who = "The float32 network" if spoken.speaks_for == NETWORK else "The sign automaton"
    count = merged.moore if merged.kind == MOORE else merged.mealy
    sentence = (
        f"{who} is this {merged.kind.capitalize()} machine of {count:,} state{'s' * (count != 1)} on "
        f"{found.scope}: {len(found.rows):,} bit states, start included, all known"
    )
    if spoken.speaks_for == NETWORK:
        return sentence + "."
    reason = spoken.states_reason if spoken.states_by is None else spoken.outputs_reason
    return f"{sentence}; the float network is not certified to be ({reason})."
