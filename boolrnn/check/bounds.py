"""Bounds under which the float32 program and the automaton have the same signs.

The program is any that computes tanh(bh + wx[:, x] + wh h) in float32: products and sums in any order,
with or without fused multiply-add, with a tanh that is odd, monotone, at most 1 and within 2 units in
the last place; subnormals may be flushed to zero. No TF32.

**Soundness.** Suppose that before a step every hidden value lies between s_j (1 - eps_j) and s_j, with s
the automaton's state. Let m_i be the automaton's margin |z_i|, exact. The real sum then differs from z_i
by at most sum_k |wh_ik| eps_k. The program's sum differs from the real one by at most gamma M_i + flush,
where M_i = |bh_i| + |wx_ix| + sum_k |wh_ik| and gamma = n u / (1 - n u), u = 2^-24 (Higham, Accuracy and
Stability of Numerical Algorithms, 2nd ed., SIAM 2002, section 3.1): no addend passes more than n = H + 4
roundings, whatever the order. So if

    L_i = m_i - sum_k |wh_ik| eps_k - gamma M_i - flush > 0

the program's sum has the automaton's sign and magnitude at least L_i, and, tanh being odd and monotone,
the next hidden value lies between s'_i (1 - eps'_i) and s'_i with eps'_i = 1 - tanh(L_i)(1 - 2^-22).
Where a file's program adds two biases or multiplies an embedding, M_i counts the magnitudes of those
addends, and n one more rounding for each of them and two for the folding, which moves the real sum by at
most 2 u M_i. At the start h = 0 exactly and the wh terms are exact zeros. By induction over t the signs
agree at every position; that is level 3. Level 4 replaces m_i by a bound that holds for every sign state
and symbol and eps by one vector that a step maps below itself, so the induction runs over all texts of all
lengths.

The bounds are evaluated in float64; each is moved outwards by more than its own rounding.
"""

import dataclasses
import math

import numpy as np

from boolrnn import progress
from boolrnn.model.automaton import Automaton, BoolTrace
from boolrnn.model.exact import FLOAT64, python_integers
from boolrnn.shapes import Float64, Int64

_U = 2.0**-24
_LEAST = 2.0**-100  # a bound below this counts as none; so every hidden value after the start exceeds
#                     2^-101, and a flush can meet weights, products and sums but no hidden value
_OUT = 1 + 2.0**-40  # outward factor: more than the float64 rounding of sums of up to 2^12 terms


@dataclasses.dataclass(frozen=True)
class Certificate:
    """Whether the signs are proved equal, and if not, where the bound fails first."""

    holds: bool
    least_bound: float | None  # the least L_i met; None where nothing was bounded
    t: int | None  # level 3: the position at which the bound fails
    neuron: int | None
    reason: str
    least_margin: float | None = None  # the least |z| over all that is covered, rounded down
    shortfall: Float64[np.ndarray, "H"] | None = None  # no hidden value is further inside +-1
    symbols: Int64[np.ndarray, "S"] | None = None  # level 4: the symbols covered


def refused(reason: str, bound: float | None = None, neuron: int | None = None) -> Certificate:
    """No certificate, and why."""
    return Certificate(False, bound, None, neuron, reason)


class _Slack:
    """What rounding and flushing can take from a margin: gamma M_i + flush, for each symbol."""

    def __init__(self, automaton: Automaton) -> None:
        hidden = automaton.hidden
        rounds = hidden + 4 + (automaton.folded_terms + 2 if automaton.folded is not None else 0)
        gamma = rounds * _U / (1 - rounds * _U) * _OUT if rounds * _U < 0.5 else math.inf
        flush = 2.0 * (3 * (hidden + automaton.folded_terms) + 4) * 2.0**-126
        self.absolute = np.abs(automaton.wh).astype(np.float64)
        if automaton.folded is None:
            inputs = np.abs(automaton.wx).astype(np.float64).T + np.abs(automaton.bh)
        else:  # the largest of all symbols: a certificate states one number per neuron
            inputs = np.tile(automaton.folded.max(axis=1) * _OUT, (automaton.symbols, 1))
        total = (inputs + self.absolute.sum(axis=1)) * _OUT
        self.hopeless = "the bound is proved for up to 4096 neurons" if hidden > 4096 else ""
        self.start = gamma * inputs * _OUT + flush  # (V, H)
        self.step = np.where(total < 2.0**126, gamma * total + flush, math.inf)  # more may overflow

    def carried(self, eps: np.ndarray) -> np.ndarray:
        """sum_k |wh_ik| eps_k, rounded up."""
        return self.absolute @ eps * _OUT


def _shortfall(bound: np.ndarray) -> np.ndarray:
    """The largest 1 - |h| that a sum of at least `bound` leaves, rounded up."""
    return 1.0 - np.tanh(bound) * (1 - 2.0**-22) * (1 - 2.0**-45) + 2.0**-52


def _bound(margin: np.ndarray, *losses: np.ndarray) -> np.ndarray:
    """margin minus all losses, rounded down."""
    return margin * (1 - 2.0**-50) - sum(losses) * _OUT


def certify_text(automaton: Automaton, run: BoolTrace) -> Certificate:
    """Level 3: all n signs agree on the text of `run`, a trajectory from the network's start.

    A trajectory from another start is never certified.
    """
    if run.initial is not None:
        return refused("the automaton was started elsewhere than the network")
    slack = _Slack(automaton)
    if slack.hopeless:
        return refused(slack.hopeless)
    least = least_margin = math.inf
    eps, shortfall = np.zeros(automaton.hidden), np.zeros(automaton.hidden)
    with progress.bar("certificate", len(run.symbols)) as tick:
        for first in range(0, len(run.symbols), 2048):
            margins = np.abs(run.z(first, first + 2048))
            for k, (margin, x) in enumerate(zip(margins, run.symbols[first : first + 2048])):
                t = first + k
                losses = (slack.step[x], slack.carried(eps)) if t else (slack.start[x],)
                bound = _bound(margin, *losses)
                i = int(bound.argmin())
                least = min(least, float(bound[i]))
                if not bound[i] > _LEAST:
                    reason = f"at t = {t}, h{i}: margin {margin[i]:.3g} falls short by {-bound[i]:.3g}"
                    if slack.step[x].max() == math.inf:
                        reason = f"at t = {t}: sums may overflow float32"
                    return Certificate(False, least, t, i, reason)
                eps = _shortfall(bound)
                shortfall = np.maximum(shortfall, eps)
            least_margin = min(least_margin, float(margins.min()))
            tick(first)
    reason = "every margin exceeds its bound"
    return Certificate(True, least, None, None, reason, lowered(automaton, least_margin), shortfall)


def least_margins(automaton: Automaton) -> Float64[np.ndarray, "V H"]:
    """A lower bound of |z_i| over all sign states, for each symbol: exact integers, rounded down.

    z = drive + sum w - 2 sum over the -1 bits of w, so z lies on a lattice of step 2 gcd(w): its distance
    from 0 is one bound. |drive| - sum |w|, where positive, is another; the greater holds.
    """
    bound = np.zeros((automaton.symbols, automaton.hidden))
    for i in range(automaton.hidden):
        unit = int(automaton.row_unit[i])
        row = python_integers(automaton.wh[i][automaton.wh[i] != 0], unit)
        bias = python_integers(automaton.bh[i : i + 1], unit)[0]
        step, shift, reach = 2 * math.gcd(*row), sum(row), sum(abs(w) for w in row)
        for x, value in enumerate(python_integers(automaton.wx[i], unit)):
            drive = bias + value
            rest = (drive + shift) % step if step else 0
            lattice = min(rest, step - rest)
            bound[x, i] = _rounded_down(max(lattice, abs(drive) - reach), unit)
    return bound


def lowered(automaton: Automaton, margin: float) -> float:
    """A |z| that the automaton gave, rounded down where its rows are not exact in float64."""
    return margin if automaton.exact_route == FLOAT64 else margin * (1 - 2.0**-51)


def _rounded_down(value: int, unit: int) -> float:
    """The largest float64 that is at most value 2^unit (value >= 0)."""
    near = float(value)
    return math.ldexp(near if int(near) <= value else math.nextafter(near, 0), unit)


def certify_always(automaton: Automaton) -> Certificate:
    """Level 4: all signs agree on every text, by a bound over all sign states and symbols."""
    everywhere = _Everywhere(automaton)
    return everywhere.certificate(np.arange(automaton.symbols))


def certify_symbols(automaton: Automaton) -> Certificate:
    """Level 4 for the texts that use only some symbols, which the certificate names: those whose bounds
    fail are left out, worst first, until the rest holds. It fails only where no symbol is left."""
    everywhere = _Everywhere(automaton)
    best_first = everywhere.promising()
    found = everywhere.certificate(np.sort(best_first))
    while not found.holds and len(best_first) > 1:
        best_first = best_first[:-1]
        found = everywhere.certificate(np.sort(best_first))
    return found


def certify_over(automaton: Automaton, symbols: Int64[np.ndarray, "S"]) -> Certificate:
    """Level 4 for all texts over just these symbols, by a bound over all sign states."""
    return _Everywhere(automaton).certificate(symbols)


def certify_reachable(
    automaton: Automaton,
    symbols: Int64[np.ndarray, "S"],
    least: Float64[np.ndarray, "S H"],
    start: Float64[np.ndarray, "S H"],
) -> Certificate:
    """Level 4 for all texts over `symbols`, by the states that these symbols can reach.

    `least[s, i]` must not exceed |z_i| for any state that the automaton reaches from its start through
    `symbols` and symbol number s read there (at most one unit in the last place above, as the automaton gives
    it); `start[s, i]` the same for |z_i| at the start, where z is the drive.

    **Soundness.** Only the automaton's own trajectories are needed: by the induction above the program's
    signs after t symbols are the automaton's state after them, which is reachable; so the margin of the next
    step is one of those that `least` bounds, and the next signs are equal again. States that are not
    reachable may have any margin, 0 included. So the sign map is a functional bisimulation from the states
    that the program reaches to those that the automaton reaches. What is asked of the caller is that all
    reachable states are covered; a bound over more of them is one too.
    """
    every_least, every_start = (np.zeros((automaton.symbols, automaton.hidden)) for _ in range(2))
    every_least[symbols], every_start[symbols] = least, start
    return _Everywhere(automaton, every_least, every_start, "reachable state").certificate(symbols)


class _Everywhere:
    """Bounds over states, by default all sign states, and at the start, symbol by symbol.

    `least` (V, H) bounds |z| over the states from below, `start` (V, H) at the start; `which` says in words
    what is bounded.
    """

    def __init__(
        self,
        automaton: Automaton,
        least: np.ndarray | None = None,
        start: np.ndarray | None = None,
        which: str = "state",
    ) -> None:
        self.automaton, self.slack, self.which = automaton, _Slack(automaton), which
        self.least = least_margins(automaton) if least is None else least
        self.drive = np.abs(automaton.drive.T) if start is None else start

    def promising(self) -> Int64[np.ndarray, "S"]:
        """Symbols whose bounds hold without any shortfall, best first; at least one."""
        step = _bound(self.least, self.slack.step).min(axis=1)
        room = np.minimum(step, _bound(self.drive, self.slack.start).min(axis=1))
        return np.argsort(-room, kind="stable")[: max(int((room > _LEAST).sum()), 1)]

    def certificate(self, symbols: Int64[np.ndarray, "S"]) -> Certificate:
        """For all texts over `symbols`: one shortfall that a step maps below itself."""
        slack, least, drive = self.slack, self.least[symbols], self.drive[symbols]
        if slack.hopeless:
            return refused(slack.hopeless)
        start = _bound(drive, slack.start[symbols])
        if not start.min() > _LEAST:
            i = int(start.min(axis=0).argmin())
            return refused(f"h{i} may start too near 0", float(start.min()), i)
        first = _shortfall(start).max(axis=0)
        eps = first
        for _ in range(64):
            grown = eps * (1 + 2.0**-20)
            bound = _bound(least, slack.step[symbols], slack.carried(grown))
            if not bound.min() > _LEAST:
                i = int(bound.min(axis=0).argmin())
                reason = f"some {self.which} may bring |z| of h{i} under its bound"
                if slack.step[symbols].max() == math.inf:
                    reason = "sums may overflow float32"
                return refused(reason, float(bound.min()), i)
            after = np.maximum(first, _shortfall(bound).max(axis=0))
            if (after <= grown).all():
                reason = f"no {self.which} and no symbol brings a margin under its bound"
                margin = lowered(self.automaton, float(min(least.min(), drive.min())))
                lowest = float(min(bound.min(), start.min()))
                return Certificate(True, lowest, None, None, reason, margin, grown, symbols)
            eps = np.maximum(eps, after)
        return refused("the shortfall bound did not settle")
