// What the reader looks at: a position, a neuron, one of the two. Everything else follows.

const app = {
  t: 0,
  neuron: null,
  whose: "network",
  hits: { starts: [], length: 0 }, // what the search found: first positions, symbols each
  /** Go to a position (clamped to the text). */
  select(t) {
    move(t, app.neuron);
  },
  /** Choose a neuron (clamped), or none: null. */
  pick(j) {
    move(app.t, j);
  },
  /** Both at once. */
  go(t, j) {
    move(t, j);
  },
  /** Show the signs of "network" or "automaton". */
  show(whose) {
    app.whose = whose;
    tell();
  },
  /** Mark what a search found: first positions, ascending, and how many symbols each has. */
  mark(hits) {
    app.hits = hits;
    tell();
  },
  /** Call `heard(app)` after every change. */
  watch(heard) {
    watchers.push(heard);
  },
};
const watchers = [];
const address = { last: 0, timer: null };

function tell() {
  for (const heard of watchers) heard(app);
}

function clamped(value, count) {
  return Math.max(0, Math.min(Math.trunc(value) || 0, count - 1));
}

function move(t, neuron) {
  app.t = clamped(t, data.text.length);
  app.neuron = neuron === null ? null : clamped(neuron, data.model.hidden);
  writeAddress();
  tell();
}

/**
 * #t=42, #h28 or #t=42&h=28: at once, or soon while a key is held (browsers limit such changes). An address
 * that somebody typed meanwhile stays: its own event follows.
 */
function writeAddress(seen = location.hash) {
  clearTimeout(address.timer);
  if (location.hash !== seen) return;
  const wait = address.last + 200 - Date.now();
  if (wait > 0) {
    address.timer = setTimeout(writeAddress, wait, seen);
    return;
  }
  address.last = Date.now();
  const { t, neuron } = app;
  const both = neuron === null ? `#t=${t}` : `#t=${t}&h=${neuron}`;
  if (location.hash !== both) history.replaceState(null, "", both);
}

/** What an address says: {t, neuron}, each null where it says nothing. */
function readAddress(hash) {
  const found = { t: null, neuron: null };
  for (const part of hash.replace(/^#/, "").split("&")) {
    const [, name, digits] = /^(t=|h=?)(\d{1,15})$/.exec(part) ?? [];
    if (name === "t=") found.t = Number(digits);
    else if (name) found.neuron = Number(digits);
  }
  return found;
}

/** Go where the address points; what it does not name stays as it is. */
function followAddress() {
  const { t, neuron } = readAddress(location.hash);
  if (t === null && neuron === null) {
    if (/^#(t=|h=?[-\d])/.test(location.hash)) writeAddress(); // no position and no neuron: say what is shown
    return;
  }
  move(t ?? app.t, neuron ?? app.neuron);
}

window.addEventListener("hashchange", followAddress);
