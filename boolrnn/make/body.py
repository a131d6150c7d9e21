"""body: the dynamics of a constructed net, by the name of its features; the readout is fitted elsewhere.

mixed, parity, value, splits, spread, onehot   a register of codes (codes.py)
kindred             a register of codes that are alike where symbols are used alike (kindred.py)
semantic, hybrid    features of the text (semantic.py), and half of them with half a hash
contexts            one neuron per context that is worth it (contexts.py)
"""

import dataclasses

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import csr_array

from boolrnn.errors import OptionError
from boolrnn.make.codes import CODES, codes, mixed_hash
from boolrnn.make.contexts import contexts_body
from boolrnn.make.fitting import Features
from boolrnn.make.integers import Whole
from boolrnn.make.kindred import kindred_codes
from boolrnn.make.register import Body, Register, copied, register
from boolrnn.make.semantic import said_of, semantic_group
from boolrnn.model.corpus import check_symbols
from boolrnn.shapes import Bool, UInt8

BODIES = (*CODES, "kindred", "semantic", "hybrid", "contexts")


@dataclasses.dataclass(frozen=True, eq=False)
class Coded(Register):
    """A register of codes, one row for each symbol."""

    codes: Bool[np.ndarray, "V W"]

    def says(self, symbols: np.ndarray) -> Bool[np.ndarray, "T W"]:
        """The code of each symbol."""
        return self.codes[symbols]


@dataclasses.dataclass(frozen=True, eq=False)
class OneHot(Coded):
    """A register of one bit per symbol: its features are sparse."""

    def features(self, symbols: np.ndarray) -> Features:
        """The automaton's states at positions 0..n-2 of `symbols` (n), sparse float32 0 and 1 (n-1, H):
        one bit on in each group, and all of them in a group that nothing has reached yet."""
        symbols, width, hidden = check_symbols(symbols, self.net)[:-1], self.width, self.net.hidden
        offsets = np.arange(self.groups) * width
        early = [  # rows of unequal length: what no symbol has reached is on
            np.concatenate([symbols[t::-1] + offsets[: t + 1], np.arange((t + 1) * width, hidden)])
            for t in range(min(self.groups - 1, len(symbols)))
        ]
        full = np.zeros((0, self.groups), np.int64)
        if len(symbols) >= self.groups:
            full = sliding_window_view(symbols, self.groups)[:, ::-1] + offsets
        indices = np.concatenate([*early, full.ravel()])
        ends = np.cumsum([0, *(len(each) for each in early), *[self.groups] * len(full)])
        kind = np.int32 if len(indices) < 2**31 else np.int64
        return csr_array(
            (np.ones(len(indices), np.float32), indices.astype(kind), ends.astype(kind)),
            shape=(len(symbols), hidden),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Semantic(Register):
    """A register of semantic features, and of hash bits beside them (hybrid)."""

    alphabet: UInt8[np.ndarray, "V"]
    named: int  # how many of the bits are features

    def says(self, symbols: np.ndarray) -> Bool[np.ndarray, "T W"]:
        """The features by their definition, and the hash of each symbol."""
        text = self.alphabet[symbols]
        hashed = mixed_hash(self.alphabet, self.width - self.named)[symbols]
        return np.concatenate([said_of(text, self.named), hashed], axis=1)


def body(
    features: str, values: np.ndarray, symbols: np.ndarray, *, groups: int, bits: int, seed: int = 0
) -> Body:
    """The dynamics for `features`, a name of BODIES.

    `values` (V) has the byte value of each symbol; `symbols` are those of the training part, which say how
    often each occurs (splits, spread), what follows what (kindred) or which contexts occur (contexts). A
    group has `bits` neurons; onehot has one for each symbol instead, contexts groups x bits in all at most.

    Raises
    ------
    OptionError
        On a name that is not known, sizes below 1, or more bits than there are features.
    """
    if features not in BODIES:
        raise OptionError(f"features {features!r}: expected one of {', '.join(BODIES)}")
    if groups < 1 or bits < 1:
        raise OptionError(f"{groups} groups of {bits} bits: expected at least 1 each")
    if features == "contexts":
        return contexts_body(values, symbols, groups, groups * bits)
    if features in ("semantic", "hybrid"):
        return _semantic(values, groups, bits, bits if features == "semantic" else (bits + 1) // 2)
    if features == "kindred":
        found = kindred_codes(symbols, len(values), bits, seed)
    else:
        found = codes(features, values, bits, np.bincount(symbols, minlength=len(values)), seed)
    kind = OneHot if features == "onehot" else Coded
    return kind(register(found, groups, values), len(np.unique(found, axis=0)), groups, found)


def _semantic(values: np.ndarray, groups: int, bits: int, named: int) -> Semantic:
    """A register of `named` features, and so many hash bits as to make `bits`."""
    meant, hashed = semantic_group(values, named), mixed_hash(values, bits - named)
    wh = np.zeros((bits, bits))
    wh[:named, :named] = meant.wh
    drive = np.concatenate([meant.drive, np.where(hashed.T, 1.0, -1.0)])
    net = copied(Whole(wh, drive), groups, values)
    return Semantic(net, len(np.unique(drive, axis=1).T), groups, values, named)
