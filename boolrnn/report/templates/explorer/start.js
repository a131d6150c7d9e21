// Unpack the text, go where the address points, build the panels in their order.

/** The panels of this page; those of files that are not part of it are left out. */
function presentPanels() {
  return [
    typeof stripPanel === "function" ? stripPanel : null,
    typeof positionPanel === "function" ? positionPanel : null,
    typeof neuronPanel === "function" ? neuronPanel : null,
    typeof graphPanel === "function" ? graphPanel : null,
    typeof chartsPanel === "function" ? chartsPanel : null,
    typeof searchPanel === "function" ? searchPanel : null,
    typeof keysPanel === "function" ? keysPanel : null,
  ].filter(Boolean);
}

async function startExplorer() {
  if (typeof DecompressionStream !== "function") {
    throw new Error("this browser cannot unpack the page's data: one from 2023 or later is needed");
  }
  await loadArrays();
  followAddress(); // before there are panels: they begin where it points
  for (const panel of presentPanels()) await panel();
}

startExplorer()
  .catch((error) => {
    document.getElementById("strip").prepend(el("p", { role: "alert" }, `The explorer stopped: ${error.message}`));
    throw error; // the console says where
  })
  .finally(() => {
    document.documentElement.dataset.ready = "yes";
  });
