"""Weights: the parameters of one recurrent net, validated once and read-only from then on."""

import dataclasses
import hashlib

import numpy as np

from boolrnn.errors import WeightsError

TENSORS = ("wx", "wh", "bh", "wy", "by")


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """z = bh + wx[:, x] + wh h;  h' = tanh z;  logits = by + wy h'. All finite float32.

    H neurons, V input symbols, O outputs; `wh[to, from]`. A net that predicts the next symbol has
    O = V. `alphabet` lists the byte value of each symbol; without it a symbol is a byte value. Where a
    file's program adds more than bh + wx[:, x] (two biases, an embedding), `folded` and `folded_terms`
    remember what it adds, for the certificates.

    Raises
    ------
    WeightsError
        On a shape that does not fit the others, another dtype, NaN or infinity (with its index), or
        an alphabet of the wrong length or with a repeated byte.
    """

    # what a caller hands in is checked below, with a message, rather than by annotations
    wx: np.ndarray  # float32 (H, V)
    wh: np.ndarray  # float32 (H, H), [to, from]
    bh: np.ndarray  # float32 (H)
    wy: np.ndarray  # float32 (O, H)
    by: np.ndarray  # float32 (O)
    alphabet: np.ndarray | None = None  # uint8 (V)
    folded: np.ndarray | None = None  # float64 (H, V): magnitudes of the addends of a folded drive
    folded_terms: int = 0  # how many addends each folded drive stands for

    def __post_init__(self) -> None:
        for name in TENSORS:
            value = np.array(getattr(self, name), order="C", copy=True)
            if value.dtype != np.float32:
                raise WeightsError(f"{name}: dtype {value.dtype}, expected float32")
            refuse_nonfinite(name, value)
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        _check_shapes(self)
        if self.folded is not None and self.folded.shape != self.wx.shape:
            raise WeightsError(f"folded: shape {self.folded.shape}, expected {self.wx.shape}")
        if self.alphabet is not None:
            object.__setattr__(self, "alphabet", _checked_alphabet(self.alphabet, self.symbols))

    @property
    def hidden(self) -> int:
        """H, the number of neurons."""
        return self.wh.shape[0]

    @property
    def symbols(self) -> int:
        """V, the number of input symbols."""
        return self.wx.shape[1]

    @property
    def outputs(self) -> int:
        """O, the number of outputs."""
        return self.wy.shape[0]

    @property
    def predicts(self) -> bool:
        """Whether outputs are symbols (O = V): only such nets have a bpc."""
        return self.outputs == self.symbols

    @property
    def parameters(self) -> int:
        """The number of weights, all tensors together."""
        return sum(getattr(self, name).size for name in TENSORS)

    def sha256(self) -> str:
        """Hash of the tensors in the order wx, wh, bh, wy, by, little-endian: the same for every
        file format that holds these weights."""
        digest = hashlib.sha256()
        for name in TENSORS:
            digest.update(getattr(self, name).astype("<f4").tobytes())
        return digest.hexdigest()


def refuse_nonfinite(name: str, value: np.ndarray) -> None:
    """Refuse NaN and infinity, naming the first by its index.

    Raises
    ------
    WeightsError
        As said.
    """
    bad = ~np.isfinite(value)
    if bad.any():
        index = tuple(int(k) for k in np.argwhere(bad)[0])
        raise WeightsError(
            f"{name}{list(index)} is {value[index]}, {int(bad.sum()):,} of {value.size:,} entries "
            "are NaN or infinite; expected finite float32"
        )


def _check_shapes(weights: Weights) -> None:
    if weights.wh.ndim != 2 or weights.wh.shape[0] != weights.wh.shape[1]:
        raise WeightsError(f"wh: shape {weights.wh.shape}, expected a square (H, H)")
    hidden = weights.wh.shape[0]
    columns = weights.wx.shape[1] if weights.wx.ndim == 2 else "V"
    rows = weights.wy.shape[0] if weights.wy.ndim == 2 else "O"
    expected = {"wx": (hidden, columns), "bh": (hidden,), "wy": (rows, hidden), "by": (rows,)}
    for name, shape in expected.items():
        found = getattr(weights, name).shape
        if found != shape:
            wanted = ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "")
            raise WeightsError(
                f"{name}: shape {found}, expected ({wanted}) beside wh of shape {weights.wh.shape}"
            )
    if 0 in (hidden, weights.wx.shape[1], weights.wy.shape[0]):
        raise WeightsError(
            f"empty net: H = {hidden}, V = {weights.wx.shape[1]}, O = {weights.wy.shape[0]}; "
            "each must be at least 1"
        )


def _checked_alphabet(alphabet: np.ndarray, symbols: int) -> np.ndarray:
    values = np.asarray(alphabet)
    if values.ndim != 1 or values.dtype.kind not in "iu" or len(values) != symbols:
        raise WeightsError(
            f"alphabet: shape {values.shape} of {values.dtype}, expected {symbols} byte values"
        )
    if len(values) and not (values.min() >= 0 and values.max() <= 255):
        raise WeightsError("alphabet: expected byte values 0..255")
    if len(set(values.tolist())) != symbols:
        first = next(v for k, v in enumerate(values.tolist()) if v in values[:k])
        raise WeightsError(f"alphabet: byte {first:#04x} stands in it twice")
    values = values.astype(np.uint8)
    values.flags.writeable = False
    return values
