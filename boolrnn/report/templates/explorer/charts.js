// Charts: drawn by Vega when they come near the window, from tables that can be downloaded.
//
// Their colours are names of the page's custom properties, which SVG understands: the theme, and a print in
// light colours, change them without a new drawing. Only what is measured (text, width) needs one.

const drawnCharts = new Map(); // name -> { spec, block, figure, view, width, turn }

/** Find the figures of the page, draw them when they are near, and keep them as wide as their place. */
function chartsPanel() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const chart = (data.charts ?? []).find(({ name }) => name === figure.dataset.chart);
    if (!chart) continue;
    const plot = figure.querySelector(".plot");
    drawnCharts.set(chart.name, { ...chart, figure, plot, view: null, width: 0, turn: 0 });
    figure.querySelector(".data")?.addEventListener("click", (event) => downloadChart(event, chart.name));
    figure.append(firstRows(chart));
  }
  watchCharts();
}

/** Draw what comes near; draw again what changes its width; everything before it is printed. */
function watchCharts() {
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) drawOnce(chartOf(target));
    },
    { rootMargin: "400px" },
  );
  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) later(chartOf(target));
  });
  for (const { plot } of drawnCharts.values()) {
    near.observe(plot);
    resized.observe(plot);
  }
  window.addEventListener("beforeprint", drawAll);
  (window.requestIdleCallback ?? setTimeout)(unpackCharts);
}

function chartOf(plot) {
  return drawnCharts.get(plot.closest("figure").dataset.chart);
}

/** Unpack the tables ahead of time: a print waits for nothing that takes long. */
async function unpackCharts() {
  for (const { block } of drawnCharts.values()) await json(block).catch(() => null);
}

function drawAll() {
  return Promise.all([...drawnCharts.values()].map(drawOnce));
}

function drawOnce(chart) {
  chart.first ??= draw(chart);
  return chart.first;
}

/** Once the width has come to rest, draw again what was drawn with another. */
function later(chart) {
  clearTimeout(chart.timer);
  if (!chart.view || chart.width === chart.plot.clientWidth) return;
  chart.timer = setTimeout(() => draw(chart), 150);
}

/** Draw a chart, or say why there is nothing to see. Of two drawings at a time the later one stays. */
async function draw(chart) {
  const { plot, spec, block } = chart;
  const { empty } = spec.usermeta;
  plot.setAttribute("aria-label", empty ? `${chart.title}: ${empty}` : spec.description);
  if (empty) return instead(plot, "empty", `Nothing to draw: ${empty}.`);
  if (!window.vegaEmbed) return instead(plot, "failed", "This page holds no plotting script: only the table.");
  chart.turn += 1;
  const turn = chart.turn;
  try {
    const values = records(await json(block));
    const place = el("div", { style: "width:100%" });
    chart.width = plot.clientWidth;
    chart.view?.finalize();
    plot.replaceChildren(place);
    const { view } = await window.vegaEmbed(place, { ...spec, data: { values } }, embedOptions());
    if (turn !== chart.turn) return view.finalize();
    chart.view = view;
    plot.dataset.state = "drawn";
  } catch (error) {
    instead(plot, "failed", `This chart could not be drawn: ${error.message}`);
  }
}

function instead(plot, state, words) {
  plot.dataset.state = state;
  plot.replaceChildren(el("p", {}, words));
}

/** Rows as objects under the names of their columns. */
function records({ columns, rows }) {
  return rows.map((row) => Object.fromEntries(columns.map((name, k) => [name, row[k]])));
}

/** No request, no eval, no menu; the box of numbers in the page's own style. */
function embedOptions() {
  return {
    mode: "vega-lite",
    ast: true,
    renderer: "svg",
    actions: false,
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
    config: chartConfig(),
  };
}

/** The look of axes and legends: the page's own type and colours. */
function chartConfig() {
  const style = getComputedStyle(document.documentElement);
  const font = style.getPropertyValue("--sans").trim() || "sans-serif";
  const plain = { labelColor: "var(--faint)", titleColor: "var(--faint)", labelFontSize: 11, titleFontSize: 11.5 };
  return {
    font,
    aria: false, // the picture has one name: its parts are no stops of their own
    background: "transparent",
    padding: 2,
    view: { stroke: null },
    axis: { ...plain, titleFontWeight: 500, titlePadding: 6, domainColor: "var(--line)", tickColor: "var(--line)",
      gridColor: "var(--line)", gridOpacity: 0.6, tickSize: 4 },
    axisX: { grid: false, tickCount: 6, labelFlush: true },
    axisY: { domain: false, labelFlush: false, ticks: false, tickCount: 5, labelPadding: 6,
      titleAngle: 0, titleAlign: "left", titleAnchor: "end", titleBaseline: "bottom", titleX: 0, titleY: -8 },
    legend: { ...plain, labelColor: "var(--ink)", orient: "top", direction: "horizontal", offset: 26, symbolSize: 60,
      symbolStrokeWidth: 2, labelLimit: 220, columnPadding: 14 },
    line: { strokeWidth: 1.8 },
    text: { fontSize: 11, fill: "var(--ink)" },
  };
}

// Data

/** The first rows of a chart's table, behind a line that opens. */
function firstRows({ name, title, spec }) {
  const { first, columns, count } = spec.usermeta;
  const head = el("tr", {}, ...columns.map((column) => el("th", { scope: "col" }, column)));
  const body = first.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell))));
  const few = first.length < count ? `first ${first.length} of ${number(count)} rows` : counted(count, "row");
  return el(
    "details",
    {},
    el("summary", {}, `Numbers (${few})`),
    el("div", { class: "table", tabindex: 0, role: "region", "aria-label": `${title}: numbers`, "data-rows": name },
      el("table", {}, el("thead", {}, head), el("tbody", {}, ...body))),
  );
}

/** Give the table behind a chart as a file. */
async function downloadChart(event, name) {
  const kind = event.target.closest("button[data-download]")?.dataset.download;
  if (!kind) return;
  const { figure, block } = drawnCharts.get(name);
  const table = await json(block);
  const text = kind === "csv" ? csvOf(table) : `${JSON.stringify(chartRecord(figure, table), null, 1)}\n`;
  saveText(`${name}.${kind}`, text, kind === "csv" ? "text/csv" : "application/json");
}

/** What a chart's JSON file holds. */
function chartRecord(figure, { columns, rows }) {
  const words = (where) => figure.querySelector(where)?.textContent.trim() ?? "";
  return { definition: words(".definition"), verb: words(".data code"), columns, rows };
}

/** A table as CSV, as the verb's --csv writes it: missing values empty, truths True and False. */
function csvOf({ columns, rows }) {
  const lines = [columns, ...rows].map((row) => row.map(csvCell).join(","));
  return `${lines.join("\n")}\n`;
}

function csvCell(value) {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Save text under a name, through a link that is clicked and gone. */
function saveText(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
