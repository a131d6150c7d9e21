"""The explorer in a browser: strip, position, search, keys, addresses; what a reader sees of any text."""

import re

import numpy as np
import pytest
from nets import random_net
from report_pages import empty_session, explorer_page, page_values

import boolrnn
from boolrnn.bits import to_hex
from boolrnn.report.explorer.positions import names
from boolrnn.report.page import TEMPLATES, render, write_page

# WebDriver's codes of keys
LEFT, RIGHT, PAGE_DOWN, END, HOME, ESCAPE, ENTER = (chr(0xE000 + k) for k in (18, 20, 15, 16, 17, 12, 7))
TEXT = b"a\x00b </script><b>&amp;\xff\xc3(\n\tabc, abcabc <!-- d " * 3  # 144 symbols
CONTRAST = """(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => parts(colour).slice(0, 3)
    .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const node of document.querySelectorAll("#verdict *, #strip *, #position *, .search *, header *")) {
    const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(node instanceof SVGElement ? style.fill : style.color), light(ground(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) poor.push(`${node.className}: ${node.textContent}`);
  }
  return poor;
})()"""


@pytest.fixture(scope="module")
def net():
    return random_net(3, 9, 256)


@pytest.fixture(scope="module")
def symbols():
    return np.frombuffer(TEXT, np.uint8).astype(np.int64)


@pytest.fixture(scope="module")
def page(tmp_path_factory, net, symbols):
    some = [t for t in range(len(symbols) - 1) if t != 40]  # position 40 has no details
    return explorer_page(tmp_path_factory.mktemp("explorer") / "net.html", net, symbols, positions=some)


@pytest.fixture
def opened(browser, page):
    def open_at(fragment="", **options):
        browser.open(page, fragment, **options)
        return browser

    yield open_at
    assert browser.is_clean(page)


def text(browser, css):
    node = "document.querySelector(arguments[0])"
    return browser.run(f"{node}.innerText ?? {node}.textContent", css)


def click(browser, css):
    browser.driver.find_element("css selector", css).click()


def shown(browser, t):
    browser.wait(f"document.getElementById('position').dataset.t === '{t}'")


def show_automaton(browser):
    click(browser, "[name=whose][value=automaton]")
    browser.wait("document.querySelector('.state').dataset.whose === 'automaton'")


def filled(browser):
    return browser.run(
        "[...document.querySelectorAll('.bits .bit')].map((one) => one.classList.contains('on'))"
    )


def test_a_click_on_a_position_shows_its_state_and_what_it_predicts(opened, net, symbols):
    browser = opened()
    click(browser, "[data-t='21']")
    shown(browser, 21)
    browser.wait("location.hash === '#t=21'")
    signs = boolrnn.trace(net, symbols).z[21] >= 0
    assert filled(browser) == signs.tolist()
    assert text(browser, ".hex") == to_hex(signs[None])[0]
    show_automaton(browser)
    states = boolrnn.run(net, symbols).to_json()["states"]
    assert text(browser, ".hex") == states[21]
    predict = boolrnn.predict(net, symbols).to_json()["positions"][21]
    assert text(browser, ".guess.network .who").split() == [
        "network",
        f"{predict['float']['bits']:.3f}",
        "bits",
    ]
    first = text(browser, ".guess.automaton li .name")
    assert first == names(net)["names"][predict["free_run"]["top"][0]]
    justify = boolrnn.justify(net, symbols, at=21).to_json()["positions"][0]["neurons"][0]
    row = text(browser, ".deciders tbody tr").split()
    assert row[:3] == [
        f"h{justify['neuron']}",
        "+1" if justify["sign"] > 0 else "−1",
        f"{justify['delta']:+.4f}",
    ]
    source = justify["sources"][0]
    assert text(browser, ".tree .adds").startswith(f"{source['contribution']:+.3f}")
    click(browser, ".tree .node + .node")  # the heaviest source, one position before
    shown(browser, 20)
    browser.wait(f"location.hash === '#t=20&h={source['neuron']}'")


def test_addresses_lead_to_positions_and_neurons(opened):
    browser = opened("#t=5&h=3")
    shown(browser, 5)
    assert browser.run("document.querySelector('.bit.picked').dataset.j") == "3"
    browser.run("void (location.hash = '#h7')")
    browser.wait("document.querySelector('.bits .picked')?.dataset.j === '7'")
    assert browser.run("document.getElementById('position').dataset.t") == "5"
    browser.run("void (location.hash = '#t=99999')")
    shown(browser, len(TEXT) - 1)
    assert "nothing is predicted" in text(browser, "#position")
    browser.run("void (location.hash = '#t=40')")
    shown(browser, 40)
    assert "boolrnn report net text --details 40:41" in text(browser, "#position")


def test_keys_move_and_fields_keep_theirs(opened):
    browser = opened()
    browser.keys(RIGHT * 3 + LEFT)
    shown(browser, 2)
    browser.keys(PAGE_DOWN)
    shown(browser, 34)
    browser.keys(END)
    shown(browser, len(TEXT) - 1)
    browser.keys(HOME)
    shown(browser, 0)
    browser.keys(RIGHT)
    browser.keys("/")
    browser.keys("abc" + LEFT * 2)
    shown(browser, 1)
    assert text(browser, ".search .note").startswith(f"{TEXT.count(b'abc')} places")
    browser.keys(ESCAPE)
    browser.keys("nn")
    shown(browser, [found.start() for found in re.finditer(b"abc", TEXT)][1])
    assert browser.run("document.querySelectorAll('.cell.hit').length") == 3 * TEXT.count(b"abc")
    browser.keys("?")
    assert browser.run("document.getElementById('help').open")
    browser.keys(ESCAPE)


def test_the_search_finds_neurons_positions_and_symbols_by_name(opened):
    browser = opened()
    field = browser.driver.find_element("id", "search")
    after = TEXT.index(b"\0", 18)
    for query, expected in {"h8": "#t=0&h=8", "t=17": "#t=17&h=8", "0x00": f"#t={after}&h=8"}.items():
        browser.run("void (arguments[0].value = '')", field)
        field.send_keys(query, ENTER)
        browser.wait(f"location.hash === '{expected}'")
    browser.run("void (arguments[0].value = '')", field)
    field.send_keys("h9")  # the last neuron is h8
    assert text(browser, ".search .note") == "Not in this text."


def test_the_switch_shows_another_measure(opened, net, symbols):
    browser = opened("#t=30")
    flips = int(boolrnn.run(net, symbols).to_json()["flips"][29])  # t = 1 is the first that flips
    click(browser, "[name=measure][value=flips_automaton]")
    assert text(browser, ".readout").endswith(f"flips, automaton: {flips} flips")
    tall = browser.run(
        "[0, 30].map((t) => document.querySelector(`[data-t='${t}'] .bar`).style.getPropertyValue('--tall'))"
    )
    assert tall[0] == ""  # no flips are defined at t = 0
    assert 0 < float(tall[1]) <= 1


def test_any_bytes_are_shown_and_harm_nothing(opened):
    browser = opened()
    cells = browser.run(
        "[...document.querySelectorAll('.cell b')].slice(0, 48).map((one) => one.textContent)"
    )
    signs = {32: "␣", 10: "↵", 9: "⇥"}
    assert cells == [signs.get(v, chr(v) if 32 < v < 127 else f"{v:02x}") for v in TEXT[:48]]
    click(browser, "[data-t='1']")
    shown(browser, 1)
    assert text(browser, "#position h3") == "t = 1, after 0x00"


def test_both_themes_and_a_phone_are_readable(opened):
    browser = opened("#t=12&h=1", width=400, height=800)
    assert browser.run("document.documentElement.scrollWidth") == 400
    for dark in (False, True):
        browser.theme(dark)
        assert browser.run(CONTRAST) == []


def test_panels_do_not_take_each_others_names():
    files = re.findall(r"scripts\((.*?)\)", (TEMPLATES / "report.html.j2").read_text())[0]
    found = []
    for file in re.findall(r'"(\w+)"', files):
        source = (TEMPLATES / "explorer" / f"{file}.js").read_text()
        found += re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", source, re.MULTILINE)
    assert len(found) > 50
    assert sorted(found) == sorted(set(found))


@pytest.mark.slow  # a page each
@pytest.mark.parametrize(
    ("net", "symbols", "told"),
    [
        (random_net(1, 1, 1), [0], "nothing is predicted"),
        (random_net(1, 1, 2), [0, 1, 1, 0], "true is 0x01"),
        (random_net(1, 20, 2, 3), [0, 1, 1, 0], "3 outputs for 2 symbols"),
        (random_net(1, 1000, 1000, scale=0.1), [0, 999, 31, 2], "true is 0x3e7"),
    ],
)
def test_nets_of_any_size_have_a_page(browser, tmp_path, net, symbols, told):
    page = explorer_page(tmp_path / "net.html", net, symbols)
    browser.open(page)
    shown(browser, 0)
    assert told in text(browser, "#position")
    assert len(filled(browser)) == net.hidden
    assert browser.is_clean(page)


@pytest.mark.slow
def test_a_text_without_symbols_says_so(browser, tmp_path):
    net = random_net(1, 4, 2)
    data, blocks = empty_session(net)
    data |= {"neurons": None, "graph": None}  # as where their questions have no answer
    write_page(tmp_path / "net.html", render("report.html.j2", **page_values(data, blocks, net, [])))
    browser.open(tmp_path / "net.html")
    assert text(browser, "#strip") == "There is no text."
    assert "no position" in text(browser, "#position")
    assert "no answer" in text(browser, "#neuron")
    assert "no answer" in text(browser, "#graph")
    browser.keys(RIGHT)
    assert browser.is_clean(tmp_path / "net.html")


@pytest.mark.slow
def test_of_a_long_text_only_what_is_in_sight_is_drawn(browser, tmp_path):
    net = random_net(2, 8, 4)
    symbols = np.random.default_rng(0).integers(0, 4, 12_000)
    page = explorer_page(tmp_path / "net.html", net, symbols, positions=[0, 11_998])
    browser.open(page, "#t=11998")
    shown(browser, 11_998)
    assert browser.run("document.querySelector('.cell.here').dataset.t") == "11998"
    assert browser.run("document.querySelectorAll('.cell').length") < 3000
    states = boolrnn.run(net, symbols).states
    show_automaton(browser)
    assert filled(browser) == states[11_998].tolist()
    assert browser.is_clean(page)
