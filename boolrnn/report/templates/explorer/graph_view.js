// The graph's look at a position, what is singled out in it, and its controls. Drawn by graph.js.

// Signs at the position, and what is looked at.

/** Fill neurons that are +1 at the position, and closed groups to the share of their members that are. */
function graphSigns(state) {
  const { svg, graph, ends } = state;
  const some = data.text.length > 0;
  svg.dataset.whose = app.whose;
  for (const node of svg.querySelectorAll(".node")) {
    const on = some && bit(app.whose, app.t, Number(node.dataset.key.slice(1))) === 1;
    node.classList.toggle("on", on);
  }
  for (const { group, members } of graph.groups) {
    const path = svg.querySelector(`.super[data-key="g${group}"] .level`);
    const share = some ? members.filter((j) => bit(app.whose, app.t, j)).length / members.length : 0;
    path?.setAttribute("d", graphLevel(ends.get(`g${group}`), share));
  }
  state.caption.textContent = some
    ? `At t = ${number(app.t)}, the ${app.whose}'s signs: filled is +1, hollow −1; ` +
      "a closed group is filled to the share of its neurons at +1."
    : "The text is empty: there are no signs to show.";
  graphTell(state);
}

/** The part of a disc below a level. */
function graphLevel({ x, y, radius }, share) {
  if (share <= 0) return "M0 0";
  const height = radius * (1 - 2 * share);
  const half = Math.sqrt(Math.max(0, radius * radius - height * height));
  const turn = `A${radius} ${radius} 0`;
  if (share >= 1) return `M${x - radius} ${y}${turn} 1 0 ${x + radius} ${y}${turn} 1 0 ${x - radius} ${y}z`;
  return `M${x - half} ${y + height}${turn} ${share > 0.5 ? 1 : 0} 0 ${x + half} ${y + height}z`;
}

/** Single out what is pointed at, else the neuron that is chosen: its edges, and their other ends. */
function graphFocus(state) {
  const { svg, hover } = state;
  const picked = app.neuron === null ? null : `n${app.neuron}`;
  const key = hover ?? picked;
  const within = key?.[0] === "g" && state.open.has(Number(key.slice(1))); // the name of an open group
  const near = new Set([key]);
  svg.classList.toggle("looking", hover !== null && !within);
  for (const edge of state.layers[1].children) {
    const { from, to } = edge.dataset;
    const mine = from === key || to === key;
    edge.classList.toggle("mine", mine);
    if (mine) near.add(from).add(to);
  }
  for (const node of svg.querySelectorAll("[data-key]")) {
    node.classList.toggle("near", near.has(node.dataset.key));
    node.classList.toggle("picked", node.dataset.key === picked);
    if (node.dataset.key === picked) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  }
  graphLabels(state, [...near].filter((one) => one?.[0] === "n"), picked);
  graphTell(state);
}

/** Names above what is singled out and the other ends of its edges, where circles hold none; a dozen. */
function graphLabels(state, keys, picked) {
  const bare = (key) => state.ends.has(key) && !graphRoomy(state, state.ends.get(key).radius);
  const shown = [...new Set([picked, ...keys])].filter(bare).slice(0, 12);
  const size = 12 * state.unit;
  const labels = shown.map((key) => {
    const { x, y, radius } = state.ends.get(key);
    const text = graphText({ x, y: y - 1.3 * radius - 0.6 * size }, size, `h${key.slice(1)}`);
    text.classList.toggle("picked", key === picked);
    return text;
  });
  state.layers[3].replaceChildren(...labels);
}

/** A few lines about what is singled out: its sign, its share, its edges. */
function graphTell(state) {
  const key = state.hover ?? (app.neuron === null ? null : `n${app.neuron}`);
  if (key === null) {
    const words = "Point at a circle, or go to one by Tab: what is known of it stands here.";
    state.info.replaceChildren(el("span", { class: "note" }, words));
    return;
  }
  const facts = el("span", {}, graphFacts(state, key).join(" · "));
  const lines = [graphWires(state, key, "to"), graphWires(state, key, "from")].filter(Boolean);
  state.info.replaceChildren(el("strong", {}, graphName(key)), facts, ...lines);
}

function graphName(key) {
  return key[0] === "n" ? `h${key.slice(1)}` : `group ${key.slice(1)}`;
}

/** What is known of a neuron or a group here. */
function graphFacts(state, key) {
  const at = Number(key.slice(1));
  const { nodes, groups } = state.graph;
  const facts = key[0] === "n" ? graphNeuronFacts(nodes[at]) : graphGroupFacts(groups[at]);
  return facts.filter(Boolean);
}

function graphNeuronFacts({ neuron, group, share }) {
  const on = data.text.length ? bit(app.whose, app.t, neuron) : null;
  const sign = on === null ? null : `${on ? "+1" : "−1"} at t = ${number(app.t)}`;
  const home = group === null ? "in no co-flip group" : `group ${group}`;
  return [sign, home, share === null ? null : `${percent(share, 2)} of the backbone's traffic`];
}

function graphGroupFacts({ size, rate, members }) {
  const on = data.text.length ? members.filter((j) => bit(app.whose, app.t, j)).length : null;
  const signs = on === null ? null : `${number(on)} at +1 at t = ${number(app.t)}`;
  const flips = rate === null ? null : `${percent(rate)} of them flip at a step, mean`;
  return [counted(size, "neuron"), signs, flips];
}

/** Its heaviest edges that are drawn, in one direction. */
function graphWires(state, key, way) {
  const [mine, other] = way === "to" ? ["from", "to"] : ["to", "from"];
  const found = state.drawn.filter((edge) => edge[mine] === key);
  if (!found.length) return null;
  const words = (edge) => `${graphName(edge[other])} ${number(edge.rate, 4)}${graphSign(edge)}`;
  const shown = found.slice(0, 6).map(words);
  const more = found.length > 6 ? `, and ${number(found.length - 6)} more` : "";
  return el("span", { class: "number" }, `${way} ${shown.join(", ")}${more}`);
}

function graphSign(edge) {
  return edge.broad || edge.merged ? "" : edge.minus ? " (−)" : " (+)";
}

// Controls.

/** What is open, and how many edges are drawn. */
function graphControls(state) {
  const { graph } = state;
  const all = () => graph.groups.map(({ group }) => group);
  const slider = el("input", { type: "range", id: "graph-edges", min: 0, max: 100, value: 100 });
  slider.addEventListener("input", () => {
    state.most = Number(slider.value) / 100;
    graphDraw(state);
  });
  const nothing = !graph.edges.length;
  slider.disabled = nothing;
  const open = el("button", { type: "button", onclick: () => graphOpen(state, all()) }, "open all");
  const close = el("button", { type: "button", onclick: () => graphOpen(state, []) }, "close all");
  const groups = graph.groups.length ? el("span", { class: "set" }, "groups", open, close) : null;
  const label = el("label", { for: "graph-edges" }, "edges");
  const edges = el("span", { class: "set" }, label, slider, state.count);
  return el("div", { class: "graph-controls" }, groups, edges);
}

/** Buttons that zoom and move: they work without a mouse. */
function graphZoomButtons(state) {
  const button = (label, name, act) =>
    el("button", { type: "button", "aria-label": name, title: name, onclick: act }, label);
  const shift = (x, y) => () => graphMove(state, x * 0.25 * state.view.size, y * 0.25 * state.view.size);
  return el(
    "div",
    { class: "graph-zoom" },
    button("+", "zoom in", () => graphZoom(state, 1 / 1.5)),
    button("−", "zoom out", () => graphZoom(state, 1.5)),
    button("←", "move left", shift(-1, 0)),
    button("→", "move right", shift(1, 0)),
    button("↑", "move up", shift(0, -1)),
    button("↓", "move down", shift(0, 1)),
    button("all", "show all", () => graphZoom(state, Infinity)),
  );
}

/** Change the size of what is shown, around a point (else the middle). */
function graphZoom(state, factor, point) {
  const { view } = state;
  const size = Math.min(GRAPH_SIZE, Math.max(GRAPH_SIZE / GRAPH_DEPTH, view.size * factor));
  const { x, y } = point ?? { x: view.x + view.size / 2, y: view.y + view.size / 2 };
  const kept = size / view.size;
  const moved = { x: x - (x - view.x) * kept - view.x, y: y - (y - view.y) * kept - view.y };
  view.size = size;
  graphMove(state, moved.x, moved.y);
}

/** Move what is shown, within the drawing. */
function graphMove(state, x, y) {
  const { view } = state;
  const within = (at) => Math.min(GRAPH_SIZE - view.size, Math.max(0, at));
  view.x = within(view.x + x);
  view.y = within(view.y + y);
  graphLook(state);
  clearTimeout(state.timer); // labels and lines take their new size once it stands still
  state.timer = setTimeout(() => graphDraw(state), 80);
}

function graphLook({ svg, view: { x, y, size } }) {
  svg.setAttribute("viewBox", `${x} ${y} ${size} ${size}`);
}

/** Circles and names do what they are for when they are clicked, pressed, pointed at, or have the focus. */
function graphListen(state) {
  const { svg } = state;
  const keyOf = (event) => event.target.closest("[data-key]")?.dataset.key ?? null;
  const look = (event) => graphHover(state, keyOf(event));
  const leave = () => graphHover(state, null);
  svg.addEventListener("click", (event) => graphAct(state, keyOf(event)));
  svg.addEventListener("pointerover", look);
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("focusin", look);
  svg.addEventListener("focusout", leave);
  svg.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    graphAct(state, keyOf(event));
  });
}

function graphHover(state, key) {
  if (state.hover === key) return;
  state.hover = key;
  graphFocus(state);
}

/** Choose a neuron; open a group, or close it. */
function graphAct(state, key) {
  if (key === null) return;
  const at = Number(key.slice(1));
  if (key[0] === "n") app.pick(at);
  else if (state.open.has(at)) graphOpen(state, [...state.open].filter((other) => other !== at));
  else graphOpen(state, [...state.open, at]);
}

/** The wheel zooms with Ctrl only, so that the page scrolls; a mouse that drags the ground moves it. */
function graphMouse(state) {
  const { svg } = state;
  const wheel = (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    const pixel = state.view.size / box.width;
    const x = state.view.x + (event.clientX - box.left) * pixel;
    const y = state.view.y + (event.clientY - box.top) * pixel;
    graphZoom(state, Math.exp(event.deltaY / 300), { x, y });
  };
  svg.addEventListener("wheel", wheel, { passive: false });
  svg.addEventListener("pointermove", (event) => {
    if (event.buttons !== 1 || event.pointerType !== "mouse" || state.view.size === GRAPH_SIZE) return;
    graphMove(state, -event.movementX * state.unit, -event.movementY * state.unit);
  });
}

// What the marks mean.

function graphLegend(graph) {
  const line = (name) => svgEl("path", { d: "M1 7H26", class: name, "stroke-width": 2 });
  const head = () => svgEl("path", { d: "M25 3L33 7L25 11z", class: "head" });
  const disc = (on) => svgEl("circle", { cx: 17, cy: 7, r: 6, class: on ? "disc on" : "disc" });
  const thick = [1, 2.5, 4.5].map((width, k) =>
    svgEl("path", { d: `M1 ${2 + 5 * k}H33`, class: "line", "stroke-width": width }),
  );
  const arc = svgEl("path", { d: graphArc({ x: 17, y: 7 }, 6, 0.6), class: "ring" });
  const some = graph.edges.length > 0;
  const rows = [
    [[disc(true)], "+1 at the position"],
    [[disc(false)], "−1"],
    [[line("line"), head()], some && "from the bit that flips to the bit it changes; weight positive"],
    [[line("line minus"), head()], some && "the same, weight negative"],
    [thick, graphWidths(graph)],
    [[arc], graphRings(graph)],
  ];
  const shown = rows.filter(([, words]) => words);
  const picture = { viewBox: "0 0 34 14", width: 34, height: 14, "aria-hidden": "true" };
  const items = shown.map(([marks, words]) => el("li", {}, svgEl("svg", picture, marks), words));
  return el("ul", { class: "graph-legend note" }, items);
}

/** What the widest lines are. */
function graphWidths({ edges, group_edges: broad }) {
  if (!edges.length) return null;
  const widest = (some) => number(Math.max(...some.map((edge) => edge.rate)), 4);
  const means = broad.length ? `; between closed groups: mean rate, at most ${widest(broad)}` : "";
  return `width: rate, at most ${widest(edges)}${means}; at a closed group: the heaviest of its edges`;
}

/** What a whole ring is. */
function graphRings({ nodes }) {
  const share = (node) => node?.share ?? 0;
  const most = nodes.reduce((best, node) => (share(node) > share(best) ? node : best), null);
  if (!most) return null;
  return `arc: share of the backbone's traffic, a whole circle ${percent(most.share, 2)} (h${most.neuron})`;
}

/** What the numbers are, and which edges are listed. */
function graphDefinitions({ definitions, groups, nodes, edges, group_edges: broad }) {
  const terms = [
    ["Rate", definitions.rate],
    ["Backbone", nodes.some((node) => node.share) ? definitions.share : null],
    ["Co-flip group", groups.length ? definitions.group : "none was found on this text."],
    ["Edges", edges.length ? definitions.kept : null],
    ["", broad.length ? definitions.between : null],
  ];
  const shown = terms.filter(([, words]) => words);
  const lines = shown.map(([term, words]) => el("p", {}, term ? el("strong", {}, `${term}. `) : null, words));
  return el("div", { class: "note graph-definitions" }, lines);
}
