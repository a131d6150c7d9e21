// The whole text as one row of bars above the strip: a slider that shows where things are.

const OVERVIEW = { top: 9, bars: 34, bottom: 5 }; // heights in pixels: marks, bars, what the strip shows

/**
 * The overview: `shown()` gives the measure, `view()` the first position on the strip and the one after
 * the last. Returns {root, draw, mark}: `draw` everything, `mark` only what moves.
 */
function textOverview(shown, view) {
  const layer = () => el("canvas", { "aria-hidden": "true" });
  const over = { bars: layer(), marks: layer(), split: firstDivergence(), width: 0, shown, view };
  over.root = el("div", {
    class: "overview", role: "slider", tabindex: "0", "aria-label": "position in the text",
    "aria-valuemin": "0", "aria-valuemax": String(data.text.length - 1),
  }, over.bars, over.marks);
  listenToDrags(over.root);
  const again = () => {
    over.width = over.root.clientWidth;
    over.colour = themeColours();
    drawBars(over);
    drawMarks(over);
  };
  new ResizeObserver(again).observe(over.root);
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  return { root: over.root, draw: again, mark: () => drawMarks(over) };
}

/** Where the pointer presses or drags, there the position goes. */
function listenToDrags(root) {
  const follow = (event) => {
    const box = root.getBoundingClientRect();
    app.select(Math.floor(((event.clientX - box.left) / box.width) * data.text.length));
  };
  root.addEventListener("pointerdown", (event) => {
    root.setPointerCapture(event.pointerId);
    follow(event);
  });
  root.addEventListener("pointermove", (event) => {
    if (root.hasPointerCapture(event.pointerId)) follow(event);
  });
}

/** A clean canvas of the overview's size, as a brush that counts in pixels of the page. */
function cleanBrush(canvas, width) {
  const height = OVERVIEW.top + OVERVIEW.bars + OVERVIEW.bottom;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  const brush = canvas.getContext("2d");
  brush.scale(scale, scale);
  return brush;
}

/** One bar per position, or per column of pixels the mean of its positions. */
function drawBars({ bars, width, colour, shown }) {
  const one = shown();
  if (width === 0 || !one) return;
  const brush = cleanBrush(bars, width);
  const foot = OVERVIEW.top + OVERVIEW.bars;
  brush.fillStyle = colour("--line");
  brush.fillRect(0, foot, width, 1);
  const columns = Math.min(Math.ceil(width), data.text.length);
  const tones = Array.from({ length: 9 }, (_, k) => colour(`--scale-${k}`));
  const thick = width / columns;
  columnLevels(one, columns).forEach((level, k) => {
    if (level === UNDEFINED) return;
    const tall = heightOf(level, one.edges) * OVERVIEW.bars;
    brush.fillStyle = tones[toneOf(level, one.edges)];
    brush.fillRect(k * thick, foot - tall, thick + 0.3, tall);
  });
}

/** The level of each column, kept until there are more or fewer of them. */
function columnLevels(one, columns) {
  if (one.columns?.length !== columns) {
    const each = data.text.length / columns;
    one.columns = Uint8Array.from({ length: columns }, (_, k) =>
      levelOf(meanOf(one.values, Math.round(k * each), Math.round((k + 1) * each)), one.edges));
  }
  return one.columns;
}

/** Mean of values[first:stop] that are defined; NaN where none is. */
function meanOf(values, first, stop) {
  let [sum, many] = [0, 0];
  const end = Math.min(stop, values.length);
  for (let t = first; t < end; t += 1) {
    if (!Number.isNaN(values[t])) {
      sum += values[t];
      many += 1;
    }
  }
  return many ? sum / many : NaN;
}

/** Search hits as ticks, the first divergence as a triangle, what the strip shows, the position as a line. */
function drawMarks({ marks, width, colour, split, view }) {
  if (width === 0) return;
  const brush = cleanBrush(marks, width);
  const x = (t) => (t * width) / data.text.length;
  const [first, stop] = view();
  brush.fillStyle = colour("--faint");
  brush.fillRect(x(first), OVERVIEW.top + OVERVIEW.bars + 2, Math.max(2, x(stop) - x(first)), 3);
  brush.fillStyle = colour("--ink");
  for (const t of app.hits.starts) brush.fillRect(x(t), OVERVIEW.top - 4, 1, 4);
  if (split) {
    brush.fillStyle = colour("--automaton");
    brush.beginPath();
    brush.moveTo(x(split.t + 0.5) - 4.5, 0);
    brush.lineTo(x(split.t + 0.5) + 4.5, 0);
    brush.lineTo(x(split.t + 0.5), 8);
    brush.fill();
  }
  brush.fillStyle = colour("--accent");
  brush.fillRect(x(app.t + 0.5) - 1, 0, 2, OVERVIEW.top + OVERVIEW.bars + OVERVIEW.bottom);
}

/** The page's colours as they are now, by name; each is asked for once. */
function themeColours() {
  const style = getComputedStyle(document.documentElement);
  const known = new Map();
  return (name) => {
    if (!known.has(name)) known.set(name, style.getPropertyValue(name).trim());
    return known.get(name);
  };
}
