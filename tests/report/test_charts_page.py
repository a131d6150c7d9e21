"""Charts as a reader sees them: in both themes and on a telephone, with numbers to take away."""

import csv
import io
import json

import numpy as np
import pytest
from nets import random_net, text_of

import boolrnn
from boolrnn.report import page, terminal
from boolrnn.report.charts import charts, payload

PAGE = """
{% extends "base.html.j2" %}
{% block root %} data-ready="no"{% endblock %}
{% block title %}charts{% endblock %}
{% block style %}{{ asset("charts.css") }}{% endblock %}
{% block body %}
<div class="charts">{% for one in charts %}{{ macros.chart(one) }}{% endfor %}</div>
{% endblock %}
{% block data %}
<script type="application/json" id="data">{{ data | inline_json }}</script>
{% for name, text in blocks.items() %}
<script type="application/octet-stream" id="block-{{ name }}">{{ text }}</script>
{% endfor %}
{% if plotting %}<script>{{ plot_script() }}</script>{% endif %}
{% endblock %}
{% block script %}{{ scripts("data", "charts", "go") }}{% endblock %}
"""
GO = 'chartsPanel();\ndocument.documentElement.dataset.ready = "yes";\n'
STATES = "[...document.querySelectorAll('.plot')].map((plot) => plot.dataset.state ?? 'not yet')"
KEEP = """(() => {  // downloads, as [name, text]
  window.saved = [];
  const blobs = new Map();
  URL.createObjectURL = (blob) => { blobs.set(`blob:${blobs.size}`, blob); return `blob:${blobs.size - 1}`; };
  URL.revokeObjectURL = () => null;
  HTMLAnchorElement.prototype.click = function () {
    blobs.get(this.href).text().then((text) => window.saved.push([this.download, text]));
  };
})()"""


@pytest.fixture(scope="module")
def found():
    """Charts of small nets: some are empty, some show names that CSV and HTML must quote."""
    weights, text = random_net(1), text_of(1, 60, 5)
    spoken = boolrnn.Weights(
        wx=weights.wx, wh=weights.wh, bh=weights.bh, wy=weights.wy, by=weights.by,
        alphabet=np.frombuffer(b'<",\0\xff', np.uint8),
    )  # fmt: skip
    results = [
        boolrnn.agreement(weights, text),
        boolrnn.margins(weights, text),
        boolrnn.dwell(random_net(1, scale=0.0), text),
        boolrnn.cycles(spoken, list(range(5)), starts=4),
        boolrnn.perturb(weights, text, lags=5),
        boolrnn.coflips(weights, text),
        boolrnn.fragility(weights, text),
        boolrnn.attribution(weights, text, depth=4, flips=True),
        boolrnn.offsets(weights, text, depth=4),
        boolrnn.knockout(spoken, text),
        boolrnn.prune(weights, text),
    ]
    return [chart for result in results for chart in charts(result)]


def write(path, found, monkeypatch, plotting=True):
    """A page of these charts and nothing else."""
    blocks = {f"chart-{one.name}": page.block(payload(one)) for one in found}
    listed = [{"name": c.name, "title": c.title, "spec": c.spec, "block": f"chart-{c.name}"} for c in found]
    own = page.asset
    monkeypatch.setattr(
        page, "asset", lambda name: page.Markup(GO) if name == "explorer/go.js" else own(name)
    )
    made_by = {"version": "1", "command": None, "inputs": {}}
    values = {"charts": found, "data": {"charts": listed}, "blocks": blocks, "plotting": plotting}
    text = page.environment().from_string(PAGE).render(made_by=made_by, **values)
    page.write_page(path, text)
    return path


def check_drawn(browser, found):
    """Every chart is there, inside its place, with its name."""
    empty = [chart.spec["usermeta"]["empty"] for chart in found]
    assert browser.run(STATES) == ["empty" if words else "drawn" for words in empty]
    said = browser.run("[...document.querySelectorAll('.plot')].map((plot) => plot.textContent)")
    labels = browser.run("[...document.querySelectorAll('.plot')].map((p) => p.getAttribute('aria-label'))")
    for chart, words, text, label in zip(found, empty, said, labels, strict=True):
        assert label.startswith(chart.title)
        if words:
            assert text == f"Nothing to draw: {words}."
    outside = browser.run(
        "[...document.querySelectorAll('.plot svg')].filter((svg) => "
        "svg.getBoundingClientRect().right > svg.closest('.plot').getBoundingClientRect().right + 1).length"
    )
    assert outside == 0
    assert browser.run("document.documentElement.scrollWidth") <= browser.run("innerWidth")


def test_charts_are_drawn_everywhere_and_their_numbers_can_be_taken_away(
    browser, found, tmp_path, monkeypatch
):
    path = write(tmp_path / "charts.html", found, monkeypatch)
    browser.open(path, width=400)
    browser.wait(f"{STATES}[0] === 'drawn'")
    assert "not yet" in browser.run(STATES)  # what is far away waits
    browser.run("window.dispatchEvent(new Event('beforeprint'))")  # but not for a print
    browser.wait(f"!{STATES}.includes('not yet')")
    check_drawn(browser, found)
    check_numbers(browser, found)
    tip(browser, found[0])
    check_themes(browser)
    check_width(browser)
    assert browser.is_clean(path)


def check_themes(browser):
    """The colours follow the system and the switch."""
    ink = "getComputedStyle(document.querySelector('#chart-agreement-bpc .role-axis text')).fill"
    light = browser.run(ink)
    browser.theme(True)
    assert browser.run(ink) != light
    browser.run("document.documentElement.dataset.theme = 'light'")
    assert browser.run(ink) == light


def check_width(browser):
    """A chart becomes as wide as its place."""
    wide = "document.querySelector('#chart-agreement-bpc svg').getBoundingClientRect().width > 450"
    assert not browser.run(wide)
    browser.command(
        "Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False
    )
    browser.wait(wide)


def check_numbers(browser, found):
    """Files and first rows are those of the tables."""
    browser.run(KEEP)
    for kind in ("csv", "json"):
        browser.run(f"document.querySelectorAll('button[data-download={kind}]').forEach((b) => b.click())")
    browser.wait(f"window.saved.length === {2 * len(found)}")
    saved = dict(browser.run("window.saved"))
    for chart in found:
        check_csv(chart, saved[f"{chart.name}.csv"])
        record = json.loads(saved[f"{chart.name}.json"])
        assert record["verb"].startswith(f"boolrnn {chart.verb}")
        assert record["definition"] == chart.definition
        assert {key: record[key] for key in ("columns", "rows")} == payload(chart)
        cells = browser.run(
            f"[...document.querySelectorAll('#chart-{chart.name} tbody tr')]"
            ".map((row) => [...row.children].map((cell) => cell.textContent))"
        )
        assert cells == chart.spec["usermeta"]["first"]


def check_csv(chart, text):
    """The same cells as the verb's --csv; numbers by value (1e-07 is 1e-7 here)."""
    ours = list(csv.reader(io.StringIO(text)))
    theirs = list(csv.reader(io.StringIO(terminal.to_csv(chart.table))))
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs):
        for a, b in zip(one, other, strict=True):
            assert a == b or float(a or "inf") == float(b), (chart.name, a, b)


def tip(browser, chart):
    """A mark tells its row's numbers, as the terminal writes them."""
    browser.run("document.querySelector('#chart-agreement-bpc').scrollIntoView()")
    x, y = browser.run(
        "(() => { const box = document.querySelector('#chart-agreement-bpc .mark-rect path')"
        ".getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    browser.command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    browser.wait("document.querySelector('#vg-tooltip-element.visible')")
    cells = browser.run(
        "[...document.querySelectorAll('#vg-tooltip-element .value')].map((c) => c.textContent)"
    )
    assert cells == [terminal.cell(v, c) for v, c in zip(chart.table.rows[0], chart.table.columns)]


def test_without_a_plotting_script_the_table_remains(browser, found, tmp_path, monkeypatch):
    path = write(tmp_path / "bare.html", found[:1], monkeypatch, plotting=False)
    browser.open(path)
    browser.wait(f"{STATES}[0] === 'failed'")
    assert "no plotting script" in browser.run("document.querySelector('.plot').textContent")
    assert browser.run("document.querySelectorAll('.chart tbody tr').length") == 5
    assert browser.is_clean(path)
