// The keyboard: positions, search, graph, help. Fields, menus and dialogs keep their keys.

const PAGE = 32; // positions

const KEYS = [
  [["←", "→"], "one position back, on"],
  [["Shift ←", "Shift →", "PageUp", "PageDown"], `${PAGE} positions back, on`],
  [["Home", "End"], "the first, the last position"],
  [["/"], "search: text, h28, t=42, 0x0a; Esc leaves it"],
  [["n", "N"], "the next, the previous place found"],
  [["w"], "network's or automaton's signs"],
  [["g"], "the graph"],
  [["?"], "this list"],
];

function keysPanel() {
  const help = helpBox();
  document.body.append(help);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (help.open || keepsKeys(event.target)) return;
    const act = actionOf(event, help);
    if (!act) return;
    event.preventDefault();
    act();
  });
  for (const button of document.querySelectorAll("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());
  }
}

/** Whether the element with the focus uses the keys itself. */
function keepsKeys(target) {
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable]") !== null;
}

function actionOf(event, help) {
  const far = event.shiftKey ? PAGE : 1;
  const step = { ArrowLeft: -far, ArrowRight: far, PageUp: -PAGE, PageDown: PAGE }[event.key];
  if (step) return () => app.select(app.t + step);
  return {
    Home: () => app.select(0),
    End: () => app.select(data.text.length - 1),
    "/": () => document.getElementById("search").focus(),
    n: () => nextHit(1),
    N: () => nextHit(-1),
    w: () => app.show(app.whose === "network" ? "automaton" : "network"),
    g: () => goToGraph(),
    "?": () => help.showModal(),
  }[event.key];
}

function goToGraph() {
  const section = document.getElementById("graph-section");
  section.scrollIntoView();
  section.querySelector("h2").focus({ preventScroll: true });
}

function helpBox() {
  const rows = KEYS.map(([keys, words]) => {
    const shown = keys.flatMap((key) => [el("kbd", {}, key), " "]);
    return el("tr", {}, el("td", {}, ...shown), el("td", {}, words));
  });
  return el("dialog", { id: "help", "aria-label": "keys" }, el("h3", {}, "Keys"),
    el("table", {}, el("tbody", {}, ...rows)),
    el("form", { method: "dialog" }, el("button", {}, "close")));
}
