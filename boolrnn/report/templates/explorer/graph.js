// The graph (#graph): who decides whom. Neurons at fixed places, groups that open, edges by influence.

const GRAPH_SIZE = 1000; // the drawing is that wide and high, in its own units
const GRAPH_MARGIN = 25;
const GRAPH_DEPTH = 16; // how far one can zoom in
let graphNow = null; // the state of the panel, once it is built

/** Build the panel and keep it at the neuron, the position and the signs that the reader looks at. */
async function graphPanel() {
  const root = document.getElementById("graph");
  const graph = await json(data.graph);
  const state = graphState(graph);
  graphNow = state;
  const side = el("div", { class: "graph-side", tabindex: -1 }, state.info, graphLegend(graph));
  const past = { type: "button", class: "graph-skip", onclick: () => side.focus() };
  const skip = el("button", past, "skip the graph");
  const stage = el("div", { class: "graph-stage" }, skip, state.svg, graphZoomButtons(state));
  root.replaceChildren(graphControls(state), stage, state.caption, side, graphDefinitions(graph));
  graphListen(state);
  graphMouse(state);
  graphDraw(state);
  new ResizeObserver(() => graphDraw(state)).observe(state.svg);
  let picked = null;
  const update = () => {
    if (app.neuron !== picked) {
      picked = app.neuron;
      const group = picked === null ? null : graph.nodes[picked].group;
      if (group !== null && !state.open.has(group)) graphOpen(state, [...state.open, group]);
      else graphFocus(state);
    }
    graphSigns(state);
  };
  app.watch(update);
  update();
}

/** What the drawing depends on, and its elements. Keys: "n3" is neuron 3, "g3" is group 3. */
function graphState(graph) {
  const scale = (share) => GRAPH_MARGIN + share * (GRAPH_SIZE - 2 * GRAPH_MARGIN);
  const places = graph.nodes.map(({ x, y }) => ({ x: scale(x), y: scale(y) }));
  const layers = ["hulls", "edges", "nodes", "labels"].map((name) => svgEl("g", { class: name }));
  const state = {
    graph,
    places,
    layers,
    svg: svgEl("svg", { class: "graph", role: "group", "aria-label": graphWords(graph) }, layers),
    radius: graphRadius(places),
    view: { x: 0, y: 0, size: GRAPH_SIZE },
    open: new Set(),
    most: 1, // share of the edges that is drawn
    hover: null, // key of what is pointed at
    widest: Math.max(...graph.edges.map((edge) => edge.rate), 0) || 1,
    widestGroup: Math.max(...graph.group_edges.map((edge) => edge.rate), 0) || 1,
    largest: Math.max(...graph.nodes.map((node) => node.share ?? 0), 0),
    caption: el("p", { class: "note graph-caption" }),
    info: el("p", { class: "graph-info" }),
    count: el("output", { class: "number" }),
  };
  const width = 12 + 3.2 * Math.sqrt(places.length); // a few neurons need no large picture
  state.svg.style.maxWidth = `${Math.min(46, width).toFixed(1)}rem`;
  state.hulls = new Map(graph.groups.map((group) => [group.group, graphHull(state, group, scale)]));
  return state;
}

function graphWords(graph) {
  const { nodes, edges, groups } = graph;
  const lists = { neuron: nodes, edge: edges, group: groups };
  const counts = Object.entries(lists).map(([noun, list]) => counted(list.length, noun));
  return `Influence graph: ${counts.join(", ")}`;
}

/** Radius of a neuron: what leaves nearly all of them apart. */
function graphRadius(places) {
  const apart = (a, b) => (a === b ? Infinity : Math.hypot(a.x - b.x, a.y - b.y));
  const nearest = places.map((a) => places.reduce((least, b) => Math.min(least, apart(a, b)), Infinity));
  nearest.sort((a, b) => a - b);
  const near = nearest[Math.floor(nearest.length / 20)];
  return Math.max(2, Math.min(26, 0.36 * near));
}

/** The circle around a group's members, and the smaller one that stands for them while it is closed. */
function graphHull({ places, radius }, { x, y, members }, scale) {
  const middle = { x: scale(x), y: scale(y) };
  const away = ({ x: across, y: down }) => Math.hypot(across - middle.x, down - middle.y);
  const hull = Math.max(...members.map((j) => away(places[j])), 0) + 1.7 * radius;
  return { ...middle, hull, radius: 0.68 * hull };
}

// What is seen: neurons and groups, and the edges between them.

/** Open these groups, close all others. */
function graphOpen(state, groups) {
  state.open = new Set(groups);
  state.hover = null;
  graphDraw(state);
}

/** Open a group and go there: the neuron panel asks for it. */
function graphReveal(group) {
  graphOpen(graphNow, [...graphNow.open, group]);
  graphNow.svg.scrollIntoView({ block: "center" });
  graphNow.svg.querySelector(`[data-key="g${group}"]`)?.focus({ preventScroll: true });
}

/** Where edges of a neuron end: at itself, or at its group while that is closed. */
function graphEnd(state, j) {
  const { group } = state.graph.nodes[j];
  return group === null || state.open.has(group) ? `n${j}` : `g${group}`;
}

/** Everything that could be drawn as an edge now, the widest first. */
function graphEdges(state) {
  const found = new Map();
  for (const edge of state.graph.edges) {
    const from = graphEnd(state, edge.from);
    const to = graphEnd(state, edge.to);
    if (from[0] === "g" && to[0] === "g") continue; // the mean over the groups stands for it
    const key = `${from} ${to}`;
    const before = found.get(key);
    if (before) before.count += 1; // edges come heaviest first: the first is as wide as any
    else found.set(key, { from, to, ...graphEdge(state, edge, from[0] === to[0]) });
  }
  for (const { from, to, rate } of state.graph.group_edges) {
    if (state.open.has(from) || state.open.has(to)) continue;
    const words = `group ${from} → group ${to}: mean rate ${number(rate, 4)}`;
    const edge = { from: `g${from}`, to: `g${to}`, rate, share: rate / state.widestGroup, count: 1, words };
    found.set(`g${from} g${to}`, { ...edge, broad: true });
  }
  return [...found.values()].sort((a, b) => b.share - a.share);
}

/** How an edge of a neuron looks and reads. An edge to a closed group may stand for several signs. */
function graphEdge(state, { from, to, rate, weight }, single) {
  const words = `h${from} → h${to}: rate ${number(rate, 4)}, weight ${general(weight, 4)}`;
  return { rate, share: rate / state.widest, count: 1, words, minus: single && weight < 0, merged: !single };
}

/** Draw everything anew; the focus stays where it was. */
function graphDraw(state) {
  const { svg, view, graph } = state;
  const focused = svg.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const { hover } = state;
  state.unit = view.size / (svg.clientWidth || GRAPH_SIZE); // of the drawing, in a pixel
  graphLook(state);
  state.ends = graphEnds(state);
  const edges = graphEdges(state);
  state.drawn = edges.slice(0, Math.round(state.most * edges.length));
  const open = graph.groups.filter(({ group }) => state.open.has(group));
  const closed = graph.groups.filter(({ group }) => !state.open.has(group));
  const nodes = graph.nodes.filter(({ neuron }) => state.ends.has(`n${neuron}`));
  state.layers[0].replaceChildren(...open.map((group) => graphGround(state, group)));
  state.layers[1].replaceChildren(...state.drawn.toReversed().map((edge) => graphArrow(state, edge)));
  state.layers[2].replaceChildren(
    ...closed.map((group) => graphClosed(state, group)),
    ...open.map((group) => graphOpened(state, group)),
    ...nodes.map((node) => graphNode(state, node)),
  );
  state.count.textContent = graphCounted(state, edges.length);
  if (focused) svg.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  state.hover = hover; // what has the focus again is not what is pointed at
  graphSigns(state);
  graphFocus(state);
}

/** Where every neuron and closed group stands now, and how large it is. */
function graphEnds(state) {
  const ends = new Map();
  const least = Math.min(5 * state.unit, 1.3 * state.radius); // on small screens circles grow, and may touch
  const radius = Math.max(state.radius, least);
  state.graph.nodes.forEach(({ neuron }) => {
    const key = graphEnd(state, neuron);
    if (key[0] === "n") ends.set(key, { ...state.places[neuron], radius });
  });
  for (const [group, hull] of state.hulls) {
    const size = Math.max(hull.radius, 14 * state.unit);
    if (!state.open.has(group)) ends.set(`g${group}`, { ...hull, radius: size });
  }
  return ends;
}

function graphCounted(state, count) {
  const { edges, total, loops } = state.graph;
  if (!edges.length) return total ? "no edges are listed" : "no edges: no bit's flip ever changes another";
  const all = total - (loops ?? 0);
  const some = edges.length < all ? `the heaviest ${number(edges.length)} of ` : "all ";
  const listed = some + number(all);
  return `${number(state.drawn.length)} of ${number(count)} drawn (listed: ${listed} pairs that ever flip)`;
}

// Parts of the drawing.

/** A curve from rim to rim with its head; those back and forth bend to different sides. */
function graphArrow(state, edge) {
  const [a, b] = [state.ends.get(edge.from), state.ends.get(edge.to)];
  const pixels = Math.min(1, 0.35 + 0.65 / state.unit); // finer lines on small screens
  const width = Math.max(0.5, (edge.broad ? 7 : 4.5) * edge.share * pixels);
  const head = (4 + 1.4 * width) * pixels * state.unit;
  const { start, bends, from, tip } = edge.from === edge.to ? graphLoop(a, head) : graphCurve(a, b, head);
  const [x, y] = [0.42 * (tip.x - from.x), 0.42 * (tip.y - from.y)]; // half as wide as long, nearly
  const corners = [tip, { x: from.x - y, y: from.y + x }, { x: from.x + y, y: from.y - x }];
  const line = { class: edge.minus ? "line minus" : "line", "stroke-width": width.toFixed(2) };
  const opacity = (0.2 + 0.6 * edge.share).toFixed(2);
  const more = edge.count > 1 ? ` (the heaviest of ${counted(edge.count, "edge")})` : "";
  return svgEl(
    "g",
    { class: "edge", "data-from": edge.from, "data-to": edge.to, opacity },
    svgEl("title", {}, edge.words + more),
    svgEl("path", { ...line, d: `M${graphAt(start)}${bends}` }),
    svgEl("path", { d: `M${corners.map(graphAt).join("L")}z`, class: "head" }),
  );
}

function graphAt({ x, y }) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}

/** A curve between two circles: its start, its end beneath the head, and the head's tip. */
function graphCurve(a, b, head) {
  const bend = { x: (a.x + b.x) / 2 - 0.14 * (b.y - a.y), y: (a.y + b.y) / 2 + 0.14 * (b.x - a.x) };
  const from = graphToward(b, bend, b.radius + head);
  return {
    start: graphToward(a, bend, a.radius),
    bends: `Q${graphAt(bend)} ${graphAt(from)}`,
    from,
    tip: graphToward(b, bend, b.radius),
  };
}

/** The point at a distance from a circle's middle on the way to another point. */
function graphToward(from, to, distance) {
  const part = distance / (Math.hypot(to.x - from.x, to.y - from.y) || 1);
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

/** A loop on the side that looks away from the middle of the drawing. */
function graphLoop(a, head) {
  const angle = Math.atan2(a.y - GRAPH_SIZE / 2, a.x - GRAPH_SIZE / 2);
  const at = (turn, distance) => ({
    x: a.x + Math.cos(angle + turn) * distance,
    y: a.y + Math.sin(angle + turn) * distance,
  });
  const out = a.radius + Math.max(a.radius, 2.5 * head);
  const from = at(0.5, a.radius + head);
  const bends = `C${graphAt(at(-0.7, out))} ${graphAt(at(0.7, out))} ${graphAt(from)}`;
  return { start: at(-0.5, a.radius), bends, from, tip: at(0.5, a.radius) };
}

/** What is clicked, or reached by Tab and pressed: the drawing listens for all of them (graphListen). */
function graphButton(key, attributes, children) {
  return svgEl("g", { "data-key": key, role: "button", tabindex: 0, ...attributes }, children);
}

function graphCircle({ x, y }, radius, name) {
  return svgEl("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: radius.toFixed(1), class: name });
}

function graphText({ x, y }, size, words) {
  return svgEl("text", { x: x.toFixed(1), y: y.toFixed(1), "font-size": size.toFixed(2) }, words);
}

/** A neuron: filled where it is +1; an arc for its share of the backbone; its number where there is room. */
function graphNode(state, { neuron, share }) {
  const end = state.ends.get(`n${neuron}`);
  const { radius } = end;
  const arc = share && state.largest ? graphArc(end, 1.3 * radius, share / state.largest) : null;
  const parts = [
    graphCircle(end, radius, "disc"),
    arc && svgEl("path", { d: arc, class: "ring" }),
    graphRoomy(state, radius) ? graphText(end, 0.85 * radius, String(neuron)) : null,
  ];
  const words = { class: "node", "aria-label": `h${neuron}` };
  return graphButton(`n${neuron}`, words, parts);
}

/** Whether a neuron's number fits into its circle. */
function graphRoomy(state, radius) {
  return radius / state.unit >= 9;
}

/** An arc from the top, clockwise, over a share of the circle. */
function graphArc({ x, y }, radius, share) {
  const angle = 2 * Math.PI * Math.min(share, 0.99) - Math.PI / 2; // an arc that ends where it starts is none
  const end = { x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle) };
  const size = radius.toFixed(1);
  return `M${graphAt({ x, y: y - radius })}A${size} ${size} 0 ${share > 0.5 ? 1 : 0} 1 ${graphAt(end)}`;
}

/** A closed group: filled from below to the share of its members that are +1. */
function graphClosed(state, { group, size }) {
  const end = state.ends.get(`g${group}`);
  const pixels = end.radius / state.unit;
  const below = (shift) => ({ x: end.x, y: end.y + shift * state.unit });
  const count = pixels < 34 ? null : graphText(below(9), 11 * state.unit, counted(size, "neuron"));
  const parts = [
    graphCircle(end, end.radius, "disc"),
    svgEl("path", { class: "level" }),
    graphText(below(count ? -6 : 0), 12 * state.unit, pixels < 25 ? String(group) : `group ${group}`),
    count,
  ];
  const label = `co-flip group ${group}, ${counted(size, "neuron")}: open`;
  const words = { class: "super", "aria-expanded": "false", "aria-label": label };
  return graphButton(`g${group}`, words, parts);
}

/** The ground of an open group, beneath its edges. */
function graphGround(state, { group }) {
  const hull = state.hulls.get(group);
  return graphCircle(hull, hull.hull, "ground");
}

/** The name of an open group, which closes it. */
function graphOpened(state, { group, size }) {
  const { x, y, hull } = state.hulls.get(group);
  const text = graphText({ x, y: y - hull - 5 * state.unit }, 12 * state.unit, `group ${group} ×`);
  const label = `co-flip group ${group}, ${counted(size, "neuron")}: close`;
  const words = { class: "name", "aria-expanded": "true", "aria-label": label };
  return graphButton(`g${group}`, words, [text]);
}
