"""Figures: written whole, in the format that the name says."""

import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.errors import OptionError
from boolrnn.report.figures import write_figure


@pytest.mark.parametrize("length", [2, 40])
@pytest.mark.parametrize("outputs", [5, 2])
def test_agreement_and_margins_are_drawn(tmp_path, length, outputs):
    weights, text = random_net(1, outputs=outputs), text_of(1, length, 5)
    for result in (boolrnn.agreement(weights, text), boolrnn.margins(weights, text)):
        write_figure(result, tmp_path / "f.svg")
        assert (tmp_path / "f.svg").read_text().startswith("<?xml")
        write_figure(result, tmp_path / "f.png")
        assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_result_gives_the_same_svg(tmp_path):
    result = boolrnn.agreement(random_net(1), text_of(1, 30, 5))
    for name in ("a.svg", "b.svg"):
        write_figure(result, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_other_endings_and_results_are_refused(tmp_path):
    boolrnn.write_weights(random_net(1), tmp_path / "w.npz")
    source = boolrnn.read_source(tmp_path / "w.npz")
    result = boolrnn.agreement(random_net(1), text_of(1, 30, 5))
    with pytest.raises(OptionError, match=r"ends in .svg or .png"):
        write_figure(result, tmp_path / "f.pdf")
    with pytest.raises(OptionError, match="Info has no figure"):
        write_figure(boolrnn.info(source), tmp_path / "f.svg")


def test_ties_and_overflow_are_drawn_without_a_word(tmp_path):
    zero = random_net(1, scale=0.0)
    huge = random_net(1, scale=1e38)
    for weights in (zero, huge):
        for result in (
            boolrnn.agreement(weights, text_of(1, 9, 5)),
            boolrnn.margins(weights, text_of(1, 9, 5)),
        ):
            write_figure(result, tmp_path / "f.svg")
