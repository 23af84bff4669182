// The form of ratings on the page of a trial: given, corrected, taken back.

import { root, toast } from "./lib.js";
import { answersOf, askRater, raterName, setUpForm, showFault } from "./rateform.js";

const section = document.getElementById("rating");
const path = root + section.dataset.rate;
const form = () => section.querySelector(".rate-form");

/** Show the form as the server has it now, unless someone is filling it in. */
async function refresh(isForced = false) {
  if (!isForced && section.contains(document.activeElement)) return;
  const response = await fetch(`${path}/card?at=${section.dataset.number}`).catch(() => null);
  if (!response?.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = await response.text();
  const fresh = holder.content.querySelector('[data-part="form"]');
  const old = section.querySelector('[data-part="form"]');
  if (fresh.dataset.key === old.dataset.key) return;
  old.replaceWith(fresh);
  section.querySelector(".rate-who")?.replaceWith(holder.content.querySelector(".rate-who"));
  const undo = section.querySelector('[data-act="undo"]');
  if (undo) undo.hidden = form().dataset.given !== "1";
  setUpForm(form());
}

async function post(where, body) {
  const response = await fetch(path + where, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ rater: raterName(), number: Number(section.dataset.number), ...body }),
  }).catch(() => null);
  if (!response) {
    showFault(form(), "Not kept: The server does not answer.");
    return;
  }
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    const fault = answer?.error?.message ?? `The server answered ${response.status}.`;
    showFault(form(), `Not kept: ${fault}`);
    return;
  }
  toast(where ? "Taken back." : "Rated.", "good");
  refresh(true);
}

section.addEventListener("submit", (event) => {
  if (!event.target.matches(".rate-form")) return; // that of the name
  event.preventDefault();
  const answers = answersOf(event.target, event.submitter);
  if (raterName()) post("", { answers });
  else askRater(() => post("", { answers }));
});
section.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "rater") askRater(() => refresh(true));
  else if (act === "undo") post("/undo", {});
});
document.body.addEventListener("trimtab:changed", () => refresh());
setUpForm(form());
