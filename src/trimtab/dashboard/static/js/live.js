// Listens to what changed and says so to the page: `trimtab:changed` on the body, with {ref:
// revision}, for htmx (hx-trigger="trimtab:changed from:body") and for scripts. A page names the
// study it shows in the body's data-live; none means all studies. data-seen tells of which revisions
// the page was made: what came while it was on its way is a change, too. Without it all is news.
//
// A hidden tab does not listen: browsers allow six connections to a server, and tabs are many. When
// it is shown again the first event tells where things stand.

import { root } from "./lib.js";

const refs = document.body.dataset.live.split(/\s+/).filter(Boolean);
const query = refs.map((ref) => `study=${encodeURIComponent(ref)}`).join("&");
const address = `${root}/events${query ? "?" + query : ""}`;
const indicator = document.getElementById("live");

const RETRY = 5000; // milliseconds

let source = null;
let known = JSON.parse(document.body.dataset.seen || "{}"); // revisions by ref, as last told
let isGone = false; // the study that the page shows was deleted
let fault = null; // what is wrong with the storage
let isMissing = false; // what the page asks for now, it may not get

// Why the page is not live is told at its foot, where it moves nothing from under a hand; after a
// while, as a page that is being left is cut off, too.
const TELL_AFTER = 1500; // milliseconds
const away = document.body.appendChild(document.createElement("div"));
away.className = "away";
away.setAttribute("role", "alert");
let tellingAway = null;

function tellAway(reason) {
  const text = document.createElement("p");
  text.textContent = `${reason} The page shows what was last known, and goes on by itself.`;
  if (away.textContent !== text.textContent) away.replaceChildren(text);
}

const usualTitle = indicator?.title;

let shown = "";

function show(state, text, reason = "") {
  // A page that is told twenty times a second that all is well is not laid out each time.
  const showing = JSON.stringify([state, text, reason]);
  if (showing === shown) return;
  shown = showing;
  if (indicator) {
    indicator.dataset.state = state;
    indicator.querySelector(".live-text").textContent = text;
    indicator.title = reason || usualTitle;
  }
  clearTimeout(tellingAway);
  if (!reason) away.replaceChildren();
  else if (away.childElementCount) tellAway(reason);
  else tellingAway = setTimeout(tellAway, TELL_AFTER, reason);
}

function showFault(reason, state = "off", text = "offline") {
  isMissing = true;
  show(state, text, reason);
}

function showLive() {
  if (fault) return showFault(fault, "fault", "storage away");
  show("on", "live");
  return null;
}

// For what is costly to bring up to date there is `trimtab:news`: at once after a silence, then once
// a second, less often while changes go on and on, and always after the last one.
const PAUSE = 1000;
const LONG_PAUSE = 3000;
const STREAK = 5;
let toldAt = -LONG_PAUSE;
let streak = 0;
let telling = null;

function tellSoon() {
  if (telling !== null) return;
  const silence = performance.now() - toldAt;
  streak = silence > LONG_PAUSE + PAUSE ? 0 : streak + 1;
  const wait = (streak > STREAK ? LONG_PAUSE : PAUSE) - silence;
  telling = setTimeout(() => {
    telling = null;
    toldAt = performance.now();
    document.body.dispatchEvent(new CustomEvent("trimtab:news"));
  }, Math.max(wait, 0));
}

/** Say that the study is gone. The page stays as it is: what was typed can still be copied. */
function tellGone() {
  isGone = true;
  source.close();
  source = null;
  show("off", "deleted");
  const notice = document.createElement("p");
  notice.className = "notice notice-bad";
  notice.setAttribute("role", "alert");
  const list = document.createElement("a");
  list.href = `${root}/`;
  list.textContent = "All studies";
  notice.append("This study was deleted. The page shows what was last known of it. ", list);
  document.getElementById("main").prepend(notice);
}

function onChanged(event) {
  const changed = JSON.parse(event.data);
  if (refs.length === 1 && changed[refs[0]] === null) return tellGone();
  const news = {};
  for (const [ref, revision] of Object.entries(changed)) {
    if (known[ref] !== revision) news[ref] = revision;
  }
  known = { ...known, ...changed };
  showLive();
  tell(news);
}

/** Say what is new; whoever comes back asks for everything, as it did not get what it asked for. */
function tell(news) {
  const isBack = isMissing && !fault;
  if (isBack) isMissing = false;
  if (isBack || Object.keys(news).length) {
    document.body.dispatchEvent(new CustomEvent("trimtab:changed", { detail: news }));
    tellSoon();
  }
}

function onStorage(event) {
  fault = JSON.parse(event.data);
  showLive();
  tell({});
}

/** Ask why a stream was refused, which an EventSource does not tell. */
async function tellRefusal() {
  const asking = new AbortController();
  const options = { headers: { accept: "application/json" }, signal: asking.signal };
  const response = await fetch(address, options).catch(() => null);
  if (response?.ok) asking.abort();
  const body = response?.ok === false ? await response.json().catch(() => null) : null;
  if (body && !source) showFault(body.error.message);
}

function listen() {
  if (source || isGone || document.hidden) return;
  source = new EventSource(address);
  source.onopen = () => {
    fault = null; // it is told before all else if there is one
  };
  source.addEventListener("changed", onChanged);
  source.addEventListener("storage", onStorage);
  source.onerror = () => {
    showFault("The server does not answer.");
    // The browser tries again by itself after a broken connection, not after a refusal.
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(listen, RETRY);
      tellRefusal();
    }
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
    source = null;
  } else {
    listen();
  }
});
window.addEventListener("pagehide", () => {
  source?.close();
  source = null;
});
window.addEventListener("pageshow", listen);
listen();
