"""The configurations of the full comparison that need no training: baselines, peers, constructed nets, the
given net, and the published constructions."""

import dataclasses
import importlib
import importlib.util
import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.comparison import (
    BASELINE,
    BITS,
    CONSTRUCTED,
    GIVEN,
    GROUPS,
    PEER,
    PUBLISHED,
    Configuration,
    Row,
    Text,
)
from analyses.protocol import Pair
from analyses.scaffolding import L2, groups_for, nonzero
from boolrnn import BoolrnnError

WIDE = ("mixed", "kindred", "semantic", "hybrid", "contexts")
FEATURES = ("splits", "spread", "onehot", *WIDE)
WIDTHS = {128: FEATURES, 256: WIDE}  # neurons of constructed nets that are compared at equal width
READOUTS = ("logratio", "least-squares", "fourier")  # of features mixed, beside the optimum
REACHES = ((1, 256), (2, 512), (3, 680))  # longest context and neurons for each of its lengths
CONTEXTS = (512, 1024, 2048)  # neurons
REACH = 4  # symbols: longest context of features contexts
FAMILY = ("logratio", "least-squares", "least-squares-20", "least-squares-500", "descent")
PPM_ORDERS = (2, 3, 4, 5, 6, 8)
NGRAM = 4  # symbols that an n-gram of nltk has, the predicted one included
SAMPLE = 1000  # positions of each part at which nltk is asked: it takes a millisecond for one
FLOOR = 1e-3  # share of the uniform distribution mixed into nltk's, which gives 0 to unseen symbols


@dataclasses.dataclass(frozen=True)
class Bench:
    """What configurations are made of: the text, the given pair, the seed, and when time is up."""

    text: Text
    pair: Pair | None = None
    seed: int = 0
    deadline: float = math.inf
    unseen: bool = False  # the given net was not trained on the held-out part

    def constructed(self, kind: str, name: str, **options: Any) -> Row:
        """A row of boolrnn.construct; the optimum of a readout gets the time that is left."""
        gradient = options.get("readout", "gradient") == "gradient"
        if gradient and self.deadline < math.inf:
            options["budget"] = max(0.1, self.deadline - time.monotonic())
        made = boolrnn.construct(self.text.data, held_out=self.text.held_out, seed=self.seed, **options)
        chosen = [f"{made.groups} x {made.bits}"]
        for setting in ("l2", "smoothing", "scale"):
            value = getattr(made, setting)
            chosen += [] if value is None else [f"{setting} {value:g}"]
        loose = made.optimality_gap is not None and made.optimality_gap > 1e-6
        return Row(
            kind=kind,
            name=name,
            hidden=made.hidden,
            parameters=made.parameters,
            fitted=made.parameters_fitted,
            train=made.bpc_train,
            held_out=made.bpc_held_out,
            seconds=made.seconds,
            settings=", ".join(chosen),
            note=f"up to {made.optimality_gap:.1g} bits above the optimum" if loose else "",
        )

    def configuration(self, kind: str, name: str, **options: Any) -> Configuration:
        label = f"{name}, {options['groups']} x {options['bits']}"
        return Configuration(kind, label, lambda: self.constructed(kind, name, **options))


def plan(bench: Bench) -> list[Configuration]:
    """Everything but training, the quick and the basic first."""
    text = bench.text
    found = [
        Configuration(BASELINE, "uniform", lambda: uniform(text)),
        Configuration(BASELINE, "marginal", lambda: marginal(text)),
        *(
            bench.configuration(
                BASELINE, f"order {k}, backoff", features="contexts", readout="backoff", groups=k, bits=bits
            )
            for k, bits in REACHES
        ),
    ]
    if bench.pair is not None:
        found.append(Configuration(GIVEN, "MODEL", lambda: given(bench)))
    return [*found, *peers(text), *_constructed(bench), *_published(bench)]


def _constructed(bench: Bench) -> Iterator[Configuration]:
    """Features, readouts and sizes; first the net to whose size others are brought, last what takes long."""
    symbols = len(bench.text.values)

    def made(name: str, **options: Any) -> Configuration:
        return bench.configuration(CONSTRUCTED, name, **options)

    yield made("mixed, gradient", groups=GROUPS, bits=BITS)
    if bench.text.short:
        yield made("mixed, memorising", groups=GROUPS, bits=BITS, l2=L2)
        groups = groups_for(bench.text.size, symbols, fitted=True)  # as many fitted as others have in all
        yield made("mixed, memorising", groups=groups, bits=BITS, l2=L2)
    for width in (*WIDTHS, *CONTEXTS):
        yield made(
            "contexts, backoff", features="contexts", readout="backoff", groups=REACH, bits=width // REACH
        )
    for readout in READOUTS:
        yield made(f"mixed, {readout}", readout=readout, groups=GROUPS, bits=BITS)
    groups = max(1, GROUPS * BITS // symbols)
    yield made("onehot, bayes", features="onehot", readout="bayes", groups=groups, bits=symbols)
    for width, names in WIDTHS.items():
        for features in names:
            if features == "onehot":
                yield made(
                    "onehot, gradient", features=features, groups=max(1, width // symbols), bits=symbols
                )
                continue
            if features == "mixed" and width == GROUPS * BITS:
                continue
            per = REACH if features == "contexts" else GROUPS
            yield made(f"{features}, gradient", features=features, groups=per, bits=width // per)


def uniform(text: Text) -> Row:
    """Every byte value that occurs in the text is as likely as any other."""
    bits = math.log2(len(text.values))
    held = bits if text.held < len(text.data) - 1 else None
    settings = f"{len(text.values)} symbols"
    return Row(
        kind=BASELINE, name="uniform", parameters=0, fitted=0, train=bits, held_out=held, settings=settings
    )


def marginal(text: Text) -> Row:
    """The share of every symbol in the training part, each counted half once more."""
    counts = np.bincount(text.symbols[: text.held + 1], minlength=len(text.values)) + 0.5
    train, held = text.means(-np.log2(counts / counts.sum())[text.symbols[1:]])
    many = len(counts)
    return Row(kind=BASELINE, name="marginal", parameters=many, fitted=many, train=train, held_out=held)


def given(bench: Bench) -> Row:
    """The given net on the same text."""
    pair = bench.pair
    assert pair is not None
    if not pair.weights.predicts:
        raise BoolrnnError("its outputs are not its symbols: it predicts no next symbol")
    train, held = bench.text.scored(pair.weights, pair.symbols, pair.tanh)
    count = nonzero(pair.weights)
    return Row(
        kind=GIVEN,
        name="MODEL",
        hidden=pair.weights.hidden,
        parameters=count,
        fitted=count,
        train=train,
        held_out=held,
        settings=f"{pair.weights.symbols} symbols",
        note="" if bench.unseen else "the held-out part is taken to be in its training data (see --unseen)",
    )


def _published(bench: Bench) -> Iterator[Configuration]:
    """The published constructions; with a text that is not short they say nothing."""

    def made(readout: str) -> Row:
        found = boolrnn.construct(bench.text.data, readout=readout, as_published=True, held_out=0.0)
        return Row(
            kind=PUBLISHED,
            name=readout,
            hidden=found.hidden,
            parameters=found.parameters,
            fitted=found.parameters_fitted,
            train=found.bpc_all,
            held_out=None,
            seconds=found.seconds,
            settings=f"{found.groups} x {found.bits}",
            note="fitted on the whole text: nothing is held out",
        )

    if bench.text.short:
        for readout in FAMILY:
            yield Configuration(PUBLISHED, readout, lambda readout=readout: made(readout))


def peers(text: Text) -> Iterator[Configuration]:
    """Those that are installed."""
    if importlib.util.find_spec("pyppmd"):
        yield Configuration(PEER, "PPMd (pyppmd)", lambda: ppm(text))
    if importlib.util.find_spec("nltk"):
        for model in ("KneserNeyInterpolated", "WittenBellInterpolated"):
            name = f"{model.removesuffix('Interpolated')} {NGRAM}-gram (nltk)"
            yield Configuration(PEER, name, lambda model=model, name=name: ngram(text, model, name))


def ppm(text: Text) -> Row:
    """PPMd variant H: bits that the coded text grows by. It goes on learning while it reads, and is never
    told which symbols there are; its order is the best one for the last tenth of the training part."""
    coder: Any = importlib.import_module("pyppmd").Ppmd7Encoder

    def bits(data: bytes, order: int) -> int:
        encoder = coder(order, 1 << 26)
        return 8 * (len(encoder.encode(data)) + len(encoder.flush()))

    fit = text.read[: max(1, len(text.read) - len(text.read) // 10)]
    order = min(PPM_ORDERS, key=lambda each: bits(text.read, each) - bits(fit, each))
    train, rest = bits(text.read, order), len(text.data) - len(text.read)
    held = (bits(text.data, order) - train) / rest if rest else None
    return Row(
        kind=PEER,
        name="PPMd (pyppmd)",
        train=train / len(text.read),
        held_out=held,
        settings=f"order {order}",
        note="adaptive: goes on learning in the held-out part; train is what the first reading costs",
    )


def ngram(text: Text, model: str, name: str) -> Row:
    """An interpolated n-gram of nltk, asked at up to SAMPLE evenly spaced positions of each part."""
    tools: Any = importlib.import_module("nltk.lm")
    grams: Any = importlib.import_module("nltk.util").everygrams
    letters = [chr(value) for value in text.data]
    fitted = getattr(tools, model)(order=NGRAM)
    fitted.fit([grams(letters[: text.held + 1], max_len=NGRAM)], sorted(set(letters)))

    def share_of(letter: str, context: list[str]) -> float:
        try:
            return fitted.score(letter, context)
        except ZeroDivisionError:  # a context that was read at the very end alone: nothing follows it
            return share_of(letter, context[1:])

    def mean(first: int, stop: int) -> float | None:
        positions = np.unique(np.linspace(first, stop - 1, min(SAMPLE, max(0, stop - first))).astype(int))
        bits = []
        for t in positions.tolist():
            share = share_of(letters[t + 1], letters[max(0, t + 2 - NGRAM) : t + 1])
            bits.append(-math.log2((1 - FLOOR) * share + FLOOR / len(text.values)))
        return float(np.mean(bits)) if bits else None

    train, held = mean(0, text.held), mean(text.held, len(letters) - 1)
    many = max(text.held, len(letters) - 1 - text.held)
    sampled = f"sampled: {SAMPLE:,} positions of each part at most" if many > SAMPLE else ""
    return Row(kind=PEER, name=name, train=train, held_out=held, settings=f"order {NGRAM - 1}", note=sampled)
