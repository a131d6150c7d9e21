"""harden: a net whose float32 program is its automaton, bit for bit, on every text.

Weights are rounded to integers under which no sum can be 0 (boolrnn/make/integers.py), the coarsest that
cost no more than `tolerance` bits per character on TEXT; rounded weights are fine-tuned where torch is
installed; the readout is fitted again, and rounded so that every output is an exact sum too.
"""

import bisect
import dataclasses
import importlib.util
import itertools
import math
import time
from typing import Any

import numpy as np

from boolrnn.check.certify import Certify, certify
from boolrnn.errors import OptionError
from boolrnn.make.integers import Whole, assembled, drives, normalised, on_grid, rounded, scales_for
from boolrnn.make.made import Costs, Made, costs, net_fields, sign_costs, with_torch
from boolrnn.make.readout import fit_readout
from boolrnn.make.recipes import Recipe, Tune
from boolrnn.model.automaton import Automaton, as_automaton, compile
from boolrnn.model.corpus import check_symbols
from boolrnn.model.rnn import trace
from boolrnn.model.weights import Weights
from boolrnn.result import named

LADDER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512, 1024)
BLIND = 64  # largest integer where there is no text to judge by
PAIRS = 8192  # steps of the text by which the scales of rows are chosen
GAINS = tuple(2.0**k for k in range(4, 21))
UPDATES = 4000  # of fine-tuning, unless epochs are given
SHORT = 20_000  # symbols up to which a readout is fitted for every rounding that is tried
L2S = (1e-6, 1e-5, 1e-4)  # how smoothly readouts are fitted; the first where nothing is held back


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Harden(Made):
    """The hardened net, what changed, and its certificate. `bpc` and `before` cover the text without its
    validation part; `max_abs_wh` and `max_abs_drive` count integers, before the gain."""

    schema = "harden/1"

    bpc_float: float | None = named("bpc.float")
    bpc_sign_dynamics: float | None = named("bpc.sign_dynamics")
    before_float: float | None = named("before.float")
    before_sign_dynamics: float | None = named("before.sign_dynamics")
    validation_float: float | None = named("validation.float")
    validation_sign_dynamics: float | None = named("validation.sign_dynamics")
    validation_before_float: float | None = named("validation.before_float")
    validation_before_sign: float | None = named("validation.before_sign_dynamics")
    loss: float | None  # bits per character, against the better of the two before, where it was judged
    tolerance: float
    within: bool | None  # whether the loss is within the tolerance
    max_abs_wh: int
    max_abs_drive: int
    wh_bits: int  # for one entry of wh, its sign included
    gain: float
    same_steps: float | None  # share of one-step bits on the text that the automaton before gives too
    epochs: int  # of fine-tuning
    tried: np.ndarray = named("tried.largest")
    tried_loss: np.ndarray = named("tried.loss")
    level: str
    form: str | None
    min_margin: float | None
    outputs_level: str | None = named("outputs.level")
    reason: str
    warning: str | None
    seed: int
    seconds: float


def harden(
    model: Weights | Automaton,
    symbols: np.ndarray | None = None,
    *,
    tolerance: float | None = None,
    largest: int | None = None,
    epochs: int | None = None,
    validation: float = 0.0,
    gain: float = 16.0,
    seed: int = 0,
) -> Harden:
    """Harden a net; `symbols` (T) is the text to judge by, to fine-tune on and to fit the readout on.

    `tolerance` is in bits per character against the better of the two before (network and automaton);
    without it 5 % of that, but at least 0.01. `largest` fixes the largest |wh| instead of searching.
    `epochs` of fine-tuning: 0 for none; without it about 4,000 updates, where torch is installed.
    `validation` is the share of the text, at its end, that is not fitted but judged by. `gain` is a power of
    two from 16 on: tanh rounds to 1 from 10 on. Without a text weights are rounded to |wh| <= 64 and the
    readout is kept.

    Raises
    ------
    OptionError, TextError
        On a value out of range, or a symbol that the net does not have.
    """
    begun = time.monotonic()
    _check(tolerance, largest, epochs, validation, gain)
    weights = as_automaton(model).weights
    if largest is not None and largest > most(weights.hidden):
        raise OptionError(f"largest {largest}: with H = {weights.hidden} expected 1..{most(weights.hidden)}")
    if seed < 0:
        raise OptionError(f"seed {seed}: expected 0 or more")
    text = None if symbols is None else check_symbols(symbols, weights)
    work = _Work(weights, text, validation, epochs, seed)
    if tolerance is None:
        tolerance = max(0.01, 0.05 * work.reference) if work.read is not None else 0.01
    best = work.search(tolerance, largest)
    return _result(work, assembled(best.weights, best.whole, gain), best, tolerance, gain, begun)


def most(hidden: int) -> int:
    """The largest |wh| with which every partial sum of `hidden` neurons is exact in float32."""
    return (2**23 - 1) // hidden


def _check(
    tolerance: float | None, largest: int | None, epochs: int | None, validation: float, gain: float
) -> None:
    if tolerance is not None and not tolerance >= 0:
        raise OptionError(f"tolerance {tolerance}: expected bits per character, 0 or more")
    if largest is not None and largest < 1:
        raise OptionError(f"largest {largest}: expected 1 or more")
    if epochs is not None and epochs < 0:
        raise OptionError(f"epochs {epochs}: expected 0 or more")
    if not 0 <= validation < 1:
        raise OptionError(f"validation {validation}: expected a share of the text, 0 to less than 1")
    if gain not in GAINS:
        raise OptionError(
            f"gain {gain}: expected a power of two, from 16 (tanh rounds to 1 from 10 on) to 2^20"
        )


@dataclasses.dataclass(frozen=True)
class _Candidate:
    """A rounded net (its gain still to come), and what it loses where it is judged."""

    weights: Weights  # its readout counts; wx, wh, bh are those behind the integers
    whole: Whole
    largest: int
    loss: float
    epochs: int


class _Work:
    """The net before, the text, and the search for the coarsest rounding."""

    def __init__(
        self, weights: Weights, text: np.ndarray | None, validation: float, epochs: int | None, seed: int
    ) -> None:
        self.network, self.weights = weights, normalised(weights)  # tanh runs on the first, signs on either
        self.seed, self.text = seed, text
        length = 0 if text is None else len(text)
        self.cut = length - int(length * validation)
        predicts = text is not None and weights.predicts and self.cut >= 2
        self.before = costs(weights, text) if predicts and text is not None else None
        self.read = text[: self.cut] if predicts and text is not None else None
        self.held = text[self.cut :] if text is not None and length - self.cut >= 2 else None
        self.judged = slice(self.cut if self.held is not None else 0, None)
        self.reference = math.nan
        if self.before is not None:
            parts = (self.before.network[self.judged], self.before.automaton[self.judged])
            self.reference = min(float(part.mean()) for part in parts)
        absent = importlib.util.find_spec("torch") is None
        self.epochs = 0 if epochs is None and absent else epochs
        self.short = length <= SHORT
        self.tried: dict[int, float] = {}

    def search(self, tolerance: float, largest: int | None) -> _Candidate:
        """The coarsest within the tolerance, by bisection; where none is, the one that loses least."""
        if self.read is None:
            return self.rounded_only(largest or BLIND)
        if largest is not None:
            return self.read_out(self.candidate(largest, -math.inf))
        low, high = 0, bisect.bisect_right(LADDER, most(self.weights.hidden))
        found: dict[int, _Candidate] = {}
        while low < high:
            middle = (low + high) // 2 if found else LADDER.index(8)
            found[middle] = self.candidate(LADDER[middle], tolerance)
            low, high = (low, middle) if found[middle].loss <= tolerance else (middle + 1, high)
        within = [k for k in found if found[k].loss <= tolerance]
        best = found[min(within)] if within else min(found.values(), key=lambda each: each.loss)
        return self.read_out(self.tuned(best))

    def rounded_only(self, largest: int) -> _Candidate:
        """Without a text that it predicts: rounded, nothing else."""
        scales = scales_for(self.weights, largest, *self.pairs())
        whole = rounded(self.weights.wh.astype(np.float64), drives(self.weights), scales, largest)
        return _Candidate(self.weights, whole, largest, math.nan, 0)

    def candidate(self, largest: int, tolerance: float) -> _Candidate:
        """Rounded, read out anew where that is quick, and fine-tuned where it still loses too much."""
        assert self.read is not None
        weights = self.weights
        scales = scales_for(weights, largest, *self.pairs())
        whole = rounded(weights.wh.astype(np.float64), drives(weights), scales, largest)
        best = self.judge(weights, whole, largest, 0)
        best = self.read_out(best) if self.short else best
        best = self.tuned(best) if best.loss > tolerance else best
        self.tried[largest] = best.loss
        return best

    def tuned(self, found: _Candidate) -> _Candidate:
        """Fine-tuned, where that is asked for, not done yet, and better."""
        if self.epochs == 0 or found.epochs or found.loss <= 0 or self.read is None:
            return found
        recipe = tuning(self.epochs, len(self.read))
        signs_teach = bool(
            self.before is not None and self.before.automaton.mean() < self.before.network.mean()
        )
        scales = scales_for(self.weights, found.largest, *self.pairs())
        net, whole = with_torch("quantise").fine_tuned(
            self.weights,
            self.network,
            self.read,
            self.held,
            scales,
            found.largest,
            recipe,
            self.seed,
            signs_teach,
        )
        other = self.judge(net, whole, found.largest, recipe.epochs)
        other = self.read_out(other) if self.short else other
        return min(found, other, key=lambda each: each.loss)

    def pairs(self) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]:
        """Steps by which scales are chosen: the network's own signs where they predict better."""
        if self.text is None or len(self.text) < 2:
            return None, None, None
        symbols = self.text[: self.cut or None][: PAIRS + 1]
        if self.before is not None and self.before.network.mean() + 0.1 < self.before.automaton.mean():
            states = trace(self.network, symbols).bits
        else:
            states = compile(self.weights).run(symbols).states
        return np.where(states[:-1], 1, -1).astype(np.float32), symbols[1:], states[1:]

    def read_out(self, found: _Candidate) -> _Candidate:
        """The same integers with the readout that predicts best where it is judged: the one at hand, or
        one that is fitted to the new states, more or less smoothly."""
        assert self.read is not None
        net = found.weights
        states = compile(assembled(net, found.whole, 1.0)).run(self.read).states
        columns = (net.wy != 0).any(axis=0)
        best = found
        smooth = (L2S if self.short else L2S[-1:]) if self.held is not None else L2S[:1]
        starts = [(net.wy, net.by), None] if self.short else [(net.wy, net.by)]
        for l2, start in itertools.product(smooth, starts):
            wy, by = fit_readout(
                states[:-1],
                self.read[1:],
                net.outputs,
                start=start,
                columns=columns,
                l2=l2,
                iterations=300 if self.short else 40,
            )
            fitted = dataclasses.replace(net, wy=wy, by=by)
            other = self.judge(fitted, found.whole, found.largest, found.epochs)
            best = min(best, other, key=lambda each: each.loss)
        return best

    def judge(self, weights: Weights, whole: Whole, largest: int, epochs: int) -> _Candidate:
        """What the rounded net loses, its readout on a grid."""
        assert self.text is not None
        wy, by = on_grid(weights.wy, weights.by)
        weights = dataclasses.replace(weights, wy=wy, by=by)
        found = sign_costs(assembled(weights, whole, 1.0), self.text)
        return _Candidate(weights, whole, largest, float(found[self.judged].mean()) - self.reference, epochs)


def tuning(epochs: int | None, length: int) -> Recipe:
    """How rounded weights are fine-tuned on a text of this length."""
    base = Tune()
    streams = max(1, min(base.streams, length // 4096))
    updates = max(1, length // streams // base.chunk)
    chosen = max(2, round(UPDATES / updates)) if epochs is None else epochs
    return dataclasses.replace(base, streams=streams, epochs=chosen)


def _result(
    work: _Work, weights: Weights, chosen: _Candidate, tolerance: float, gain: float, begun: float
) -> Harden:
    """Score the net as it is written, and certify it."""
    if work.read is None:
        wy, by = on_grid(weights.wy, weights.by)
        weights = dataclasses.replace(weights, wy=wy, by=by)
    now = costs(weights, work.text) if work.before is not None and work.text is not None else None
    read = slice(0, max(work.cut - 1, 0))
    held = work.judged if work.held is not None and work.read is not None else slice(0, 0)
    known = not math.isnan(chosen.loss)
    within = chosen.loss <= tolerance if known else None
    proof = certify(weights, work.text, outputs=True)
    warning = None
    if within is False:
        warning = (
            f"the loss of {chosen.loss:.4f} bits per character is more than the tolerance of {tolerance:g}"
        )
    return Harden(
        **net_fields(weights),
        **_pair("bpc", now, read),
        **_pair("before", work.before, read),
        **_pair("validation", now, held),
        validation_before_float=_pair("before", work.before, held)["before_float"],
        validation_before_sign=_pair("before", work.before, held)["before_sign_dynamics"],
        loss=chosen.loss if known else None,
        tolerance=tolerance,
        within=within,
        max_abs_wh=int(np.abs(chosen.whole.wh).max()),
        max_abs_drive=int(np.abs(chosen.whole.drive).max()),
        wh_bits=int(np.abs(chosen.whole.wh).max()).bit_length() + 1,
        gain=gain,
        same_steps=_same_steps(work, weights),
        epochs=chosen.epochs,
        tried=np.array(sorted(work.tried), dtype=np.int64),
        tried_loss=np.array([work.tried[k] for k in sorted(work.tried)], dtype=np.float64),
        **_proof(proof),
        warning=warning,
        seed=work.seed,
        seconds=time.monotonic() - begun,
    )


def _pair(name: str, found: Costs | None, part: slice) -> dict[str, float | None]:
    """Two mean costs as fields."""
    pair = (None, None) if found is None else found.bpc(part.start, part.stop)
    return {f"{name}_float": pair[0], f"{name}_sign_dynamics": pair[1]}


def _proof(proof: Certify) -> dict[str, Any]:
    return {
        "level": proof.level,
        "form": proof.form,
        "min_margin": proof.min_margin,
        "outputs_level": proof.outputs,
        "reason": proof.reason,
    }


def _same_steps(work: _Work, weights: Weights) -> float | None:
    """Share of bits that one step gives alike before and after, from the states of the new automaton."""
    if work.text is None or len(work.text) < 2:
        return None
    run = compile(weights).run(work.text)
    again, _ = compile(work.weights).step(run.states[:-1], run.symbols[1:])
    return float((again == run.states[1:]).mean())
