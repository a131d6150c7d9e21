"""Figures of the room graph: what is written in them can be read, and empty panels say why."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from nets import random_net, text_of

from boolrnn.graph.backbone import backbone
from boolrnn.graph.coflips import coflips
from boolrnn.graph.cycles import cycles
from boolrnn.graph.dwell import dwell
from boolrnn.graph.influence import influence
from boolrnn.graph.perturb import perturb
from boolrnn.report.figures import draw
from boolrnn.report.figures.backbone import placed

VERBS = (backbone, coflips, dwell, influence, perturb)
DEGENERATE = {
    "one neuron": (random_net(3, 1), text_of(1, 30, 5)),
    "one neuron, one symbol": (random_net(3, 1), text_of(1, 1, 5)),
    "two neurons": (random_net(4, 2), text_of(1, 30, 5)),
    "zero weights": (random_net(1, scale=0.0), text_of(1, 20, 5)),
    "one symbol": (random_net(1), text_of(1, 1, 5)),
    "two symbols": (random_net(1), text_of(1, 2, 5)),
    "three symbols": (random_net(1), text_of(1, 3, 5)),
    "the same symbol": (random_net(1), np.zeros(30, int)),
    "ordinary": (random_net(1), text_of(1, 60, 5)),
    "wide": (random_net(2, 100, scale=0.3), text_of(1, 40, 5)),
}


def rendered(result):
    figure = draw(result)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, canvas.get_renderer()


def written(figure, renderer):
    """Every text that is drawn, with its box; one pixel of play on every side."""
    found = []
    for axis in figure.axes:
        texts = [axis.title, axis._left_title, axis.xaxis.label, axis.yaxis.label, *axis.texts]
        if axis.axison:
            for one in (axis.xaxis, axis.yaxis):
                low, high = sorted(one.get_view_interval())
                for tick in one.get_major_ticks() + one.get_minor_ticks():
                    seen = low <= tick.get_loc() <= high
                    texts += [tick.label1] if seen and tick.label1.get_visible() else []
        if axis.get_legend():
            texts += axis.get_legend().get_texts()
        found += [text for text in texts if text.get_text() and text.get_visible()]
    if figure._suptitle:
        found.append(figure._suptitle)
    return [(text.get_text(), text.get_window_extent(renderer).padded(-1)) for text in found]


def assert_readable(result):
    """All words are inside the picture, and none is printed over another."""
    figure, renderer = rendered(result)
    words = written(figure, renderer)
    for k, (word, box) in enumerate(words):
        assert (figure.bbox.min <= box.min).all(), word
        assert (box.max <= figure.bbox.max).all(), word
        for other, there in words[:k]:
            assert not box.overlaps(there), (word, other)
    return figure, renderer


def said(figure):
    return {text.get_text() for axis in figure.axes for text in axis.texts}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__name__)
@pytest.mark.parametrize("case", DEGENERATE)
def test_words_of_any_net_can_be_read(verb, case):
    options = {"permutations": 3} if verb is backbone else {}
    assert_readable(verb(*DEGENERATE[case], **options))


@pytest.mark.parametrize("case", DEGENERATE)
def test_words_of_cycles_can_be_read(case):
    assert_readable(cycles(DEGENERATE[case][0], [0, 3, [0, 1] * 20], starts=5, budget=0.2))


@pytest.mark.parametrize("count", [1, 52, 66, 200])
def test_any_number_of_inputs_is_labelled_legibly(count):
    figure, _ = assert_readable(cycles(random_net(1, 7, 256), list(range(count)), starts=4))
    labels = figure.axes[0].get_xticklabels()
    assert len(labels) >= min(count, 33)
    assert all(label.get_fontsize() >= 8 for label in labels)


def test_an_empty_panel_says_why():
    net, zero, lone = random_net(1), random_net(1, scale=0.0), random_net(3, 1)
    text = text_of(1, 20, 5)
    assert said(draw(dwell(net, text[:1]))) == {"no flips"}
    assert said(draw(dwell(zero, text))) == {"no flips"}
    assert said(draw(coflips(zero, text))) == {"no flips"}
    assert said(draw(coflips(lone, text))) == {"no pair"}
    assert said(draw(influence(zero, text))) == {"no pair ever flips"}
    assert said(draw(influence(net, text[:1]))) == {"no positions"}
    assert said(draw(perturb(net, text[:1]))) == {"no positions"}
    figure = draw(backbone(zero, text, permutations=2))
    assert said(figure) == {"no traffic"}
    assert all(axis.get_legend() is None for axis in figure.axes)
    for axis in draw(coflips(lone, text)).axes:
        assert not len(axis.get_xticks())
        assert not len(axis.get_yticks())


def test_one_neuron_is_no_plural():
    assert "1 neuron: 100 %" in said(draw(backbone(*DEGENERATE["one neuron"], permutations=2)))


def assert_legends_cover_nothing(figure, renderer):
    """No point, line or bar of a panel lies under its legend."""
    for axis in figure.axes:
        if legend := axis.get_legend():
            box = legend.get_window_extent(renderer)
            for line in axis.get_lines():
                if len(line.get_xdata()) and line.get_transform() == axis.transData:
                    points = axis.transData.transform(np.column_stack(line.get_data()).astype(float))
                    points = points[np.isfinite(points).all(axis=1)]
                    assert not ((points > box.min) & (points < box.max)).all(axis=1).any()
            assert not any(box.overlaps(bar.get_window_extent(renderer)) for bar in axis.patches[:15])


@pytest.mark.parametrize("verb", [backbone, dwell, influence, perturb], ids=lambda verb: verb.__name__)
@pytest.mark.parametrize("case", ["one neuron", "two neurons", "ordinary", "wide"])
def test_legends_cover_no_data(verb, case):
    options = {"permutations": 3} if verb is backbone else {}
    figure, renderer = rendered(verb(*DEGENERATE[case], **options))
    if verb is backbone:
        figure.delaxes(figure.axes[1])  # its legend stands under the graph
    assert_legends_cover_nothing(figure, renderer)


def test_legends_of_cycles_cover_no_data():
    figure, renderer = rendered(cycles(random_net(1, 9, 60), list(range(60)), starts=9))
    assert_legends_cover_nothing(figure, renderer)


def names_inside(result):
    """Names of pairs that are written, all of them inside the axes."""
    figure, renderer = assert_readable(result)
    axis = figure.axes[1]
    box = axis.get_window_extent(renderer).padded(1)
    for text in axis.texts:
        own = text.get_window_extent(renderer)
        assert box.x0 <= own.x0
        assert own.x1 <= box.x1
        assert box.y0 <= own.y0
        assert own.y1 <= box.y1
    return [text.get_text() for text in axis.texts]


def test_pairs_are_named_inside_the_axes(embedded):
    assert names_inside(coflips(*embedded))


def test_archived_pairs_are_named_inside_the_axes(archived):
    assert len(names_inside(coflips(*archived))) == 3


def nearest(places):
    at = np.array(list(places))
    apart = np.linalg.norm(at[:, None] - at[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return apart.min()


def test_neurons_around_a_hub_stand_apart_and_out_of_each_others_way():
    leaves = np.arange(1, 31)
    places, _ = placed(np.zeros(30, int), leaves)
    assert nearest(places.values()) > 0.98
    reach = [np.linalg.norm(places[j] - places[0]) for j in leaves]
    assert max(reach) < 1.01 * min(reach)


def test_parts_of_a_graph_stand_near_each_other():
    to, source = np.array([*[0] * 20, 40]), np.array([*range(1, 21), 41])
    places, loops = placed(to, source)
    assert not loops
    hub = max(np.linalg.norm(places[j] - places[0]) for j in range(1, 21))
    assert np.linalg.norm(places[40] - places[0]) < 2 * hub
    assert nearest(places.values()) > 0.98


def test_rings_of_two_hubs_do_not_cut_each_other():
    to, source = np.array([0] * 20 + [1] * 14 + [0]), np.array([*range(2, 22), *range(22, 36), 1])
    places, _ = placed(to, source)
    own = max(np.linalg.norm(places[j] - places[0]) for j in range(2, 22))
    assert all(np.linalg.norm(places[j] - places[0]) > own for j in range(22, 36))


def test_every_edge_and_loop_of_a_random_graph_has_its_place():
    rng = np.random.default_rng(0)
    for hidden in (1, 2, 5, 40):
        to, source = rng.integers(0, hidden, (2, 40))
        places, loops = placed(to, source)
        assert set(places) == {*to.tolist(), *source.tolist()}
        assert set(loops) == set(to[to == source].tolist())
        assert nearest([*places.values(), *loops.values()]) > 0.9


def assert_nodes_apart(result):
    """No two neurons of the graph touch, and each name fits into its neuron."""
    figure, renderer = assert_readable(result)
    axis = figure.axes[1]
    nodes = [mark for mark in axis.collections if len(mark.get_offsets())]
    at = axis.transData.transform(np.concatenate([mark.get_offsets() for mark in nodes]))
    radius = np.array([np.sqrt(mark.get_sizes()[0]) / 2 for mark in nodes]) * figure.dpi / 72
    apart = np.linalg.norm(at[:, None] - at[None], axis=2) + np.diag(np.full(len(at), np.inf))
    assert (apart > radius[:, None] + radius[None]).all()
    names = [text for text in axis.texts if text.get_text().startswith("h")]
    assert len(names) == len(nodes)
    for name, r in zip(names, radius):
        assert name.get_window_extent(renderer).width < 2.2 * r


def test_the_embedded_graph_can_be_read(embedded):
    net, text = embedded
    assert_nodes_apart(backbone(net, text[:400], permutations=1))


def test_the_archived_graph_can_be_read(archived):
    net, text = archived
    assert_nodes_apart(backbone(net, text, permutations=1))


def test_two_scales_are_two_panels():
    figure = draw(backbone(random_net(1), text_of(1, 60, 5), permutations=1))
    bars, crosses = figure.axes[2:]
    assert bars.patches
    assert not bars.lines
    assert crosses.lines
    assert not crosses.patches
    assert bars.get_ylim() == crosses.get_ylim()
