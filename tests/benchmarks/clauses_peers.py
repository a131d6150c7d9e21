"""Generic approaches on questions of the room `clauses`, as peers for clauses_speed.py.

    pip install z3-solver  (optional)
    python tests/benchmarks/clauses_speed.py [MODEL TEXT] --only peers

The same whole-number rows, simplified by bounds, go to: one CNF by PBEnc's default encoding, one by binmerge
(each solved by Glucose 4), HiGHS as a mixed integer program, z3. Each answers in a process of its own that
is killed after a limit of wall time or of memory; they take turns, question by question. A peer's witness is
put into the rows, and no two verdicts may differ, unless one is HiGHS's "infeasible" in floating point.
"""

import importlib
import importlib.util
import statistics
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from pysat.pb import PBEnc
from pysat.solvers import Solver

import boolrnn
from boolrnn.clauses.engines import cnf, highs, worker
from boolrnn.clauses.engines.counting import BINMERGE, as_row
from boolrnn.clauses.fragility import fragility
from boolrnn.clauses.problem import Limits, Problem, simplify
from boolrnn.clauses.question import Question

LIMIT = 8.0  # seconds for each answer
SOLVER = "glucose4"
OWN, DEFAULT, MERGED, MIP, SMT = "boolrnn", "CNF, PBEnc default", "CNF, binmerge", "HiGHS MIP", "z3"
PIECES = {DEFAULT: "cnf", SMT: "z3"}  # what work() calls them
_WIDE = 1 << 60  # PBEnc counts in int64
_PB = 1 << 31  # what z3's PbGe takes
UNKNOWN, ROUGH = "unknown", "in floating point"


class Asked(NamedTuple):
    """A question: its rows, and how boolrnn is asked."""

    what: str
    problem: Problem
    own: Callable[[], Any]


def questions(net, targets, count: int) -> Iterator[list[Asked]]:
    """Kind by kind, `count` of each."""
    rng = np.random.default_rng(5)
    places = net.positions(0, len(net.symbols) - 2, 10 * count)
    drawn = ((at, net.next_bits(at, 4, rng, planted=True)) for at in places)
    yield [_jointly(net, at, bits) for at, bits in drawn if bits is not None][:count]
    places = net.positions(1, len(net.symbols) - 1, count)
    yield [_into(net, "preimage of a state", net.states[t], int(net.symbols[t])) for t in places]
    yield [_into(net, "Garden of Eden", state, symbol) for state, symbol in targets[:count]]
    symbols = np.random.default_rng(4).permutation(net.used())[:count].tolist()
    for n in (12, 24, 40):
        if n <= net.automaton.hidden:
            yield [_fixed(net, n, symbol) for symbol in symbols]


def _jointly(net, at: int, bits: np.ndarray) -> Asked:
    """Four bits of the next state, which 8 flips change."""
    question = Question(net.automaton, net.symbols[at + 1 : at + 2])
    question = question.where(question.distance(0, net.states[at]) <= 8)
    question = question.where(*(question.bit(1, int(j)) == int(not net.states[at + 1, j]) for j in bits))
    options = {"at": at, "steps": 1, "bits": bits, "most": 8, "budget": LIMIT}
    own = lambda: fragility(net.automaton, net.symbols, **options)  # noqa: E731
    return Asked("4 that 8 flips change, r <= 8", question.problem(), own)


def _into(net, what: str, state: np.ndarray, symbol: int) -> Asked:
    question = Question(net.automaton, [symbol])
    problem = question.where(question.equals(1, state)).problem()
    return Asked(what, problem, lambda: boolrnn.preimage(net.automaton, state, symbol=symbol, budget=LIMIT))


def _fixed(net, n: int, symbol: int) -> Asked:
    """Some fixed point of the first n neurons, the others absent; boolrnn is asked for all of them."""
    whole = net.automaton.weights
    part = boolrnn.Weights(
        wx=whole.wx[:n], wh=whole.wh[:n, :n], bh=whole.bh[:n], wy=whole.wy[:, :n], by=whole.by
    )
    whose = {"neurons": range(n), "drop": True} if n < whole.hidden else {}
    return Asked(
        f"fixed points, {n} neurons",
        Question(part, [symbol], cycle=True).problem(),
        lambda: boolrnn.fixed_points(net.automaton, symbol, budget=LIMIT, **whose),
    )


def answer(name: str, asked: Asked) -> tuple[str, str]:
    """A verdict, and why it is unknown."""
    if name == OWN:
        result = asked.own()
        complete = getattr(result, "complete", True) or not asked.what.startswith("fixed")
        return result.verdict if complete else UNKNOWN, "" if complete else "not all of them"
    rest = simplify(asked.problem).rest or asked.problem  # refuted by bounds: they get it all the same
    limits = Limits.within(LIMIT)
    if name in PIECES:
        return _in_worker(PIECES[name], rest, limits)
    found = highs.solve(rest, limits) if name == MIP else cnf.solve(rest, limits, name, SOLVER, BINMERGE)
    if found.note == highs.INFEASIBLE:
        return "unsat", ROUGH
    return found.verdict, found.note


def _in_worker(piece: str, problem: Problem, limits: Limits) -> tuple[str, str]:
    rows = [as_row(row, bound) for row, bound in zip(problem.matrix.tolist(), problem.bounds.tolist())]
    rows = [row for row in rows if row.bound > 0]
    if any(sum(row.weights) >= _WIDE for row in rows):
        return UNKNOWN, "rows wider than int64"
    task = {"piece": piece, "rows": rows, "size": problem.size}
    reply = worker.call(__name__, task, limits.deadline, limits.memory)
    if not reply.said:
        return UNKNOWN, reply.ended
    said = reply.said[-1]
    if said["verdict"] == "sat":
        values = np.zeros(problem.size, bool)
        values[np.array(said["true"], np.int64) - 1] = True
        assert problem.holds(values), piece
    return said["verdict"], ""


def work(task, say) -> None:
    """In a process of its own: say the verdict, and the true variables (from 1) of a solution."""
    {"cnf": _as_clauses, "z3": _as_sums}[task["piece"]](task, say)


def _as_clauses(task, say) -> None:
    top, solver = task["size"], Solver(SOLVER)
    for literals, weights, bound in task["rows"]:
        if sum(weights) < bound:
            say({"verdict": "unsat"})
            return
        made = PBEnc.geq(lits=literals, weights=weights, bound=bound, top_id=top)
        top = max(top, made.nv)
        solver.append_formula(made.clauses)
    found = solver.solve()
    model = [v for v in solver.get_model() or [] if 0 < v <= task["size"]]
    say({"verdict": "sat" if found else "unsat", "true": model})


def _as_sums(task, say) -> None:
    z3 = importlib.import_module("z3")
    bits, solver = [z3.Bool(f"b{j}") for j in range(task["size"])], z3.Solver()
    for literals, weights, bound in task["rows"]:
        terms = [bits[v - 1] if v > 0 else z3.Not(bits[-v - 1]) for v in literals]
        if sum(weights) < _PB:
            solver.add(z3.PbGe(list(zip(terms, weights)), bound))
        else:
            solver.add(z3.Sum([z3.If(term, weight, 0) for term, weight in zip(terms, weights)]) >= bound)
    verdict = str(solver.check())
    true: list[int] = []
    if verdict == "sat":
        model = solver.model()
        true = [j + 1 for j, bit in enumerate(bits) if z3.is_true(model.eval(bit, model_completion=True))]
    say({"verdict": verdict, "true": true})


def compare(net, targets, timed, count: int) -> None:
    """One line per kind of question and engine; `timed` gives a call's result and its seconds."""
    names = [OWN, DEFAULT, MERGED, MIP]
    if importlib.util.find_spec("z3"):
        names.append(SMT)
    else:
        print(f"{SMT}: not installed")
    print(f"{'question':30s} {'net':10s} {'by':20s} {'n':>2s} {'dec.':>4s} {'CPU s':>8s} {'wall s':>8s}")
    for kind in questions(net, targets, count):
        if not kind:
            continue
        kind[0].own()  # warm
        heard: dict[str, list[tuple[tuple[str, str], float, float]]] = {name: [] for name in names}
        for k, asked in enumerate(kind):
            turn = names[k % len(names) :] + names[: k % len(names)]
            for name in turn:
                heard[name].append(timed(lambda name=name, asked=asked: answer(name, asked)))
            said = {name: heard[name][-1][0] for name in names}
            exact = {verdict for verdict, note in said.values() if note != ROUGH}
            assert len(exact - {UNKNOWN}) <= 1, (asked.what, said)
        for name in names:
            _line(kind[0].what, net.name, name, heard[name])


def _line(what: str, net: str, name: str, heard) -> None:
    """Median seconds of what was decided, or (>) of what was spent in vain; and why it was."""
    decided = [(processor, wall) for (verdict, _), processor, wall in heard if verdict != UNKNOWN]
    every = [(processor, wall) for _, processor, wall in heard]
    seconds = [statistics.median(column) for column in zip(*(decided or every))]
    shown = " ".join(f"{'' if decided else '> '}{value:.3f}".rjust(8) for value in seconds)
    words = Counter(" ".join(filter(None, said)) for said, _, _ in heard)
    told = ", ".join(f"{word} x{count}" for word, count in words.items())
    late = any(note in ("", worker.ENDED) for (_, note), _, _ in heard)  # else it needs more than time
    told += f"; not in {LIMIT:g} s" if late and not decided else ""
    print(
        f"{what:30s} {net:10s} {name:20s} {len(heard):2d} {len(decided):4d} {shown}  {told}",
        flush=True,
    )
