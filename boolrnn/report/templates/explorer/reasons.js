// What a position predicts and why: guesses side by side, neurons that decide, chains back, fewest flips.

const WHO = ["network", "automaton"];

/** Everything beneath the grid, for the position that the panel shows. */
function drawReasons(panel) {
  if (panel.t === undefined) return;
  const { t, record } = panel;
  const width = panel.root.clientWidth;
  panel.width = width;
  const parts = [];
  if (!data.model.predicts) parts.push(noPrediction());
  else if (t === data.text.length - 1) parts.push(remark("The text ends here: nothing is predicted."));
  else {
    parts.push(guessesOf(t, record));
    if (record?.justify) parts.push(decidersOf(t, record.justify, width));
    if (record?.fewest) parts.push(fewestOf(panel, record.fewest));
  }
  panel.reasons.replaceChildren(...parts.filter(Boolean));
}

function remark(words) {
  return el("p", { class: "note" }, words);
}

function noPrediction() {
  const { outputs, symbols } = data.model;
  const counts = `${counted(outputs, "output")} for ${counted(symbols, "symbol")}`;
  return remark(`${counts}: this net predicts no next symbol.`);
}

/** The most probable outputs of both; where there are no details, the first guess alone. */
function guessesOf(t, record) {
  const truth = array("symbols")[t + 1];
  const title = el("h4", {}, "predicts, ", el("span", {}, `true is ${named(truth)}`));
  const box = el("section", { class: "guesses" }, title);
  for (const whose of WHO) {
    const told = record?.predict?.[whose];
    const bits = told ? told.bits : array(`bits_${whose}`)[t];
    const top = told ? told.top : [array(`top_${whose}`)[t]];
    const list = top.map((output, k) => guessOf(output, told?.p[k] ?? null, output === truth));
    box.append(el("div", { class: `guess ${whose}` },
      el("p", { class: "who" }, el("b", {}, whose), ` ${bitsText(bits)}`), el("ol", {}, ...list)));
  }
  return box;
}

function guessOf(output, p, right) {
  const bar = el("i", { class: "p" });
  bar.style.setProperty("--p", String(p ?? 0));
  const tick = right ? ["✓", el("span", { class: "visually-hidden" }, "true")] : [];
  return el("li", { class: right ? "right" : null }, el("span", { class: "name" }, outputName(output)),
    el("span", { class: "track" }, p === null ? null : bar), el("span", { class: "number" }, chance(p)),
    el("span", { class: "tick" }, ...tick));
}

/** A probability with four digits after the point, in powers of ten where these would all be 0. */
function chance(p) {
  if (p === null) return "";
  return p > 0 && p < 0.00005 ? general(p, 2) : number(p, digitsOf(p, 4, 1));
}

/** The neurons whose negation changes the cost of the true symbol most, and the chain of one of them. */
function decidersOf(t, told, width) {
  const box = el("section", { class: "deciders" }, el("h4", {}, "neurons that decide (network)"));
  if (told.neurons.length === 0) return box;
  const shown = told.neurons.find(({ neuron }) => neuron === app.neuron) ?? told.neurons[0];
  const heaviest = Math.max(...told.neurons.map(({ delta }) => Math.abs(delta)));
  const rows = told.neurons.map((one) => deciderRow(one, one === shown, heaviest));
  const head = ["neuron", "sign", "bits if negated", "", "z"].map((name) => el("th", { scope: "col" }, name));
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
  const words = "Bits if negated: how much more the true symbol costs when this sign is turned over in the "
    + "readout alone (justify); ◆ another symbol is predicted then.";
  const shaky = " Some of these numbers move by more than 1e-4 between float32 and float64.";
  box.append(el("div", { class: "scroll" }, table), remark(told.stable ? words : words + shaky),
    el("h4", {}, `where z of h${shown.neuron} comes from`), chainOf(t, shown, width),
    remark("What each neuron of the position before adds to z: h times the weight; the heaviest listed, and "
      + "the heaviest followed back. Solid lines add, dashed lines subtract."));
  return box;
}

function deciderRow(one, shown, heaviest) {
  const bar = el("i", { class: one.delta < 0 ? "delta less" : "delta" });
  bar.style.setProperty("--p", heaviest > 0 ? String(Math.abs(one.delta) / heaviest) : "0");
  const choose = (event) => {
    app.pick(one.neuron);
    letGo(event);
  };
  const pick = el("button", { type: "button", class: "link", onclick: choose }, `h${one.neuron}`);
  return el("tr", { class: shown ? "shown" : null }, el("td", {}, pick),
    el("td", {}, el("span", { class: one.sign > 0 ? "sign on" : "sign" }), one.sign > 0 ? "+1" : "−1"),
    el("td", { class: "number" }, `${signed(one.delta, 4)}${one.decides ? " ◆" : ""}`),
    el("td", { class: "track" }, bar), el("td", { class: "number" }, signed(one.z, 3)));
}

const TREE = { node: 62, tall: 22, gap: 30, top: 20 }; // pixels

/** A tree from left to right: the neuron at t, what fed it at t - 1, and the heaviest chain further back. */
function chainOf(t, one, width) {
  const depth = Math.max(1, one.chain.length);
  const wide = Math.max(250, width);
  const column = (wide - TREE.node) / depth;
  const leaves = leavesOf(t, one);
  const tree = svgEl("svg", {
    class: "tree", width: wide, height: TREE.top + TREE.gap * leaves.length, role: "group",
    "aria-label": `sources of h${one.neuron}`,
  });
  const x = (step) => step * column;
  const y = (row) => TREE.top + TREE.gap * row;
  for (let step = 0; step <= Math.min(depth, t); step += 1) {
    tree.append(svgEl("text", { class: "when", x: x(step), y: 11 }, `t = ${t - step}`));
  }
  const further = one.chain.slice(1);
  leaves.forEach((leaf, row) => tree.append(...edgeOf([x(0), y(0)], [x(1), y(row)], leaf.contribution)));
  further.forEach((link, k) => tree.append(...edgeOf([x(k + 1), y(0)], [x(k + 2), y(0)], link.contribution)));
  tree.append(nodeOf(x(0), y(0), one.neuron, t));
  leaves.forEach((leaf, row) => tree.append(leafOf(x(1), y(row), leaf, t - 1)));
  further.forEach((link, k) => tree.append(nodeOf(x(k + 2), y(0), link.neuron, t - k - 2)));
  return el("div", { class: "scroll" }, tree);
}

/** What adds to z: neurons one position before, heaviest first, then the symbol read and the bias. */
function leavesOf(t, one) {
  const first = one.chain[0];
  const sources = one.sources.filter(({ neuron }) => neuron !== first?.neuron);
  const own = [
    { words: `reads ${named(array("symbols")[t])}`, contribution: one.input },
    { words: "bias", contribution: one.bias },
  ];
  return [...(first ? [first] : []), ...sources, ...own];
}

/** A line between two nodes with what it adds; thicker where it adds more. */
function edgeOf([x1, y1], [x2, y2], value) {
  const from = [x1 + TREE.node, y1 + TREE.tall / 2];
  const to = [x2, y2 + TREE.tall / 2];
  const bend = from[0] + Math.min(18, (to[0] - from[0]) / 2);
  const path = svgEl("path", {
    class: value < 0 ? "edge minus" : "edge",
    d: `M${from[0]} ${from[1]} L${bend} ${to[1]} L${to[0]} ${to[1]}`,
    "stroke-width": (1 + Math.min(3, 2 * Math.abs(value))).toFixed(2),
  });
  const at = { x: to[0] - 5, y: to[1] - 5, "text-anchor": "end" };
  const label = svgEl("text", { class: "adds", ...at }, signed(value, 3));
  label.append(svgEl("title", {}, `adds ${signed(value)} to z`));
  return [path, label];
}

/** A neuron at a time: its sign of the network; chosen, both are gone to. */
function nodeOf(x, y, neuron, t) {
  const go = () => app.go(t, neuron);
  const on = bit("network", t, neuron) === 1;
  const press = (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      go();
    }
  };
  return svgEl("g", {
    class: neuron === app.neuron ? "node picked" : "node", transform: `translate(${x} ${y})`, tabindex: "0",
    role: "button", onclick: go, onkeydown: press,
    "aria-label": `h${neuron} at t = ${t}: ${on ? "+1" : "−1"}`,
  },
  svgEl("rect", { width: TREE.node, height: TREE.tall, rx: 4 }),
  svgEl("rect", { class: on ? "sign on" : "sign", x: 7, y: 6.5, width: 9, height: 9, rx: 1.5 }),
  svgEl("text", { x: 22, y: 15 }, `h${neuron}`));
}

/** A neuron one position before, or words for what is none. */
function leafOf(x, y, leaf, t) {
  if (leaf.neuron !== undefined) return nodeOf(x, y, leaf.neuron, t);
  return svgEl("text", { class: "plain", x: x + 4, y: y + 15 }, leaf.words);
}

/** The fewest signs whose negation changes the prediction; pointing at them marks them in the grid. */
function fewestOf(panel, told) {
  const list = WHO.filter((whose) => told[whose]).map((whose) => fewestRow(panel, whose, told[whose]));
  const heading = el("h4", {}, "fewest flips that change the prediction");
  if (list.length < WHO.length) list.push(el("li", {}, "not computed: interrupted"));
  return el("section", { class: "fewest" }, heading, el("ul", {}, ...list), remark("Signs of the state after t turned over, read out in exact arithmetic; the "
      + "prediction is the largest output. Proved: no smaller set does it."));
}

function fewestRow(panel, whose, one) {
  const row = el("li", { class: whose }, el("b", {}, `${whose}'s signs: `));
  if (one.flips === null) {
    row.append(`whatever is flipped, ${outputName(one.before)} stays (proved)`);
    return row;
  }
  one.flips.forEach((j, k) => row.append(k ? ", " : "flip ",
    el("button", { type: "button", class: "link", onclick: () => app.pick(j) }, `h${j}`)));
  row.append(`: ${outputName(one.before)} becomes ${outputName(one.after)} (proved fewest)`);
  row.addEventListener("pointerenter", () => markBits(panel, one.flips));
  row.addEventListener("pointerleave", () => markBits(panel, []));
  row.addEventListener("focusin", () => markBits(panel, one.flips));
  row.addEventListener("focusout", () => markBits(panel, []));
  return row;
}
