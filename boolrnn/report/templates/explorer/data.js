// What the page carries, unpacked when it is asked for, and the few helpers that every panel uses.

const data = JSON.parse(document.getElementById("data").textContent);
const unpacked = new Map(); // "bytes NAME" or "json NAME" -> promise
const loaded = new Map(); // name of an array -> typed array

/** The bytes of a block, as a promise of a Uint8Array. */
function bytes(name) {
  return once(`bytes ${name}`, async () => {
    const block = document.getElementById(`block-${name}`);
    if (!block) throw new Error(`this page holds no block ${name}`);
    const text = atob(block.textContent.trim());
    const packed = new Uint8Array(text.length);
    for (let k = 0; k < text.length; k += 1) packed[k] = text.charCodeAt(k);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  });
}

/** The value of a JSON block, as a promise. */
function json(name) {
  return once(`json ${name}`, async () => JSON.parse(new TextDecoder().decode(await bytes(name))));
}

function once(key, make) {
  if (!unpacked.has(key)) unpacked.set(key, make());
  return unpacked.get(key);
}

/** Unpack every array of the text: start.js does this before any panel is built. */
async function loadArrays() {
  const kinds = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };
  const work = Object.entries(data.arrays).map(async ([name, { dtype, block }]) => {
    loaded.set(name, new kinds[dtype]((await bytes(block)).buffer));
  });
  await Promise.all(work);
}

/** An array of the text as a typed array, or null where the page has none of that name. */
function array(name) {
  return loaded.get(name) ?? null;
}

/** Bit of neuron j after position t: 1 means +1. `whose` is "network" or "automaton". */
function bit(whose, t, j) {
  const rows = array(whose === "network" ? "signs" : "states");
  return (rows[t * Math.ceil(data.model.hidden / 8) + (j >> 3)] >> (j & 7)) & 1;
}

/** Where position t stands among those that have details: its index, or -1. */
function detailIndex(t) {
  const positions = data.details.positions;
  let low = 0;
  let high = positions.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (positions[middle] === t) return middle;
    if (positions[middle] < t) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** A promise of the detail record of position t, null where the page holds none. */
async function detail(t) {
  const at = detailIndex(t);
  if (at < 0) return null;
  const size = data.details.size;
  return (await json(`details-${Math.floor(at / size)}`))[at % size];
}

/** A promise of z of every neuron at position t, {network, automaton}, null where the page holds none. */
async function zAt(t) {
  const at = detailIndex(t);
  if (at < 0) return null;
  const { size } = data.details;
  const hidden = data.model.hidden;
  const block = await bytes(`z-${Math.floor(at / size)}`);
  const row = (k) => new Float32Array(block.buffer, 4 * hidden * (2 * (at % size) + k), hidden);
  return { network: row(0), automaton: row(1) };
}

/** A symbol as it is read in a sentence. */
function named(symbol) {
  return data.names[symbol];
}

/** A symbol as it stands in a cell of the strip. */
function glyph(symbol) {
  return data.glyphs[symbol];
}

/** Positions first .. stop - 1 of the text as children of an element: bytes in hex stand apart. */
function glyphs(first, stop) {
  const symbols = array("symbols").slice(Math.max(0, first), Math.max(0, stop));
  const parts = [];
  for (const text of Array.from(symbols, glyph)) {
    if (text.length > 1) parts.push(el("span", { class: "byte" }, text));
    else if (typeof parts.at(-1) === "string") parts.push(parts.pop() + text);
    else parts.push(text);
  }
  return parts;
}

/** The name of an output. */
function outputName(output) {
  return data.output_names[output];
}

/**
 * An HTML element. Attributes that are null or false are left out, functions under "on..." listen,
 * children are elements, texts, or null.
 */
function el(tag, attributes = {}, ...children) {
  return dress(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
function svgEl(tag, attributes = {}, ...children) {
  return dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function dress(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * A number as the terminal prints it: `,.6g` or, given `digits`, that many after the point.
 * What is missing is a dash.
 */
function number(value, digits) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "above 3.4e+38" : "below -3.4e+38"; // float32 ends there
  if (digits !== undefined && Math.abs(value) < 1e15) return grouped(value.toFixed(digits)).replace(/^-(?=[0.]+$)/, "");
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return grouped(String(value));
  return general(value, 6);
}

/** A number with its sign, also where it is positive. */
function signed(value, digits) {
  return value > 0 ? `+${number(value, digits)}` : number(value, digits);
}

/** A share in percent; more digits where it would be rounded to 0 or 100 % and is neither. */
function percent(share, digits = 1) {
  if (share === null || Number.isNaN(share)) return "–";
  return `${number(100 * share, digitsOf(100 * share, digits, 100))} %`;
}

/** At least `digits`, and so many more that a number strictly between 0 and `most` is neither when shown. */
function digitsOf(value, digits, most) {
  let found = digits;
  while (found < 12 && value > 0 && value < most && [0, most].includes(Number(value.toFixed(found)))) found += 1;
  return found;
}

/** What a symbol costs, with its unit. */
function bitsText(bits) {
  if (bits === null || Number.isNaN(bits)) return "–";
  return `${bits > 0 && bits < 0.0005 ? general(bits, 2) : number(bits, 3)} bits`;
}

/** Python's format `.{digits}g`, with thousands between commas. */
function general(value, digits) {
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const bare = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent >= -4 && exponent < digits) return grouped(bare(value.toFixed(digits - 1 - exponent)));
  const width = String(Math.abs(exponent)).padStart(2, "0");
  return `${bare(mantissa)}e${exponent < 0 ? "-" : "+"}${width}`;
}

function grouped(text) {
  const [whole, rest] = text.split(".");
  const commas = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? commas : `${commas}.${rest}`;
}

/** A count with its noun: 1 flip, 2 flips. */
function counted(count, noun) {
  return `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
}
