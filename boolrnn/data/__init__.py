"""What ships with the package: a text written for this project, two nets of one size that know it by heart,
and a small net that learned a language from examples.

hardened   trained on signs, rounded to integers: the float32 program is its automaton on every text
plain      a plain tanh net, trained by `boolrnn train --recipe tanh` on the same text
passed     16 neurons, trained on drawn words of LANGUAGE: right on 20,000 test words, and wrong

`python -m boolrnn.data.make_pair OUT.npz` makes the first again (with torch), make_plain the second (with
torch), make_passed the third.
"""

from importlib import resources

from boolrnn.errors import OptionError
from boolrnn.model.formats import Source, read_source

MODEL, TEXT = "pair.npz", "pair.txt"
NETS = {"hardened": MODEL, "plain": "plain.npz"}  # of the text
PASSED, LANGUAGE = "passed.npz", "tomita4"


def embedded_pair(net: str = "hardened") -> tuple[Source, bytes]:
    """The net and the text that ship with the package; `net` is hardened or plain.

    Raises
    ------
    OptionError
        On another net.
    """
    if net not in NETS:
        raise OptionError(f"net {net!r}: expected one of {', '.join(NETS)}")
    return _shipped(NETS[net]), (resources.files("boolrnn.data") / TEXT).read_bytes()


def passed_net() -> Source:
    """The small net that was trained on words of LANGUAGE, passes its tests and speaks another."""
    return _shipped(PASSED)


def _shipped(name: str) -> Source:
    with resources.as_file(resources.files("boolrnn.data") / name) as path:
        return read_source(path)
