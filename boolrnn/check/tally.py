"""One pass of network and automaton over a text, counted: agreement, margins, costs.

Statistics cover positions 0..n-2 (one-step agreement 1..n-2); `bits` and the first divergence cover all
n states.
"""

import dataclasses

import numpy as np

from boolrnn import progress
from boolrnn.check.predict import bias_only
from boolrnn.check.side_by_side import PREDICTORS, blocks
from boolrnn.model.automaton import Automaton, BoolTrace
from boolrnn.model.rnn import surprisal
from boolrnn.shapes import Bool, Float32, Float64


@dataclasses.dataclass(frozen=True, eq=False)
class Tally:
    """Counts over one text. Shares are None or NaN where there is no position to count."""

    bits: Bool[np.ndarray, "T H"]  # signs of the network, all n states
    margin: Float32[np.ndarray, "P H"]  # |z| of the network, positions 0..n-2
    margin_sums: Float64[np.ndarray, "H"]  # their sums over positions, before rounding to float32
    wrong: Bool[np.ndarray, "P H"]  # one-step bits that differ (row 0 is not counted)
    parted: Bool[np.ndarray, "P H"]  # free-running bits that differ
    divergence: tuple[int, int] | None  # first (t, neuron) over all n states
    overflow: tuple[int, int] | None  # first (t, neuron) whose sum is no finite number
    costs: dict[str, Float64[np.ndarray, "C"]]  # bits per position; empty arrays unless O = V

    @property
    def positions(self) -> int:
        """n - 1."""
        return len(self.margin)

    @property
    def one_step(self) -> float | None:
        """Share of equal signs after one step from the network's own, t = 1..n-2."""
        return float(1 - self.wrong[1:].mean()) if self.positions > 1 else None

    @property
    def free_run(self) -> float | None:
        """Share of equal signs with the automaton running free, t = 0..n-2."""
        return float(1 - self.parted.mean()) if self.positions else None

    @property
    def neuron_one_step(self) -> np.ndarray:
        """`one_step` for each neuron (H)."""
        return _shares(self.wrong[1:], 0)

    @property
    def neuron_free_run(self) -> np.ndarray:
        """`free_run` for each neuron (H)."""
        return _shares(self.parted, 0)

    @property
    def t_one_step(self) -> np.ndarray:
        """`one_step` for each position (P), NaN at 0."""
        shares = _shares(self.wrong, 1)
        shares[:1] = np.nan
        return shares

    @property
    def t_free_run(self) -> np.ndarray:
        """`free_run` for each position (P)."""
        return _shares(self.parted, 1)

    @property
    def neuron_margin(self) -> np.ndarray:
        """Mean margin of each neuron (H)."""
        if not self.positions:
            return np.full(self.margin.shape[1], np.nan)
        return self.margin_sums / self.positions

    @property
    def margin_mean(self) -> float | None:
        """Mean margin over positions and neurons."""
        return float(self.margin_sums.sum() / self.margin.size) if self.positions else None

    def bpc(self, predictor: str) -> float | None:
        """Mean cost of a predictor, None where nothing is predicted."""
        values = self.costs[predictor]
        return float(values.mean()) if len(values) else None


def tally(
    automaton: Automaton, run: BoolTrace, *, arithmetic: str, tanh: str = "exact", like: Tally | None = None
) -> Tally:
    """Run the network beside the trajectory `run` and count.

    Costs that depend on signs alone are taken from `like`, a tally of the same run, wherever it has the
    same signs.
    """
    size, last = automaton.hidden, len(run.symbols) - 1
    bits = np.empty((last + 1, size), dtype=bool)
    margin = np.empty((last, size), dtype=np.float32)
    sums = np.zeros(size)
    wrong = np.empty((last, size), dtype=bool)
    cost = {name: np.empty(last if automaton.weights.predicts else 0) for name in PREDICTORS}
    overflow = None
    with progress.bar(f"agreement, {arithmetic}", len(run.symbols)) as tick:
        for block in blocks(automaton, run.symbols, free_run=run.states, arithmetic=arithmetic, tanh=tanh):
            bits[block.first : block.first + len(block.z)] = block.bits
            part = slice(block.first, block.first + len(block.targets))
            sums += np.abs(block.z[: len(block.targets)]).sum(axis=0, dtype=np.float64)
            if overflow is None and (lost := _first(~np.isfinite(block.z))):
                overflow = (block.first + lost[0], lost[1])
            with np.errstate(over="ignore"):
                margin[part] = np.abs(block.z[: len(block.targets)])
            wrong[part] = (block.one_step != block.bits)[: len(block.targets)]
            if automaton.weights.predicts:
                same = like is not None and (like.bits[part] == bits[part]).all()
                for name in PREDICTORS:
                    if like is not None and (name == "free_run" or (same and name != "float")):
                        cost[name][part] = like.costs[name][part]
                    else:
                        features = block.features(name)
                        cost[name][part] = surprisal(automaton.weights, features, block.targets)
            tick(block.first)
    predicted = run.symbols[1:] if automaton.weights.predicts else run.symbols[:0]
    cost["bias_only"] = bias_only(automaton.weights, predicted)
    return Tally(
        bits=bits,
        margin=margin,
        margin_sums=sums,
        wrong=wrong,
        parted=(bits != run.states)[:-1],
        divergence=_first(bits != run.states),
        overflow=overflow,
        costs=cost,
    )


def _first(different: Bool[np.ndarray, "T H"]) -> tuple[int, int] | None:
    rows = different.any(axis=1)
    if not rows.any():
        return None
    t = int(rows.argmax())
    return t, int(different[t].argmax())


def _shares(different: Bool[np.ndarray, "P H"], axis: int) -> np.ndarray:
    """1 - mean along an axis, NaN where the axis is empty."""
    if not different.shape[axis]:
        return np.full(different.shape[1 - axis], np.nan)
    return 1 - different.mean(axis=axis)
