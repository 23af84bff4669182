// The overview of a study: the history as it is wished for, in the address so that it can be
// shared, and what comes in sight when there is something to see.

import { setFigure } from "./figures.js";

const controls = document.getElementById("history-controls");
const figure = document.querySelector('[data-figure*="/figures/history"]');
const OPTIONS = { log: "log", pruned: "include_pruned", x: "x", objective: "target" };
const USUAL = { x: "number", objective: "0" };

controls?.addEventListener("submit", (event) => event.preventDefault());
controls?.addEventListener("change", () => {
  const address = new URL(location.href);
  const options = new URLSearchParams();
  for (const name of Object.keys(OPTIONS)) address.searchParams.delete(name);
  for (const [name, value] of new FormData(controls)) {
    if (value !== USUAL[name]) address.searchParams.set(name, value);
    options.set(OPTIONS[name], value);
  }
  history.replaceState(history.state, "", address);
  setFigure(figure, `${controls.dataset.figureRoot}?${options}`);
});

document.body.addEventListener("htmx:afterSwap", () => {
  const facts = document.getElementById("facts");
  if (!facts) return;
  document.getElementById("pictures").hidden = facts.dataset.total === "0";
  const lineage = document.getElementById("lineage");
  if (lineage) lineage.hidden = facts.dataset.lineage === "0";
  const intermediate = document.getElementById("intermediate");
  if (intermediate) intermediate.hidden = facts.dataset.reports === "0";
});
