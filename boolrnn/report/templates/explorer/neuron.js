// The neuron panel (#neuron): one neuron's figures, where on the text it is +1, and what it is wired to.

const NEURON_COLUMNS = 1024; // of the row that shows the whole text, at most
const NEURON_AROUND = 12; // positions shown on either side of the current one

/** Build the panel and keep it at the neuron and the position that the reader looks at. */
async function neuronPanel() {
  const root = document.getElementById("neuron");
  const records = await json(data.neurons);
  const head = neuronHead(records.length);
  const body = el("div", { class: "neuron-body" });
  root.replaceChildren(head.node, body);
  let shown; // the neuron that the body is about; nothing yet
  let follow = () => {};
  const update = () => {
    head.update();
    if (app.neuron !== shown) {
      shown = app.neuron;
      const lost = body.contains(document.activeElement); // what had the focus is about to go
      const record = shown === null ? null : records[shown];
      follow = record ? neuronShow(body, record, records) : neuronChoose(body, records);
      if (lost) head.title.focus();
    }
    follow();
  };
  app.watch(update);
  update();
}

/** The heading with the neurons before and after. */
function neuronHead(count) {
  const title = el("h3", { tabindex: -1 });
  const button = (look, act, label) => el("button", { type: "button", ...look, onclick: act }, label);
  const before = button({ "data-step": -1 }, () => app.pick(app.neuron - 1));
  const after = button({ "data-step": 1 }, () => app.pick(app.neuron + 1));
  const none = button({ class: "none", "aria-label": "choose no neuron" }, () => app.pick(null), "×");
  const node = el("header", { class: "neuron-head" }, title, before, after, none);
  const update = () => {
    const j = app.neuron;
    title.textContent = j === null ? "Neuron" : `h${j}`;
    neuronStep(before, j === null ? -1 : j - 1, count, `← h${j - 1}`);
    neuronStep(after, j === null ? -1 : j + 1, count, `h${j + 1} →`);
    none.hidden = j === null;
  };
  return { node, title, update };
}

/** A button to a neighbour: it stays in its place at the first and the last neuron, but does nothing. */
function neuronStep(button, to, count, label) {
  button.hidden = app.neuron === null || count === 1;
  button.disabled = to < 0 || to >= count;
  button.textContent = button.disabled ? (to < 0 ? "← first" : "last →") : label;
}

/** A neuron's name that chooses it. */
function neuronLink(j) {
  const act = () => app.pick(j);
  return el("button", { type: "button", class: "link number", "data-neuron": j, onclick: act }, `h${j}`);
}

// Nothing is chosen.

/** How to choose a neuron, and the ones that matter most. */
function neuronChoose(body, records) {
  const all = records.length > 1 ? `h0 to h${number(records.length - 1)}` : "h0, the only one";
  const how =
    `None is chosen of ${all}. Click a cell of the state, a circle of the graph or any neuron's name, or ` +
    "press / and type h and its number.";
  const costs = records.filter((one) => one.knockout).sort((a, b) => a.knockout.rank - b.knockout.rank);
  const degrees = records.filter((one) => one.influence?.out_degree > 0);
  degrees.sort((a, b) => b.influence.out_degree - a.influence.out_degree || a.neuron - b.neuron);
  const lists = [];
  if (costs.length) {
    const words = "Largest knockout cost, in bits per character";
    lists.push(neuronRanking(costs, (one) => one.knockout.delta, signed, words));
  } else if (degrees.length) {
    const words = "Largest influence: bits of the next state that its flip changes, mean";
    lists.push(neuronRanking(degrees, (one) => one.influence.out_degree, number, words));
  }
  body.replaceChildren(el("p", { class: "note" }, how), ...lists);
  return () => {};
}

/** The first neurons of an order as bars, with what the order is by. */
function neuronRanking(ordered, value, show, words) {
  const rows = ordered.slice(0, 12).map((one) => [neuronLink(one.neuron), value(one), show(value(one), 4)]);
  return neuronBars("neuron-ranking", words, rows);
}

// One neuron.

/** Everything about one neuron; returns what must run when the position moves. */
function neuronShow(body, record, records) {
  const text = neuronText(record);
  const drives = record.drives.map(({ symbol, drive }) => [
    el("code", {}, named(symbol)),
    drive,
    general(drive, 4),
  ]);
  body.replaceChildren(
    ...text.nodes,
    neuronFacts(record, records.length),
    neuronLetters(record),
    neuronWires("neuron-inputs", "Heaviest inputs of its rule", record.inputs),
    neuronWires("neuron-outputs", "Heaviest outputs: the rules it enters", record.outputs),
    neuronBars("neuron-drives", "Heaviest drives, of symbols of the text", drives),
    neuronDefinitions(),
  );
  return text.follow;
}

/** The figures, each with its name; what has no value is left out, and a name without any. */
function neuronFacts(record, count) {
  const { knockout, influence, backbone, margin, role } = record;
  const rows = [
    ["+1 at", [percent, record.on, ` of ${data.windows?.roles ?? "positions"}`]],
    ["flips", [number, record.flips, ""], [percent, record.rate, " of steps"], ["", record.class]],
    ["dwell", [number, record.mean_dwell, " mean", 2], [neuronGeneral, record.median_dwell, " median"],
      [number, record.longest, " longest"]],
    ["co-flip group", ["", neuronGroup(record.group)]],
    ["knockout", [signed, knockout?.delta, " bpc", 4], [percent, knockout?.of_bias_gap, " of the gap", 2],
      ["", knockout && `rank ${number(knockout.rank)} of ${number(count)}`]],
    ["agreement", [percent, record.one_step, " one step", 2], [percent, record.free_run, " free run", 2]],
    ["margin", [number, margin?.mean, " mean", 4], [neuronGeneral, margin?.min, " least", 3]],
    ["influence", [number, influence?.out_degree, " out", 4], [number, influence?.in_degree, " in", 4],
      [number, influence?.self, " self", 4]],
    ["backbone", [percent, backbone?.share, " of traffic", 2], ["", backbone?.role]],
    ["role", ["", role?.words ?? role?.feature], [percent, role?.accuracy, " right"],
      [percent, role?.base, " without it"]],
  ];
  const shown = rows.map(([name, ...parts]) => [name, parts.filter(([, value]) => neuronHas(value))]);
  return el(
    "dl",
    { class: "neuron-facts" },
    shown.filter(([, parts]) => parts.length).map(([name, parts]) => neuronFact(name, parts)),
  );
}

/** A name and its values [format, value, unit, digits], the first in full, the others small. */
function neuronFact(name, parts) {
  const values = parts.map(([format, value, unit, digits], k) =>
    el("span", { class: k ? "more" : null }, format ? format(value, digits) : value, unit),
  );
  const spaced = values.flatMap((one) => [one, " "]);
  return el("div", { "data-fact": name }, el("dt", {}, name), el("dd", { class: "number" }, spaced));
}

function neuronHas(value) {
  return value !== null && value !== undefined;
}

function neuronGeneral(value, digits = 6) {
  return general(value, digits);
}

/** The co-flip group as a button that opens it in the graph. */
function neuronGroup(group) {
  if (!neuronHas(group)) return "none";
  const look = { type: "button", class: "link", title: "open it in the graph" };
  return el("button", { ...look, onclick: () => graphReveal(group) }, `group ${group}`);
}

/** Outputs that the readout's column raises and lowers most. */
function neuronLetters({ promotes, demotes }) {
  if (!promotes || !demotes) return el("span", { hidden: true });
  const list = (name, outputs) => {
    const cells = outputs.map((o) => el("code", { title: outputName(o) }, neuronGlyph(o)));
    const shown = cells.length ? cells : "–";
    return el("div", { "data-letters": name }, el("dt", {}, name), el("dd", {}, shown));
  };
  return el("dl", { class: "neuron-letters" }, list("promotes", promotes), list("demotes", demotes));
}

/** An output in a cell: as in the text where the net predicts symbols. */
function neuronGlyph(output) {
  return data.model.predicts ? glyph(output) : outputName(output);
}

/** Weights to or from neurons, with the rate at which the flip of one changes the other. */
function neuronWires(name, title, wires) {
  const rows = wires.map(({ neuron, weight, rate }) => [
    neuronLink(neuron),
    weight,
    general(weight, 4),
    neuronHas(rate) ? `rate ${number(rate, 4)}` : "",
  ]);
  return neuronBars(name, title, rows);
}

/** Rows of a name, a bar from the middle (left: negative), the value, and perhaps a second one. */
function neuronBars(name, title, rows) {
  const largest = Math.max(...rows.map(([, value]) => Math.abs(value)), 0) || 1;
  const less = rows.some(([, value]) => value < 0);
  const items = rows.map(([label, value, shown, rate]) => [
    label,
    neuronBar(value / largest, less),
    el("span", { class: "number value" }, shown),
    neuronHas(rate) ? el("span", { class: "number note" }, rate) : null,
  ]);
  const rated = rows.some(([, , , rate]) => neuronHas(rate));
  const look = rated ? "neuron-bars rated" : "neuron-bars";
  const list = rows.length
    ? el("ol", { class: look }, items.map((one) => el("li", {}, one)))
    : el("p", { class: "note" }, "none");
  return el("section", { id: name }, el("h4", {}, title), list);
}

/** A bar of a share of the longest, -1..1; where nothing is negative it starts at the left. */
function neuronBar(share, less) {
  const width = Math.abs(share) * (less ? 50 : 100);
  const left = less ? (share < 0 ? 50 - width : 50) : 0;
  const bar = el("i", { class: share < 0 ? "minus" : "plus" });
  bar.style.left = `${left}%`; // through the object model: the page's policy allows it
  bar.style.width = `${width}%`;
  return el("span", { class: less ? "weight signed" : "weight", "aria-hidden": "true" }, bar);
}

/** The windows of the verbs, those with the same one together. */
function neuronWindows() {
  const verbs = ["dwell", "agreement", "margins", "roles", "coflips", "influence", "knockout", "backbone"];
  const found = new Map();
  for (const verb of verbs) {
    const window = data.windows?.[verb];
    if (window) found.set(window, [...(found.get(window) ?? []), verb === "roles" ? "+1 at and role" : verb]);
  }
  return [...found].map(([window, names]) => `${window}: ${names.join(", ")}`).join("; ") || data.window;
}

/** What the numbers are, beneath them. */
function neuronDefinitions() {
  const lines = [
    `Windows: ${neuronWindows()}. Flips, dwells and the share at +1 are those of the network's signs; ` +
      "the rows above are about the whole text, the automaton's is its own run.",
    "Flip: its sign differs from the one a position before. Dwell: steps between two consecutive " +
      "flips.",
    "Knockout: bits per character without its column of the readout, less those of the whole net; the " +
      "gap is from the output biases alone to the whole net. Promotes, demotes: the largest and the " +
      "smallest entries of that column.",
    "Agreement: share of positions at which the automaton's sign is the network's, one step from the " +
      "network's signs, and running free. Margin: |z| of the network.",
    "Influence: flip one bit of a state. Out: bits of the next state that change, mean; in: inputs " +
      "that alone decide this bit, mean; self: how often its flip changes itself. Rate of an input or " +
      "output: share of positions at which the one's flip changes the other.",
    "Backbone: its share of what is traced back to neurons of earlier steps. Role: the feature of the " +
      "text that its sign tells most about, chosen on the first half; right: share of its signs in the " +
      "second half that the feature predicts; without it: share of the commoner sign there.",
    "Bars: solid is positive, outlined negative. Drive: bias and input weight of a symbol.",
  ];
  const list = el("ul", { class: "note" }, lines.map((line) => el("li", {}, line)));
  const summary = el("summary", { class: "note" }, "What these numbers are");
  return el("details", { class: "neuron-definitions" }, summary, list);
}

// Where on the text it is +1.

/** The whole text as a row for the network and one for the automaton, and what is around the position. */
function neuronText({ neuron }) {
  const length = data.text.length;
  if (!length) return { nodes: [el("p", { class: "note" }, "The text is empty.")], follow: () => {} };
  const rows = ["network", "automaton"].map((whose) => neuronRow(whose, neuron));
  const mark = el("i", { class: "mark" });
  const tracks = el("div", { class: "tracks" }, rows.map((row) => row.track), mark);
  const labels = rows.map((row) => row.label);
  const around = el("div", { class: "neuron-around", "aria-hidden": "true" });
  const buttons = neuronFlipButtons(neuron);
  neuronPointer(tracks, length);
  const whole = el("div", { class: "neuron-text" }, el("div", { class: "labels" }, labels), tracks);
  const note = el("p", { class: "note" }, neuronScale(length));
  const follow = () => {
    mark.style.left = `${(100 * (app.t + 0.5)) / length}%`;
    around.replaceChildren(...neuronCells(neuron, length));
    buttons.update();
  };
  return { nodes: [whole, note, around, buttons.node], follow };
}

/** What a column of the row stands for. */
function neuronScale(length) {
  const each = Math.ceil(length / NEURON_COLUMNS);
  if (each === 1) return "The whole text: filled where it is +1. Click to go there.";
  return `The text, ${number(each)} positions a column, as high as their share at +1; click to go there.`;
}

/** One row: bars as high as the share of a column's positions at +1, and the share over the window. */
function neuronRow(whose, neuron) {
  const length = data.text.length;
  const each = Math.ceil(length / NEURON_COLUMNS);
  const columns = Math.ceil(length / each);
  let path = "";
  let on = 0; // before the last position, which the window of every statistic leaves out
  for (let column = 0; column < columns; column += 1) {
    const end = Math.min((column + 1) * each, length);
    let count = 0;
    for (let t = column * each; t < end; t += 1) count += bit(whose, t, neuron);
    on += count;
    const width = (end - column * each) / each;
    if (count) path += `M${column} 1v${-count / (end - column * each)}h${width}V1z`;
  }
  on -= bit(whose, length - 1, neuron);
  const share = length > 1 ? percent(on / (length - 1)) : "–";
  const shape = { viewBox: `0 0 ${length / each} 1`, preserveAspectRatio: "none", class: whose };
  const words = { role: "img", "aria-label": `h${neuron}, ${whose}: +1 at ${share} of positions` };
  const value = el("span", { class: "number", "data-on": whose }, share);
  return {
    track: svgEl("svg", { ...shape, ...words }, svgEl("path", { d: path || "M0 1" })),
    label: el("span", {}, el("span", { class: whose }, whose), value),
  };
}

/** Click or drag along the row: go to that position. */
function neuronPointer(tracks, length) {
  const go = (event) => {
    const box = tracks.getBoundingClientRect();
    app.select(Math.floor(((event.clientX - box.left) / box.width) * length));
  };
  tracks.addEventListener("click", go);
  tracks.addEventListener("pointermove", (event) => {
    if (event.buttons === 1 && event.pointerType === "mouse") go(event);
  });
}

/** The positions around the current one: symbol, network's sign, automaton's sign. */
function neuronCells(neuron, length) {
  const cells = [];
  for (let t = app.t - NEURON_AROUND; t <= app.t + NEURON_AROUND; t += 1) {
    cells.push(t < 0 || t >= length ? el("span", { class: "outside" }) : neuronCell(neuron, t));
  }
  return cells;
}

function neuronCell(neuron, t) {
  const symbol = array("symbols")[t];
  const signs = ["network", "automaton"].map((whose) =>
    el("i", { class: `${whose} ${bit(whose, t, neuron) ? "on" : "off"}` }),
  );
  const place = { "data-t": t, class: t === app.t ? "current" : null, title: `t = ${t}, ${named(symbol)}` };
  return el("span", { ...place, onclick: () => app.select(t) }, glyph(symbol), signs);
}

/** Its sign here, and buttons to the flips before and after. */
function neuronFlipButtons(neuron) {
  const here = el("span", { class: "number", id: "neuron-here" });
  const go = (event) => app.select(Number(event.target.dataset.t));
  const button = (label) => el("button", { type: "button", onclick: go }, label);
  const buttons = [button("← flip"), button("flip →")];
  const update = () => {
    const sign = (whose) => (bit(whose, app.t, neuron) ? "+1" : "−1");
    here.textContent = `t = ${number(app.t)}: network ${sign("network")}, automaton ${sign("automaton")}`;
    [-1, 1].forEach((step, k) => {
      const t = neuronFlip(neuron, step);
      buttons[k].disabled = t === null;
      buttons[k].dataset.t = t ?? "";
      buttons[k].title = t === null ? `no flip of the ${app.whose}'s` : `t = ${t}, in the ${app.whose}`;
    });
  };
  return { node: el("div", { class: "neuron-flips" }, here, buttons), update };
}

/** The nearest position before or after the current one at which it flips, null where there is none. */
function neuronFlip(neuron, step) {
  for (let t = app.t + step; t > 0 && t < data.text.length; t += step) {
    if (bit(app.whose, t, neuron) !== bit(app.whose, t - 1, neuron)) return t;
  }
  return null;
}
