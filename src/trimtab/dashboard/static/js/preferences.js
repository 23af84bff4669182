// Comparing pictures. A picture keeps its place while others go and come: what the server says is
// on the page is taken over card by card, and a new card fills the first gap.

import { call, inTurn, root, toast } from "./lib.js";
import { keepRaterName, raterName } from "./rateform.js";

const page = document.getElementById("preferences");
const path = page.dataset.src.slice(root.length);
const readOnly = Boolean(page.dataset.readOnly);
const rater = document.getElementById("rater");
const question = document.getElementById("question");

let busy = false; // a judgement is on its way

const cards = () => [...page.querySelectorAll("#cards > li")];
const numbers = () => cards().filter((card) => card.dataset.number).map((c) => +c.dataset.number);
const mode = () => document.querySelector("input[name=mode]:checked").value;

function take(text) {
  const fresh = document.createElement("div");
  fresh.innerHTML = text;
  const incoming = [...fresh.querySelectorAll("#cards > li")];
  const byNumber = new Map(incoming.filter((c) => c.dataset.number).map((c) => [c.dataset.number, c]));
  const waits = incoming.filter((card) => !card.dataset.number);
  const known = new Set(numbers().map(String));
  const news = [...byNumber.keys()].filter((number) => !known.has(number));
  const list = page.querySelector("#cards");
  for (const card of cards()) {
    if (byNumber.has(card.dataset.number)) {
      card.classList.remove("preference-chosen");
    } else {
      const next = news.length ? byNumber.get(news.shift()) : waits.shift();
      if (next) card.replaceWith(next);
      else card.remove();
    }
  }
  for (const number of news) list.append(byNumber.get(number));
  cards().slice(incoming.length).forEach((card) => card.remove());
  waits.forEach((card) => cards().length < incoming.length && list.append(card));
  list.dataset.token = fresh.querySelector("#cards").dataset.token;
  cards().forEach((card, i) => {
    const key = card.querySelector("kbd");
    if (key) key.textContent = i + 1;
  });
  for (const id of ["below", "judgements"]) {
    const had = page.querySelector(`#${id}`).contains(document.activeElement);
    const focused = had ? document.activeElement.id || document.activeElement.dataset.judgement : "";
    page.querySelector(`#${id}`).replaceWith(fresh.querySelector(`#${id}`));
    if (focused) {
      (document.getElementById(focused) ??
        page.querySelector(`[data-judgement="${CSS.escape(focused)}"]`))?.focus();
    }
  }
}

const refresh = inTurn(async () => {
  if (busy) return; // it ends with a refresh
  try {
    const response = await call(`${path}/choice`);
    const text = await response.text();
    if (!busy) take(text);
  } catch {
    // The reader was told; the next change tries again.
  }
});

async function send(address, body) {
  if (busy || readOnly) return;
  busy = true;
  try {
    await call(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    // The reader was told.
  }
  busy = false;
  await refresh();
}

async function judge(clicked, as) {
  const candidates = numbers();
  if (as !== "skip" && candidates.length < 2) {
    toast("At least two are needed to compare.");
    return;
  }
  if (!candidates.length || busy || readOnly) return;
  for (const card of cards()) {
    const gone = as === "best" ? card.dataset.number !== `${clicked}` : clicked === null || card.dataset.number === `${clicked}`;
    card.classList.toggle("preference-chosen", gone && Boolean(card.dataset.number));
  }
  const id = page.querySelector("#cards").dataset.token;
  await send(`${path}/judgements`, { id, candidates, clicked, mode: as, rater: rater.value.trim() });
}

function change(id, undone) {
  return send(`${path}/judgements/${encodeURIComponent(id)}`, { undone });
}

function undo() {
  const last = page.querySelector("[data-undone=yes]");
  if (last) return change(last.dataset.judgement, true);
  return undefined;
}

page.addEventListener("click", (event) => {
  if (event.target.closest("a, audio, video, summary, .file-model")) return;
  const clicked = event.target.closest("button, [data-pick]");
  if (!clicked) return;
  if (clicked.dataset.pick) judge(+clicked.dataset.pick, mode());
  else if (clicked.dataset.skip) judge(+clicked.dataset.skip, "skip");
  else if (clicked.dataset.judgement) change(clicked.dataset.judgement, clicked.dataset.undone === "yes");
  else if (clicked.id === "skip-all") judge(null, "skip");
  else if (clicked.id === "undo") undo();
});

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=radio]), textarea, select, dialog")) return;
  if (/^[1-9]$/.test(event.key)) {
    const card = cards()[event.key - 1];
    if (card?.dataset.number) judge(+card.dataset.number, mode());
  } else if (event.key === "s") judge(null, "skip");
  else if (event.key === "u") undo();
});

for (const input of document.querySelectorAll("input[name=mode]")) {
  if (input.value === localStorage.getItem("trimtab:preference-mode")) input.checked = true;
  input.addEventListener("change", ask);
}
function ask() {
  localStorage.setItem("trimtab:preference-mode", mode());
  question.textContent = `Which is the ${mode()}?`;
}
ask();

rater.value = raterName();
rater.addEventListener("change", () => keepRaterName(rater.value.trim()));

document.body.addEventListener("trimtab:changed", refresh);
