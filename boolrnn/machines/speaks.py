"""For whom a machine speaks: the sign automaton only, or the float32 network too.

A machine that is made of an automaton's reachable states says what the network does only where the float32
program has the automaton's signs on every word, and the same label after every word, the empty one included.
Both are proved here or not claimed. Certificates of states (boolrnn.check.bounds), for all words over the
machine's symbols:

every state             a bound over all sign states: nothing has to be enumerated
every reachable state   the least |z| at the states that are reached, all of which are looked at

each in two forms: bit-exact, where no sum can be rounded and no |z| is under 10, and sign-exact. Labels of
states are certified by

signs                   they are signs of neurons
exact sums              hidden values are signs exactly, and no float32 sum of outputs can be rounded
every reachable state   at each state the label stands out by more than the sums of outputs can lose

At the start h = 0 all products are 0 and outputs are `by`, exactly, unless a subnormal one may be flushed.
"""

import dataclasses
import math
import operator
from collections.abc import Iterable

import numpy as np

from boolrnn import progress
from boolrnn.bits import signs, to_hex
from boolrnn.check import certificate
from boolrnn.check.bounds import Certificate, certify_over, certify_reachable, least_margins, lowered
from boolrnn.check.exact_sums import SATURATED, fits, ones, valid_for
from boolrnn.check.readout import ALWAYS, NONE, Gaps, Outputs, Room, largest_room, sign_room, top_room
from boolrnn.errors import OptionError
from boolrnn.machines.outputs import ARGMAX, BITS, SIGN, Labeller
from boolrnn.model.automaton import Automaton, compile
from boolrnn.model.corpus import check_symbols
from boolrnn.model.exact import FLOAT64
from boolrnn.model.weights import Weights
from boolrnn.shapes import Float64, Int64

NETWORK, SIGN_AUTOMATON = "network", "sign_automaton"
BIT_EXACT, SIGN_EXACT = "bit-exact", "sign-exact"
EVERY, REACHABLE = "every state", "every reachable state"
_PART = 4096  # states summed at once: they stay near the processor
_SORTED = 16  # symbols from which sorted sums pay
_LEAST_NORMAL = 2.0**-126


@dataclasses.dataclass(frozen=True)
class Speaks:
    """For whom, and what is proved. Levels are certified_always (all words over the symbols) or none.

    `least_margin`: no |z| that is covered is smaller (where the certificate is over every state: of all sign
    states); None where nothing was looked at. `gain_needed`: the least factor of wx, wh and bh, to three
    digits, at which the states are certified by these means; 1.0 where they are as they are, None where no
    factor is enough, or not all reachable states are known.
    """

    speaks_for: str
    states_level: str
    states_by: str | None
    states_reason: str
    form: str | None
    outputs_level: str
    outputs_by: str | None
    outputs_reason: str
    least_margin: float | None
    gain_needed: float | None

    @property
    def arithmetic(self) -> str | None:
        """The programs that the proof speaks of; None where nothing is proved."""
        exact = "float32 " + certificate.BIT_EXACT.replace(", in each number format of valid_for", "")
        return {BIT_EXACT: exact, SIGN_EXACT: certificate.SIGN_EXACT}.get(self.form or "")


def speaks(
    automaton: Automaton,
    symbols: np.ndarray,
    states: Iterable[np.ndarray] | None,
    labeller: Labeller,
    *,
    gain: bool = True,
) -> Speaks:
    """What is certified of all words over `symbols` (S), with the labels of `labeller`.

    `states` are blocks (B, H) of all states that are reached from the network's start through these symbols,
    each at least once, in any order: the proofs stand on their being all. It is read up to twice, a few
    thousand states at a time. None where not all are known. Where the states are those of some words only
    (a text), proofs that need them hold for these words and their beginnings. Without `gain` the gain needed
    is not sought (None unless it is 1).

    Raises
    ------
    OptionError
        Where `states` holds none, or can be read only once.
    TextError
        On a symbol outside the vocabulary.
    """
    symbols = check_symbols(symbols, automaton.weights)
    if states is not None and iter(states) is states:
        raise OptionError("states: an iterator that can be read once, expected a list of blocks")
    start = np.abs(automaton.drive.T[symbols])
    proof = _over_all(automaton, symbols, start)
    exact_sums = bool(ones(torch=False)) and "fp32" in valid_for(automaton, symbols)
    least = None
    if states is not None and (not proof.states.holds or (exact_sums and proof.form != BIT_EXACT)):
        least = reachable_margins(automaton, symbols, states)
        proof = _over_reached(automaton, symbols, least, start, exact_sums)
    read = _outputs(labeller, proof, states)
    held = proof.states.holds
    needed = 1.0 if held else None
    if least is not None and not held and gain:
        needed = _gain_needed(automaton, symbols, least, start, exact_sums)
    margin = proof.states.least_margin
    if margin is None and least is not None:
        margin = lowered(automaton, float(min(least.min(), start.min())))
    return Speaks(
        speaks_for=NETWORK if held and read.level == ALWAYS else SIGN_AUTOMATON,
        states_level=ALWAYS if held else NONE,
        states_by=proof.by if held else None,
        states_reason=proof.states.reason,
        form=proof.form if held else None,
        outputs_level=read.level,
        outputs_by=read.by,
        outputs_reason=read.reason,
        least_margin=margin,
        gain_needed=needed,
    )


@dataclasses.dataclass(frozen=True)
class _Proof:
    """A certificate of states, what it stands on, and its form."""

    states: Certificate
    by: str
    form: str


def _over_all(automaton: Automaton, symbols: np.ndarray, start: np.ndarray) -> _Proof:
    """By all sign states: bit-exact if that holds, else sign-exact."""
    exact = _saturated(automaton, symbols, least_margins(automaton)[symbols], start, "state")
    if exact is not None and ones(torch=False) and "fp32" in valid_for(automaton, symbols):
        return _Proof(exact, EVERY, BIT_EXACT)
    return _Proof(certify_over(automaton, symbols), EVERY, SIGN_EXACT)


def _over_reached(
    automaton: Automaton, symbols: np.ndarray, least: np.ndarray, start: np.ndarray, exact_sums: bool
) -> _Proof:
    """By the states that are reached: bit-exact if that holds, else sign-exact."""
    exact = _saturated(automaton, symbols, least, start, "reachable state") if exact_sums else None
    if exact is not None:
        return _Proof(exact, REACHABLE, BIT_EXACT)
    return _Proof(certify_reachable(automaton, symbols, least, start), REACHABLE, SIGN_EXACT)


def _saturated(
    automaton: Automaton, symbols: np.ndarray, least: np.ndarray, start: np.ndarray, which: str
) -> Certificate | None:
    """The certificate of sums that are exact, where no |z| is under 10; None where one is."""
    margin = lowered(automaton, float(min(least.min(), start.min())))
    if margin < SATURATED:
        return None
    reason = f"every sum is exact in float32 and no {which} brings |z| under {SATURATED:g}"
    return Certificate(True, margin, None, None, reason, margin, np.zeros(automaton.hidden), symbols)


def reachable_margins(
    automaton: Automaton, symbols: Int64[np.ndarray, "S"], states: Iterable[np.ndarray]
) -> Float64[np.ndarray, "S H"]:
    """The least |z_i| over all `states` (blocks (B, H)) for each symbol read there.

    Exact on float64 rows, else at most one unit in the last place off. Once a margin is 0 no further state is
    looked at: nothing can be certified any more.
    """
    least = np.full((len(symbols), automaton.hidden), np.inf)
    quick = automaton.exact_route == FLOAT64
    wh, drive = np.ascontiguousarray(automaton.wh.T, np.float64), automaton.drive.T[symbols]
    with progress.bar("margins", operator.length_hint(states, 0)) as tick:
        for k, block in enumerate(states):
            for first in range(0, len(block), _PART):
                part = block[first : first + _PART]
                if quick:  # sums of wh alone are exact too, and so is what the drive adds
                    _lower(least, signs(part) @ wh, drive)
                    continue
                for s, x in enumerate(symbols):
                    z = automaton.z(part, np.full(len(part), x))
                    np.minimum(least[s], np.abs(z, out=z).min(axis=0), out=least[s])
            if not least.all():
                break
            tick(k)
    if np.isinf(least).any():
        raise OptionError("states: no state, expected all that are reached")
    return least


def _lower(least: np.ndarray, sums: np.ndarray, drive: np.ndarray) -> None:
    """Bring `least` (S, H) down to |sums + drive| of each row of `sums` (B, H) and of `drive` (S, H)."""
    if len(drive) < _SORTED:
        z = np.empty_like(sums)
        for s, value in enumerate(drive):
            np.abs(np.add(sums, value, out=z), out=z)
            np.minimum(least[s], z.min(axis=0), out=least[s])
        return
    columns = np.sort(sums.T, axis=1)
    for i, column in enumerate(columns):  # the sums next to -drive, on either side
        place = np.searchsorted(column, -drive[:, i])
        for near in (np.maximum(place - 1, 0), np.minimum(place, len(column) - 1)):
            np.minimum(least[:, i], np.abs(column[near] + drive[:, i]), out=least[:, i])


def _outputs(labeller: Labeller, proof: _Proof, states: Iterable[np.ndarray] | None) -> Outputs:
    """What is certified of the labels."""
    shortfall = proof.states.shortfall
    if not proof.states.holds or shortfall is None:
        return Outputs(NONE, None, "states are not certified")
    if labeller.kind == BITS:
        return Outputs(ALWAYS, "signs", "labels are signs of neurons")
    rows = slice(labeller.size, labeller.size + 1) if labeller.kind == SIGN else slice(None)
    wy, by = labeller.wy[rows], labeller.by[rows]
    if proof.form == BIT_EXACT and fits(wy, np.zeros((len(by), 1), np.float32), by).all():
        return Outputs(ALWAYS, "exact sums", "every output is an exact float32 sum")
    gaps, room = Gaps(wy, by, shortfall), _room(labeller)
    if gaps.overflow:
        return Outputs(NONE, None, "float32 sums of outputs may overflow")
    if not start_stands_out(by, room):
        return Outputs(NONE, None, "at the start a subnormal entry of by may be flushed to 0")
    if states is None:
        return Outputs(NONE, None, "outputs are not exact sums, and not all reachable states are known")
    return _at_each_state(gaps, room, states)


def _room(labeller: Labeller) -> Room:
    """By how much a label stands out."""
    if labeller.kind == ARGMAX:
        return largest_room(labeller.label_of)
    return sign_room if labeller.kind == SIGN else top_room(labeller.size)


def start_stands_out(by: np.ndarray, room: Room) -> bool:
    """Whether the outputs at h = 0, which are `by`, keep their label where subnormals are flushed."""
    exact = by.astype(np.float64)
    loss = np.where((exact != 0) & (np.abs(exact) < _LEAST_NORMAL), _LEAST_NORMAL, 0.0)
    return not loss.any() or bool(room(exact[None], loss)[0] > 0)


def _at_each_state(gaps: Gaps, room: Room, states: Iterable[np.ndarray]) -> Outputs:
    count = 0
    with progress.bar("gaps of outputs", operator.length_hint(states, 0)) as tick:
        for k, block in enumerate(states):
            bad = gaps.first_close(block, room)
            if bad is not None:
                where = to_hex(block[bad : bad + 1])[0]
                reason = f"at the reachable state {where} outputs are closer than float32 sums can tell"
                return Outputs(NONE, None, reason)
            count += len(block)
            tick(k)
    return Outputs(ALWAYS, REACHABLE, f"gaps at the start and at all {count:,} reachable states")


def _gain_needed(
    automaton: Automaton, symbols: np.ndarray, least: np.ndarray, start: np.ndarray, exact_sums: bool
) -> float | None:
    """The least g >= 1 at which wx, wh and bh times g, each entry rounded to float32, are certified over the
    same reachable states; 1 itself is known not to be enough.

    A power of two rounds nothing. Any other g moves an entry by at most 2 units of 2^-24 of itself (one for
    the entry, one for g where that is rounded to float32 before), so z, g times as large, by at most
    2 2^-24 g M, with M as in boolrnn.check.bounds; this is taken from every margin first. What is left above
    0 keeps the signs, so the scaled net's automaton has the same transitions between the same reachable
    states. Where the file's own program adds an embedding or two biases, one factor of each product is
    scaled.
    More gain leaves more room, so the least power of two is found by bisection, and below it a number of
    three digits, which is certified itself.
    """
    scaled = _Scaled(automaton, symbols, least, start)
    found = scaled.least_power()
    low = lowered(automaton, float(min(least.min(), start.min())))
    if exact_sums and low > 0:  # no sum is rounded at a power of two either
        power = 2.0 ** math.ceil(math.log2(SATURATED / low))
        while power * low < SATURATED:
            power *= 2
        if power <= 2.0**scaled.most and (found is None or power <= found / 2):
            return power
    return None if found is None else scaled.digits(found)


class _Scaled:
    """The net with its sums multiplied, and the certificate of its states. `most` is the largest exponent of
    a power of two at which no sum can overflow."""

    def __init__(
        self, automaton: Automaton, symbols: np.ndarray, least: np.ndarray, start: np.ndarray
    ) -> None:
        self.automaton, self.symbols, self.least, self.start = automaton, symbols, least, start
        bias = np.abs(automaton.bh).astype(np.float64)
        inputs = np.abs(automaton.wx[:, symbols]).astype(np.float64).T + bias
        if automaton.folded is not None:
            inputs = np.maximum(inputs, automaton.folded[:, symbols].T)
        self.inputs = inputs
        self.total = inputs + np.abs(automaton.wh).astype(np.float64).sum(axis=1)
        largest = float(self.total.max())
        self.most = 124 - math.frexp(largest)[1] if largest > 0 else 0

    def holds(self, gain: float) -> bool:
        """Whether the states are certified at this gain."""
        near, exact = self.automaton, math.frexp(gain)[0] == 0.5
        parts = {name: (getattr(near, name) * np.float64(gain)).astype(np.float32) for name in ("wh", "bh")}
        wx = (near.wx[:, self.symbols] * np.float64(gain)).astype(np.float32)
        folded = None if near.folded is None else near.folded[:, self.symbols] * gain * (1 + 2.0**-20)
        nothing = {"wy": np.zeros((1, near.hidden), np.float32), "by": np.zeros(1, np.float32)}
        weights = Weights(wx=wx, **parts, **nothing, folded=folded, folded_terms=near.folded_terms)
        moved = 0.0 if exact else 2.0**-23 * (1 + 2.0**-20) * gain
        tiny = 0.0 if exact else (near.hidden + 2) * 2.0**-148  # of entries that stay subnormal
        least = np.maximum(gain * self.least - moved * self.total - tiny, 0)
        start = np.maximum(gain * self.start - moved * self.inputs - tiny, 0)
        return certify_reachable(compile(weights), np.arange(len(self.symbols)), least, start).holds

    def least_power(self) -> float | None:
        """The least power of two above 1 at which the states are certified."""
        if self.most < 1 or not (self.least.all() and self.start.all()) or not self.holds(2.0**self.most):
            return None
        low, high = 0, self.most
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.holds(2.0**middle) else (middle, high)
        return 2.0**high

    def digits(self, power: float) -> float:
        """The least number of three digits found between half the power and the power, which is enough."""
        low, high = power / 2, power
        while high / low > 1.002:
            middle = (low * high) ** 0.5
            low, high = (low, middle) if self.holds(middle) else (middle, high)
        unit = 10.0 ** (math.floor(math.log10(high)) - 2)
        third = math.ceil(high / unit)
        for k in (third, third + 1):
            gain = float(f"{k * unit:.3g}")
            if gain < power and self.holds(gain):
                return gain
        return power
