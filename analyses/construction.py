"""The weight-construction page: nets from statistics alone, and how their readouts are fitted.

A shift register of hashed symbols carries the last 16 of them exactly. Its readout is a table of log ratios,
a regression, or a descent on the text that is then scored; halves are named train and test. The page's
numbers of the trained net, the log ratios and the halves are of another file or text.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

import boolrnn
from analyses.constructed import constructed, cost, halves, of_window, published, told, trained
from analyses.protocol import Claim, Pair, number

PAGE = "weight-construction page"
HALVES = "weight-construction page, halves"
SUMMARY = "program write_weights12, its summary"
FIRST = "program write_weights4, archived pair"
REGISTER = "program write_weights6, archived pair"
HALVED = "program write_weights8, archived pair"
SOLVED = "program write_weights12, archived pair"
OWN = "weight-construction page, open question"
STEPS = "20 gradient steps of one length; no Hessian is used"
IN_FIT = "the second half is among the positions fitted"
UNTOLD = "a weights file does not tell what it was trained on"
LEAK = "its settings are chosen on the test half, and the bias counts the whole text"
CLAIMS = (
    Claim("encoding", 100.0, 0.05, "%", PAGE, "of the groups of the register hold their symbol"),
    Claim("analytic", 1.890, 5e-4, "bpc", PAGE, "log-ratio readout, written down", of="other"),
    Claim("beats_trained", 3.08, 0.005, "bpc", PAGE, "by which it beats the trained net", of="other"),
    Claim("zero_training", 0, 0, "parameters", PAGE, "trained parameters it needs", of="itself"),
    Claim("analytic_train", 3.72, 0.005, "bpc", HALVES, "log-ratio readout, train", of="other"),
    Claim("analytic_test", 4.88, 0.005, "bpc", HALVES, "log-ratio readout, test", of="other"),
    Claim("optimised", 0.587, 5e-4, "bpc", HALVES, "optimised readout", of="other"),
    Claim("optimised_test", 0.40, 0.005, "bpc", HALVES, "optimised readout, test", of="other", but=IN_FIT),
    Claim("trained_train", 4.82, 0.005, "bpc", HALVES, "trained net, first half", of="other"),
    Claim("trained_test", 5.08, 0.005, "bpc", HALVES, "trained net, second half", of="other"),
    Claim("pseudo_inverse", 1.557, 5e-4, "bpc", PAGE, "pseudo-inverse", of="other"),
    Claim("newton", 0.967, 5e-4, "bpc", PAGE, "pseudo-inverse and 20 Newton steps", but=STEPS),
    Claim("from_inverse", 0.476, 5e-4, "bpc", PAGE, "SGD from the pseudo-inverse"),
    # the program prints 0.3734
    Claim("from_zero", 0.374, 1e-3, "bpc", PAGE, "SGD from zero"),
    Claim("summary_analytic", 1.890, 5e-4, "bpc", SUMMARY, "log-ratio readout", of="other"),
    Claim("summary_inverse", 1.557, 5e-4, "bpc", SUMMARY, "pseudo-inverse", of="itself"),
    Claim("bias_only", 4.8744, 5e-5, "bpc", FIRST, "the output bias alone"),
    Claim("decoded", 16_112, 0, "groups", REGISTER, "groups of the register that hold their symbol"),
    Claim("logratio", 2.4906, 5e-5, "bpc", REGISTER, "log-ratio readout"),
    Claim("logratio_smoothing", 2.5, 1e-9, "", REGISTER, "its smoothing"),
    Claim("logratio_scale", 0.10, 1e-9, "", REGISTER, "its scale"),
    Claim("fourier", 2.4682, 5e-5, "bpc", REGISTER, "Fourier readout"),
    Claim("fourier_scale", 0.25, 1e-9, "", REGISTER, "its scale"),
    Claim("bayes", 4.3898, 5e-5, "bpc", REGISTER, "naive Bayes mixture, from position 16"),
    Claim("bayes_temperature", 0.035, 1e-9, "", REGISTER, "its temperature"),
    Claim("half_train", 2.0486, 5e-5, "bpc", HALVED, "log-ratio readout, train"),
    Claim(
        "half_test",
        2.9591,
        5e-5,
        "bpc",
        HALVED,
        "log-ratio readout, test",
        but=LEAK,
    ),
    Claim("half_optimised", 0.2939, 5e-5, "bpc", HALVED, "optimised readout, test", but=IN_FIT),
    Claim("half_trained_train", 0.0873, 5e-5, "bpc", HALVED, "trained net, first half"),
    Claim("half_trained_test", 0.0713, 5e-5, "bpc", HALVED, "trained net, second half"),
    Claim(
        "group_hash",
        None,
        0,
        "bpc",
        HALVED,
        "a hash of its own for each group: 4.6366",
        why="its readout is fitted to other codes than the register carries",
    ),
    Claim("inverse", 1.4535, 5e-5, "bpc", SOLVED, "pseudo-inverse"),
    Claim("inverse_scale", 16.5, 1e-9, "", SOLVED, "its scale"),
    Claim("inverse_newton", 0.9669, 5e-5, "bpc", SOLVED, "20 Newton steps from it", but=STEPS),
    Claim("inverse_descent", 0.4762, 5e-5, "bpc", SOLVED, "500 epochs from it"),
    Claim("zero_descent", 0.3734, 5e-5, "bpc", SOLVED, "1,000 epochs from zero"),
    Claim("optimum", None, 0, "bpc", OWN, "the best readout of the published states", of="nothing"),
    Claim("optimum_gap", None, 0, "bits", OWN, "by which it may lie above the least", of="nothing"),
    Claim("least", None, 0, "bpc", OWN, "no readout of these states gets below", of="nothing"),
    Claim("sound_analytic", None, 0, "bpc", OWN, "log-ratio readout, half held out", of="nothing"),
    Claim("sound_optimised", None, 0, "bpc", OWN, "optimised readout, half held out", of="nothing"),
    Claim(
        "isomorphism",
        None,
        0,
        "",
        PAGE,
        "the ES isomorphism and its cost, on enwik9",
        why="enwik9 is not part of the archive",
    ),
    Claim(
        "model", None, 0, "patterns", PAGE, "the universal model's 6,180 patterns", why="other experiments"
    ),
)


def measure(pair: Pair) -> Iterator[tuple[Any, ...]]:
    yield from of_window(pair, _measured(pair))


def _measured(pair: Pair) -> Iterator[tuple[Any, ...]]:
    yield from _written(pair)
    yield from _solved(pair)
    yield from _halved(pair)
    yield from _best(pair)


def _written(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """The register, and the readout that is written down."""
    table = published(pair, "logratio")
    held, checked = table.groups_decoded, table.groups_checked
    yield "encoding", 100 * held / checked if checked else None, f"{held:,} of {checked:,}"
    yield "decoded", held, f"of {checked:,}"
    fitted = f"smoothing {number(table.smoothing, 'g')} and scale {number(table.scale, 'g')} are chosen by "
    fitted += "the text that is scored"
    yield "analytic", table.bpc_all, fitted
    yield "zero_training", sum(each is not None for each in (table.smoothing, table.scale)), fitted
    yield "beats_trained", lambda: trained(pair) - table.bpc_all, "negative: this pair's net is better"
    yield "summary_analytic", table.bpc_all, "the line is a fixed text of the program"
    yield "logratio", table.bpc_all
    yield "logratio_smoothing", table.smoothing
    yield "logratio_scale", table.scale
    bare = dataclasses.replace(table.weights, wy=np.zeros_like(table.weights.wy))
    yield "bias_only", lambda: cost(pair, bare)


def _solved(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """The fitted readouts, as the page gives them and as their programs print them."""
    yield "fourier", lambda: published(pair, "fourier").bpc_all
    yield "fourier_scale", lambda: published(pair, "fourier").scale
    yield "bayes", lambda: published(pair, "bayes").bpc_filled
    yield "bayes_temperature", lambda: published(pair, "bayes").scale
    every = "every step uses all the positions that are fitted: nothing is stochastic"
    fixed = "the line is a fixed text; above it the program prints what it computed"
    yield "summary_inverse", lambda: published(pair, "least-squares").bpc_all, fixed
    for page, program, readout, note in (
        ("pseudo_inverse", "inverse", "least-squares", ""),
        ("newton", "inverse_newton", "least-squares-20", ""),
        ("from_inverse", "inverse_descent", "least-squares-500", every),
        ("from_zero", "zero_descent", "descent", every),
    ):
        for name in (page, program):
            yield name, lambda readout=readout: published(pair, readout).bpc_all, note
    yield "inverse_scale", lambda: published(pair, "least-squares").scale


def _halved(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """Train and test as published, and the same with nothing taken from the second half."""
    first, second = halves(pair)
    for page, program, part in (
        ("analytic_train", "half_train", "bpc_train"),
        ("analytic_test", "half_test", "bpc_held_out"),
    ):
        yield page, lambda part=part: getattr(_published_halves(pair), part), LEAK
        yield program, lambda part=part: getattr(_published_halves(pair), part)
    yield "optimised", lambda: published(pair, "descent").bpc_all
    yield "optimised_test", lambda: cost(pair, published(pair, "descent").weights, *second), IN_FIT
    yield "half_optimised", lambda: cost(pair, published(pair, "descent").weights, *second)
    for page, program, part in (
        ("trained_train", "half_trained_train", first),
        ("trained_test", "half_trained_test", second),
    ):
        for name in (page, program):
            yield name, lambda part=part: trained(pair, *part), UNTOLD
    for name, readout in (("sound_analytic", "logratio"), ("sound_optimised", "gradient")):
        yield name, *told(lambda readout=readout: _sound(pair, readout))


def _published_halves(pair: Pair) -> boolrnn.Construct:
    return published(pair, "logratio", held_out=0.5)


def _sound(pair: Pair, readout: str) -> tuple[float | None, str]:
    """bpc on the second half of a net that nothing of it was counted, chosen or fitted for."""
    found = constructed(pair, readout=readout, held_out=0.5)
    return found.bpc_held_out, f"on the half it is fitted to {number(found.bpc_train)}"


def _best(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """The convex problem that the descents approach."""
    found = published(pair, "gradient")
    steps = "" if found.iterations is None else f"{found.iterations} iterations; "
    yield "optimum", found.bpc_all, f"{steps}penalty {number(found.l2, 'g')}"
    yield "optimum_gap", found.optimality_gap, found.optimality_proof or ""
    yield "least", found.bpc_lowest, "H(next symbol | state) of the positions"
