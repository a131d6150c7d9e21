"""The automaton: bit i of the next state = [bh_i + wx_ix + sum_j wh_ij s_j >= 0], over the reals.

It starts where the network starts: h = 0 is no sign vector, so the first step uses the drive alone.
Any other start is an explicit state. Every sum is exact (boolrnn.model.exact says how, row by row).
"""

import dataclasses
import functools
import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np

from boolrnn import progress
from boolrnn.bits import as_bits, signs
from boolrnn.errors import ResultError
from boolrnn.model.annotate import NEVER, bounds, seen_on
from boolrnn.model.corpus import check_symbols
from boolrnn.model.exact import ExactRows
from boolrnn.model.formats import Source, read_source
from boolrnn.model.kernels import stepper
from boolrnn.model.weights import TENSORS, Weights
from boolrnn.result import MadeBy, Result, named, npz_bytes, write_whole
from boolrnn.shapes import Bool, Float32, Float64, Int64, UInt8


@dataclasses.dataclass(frozen=True, eq=False)
class BoolTrace:
    """A trajectory: `states[t]` and `margins[t]` (|z|) after `symbols[t]` was read.

    Margins are computed from the states when they are first asked for: they take eight times the
    memory. `z(first, stop)` gives the signed sums of a window.
    """

    symbols: Int64[np.ndarray, "T"]
    states: Bool[np.ndarray, "T H"]
    initial: Bool[np.ndarray, "H"] | None  # None: the network's start
    rows: ExactRows = dataclasses.field(repr=False)

    def z(self, first: int = 0, stop: int | None = None) -> Float64[np.ndarray, "T H"]:
        """The sums whose signs are `states[first:stop]`."""
        stop = len(self.symbols) if stop is None else min(stop, len(self.symbols))
        z = np.empty((stop - first, self.states.shape[1]))
        if first == 0 < stop:
            before = None if self.initial is None else signs(self.initial[None])
            z[:1] = self.rows.z(before, self.symbols[:1])
        for k in range(max(first, 1), stop, 4096):
            end = min(k + 4096, stop)
            z[k - first : end - first] = self.rows.z(signs(self.states[k - 1 : end - 1]), self.symbols[k:end])
        return z

    @functools.cached_property
    def margins(self) -> Float64[np.ndarray, "T H"]:
        """|z| at every position, (T, H)."""
        z = self.z()
        return np.abs(z, out=z)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Automaton(Result):
    """The transition function with its readout, its certificate of exactness, and its margins.

    Matrices are `[neuron, symbol]`. `least_margin` and `least_flips` are None unless it was compiled
    with a text; NaN and -1 (both null in JSON) where the text never reads the symbol, and -1 flips also
    where no set of flips can. It is saved as one .npz file that keeps every weight bit for bit.
    """

    schema = "automaton/1"

    hidden: int
    symbols: int
    outputs: int
    exact_route: str = named("exact.route")
    exact_bits_max: int = named("exact.bits_max")  # all rows counted in the file's lowest unit
    row_neuron: Int64[np.ndarray, "H"] = named("rows.neuron")
    row_route: np.ndarray = named("rows.route")
    row_bits: Int64[np.ndarray, "H"] = named("rows.bits")  # each row counted in its own unit
    row_unit: Int64[np.ndarray, "H"] = named("rows.unit")  # exponent of the row's lowest set bit
    sum_abs: Float64[np.ndarray, "H"] = named("rows.sum_abs")
    drive: Float64[np.ndarray, "H V"]
    low: Float64[np.ndarray, "H V"]
    high: Float64[np.ndarray, "H V"]
    forced: Int64[np.ndarray, "H V"] = named("forced", nullable=True)  # the bit of every state, or -1
    least_margin: Float64[np.ndarray, "H V"] | None = None
    least_flips: Int64[np.ndarray, "H V"] | None = named("least_flips", nullable=True, default=None)
    text_sha256: str | None = named("text.sha256", default=None)  # of the symbols as int64
    text_symbols: int | None = named("text.symbols", default=None)
    wx: Float32[np.ndarray, "H V"] = named("wx", quiet=True)
    wh: Float32[np.ndarray, "H H"] = named("wh", quiet=True)
    bh: Float32[np.ndarray, "H"] = named("bh", quiet=True)
    wy: Float32[np.ndarray, "O H"] = named("wy", quiet=True)
    by: Float32[np.ndarray, "O"] = named("by", quiet=True)
    alphabet: UInt8[np.ndarray, "V"] | None = None
    folded: Float64[np.ndarray, "H V"] | None = named("folded", quiet=True, default=None)
    folded_terms: int = named("folded.terms", quiet=True, default=0)

    @functools.cached_property
    def weights(self) -> Weights:
        """The float32 weights that the automaton was compiled from, readout included."""
        parts = {name: getattr(self, name) for name in TENSORS}
        return Weights(**parts, alphabet=self.alphabet, folded=self.folded, folded_terms=self.folded_terms)

    @functools.cached_property
    def rows(self) -> ExactRows:
        """The exact engine of the transition function."""
        return ExactRows(self.wh, self.wx, self.bh)

    def z(
        self, states: Bool[np.ndarray, "B H"] | None, symbols: Int64[np.ndarray, "B"]
    ) -> Float64[np.ndarray, "B H"]:
        """The sums for each pair (state, symbol); `states` None is the network's start."""
        return self.rows.z(None if states is None else signs(states), symbols)

    def step(
        self, states: np.ndarray | None, symbols: np.ndarray
    ) -> tuple[Bool[np.ndarray, "B H"], Float64[np.ndarray, "B H"]]:
        """Next state and margins |z| for each pair (state, symbol); None is the network's start.

        Raises
        ------
        StateError
            Where `states` is not (B, H) for B symbols.
        TextError
            On a symbol outside the vocabulary.
        """
        symbols = check_symbols(symbols, self.weights)
        if states is not None:
            states = as_bits("states", states, (len(symbols), self.hidden))
        z = self.z(states, symbols)
        return z >= 0, np.abs(z)

    def run(self, symbols: np.ndarray, initial: np.ndarray | None = None) -> BoolTrace:
        """The trajectory over `symbols` (T), from `initial` (H bools) or the network's start.

        It takes one byte of memory per neuron and symbol; margins, if asked for, eight more.

        Raises
        ------
        StateError
            Where `initial` is not (H).
        TextError
            On a symbol outside the vocabulary.
        """
        symbols = check_symbols(symbols, self.weights)
        if initial is not None:
            initial = as_bits("initial", initial, (self.hidden,))
        with progress.bar("automaton", len(symbols)) as tick:
            states = stepper(self, work=len(symbols)).run(symbols, initial, tick)
        return BoolTrace(symbols, states, initial, self.rows)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the automaton as one .npz file, whole or not at all.

        Raises
        ------
        ResultError
            Where the name does not end in .npz or the file cannot be written.
        """
        if Path(path).suffix.lower() != ".npz":
            raise ResultError(f"{path}: expected a name that ends in .npz")
        arrays, scalars = self._split()
        meta = {
            "schema": self.schema,
            "made_by": json.dumps(dataclasses.asdict(self.made_by)),
            "scalars": json.dumps(scalars),
        }
        write_whole(path, npz_bytes({k: np.array(v) for k, v in meta.items()} | arrays))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Automaton":
        """Read what `write` wrote. Everything that follows from the weights is computed again and
        compared; what was seen on a text can only be checked for type, shape and range.

        Raises
        ------
        ResultError
            Where the annotations do not belong to the weights.
        WeightsError
            Where it is no automaton file.
        """
        return cls.of_source(read_source(path))

    @classmethod
    def of_source(cls, source: Source) -> "Automaton":
        """The automaton that a file, already read, holds; see `read`."""
        if source.form != "automaton":
            raise ResultError(f"{source.path}: no compiled automaton but weights ({source.form})")
        with np.load(io.BytesIO(source.data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        try:
            scalars = json.loads(str(arrays.pop("scalars")))
            made_by = MadeBy(**json.loads(str(arrays.pop("made_by"))))
            arrays.pop("schema")
            stored = cls(made_by=made_by, **scalars, **arrays)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise ResultError(f"{source.path}: damaged automaton file ({reason})") from None
        _refuse_foreign(stored, source)
        return dataclasses.replace(stored, alphabet=source.weights.alphabet)


def _refuse_foreign(stored: Automaton, source: Source) -> None:
    """Refuse what does not follow from the weights, and what no text could have shown."""
    weights = source.weights
    for name, fits in _plausible(stored, weights).items():
        if not fits:
            raise ResultError(f"{source.path}: {name} is nothing that was compiled from these weights")
    fresh = compile(weights)
    seen = ("made_by", "alphabet", "least_margin", "least_flips", "text_sha256", "text_symbols")
    for field in dataclasses.fields(stored):
        if field.name in (*seen, "folded", "folded_terms"):
            continue
        value, again = getattr(stored, field.name), getattr(fresh, field.name)
        if not np.array_equal(value, again) or np.asarray(value).dtype.kind != np.asarray(again).dtype.kind:
            raise ResultError(f"{source.path}: {field.name} does not belong to the weights beside it")


def _plausible(stored: Automaton, weights: Weights) -> dict[str, bool]:
    """Type, shape and range of what cannot be computed again, by name."""
    sums = np.abs(weights.bh[:, None].astype(np.float64) + weights.wx) * (1 - 2.0**-20)
    folded, terms = stored.folded, stored.folded_terms
    margin, flips = stored.least_margin, stored.least_flips
    shape = weights.wx.shape
    few = type(terms) is int and 0 <= terms < 1 << 24
    return {
        "folded": folded is None or (_is(folded, np.float64, shape) and bool((folded >= sums).all())),
        "folded_terms": few and (terms > 0) == (folded is not None),
        "least_margin": margin is None
        or (_is(margin, np.float64, shape) and not ((margin < 0) | np.isinf(margin)).any()),
        "least_flips": flips is None
        or (_is(flips, np.int64, shape) and flips.min() >= NEVER and flips.max() <= weights.hidden),
        "text_symbols": isinstance(stored.text_symbols, int | None),
        "text_sha256": isinstance(stored.text_sha256, str | None),
    }


def _is(value: object, kind: type, shape: tuple[int, ...]) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == kind and value.shape == shape


def compile(weights: Weights, symbols: np.ndarray | None = None) -> Automaton:
    """Compile weights into their exact automaton; with `symbols` (T), margins seen on that text.

    Any finite float32 weights are compiled; rows too wide for float64 take a slower exact route.

    Raises
    ------
    TextError
        On a symbol outside the vocabulary.
    """
    rows = ExactRows(weights.wh, weights.wx, weights.bh)
    certificate = rows.certificate
    drive = np.ascontiguousarray(rows.drive.T)
    limits = bounds(weights, drive, certificate)
    automaton = Automaton(
        hidden=weights.hidden,
        symbols=weights.symbols,
        outputs=weights.outputs,
        exact_route=certificate.route,
        exact_bits_max=certificate.bits_common,
        row_neuron=np.arange(weights.hidden),
        row_route=certificate.routes,
        row_bits=certificate.bits,
        row_unit=certificate.unit,
        sum_abs=limits.sum_abs,
        drive=drive,
        low=limits.low,
        high=limits.high,
        forced=limits.forced,
        **{name: getattr(weights, name) for name in TENSORS},
        alphabet=weights.alphabet,
        folded=weights.folded,
        folded_terms=weights.folded_terms,
    )
    vars(automaton)["rows"] = rows  # the cached property, filled with what is at hand
    if symbols is None:
        return automaton
    run = automaton.run(symbols)
    seen = seen_on(weights, certificate, run.symbols, run.states, run.z)
    return dataclasses.replace(
        automaton,
        least_margin=seen.least_margin,
        least_flips=seen.least_flips,
        text_sha256=hashlib.sha256(run.symbols.tobytes()).hexdigest(),
        text_symbols=len(run.symbols),
    )


def read_automaton(path: str | os.PathLike[str]) -> Automaton:
    """Read a compiled automaton file."""
    return Automaton.read(path)


def as_automaton(model: Weights | Automaton) -> Automaton:
    """The automaton itself, or the one that these weights compile to."""
    return model if isinstance(model, Automaton) else compile(model)
