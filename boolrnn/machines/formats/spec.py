"""Specifications: what a user writes to say which machine is meant, as a name, a file or an expression."""

import difflib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from boolrnn.errors import MachineError
from boolrnn.machines.formats.dot_text import of_dot
from boolrnn.machines.formats.hoa_text import of_hoa
from boolrnn.machines.formats.languages import LANGUAGES, named_language
from boolrnn.machines.formats.regular import of_regex
from boolrnn.machines.machine import Machine, machine_of_json

PREFIX = "regex:"
_ENDINGS = (".json", ".dot", ".gv", ".hoa", ".regex", ".txt")
_OTHER_FILES = (".npz", ".bin", ".pt", ".safetensors", ".graphml")
_EXPECTED = "a machine (.json), DOT, HOA, or a regular expression in a file that ends in .regex or .txt"


def read_spec(text: str | os.PathLike[str], alphabet: Sequence[str] | None = None) -> Machine:
    """The machine that `text` means; the first of these that fits:

    1. `regex:EXPRESSION`, a regular expression;
    2. a named specification (languages.py): `tomita4`, `divisible:7`;
    3. an existing file, or directory of a saved result: a machine, DOT or HOA text, or (.regex, .txt) a
       regular expression, by its content first;
    4. something that looks like a file (a slash, or an ending of one) and is none: refused;
    5. a regular expression.

    `alphabet` names the symbols of a regular expression; without it they are those that it names. The
    other specifications say themselves what their symbols are.

    Raises
    ------
    MachineError
        Where it is none of these, with the place.
    OptionError
        Where a library that reads it is not installed.
    """
    text = os.fspath(text)
    if text.startswith(PREFIX):
        return of_regex(text[len(PREFIX) :], alphabet)
    named = named_language(text)
    if named is not None:
        return named
    if os.path.isfile(text):
        return _read_file(Path(text), alphabet)
    if os.path.isdir(text) and os.path.isfile(os.path.join(text, "result.json")):
        return _read_file(Path(text, "result.json"), alphabet)
    if not text or (os.path.exists(text) and not os.path.isfile(text)):
        what = f"{text}: no file" if text else "an empty specification"
        raise MachineError(f"{what}; expected a file or a name ({PREFIX}{text} is an expression)")
    if "/" in text or text.lower().endswith((*_ENDINGS, *_OTHER_FILES)):
        raise MachineError(f"{text}: not found; expected a file ({PREFIX}{text} is an expression)")
    looks_named = re.fullmatch(r"([A-Za-z]{3,})[0-9]*(:.*)?", text)
    names = ", ".join(language.usage for language in LANGUAGES.values())
    stems = {name.rstrip("0123456789") for name in LANGUAGES}
    if looks_named and difflib.get_close_matches(looks_named[1].lower(), stems, cutoff=0.75):
        raise MachineError(f"{text}: no such name; names are {names} ({PREFIX}{text} is an expression)")
    try:
        return of_regex(text, alphabet)
    except MachineError as error:
        raise MachineError(f"{error}; names are {names}" if looks_named else str(error)) from None


def _read_file(path: Path, alphabet: Sequence[str] | None) -> Machine:
    """A file's machine; refusals begin with its name."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MachineError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return _read_text(data.decode("utf-8-sig"), path.suffix.lower(), alphabet)
    except UnicodeDecodeError as error:
        raise MachineError(f"{path}: byte {error.start:,} is no UTF-8; expected {_EXPECTED}") from None
    except MachineError as error:
        raise MachineError(f"{path}: {error}") from None


def _read_text(text: str, ending: str, alphabet: Sequence[str] | None) -> Machine:
    """The machine of a file's text, by its ending; without one that is known, by how the text begins."""
    if ending not in _ENDINGS or ending == ".txt":
        begin = re.sub(
            r"/\*.*?\*/|//[^\n]*|^#[^\n]*", "", text[:10_000], flags=re.DOTALL | re.MULTILINE
        ).lstrip()
        if begin.startswith("{") and text.rstrip().endswith("}") and '"' in begin:
            ending = ".json"
        elif begin.startswith("HOA:"):
            ending = ".hoa"
        elif re.match(r"(strict\s+)?(di)?graph\b[^{]*\{", begin, re.IGNORECASE):
            ending = ".dot"
    if ending == ".json":
        return _read_json(text)
    if ending == ".hoa":
        return of_hoa(text)
    if ending in (".dot", ".gv"):
        return of_dot(text)
    if ending not in (".regex", ".txt"):
        raise MachineError(f"expected {_EXPECTED}")
    expression = re.sub(r"\r?\n\Z", "", text)
    if "\n" in expression:
        raise MachineError("line 2: expected an expression of one line (a line end is written \\n)")
    return of_regex(expression, alphabet)


def _read_json(text: str) -> Machine:
    try:
        payload = json.loads(text)
    except json.JSONDecodeError as error:
        raise MachineError(f"line {error.lineno}, column {error.colno}: no JSON ({error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise MachineError(f"no JSON ({' '.join(str(error).split())})") from None
    return machine_of_json(payload)
