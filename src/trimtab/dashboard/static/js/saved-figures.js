// Deletes figures that users kept with the study, once the reader agrees.

import { call } from "./lib.js";
import { confirmed } from "./confirm.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-delete-figure]");
  if (!button) return;
  if (!(await confirmed(`Delete the figure ${button.dataset.name}? It cannot be brought back.`))) return;
  await call(button.dataset.deleteFigure, { method: "POST" });
  const section = button.closest("section");
  button.closest(".saved").remove();
  if (!section.querySelector(".saved")) section.remove();
});
