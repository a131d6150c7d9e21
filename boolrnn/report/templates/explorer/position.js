// One position: the text around it, the state as a grid of bits; what it predicts and why is in reasons.js.

const AROUND = { before: 24, after: 12 }; // symbols shown around the position
const FULL = 3; // |z| from which on a bit is drawn in full size

function positionPanel() {
  const root = document.getElementById("position");
  if (data.text.length === 0) {
    root.append(el("p", { class: "note" }, "There is no text, so there is no position."));
    return;
  }
  const panel = { root, bits: [], z: null, turn: 0 };
  panel.heading = el("h3", { class: "heading" });
  panel.around = el("p", { class: "around" });
  panel.state = stateOf(panel);
  panel.reasons = el("div", { class: "reasons" });
  root.append(headOf(panel), panel.around, panel.state, panel.reasons);
  app.watch(() => drawPosition(panel));
  new ResizeObserver(() => {
    if (root.clientWidth !== panel.width) drawReasons(panel);
  }).observe(root);
  drawPosition(panel);
}

function headOf(panel) {
  const go = (step, words, sign) => {
    const onclick = () => app.select(app.t + step);
    return el("button", { type: "button", "aria-label": words, title: words, onclick }, sign);
  };
  return el("div", { class: "head" }, panel.heading, el("span", { class: "steps" },
    go(-1, "one position back", "‹"), go(1, "one position on", "›")));
}

/** Show the position: what is known at once first, then what has to be unpacked. */
async function drawPosition(panel) {
  panel.turn += 1;
  const { turn } = panel;
  const { t } = app;
  panel.heading.textContent = `t = ${number(t)}, after ${named(array("symbols")[t])}`;
  panel.around.replaceChildren(...aroundOf(t));
  const [record, z] = await Promise.all([detail(t), zAt(t)]);
  if (turn !== panel.turn) return; // the reader has gone on meanwhile
  Object.assign(panel, { record, z, t });
  panel.root.dataset.t = String(t);
  drawState(panel);
  drawReasons(panel);
}

/** The symbols around a position: those read, the one just read, and faint those to come. */
function aroundOf(t) {
  return [
    el("span", {}, ...glyphs(t - AROUND.before, t)),
    el("mark", {}, ...glyphs(t, t + 1)),
    el("span", { class: "later" }, ...glyphs(t + 1, t + 1 + AROUND.after)),
  ];
}

/** The grid of bits with its switch, its legend and the state in hex; filled by drawState. */
function stateOf(panel) {
  const hidden = data.model.hidden;
  panel.columns = hidden <= 256 ? 16 : 32;
  const many = hidden > 256 ? " many" : "";
  panel.grid = el("div", { class: `bits${many}`, role: "group", "aria-label": "the state" });
  panel.grid.style.setProperty("--columns", String(panel.columns));
  for (let j = 0; j < hidden; j += 1) {
    if (j % panel.columns === 0) panel.grid.append(el("span", { class: "label number" }, `h${j}`));
    const one = el("button", { type: "button", class: "bit", "data-j": String(j) }, el("i"));
    one.tabIndex = j === 0 ? 0 : -1;
    panel.bits.push(one);
    panel.grid.append(one);
  }
  panel.grid.addEventListener("click", (event) => {
    const one = event.target.closest(".bit");
    if (one) app.pick(Number(one.dataset.j));
    letGo(event);
  });
  panel.grid.addEventListener("keydown", (event) => moveInGrid(panel, event));
  giveTips(panel.grid, ".bit", (one) => bitLines(panel, Number(one.dataset.j)));
  panel.size = el("p", { class: "note" });
  panel.hex = el("code", { class: "hex" });
  const copy = el("button", { type: "button", onclick: (event) => copyState(panel, event) }, "copy");
  return el("section", { class: "state" }, whoseSwitch(panel), panel.grid, keyOf(),
    panel.size, el("p", { class: "hexline" }, panel.hex, copy));
}

/** Whose signs: the network's or the automaton's; and whether their differences are marked. */
function whoseSwitch(panel) {
  const box = el("fieldset", { class: "whose" }, el("legend", { class: "visually-hidden" }, "whose signs"));
  for (const whose of ["network", "automaton"]) {
    const onchange = () => app.show(whose);
    const input = el("input", { type: "radio", name: "whose", value: whose, onchange, onclick: letGo });
    box.append(el("label", { class: `choice ${whose}` }, input, el("span", {}, whose)));
  }
  const redraw = () => drawState(panel);
  panel.mark = el("input", { type: "checkbox", checked: true, onclick: letGo, onchange: redraw });
  panel.differ = el("span", {});
  box.append(el("label", { class: "mark-differ note" }, panel.mark, panel.differ));
  return box;
}

/** What fill, size, dot and frame mean. */
function keyOf() {
  const show = (kind, words, size = 0.6) => {
    const one = el("span", { class: `bit ${kind}`, "aria-hidden": "true" }, el("i"));
    one.style.setProperty("--size", String(size));
    return el("span", { class: "entry" }, one, words);
  };
  return el("p", { class: "key note" }, show("on", "+1"), show("", "−1"),
    show("on flipped", "flipped since t − 1"), show("on differs", "the two differ"),
    show("on picked", "chosen neuron"));
}

function drawState(panel) {
  const { t, z } = panel;
  const { whose } = app;
  for (const input of panel.root.querySelectorAll("input[name=whose]")) input.checked = input.value === whose;
  let [differ, flipped] = [0, 0];
  panel.bits.forEach((one, j) => {
    const value = bit(whose, t, j);
    const apart = bit("network", t, j) !== bit("automaton", t, j);
    const changed = t > 0 && bit(whose, t - 1, j) !== value;
    differ += apart;
    flipped += changed;
    one.className = "bit";
    one.classList.toggle("on", value === 1);
    one.classList.toggle("differs", apart && panel.mark.checked);
    one.classList.toggle("flipped", changed);
    one.classList.toggle("picked", j === app.neuron);
    one.style.setProperty("--size", sizeOf(z?.[whose][j]));
    one.setAttribute("aria-label", `h${j}: ${value ? "+1" : "−1"}`);
  });
  panel.state.dataset.whose = whose;
  panel.differ.textContent = `mark where the two differ: ${number(differ)} of ${number(data.model.hidden)}`;
  panel.size.textContent = stateWords(panel, flipped);
  panel.hex.textContent = hexOf(whose, t);
}

/** Side of a bit's square: grows with |z|; one size where z is not known. */
function sizeOf(z) {
  if (z === undefined || Number.isNaN(z)) return "0.6";
  return (0.3 + 0.5 * Math.min(1, Math.abs(z) / FULL)).toFixed(2);
}

function stateWords(panel, flipped) {
  const { t, z } = panel;
  const since = t > 0 ? `${counted(flipped, "flip")} since t = ${number(t - 1)}. ` : "";
  if (z) return `${since}The larger a square, the larger |z|, up to ${FULL}.`;
  return `${since}Signs only: this page holds no z and no reasons for t = ${number(t)}${missingWords(t)}`;
}

/** Why a position has no details, and the command for a page that holds them. */
function missingWords(t) {
  if (data.model.predicts && t === data.text.length - 1) return " (nothing is predicted after the end).";
  return `; the page of this command does: ${data.command.replace("A:B", `${t}:${t + 1}`)}`;
}

/** A state as `boolrnn run` prints it: bit j of the number is neuron j. */
function hexOf(whose, t) {
  const width = Math.ceil(data.model.hidden / 8);
  const rows = array(whose === "network" ? "signs" : "states").slice(t * width, (t + 1) * width);
  const digits = Array.from(rows.reverse(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `0x${digits.slice(-Math.ceil(data.model.hidden / 4))}`;
}

/** What is known of one bit: both signs with their z, and whether it flipped. */
function bitLines(panel, j) {
  const { t, z } = panel;
  const line = (whose) => {
    const sum = z ? `, z = ${signed(z[whose][j])}` : "";
    const flipped = t > 0 && bit(whose, t - 1, j) !== bit(whose, t, j) ? ", flipped" : "";
    return [whose, `${bit(whose, t, j) ? "+1" : "−1"}${sum}${flipped}`];
  };
  return [`h${j} at t = ${number(t)}`, line("network"), line("automaton")];
}

/** Inside the grid the arrow keys move from bit to bit. */
function moveInGrid(panel, event) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -panel.columns, ArrowDown: panel.columns }[event.key];
  const from = panel.bits.indexOf(document.activeElement);
  if (!step || from < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const next = panel.bits[from + step];
  if (!next) return;
  panel.bits[from].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/** Put the state on the clipboard; where that is not allowed, select it. */
async function copyState(panel, event) {
  const button = event.currentTarget;
  try {
    await navigator.clipboard.writeText(panel.hex.textContent);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  } catch {
    getSelection().selectAllChildren(panel.hex);
  }
}

/** Mark neurons in the grid while something that names them is pointed at. */
function markBits(panel, neurons) {
  panel.bits.forEach((one, j) => one.classList.toggle("marked", neurons.includes(j)));
}
