// Draws the figures of a page: every element with data-figure, an address that answers with what
// plotly.js draws. A figure is drawn when it comes into sight, and again when the theme or the
// study changes; one that is out of sight waits until it is looked at.

import "./styles.js";
import { addMenu } from "./figure-menu.js";
import { openPoints } from "./points.js";
import { sketch } from "./sketch.js";
import { sparingly } from "./sparingly.js";

const NARROW = 600; // pixels, below which slices stand below each other

// A finger that drags is to scroll the page, and its double tap to stay what it is elsewhere.
const TOUCH = matchMedia("(hover: none) and (pointer: coarse)").matches;

const CONFIG = {
  responsive: true,
  displayModeBar: TOUCH ? false : "hover",
  displaylogo: false,
  showSendToCloud: false,
  showEditInChartStudio: false,
  plotlyServerURL: "",
  // Pictures are in the menu, which keys reach as well.
  modeBarButtonsToRemove: ["lasso2d", "select2d", "toImage"],
};

let plotly = null;

/** What a zoom belongs to: news, another theme and other ranges leave it alone. */
function identity(src) {
  const url = new URL(src, location.origin);
  for (const name of ["theme", "where", "columns"]) url.searchParams.delete(name);
  return url.pathname + url.search;
}

/** plotly.js, loaded when the first figure needs it. */
export function loadPlotly() {
  plotly ??= new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = document.documentElement.dataset.plotly;
    element.onload = () => resolve(window.Plotly);
    element.onerror = () => reject(new Error("The script that draws figures did not load."));
    document.head.append(element);
  });
  return plotly;
}

function address(element) {
  const url = new URL(element.dataset.figure, location.origin);
  url.searchParams.set("theme", document.documentElement.dataset.theme);
  if (/\/(slice|model)$/.test(url.pathname) && element.clientWidth < NARROW) url.searchParams.set("columns", "1");
  return url.pathname + url.search;
}

function showFault(element, message) {
  const note = document.createElement("p");
  note.className = "notice notice-bad";
  note.setAttribute("role", "alert");
  note.textContent = message;
  element.replaceChildren(note);
  delete element.dataset.drawn;
}

// One figure is asked for at a time, in the order of the page: the server draws them one after
// another anyway, and the first is what people look at.
let asked = Promise.resolve();

function ask(url) {
  const answer = asked.then(async () => {
    const response = await fetch(url, { headers: { accept: "application/json" } });
    return { ok: response.ok, text: await response.text() };
  });
  asked = answer.catch(() => null);
  return answer;
}

/** When what was changed is on the screen; a hidden page is not painted, and need not be. */
function painted() {
  return new Promise((resolve) => {
    if (document.hidden) resolve();
    else requestAnimationFrame(() => setTimeout(resolve));
  });
}

async function draw(element) {
  if (element.drawing) {
    element.again = true;
    return;
  }
  element.drawing = true;
  try {
    const url = address(element);
    const { ok, text } = await ask(url);
    // Not all that changes in a study changes each of its figures.
    if (element.dataset.drawn === url && text === element.drawnFrom) return;
    const body = JSON.parse(text);
    if (!ok) {
      showFault(element, body.error.message);
      return;
    }
    // What plotly.js has to draw first is seen before the browser has no time for anything else.
    if (!window.Plotly && sketch(element, body)) await painted();
    const library = await loadPlotly();
    const isFirst = !element.dataset.drawn;
    if (isFirst) element.replaceChildren();
    body.layout.autosize = true;
    body.layout.uirevision = identity(url);
    delete body.layout.width;
    // Figures of many rows say how high they are.
    element.style.height = body.layout.height ? `${body.layout.height}px` : "";
    if (element.dataset.fixed !== undefined || TOUCH) body.layout.dragmode = false;
    if (TOUCH && body.layout.scene) body.layout.scene.dragmode = "turntable";
    await library.react(element, body.data, body.layout, CONFIG);
    element.dataset.drawn = url;
    element.drawnFrom = text;
    if (isFirst) {
      openPoints(element, library);
      addMenu(element, library, () => address(element));
    }
    element.dispatchEvent(new CustomEvent("trimtab:drawn", { bubbles: true }));
  } catch {
    if (!element.dataset.drawn) showFault(element, "The figure could not be loaded.");
  } finally {
    element.drawing = false;
    if (element.again) {
      element.again = false;
      draw(element);
    }
  }
}

// A figure is drawn shortly before it comes into sight, and kept up to date while it is seen.
const nearness = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) catchUp(target);
  },
  { rootMargin: "200px" },
);
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    target.inSight = isIntersecting;
    if (isIntersecting) catchUp(target);
  }
});

function catchUp(element) {
  if (element.isStale === false) return;
  element.isStale = false;
  draw(element);
}

/** Draw a figure anew, at once if it is in sight. */
export function refresh(element) {
  element.isStale = !element.inSight;
  return element.inSight ? draw(element) : null;
}

/** Show another figure in an element. */
export function setFigure(element, src) {
  if (element.dataset.figure === src) return;
  element.dataset.figure = src;
  refresh(element);
}

function watch(within) {
  for (const element of within.querySelectorAll("[data-figure]")) {
    nearness.observe(element);
    sight.observe(element);
  }
}

async function refreshAll() {
  await Promise.allSettled([...document.querySelectorAll("[data-figure]")].map((element) => refresh(element)));
}

watch(document);
document.body.addEventListener("htmx:load", (event) => watch(event.detail.elt.parentElement ?? document));
document.body.addEventListener("trimtab:changed", sparingly(refreshAll));
document.addEventListener("trimtab:theme", refreshAll);
matchMedia(`(max-width: ${NARROW}px)`).addEventListener("change", refreshAll);
