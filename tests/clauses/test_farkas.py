"""Refutations: made by the relaxation, checked by a script of its own, worthless once corrupted."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from clauses.small import every_state

from boolrnn.clauses.engines import check_farkas, lp
from boolrnn.clauses.engines.check_farkas import WrongProofError, check
from boolrnn.clauses.engines.farkas import SPLIT, SUM, as_json
from boolrnn.clauses.problem import Limits, dense


def refuted(seed, size=12, wide=1):
    """A random problem without a solution, and its proof by branching."""
    rng = np.random.default_rng(seed)
    while True:
        rows = [
            ({j: int(rng.integers(-9, 10)) * wide for j in range(size)}, int(rng.integers(-3, 12)) * wide)
            for _ in range(size)
        ]
        problem = dense(rows, size)
        answer = lp.solve(problem, Limits())
        if answer.verdict == "unsat" and len(answer.proof[1]) > 3:
            return problem, answer.proof[1]


@pytest.fixture(scope="module")
def proofs():
    return [refuted(seed, wide=wide) for seed in range(3) for wide in (1, 2**70)]


def test_proofs_are_checked_and_right(proofs):
    for problem, tree in proofs:
        assert check(problem.matrix.tolist(), problem.bounds.tolist(), tree) >= 2
        assert not any(problem.holds(values) for values in every_state(problem.size))


def test_a_proof_does_not_fit_rows_that_have_a_solution(proofs):
    for problem, tree in proofs:
        rows, bounds = problem.matrix.tolist(), problem.bounds.tolist()
        values = [j % 2 for j in range(problem.size)]
        loose = [min(b, sum(a * v for a, v in zip(row, values))) for row, b in zip(rows, bounds)]
        with pytest.raises(WrongProofError, match="can be satisfied"):
            check(rows, loose, tree)


def corruptions(tree):
    """Small changes, each of which takes something away that a proof needs."""
    sums = [k for k, (kind, _) in enumerate(tree) if kind == SUM]
    splits = [k for k, (kind, _) in enumerate(tree) if kind == SPLIT]
    yield "a branch is missing", tree[:-1]
    yield "a branch too many", [*tree, (SUM, {0: 1})]
    yield "no rows", [(SUM, {}) if k == sums[0] else node for k, node in enumerate(tree)]
    yield "no tree", []
    for name, value in (
        ("no such bit", [10**6, 0]),
        ("no such side", [tree[splits[0]][1][0], 2]),
        ("twice", tree[splits[0]][1]),
    ):
        at = splits[0] if name != "twice" else splits[0] + 1
        yield name, [(SPLIT, value) if k == at else node for k, node in enumerate(tree)]
    for name, change in (
        ("negative", lambda m: {row: -value for row, value in m.items()}),
        ("no such row", lambda m: {10**6 + row: value for row, value in m.items()}),
        ("no whole number", lambda m: {row: float(value) for row, value in m.items()}),
    ):
        yield name, [(SUM, change(v)) if k == sums[0] else (kind, v) for k, (kind, v) in enumerate(tree)]
    yield "no kind", [("guess", 1), *tree]


def test_corrupted_proofs_are_refused(proofs):
    for problem, tree in proofs:
        rows, bounds = problem.matrix.tolist(), problem.bounds.tolist()
        for name, wrong in corruptions(copy.deepcopy(tree)):
            with pytest.raises(WrongProofError):
                pytest.fail(f"{name}: {check(rows, bounds, wrong)}")


def test_every_corrupted_multiplier_that_is_accepted_still_refutes(proofs):
    """Multipliers may change as long as their sum refutes: what is checked is the sum, not its origin."""
    problem, tree = proofs[0]
    assert not any(problem.holds(values) for values in every_state(problem.size))
    rng, accepted = np.random.default_rng(0), 0
    for _ in range(300):
        wrong = copy.deepcopy(tree)
        leaves = [node[1] for node in wrong if node[0] == SUM]
        leaf = leaves[rng.integers(len(leaves))]
        row = list(leaf)[rng.integers(len(leaf))]
        leaf[row] = int(leaf[row] * float(rng.choice([0, 0.5, 0.99, 1.01, 2])))
        try:
            check(problem.matrix.tolist(), problem.bounds.tolist(), wrong)
        except WrongProofError:
            continue
        accepted += 1
    assert accepted


def run(*arguments):
    done = subprocess.run(
        [sys.executable, "-I", check_farkas.__file__, *map(str, arguments)],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_script_alone(tmp_path, proofs):
    problem, tree = proofs[0]
    good, bad, none = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "none.json"
    good.write_text(json.dumps(as_json(problem, tree)))
    bad.write_text(json.dumps(as_json(problem, tree[:-1])))
    none.write_text("[1, 2]")
    leaves = sum(kind == SUM for kind, _ in tree)
    assert run(good) == (0, f"refuted: {problem.size} constraints on 12 bits, {leaves} branches closed\n")
    code, said = run(bad)
    assert (code, said.split(":")[0]) == (1, "WRONG")
    assert run(none)[0] == run(tmp_path / "absent")[0] == run()[0] == 2


def test_the_script_imports_nothing_of_ours():
    source = Path(check_farkas.__file__).read_text()
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert imports == ["import json", "import sys"]
