"""The frame of the pages: blocks of data, harmless JSON, readable colours, the switch of the theme."""

import base64
import gzip
import json
import re
import types

import pytest

from boolrnn.errors import ResultError
from boolrnn.report import page

MADE_BY = {"version": "1", "command": "boolrnn report <a> \0", "inputs": {"net.bin": "0" * 64}}
NASTY = "</script><!-- <b> & \u2028 \0 \udcff 'x' \"y\""
PAGE = """
{% extends "base.html.j2" %}
{% block title %}{{ name }}{% endblock %}
{% block body %}<p id="said">{{ name | seen }}</p>{{ macros.facts(rows) }}{% endblock %}
{% block data %}<script type="application/json" id="data">{{ data | inline_json }}</script>{% endblock %}
{% block script %}window.held = JSON.parse(document.getElementById("data").textContent);{% endblock %}
"""


def unpacked(text):
    return gzip.decompress(base64.b64decode(text))


@pytest.mark.parametrize("payload", [b"", b"\0\xff" * 999])
def test_blocks_keep_bytes(payload):
    assert unpacked(page.block(payload)) == payload
    assert page.block(payload) == page.block(payload)


def test_blocks_keep_plain_values_and_make_what_is_no_number_null():
    value = {"a": [1.5, float("nan"), (float("-inf"), None)], "b": {"c": NASTY}}
    assert json.loads(unpacked(page.block(value))) == {"a": [1.5, None, [None, None]], "b": {"c": NASTY}}
    with pytest.raises(TypeError):
        page.block({"a": object()})


def test_inline_json_is_harmless_and_says_the_same():
    text = page.inline_json([NASTY, float("nan")])
    assert not set(text) & set("<>&\u2028\0")
    assert text.isascii()
    assert json.loads(text) == [NASTY, None]


def test_scripts_stand_in_one_strict_function(tmp_path, monkeypatch):
    (tmp_path / "explorer").mkdir()
    for name in "ab":
        (tmp_path / "explorer" / f"{name}.js").write_text(f"const {name} = 1 < 2;")
    monkeypatch.setattr(page, "TEMPLATES", tmp_path)
    text = page.scripts("b", "a")
    assert re.fullmatch(r'\(\(\) => \{\n"use strict";\nconst b = 1 < 2;\nconst a = 1 < 2;\n\}\)\(\);', text)


def test_the_plot_script_cannot_end_its_element(monkeypatch):
    bundle = "const a='</SCRIPT>',b=`<!--`;window.vegaEmbed=a"
    fake = types.SimpleNamespace(javascript_bundle=lambda: bundle)
    monkeypatch.setattr(page.importlib, "import_module", lambda name: fake)
    text = page.plot_script.__wrapped__()
    assert "</script" not in text.lower()
    assert "<!--" not in text
    assert "window.vegaEmbed=a" in text


@pytest.mark.slow
def test_the_plot_script_draws():
    text = page.plot_script()
    assert "window.vegaEmbed=" in text
    assert "</script" not in text.lower()
    assert "<!--" not in text


def test_pages_are_written_whole_and_say_their_size(tmp_path):
    path = tmp_path / "p.html"
    assert page.write_page(path, "ä\udcff") == path.stat().st_size
    assert path.read_text(encoding="utf-8") == "ä\\udcff"
    with pytest.raises(ResultError, match="cannot be written"):
        page.write_page(tmp_path / "none" / "p.html", "")


def test_a_name_that_is_not_given_is_an_error():
    with pytest.raises(page.jinja2.UndefinedError, match="made_by"):
        page.render("base.html.j2")


def palettes():
    """The custom properties of the light theme, the system's dark one and the chosen dark one."""
    text = page.asset("page.css")
    blocks = re.findall(r':root(?:\[data-theme="dark"\]|:not\([^)]*\))? \{(.*?)\n *\}', text, re.DOTALL)
    return [dict(re.findall(r"(--[\w-]+): (#\w+);", block)) for block in blocks]


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_both_themes_have_the_same_names_and_can_be_read():
    light, dark, chosen = palettes()
    assert dark == chosen
    assert set(light) == set(dark)
    for theme in (light, dark):
        for ground in ("--paper", "--panel"):
            for name in ("ink", "faint", "network-ink", "automaton-ink", "accent", "good", "bad"):
                assert contrast(theme[f"--{name}"], theme[ground]) >= 4.5, name
            for name in ("network", "automaton"):  # marks
                assert contrast(theme[f"--{name}"], theme[ground]) >= 3, name
        for k in range(9):
            assert contrast(theme[f"--on-{k}"], theme[f"--scale-{k}"]) >= 4.5
        scale = [luminance(theme[f"--scale-{k}"]) for k in range(9)]
        assert scale == sorted(scale, reverse=theme is light)


def test_a_page_in_a_browser(browser, tmp_path):
    path, name = tmp_path / "p.html", NASTY.replace("\udcff", "")
    rows = [("bits", 0.25, "of all"), ("name", "x" * 300, ""), ("none", None, "")]
    template = page.environment().from_string(PAGE)
    values = {"name": name, "data": [name], "rows": rows, "made_by": MADE_BY}
    page.write_page(path, template.render(**values))
    browser.open(path, width=400)
    shown = name.replace("\0", "\\x00")
    assert browser.run("document.getElementById('said').textContent") == shown
    assert browser.run("document.querySelector('h1').textContent") == shown
    assert browser.run("window.held") == [name]
    assert browser.run("[...document.querySelectorAll('dd.number')].map(e => e.textContent)")[::2] == [
        "0.25",
        "–",
    ]
    assert browser.run("document.documentElement.scrollWidth") <= 400
    ground = "getComputedStyle(document.body).backgroundColor"
    light = browser.run(ground)
    grounds = []
    for theme in ("light", "dark", "system"):
        browser.driver.find_element("id", "theme").click()
        assert theme in browser.run("document.getElementById('theme').textContent")
        grounds.append(browser.run(ground))
    assert grounds[0] == grounds[2] == light != grounds[1]
    browser.theme(dark=True)
    assert browser.run(ground) == grounds[1]
    assert browser.is_clean(path)
