r"""Regular expressions: the complete minimal acceptor of the words that an expression matches as a whole.

The syntax is Python's, restricted to what is regular: `|`, `*`, `+`, `?`, `{m,n}`, `.`, `[a-z]`, `[^..]`,
groups, escapes (`\x0a`, `\d`, `\.`). A symbol is one character, a byte: code points 0..255. `.` is every
symbol of the alphabet (a line end too), negated sets are relative to it, `\d \s \w` are those of ASCII,
blanks count. Look-around, back references, possessive and atomic parts, flags and word boundaries are
refused; `^` and `$` may stand at the two ends of the whole, where they say nothing. Lazy repetitions
match the same words as greedy ones.

The expression is parsed by Python's own parser (`re._parser`, whose tree has been stable for two decades, and
which reports places), since the syntax of the automata libraries is another one: in automata-lib 9 `^` is a
shuffle, `&` an intersection, `(?:` and `a|` are errors and `\x41` is none of their escapes. From the tree the
position automaton is built (Glushkov 1961, doi:10.1070/RM1961v016n05ABEH004112; McNaughton & Yamada 1960,
doi:10.1109/TEC.1960.5221603), then its subsets, over classes of symbols that no part tells apart, with both
sizes limited.
"""

import dataclasses
import importlib
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from boolrnn import progress
from boolrnn.errors import MachineError
from boolrnn.machines.machine import MOORE, Machine
from boolrnn.machines.minimise import minimised
from boolrnn.machines.naming import symbol_name

MAX_POSITIONS = 10_000  # characters and sets of an expression, repetitions written out: 12.5 MB of followers
MAX_STATES = 200_000  # subsets before minimisation; at most 250 MB
ACCEPTOR = ("0", "1")
_BYTES = 256

_parser: Any = importlib.import_module("re._parser")  # no public module gives the tree
_codes: Any = importlib.import_module("re._constants")
_CLASSES = {
    "DIGIT": frozenset(b"0123456789"),
    "SPACE": frozenset(b" \t\n\r\f\v"),
    "WORD": frozenset(b"0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
}
_REFUSED = {
    "ASSERT": "look-around",
    "ASSERT_NOT": "look-around",
    "FAILURE": "look-around",
    "GROUPREF": "a back reference",
    "GROUPREF_EXISTS": "a condition on a group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repetition",
}


def of_regex(expression: str, alphabet: Sequence[str] | None = None) -> Machine:
    """The complete minimal acceptor (labels `0` and `1`) of the words that `expression` matches as a whole.

    `alphabet` names the symbols (a printable ASCII character, or `0x0a`; other names are matched by `.` and
    negated sets only); without it the symbols are those that the expression names, by byte value.

    Raises
    ------
    MachineError
        Where the expression cannot be parsed or is not regular, a character is no byte or no symbol, or
        more than MAX_POSITIONS positions or MAX_STATES subsets would be needed.
    """
    tree = _parsed(expression)
    try:
        if alphabet is None:
            alphabet = [symbol_name(code) for code in sorted(_named(tree))]
        if not alphabet:
            raise MachineError(f"regular expression {expression!r}: names no symbol; give an alphabet")
        builder = _Positions(tuple(alphabet))
        whole = builder.sequence(list(tree), True, True)
    except RecursionError:
        raise MachineError(f"regular expression {_short(expression)}: nested too deeply") from None
    except MachineError as error:
        if str(error).startswith("regular expression"):
            raise
        raise MachineError(f"regular expression {_short(expression)}: {error}") from None
    return _determined(builder, whole, _short(expression))


def _short(expression: str) -> str:
    return repr(expression if len(expression) <= 60 else expression[:57] + "...")


def _parsed(expression: str) -> Any:
    """Python's parse tree of an expression without flags."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "possible nested set" and the like: the meaning is in doubt
            tree = _parser.parse(expression)
    except re.error as error:
        column = "" if error.pos is None else f", column {error.pos + 1}"
        raise MachineError(f"regular expression {_short(expression)}{column}: {error.msg}") from None
    except RecursionError:
        raise MachineError(f"regular expression {_short(expression)}: nested too deeply") from None
    except (ValueError, OverflowError, Warning) as error:
        reason = " ".join(str(error).split())
        raise MachineError(f"regular expression {_short(expression)}: {reason}") from None
    if tree.state.flags & ~re.UNICODE.value:
        raise MachineError(f"regular expression {_short(expression)}: flags (?..) are not supported")
    return tree


def _named(tree: Any) -> set[int]:
    """The byte values that characters, ranges and classes of the expression name, negated or not."""
    found: set[int] = set()
    for op, value in tree:
        name = str(op)
        if name in ("LITERAL", "NOT_LITERAL", "IN"):
            items = value if name == "IN" else [(_codes.LITERAL, value)]
            for part, inner in items:
                if str(part) != "NEGATE" and not (str(part) == "CATEGORY" and "_NOT_" in str(inner)):
                    found |= _members(str(part), inner)
        elif name == "BRANCH":
            for branch in value[1]:
                found |= _named(branch)
        elif name in ("SUBPATTERN", "MAX_REPEAT", "MIN_REPEAT"):
            found |= _named(value[-1])
        elif name not in ("ANY", "AT"):
            raise _unsupported(name)
    return found


def _unsupported(name: str) -> MachineError:
    return MachineError(f"{_REFUSED.get(name, name)} is not supported")


def _members(part: str, value: Any) -> frozenset[int] | set[int]:
    """The byte values of a part of a set; those of a negated class are the ones it leaves out."""
    if part == "CATEGORY":
        return _CLASSES[str(value).rsplit("_", 1)[1]]
    low, high = value if part == "RANGE" else (value, value)
    if high >= _BYTES:
        raise MachineError(f"character {chr(max(low, _BYTES))!r} is no byte; symbols are code points 0..255")
    return set(range(low, high + 1))


@dataclasses.dataclass(frozen=True)
class _Part:
    """A part of an expression: whether it matches the empty word; its first and last positions, as bits."""

    empty: bool
    first: int = 0
    last: int = 0


_NOTHING_READ = _Part(True)


class _Positions:
    """The position automaton: what every position reads, and which positions may follow it."""

    def __init__(self, alphabet: tuple[str, ...]) -> None:
        self.alphabet = alphabet
        self.reads: list[int] = []  # of every position, the symbols as bits
        self.follow: list[int] = []  # of every position, positions as bits
        self.every = (1 << len(alphabet)) - 1
        self.number: dict[int, int] = {}  # symbol of a byte value
        for k, name in enumerate(alphabet):
            code = _code(name)
            if code is not None and self.number.setdefault(code, k) != k:
                raise MachineError(f"alphabet: {alphabet[self.number[code]]!r} and {name!r} are one symbol")

    def sequence(self, items: list[Any], starts: bool, ends: bool) -> _Part:
        """One part after the other; `starts` and `ends` say whether it stands at an end of the whole.

        From the right, so that only the last positions of one part are walked through: a long row of parts
        that may all be empty takes linear time.
        """
        anchors = [str(op) == "AT" for op, _ in items]
        part = _NOTHING_READ
        for k in reversed(range(len(items))):
            op, value = items[k]
            first, last = starts and all(anchors[:k]), ends and all(anchors[k + 1 :])
            part = self._joined(self._item(op, value, first, last), part)
        return part

    def _joined(self, left: _Part, right: _Part) -> _Part:
        for p in _bits(left.last):
            self.follow[p] |= right.first
        first = left.first | right.first if left.empty else left.first
        last = right.last | left.last if right.empty else right.last
        return _Part(left.empty and right.empty, first, last)

    def _item(self, op: Any, value: Any, starts: bool, ends: bool) -> _Part:
        name = str(op)
        if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._position(self._set(name, value))
        if name == "BRANCH":
            parts = [self.sequence(list(branch), starts, ends) for branch in value[1]]
            first = last = 0
            for part in parts:
                first, last = first | part.first, last | part.last
            return _Part(any(part.empty for part in parts), first, last)
        if name == "SUBPATTERN":
            _, added, removed, inner = value
            if added or removed:
                raise MachineError("flags (?..:) are not supported")
            return self.sequence(list(inner), starts, ends)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            return self._repeated(*value)
        if name == "AT":
            return self._anchor(str(value), starts, ends)
        raise _unsupported(name)

    def _anchor(self, which: str, starts: bool, ends: bool) -> _Part:
        if which in ("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING"):
            if starts if "BEGIN" in which else ends:
                return _NOTHING_READ
            raise MachineError(
                "^ and $ may stand only at the ends of the whole expression (escape them: \\^)"
            )
        raise MachineError("a word boundary is not supported")

    def _repeated(self, least: int, most: Any, inner: Any) -> _Part:
        """At least `least` and at most `most` copies, from the right: x{1,3} is x(x(x)?)?."""
        items, before = list(inner), len(self.reads)
        part = self.sequence(items, False, False) if most else _NOTHING_READ
        if len(self.reads) == before:
            return part  # it reads nothing, however often
        if most == _codes.MAXREPEAT:
            for p in _bits(part.last):
                self.follow[p] |= part.first
            copies = max(least, 1)
        else:
            copies = int(most)
        if least < (1 if most == _codes.MAXREPEAT else copies):
            part = dataclasses.replace(part, empty=True)
        for k in range(copies - 1, 0, -1):
            part = self._joined(self.sequence(items, False, False), part)
            if k > least:
                part = dataclasses.replace(part, empty=True)
        return part

    def _position(self, symbols: int) -> _Part:
        if not symbols:
            raise MachineError("a set or . matches no symbol of the alphabet; name more symbols")
        if len(self.reads) == MAX_POSITIONS:
            raise MachineError(f"more than {MAX_POSITIONS:,} characters, repetitions written out")
        self.reads.append(symbols)
        self.follow.append(0)
        bit = 1 << (len(self.reads) - 1)
        return _Part(False, bit, bit)

    def _set(self, name: str, value: Any) -> int:
        """The symbols that a character, a set or `.` matches, as bits."""
        if name == "ANY":
            return self.every
        if name == "LITERAL":
            return self._symbols({value}, "LITERAL", value)
        if name == "NOT_LITERAL":
            return self.every & ~self._symbols(_members("LITERAL", value))
        negated, found = False, 0
        for part, inner in value:
            if str(part) == "NEGATE":
                negated = True
            elif str(part) == "CATEGORY" and "_NOT_" in str(inner):
                found |= self.every & ~self._symbols(_members("CATEGORY", inner))
            else:
                found |= self._symbols(_members(str(part), inner), "" if negated else str(part), inner)
        return self.every & ~found if negated else found

    def _symbols(self, codes: frozenset[int] | set[int], part: str = "", value: Any = None) -> int:
        """The symbols with these byte values, as bits; a single character has to be a symbol."""
        if part == "LITERAL" and value not in self.number:
            _members(part, value)
            shown = " ".join(self.alphabet[:16]) + (" ..." if len(self.alphabet) > 16 else "")
            raise MachineError(f"character {symbol_name(value)!r} is not in the alphabet ({shown})")
        return sum(1 << self.number[code] for code in codes if code in self.number)


def _code(name: str) -> int | None:
    """The byte value that a symbol's name stands for."""
    if len(name) == 1:
        return ord(name)
    return int(name, 16) if re.fullmatch(r"0x[0-9a-f]{2}", name) else None


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _determined(builder: _Positions, whole: _Part, shown: str) -> Machine:
    """The minimal acceptor, by subsets of positions; symbols that every position treats alike are one."""
    columns: dict[tuple[int, ...], int] = {}
    distinct = sorted(set(builder.reads))
    class_of = []
    for k in range(len(builder.alphabet)):
        key = tuple(i for i, mask in enumerate(distinct) if mask >> k & 1)
        class_of.append(columns.setdefault(key, len(columns)))
    readers = [0] * len(columns)  # of every class, the positions that read it
    sample = [class_of.index(c) for c in range(len(columns))]
    for p, mask in enumerate(builder.reads):
        for c, k in enumerate(sample):
            readers[c] |= (mask >> k & 1) << p
    begin = 1 << len(builder.reads)  # one more position: before the first symbol
    follow = [*builder.follow, whole.first]
    final = whole.last | (begin if whole.empty else 0)
    number, order, rows = {begin: 0}, [begin], []
    with progress.bar("expression", MAX_STATES) as tick:
        for subset in order:
            after = 0
            for p in _bits(subset):
                after |= follow[p]
            row = []
            for read in readers:
                reached = after & read
                if reached not in number:
                    if len(order) == MAX_STATES:
                        raise MachineError(
                            f"regular expression {shown}: more than {MAX_STATES:,} states before minimisation"
                        )
                    number[reached] = len(order)
                    order.append(reached)
                row.append(number[reached])
            rows.append(row)
            tick(len(order))
    told = np.array([int(bool(subset & final)) for subset in order], np.int64)
    names = [str(c) for c in range(len(columns))]
    small = minimised(Machine(MOORE, tuple(names), ACCEPTOR, np.array(rows, np.int64), told)).machine
    return dataclasses.replace(small, alphabet=builder.alphabet, transitions=small.transitions[:, class_of])
