"""Reading HOA text: its tokens, header, and body, without a judgement on what the automaton means."""

import bisect
import dataclasses
import re
from typing import NoReturn

from boolrnn.errors import MachineError

MAX_STATES = 10_000_000
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>"(?:\\.|[^\\"])*")
    |(?P<mark>--(?:BODY|END|ABORT)--)
    |(?P<header>[A-Za-z_][0-9A-Za-z_.-]*:)
    |(?P<alias>@[0-9A-Za-z_-]+)
    |(?P<name>[A-Za-z_][0-9A-Za-z_.-]*)
    |(?P<number>0|[1-9][0-9]*)
    |(?P<sign>[][(){}!&|])""",
    re.VERBOSE | re.DOTALL,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Label:
    """A label's formula: `what` is ap (with `number`), not, and, or (with `parts`), t or f."""

    what: str
    number: int = 0
    parts: tuple["Label", ...] = ()


@dataclasses.dataclass(frozen=True)
class Edge:
    """One edge of the body; `label` None where the text has none, `marked` where it carries a mark."""

    source: int
    target: int
    label: Label | None
    marked: bool
    line: int


@dataclasses.dataclass(frozen=True)
class Read:
    """What a text says: number of states, start, propositions, edges, and the states that carry a mark."""

    states: int
    start: int
    propositions: tuple[str, ...]
    acceptance: str  # t, f or Inf(0)
    edges: list[Edge]
    marked: set[int]


@dataclasses.dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def read_hoa(text: str) -> Read:
    """Read one automaton.

    Raises
    ------
    MachineError
        With line and column of what was not expected.
    """
    try:
        return _Reader(text).read()
    except RecursionError:
        raise MachineError("HOA: a label or condition is nested too deeply") from None


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [match.end() for match in re.finditer("\n", text)]  # where lines 2, 3.. begin
        self.tokens = self._cut()
        self.at = 0
        self.aliases: dict[str, Label] = {}
        self.propositions: tuple[str, ...] | None = None
        self.edges: list[Edge] = []
        self.marked: set[int] = set()

    def _cut(self) -> list[_Token]:
        """The tokens; comments nest."""
        found, at = [], 0
        while at < len(self.text):
            if self.text.startswith("/*", at):
                at = self._after_comment(at)
                continue
            match = _TOKEN.match(self.text, at)
            if match is None:
                self.refuse(at, repr(self.text[at]), "a token of HOA")
            if match.lastgroup != "space":
                found.append(_Token(str(match.lastgroup), match.group(), at))
            at = match.end()
        return [*found, _Token("end", "end of text", len(self.text))]

    def _after_comment(self, begin: int) -> int:
        depth = 0
        for match in re.finditer(r"/\*|\*/", self.text[begin:]):
            depth += 1 if match.group() == "/*" else -1
            if not depth:
                break
        else:
            self.refuse(begin, "/*", "*/ after it")
        return begin + match.end()

    def refuse(self, at: int, found: str, expected: str) -> NoReturn:
        line = bisect.bisect(self.lines, at) + 1
        column = at - self.text.rfind("\n", 0, at)
        shown = found if len(found) <= 40 else found[:37] + "..."
        raise MachineError(
            f"HOA, line {line}, column {column}: {' '.join(shown.split())}, expected {expected}"
        )

    def peek(self) -> _Token:
        return self.tokens[self.at]

    def unexpected(self, expected: str) -> NoReturn:
        self.refuse(self.peek().at, self.peek().text, expected)

    def take(self, kind: str, expected: str, text: str | None = None) -> str:
        token = self.peek()
        if token.kind != kind or (text is not None and token.text != text):
            self.unexpected(expected)
        self.at += 1
        return token.text

    def took(self, text: str) -> bool:
        """Whether this sign came next; it is taken."""
        here = self.peek().kind == "sign" and self.peek().text == text
        self.at += here
        return here

    def number(self, expected: str, limit: int) -> int:
        token = self.peek()
        text = self.take("number", expected)
        if len(text) > 9 or int(text) >= limit:
            self.refuse(token.at, text, f"{expected}, 0..{limit - 1}")
        return int(text)

    def line(self) -> int:
        return bisect.bisect(self.lines, self.peek().at) + 1

    def read(self) -> Read:
        self.take("header", "HOA: v1", "HOA:")
        version = self.peek()
        if not re.fullmatch(r"v1(\.[0-9]+)?", self.take("name", "v1")):
            self.refuse(version.at, version.text, "v1")
        states, start, acceptance = self._header()
        self.take("mark", "--BODY-- or a header", "--BODY--")
        bodies = self._body(states)
        self.take("mark", "State:, an edge or --END--", "--END--")
        if self.peek().kind != "end":
            self.unexpected("one automaton only")
        targets = [edge.target for edge in self.edges]
        if states is None:
            states = max([*bodies, *targets], default=-1) + 1
        if not states or start is None or start >= states:
            raise MachineError(f"HOA: start {start}, expected one of {states} states")
        return Read(states, start, self.propositions or (), acceptance, self.edges, self.marked)

    def _header(self) -> tuple[int | None, int | None, str]:
        """States, start and acceptance; labels of aliases are kept."""
        states = start = acceptance = None
        while self.peek().kind == "header":
            token = self.peek()
            self.at += 1
            if token.text == "States:":
                states = self.number("number of states", MAX_STATES + 1)
            elif token.text == "Start:":
                if start is not None:
                    self.refuse(token.at, "a second Start:", "one (deterministic)")
                start = self._target("the start", states)
            elif token.text == "AP:":
                self._propositions(token)
            elif token.text == "Alias:":
                name = self.take("alias", "@name")
                self.aliases[name] = self._formula()
            elif token.text == "Acceptance:":
                acceptance = self._acceptance()
            elif token.text[0].isupper():
                self.refuse(token.at, token.text, "States, Start, AP, Alias or Acceptance")
            else:
                self._skip()
        if acceptance is None:
            self.unexpected("Acceptance: before the body")
        return states, start, acceptance

    def _propositions(self, token: _Token) -> None:
        if self.propositions is not None:
            self.refuse(token.at, "a second AP:", "one")
        count = self.number("number of propositions", 1_000_000)
        names = [self.take("string", f"{count} names in quotes") for _ in range(count)]
        self.propositions = tuple(re.sub(r"\\(.)", r"\1", name[1:-1], flags=re.DOTALL) for name in names)

    def _skip(self) -> None:
        while self.peek().kind not in ("header", "mark", "end"):
            self.at += 1

    def _acceptance(self) -> str:
        """`t`, `f` or `Inf(0)`; every other condition is refused."""
        begin = self.peek().at
        first = self.at
        self._skip()
        text = "".join(token.text for token in self.tokens[first : self.at])
        if text in ("0t", "0f"):
            return text[1]
        if text != "1Inf(0)":
            self.refuse(begin, self.text[begin : self.peek().at], "1 Inf(0), 0 t or 0 f: acceptance of words")
        return "Inf(0)"

    def _target(self, what: str, states: int | None) -> int:
        found = self.number(what, MAX_STATES if states is None else max(states, 1))
        if self.peek().text == "&":
            self.unexpected("one state (no alternation)")
        return found

    def _formula(self) -> Label:
        parts = [self._conjunction()]
        while self.took("|"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Label("or", parts=tuple(parts))

    def _conjunction(self) -> Label:
        parts = [self._literal()]
        while self.took("&"):
            parts.append(self._literal())
        return parts[0] if len(parts) == 1 else Label("and", parts=tuple(parts))

    def _literal(self) -> Label:
        if self.took("!"):
            return Label("not", parts=(self._literal(),))
        if self.took("("):
            inner = self._formula()
            self.take("sign", ")", ")")
            return inner
        token = self.peek()
        if token.kind == "name" and token.text in "tf":
            self.at += 1
            return Label(token.text)
        if token.kind == "alias":
            if token.text not in self.aliases:
                self.unexpected("an alias that is defined before")
            self.at += 1
            return self.aliases[token.text]
        # an alias may stand before AP: in the header, so its numbers are checked at the end of the header
        limit = 1_000_000 if self.propositions is None else max(len(self.propositions), 1)
        return Label("ap", self.number("a proposition, an alias, t or f", limit))

    def _body(self, states: int | None) -> set[int]:
        """All states and edges, in order; the states that have a body."""
        self._check_aliases()
        met: set[int] = set()
        while self.peek().text == "State:" and self.peek().kind == "header":
            self.at += 1
            own = self._bracketed()
            begin = self.peek().at
            state = self._target("a state", states)
            if state in met:
                self.refuse(begin, f"state {state}", "every state once")
            met.add(state)
            if self.peek().kind == "string":
                self.at += 1
            if self._marks():
                self.marked.add(state)
            while self.peek().kind == "number" or self.peek().text == "[":
                line, begin = self.line(), self.peek().at
                label = self._bracketed()
                if label is not None and own is not None:
                    self.refuse(begin, "a label", "none on the edges of a state that has one")
                target = self._target("a state", states)
                label = own if label is None else label
                self.edges.append(Edge(state, target, label, self._marks(), line))
        return met

    def _check_aliases(self) -> None:
        """Refuse an alias that names a proposition which is none."""
        count = len(self.propositions or ())
        seen: set[int] = set()  # parts are shared by aliases that name aliases
        for name, label in self.aliases.items():
            rest = [label]
            while rest:
                part = rest.pop()
                if id(part) in seen:
                    continue
                seen.add(id(part))
                if part.what == "ap" and part.number >= count:
                    raise MachineError(f"HOA: {name}: proposition {part.number}, expected one of {count}")
                rest.extend(part.parts)

    def _bracketed(self) -> Label | None:
        if not self.took("["):
            return None
        if self.propositions is None and self.peek().kind == "number":
            self.unexpected("t or f: there is no AP: in the header")
        label = self._formula()
        self.take("sign", "]", "]")
        return label

    def _marks(self) -> bool:
        if not self.took("{"):
            return False
        found = False
        while not self.took("}"):
            self.number("a mark of the acceptance condition or }", 1)
            found = True
        return found
