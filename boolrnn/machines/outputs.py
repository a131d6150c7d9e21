"""What is read off a state of a net: a label, by the readout, over the real numbers.

argmax   the output with the largest y_o = by_o + sum_j wy[o, j] s_j, the lowest of equal ones; of a net with
         one output whether it is positive: labels 0 and 1
symbol   the same, named by the net's symbols (it predicts them: O = V)
sign:K   whether y_K >= 0: labels 0 and 1
top:K    the set of the K largest outputs, of equal ones the lowest first
bits:L   the bits of the neurons L, such as bits:h3,h7; the start, which has no bits, has a label of its own
FILE     the argmax, with another readout or other names. An .npz archive holds `wy` (O, H) and `by` (O); any
         other file one line per output, its label: outputs with the same label are not told apart

At the network's start h = 0 every sum is `by`.
"""

import re
from pathlib import Path

import numpy as np

from boolrnn.bits import signs
from boolrnn.clauses.properties import Readout
from boolrnn.errors import OptionError
from boolrnn.machines.naming import names_of
from boolrnn.model.weights import Weights
from boolrnn.shapes import Bool, Int64

ARGMAX, SIGN, TOP, BITS = "argmax", "sign", "top", "bits"
REJECT_ACCEPT = ("0", "1")
START = "start"  # the label of a start without bits
_BLOCK = 4096  # states whose outputs are computed at once


class Labeller:
    """Labels of a net's states; `labels` names them. `kind` is argmax, sign (of the output number `size`),
    top (the `size` largest) or bits (of `neurons`). `wy` and `by` are the readout that is used.

    Raises
    ------
    OptionError
        On outputs that the net does not have, or a file that names none.
    """

    def __init__(self, weights: Weights, outputs: str = ARGMAX) -> None:
        self.weights, self.asked = weights, outputs
        self.kind, self.size = ARGMAX, 1
        self._names: tuple[str, ...] = ()
        self.wy, self.by = weights.wy, weights.by
        self.label_of = np.zeros(0, np.int64)  # argmax: of every output
        self.neurons: list[int] = []
        self._met: dict[bytes, int] = {}  # top and bits: numbered as they come
        self._parse(outputs)
        self.sums = Readout(_with(weights, self.wy, self.by))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels; of sets and bits those met so far."""
        if self.kind == TOP:
            sets = (np.frombuffer(key, np.int64).tolist() for key in self._met)
            return tuple("{" + ",".join(map(str, outputs)) + "}" for outputs in sets)
        if self.kind == BITS:
            return tuple("".join(map(str, np.frombuffer(key, np.int64))) or START for key in self._met)
        return self._names

    def of_states(self, states: Bool[np.ndarray, "B H"]) -> Int64[np.ndarray, "B"]:
        """The label of each state, a number in `labels`."""
        if self.kind == ARGMAX:
            return self.label_of[self.sums.predicted(states)]
        found = np.empty(len(states), np.int64)
        for first in range(0, len(states), _BLOCK):
            found[first : first + _BLOCK] = self._block(states[first : first + _BLOCK])
        return found

    def _block(self, states: np.ndarray) -> np.ndarray:
        if self.kind == BITS:
            return self._numbers(states[:, self.neurons].astype(np.int64))
        y = self.sums.rows.z(signs(states), np.zeros(len(states), np.int64))
        if self.kind == SIGN:
            return (y[:, self.size] >= 0).astype(np.int64)
        return self._numbers(np.sort(self._largest(y, states), axis=1))

    def of_start(self) -> int:
        """The label of the network's start, where every sum is `by`."""
        if self.kind == ARGMAX:
            return int(self.label_of[self.by.argmax()])
        if self.kind == SIGN:
            return int(self.by[self.size] >= 0)
        if self.kind == BITS:
            return self._number(np.zeros(0, np.int64))
        return self._number(np.sort(np.argsort(-self.by.astype(np.float64), kind="stable")[: self.size]))

    def _largest(self, y: np.ndarray, states: np.ndarray) -> np.ndarray:
        """The largest outputs of each state, exactly."""
        order = np.argsort(-y, axis=1, kind="stable")
        if not self.sums.exact and self.size < y.shape[1]:
            last = np.take_along_axis(y, order[:, self.size - 1 : self.size + 1], axis=1)
            near = last[:, 0] - last[:, 1] <= np.abs(last).sum(axis=1) * 2.0**-49  # each within one unit
            every = range(y.shape[1])
            for b in np.flatnonzero(near).tolist():
                totals = [self.sums.total(o, states[b]) for o in every]
                order[b] = sorted(every, key=lambda o, totals=totals: (-totals[o], o))
        return order[:, : self.size]

    def _numbers(self, keys: np.ndarray) -> np.ndarray:
        """Numbers of rows, in the order in which they come: the same for any size of blocks."""
        rows, first, back = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        numbers = np.empty(len(rows), np.int64)
        for r in np.argsort(first).tolist():
            numbers[r] = self._number(rows[r])
        return numbers[back.ravel()]

    def _number(self, key: np.ndarray) -> int:
        return self._met.setdefault(key.astype(np.int64).tobytes(), len(self._met))

    def _parse(self, outputs: str) -> None:
        """Set kind, size, readout and names."""
        count = self.weights.outputs
        match = re.fullmatch(r"(sign|top):([0-9]{1,9})", outputs)
        if match:
            self.kind, self.size = match[1], int(match[2])
            least, most = (0, count - 1) if self.kind == SIGN else (1, count)
            if not least <= self.size <= most:
                raise OptionError(f"outputs {outputs}: expected {self.kind}:{least}..{most}")
            self._names = REJECT_ACCEPT
            return
        if outputs.startswith("bits:"):
            self.kind, self.neurons = BITS, self._listed(outputs[5:])
        elif outputs not in (ARGMAX, "symbol"):
            self._read(outputs)
        elif outputs == "symbol":
            if not self.weights.predicts:
                raise OptionError(f"outputs symbol: the net has {count} outputs for other than symbols")
            self._named(names_of(self.weights, np.arange(count)))
        elif count == 1:
            self.kind, self.size, self._names = SIGN, 0, REJECT_ACCEPT
        else:
            self._named(tuple(map(str, range(count))))

    def _listed(self, text: str) -> list[int]:
        """Neurons such as h3,h7."""
        names = re.fullmatch(r"h?[0-9]{1,9}(,h?[0-9]{1,9})*", text)
        neurons = [int(name.lstrip("h")) for name in text.split(",")] if names else []
        if not neurons or max(neurons) >= self.weights.hidden:
            raise OptionError(f"outputs bits:{text}: expected some of h0..h{self.weights.hidden - 1}")
        return neurons

    def _named(self, names: tuple[str, ...]) -> None:
        """Names of all outputs; those with one name have one label."""
        known = {name: k for k, name in enumerate(dict.fromkeys(names))}
        self._names, self.label_of = tuple(known), np.array([known[name] for name in names])

    def _read(self, path: str) -> None:
        """A file of labels, or of another readout."""
        expected = "expected argmax, symbol, sign:K, top:K, bits:h3,h7 or a file"
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise OptionError(f"outputs {path}: {expected} ({error.strerror})") from None
        if data[:2] == b"PK":
            self._replace(path)
            return
        names = data.decode("latin-1").splitlines()
        if len(names) != len(self.by):
            raise OptionError(f"outputs {path}: {len(names)} lines, expected one for each of {len(self.by)}")
        self._named(tuple(names))

    def _replace(self, path: str) -> None:
        """Another readout of the same neurons."""
        hidden, found = self.weights.hidden, {}
        try:
            with np.load(path, allow_pickle=False) as archive:
                for name in ("wy", "by"):
                    found[name] = archive[name]
        except Exception as error:  # noqa: BLE001 - zipfile and numpy each raise their own kinds
            reason = " ".join(str(error).split())
            raise OptionError(f"outputs {path}: expected an archive with wy and by ({reason})") from None
        wy, by = found["wy"], found["by"]
        fits = wy.ndim == 2 and wy.shape[1] == hidden and by.shape == wy.shape[:1] and len(by)
        if not fits or wy.dtype != np.float32 or by.dtype != np.float32 or not _finite(wy, by):
            raise OptionError(
                f"outputs {path}: wy {wy.dtype} {wy.shape}, by {by.dtype} {by.shape}; expected finite "
                f"float32 (O, {hidden}) and (O)"
            )
        self.wy, self.by = wy, by
        if len(by) == 1:
            self.kind, self.size, self._names = SIGN, 0, REJECT_ACCEPT
        else:
            self._named(tuple(map(str, range(len(by)))))


def _finite(*parts: np.ndarray) -> bool:
    return all(bool(np.isfinite(part).all()) for part in parts)


def _with(weights: Weights, wy: np.ndarray, by: np.ndarray) -> Weights:
    """The net with another readout."""
    return Weights(wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=wy, by=by, alphabet=weights.alphabet)
