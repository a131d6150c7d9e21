// The switch of the theme: as the system says, light, dark. Kept in memory only.
(() => {
  "use strict";
  const themes = ["system", "light", "dark"];
  const button = document.getElementById("theme");
  let at = 0;

  function show() {
    const root = document.documentElement;
    if (at === 0) delete root.dataset.theme;
    else root.dataset.theme = themes[at];
    button.textContent = `theme: ${themes[at]}`;
    button.setAttribute("aria-label", `theme: ${themes[at]}; switch to ${themes[(at + 1) % 3]}`);
  }

  button.addEventListener("click", () => {
    at = (at + 1) % themes.length;
    show();
  });
  button.hidden = false; // without scripts there is nothing to switch
  show();
})();
