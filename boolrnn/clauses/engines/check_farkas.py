"""Check a refutation of A b >= c, b in {0, 1}: run me on a file, or call `check`. Python alone, no imports
of boolrnn: I share no code with what made the refutation.

The proof is a tree, written in preorder. ["split", [j, first]] is followed by the proof for b_j = first,
then by that for the other value. ["sum", {row: multiplier}] closes a branch: the rows, multiplied by whole
numbers that are not negative and added, give one inequality that not even the most favourable bits can
satisfy. That is Farkas' lemma for boxes (J. Farkas, Theorie der einfachen Ungleichungen, J. reine angew.
Math. 124, 1902, doi:10.1515/crll.1902.124.1): whatever rounding made the multipliers, the sum is a
consequence of the rows, and its greatest left side is a sum of maxima.

File: JSON with "rows" (lists of integers), "bounds" (integers), "tree" (the list). Exit code 0: refuted.
"""

import json
import sys


class WrongProofError(Exception):
    """What the proof claims does not follow."""


def check(rows, bounds, tree):
    """Number of closed branches of a correct refutation; WrongProofError where it is none.

    `rows` (R lists of N integers), `bounds` (R integers), `tree`: see above.
    """
    size = len(rows[0]) if rows else 0
    if len(bounds) != len(rows) or any(len(row) != size for row in rows):
        raise WrongProofError("rows and bounds of different lengths")
    todo, closed = [{}], 0
    for number, node in enumerate(tree):
        if not todo:
            raise WrongProofError(f"node {number}: nothing is left to prove")
        fixed = todo.pop()
        kind, value = node
        if kind == "split":
            bit, first = value
            if type(bit) is not int or not 0 <= bit < size or bit in fixed or first not in (0, 1):
                raise WrongProofError(f"node {number}: cannot split on {value!r}")
            todo += [{**fixed, bit: 1 - first}, {**fixed, bit: first}]
        elif kind == "sum":
            close(rows, bounds, fixed, value, number)
            closed += 1
        else:
            raise WrongProofError(f"node {number}: unknown kind {kind!r}")
    if todo:
        raise WrongProofError(f"{len(todo)} branches are not closed")
    return closed


def close(rows, bounds, fixed, multipliers, number):
    """Refuse unless the rows times their multipliers cannot reach their bounds under `fixed`."""
    size = len(rows[0]) if rows else 0
    total, need = [0] * size, 0
    for name, multiplier in multipliers.items():
        row = int(name)
        if type(multiplier) is not int or multiplier < 0 or not 0 <= row < len(rows):
            raise WrongProofError(f"node {number}: row {name}, multiplier {multiplier!r}")
        need += multiplier * bounds[row]
        total = [t + multiplier * a for t, a in zip(total, rows[row])]
    most = sum(t * fixed[j] if j in fixed else max(t, 0) for j, t in enumerate(total))
    if most >= need:
        raise WrongProofError(f"node {number}: the sum can be satisfied ({most} >= {need})")


def main():
    """Check the file that is named; say what was checked."""
    if len(sys.argv) != 2:
        print("usage: check_farkas.py PROOF.json")
        return 2
    try:
        with open(sys.argv[1], encoding="utf-8") as stream:
            proof = json.load(stream)
        closed = check(proof["rows"], proof["bounds"], proof["tree"])
    except WrongProofError as error:
        print(f"WRONG: {error}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        print(f"no proof: {error!r}")
        return 2
    size = len(proof["rows"][0]) if proof["rows"] else 0
    print(f"refuted: {len(proof['rows'])} constraints on {size} bits, {closed} branches closed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
