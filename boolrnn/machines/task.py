"""train-language: a net that speaks the language of a machine, hardened to integers, and proved to.

A net of signs is trained on words with their labels at every prefix, rounded to integers, the coarsest that
do, and compared with the machine on words of every length: what is proved is the net that is written. That
sigmoid nets can hold an automaton for strings of every length is classical (Omlin & Giles 1996,
doi:10.1145/235809.235811); how often words alone do not suffice to learn one, `counterexamples=False` shows.
"""

import dataclasses
import re
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from boolrnn import progress
from boolrnn.check.certify import certify
from boolrnn.errors import OptionError
from boolrnn.machines.lessons import Lessons, Mark, OutOfTimeError, Plan
from boolrnn.machines.machine import NOTHING, Machine
from boolrnn.machines.product import Difference
from boolrnn.machines.proving import GAIN, PAIRS, Candidate, Prover, right
from boolrnn.machines.strings import Drawing
from boolrnn.make.made import Made, net_fields
from boolrnn.model.weights import Weights
from boolrnn.result import named
from boolrnn.shapes import Float64, Int64, UInt8

LARGEST = 4096  # neurons
MOST_OUTPUTS = 4096
ENTRIES = 1 << 24  # hidden values of the longest batch, a STRETCH-th of them
TESTED = 20_000  # words
CHECKED = 256  # words of each of three lengths that candidates are sorted out with
EXPLORED = 10**6  # pairs of states, for the net that is written


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class TrainLanguage(Made):
    """The net, and whether it speaks the language: `equal` true (proved for words of every length), false
    (`counterexample` is a shortest word after which it says `told` where `expected` is right) or null.

    `test_accuracy` is the share of `test_words` new words, of lengths spread evenly over 1..`test_longest`,
    all of whose labels are right, at every prefix. `rounds` counts attempts to prove, `trainings` nets that
    were begun, `fed_back` words that came back into training. Output k of the net is `labels[k]`; symbol k is
    `symbol_names[k]`. `history.right` is the share of right labels in training, `history.words_right` that of
    drawn words of the best rounding, up to the first batch of them with a mistake.
    """

    schema = "train_language/1"

    language: str
    kind: str  # moore or mealy
    machine_states: int
    labels: np.ndarray = named("labels", whole=True)
    symbol_names: np.ndarray = named("symbol_names", whole=True)
    mode: str  # counterexamples, or plain
    seed: int
    longest: int
    batch: int
    flips: float | None  # as asked; None: by size
    equal: bool | None
    counterexample: Int64[np.ndarray, "K"] | None = named("counterexample", whole=True)
    expected: str | None
    told: str | None
    pairs_explored: int
    undecided: bool
    holds: bool | None  # None: words alone were asked for, and no proof
    test_accuracy: float
    test_words: int
    test_longest: int
    rounds: int
    trainings: int
    updates: int
    fed_back: int
    max_abs_wh: int
    max_abs_drive: int
    gain: float
    level: str
    form: str | None
    outputs_level: str | None = named("outputs.level")
    reason: str
    warning: str | None
    interrupted: bool
    seconds: float
    history_training: Int64[np.ndarray, "E"] = named("history.training")
    history_updates: Int64[np.ndarray, "E"] = named("history.updates")
    history_length: Int64[np.ndarray, "E"] = named("history.length")
    history_loss: Float64[np.ndarray, "E"] = named("history.loss")
    history_right: Float64[np.ndarray, "E"] = named("history.right")
    history_largest: Int64[np.ndarray, "E"] = named("history.largest")
    history_words_right: Float64[np.ndarray, "E"] = named("history.words_right")
    history_word: Int64[np.ndarray, "E"] = named("history.counterexample_length", nullable=True)
    history_fed_back: Int64[np.ndarray, "E"] = named("history.fed_back")


def train_language(
    machine: Machine,
    *,
    hidden: int = 16,
    seed: int = 0,
    counterexamples: bool = True,
    updates: int = 2500,
    trainings: int = 8,
    longest: int = 24,
    batch: int = 64,
    flips: float | None = None,
    budget: float | None = None,
    max_pairs: int = EXPLORED,
    alphabet: UInt8[np.ndarray, "V"] | None = None,
    language: str = "machine",
) -> TrainLanguage:
    """Train a net of `hidden` neurons to give the labels of a complete machine after every prefix.

    With `counterexamples` words on which a rounding is wrong go back into training, until one is proved
    equal or `trainings` nets were tried; without, one net is trained on `updates` batches of `batch` words
    of up to `longest` symbols, rounded to the coarsest integers that are right on 20,000 words, and then
    compared. The first net has `updates`, others twice as many. `flips` is the share of hidden values that
    are flipped while they learn (in steps of 1/256); by default 8/256 in the first, third, .. net of 32
    neurons or more, and none in others. `budget` seconds end it early, `max_pairs`
    the last comparison. `alphabet` are the byte values of the net's symbols; by default those that the names
    of the machine's symbols spell, if all do. The same arguments give the same net on the same machine,
    unless a budget ends it.

    Raises
    ------
    MachineError
        Where the machine is partial.
    OptionError
        On a value out of range.
    """
    begun = time.monotonic()
    plan = Plan(hidden, max(2, len(machine.labels)), seed, updates, trainings, longest, batch, flips)
    _check(plan, budget, max_pairs)
    symbols = machine.alphabet
    values = bytes_of(symbols) if alphabet is None else _checked(alphabet, len(symbols))
    work = _Work(machine, plan, counterexamples, max_pairs, begun, budget)
    with threadpool_limits(1, "blas"):  # sums keep one order, and nets of this size gain nothing from more
        found = work.run()
        return _result(work, found, values, language, begun)


class _Work:
    """One run: training, and the comparison of what is written."""

    def __init__(
        self,
        machine: Machine,
        plan: Plan,
        counterexamples: bool,
        pairs: int,
        begun: float,
        budget: float | None,
    ) -> None:
        self.machine, self.names = numbered(machine)
        self.drawing, self.plan, self.pairs = Drawing(self.machine), plan, pairs
        drawing = self.drawing
        self.counterexamples, self.interrupted = counterexamples, False
        self.deadline = None if budget is None else begun + budget
        rng = np.random.default_rng([plan.seed, 1])
        if counterexamples:
            longest = plan.longest
            words = [drawing.words(rng, CHECKED, n) for n in (-(-longest // 2), longest, 2 * longest)]
            batches = [(each, drawing.labels(each)) for each in words]
        else:
            batches = list(drawing.tests(rng, TESTED, 2 * plan.longest))
        self.prover = Prover(self.machine, batches, pairs, self.deadline)
        self.lessons = Lessons(drawing, self.prover, plan, lambda *_: None, self.deadline)

    def run(self) -> Candidate:
        """The net that is written, compared as far as pairs and budget allow."""
        plan, found = self.plan, None
        total = sum(map(plan.limit, range(plan.trainings if self.counterexamples else 1)))
        try:
            with progress.bar("training", total) as self.lessons.tick:
                self.lessons.prove() if self.counterexamples else self.lessons.learn()
        except OutOfTimeError:
            pass
        except KeyboardInterrupt:
            self.interrupted = True
        found = self.lessons.keep()
        if found is None:
            raise KeyboardInterrupt
        if self.deadline is not None:  # the budget is for training: what is written is judged all the same
            self.prover.deadline = max(self.deadline, time.monotonic() + 1)
        if not found.equal:
            found = self.prover.compared(found, PAIRS if self.interrupted else self.pairs)
        if not self.counterexamples:
            self.lessons.mark(found)
        return found


def numbered(machine: Machine) -> tuple[Machine, list[str]]:
    """The machine with outputs named by their numbers, as a net's are, and what they were called; names that
    are just these numbers in another order stay with their outputs."""
    names = [str(k) for k in range(len(machine.labels))]
    if set(machine.labels) == set(names):
        number = np.array([int(name) for name in machine.labels])
        given = names
    else:
        number, given = np.arange(len(names)), list(machine.labels)
    return dataclasses.replace(
        machine,
        labels=tuple(names),
        outputs=np.where(machine.outputs < 0, NOTHING, number[machine.outputs]),
    ), given


def bytes_of(names: Sequence[str]) -> UInt8[np.ndarray, "V"] | None:
    """The bytes that names of symbols spell: a printable ASCII character, or 0x and two digits; None where
    some name is neither, or two spell one byte."""
    values = []
    for name in names:
        if len(name) == 1 and 32 <= ord(name) < 127:
            values.append(ord(name))
        elif re.fullmatch(r"0x[0-9a-f]{2}", name):
            values.append(int(name, 16))
    if len(values) < len(names) or len(set(values)) < len(names):
        return None
    return np.array(values, np.uint8)


def _checked(alphabet: np.ndarray, count: int) -> UInt8[np.ndarray, "V"]:
    if len(alphabet) != count or len(np.unique(alphabet)) < count:
        raise OptionError(f"alphabet: {len(alphabet)} byte values, expected {count} different ones")
    return alphabet


def _check(plan: Plan, budget: float | None, pairs: int) -> None:
    ranges = {
        "hidden": (1, LARGEST),
        "seed": (0, 2**63 - 1),
        "updates": (1, 10**7),
        "trainings": (1, 10**4),
        "longest": (1, 250),
        "batch": (1, 4096),
    }
    for name, (least, most) in ranges.items():
        value = getattr(plan, name)
        if not least <= value <= most:
            raise OptionError(f"{name} {value}: expected {least}..{most}")
    if plan.hidden * plan.batch * plan.longest > ENTRIES:
        raise OptionError(
            f"hidden {plan.hidden}, batch {plan.batch}, longest {plan.longest}: their product is more than "
            f"{ENTRIES:,}, which takes 1 GB"
        )
    if plan.outputs > MOST_OUTPUTS:
        raise OptionError(f"{plan.outputs:,} labels: expected at most {MOST_OUTPUTS:,}")
    if plan.flips is not None and not 0 <= plan.flips <= 0.5:
        raise OptionError(f"flips {plan.flips}: expected a share of hidden values, 0 to 0.5")
    if pairs < 1:
        raise OptionError(f"max_pairs {pairs}: expected at least 1")
    if budget is not None and not budget > 0:
        raise OptionError(f"budget {budget}: expected more than 0 seconds")


def _result(
    work: _Work, found: Candidate, alphabet: np.ndarray | None, language: str, begun: float
) -> TrainLanguage:
    """Test and certify the net as it is written."""
    plan, lessons, difference = work.plan, work.lessons, found.difference
    assert difference is not None  # compared by `run`
    weights = dataclasses.replace(found.weights, alphabet=alphabet)
    tests = work.drawing.tests(np.random.default_rng([plan.seed, 2]), TESTED, 2 * plan.longest)
    proof = certify(weights, None, outputs=True)
    told: tuple[str | None, str | None] = (None, None)
    if difference.word is not None:
        told = _told(work.machine, work.names, weights, difference.word)
    equal = difference.equal
    return TrainLanguage(
        **net_fields(weights),
        language=language,
        kind=work.machine.kind,
        machine_states=work.machine.states,
        labels=np.array(work.names),
        symbol_names=np.array(work.machine.alphabet),
        mode="counterexamples" if work.counterexamples else "plain",
        seed=plan.seed,
        longest=plan.longest,
        batch=plan.batch,
        flips=plan.flips,
        equal=equal,
        counterexample=difference.word,
        expected=told[0],
        told=told[1],
        pairs_explored=difference.pairs,
        undecided=equal is None,
        holds=equal is True if work.counterexamples else None,
        test_accuracy=right(weights, tests),
        test_words=TESTED,
        test_longest=2 * plan.longest,
        rounds=lessons.rounds,
        trainings=lessons.training + 1,
        updates=lessons.updates,
        fed_back=len(lessons.pool),
        max_abs_wh=int(np.abs(found.whole.wh).max()),
        max_abs_drive=int(np.abs(found.whole.drive).max()),
        gain=GAIN,
        level=proof.level,
        form=proof.form,
        outputs_level=proof.outputs,
        reason=proof.reason,
        warning=_warning(difference, told),
        interrupted=work.interrupted,
        seconds=time.monotonic() - begun,
        **_history(lessons),
    )


def _told(machine: Machine, names: list[str], weights: Weights, word: np.ndarray) -> tuple[str, str]:
    """The right label after a counterexample, and the net's, by name."""
    hidden = np.zeros(weights.hidden, np.float32)
    for x in word.tolist():
        hidden = np.copysign(np.float32(1), weights.wh @ hidden + weights.wx[:, x])
    output = int((weights.wy @ hidden + weights.by).argmax())
    return names[int(machine.run(word)[-1])], names[output] if output < len(names) else "none of the labels"


def _warning(difference: Difference, told: tuple[str | None, str | None]) -> str | None:
    """What the user has to know before the net is used."""
    if difference.word is not None:
        count = len(difference.word)
        where = f"a word of {count:,} symbol{'s' * (count != 1)}" if count else "the empty word"
        return f"the net does not speak the language: {told[1]} instead of {told[0]} after {where}"
    if difference.equal is None:
        return (
            f"unproved: {difference.pairs:,} pairs of states were compared and gave equal labels, then the "
            f"search ended ({difference.why}); a larger budget or max_pairs may decide it"
        )
    return None


def _history(lessons: Lessons) -> dict[str, Any]:
    """The marks as columns."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(Mark):
        kind = np.float64 if field.type is float or field.type == "float" else np.int64
        found[f"history_{field.name}"] = np.array(
            [getattr(each, field.name) for each in lessons.history], kind
        )
    return found
