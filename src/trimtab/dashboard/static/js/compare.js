// The comparison as it is wished for, in the address so that it can be shared.

import { setFigure } from "./figures.js";

const controls = document.getElementById("controls");
const objective = controls.elements.objective;

function redraw() {
  const query = new URLSearchParams(new FormData(controls));
  history.replaceState(history.state, "", `${location.pathname}?${query}`);
  for (const figure of document.querySelectorAll("[data-figure]")) {
    const options = new URLSearchParams(query);
    if (figure.dataset.figure.includes("/edf?")) {
      options.delete("x");
      options.delete("points");
    }
    setFigure(figure, `${figure.dataset.figure.split("?")[0]}?${options}`);
  }
}

controls.addEventListener("change", ({ target }) => {
  if (target === objective) controls.submit(); // the table is about another objective, too
  else redraw();
});
