"""Figures of the room machines: what is written in them can be read, and lies inside the picture."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Circle, FancyArrowPatch
from nets import random_net

from boolrnn.machines.draw import draw as laid_out
from boolrnn.machines.extract import extract
from boolrnn.machines.formats.languages import named_language
from boolrnn.machines.machine import MEALY, MOORE, Machine
from boolrnn.machines.naming import symbol_name
from boolrnn.report.figures import draw, write_figure
from boolrnn.report.figures.drawing import caption
from boolrnn.report.figures.extract import merged_figure

NAMED = [*(f"tomita{k}" for k in range(1, 8)), "parity", "divisible:7", "brackets:4", "addition"]
ODD = ("$x_1^2$", "<&>", "\n", "\x00\x07", "\U0001f600", "漢字", "any", "a" * 90, "\\frac", "")


def rendered(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, canvas.get_renderer()


def random_machine(seed, states, alphabet, labels=("0", "1"), kind=MOORE):
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, states, (states, len(alphabet)))
    steps[rng.random(steps.shape) < 0.1] = -1
    outputs = rng.integers(0, len(labels), states if kind == MOORE else steps.shape)
    return Machine(
        kind, alphabet, labels, steps, np.where(steps < 0, -1, outputs) if kind == MEALY else outputs
    )


def circles(axis):
    """Middle and radius, in pixels, of the states."""
    found = [patch for patch in axis.patches if isinstance(patch, Circle) and patch.radius == 0.5]
    scale = axis.transData.transform((1, 0))[0] - axis.transData.transform((0, 0))[0]
    return axis.transData.transform([patch.center for patch in found]), 0.5 * scale


def assert_readable(figure):
    """Words are inside the picture, over no state (but their own: inside it), and over no other words."""
    figure, renderer = rendered(figure)
    axis = figure.axes[0]
    middles, radius = circles(axis)
    boxes = []
    for text in axis.texts:
        box = text.get_window_extent(renderer)
        assert 0 <= box.x0 < box.x1 <= figure.bbox.x1, text
        assert 0 <= box.y0 < box.y1 <= figure.bbox.y1, text
        at = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
        half = np.array([box.width, box.height]) / 2
        inside = np.linalg.norm(middles - at, axis=1) < 0.6 * radius
        if inside.any():
            corner = np.abs(at - middles[inside][0]) + half * (0.9, 0.7)  # letters are not as high as a line
            assert np.linalg.norm(corner) < 1.03 * radius, text
        else:
            away = np.maximum(np.abs(middles - at) - half, 0)
            assert np.hypot(*away.T).min() > radius - 1, text
        boxes.append(box.padded(-0.1 * box.height))
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])
    return figure


@pytest.mark.parametrize("name", NAMED)
def test_named_languages_can_be_read(name):
    machine = named_language(name)
    figure = assert_readable(draw(laid_out(machine)))
    axis = figure.axes[0]
    accepting = 0 if machine.kind == MEALY else np.array(machine.labels)[machine.outputs].tolist().count("1")
    assert len([p for p in axis.patches if isinstance(p, Circle)]) == machine.states + accepting
    edges = len({(n, m) for n, row in enumerate(machine.transitions.tolist()) for m in row})
    assert len([p for p in axis.patches if isinstance(p, FancyArrowPatch)]) == edges + 1
    assert max(figure.get_size_inches()) < 14


@given(
    st.integers(0, 2**32),
    st.sampled_from([1, 2, 3, 8]),
    st.sampled_from([("0",), ("0", "1"), ODD, tuple(map(symbol_name, range(256)))]),
    st.sampled_from([("0", "1"), ODD, ("idle", "wait a bit")]),
    st.sampled_from([MOORE, MEALY]),
)
@settings(max_examples=10)
def test_any_machine_can_be_read(seed, states, alphabet, labels, kind):
    assert_readable(draw(laid_out(random_machine(seed, states, alphabet, labels, kind))))


def test_the_picture_says_what_it_leaves_out():
    machine = random_machine(3, 90, ("0", "1"))
    drawn = laid_out(machine, most=20)
    assert caption(drawn) == "70 of 90 states are left out (dashed arrows lead there)"
    figure = assert_readable(draw(drawn))
    assert any("70 of 90" in text.get_text().replace("\n", " ") for text in figure.axes[0].texts)
    assert caption(laid_out(machine, most=1)).startswith("89 of 90")
    assert_readable(draw(laid_out(machine, most=1)))
    assert "symbols of all edges" in caption(
        laid_out(random_machine(1, 18, tuple("abcdefghijklmnopqrstuvwxyz")))
    )
    assert caption(laid_out(named_language("tomita4"))) == ""


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_files_are_the_same_every_time(tmp_path, kind):
    result = laid_out(random_machine(3, 5, ODD, ODD))
    for name in ("a", "b"):
        write_figure(result, tmp_path / f"{name}.{kind}")
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_svg_keeps_letters_as_letters(tmp_path):
    steps, outputs = np.array([[0, 1], [0, 1]]), np.zeros(2, int)
    machine = Machine(MOORE, ("<&>", "$x$"), ("0", "1"), steps, outputs)
    write_figure(laid_out(machine), tmp_path / "m.svg")
    text = re.sub("<!--.*?-->", "", (tmp_path / "m.svg").read_text())
    assert "&lt;&amp;&gt;" in text
    assert ">$x$<" in text


def test_a_figure_is_found_by_its_schema_and_hides_no_function(tmp_path):
    code = (
        "import sys, numpy as np\n"
        "from boolrnn.machines.draw import draw\n"
        "from boolrnn.machines.machine import Machine\n"
        "from boolrnn.report import figures\n"
        "m = Machine('moore', ('0',), ('0', '1'), np.zeros((1, 1), int), np.zeros(1, int))\n"
        "figures.write_figure(draw(m), sys.argv[1])\n"
        "figures.write_figure(draw(m), sys.argv[1])\n"
        "assert callable(figures.draw)\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "m.svg"], check=True, timeout=60)
    assert (tmp_path / "m.svg").stat().st_size


@pytest.mark.parametrize("states", [1, 2, 7, 16])
def test_merged_states_have_bars(states):
    merged = np.arange(1, states + 1) ** 2
    figure = merged_figure(random_machine(1, states, ("0", "1")), merged)
    assert_readable(figure)
    bars = figure.axes[1]
    assert len(bars.get_yticks()) == states
    renderer = rendered(figure)[1]
    box = figure.bbox
    for text in [*bars.get_yticklabels(), bars.yaxis.label, bars._left_title]:
        own = text.get_window_extent(renderer)
        assert box.x0 <= own.x0 < own.x1 <= box.x1 + 1
        assert box.y0 <= own.y0 < own.y1 <= box.y1 + 1
    if states == 7:
        assert [bar.get_width() for bar in bars.patches] == merged.tolist()
    assert len(merged_figure(random_machine(1, states, ("0", "1"))).axes) == 1


def test_extracts_are_drawn(tmp_path):
    net = random_net(1, 4, 3)
    for name, result in (("all", extract(net)), ("cut", extract(net, max_states=2))):
        write_figure(result, tmp_path / f"{name}.svg")
        assert result.complete == (name == "all")
    assert "no machine" in (tmp_path / "cut.svg").read_text()
