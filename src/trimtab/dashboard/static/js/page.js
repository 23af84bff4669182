// What every page does: messages, times in the reader's own zone, and the numbers beside its tabs.

import { toast } from "./lib.js";
import { sparingly, WORDS } from "./sparingly.js";

function localTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]:not([data-local])")) {
    const when = new Date(time.dateTime);
    if (Number.isNaN(when.valueOf())) continue;
    time.dataset.local = "";
    time.title = when.toLocaleString();
  }
}

const UNITS = [["d", 86400], ["h", 3600], ["min", 60]];

function ago(seconds) {
  if (seconds < 3) return "just now";
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

// The clocks of the server and of the reader may differ: what counts is how both go on.
const ahead = Date.now() - Date.parse(document.documentElement.dataset.now);

function tick() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = ago((Date.now() - ahead - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}

// On a phone the tabs are wider than the page: the one that is open is to be seen.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

setInterval(tick, 5000);
localTimes(document);
document.body.addEventListener("htmx:load", (event) => localTimes(event.detail.elt));
document.body.addEventListener("htmx:sendError", () => toast("The server does not answer.", "bad"));
document.body.addEventListener("trimtab:toast", (event) =>
  toast(event.detail.text, event.detail.kind),
);

async function refreshBadge(badge) {
  const response = await fetch(badge.dataset.badge).catch(() => null);
  if (response?.ok) badge.textContent = await response.text();
}
document.body.addEventListener(
  "trimtab:changed",
  sparingly(() => Promise.all([...document.querySelectorAll("[data-badge]")].map(refreshBadge)), WORDS),
);
