// The text as a strip of cells, a bar in each for the chosen measure. Only the rows in sight are drawn.

const CELL = { least: 15, most: 24, height: 36, digit: 7 }; // pixels: a cell's width, a row, a label's digit

function stripPanel() {
  const root = document.getElementById("strip");
  if (data.text.length === 0) {
    root.append(el("p", { class: "note" }, "There is no text."));
    return;
  }
  const measures = readyMeasures();
  const strip = { measures, shown: measures[0] ?? null, perRow: 16, rows: new Map(), first: 0, stop: 0 };
  strip.split = firstDivergence() ?? { t: -1 };
  strip.scroller = el("div", {
    class: "rows", role: "grid", tabindex: "0", "aria-label": "the text, symbol by symbol",
  });
  strip.space = el("div", { class: "space", role: "presentation" });
  strip.scroller.append(strip.space);
  strip.legend = el("div", { class: "legend" });
  strip.readout = el("p", { class: "readout", "aria-live": "polite" });
  strip.overview = textOverview(() => strip.shown, () => [strip.first, strip.stop]);
  const { overview, scroller, legend, readout } = strip;
  root.append(measureSwitch(strip), overview.root, scroller, legend, readout, jumps());
  strip.scroller.addEventListener("scroll", () => drawSoon(strip), { passive: true });
  strip.scroller.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-t]");
    if (cell) app.select(Number(cell.dataset.t));
    letGo(event);
  });
  giveTips(strip.scroller, "[data-t]", (cell) => positionLines(strip, Number(cell.dataset.t)));
  giveTips(strip.overview.root, "[role=slider]", () => positionLines(strip, app.t));
  new ResizeObserver(() => layStrip(strip)).observe(strip.scroller);
  layStrip(strip);
  showMeasure(strip, strip.shown);
  app.watch(() => followPosition(strip));
}

/** One choice of all measures, grouped by what they say. */
function measureSwitch(strip) {
  const title = el("legend", { class: "visually-hidden" }, "what the strip shows");
  const box = el("fieldset", { class: "measures" }, title);
  for (const group of new Set(strip.measures.map((one) => one.group))) {
    const part = el("span", { class: "choices" }, el("span", { class: "note" }, group));
    for (const one of strip.measures.filter((other) => other.group === group)) {
      const input = el("input", {
        type: "radio", name: "measure", value: one.name, "aria-label": `${group}, ${one.label}`,
        onchange: () => showMeasure(strip, one), onclick: letGo,
      });
      input.checked = one === strip.shown;
      part.append(el("label", { class: `choice ${one.label}` }, input, el("span", {}, one.label)));
    }
    box.append(part);
  }
  return box;
}

function showMeasure(strip, one) {
  strip.shown = one;
  if (one) strip.legend.replaceChildren(...legendOf(one));
  dropRows(strip);
  strip.overview.draw();
  drawRows(strip);
  sayPosition(strip);
}

/** Colours and heights with the numbers at which each begins, and what the number is. */
function legendOf(one) {
  const steps = Array.from({ length: one.edges.length + 1 }, (_, level) => {
    const from = edgeText(one, level === 0 ? 0 : one.edges[level - 1]); // none is below 0
    const words = el("span", { class: "number" }, from);
    return el("span", { class: "step" }, barOf(level, one.edges), words);
  });
  const many = data.text.length > 300;
  const thin = many ? " Where the overview has less room than positions, it shows means." : "";
  return [el("div", { class: "scale" }, ...steps), el("p", { class: "note" }, `${one.means}${thin}`)];
}

function barOf(level, edges) {
  if (level === UNDEFINED) return el("i", { class: "bar none" });
  const bar = el("i", { class: `bar tone-${toneOf(level, edges)}` });
  bar.style.setProperty("--tall", heightOf(level, edges).toFixed(3));
  return bar;
}

/** Fit as many cells into a row as its width allows, in eights, and reserve the height of all rows. */
function layStrip(strip) {
  const digits = String(data.text.length - 1).length;
  const label = Math.max(3, digits) * CELL.digit + 10;
  const width = strip.scroller.clientWidth - label - 2;
  const room = Math.floor(width / CELL.least);
  const perRow = Math.max(4, room >= 16 ? room - (room % 8) : room - (room % 4));
  if (perRow !== strip.perRow) {
    strip.perRow = perRow;
    strip.at = null; // rows are others now
    dropRows(strip);
  }
  const count = Math.ceil(data.text.length / perRow);
  const style = strip.scroller.style;
  style.setProperty("--label", `${label}px`);
  style.setProperty("--cell", `${Math.max(10, Math.min(CELL.most, Math.floor(width / perRow)))}px`);
  style.setProperty("--content", `${count * CELL.height + 3}px`);
  strip.space.style.height = `${count * CELL.height}px`;
  strip.scroller.setAttribute("aria-rowcount", String(count));
  strip.scroller.setAttribute("aria-colcount", String(perRow));
  followPosition(strip);
}

function dropRows(strip) {
  for (const row of strip.rows.values()) row.remove();
  strip.rows.clear();
}

/** Where the position is a new one, bring it into sight; mark it, and say its numbers. */
function followPosition(strip) {
  if (strip.at !== app.t) {
    strip.at = app.t;
    bringIntoSight(strip);
  }
  drawRows(strip);
  sayPosition(strip);
}

function bringIntoSight({ scroller, perRow }) {
  const top = Math.floor(app.t / perRow) * CELL.height;
  const { scrollTop, clientHeight } = scroller;
  if (top < scrollTop || top + CELL.height > scrollTop + clientHeight) {
    scroller.scrollTop = Math.max(0, top - Math.floor(clientHeight / 3));
  }
}

function sayPosition(strip) {
  const one = strip.shown;
  const said = one ? `${one.group}, ${one.label}: ${measureText(one, app.t)}` : "";
  strip.readout.textContent = `t = ${number(app.t)}, ${named(array("symbols")[app.t])} · ${said}`;
  const slider = strip.overview.root;
  slider.setAttribute("aria-valuenow", String(app.t));
  slider.setAttribute("aria-valuetext", strip.readout.textContent);
}

/** All that the strip knows of a position. */
function positionLines(strip, t) {
  const symbol = array("symbols")[t];
  const rows = strip.measures.map((one) => [`${one.group}, ${one.label}`, measureText(one, t)]);
  return [`t = ${number(t)}, ${named(symbol)}`, ...rows];
}

/** Draw once before the next frame, however often the strip is scrolled until then. */
function drawSoon(strip) {
  strip.frame ??= requestAnimationFrame(() => {
    strip.frame = undefined;
    drawRows(strip);
  });
}

/** Draw the rows in sight and a few around them; drop the others. */
function drawRows(strip) {
  const { scrollTop, clientHeight } = strip.scroller;
  const count = Math.ceil(data.text.length / strip.perRow);
  const low = Math.max(0, Math.floor(scrollTop / CELL.height) - 3);
  const high = Math.min(count, Math.ceil((scrollTop + clientHeight) / CELL.height) + 3);
  for (const [k, row] of strip.rows) {
    if (k < low || k >= high) {
      row.remove();
      strip.rows.delete(k);
    }
  }
  for (let k = low; k < high; k += 1) {
    if (!strip.rows.has(k)) {
      const row = rowOf(strip, k);
      strip.rows.set(k, row);
      strip.space.append(row);
    }
  }
  strip.first = Math.ceil(scrollTop / CELL.height) * strip.perRow;
  strip.stop = Math.min(data.text.length, Math.ceil((scrollTop + clientHeight) / CELL.height) * strip.perRow);
  markCells(strip);
  strip.overview.mark();
}

function rowOf(strip, k) {
  const first = k * strip.perRow;
  const stop = Math.min(data.text.length, first + strip.perRow);
  const row = el("div", { class: "row", role: "row", "aria-rowindex": String(k + 1) });
  row.style.top = `${k * CELL.height}px`;
  row.append(el("span", { class: "label number", role: "rowheader" }, String(first)));
  for (let t = first; t < stop; t += 1) row.append(cellOf(strip.shown, t));
  return row;
}

function cellOf(one, t) {
  const text = glyph(array("symbols")[t]);
  const level = one && t < one.levels.length ? one.levels[t] : UNDEFINED;
  const kind = ["cell", "cell", "cell wide"][text.length] ?? "cell wider";
  return el(
    "span", { class: kind, role: "gridcell", "data-t": String(t) },
    el("b", {}, text), one ? barOf(level, one.edges) : null,
  );
}

/** Mark the position, the first divergence and what the search found among the cells drawn. */
function markCells(strip) {
  const hit = hitTest();
  for (const row of strip.rows.values()) {
    for (const cell of row.querySelectorAll("[data-t]")) {
      const t = Number(cell.dataset.t);
      cell.classList.toggle("here", t === app.t);
      cell.classList.toggle("split", t === strip.split.t);
      cell.classList.toggle("hit", hit(t));
      if (t === app.t) cell.setAttribute("aria-selected", "true");
      else cell.removeAttribute("aria-selected");
    }
  }
}

/** A test whether position t lies within what the search found. */
function hitTest() {
  const { starts, length } = app.hits;
  if (starts.length === 0) return () => false;
  return (t) => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= t) low = middle + 1;
      else high = middle;
    }
    return low > 0 && t < starts[low - 1] + length;
  };
}

/** Ways to the places that matter. */
function jumps() {
  const box = el("p", { class: "jumps note" });
  const split = firstDivergence();
  if (split) {
    const go = () => app.go(split.t, split.neuron);
    const words = `▼ first divergence: t = ${split.t}, h${split.neuron}`;
    box.append(el("button", { type: "button", onclick: go }, words));
  } else {
    box.append("The automaton's signs equal the network's at every position of this text.");
  }
  return box;
}
