"""Named specifications and regular expressions: word by word against their definitions."""

import itertools
import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boolrnn.errors import MachineError
from boolrnn.machines.formats.languages import LANGUAGES, named_language
from boolrnn.machines.formats.regular import of_regex
from boolrnn.machines.machine import MOORE


def words(alphabet, most):
    return itertools.chain.from_iterable(itertools.product(alphabet, repeat=n) for n in range(most + 1))


def accepts(machine, word):
    numbers = [machine.alphabet.index(symbol) for symbol in word]
    return machine.labels[machine.run(np.array(numbers, np.int64))[-1]] == "1"


def naive_size(machine):
    """States of the minimal complete machine: a table of pairs that some word tells apart."""
    reached = machine.breadth_first().tolist()
    apart = {(a, b) for a in reached for b in reached if machine.outputs[a] != machine.outputs[b]}
    grown = True
    while grown:
        more = {
            (a, b)
            for a, b in itertools.product(reached, repeat=2)
            if (a, b) not in apart
            and any((int(c), int(d)) in apart for c, d in zip(machine.transitions[a], machine.transitions[b]))
        }
        apart |= more
        grown = bool(more)
    return len({tuple((a, b) in apart for b in reached) for a in reached})


def runs(word):
    return [(symbol, len(list(group))) for symbol, group in itertools.groupby(word)]


def odd_then_odd(word, directly):
    """Whether an odd run of 1s is followed by an odd run of 0s, next or anywhere later."""
    parts = runs(word)
    for k, (symbol, length) in enumerate(parts):
        if symbol == "1" and length % 2:
            rest = parts[k + 1 : k + 2] if directly else parts[k + 1 :]
            if any(other == "0" and size % 2 for other, size in rest):
                return True
    return False


def balanced(word, depth):
    level = 0
    for symbol in word:
        level += 1 if symbol == "(" else -1
        if not 0 <= level <= depth:
            return False
    return level == 0


DEFINITIONS = {  # name: (definition, published or counted number of states)
    "tomita1": (lambda w: "0" not in w, 2),
    "tomita2": (lambda w: w == "10" * (len(w) // 2), 3),
    "tomita3": (lambda w: not odd_then_odd(w, True), 5),
    "tomita3:later": (lambda w: not odd_then_odd(w, False), 5),
    "tomita4": (lambda w: "000" not in w, 4),
    "tomita5": (lambda w: w.count("0") % 2 == 0 and w.count("1") % 2 == 0, 4),
    "tomita6": (lambda w: (w.count("0") - w.count("1")) % 3 == 0, 3),
    "tomita7": (lambda w: re.fullmatch("0*1*0*1*", w) is not None, 5),
    "parity": (lambda w: w.count("1") % 2 == 1, 2),
    "divisible:1": (lambda w: True, 1),
    "divisible:7": (lambda w: int(w or "0", 2) % 7 == 0, 7),
    "divisible:12": (lambda w: int(w or "0", 2) % 12 == 0, 5),
    "brackets:0": (lambda w: w == "", 2),
    "brackets:3": (lambda w: balanced(w, 3), 5),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_named_languages_follow_their_definitions(name):
    machine = named_language(name)
    definition, states = DEFINITIONS[name]
    assert machine.kind == MOORE
    assert machine.complete
    assert machine.states == states == naive_size(machine)
    for word in words(machine.alphabet, 11):
        assert accepts(machine, word) == definition("".join(word)), word


def test_the_two_readings_of_tomita3_part_at_six_symbols():
    direct, later = named_language("tomita3"), named_language("tomita3:later")
    parting = [word for word in words("01", 6) if accepts(direct, word) != accepts(later, word)]
    assert {len(word) for word in parting} == {6}
    assert ("1", "0", "0", "1", "1", "0") in parting
    never = of_regex("((0|1)*0)*1(11)*(0(0|1)*1)*0(00)*(1(0|1)*)*")  # what is published for the second
    assert never.transitions.tolist() == later.transitions.tolist()
    assert (never.outputs == 1 - later.outputs).all()


def test_divisible_reads_digits_of_any_base():
    machine = named_language("divisible:15:36")
    rng = np.random.default_rng(1)
    for _ in range(300):
        word = "".join(rng.choice(list(machine.alphabet), int(rng.integers(0, 6))))
        assert accepts(machine, word) == (int(word or "0", 36) % 15 == 0)
    assert machine.alphabet == tuple("0123456789abcdefghijklmnopqrstuvwxyz")


def test_addition_gives_the_sum_bit_by_bit():
    machine = named_language("addition")
    for a, b in itertools.product(range(32), repeat=2):
        pairs = [2 * (a >> k & 1) + (b >> k & 1) for k in range(6)]
        told = machine.run(np.array(pairs, np.int64))
        assert sum(int(machine.labels[bit]) << k for k, bit in enumerate(told)) == a + b


def test_every_name_is_covered_and_described():
    assert {name.split(":")[0] for name in DEFINITIONS} | {"addition"} == set(LANGUAGES)
    assert all(language.usage.startswith(name) and language.about for name, language in LANGUAGES.items())


@pytest.mark.parametrize(
    "name",
    [
        *("divisible", "divisible:0", "divisible:x", "divisible:2:1", "divisible:2:37", "divisible:2:3:4"),
        *(
            "brackets:-1",
            "brackets:",
            "parity:1",
            "tomita3:never",
            "divisible:999999999",
            "brackets:99999999",
        ),
    ],
)
def test_wrong_parameters_are_refused_in_one_line(name):
    with pytest.raises(MachineError, match=rf"^{re.escape(name)}: .*expected [^\n]*$"):
        named_language(name)


def test_other_names_are_none():
    assert named_language("tomita8") is None
    assert named_language("") is None


ATOMS = ["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "[^bc]", r"\x61", "(?:)", "()", r"[\x62c]", "[^b-c]"]
SUFFIXES = ["*", "+", "?", "{2}", "{0,2}", "{1,3}", "{,1}", "{2,}", "*?", "{0}"]
EXPRESSIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(SUFFIXES)).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=7,
)


@given(EXPRESSIONS, st.sampled_from(["{}", "^{}$", "({})|b", "^{}|{}$"]))
def test_expressions_accept_what_python_matches_as_a_whole(expression, frame):
    expression = frame.replace("{}", expression)
    machine = of_regex(expression, ["c", "a", "b"])
    assert machine.alphabet == ("c", "a", "b")
    assert machine.labels == ("0", "1")
    assert machine.complete
    pattern = re.compile(expression)
    for word in words("abc", 6):
        assert accepts(machine, word) == (pattern.fullmatch("".join(word)) is not None), word


@given(EXPRESSIONS)
def test_machines_of_expressions_are_minimal(expression):
    machine = of_regex(expression, "abc")
    assert machine.states == naive_size(machine)


@pytest.mark.parametrize(
    ("expression", "yes", "no"),
    [
        ("a b", ["a b"], ["ab"]),
        (r"a\*", ["a*"], ["a", "aa"]),
        (r"[\]^-]+", ["]^-"], [""]),
        (r"[a\-z]", ["-"], ["m"]),
        (r"\.\\", [".\\"], ["a\\"]),
        (r"\x0a", ["\n"], []),
        (r"\d+", ["0123456789"], [""]),
        ("a&b", ["a&b"], ["a"]),
        ("a|", ["", "a"], ["aa"]),
        ("é", ["\xe9"], [""]),
        ("a{x", ["a{x"], ["a"]),
        ("(?P<name>ab)+", ["abab"], ["aba"]),
    ],
)
def test_characters_are_bytes_and_named_so(expression, yes, no):
    machine = of_regex(expression)
    called = lambda word: [c if 32 <= ord(c) < 127 else f"0x{ord(c):02x}" for c in word]  # noqa: E731 - short
    assert all(accepts(machine, called(word)) for word in yes)
    assert not any(
        set(called(word)) <= set(machine.alphabet) and accepts(machine, called(word)) for word in no
    )


def test_symbols_without_an_alphabet_are_those_named_by_value():
    assert of_regex("(b|[a-c])\n").alphabet == ("0x0a", "a", "b", "c")
    assert of_regex("x[^y]").alphabet == ("x", "y")


def test_names_that_are_no_bytes_are_matched_by_sets_only():
    machine = of_regex("[^a]a.", ["a", "<end>", "0x0a"])
    assert accepts(machine, ["<end>", "a", "0x0a"])
    assert accepts(machine, ["0x0a", "a", "a"])
    assert not accepts(machine, ["a", "a", "a"])


def test_the_empty_expression_accepts_the_empty_word_only():
    machine = of_regex("", ["a"])
    assert machine.states == 2
    assert accepts(machine, "")
    assert not accepts(machine, "a")


def test_long_repetitions_take_linear_room():
    assert of_regex("(a?){300}").states == 302
    assert of_regex("(0|1)*1(0|1){9}").states == 1024


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("(a", "column 1: missing"),
        ("a)", "column 2"),
        ("ab**", "column 4: multiple repeat"),
        ("[b-a]", "column 2: bad character range"),
        ("(?i)a", "flags"),
        ("(?i:a)", "flags"),
        (r"a\bb", "boundary"),
        ("(?=a)b", "look-around"),
        ("a(?<!a)b", "look-around"),
        (r"(a)\1", "back reference"),
        ("(a)(?(1)b|c)", "condition"),
        ("(?>a)b", "atomic"),
        ("a++", "possessive"),
        ("[[a]", "nested set"),
        ("\u0100", "no byte"),
        ("[a-\u0100]", "no byte"),
        ("a(b^)c", "ends of the whole"),
        ("(a$)*", "ends of the whole"),
        ("", "names no symbol"),
        (".", "names no symbol"),
        ("[^a]", "matches no symbol"),
        ("a{99999999999}", "too large"),
        ("a{20000}", "10,000 characters"),
        ("(0|1)*1(0|1){18}", "200,000 states"),
        ("(" * 3000 + "a" + ")" * 3000, "nested too deeply"),
    ],
)
def test_what_is_not_supported_is_refused_in_one_line(expression, what):
    with (
        warnings.catch_warnings(),
        pytest.raises(MachineError, match=rf"^regular expression [^\n]*{what}[^\n]*$"),
    ):
        of_regex(expression)


def test_symbols_outside_the_alphabet_are_refused():
    with pytest.raises(MachineError, match=r"'c' is not in the alphabet \(a b\)"):
        of_regex("a[bc]", ["a", "b"])
    with pytest.raises(MachineError, match="one symbol"):
        of_regex("a", ["a", "0x61"])
    assert of_regex("[a-z]", ["a", "b"]).states == 3  # ranges are cut to it
