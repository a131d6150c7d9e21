// A small box with exact numbers beside what the pointer or the focus is on.

const tip = { box: null };

/** Show lines of text at an element: each a string, or a pair of what and value. */
function showTip(anchor, lines) {
  if (!tip.box) {
    tip.box = el("div", { id: "tip", role: "tooltip", hidden: true });
    document.body.append(tip.box);
  }
  tip.box.replaceChildren(
    ...lines.map((line) =>
      Array.isArray(line)
        ? el("div", { class: "pair" }, el("span", {}, line[0]), el("span", { class: "number" }, line[1]))
        : el("div", { class: "first" }, line),
    ),
  );
  tip.box.hidden = false;
  placeTip(anchor.getBoundingClientRect());
}

/** Beneath the element, or above where there is no room; never beyond the window's sides. */
function placeTip(where) {
  const { offsetWidth: width, offsetHeight: height } = tip.box;
  const beneath = where.bottom + 6;
  const top = beneath + height < innerHeight ? beneath : Math.max(4, where.top - height - 6);
  const left = Math.max(4, Math.min(where.left, document.documentElement.clientWidth - width - 4));
  tip.box.style.top = `${top}px`;
  tip.box.style.left = `${left}px`;
}

function hideTip() {
  if (tip.box) tip.box.hidden = true;
}

/** Tips for all elements inside `root` that match: `lines(element)` says what to show. */
function giveTips(root, selector, lines) {
  const show = (event) => {
    const anchor = event.target.closest(selector);
    if (anchor) showTip(anchor, lines(anchor));
    else hideTip();
  };
  root.addEventListener("pointerover", show);
  root.addEventListener("focusin", show);
  root.addEventListener("pointerleave", hideTip);
  root.addEventListener("focusout", hideTip);
}

window.addEventListener("scroll", hideTip, { passive: true, capture: true });
window.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
});

/** After a click with a pointer let go of the focus, so that the arrow keys move through the text again. */
function letGo(event) {
  if (event.pointerType) document.activeElement?.blur();
}
