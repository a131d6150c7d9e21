// What the strip can show of every position, and the levels by which it draws a number.

const SHARES = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
const BITS = [0.01, 0.03, 0.1, 0.3, 1, 2, 5, 10];
const UNDEFINED = 255; // the level of what has no value

const allMeasures = [
  { name: "bits_network", group: "bits", label: "network", edges: BITS, digits: 3, unit: "bits",
    means: "Bits that the symbol at t + 1 costs the float network, which predicts it after t." },
  { name: "bits_automaton", group: "bits", label: "automaton", edges: BITS, digits: 3, unit: "bits",
    means: "Bits that the symbol at t + 1 costs the automaton, running on its own from its start." },
  { name: "margin_network", group: "least margin", label: "network", least: "neuron_network",
    means: "Least |z| over the network's neurons after t: how near its nearest sign is to the threshold." },
  { name: "margin_automaton", group: "least margin", label: "automaton", least: "neuron_automaton",
    means: "Least |z| over the neurons of the automaton after t, on its own trajectory." },
  { name: "one_step", group: "equal signs", label: "one step", edges: SHARES, share: true,
    means: "Share of the network's signs after t that one step of the automaton gives from those at t - 1." },
  { name: "free_run", group: "equal signs", label: "free run", edges: SHARES, share: true,
    means: "Share of the network's signs after t that the automaton has too, running on its own." },
  { name: "flips_network", group: "flips", label: "network", unit: "flips",
    means: "Signs of the network that changed from t - 1 to t." },
  { name: "flips_automaton", group: "flips", label: "automaton", unit: "flips",
    means: "Bits of the automaton that changed from t - 1 to t." },
];

/** The measures that this page has numbers for, with their values, edges and the level of every position. */
function readyMeasures() {
  const present = allMeasures.filter(({ name }) => array(name));
  for (const one of present) {
    one.values = array(one.name);
    one.edges ??= spreadEdges(one.values);
    one.levels = Uint8Array.from(one.values, (value) => levelOf(value, one.edges));
  }
  return present;
}

/** How many edges a value has reached; UNDEFINED for NaN. */
function levelOf(value, edges) {
  if (Number.isNaN(value)) return UNDEFINED;
  let level = 0;
  while (level < edges.length && value >= Math.fround(edges[level])) level += 1; // values are float32
  return level;
}

/** Edges that part the values into up to nine shares of like size: round numbers, strictly ascending. */
function spreadEdges(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort();
  if (sorted.length === 0) return [1];
  const edges = new Set();
  for (let k = 1; k <= 8; k += 1) {
    edges.add(Number(sorted[Math.floor((k * sorted.length) / 9)].toPrecision(2)));
  }
  const kept = [...edges].filter((edge) => edge > sorted[0]).sort((a, b) => a - b);
  return kept.length ? kept : [sorted[0] || 1];
}

/** Which of the colours --scale-0..8 a level has. */
function toneOf(level, edges) {
  return Math.round((level * 8) / edges.length);
}

/** The share of a cell's height that a level's bar takes: even the lowest is seen. */
function heightOf(level, edges) {
  return (level + 0.5) / (edges.length + 0.5);
}

/** A measure's value at position t in words; a dash beyond its window. */
function measureText(one, t) {
  const value = t < one.values.length ? one.values[t] : NaN;
  if (one.share) return percent(value);
  const least = one.least && !Number.isNaN(value) ? ` (h${array(one.least)[t]})` : "";
  if (Number.isNaN(value)) return "–";
  if (one.unit === "bits") return bitsText(value);
  return `${number(value, one.digits)}${one.unit ? ` ${one.unit}` : ""}${least}`;
}

/** An edge as the legend names it. */
function edgeText(one, edge) {
  return one.share ? `${number(100 * edge)} %` : number(edge);
}

/** Where the automaton leaves the network's signs first: {t, neuron}, or null. */
function firstDivergence() {
  const [signs, states] = [array("signs"), array("states")];
  const at = signs.findIndex((byte, k) => byte !== states[k]);
  if (at < 0) return null;
  const width = Math.ceil(data.model.hidden / 8);
  const lowest = 31 - Math.clz32((signs[at] ^ states[at]) & -(signs[at] ^ states[at]));
  return { t: Math.floor(at / width), neuron: 8 * (at % width) + lowest };
}
