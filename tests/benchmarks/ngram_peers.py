"""Nets of contexts with the readout backoff, against n-gram models of the same reach. Not part of the tests.

    pip install nltk pyppmd
    python tests/benchmarks/ngram_peers.py [100000 300000 ...]

The text is that of Python's own help topics (pydoc_data.topics): its first 100 kB, 300 kB, and all of it. The
last 10 % of each is held out, and bpc is the mean over its symbols, each predicted from the true symbols
before it. A reach of k is k symbols.

KN      nltk.lm.KneserNeyInterpolated of order k + 1. Its one discount D is chosen from DISCOUNTS on the last
        10 % of the training part; "(0.1)" is its bpc under its default. Its continuation counts are computed
        once instead of at every question (the same numbers, which is checked), and the left end is padded. A
        symbol that was never seen has chance 0 there: EPSILON of all chance is spread over all symbols.
PPMd    pyppmd, PPMd variant H of order k: 8 (size(training + held out) - size(training)) / symbols held out.
        It learns from the held-out part as it goes, which no other column does; a static score cannot be had
        of it, and its least order is 2.
net     boolrnn: at most H neurons, settings chosen on the last 10 % of the training part; the ratio is to KN
        under the discount chosen. H is smaller where fewer contexts gain anything.
A tool that is absent is skipped with one line.
"""

import collections
import dataclasses
import functools
import importlib
import importlib.util
import math
import sys
import time

import numpy as np

from boolrnn.make.backoff import backoff
from boolrnn.make.construct import costs_of, with_readout
from boolrnn.make.contexts import contexts_body
from boolrnn.make.fitting import Split, Task

REACHES, NEURONS = (1, 2, 3, 4, 5), (128, 512, 1024, 2048, 4096)
DISCOUNTS = (0.1, 0.3, 0.5, 0.75, 0.9)
EPSILON = 1e-4
SHARE = 0.1
PAD = -1


@dataclasses.dataclass
class Case:
    """A text as symbols 0..V-1, and its alphabet."""

    values: np.ndarray
    symbols: np.ndarray

    @property
    def split(self):
        """What is fitted, what chooses, what is held out."""
        return Split.of(len(self.symbols), SHARE, SHARE)


def case(size):
    topics = importlib.import_module("pydoc_data.topics").topics
    text = np.frombuffer("".join(topics.values()).encode()[:size], np.uint8)
    values, symbols = np.unique(text, return_inverse=True)
    return Case(values, symbols.astype(np.int64))


def counter_of(symbols, order):
    """nltk's counts of all n-grams up to `order`, the left end padded."""
    NgramCounter = importlib.import_module("nltk.lm").NgramCounter
    everygrams = importlib.import_module("nltk.util").everygrams
    padded = [PAD] * (order - 1) + symbols
    return NgramCounter([list(everygrams(padded, max_len=order))])


@functools.cache
def cached_smoothing():
    """nltk's Kneser-Ney with continuation counts that are computed once, and no other change."""
    kneser_ney = importlib.import_module("nltk.lm.smoothing").KneserNey

    class Cached(kneser_ney):
        """One pass over the counts of each length gives all continuation counts of the length below."""

        def _continuation_counts(self, word, context=()):
            if len(context) not in self.tables:
                types, totals = collections.Counter(), collections.Counter()
                for ngram, counts in self.counts[len(context) + 2].items():
                    for each, often in counts.items():
                        types[ngram[1:], each] += often > 0
                        totals[ngram[1:]] += often > 0
                self.tables[len(context)] = types, totals
            types, totals = self.tables[len(context)]
            return types[context, word], totals[context]

    return Cached


def nltk_model(counter, symbols, order, discount, tables=None):
    """KneserNeyInterpolated on counts that are there already; `tables` keeps its continuation counts."""
    lm = importlib.import_module("nltk.lm")
    vocabulary = lm.Vocabulary(set(symbols), unk_cutoff=1)
    model = lm.KneserNeyInterpolated(order, discount=discount, vocabulary=vocabulary, counter=counter)
    if tables is not None:
        model.estimator = cached_smoothing()(vocabulary, counter, order, discount=discount)
        model.estimator.tables = tables
    return model


def kneser_ney(model, symbols, first, stop, reach, size):
    """bpc of symbols first..stop-1."""
    chance = functools.cache(lambda o, past: model.unmasked_score(o, past))
    bits = 0.0
    for t in range(first, stop):
        p = chance(symbols[t], tuple(symbols[t - reach : t]))
        bits -= math.log2((1 - EPSILON) * p + EPSILON / size)
    return bits / (stop - first)


def peers(data):
    """{reach: (bpc under the discount chosen, under nltk's default, the discount, seconds)}"""
    symbols, size, split = data.symbols.tolist(), len(data.values), data.split
    fit, held, order = split.fit + 1, split.held + 1, max(REACHES) + 1
    counters = {stop: counter_of(symbols[:stop], order) for stop in (fit, held)}

    def scores(stop, last, reach, discounts):
        """{discount: bpc of symbols stop..last-1}, trained on those before."""
        counter, tables = counters[stop], {}
        model = functools.partial(nltk_model, counter, symbols[:stop], reach + 1, tables=tables)
        return {d: kneser_ney(model(d), symbols, stop, last, reach, size) for d in discounts}

    found = {}
    for reach in REACHES:
        begun = time.perf_counter()
        validation = scores(fit, held, reach, DISCOUNTS)
        chosen = min(validation, key=validation.get)
        held_out = scores(held, len(symbols), reach, {chosen, DISCOUNTS[0]})
        spent = time.perf_counter() - begun
        found[reach] = (held_out[chosen], held_out[DISCOUNTS[0]], chosen, spent)
    return found


def check_the_cache():
    """The cached counts give the chances that nltk itself gives."""
    symbols = case(1500).symbols.tolist()
    counter = counter_of(symbols[:1200], 4)
    for reach in (1, 2, 3):
        plain = nltk_model(counter, symbols[:1200], reach + 1, 0.75)
        quick = nltk_model(counter, symbols[:1200], reach + 1, 0.75, tables={})
        for t in range(1200, 1300):
            past = tuple(symbols[t - reach : t])
            assert plain.unmasked_score(symbols[t], past) == quick.unmasked_score(symbols[t], past)


def ppmd(data, order):
    """Bits per held-out symbol: what they add to the compressed training part."""
    module = importlib.import_module("pyppmd")

    def size(text):
        encoder = module.Ppmd7Encoder(order, 1 << 28)
        return len(encoder.encode(text)) + len(encoder.flush())

    text, held = data.values[data.symbols].tobytes(), data.split.held + 1
    return 8 * (size(text) - size(text[:held])) / (len(text) - held)


def constructed(data, reach, neurons):
    """bpc held out, neurons, seconds."""
    begun, split = time.perf_counter(), data.split
    body = contexts_body(data.values, data.symbols[: split.held + 1], reach, neurons)
    task = Task(body.features(data.symbols), data.symbols, len(data.values), reach, split)
    net = with_readout(body.net, backoff(task, body))
    bpc = costs_of(net, task.features[split.held :], task.targets[split.held :]).mean()
    return float(bpc), body.net.hidden, time.perf_counter() - begun


def main(sizes):
    here = {name: importlib.util.find_spec(name) is not None for name in ("nltk", "pyppmd")}
    for name, found in here.items():
        if not found:
            print(f"{name}: not installed, skipped")
    if here["nltk"]:
        check_the_cache()
    print("      text reach |     KN  (0.1)    D     s |  PPMd | net:     H    bpc ratio     s")
    for size in sizes:
        data = case(size)
        rivals = peers(data) if here["nltk"] else {}
        for reach in REACHES:
            best, default, discount, spent = rivals.get(reach, (math.nan,) * 4)
            adaptive = ppmd(data, reach) if here["pyppmd"] and reach > 1 else math.nan
            head = f"{len(data.symbols):10,} {reach:5} | {best:6.4f} {default:6.4f} {discount:4.2f}"
            head += f" {spent:5.0f} | {adaptive:5.3f} |"
            for neurons in NEURONS:
                bpc, hidden, took = constructed(data, reach, neurons)
                print(f"{head} {hidden:10,} {bpc:.4f} {bpc / best:5.3f} {took:5.2f}", flush=True)
                head = " " * (len(head) - 1) + "|"
                if hidden < neurons:
                    break


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]] or [100_000, 300_000, 1 << 30])
