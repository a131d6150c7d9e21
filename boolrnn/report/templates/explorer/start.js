// Unpack the text, go where the address points, build the panels in their order.

/** The panels of this page; those of files that are not part of it are left out. */
function presentPanels() {
  return [
    typeof stripPanel === "function" ? stripPanel : null,
    typeof positionPanel === "function" ? positionPanel : null,
    typeof neuronPanel === "function" ? answered("neuron", data.neurons, neuronPanel) : null,
    typeof graphPanel === "function" ? answered("graph", data.graph, graphPanel) : null,
    typeof chartsPanel === "function" ? chartsPanel : null,
    typeof searchPanel === "function" ? searchPanel : null,
    typeof keysPanel === "function" ? keysPanel : null,
  ].filter(Boolean);
}

/** A panel, or in place of one that has no data the reason. */
function answered(id, block, panel) {
  if (block) return panel;
  const words = "Not known here: a question that this needs has no answer. The tables say which, and why.";
  return () => document.getElementById(id).append(el("p", { class: "note" }, words));
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
    const words = `The explorer stopped: ${error.message}`;
    document.getElementById("strip").prepend(el("p", { role: "alert" }, words));
    throw error; // the console says where
  })
  .finally(() => {
    document.documentElement.dataset.ready = "yes";
  });
