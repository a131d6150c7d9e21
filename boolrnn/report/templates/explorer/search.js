// Search: a piece of the text, a symbol by its name (0x0a), a neuron (h28) or a position (t=42).

const FOUND = { listed: 12, most: 100_000 };

function searchPanel() {
  const input = document.getElementById("search");
  const list = el("ul", { class: "found", "aria-label": "what was found" });
  const said = el("p", { class: "note", "aria-live": "polite" });
  input.parentElement.append(said, list);
  const look = () => {
    const { hits, neuron, position, words } = lookFor(input.value);
    said.textContent = words;
    list.replaceChildren(...foundList(hits, neuron, position));
    app.mark(hits);
  };
  input.addEventListener("input", look);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault(); // browsers would empty the field
      input.blur();
    } else if (event.key === "Enter") {
      const first = list.querySelector("button[data-first]");
      if (first) first.click();
      else nextHit(event.shiftKey ? -1 : 1);
    }
  });
}

/** What a query names: {hits: {starts, length}, neuron, position, words}. */
function lookFor(query) {
  const found = { hits: { starts: [], length: 0 }, neuron: null, position: null, words: "" };
  if (query === "") return found;
  const [, kind, digits] = /^\s*(h|t\s*=\s*)(\d{1,9})\s*$/i.exec(query) ?? [];
  const what = kind?.charAt(0).toLowerCase();
  if (what === "h" && Number(digits) < data.model.hidden) found.neuron = Number(digits);
  if (what === "t" && Number(digits) < data.text.length) found.position = Number(digits);
  const { pattern, unknown } = patternOf(query);
  if (pattern) found.hits = { starts: occurrences(pattern), length: pattern.length };
  found.words = unknown ?? hitWords(found);
  if (unknown && (found.neuron !== null || found.position !== null)) found.words = "";
  return found;
}

/** The symbols that a query stands for: {pattern}; {unknown: words} where it holds one that is none. */
function patternOf(query) {
  const byName = data.names.indexOf(query.trim().replace(/^0x[0-9a-f]+$/i, (hex) => hex.toLowerCase()));
  if (byName >= 0) return { pattern: [byName] };
  const plain = query.replace(/[␣↵⇥]/g, (sign) => ({ "␣": " ", "↵": "\n", "⇥": "\t" })[sign]); // as cells show them
  const values = [...new TextEncoder().encode(plain)];
  const pattern = values.map((value) => data.bytes.indexOf(value));
  const missing = pattern.indexOf(-1);
  if (missing < 0) return { pattern };
  const hex = `0x${values[missing].toString(16).padStart(2, "0")}`;
  return { unknown: `Byte ${hex} is none of this net's ${counted(data.model.symbols, "symbol")}.` };
}

/** First positions of all occurrences, ascending; they may overlap. */
function occurrences(pattern) {
  const symbols = array("symbols");
  const starts = [];
  let t = symbols.indexOf(pattern[0]);
  while (t >= 0 && starts.length < FOUND.most) {
    if (pattern.every((symbol, k) => symbols[t + k] === symbol)) starts.push(t);
    t = symbols.indexOf(pattern[0], t + 1);
  }
  return starts;
}

function hitWords({ hits, neuron, position }) {
  const count = hits.starts.length;
  if (count === FOUND.most) return `The first ${number(count)} places are marked; there may be more.`;
  if (count > 0) return `${counted(count, "place")} in the text; n goes to the next.`;
  return neuron === null && position === null ? "Not in this text." : "";
}

/** Buttons: the neuron or the position that the query names, then the first places found. */
function foundList(hits, neuron, position) {
  const entries = [];
  const entry = (words, go, first) =>
    el("li", {}, el("button", { type: "button", onclick: go, "data-first": first }, ...words));
  if (neuron !== null) entries.push(entry([`neuron h${neuron}`], () => app.pick(neuron), true));
  if (position !== null) {
    entries.push(entry([`position t = ${number(position)}`], () => app.select(position), true));
  }
  for (const t of hits.starts.slice(0, FOUND.listed)) {
    const words = [el("span", { class: "number" }, number(t)), " ", ...contextOf(t, hits.length)];
    entries.push(entry(words, () => app.select(t)));
  }
  return entries;
}

function contextOf(t, length) {
  const stop = t + length;
  const found = el("mark", {}, ...glyphs(t, Math.min(stop, t + 24)));
  return [...glyphs(t - 8, t), found, ...glyphs(stop, stop + 8)];
}

/** Go to the next place found (or the one before), around the end. */
function nextHit(step) {
  const { starts } = app.hits;
  if (starts.length === 0) return;
  const next = step > 0 ? starts.find((t) => t > app.t) : starts.findLast((t) => t < app.t);
  app.select(next ?? starts.at(step > 0 ? 0 : -1));
}
