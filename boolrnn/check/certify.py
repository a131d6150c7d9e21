"""certify: a proof that the float32 program is the automaton, as a file that anybody can check.

certified_always   on every text of every length
certified_text     on every text over some symbols, and TEXT uses no others; or along TEXT
none               neither is proved, and why

Two forms. *bit-exact*: no sum can be rounded and tanh gives 1 everywhere, so hidden values are signs,
exactly. *sign-exact*: hidden values may fall short of +-1 by a bound that can never move a sign.
"""

import dataclasses
import hashlib
import os
from typing import Any

import numpy as np

from boolrnn.check.bounds import Certificate, certify_symbols, certify_text
from boolrnn.check.certificate import BIT_EXACT, FORMAT, SIGN_EXACT, write_certificate
from boolrnn.check.exact_sums import FORMATS, exact_symbols, exact_text, fits, ones, valid_for
from boolrnn.check.readout import ALWAYS, NONE, TEXT, Outputs, certify_outputs
from boolrnn.errors import OptionError
from boolrnn.model.automaton import Automaton, BoolTrace, as_automaton
from boolrnn.model.corpus import check_symbols
from boolrnn.model.weights import Weights
from boolrnn.result import Result, named
from boolrnn.shapes import Float64, Int64, UInt8

LEVELS = (NONE, TEXT, ALWAYS)
EVERY, OVER, THIS = "every text", "every text over the covered symbols", "this text"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Certify(Result):
    """What is proved. `symbols_certified` lists the symbols that keep every state certified;
    `symbols_refused` the others; `min_margin` is the least |z| that is covered."""

    schema = "certify/1"

    level: str
    form: str | None
    verdict: str
    required: str | None
    holds: bool | None
    covers: str | None
    min_margin: float | None
    least_bound: float | None  # what rounding leaves of it, where the form is sign-exact
    symbols_certified: Int64[np.ndarray, "S"]
    symbols_refused: Int64[np.ndarray, "R"]
    valid_for: np.ndarray
    outputs: str | None  # level of the outputs; None where they were not asked for
    outputs_by: str | None
    outputs_reason: str | None
    reason: str
    arithmetic: str | None
    tanh_is_one: np.ndarray  # bit-exact: tanhs of this machine that give 1.0f from 10 on
    text_symbols: int | None
    hidden: int
    vocabulary: int
    readout_size: int
    weights_sha256: str
    text_sha256: str | None
    alphabet: UInt8[np.ndarray, "V"] | None = named("alphabet", quiet=True)
    shortfall: Float64[np.ndarray, "H"] | None = named("shortfall", quiet=True)
    file_adds: Float64[np.ndarray, "H"] | None = named("file_adds", quiet=True)
    file_terms: int = named("file_terms", quiet=True)
    covered: Int64[np.ndarray, "C"] = named("covered", quiet=True)  # symbols that the file speaks of

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the certificate file (its format: boolrnn/check/certificate.py).

        Raises
        ------
        OptionError
            Where nothing is certified.
        ResultError
            Where it cannot be written.
        """
        if self.level == NONE:
            raise OptionError(f"{path}: there is no certificate to write ({self.reason})")
        write_certificate(_body(self), path)


def certify(
    model: Weights | Automaton,
    symbols: np.ndarray | None = None,
    *,
    require: str | None = None,
    outputs: bool = False,
) -> Certify:
    """Prove that float32 program and automaton have the same signs: on every text, or on `symbols` (T).

    `require` names the level that must hold (the result says whether it does), for the outputs too where
    `outputs` asks for them.

    Raises
    ------
    TextError, OptionError
        On a symbol or level that does not exist.
    """
    if require is not None and require not in LEVELS:
        raise OptionError(f"level {require!r}: expected one of {', '.join(LEVELS)}")
    automaton = as_automaton(model)
    run = None
    if symbols is not None:
        run = automaton.run(check_symbols(symbols, automaton.weights))
    proof = prove(automaton, run)
    read = certify_outputs(automaton, proof.states, proof.level, proof.exact, run) if outputs else None
    held = [LEVELS.index(level) for level in (proof.level, read.level if read else ALWAYS)]
    holds = None if require is None else min(held) >= LEVELS.index(require)
    return _result(automaton, run, proof, read, require, holds)


@dataclasses.dataclass(frozen=True)
class Proof:
    """The strongest level, the certificate behind it, its form, and what it covers."""

    level: str
    states: Certificate
    exact: bool
    covers: str | None
    everywhere: Certificate  # level 4 for as many symbols as possible


def prove(automaton: Automaton, run: BoolTrace | None) -> Proof:
    """The strongest level that holds; of two forms the bit-exact one."""
    forms = [(certify_symbols(automaton), False)]
    if ones():
        forms.insert(0, (exact_symbols(automaton), True))
    met = np.arange(automaton.symbols) if run is None else np.unique(run.symbols)
    everywhere = max(forms, key=lambda form: len(_covered(form[0])))[0]
    for states, exact in forms:
        if len(_covered(states)) == automaton.symbols:
            return Proof(ALWAYS, states, exact, EVERY, states)
    for states, exact in forms:
        if run is not None and np.isin(met, _covered(states)).all():
            return Proof(TEXT, states, exact, OVER, everywhere)
    if run is None:
        best = everywhere if everywhere.holds else forms[-1][0]
        return Proof(NONE, _partly(best, automaton), False, None, everywhere)
    if ones():
        along = exact_text(automaton, run)
        if along.holds:
            return Proof(TEXT, along, True, THIS, everywhere)
    along = certify_text(automaton, run)
    return Proof(TEXT if along.holds else NONE, along, False, THIS if along.holds else None, everywhere)


def _covered(states: Certificate) -> np.ndarray:
    """The symbols that a level 4 certificate covers; none where it does not hold."""
    return np.zeros(0, np.int64) if states.symbols is None else states.symbols


def _partly(states: Certificate, automaton: Automaton) -> Certificate:
    """Without a text, symbols that are certified are no level."""
    if not states.holds or states.symbols is None:
        return states
    count = f"{len(states.symbols)} of {automaton.symbols} symbols"
    return dataclasses.replace(states, holds=False, reason=f"only texts over {count} are certified")


def _result(
    automaton: Automaton,
    run: BoolTrace | None,
    proof: Proof,
    read: Outputs | None,
    require: str | None,
    holds: bool | None,
) -> Certify:
    states, holding = proof.states, proof.level != NONE
    covered = _covered(proof.everywhere)
    met = _covered(states) if proof.covers != THIS or run is None else np.unique(run.symbols)
    formats = _formats(automaton, met, read) if proof.exact else ["fp32"]
    return Certify(
        level=proof.level,
        form=("bit-exact" if proof.exact else "sign-exact") if holding else None,
        verdict=_verdict(proof, states, read),
        required=require,
        holds=holds,
        covers=proof.covers,
        min_margin=states.least_margin if holding else None,
        least_bound=states.least_bound,
        symbols_certified=covered,
        symbols_refused=np.setdiff1d(np.arange(automaton.symbols), covered),
        valid_for=np.array(formats if holding else [], dtype=np.str_),
        outputs=read.level if read else None,
        outputs_by=read.by if read else None,
        outputs_reason=read.reason if read else None,
        reason=states.reason,
        arithmetic=(BIT_EXACT if proof.exact else SIGN_EXACT) if holding else None,
        tanh_is_one=np.array(ones() if proof.exact else [], dtype=np.str_),
        text_symbols=None if run is None else len(run.symbols),
        hidden=automaton.hidden,
        vocabulary=automaton.symbols,
        readout_size=automaton.outputs,
        weights_sha256=automaton.weights.sha256(),
        text_sha256=None if run is None else hashlib.sha256(run.symbols.tobytes()).hexdigest(),
        alphabet=automaton.alphabet,
        shortfall=states.shortfall if holding and not proof.exact else None,
        file_adds=None if automaton.folded is None else automaton.folded.max(axis=1) * (1 + 2.0**-40),
        file_terms=automaton.folded_terms,
        covered=met,
    )


def _formats(automaton: Automaton, symbols: np.ndarray, read: Outputs | None) -> list[str]:
    """Number formats in which everything that is certified holds."""
    found = valid_for(automaton, symbols)
    if read is None or read.by is None:
        return found
    zeros = np.zeros((automaton.outputs, 1), np.float32)
    exact = [form.name for form in FORMATS if fits(automaton.wy, zeros, automaton.by, form).all()]
    return [name for name in found if name == "fp32" or (read.by == "exact sums" and name in exact)]


def _verdict(proof: Proof, states: Certificate, read: Outputs | None) -> str:
    """One sentence."""
    if proof.level == NONE:
        return f"Not certified: {states.reason}."
    where = {
        EVERY: "every text of every length",
        OVER: "every text over the symbols listed",
        THIS: "this text",
    }[proof.covers or THIS]
    how = "bit for bit" if proof.exact else "sign for sign"
    sentence = (
        f"The float32 network is this automaton on {where}, {how} (least |z| {states.least_margin:.6g})"
    )
    if read is None:
        return sentence + "."
    said = "so are its predictions" if read.level != NONE else "its predictions are not certified"
    return f"{sentence}; {said} ({read.reason})."


def _body(found: Certify) -> dict[str, Any]:
    """The certificate file's object."""

    def hexed(values: np.ndarray | None) -> list[str] | None:
        return None if values is None else [float(v).hex() for v in values]

    along = found.covers == THIS
    one_text = along or found.outputs_by == "every position of the text"
    return {
        "format": FORMAT,
        "level": found.level,
        "form": found.form,
        "covers": found.covers,
        "covered": found.covered.tolist(),
        "alphabet": None if found.alphabet is None else found.alphabet.tolist(),
        "hidden": found.hidden,
        "symbols": found.vocabulary,
        "outputs": found.readout_size,
        "weights_sha256": found.weights_sha256,
        "text_sha256": found.text_sha256 if one_text else None,
        "min_margin": float(found.min_margin or 0).hex(),
        "shortfall": None if along else hexed(found.shortfall),
        "file_adds": None if found.file_adds is None else found.file_adds.tolist(),
        "file_terms": found.file_terms,
        "valid_for": found.valid_for.tolist(),
        "readout": found.outputs_by,
        "arithmetic": found.arithmetic,
        "made_by": dataclasses.asdict(found.made_by),
    }
