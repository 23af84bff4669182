// The Analytics page: what is chosen stands in the address, and the server makes the page of it. Of
// the new page only what differs is taken over: figures keep their zoom, and fields their focus.

import { inTurn, toast } from "./lib.js";
import { refresh, setFigure } from "./figures.js";
import { Brushes, termOf } from "./brush.js";

const view = document.getElementById("view");
const parallel = document.getElementById("figure-parallel");
const rows = () => [...document.querySelectorAll("#ranges .range")];
const where = () => document.getElementById("where");

const brushes = new Brushes(parallel, rows, () => compose());

function address() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(view)) {
    if (value !== "" && !(name === "objective" && value === "0")) query.append(name, value);
  }
  const text = query.toString();
  return location.pathname + (text && `?${text}`);
}

/** The filter made of the rows and of what else was written. */
function compose() {
  const { rest } = document.getElementById("ranges").dataset;
  where().value = [...rows().map(termOf), rest].filter(Boolean).join(" and ");
  load();
}

let asked = 0;

/** Ask for the page of what is chosen now; `parts` are replaced besides the table. */
async function load(parts = []) {
  const mine = ++asked;
  const url = address();
  history.replaceState(null, "", url);
  document.getElementById("matches").classList.add("htmx-request");
  let text;
  try {
    const response = await fetch(url, { headers: { accept: "text/html" } });
    if (!response.ok) throw new Error(String(response.status));
    text = await response.text();
  } catch {
    if (mine === asked) toast("The view could not be loaded.", "bad");
    return;
  } finally {
    document.getElementById("matches").classList.remove("htmx-request");
  }
  if (mine !== asked) return; // a later one is on its way
  const fresh = new DOMParser().parseFromString(text, "text/html");
  if (document.getElementById("nothing") && !fresh.getElementById("nothing")) location.reload();
  for (const id of ["matches", "chosen", ...parts]) {
    const now = fresh.getElementById(id);
    if (now) document.getElementById(id)?.replaceWith(document.adoptNode(now));
  }
  for (const figure of document.querySelectorAll("[data-figure][id]")) {
    const now = fresh.getElementById(figure.id);
    if (now) setFigure(figure, now.dataset.figure);
  }
  document.getElementById("clear").disabled = where().value === "";
  fit();
  brushes.draw();
}

/** On a phone many axes are wider than the screen: the figure scrolls. */
function fit() {
  const axes = new URL(parallel.dataset.figure, location.origin).searchParams.getAll("param").length + 1;
  const least = parallel.parentElement.clientWidth < 700 ? `${Math.round(axes * 84 + 90)}px` : "";
  if (parallel.style.minWidth === least) return;
  parallel.style.minWidth = least;
  if (parallel.dataset.drawn) window.Plotly.Plots.resize(parallel);
}

document.addEventListener("change", (event) => {
  if (event.target.closest("#ranges .range")) {
    delete event.target.dataset.open;
    brushes.draw();
    compose();
  } else if (event.target.form === view) {
    load(["ranges"]);
  }
});
view.addEventListener("submit", (event) => {
  event.preventDefault();
  load(["ranges"]);
});
document.addEventListener("click", (event) => {
  if (event.target.id === "clear") {
    where().value = "";
    load(["ranges"]);
  } else if (event.target.id === "none-chosen") {
    for (const box of view.querySelectorAll('[name="param"]')) box.checked = false;
    load(["ranges"]);
  }
  const chooser = view.querySelector(".chooser[open]");
  if (chooser && !chooser.contains(event.target)) chooser.open = false;
});
document.addEventListener("keydown", (event) => {
  const chooser = event.key === "Escape" && view.querySelector(".chooser[open]");
  if (!chooser) return;
  chooser.open = false;
  chooser.querySelector("summary").focus();
});
document.getElementById("find-param")?.addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const label of view.querySelectorAll(".chooser-list label")) {
    label.hidden = !label.textContent.toLowerCase().includes(wanted);
  }
});

// The table follows the study, as the figures do by themselves.
document.body.addEventListener(
  "trimtab:news",
  inTurn(() => load(rows().length ? [] : ["ranges"])),
);
new ResizeObserver(fit).observe(parallel.parentElement);
parallel.dataset.fixed = "";
fit();
refresh(parallel);
