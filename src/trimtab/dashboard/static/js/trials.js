// The Trials page: the view is its address, the table is made by the server, and what changes is
// put in place without taking the focus, the selection or a text that is being selected away.

import { call, root, toast } from "./lib.js";
import { confirmed } from "./confirm.js";
import { sparingly, WORDS } from "./sparingly.js";

const form = document.getElementById("view");
const where = document.getElementById("where");
const fault = document.getElementById("filter-fault");
const bar = document.getElementById("selection");
const picked = new Set(numbersOf(results().dataset.selected));
let lastPicked = null;

function results() {
  return document.getElementById("results");
}

function numbersOf(text) {
  return text ? text.split(",").map(Number) : [];
}

// ------------------------------------------------------------------ the address

/** The first page of the view that the form names. */
function fromForm() {
  const query = new URLSearchParams(location.search);
  const next = new URLSearchParams();
  const filter = where.value.trim();
  if (filter) next.set("where", where.value);
  for (const name of ["sort", "desc"]) if (query.has(name)) next.set(name, query.get(name));
  if (form.elements.limit.value !== "50") next.set("limit", form.elements.limit.value);
  const columns = [...form.querySelectorAll('[name="col"]')];
  if (!columns.some((box) => "usual" in box.dataset)) {
    for (const box of columns) if (box.checked) next.append("col", box.value);
  }
  if (form.elements.archived.checked) next.set("archived", "1");
  return withPicked(next);
}

function withPicked(query) {
  query.delete("sel");
  if (picked.size) query.set("sel", [...picked].join(","));
  return query;
}

function text(query) {
  const written = query.toString();
  return written ? "?" + written : location.pathname;
}

// ------------------------------------------------------------------ the table

let asked = 0;

/** Get the rows of the present address. Returns whether the filter was read. */
async function load() {
  const turn = ++asked;
  const busy = setTimeout(() => results().setAttribute("aria-busy", "true"), 250);
  try {
    const response = await fetch(form.dataset.table + location.search, {
      headers: { "hx-request": "true" },
    });
    const html = await response.text();
    if (turn !== asked) return true; // a later question was asked meanwhile
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    where.toggleAttribute("aria-invalid", false);
    if (response.ok) {
      fault.replaceChildren();
      place(fresh.querySelector("#results"));
      return true;
    }
    if (fresh.querySelector(".filter-fault")) where.setAttribute("aria-invalid", "true");
    fault.replaceChildren(...fresh.childNodes);
    results().classList.add("stale");
    return false;
  } catch {
    if (turn === asked) toast("The server does not answer.", "bad");
    return true;
  } finally {
    clearTimeout(busy);
    results().removeAttribute("aria-busy");
  }
}

/** Put a new table in the place of the old one, keeping rows that are the same. */
function place(fresh) {
  const old = results();
  old.classList.remove("stale");
  const key = old.contains(document.activeElement) && document.activeElement.dataset.key;
  const body = old.querySelector("tbody");
  const freshBody = fresh.querySelector("tbody");
  if (body && freshBody) {
    const rows = new Map([...body.rows].map((row) => [row.dataset.number, row]));
    const kept = [...freshBody.rows].map((row) => {
      const known = rows.get(row.dataset.number);
      return known && known.innerHTML === row.innerHTML ? known : row;
    });
    for (const row of [...body.rows]) if (!kept.includes(row)) row.remove();
    kept.forEach((row, i) => {
      if (body.rows[i] !== row) body.insertBefore(row, body.rows[i] ?? null);
    });
    for (const part of ["thead", ".pager"]) {
      const [before, after] = [old.querySelector(part), fresh.querySelector(part)];
      if (before.innerHTML !== after.innerHTML) before.innerHTML = after.innerHTML;
    }
  } else {
    old.replaceChildren(...fresh.childNodes);
  }
  showPicked();
  if (key && !old.contains(document.activeElement)) {
    old.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  }
}

async function go(query, push = true) {
  history[push ? "pushState" : "replaceState"](null, "", text(query));
  return load();
}

// ------------------------------------------------------------------ the filter

let typing = null;
where.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => go(fromForm(), false), 300);
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(typing);
  if (await go(fromForm())) return;
  const at = fault.querySelector("[data-position]");
  if (!at) return;
  const start = Number(at.dataset.position);
  where.focus();
  where.setSelectionRange(start, start + Number(at.dataset.length));
});
form.addEventListener("change", (event) => {
  const box = event.target;
  if (box === where || box.id === "find-column") return;
  if (box.name === "col") {
    for (const each of form.querySelectorAll("[data-usual]")) delete each.dataset.usual;
  }
  go(fromForm());
});
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    where.focus();
  }
  if (event.key === "Escape") {
    const open = document.activeElement.closest("details.menu[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.getElementById("help").addEventListener("click", (event) => {
  const name = event.target.closest("[data-insert]")?.dataset.insert;
  if (!name) return;
  const gap = where.value && !/[\s(]$/.test(where.value) ? " " : "";
  where.value += gap + name + " ";
  document.getElementById("help").open = false;
  where.focus();
});
document.getElementById("find-column").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const label of form.querySelectorAll(".choices .choice")) {
    label.hidden = !label.textContent.toLowerCase().includes(wanted);
  }
});
document.getElementById("usual-columns").addEventListener("click", () => {
  const query = withPicked(new URLSearchParams(location.search));
  query.delete("col");
  location.assign(text(query));
});
for (const link of document.querySelectorAll("[data-export]")) {
  link.addEventListener("click", () => {
    const query = fromForm();
    link.href = `${root}${location.pathname.slice(root.length)}/export.${link.dataset.export}${query.size ? "?" + query : ""}`;
  });
}

// ------------------------------------------------------------------ links and history

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-view]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const query = withPicked(new URLSearchParams(new URL(link.href).search));
  where.value = query.get("where") ?? "";
  go(query);
});
window.addEventListener("popstate", () => {
  const query = new URLSearchParams(location.search);
  where.value = query.get("where") ?? "";
  picked.clear();
  for (const number of numbersOf(query.get("sel"))) picked.add(number);
  load();
});

// ------------------------------------------------------------------ the selection

function showPicked() {
  const boxes = [...document.querySelectorAll("[data-pick]")];
  for (const box of boxes) {
    box.checked = picked.has(Number(box.dataset.pick));
    box.closest("tr").classList.toggle("picked", box.checked);
  }
  const all = document.getElementById("pick-all");
  if (all) {
    const here = boxes.filter((box) => box.checked).length;
    all.checked = boxes.length > 0 && here === boxes.length;
    all.indeterminate = here > 0 && here < boxes.length;
  }
  bar.hidden = picked.size === 0;
  document.getElementById("selected-count").textContent = picked.size;
  const query = withPicked(new URLSearchParams(location.search));
  const compare = document.getElementById("compare");
  compare.href = `${location.pathname}/compare?${query}`;
}

function pick(numbers, on) {
  for (const number of numbers) {
    if (on) picked.add(number);
    else picked.delete(number);
  }
  history.replaceState(null, "", text(withPicked(new URLSearchParams(location.search))));
  showPicked();
}

document.addEventListener("click", (event) => {
  const box = event.target.closest("[data-pick], #pick-all");
  if (!box) return;
  const boxes = [...document.querySelectorAll("[data-pick]")];
  if (box.id === "pick-all") {
    pick(boxes.map((each) => Number(each.dataset.pick)), box.checked);
    return;
  }
  let chosen = [box];
  const from = boxes.findIndex((each) => each.dataset.pick === lastPicked);
  if (event.shiftKey && from >= 0) {
    const ends = [from, boxes.indexOf(box)].sort((a, b) => a - b);
    chosen = boxes.slice(ends[0], ends[1] + 1);
  }
  lastPicked = box.dataset.pick;
  pick(chosen.map((each) => Number(each.dataset.pick)), box.checked);
});
document.getElementById("unselect").addEventListener("click", () => {
  pick([...picked], false);
  where.focus();
});
bar.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  const numbers = [...picked];
  const what = numbers.length === 1 ? `trial ${numbers[0]}` : `those of the ${numbers.length} trials`;
  if (!(await confirmed(button.dataset.confirm?.replace("{}", what)))) return;
  const response = await call(form.dataset.actions, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ action: button.dataset.action, numbers }),
  });
  const done = await response.json();
  toast(done.message, Object.keys(done.refused).length ? "bad" : "good");
  load();
});

// ------------------------------------------------------------------ what changes meanwhile

function isReading() {
  const chosen = document.getSelection();
  return !chosen.isCollapsed && results().contains(chosen.anchorNode);
}

const loadSoon = sparingly(async () => {
  if (isReading()) {
    document.addEventListener("selectionchange", loadSoon, { once: true });
    return;
  }
  if (!where.hasAttribute("aria-invalid")) await load();
}, WORDS);
document.body.addEventListener("trimtab:changed", loadSoon);

showPicked();
