"""The neuron panel and the graph in a browser: what they say, and how they follow a reader."""

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.report.page import block, environment, scripts, write_page

HIDDEN, LENGTH = 6, 30
# the two panels on a page of their own
TEMPLATE = """{% extends "base.html.j2" %}
{% block root %} data-ready="no"{% endblock %}
{% block title %}two panels{% endblock %}
{% block style %}{{ asset("panels.css") }}{% endblock %}
{% block body %}<div id="strip"></div><div id="neuron"></div><div id="graph"></div>{% endblock %}
{% block data %}<script type="application/json" id="data">{{ data | inline_json }}</script>
{% for name, packed in blocks.items() %}
<script type="application/octet-stream" id="block-{{ name }}">{{ packed }}</script>
{% endfor %}{% endblock %}
{% block script %}{{ script }}{% endblock %}"""
PAIR = "`${e.dataset.from} ${e.dataset.to}`"
SCRIPTS = ("data", "app", "neuron", "graph", "graph_view", "keys", "start")
WIRES = [{"neuron": 5, "weight": 1.25, "rate": 0.5}, {"neuron": 0, "weight": -0.25, "rate": 0.0312}]
NODE = "document.querySelector('#graph [data-key=\"{}\"]')"


def write_panels(path, weights, symbols, neurons, graph):
    """A page of the two panels, from their records and the signs on a text."""
    signs, blocks = signs_of(weights, symbols), {"neurons": block(neurons), "graph": block(graph)}
    packed = {name: np.packbits(rows, axis=1, bitorder="little") for name, rows in signs.items()}
    values = {"symbols": symbols.astype("<u2"), "signs": packed["network"], "states": packed["automaton"]}
    arrays = {name: {"dtype": "u1", "shape": rows.shape, "block": name} for name, rows in values.items()}
    arrays["symbols"]["dtype"] = "u2"
    shown = [f"0x{symbol:02x}" for symbol in range(weights.symbols)]
    data = {
        "model": {"hidden": weights.hidden, "symbols": weights.symbols, "predicts": weights.predicts},
        "text": {"name": "text", "length": len(symbols)},
        "names": shown,
        "glyphs": [name[2:] for name in shown],
        "output_names": shown if weights.predicts else [f"output {o}" for o in range(weights.outputs)],
        "arrays": arrays,
        "window": f"positions 0..{len(symbols) - 2}",
        "neurons": "neurons",
        "graph": "graph",
    }
    blocks |= {name: block(rows.tobytes()) for name, rows in values.items()}
    made_by = {"version": "0", "command": "made for a test", "inputs": {}}
    given = {"data": data, "blocks": blocks, "script": scripts(*SCRIPTS), "made_by": made_by}
    write_page(path, environment().from_string(TEMPLATE).render(**given))


def signs_of(weights, symbols):
    """Signs of the network and states of the automaton, (T, H) each."""
    if not len(symbols):
        return dict.fromkeys(("network", "automaton"), np.zeros((0, weights.hidden), bool))
    network = boolrnn.trace(weights, symbols).z >= 0
    return {"network": network, "automaton": boolrnn.run(weights, symbols).states}


def record(neuron, **known):
    """What a page says about a neuron of which nothing is known but `known`."""
    names = "on rate mean_dwell median_dwell longest group knockout promotes demotes one_step free_run"
    unknown = dict.fromkeys([*names.split(), "backbone", "role"])
    wires = {"inputs": [], "outputs": [], "drives": []}
    nothing = {"margin": {"mean": None, "min": None}, "flips": 0, "class": "constant"}
    degrees = {"influence": dict.fromkeys(("out_degree", "in_degree", "self"))}
    return {"neuron": neuron} | unknown | wires | nothing | degrees | known


def records(share):
    """Of six neurons, h3 has every value; h3 and h1 have a cost."""
    full = record(
        3,
        on=share,
        flips=12,
        rate=0.42857,
        mean_dwell=2.0625,
        median_dwell=1.5,
        longest=7,
        group=1,
        knockout={"delta": 0.03483, "rank": 1, "of_gap": 0.5, "of_bias_gap": 0.25},
        promotes=[0, 1],
        demotes=[4],
        inputs=WIRES,
        outputs=WIRES,
        drives=[{"symbol": 2, "drive": -0.75}],
        margin={"mean": 1.23456, "min": 0.000123},
        one_step=0.875,
        free_run=0.5,
        influence={"out_degree": 1.5, "in_degree": 0.25, "self": 0.0625},
        backbone={"share": 0.125, "role": "relay"},
        role={"feature": "tag", "meaning": "m", "words": "on inside <b>", "accuracy": 0.75, "base": 0.5},
    )
    full["class"] = "frequent"
    cheap = {"delta": -0.001, "rank": 2, "of_gap": 0.0, "of_bias_gap": None}
    return [
        {3: full, 1: record(1, knockout=cheap)}.get(j, record(j, group=0 if j < 2 else None))
        for j in range(HIDDEN)
    ]


def graph():
    """Groups {0, 1} and {3, 4}; h2 and h5 stand alone. Seven edges, one of them inside a group."""
    ends = [(3, 4), (2, 3), (2, 4), (5, 2), (0, 3), (3, 3), (4, 2)]
    groups = {0: [0, 1], 1: [3, 4]}
    home = {j: k for k, members in groups.items() for j in members}
    return {
        "nodes": [
            {"neuron": j, "x": (j + 0.5) / HIDDEN, "y": 0.2 + 0.1 * j, "group": home.get(j), "share": j / 15}
            for j in range(HIDDEN)
        ],
        "edges": [
            {
                "from": a,
                "to": b,
                "rate": 0.5 - 0.05 * k,
                "count": 9 - k,
                "weight": 1 - 2 * (k % 2),
                "share": 0,
            }
            for k, (a, b) in enumerate(ends)
        ],
        "total": 20,
        "kept": len(ends),
        "groups": [
            {"group": k, "size": 2, "x": 0.2 + 0.5 * k, "y": 0.3 + 0.3 * k, "members": members, "rate": 0.25}
            for k, members in groups.items()
        ],
        "group_edges": [{"from": 0, "to": 1, "rate": 0.0625}],
        "definitions": {"rate": "rate defined", "share": "share defined", "group": "group defined"},
    }


@pytest.fixture(scope="module")
def seen():
    """Signs of the network and states of the automaton on the page's text, (weights, symbols, both)."""
    weights, symbols = random_net(4, HIDDEN, 5), text_of(0, LENGTH, 5)
    return weights, symbols, signs_of(weights, symbols)


@pytest.fixture(scope="module")
def page(seen, tmp_path_factory):
    weights, symbols, signs = seen
    path = tmp_path_factory.mktemp("panels") / "page.html"
    write_panels(path, weights, symbols, records(float(signs["network"][:-1, 3].mean())), graph())
    return path


def text(browser, selector):
    return browser.run(f"document.querySelector({selector!r}).textContent.replace(/\\s+/g, ' ').trim()")


def every(selector, value):
    """A script that gives a value of every element `e` of a kind."""
    return f'[...document.querySelectorAll("{selector}")].map((e) => {value})'


def click(browser, element):
    browser.run(f"{element}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")


def press(browser, element, key):
    event = f"new KeyboardEvent('keydown', {{key: '{key}', bubbles: true, cancelable: true}})"
    return browser.run(f"{element}.dispatchEvent({event})")


def facts(browser):
    rows = every(".neuron-facts > div", "[e.dataset.fact, e.lastChild.innerText]")
    return {name: " ".join(words.split()) for name, words in browser.run(rows)}


def drawn(browser):
    """Edges as pairs of keys."""
    return set(browser.run(every("#graph .edge", PAIR)))


def test_a_neuron_is_told_of_in_full(browser, page, seen):
    signs = seen[2]
    browser.open(page, "#t=9&h=3")
    shares = {whose: 100 * rows[:-1, 3].mean() for whose, rows in signs.items()}
    assert text(browser, "#neuron h3") == "h3"
    assert facts(browser) == {
        "+1 at": f"{shares['network']:.1f} % of positions",
        "flips": "12 42.9 % of steps frequent",
        "dwell": "2.06 mean 1.5 median 7 longest",
        "co-flip group": "group 1",
        "knockout": "+0.0348 bpc 25.00 % of the gap rank 1 of 6",
        "agreement": "87.50 % one step 50.00 % free run",
        "margin": "1.2346 mean 0.000123 least",
        "influence": "1.5000 out 0.2500 in 0.0625 self",
        "backbone": "12.50 % of traffic relay",
        "role": "on inside <b> 75.0 % right 50.0 % without it",
    }
    assert browser.run(every("[data-letters] code", "e.textContent")) == ["00", "01", "04"]
    assert text(browser, "#neuron-inputs li:last-child") == "h0-0.25rate 0.0312"
    assert text(browser, "#neuron-drives li") == "0x02-0.75"
    for whose, rows in signs.items():  # the whole text: a bar at every position that is +1, and the share
        assert text(browser, f"[data-on={whose}]") == f"{shares[whose]:.1f} %"
        bars = browser.run(f"document.querySelector('#neuron svg.{whose} path').getAttribute('d')")
        assert [int(bar.split()[0]) for bar in bars.split("M")[1:]] == np.flatnonzero(rows[:, 3]).tolist()
        near = every(f".neuron-around [data-t] .{whose}", "e.matches('.on')")
        assert browser.run(near) == rows[: 9 + 13, 3].tolist()
    assert browser.is_clean(page)


def test_the_neuron_panel_goes_where_it_is_asked(browser, page, seen):
    signs = seen[2]["network"][:, 3]
    at = int(np.flatnonzero(signs[1:] != signs[:-1])[2]) + 1
    browser.open(page, f"#t={at - 1}&h=3")
    click(browser, "document.querySelectorAll('.neuron-flips button')[1]")
    assert text(browser, "#neuron-here").startswith(f"t = {at}: network {'+1' if signs[at] else '−1'}")
    box = "document.querySelector('#neuron .tracks').getBoundingClientRect()"
    browser.run(
        "document.querySelector('#neuron .tracks').dispatchEvent(new MouseEvent('click', "
        f"{{clientX: {box}.left + {box}.width * 20.5 / {LENGTH}}}))"
    )
    assert text(browser, "#neuron-here").startswith("t = 20:")
    click(browser, "document.querySelector('#neuron-inputs [data-neuron=\"5\"]')")
    assert text(browser, "#neuron h3") == "h5"
    assert facts(browser) == {"flips": "0 constant", "co-flip group": "none"}  # what is not known is left out
    assert browser.run("document.querySelector('.neuron-head [data-step=\"1\"]').disabled")
    click(browser, "document.querySelector('.neuron-head [data-step=\"-1\"]')")
    assert text(browser, "#neuron h3") == "h4"
    click(browser, "document.querySelector('.neuron-head .none')")
    assert text(browser, "#neuron-ranking ol") == "h3+0.0348h1-0.0010"  # the costliest first
    click(browser, "document.querySelector('#neuron-ranking [data-neuron=\"1\"]')")
    assert text(browser, "#neuron h3") == "h1"


def test_the_graph_opens_its_groups(browser, page):
    browser.open(page)
    assert drawn(browser) == {"n2 g1", "n5 n2", "g1 n2", "g0 g1"}  # a closed group has its members' edges
    title = "[...document.querySelectorAll('#graph .edge')].find((e) => e.dataset.to === 'g1').textContent"
    assert browser.run(title) == "h2 → h3: rate 0.4500, weight -1 (the heaviest of 2 edges)"
    dashed = every("svg.graph .line.minus", "e.parentNode.dataset.to") + ".sort()"
    assert browser.run(dashed) == ["n2"]  # an edge of a closed group may stand for both signs
    assert not press(browser, NODE.format("g1"), "Enter")  # it is used up
    assert drawn(browser) == {"n3 n4", "n2 n3", "n2 n4", "n5 n2", "g0 n3", "n3 n3", "n4 n2"}
    assert browser.run(dashed) == ["n2", "n3", "n3"]
    press(browser, NODE.format("g1"), "Enter")
    assert drawn(browser) == {"n2 g1", "n5 n2", "g1 n2", "g0 g1"}
    click(browser, "document.querySelectorAll('.graph-controls button')[0]")
    assert browser.run("document.querySelectorAll('#graph .node').length") == HIDDEN
    browser.run(
        "(() => { const s = document.getElementById('graph-edges'); s.value = 43; "
        "s.dispatchEvent(new Event('input')); })()"
    )
    assert drawn(browser) == {"n3 n4", "n2 n3", "n2 n4"}  # the heaviest
    assert text(browser, ".graph-controls output").startswith(
        "3 of 7 drawn (listed: the heaviest 7 of 20 pairs"
    )
    click(browser, "document.querySelectorAll('.graph-controls button')[1]")
    assert browser.run("document.querySelectorAll('#graph .super').length") == 2
    assert browser.is_clean(page)


def test_the_graph_shows_signs_and_the_neuron_that_is_chosen(browser, page, seen):
    browser.open(page, "#t=9&h=3")
    assert browser.run(f"{NODE.format('n3')}.matches('.picked')")  # its group was opened
    assert browser.run("document.querySelector('#graph .super').dataset.key") == "g0"
    on = every("#graph .node.on", "e.dataset.key")
    for whose, rows in seen[2].items():
        assert browser.run("document.querySelector('svg.graph').dataset.whose") == whose
        assert browser.run(on) == [f"n{j}" for j in (2, 3, 4, 5) if rows[9, j]]
        assert f"At t = 9, the {whose}'s signs" in text(browser, ".graph-caption")
        browser.keys("w")  # the other one's
    browser.run(f"{NODE.format('n2')}.focus()")
    mine = every("#graph .mine", PAIR) + ".sort()"
    assert browser.run(mine) == ["n2 n3", "n2 n4", "n4 n2", "n5 n2"]
    assert "to h3 0.4500 (−), h4 0.4000 (+)" in text(browser, ".graph-info")
    click(browser, NODE.format("n2"))
    assert text(browser, "#neuron h3") == "h2"
    click(browser, "document.querySelectorAll('.graph-controls button')[1]")
    browser.run(
        "history.replaceState(null, '', '#h3'), window.dispatchEvent(new HashChangeEvent('hashchange'))"
    )
    click(browser, "document.querySelectorAll('.graph-controls button')[1]")
    click(browser, "document.querySelector('[data-fact=\"co-flip group\"] button')")
    assert browser.run("document.activeElement.dataset.key") == "g1"  # open, and the focus is there
    assert browser.run("document.activeElement.getAttribute('aria-expanded')") == "true"


def test_zoom_by_button_and_wheel(browser, page):
    browser.open(page)
    size = "Number(document.querySelector('svg.graph').getAttribute('viewBox').split(' ')[2])"
    whole = browser.run(size)
    turn = "new WheelEvent('wheel', {{deltaY: -120, cancelable: true, ctrlKey: {}}})"
    wheel = f"document.querySelector('svg.graph').dispatchEvent({turn})"
    assert browser.run(wheel.format("false")) is True  # the page scrolls
    assert browser.run(size) == whole
    assert browser.run(wheel.format("true")) is False
    assert browser.run(size) < whole
    click(browser, "document.querySelector('[aria-label=\"show all\"]')")
    assert browser.run(size) == whole


@pytest.mark.parametrize("length", [0, 1])
def test_one_neuron_and_no_prediction(browser, length, tmp_path):
    weights = random_net(1, 1, 2, outputs=3)
    node = {"neuron": 0, "x": 0.5, "y": 0.5, "group": None, "share": None}
    nothing = {"edges": [], "groups": [], "group_edges": [], "total": 0, "kept": 0}
    words = {"definitions": {"rate": "r", "share": "s", "group": "g"}}
    path = tmp_path / "page.html"
    write_panels(path, weights, text_of(0, length, 2), [record(0)], {"nodes": [node]} | nothing | words)
    browser.open(path, "#h0", width=400, dark=True)
    assert text(browser, "#neuron h3") == "h0"
    assert ("The text is empty" in text(browser, ".graph-caption")) == (length == 0)
    assert text(browser, ".graph-controls output") == "no edges: no bit's flip ever changes another"
    assert browser.run("document.documentElement.scrollWidth") == 400
    assert browser.is_clean(path)
