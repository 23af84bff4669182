// The page of one trial: its buttons, its keys, and what changes while one looks on.

import { confirmed } from "./confirm.js";
import { call, inTurn, toast } from "./lib.js";
import { sparingly, WORDS } from "./sparingly.js";

function shown() {
  return document.getElementById("trial");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("#trial [data-action]");
  if (!button || !(await confirmed(button.dataset.confirm))) return;
  button.disabled = true;
  try {
    const response = await call(shown().dataset.actions, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        action: button.dataset.action,
        numbers: [Number(shown().dataset.number)],
      }),
    });
    const done = await response.json();
    toast(done.message, Object.keys(done.refused).length ? "bad" : "good");
    await update();
  } finally {
    button.disabled = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog")) return;
  const id = { n: "next", p: "previous" }[event.key];
  if (id) document.getElementById(id)?.click();
});

function isBusy() {
  const chosen = document.getSelection();
  const field = document.activeElement?.closest("input, textarea, select");
  return (
    (!chosen.isCollapsed && shown().contains(chosen.anchorNode)) ||
    (field && shown().contains(field))
  );
}

/** Put in place what has changed, part by part, so that figures and focus stay. */
const update = inTurn(async () => {
  const response = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return;
  const text = await response.text();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  merge(shown(), fresh.getElementById("trial"));
});

function merge(old, fresh) {
  if (!fresh || old.innerHTML === fresh.innerHTML) return;
  if (old.matches("[data-figure], [data-own]")) return; // kept up to date by a script of its own
  const [before, after] = [[...old.children], [...fresh.children]];
  const alike =
    before.length > 0 &&
    before.length === after.length &&
    before.every((child, i) => child.tagName === after[i].tagName && child.id === after[i].id) &&
    before.some((child) => child.querySelector("section, [data-figure]") || child.matches("section, .columns, .stack"));
  if (alike) {
    before.forEach((child, i) => merge(child, after[i]));
    return;
  }
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const key = focused && (focused.id || focused.dataset.action);
  const isOpen = [...old.querySelectorAll("details")].map((each) => each.open);
  const figures = [...old.querySelectorAll("[data-figure]")];
  old.replaceChildren(...fresh.childNodes);
  old.querySelectorAll("details").forEach((each, i) => (each.open = isOpen[i] ?? each.open));
  for (const figure of old.querySelectorAll("[data-figure]")) {
    const drawn = figures.find((each) => each.dataset.figure === figure.dataset.figure);
    if (drawn) figure.replaceWith(drawn);
    else document.body.dispatchEvent(new CustomEvent("htmx:load", { detail: { elt: figure } }));
  }
  if (key) {
    old.querySelector(`#${CSS.escape(key)}, [data-action="${CSS.escape(key)}"]`)?.focus();
  }
}

const updateSparingly = sparingly(async () => {
  if (!isBusy()) await update();
}, WORDS);
document.body.addEventListener("trimtab:changed", updateSparingly);
