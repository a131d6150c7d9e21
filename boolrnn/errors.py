"""Every error that boolrnn raises on purpose, as a tree.

    BoolrnnError
    └── InputError              what was given cannot be used: the command line exits with 2
        ├── WeightsError        a weight file, its size, its tensors
        ├── TextError           a text, an alphabet, a symbol
        ├── StateError          a state argument
        ├── OptionError         the value of an option or keyword
        ├── ResultError         a saved result or a compiled automaton
        └── MachineError        a machine, a regular expression, a specification

Each message is one line: what is wrong, where, and what was expected. Anything else that escapes is
a bug and keeps its traceback.
"""


class BoolrnnError(Exception):
    """The root: catch this to catch everything raised on purpose."""


class InputError(BoolrnnError, ValueError):
    """What was given cannot be used."""


class WeightsError(InputError):
    """A weight file or its tensors cannot be used."""


class TextError(InputError):
    """A text, an alphabet or a symbol cannot be used."""


class StateError(InputError):
    """A state argument cannot be read."""


class OptionError(InputError):
    """An option or keyword has a value outside its range."""


class ResultError(InputError):
    """A saved result or compiled automaton cannot be read or written."""


class MachineError(InputError):
    """A finite machine, or a text that describes one, cannot be read or used."""
