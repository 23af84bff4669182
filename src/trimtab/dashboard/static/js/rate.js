// The page of ratings. The server makes the card: the trial that waits longest, the form, what was
// rated last. A part of it is replaced only when it has changed, so that what happens elsewhere
// never takes the form away from under a hand.

import { root, toast } from "./lib.js";
import { answersOf, askRater, pressChoice, raterName, setUpForm, showFault } from "./rateform.js";

const page = document.getElementById("rate");
const path = root + page.dataset.path;
const skippedKey = `trimtab-skipped:${path}`;
const dialog = document.getElementById("rater-dialog");
const loaded = new Map(); // pictures of the trials that come next, kept so that they stay loaded
const SLOW = 300; // milliseconds after which a form that is being sent looks so
const SETTLE = 400; // milliseconds in which a trial that came by itself cannot be rated by mistake
let isBusy = false;
let turn = 0; // grows with every question, so that a late answer to an earlier one is passed over
let cameAt = -SETTLE; // when another trial took the place of one that somebody else rated
let isStale = false;

const card = () => document.getElementById("rate-card");
const form = () => card().querySelector(".rate-form");
const number = () => (card().dataset.number === "" ? null : Number(card().dataset.number));
const isCorrection = () => card().dataset.correction === "1";

function skipped() {
  try {
    return JSON.parse(sessionStorage.getItem(skippedKey) ?? "[]");
  } catch {
    return [];
  }
}

function keepSkipped(numbers) {
  try {
    sessionStorage.setItem(skippedKey, JSON.stringify(numbers.slice(-200)));
  } catch {
    // Without storage a skipped trial comes back on the next visit.
  }
}

function afterChange() {
  document.title = (card().dataset.mine > 0 ? `(${card().dataset.mine}) ` : "") + page.dataset.title;
  for (const source of card().dataset.preload.split(" ").filter(Boolean)) {
    if (loaded.has(source)) continue;
    const image = new Image();
    image.src = root + source;
    loaded.set(source, image);
    if (loaded.size > 20) loaded.delete(loaded.keys().next().value);
  }
}

/** Take over a card. What has not changed is not touched: a film that is moved stops. */
function show(html, isAsked) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.querySelector("#rate-card");
  const shown = card();
  if (!isAsked && shown.dataset.number !== "" && shown.dataset.number !== fresh.dataset.number) {
    cameAt = performance.now();
  }
  const hadFocus = shown.contains(document.activeElement);
  for (const part of shown.querySelectorAll("[data-part]")) {
    const news = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    const isSame = part.dataset.key
      ? part.dataset.key === news.dataset.key
      : part.innerHTML === news.innerHTML;
    if (!isSame) part.replaceWith(news);
  }
  for (const { name, value } of fresh.attributes) shown.setAttribute(name, value);
  if (form() && !form().dataset.ready) {
    form().dataset.ready = "1";
    setUpForm(form());
  }
  if (hadFocus && !shown.contains(document.activeElement)) {
    (form()?.querySelector("input, textarea") ?? null)?.focus({ preventScroll: true });
  }
  document.body.dispatchEvent(new CustomEvent("trimtab:shown", { detail: shown }));
  afterChange();
}

async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    return { fault: "The server does not answer." };
  }
  if (response.ok) return response.text();
  const body = await response.json().catch(() => null);
  const fault = body?.error?.message ?? `The server answered ${response.status}.`;
  return { fault, isSettled: response.status === 409 };
}

const post = (where, body) =>
  ask(path + where, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ rater: raterName(), skipped: skipped(), ...body }),
  });

/** Show how things stand. `at` opens a trial to be corrected; null keeps the one that is shown. */
async function refresh(at = null, keep = number(), isAsked = false) {
  if (isBusy) {
    isStale = true;
    return;
  }
  const mine = ++turn;
  const query = new URLSearchParams();
  if (at !== null) query.set("at", at);
  else if (keep !== null) query.set("keep", keep);
  for (const each of skipped()) query.append("skip", each);
  const answer = await ask(`${path}/card?${query}`, { headers: { accept: "application/json" } });
  if (mine !== turn) {
    if (isAsked) refresh(at, keep, true); // something came in between
    return;
  }
  if (typeof answer === "string") show(answer, isAsked);
  else if (isAsked) toast(answer.fault, "bad");
}

async function change(where, body) {
  if (isBusy) return;
  isBusy = true;
  turn += 1;
  const slow = setTimeout(() => card().setAttribute("aria-busy", "true"), SLOW);
  try {
    const answer = await post(where, body);
    if (typeof answer === "string") {
      show(answer, true);
    } else {
      const message = `Not kept: ${answer.fault}`;
      showFault(form(), message);
      // Rated by others: the form goes, and what is said in it.
      if (answer.isSettled || !form()) toast(message, "bad");
      isStale = true;
    }
  } finally {
    clearTimeout(slow);
    card().removeAttribute("aria-busy");
    isBusy = false;
    if (isStale) {
      isStale = false;
      refresh(isCorrection() ? number() : null);
    }
  }
}

function submit(event) {
  if (!event.target.matches(".rate-form")) return;
  event.preventDefault();
  if (performance.now() - cameAt < SETTLE) return;
  if (!raterName()) {
    askName();
    return;
  }
  keepSkipped(skipped().filter((each) => each !== number()));
  change("", { number: number(), answers: answersOf(event.target, event.submitter) });
}

function skip() {
  if (number() === null || isCorrection()) return;
  keepSkipped([...skipped().filter((each) => each !== number()), number()]);
  refresh(null, null, true);
}

function undo() {
  if (card().querySelector('[data-act="undo"]')?.disabled === false) change("/undo", {});
}

const askName = () => askRater(() => refresh(null, number(), true));

page.addEventListener("submit", submit);
page.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const acts = {
    skip,
    undo,
    rater: askName,
    queue: () => refresh(null, null, true),
    correct: () => refresh(Number(button.dataset.number), null, true),
  };
  acts[button.dataset.act]();
});

document.addEventListener("keydown", (event) => {
  if (dialog.open || card().dataset.readOnly === "1") return;
  const isTyping = event.target.closest('textarea, select, input:not([type="radio"], [type="range"])');
  const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
  if (isTyping || event.repeat || event.altKey) return;
  if (isUndo) {
    event.preventDefault();
    undo();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  const key = event.key.toLowerCase();
  if (key === "s") skip();
  else if (key === "u") undo();
  else if (/^[1-9]$/.test(key) && form()) pressChoice(form(), Number(key));
  else if (key === "enter" && form() && !event.target.closest("button, a, summary")) {
    event.preventDefault();
    form().requestSubmit();
  }
});

let soon = 0; // what changes at once is asked for once, and never while something else is asked
document.body.addEventListener("trimtab:changed", () => {
  clearTimeout(soon);
  soon = setTimeout(() => refresh(isCorrection() ? number() : null), 50);
});

if (form()) {
  form().dataset.ready = "1";
  setUpForm(form());
}
afterChange();
if (!raterName() && card().dataset.readOnly !== "1") askName();
else if (skipped().length) refresh(isCorrection() ? number() : null);
