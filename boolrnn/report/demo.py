"""demo: what boolrnn is for, in one page. Two nets, one contrast, and everything is computed while you wait.

1. A plain tanh net that knows a text by heart is not the automaton of its signs: where they part, and what
   that costs.
2. Its hardened twin is, for every text, with a certificate that a program of its own checks. Twin: a net of
   the same number of neurons for the same text, trained on signs and rounded to integers.
3. The fewest flips of its state that change one prediction some steps later, proved.
4. A small net that has every label right on many test words of a language and is wrong: a shortest word on
   which it is, beside the machine that query learning takes it for.

The nets and the text ship with the package. Every figure is one that a verb gives: `commands` says which.
"""

import dataclasses
import os
import shlex
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.data import LANGUAGE, embedded_pair, passed_net
from boolrnn.errors import OptionError, ResultError
from boolrnn.machines.compare import MOST_WORDS
from boolrnn.model.formats import write_weights
from boolrnn.model.weights import Weights
from boolrnn.report.demo_flips import asking, flips
from boolrnn.report.demo_language import language
from boolrnn.report.demo_nets import HARDENED, PLAIN, along, beside, certificate, columns
from boolrnn.report.demo_page import page_of
from boolrnn.report.page import write_page
from boolrnn.result import MadeBy, Result, named, write_whole
from boolrnn.shapes import Bool, Float64, Int64

AT, STEPS = 826, 3  # a closing tag has begun; 4 flips change its second letter, and no 3 do
WORDS = 20_000
FILES = {"plain": "plain.npz", "hardened": "hardened.npz", "text": "text.txt", "passed": "passed.npz"}
CERTIFICATE = "hardened.cert.json"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Demo(Result):
    """The story in numbers. `nets` has the plain net and its hardened twin, `positions` what network and
    automaton of each predict along the text (position t predicts the symbol `next`), `prefixes` the labels
    along the shortest wrong word. Figures that do not exist are null: nothing that differs, no proof.
    """

    schema = "demo/1"

    verdict: str
    path: str | None  # of the page
    bytes: int | None
    files: str | None  # the directory that the nets, the text and the certificate were written into
    seconds: float
    text_symbols: int = named("text.symbols")
    net: np.ndarray = named("nets.name")
    net_sha256: np.ndarray = named("nets.weights_sha256")
    net_hidden: Int64[np.ndarray, "2"] = named("nets.hidden")
    net_symbols: Int64[np.ndarray, "2"] = named("nets.symbols")
    net_level: np.ndarray = named("nets.level")
    net_verdict: np.ndarray = named("nets.verdict")
    net_one_step: Float64[np.ndarray, "2"] = named("nets.one_step")
    net_free_run: Float64[np.ndarray, "2"] = named("nets.free_run")
    net_positions: Int64[np.ndarray, "2"] = named("nets.positions")
    net_window: np.ndarray = named("nets.window")
    net_arithmetic: np.ndarray = named("nets.arithmetic")
    net_divergence_t: Int64[np.ndarray, "2"] = named("nets.first_divergence.t", nullable=True)
    net_divergence_neuron: Int64[np.ndarray, "2"] = named("nets.first_divergence.neuron", nullable=True)
    net_divergence_cost: Float64[np.ndarray, "2"] = named("nets.first_divergence.bits")
    net_bpc_float: Float64[np.ndarray, "2"] = named("nets.bpc.float")
    net_bpc_sign_readout: Float64[np.ndarray, "2"] = named("nets.bpc.sign_readout")
    net_bpc_one_step: Float64[np.ndarray, "2"] = named("nets.bpc.one_step")
    net_bpc_sign_dynamics: Float64[np.ndarray, "2"] = named("nets.bpc.sign_dynamics")
    net_bpc_bias_only: Float64[np.ndarray, "2"] = named("nets.bpc.bias_only")
    t: Int64[np.ndarray, "P"] = named("positions.t")
    true: np.ndarray = named("positions.next")
    plain_equal: Float64[np.ndarray, "P"] = named("positions.plain.free_run")  # share of equal signs
    plain_network_top: np.ndarray = named("positions.plain.network.predicts")
    plain_network_bits: Float64[np.ndarray, "P"] = named("positions.plain.network.bits")
    plain_automaton_top: np.ndarray = named("positions.plain.automaton.predicts")
    plain_automaton_bits: Float64[np.ndarray, "P"] = named("positions.plain.automaton.bits")
    hardened_equal: Float64[np.ndarray, "P"] = named("positions.hardened.free_run")
    hardened_network_top: np.ndarray = named("positions.hardened.network.predicts")
    hardened_network_bits: Float64[np.ndarray, "P"] = named("positions.hardened.network.bits")
    hardened_automaton_top: np.ndarray = named("positions.hardened.automaton.predicts")
    hardened_automaton_bits: Float64[np.ndarray, "P"] = named("positions.hardened.automaton.bits")
    certificate_level: str = named("certificate.level")
    certificate_form: str | None = named("certificate.form")
    certificate_covers: str | None = named("certificate.covers")
    certificate_min_margin: float | None = named("certificate.min_margin")
    certificate_outputs: str | None = named("certificate.outputs")
    certificate_valid_for: np.ndarray = named("certificate.valid_for", whole=True)
    certificate_verdict: str = named("certificate.verdict")
    certificate_reason: str = named("certificate.reason")
    certificate_bytes: int | None = named("certificate.bytes", default=None)
    checker_exit_code: int | None = named("checker.exit_code", default=None)
    checker_line: str | None = named("checker.line", default=None)
    checker_seconds: float | None = named("checker.seconds", default=None)
    checker_lines: int | None = named("checker.lines_of_code", default=None)
    flips_at: int = named("flips.at")
    flips_steps: int = named("flips.steps")
    flips_question: str = named("flips.question")
    flips_verdict: str = named("flips.verdict")
    flips_proved: bool = named("flips.proved")
    flips_minimum: int | float | None = named("flips.minimum")
    flips_exhausted: int = named("flips.exhausted")  # no set of at most so many flips does
    flips_sets: int = named("flips.sets_refuted")  # their number, the empty one left out
    flips_engine: str = named("flips.engine")
    flips_read: np.ndarray = named("flips.read", whole=True)
    flips_state: Bool[np.ndarray, "H"] = named("flips.state", hexed=True, whole=True)
    flips_neurons: Int64[np.ndarray, "F"] | None = named("flips.neurons", whole=True, default=None)
    flips_before: str | None = named("flips.predicted_before", whole=True, default=None)
    flips_after: str | None = named("flips.predicted_after", whole=True, default=None)
    flips_replayed: bool | None = named("flips.replayed", whole=True, default=None)  # by the float32 program
    language: str = named("language.name")
    language_about: str = named("language.about")
    language_sha256: str = named("language.weights_sha256")
    language_hidden: int = named("language.hidden")
    language_spec_states: int = named("language.spec_states")
    language_words: int = named("language.test.words")
    language_longest: int = named("language.test.longest")
    language_words_right: float | None = named("language.test.words_right")
    language_seed: int = named("language.test.seed")
    language_equal: bool | None = named("language.equal")
    language_word: str | None = named("language.word")
    language_length: int | None = named("language.length")
    language_expected: str | None = named("language.expected")
    language_found: str | None = named("language.found")  # by the automaton
    language_network: str | None = named("language.network")  # by the float32 program
    language_pairs: int = named("language.pairs_explored")
    language_speaks_for: str = named("language.speaks_for")
    language_verdict: str = named("language.verdict")
    language_reachable: int = named("language.reachable")
    language_minimal: int | None = named("language.minimal")
    language_complete: bool = named("language.complete")
    prefix_symbol: np.ndarray = named("prefixes.symbol")
    prefix_expected: np.ndarray = named("prefixes.expected")
    prefix_found: np.ndarray = named("prefixes.found")
    learner: np.ndarray = named("learners.name")
    learner_oracle: np.ndarray = named("learners.oracle")
    learner_states: Int64[np.ndarray, "L"] = named("learners.states")
    learner_returned: np.ndarray = named("learners.returned")
    learner_words: Int64[np.ndarray, "L"] = named("learners.words")
    learner_symbols: Int64[np.ndarray, "L"] = named("learners.symbols")
    learner_seconds: Float64[np.ndarray, "L"] = named("learners.seconds")
    command_for: np.ndarray = named("commands.part")
    command: np.ndarray = named("commands.command")


@dataclasses.dataclass(frozen=True)
class Nets:
    """What the story is told of: two nets for one text, and one that was trained on words of a language."""

    plain: Weights
    hardened: Weights
    text: bytes
    passed: Weights
    language: str


def shipped() -> Nets:
    """The nets and the text that ship with the package."""
    (plain, text), (hardened, _) = embedded_pair(PLAIN), embedded_pair(HARDENED)
    return Nets(plain.weights, hardened.weights, text, passed_net().weights, LANGUAGE)


def demo(
    output: str | os.PathLike[str] | None = "demo.html",
    made_by: MadeBy | None = None,
    *,
    files: str | os.PathLike[str] | None = None,
    at: int = AT,
    steps: int = STEPS,
    words: int = WORDS,
    seed: int = 0,
) -> Demo:
    """Tell the story of the nets that ship with the package, and write it as the page `output` (None: none).

    `files` names a directory for the nets, the text and the certificate, so that the commands shown can be
    repeated. `at` and `steps` ask for the fewest flips at a position, so many steps before the prediction;
    `words` test words are drawn with `seed`, which is also that of the learners' words.

    Raises
    ------
    OptionError, ResultError
        On a value that cannot be used, or a file or directory that cannot be written.
    """
    return tell(shipped(), output, made_by, files=files, at=at, steps=steps, words=words, seed=seed)


def tell(
    nets: Nets,
    output: str | os.PathLike[str] | None,
    made_by: MadeBy | None = None,
    *,
    files: str | os.PathLike[str] | None,
    at: int,
    steps: int,
    words: int,
    seed: int,
) -> Demo:
    """The same of other nets: both of O = V, for the same text of two symbols or more."""
    _check(len(nets.text), at, steps, words, seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="boolrnn-") as name:
        folder = Path(name)
        _write_nets(nets, folder)
        if files is not None:
            _kept(folder, Path(files))
        with asking(folder / FILES["hardened"], folder / FILES["text"], at, steps) as answer:
            fields = _parts(nets, folder, words, seed, answer)
        if files is not None:
            _kept(folder, Path(files))  # the certificate too
    shown = "demo" if files is None else os.fspath(files)
    fields |= _commands(fields, shown)
    told = Demo(
        verdict=_verdict(fields),
        path=None if output is None else os.fspath(output),
        bytes=None,
        files=None if files is None else shown,
        seconds=time.monotonic() - began,
        text_symbols=len(nets.text),
        made_by=made_by or MadeBy(seed=seed),
        **fields,
    )
    size = None if output is None else write_page(output, page_of(told))
    return dataclasses.replace(told, bytes=size, seconds=time.monotonic() - began)


def _parts(
    nets: Nets, folder: Path, words: int, seed: int, answer: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """The four parts, one after the other; `answer` waits for that of the question about flips."""
    with progress.bar("demo", 5) as tick:
        both = []
        for name, weights in ((PLAIN, nets.plain), (HARDENED, nets.hardened)):
            tick(len(both), f"the {name} net and its automaton")
            both.append(beside(name, weights, nets.text))
        fields = columns(both) | along(both)
        tick(2, "a certificate, and its checker")
        fields |= certificate(nets.hardened, folder, (CERTIFICATE, FILES["hardened"]))
        tick(3, f"{words:,} words, and a machine")
        fields |= language(nets.passed, nets.language, words, seed)
        tick(4, "the fewest flips")
        return fields | flips(nets.hardened, both[1].symbols, answer())


def _check(length: int, at: int, steps: int, words: int, seed: int) -> None:
    """Refuse what would be refused later, after other work."""
    if steps < 0 or not 0 <= at < length - steps:
        raise OptionError(
            f"at {at}, steps {steps}: expected symbols[at + steps] in a text of {length:,} symbols"
        )
    for name, value, least, most in (("words", words, 1, MOST_WORDS), ("seed", seed, 0, 2**63 - 1)):
        if not least <= value <= most:
            raise OptionError(f"{name} {value}: expected {least:,}..{most:,}")


def _write_nets(nets: Nets, folder: Path) -> None:
    for name in (PLAIN, HARDENED, "passed"):
        write_weights(getattr(nets, name), folder / FILES[name])
    write_whole(folder / FILES["text"], nets.text)


def _kept(folder: Path, files: Path) -> None:
    """Copy what is in `folder`; nothing else of these names is overwritten."""
    try:
        files.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultError(f"{files}: cannot be written ({error.strerror})") from None
    for path in sorted(folder.iterdir()):
        data, copy = path.read_bytes(), files / path.name
        if path.name != CERTIFICATE and copy.is_file() and copy.read_bytes() != data:
            raise ResultError(f"{copy}: exists and is another file; name a new directory")
        write_whole(copy, data)


def _commands(fields: dict[str, Any], folder: str) -> dict[str, Any]:
    """What repeats each part in a shell, with the files in `folder`."""
    at = {name: shlex.quote(f"{folder}/{file}") for name, file in (FILES | {"cert": CERTIFICATE}).items()}
    pair = f"{at['hardened']} {at['text']}"
    ask = f"--at {fields['flips_at']} --steps {fields['flips_steps']}"
    drawn = f"--words {fields['language_words']} --seed {fields['language_seed']}"
    lines = [
        ("files", f"boolrnn demo --files {shlex.quote(folder)}"),
        ("plain", f"boolrnn agreement {at['plain']} {at['text']}"),
        ("plain", f"boolrnn predict {at['plain']} {at['text']} --top 1"),
        ("hardened", f"boolrnn agreement {pair}"),
        ("hardened", f"boolrnn certify {at['hardened']} --outputs -o {at['cert']}"),
        ("hardened", f"python -m boolrnn.check.check_certificate {at['cert']} {at['hardened']}"),
        ("flips", f"boolrnn fragility {pair} {ask}"),
        ("language", f"boolrnn compare-language {at['passed']} {shlex.quote(fields['language'])} {drawn}"),
        ("language", f"boolrnn extract {at['passed']}"),
        ("own", "boolrnn report MODEL TEXT -o report.html"),
    ]
    return {"command_for": np.array([a for a, _ in lines]), "command": np.array([b for _, b in lines])}


_IS = {
    "agrees": "agrees with its automaton on this text",
    "certified_text": "is its automaton on this text (certified)",
    "certified_always": "is its automaton on every text (certified)",
}


def _verdict(fields: dict[str, Any]) -> str:
    """The contrast in one sentence."""
    said = []
    for k, level in enumerate(fields["net_level"].tolist()):
        t, signs, own = (
            fields[f"net_{name}"][k] for name in ("divergence_t", "bpc_sign_dynamics", "bpc_float")
        )
        cost = f"alone that predicts at {signs:.3f} bits per character instead of {own:.4f}"
        said.append(_IS.get(level, f"parts from its automaton at t = {t:,} ({cost})"))
    return f"Two nets, one text: the plain tanh net {said[0]}; its hardened twin {said[1]}."
