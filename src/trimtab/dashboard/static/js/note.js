// A note is shown, or edited beside its preview. It is saved only in place of the version that the
// editor began with: where someone else saved meanwhile, both texts are shown and none is lost.

import { call, root, toast } from "./lib.js";
import { sparingly, WORDS } from "./sparingly.js";

const PREVIEW_AFTER = 250; // milliseconds without a key

function setUp(part) {
  const path = part.dataset.note;
  const view = () => part.querySelector("[data-note-view]");
  const form = part.querySelector("form");

  async function reload() {
    const response = await fetch(`${root}${path}/view`).catch(() => null);
    if (response?.ok) {
      const holder = document.createElement("template");
      holder.innerHTML = await response.text();
      view().replaceWith(holder.content);
    }
    return Boolean(response?.ok);
  }

  if (!form) {
    document.body.addEventListener("trimtab:changed", sparingly(reload, WORDS));
    return;
  }
  const text = form.elements.body;
  const preview = form.querySelector("[data-note-preview]");
  const news = form.querySelector("[data-note-news]");
  const conflict = form.querySelector(".note-conflict");
  const theirs = form.querySelector("[data-note-theirs]");
  const editButton = part.querySelector("[data-note-edit]");
  let saved = text.value; // what the editor began with
  let timer = 0;

  const isDirty = () => !form.hidden && text.value !== saved;

  function show(editing) {
    form.hidden = !editing;
    editButton.parentElement.hidden = editing;
    view().hidden = editing;
    news.hidden = true;
    conflict.hidden = true;
    if (editing) {
      drawPreview();
      text.focus();
    } else {
      editButton.focus();
    }
  }

  async function drawPreview() {
    const response = await fetch(root + part.dataset.preview, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ body: text.value }),
    }).catch(() => null);
    if (!response) return;
    if (response.ok) {
      preview.innerHTML = await response.text();
      return;
    }
    const fault = await response.json().catch(() => null);
    preview.textContent = fault?.error?.message ?? "The preview cannot be made.";
  }

  function showConflict(note) {
    theirs.value = note.body;
    text.dataset.version = note.version;
    conflict.hidden = false;
    tellNews("Not saved: someone else saved this note while you were writing. Both texts are here.");
  }

  function tellNews(message) {
    news.hidden = false;
    news.textContent = message;
    news.scrollIntoView({ block: "nearest" });
  }

  async function save() {
    const response = await fetch(root + path, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ body: text.value, version: Number(text.dataset.version) }),
    }).catch(() => null);
    if (!response) {
      tellNews("Not saved: The server does not answer.");
      return;
    }
    const answer = await response.json().catch(() => null);
    if (response.status === 409 && answer?.error?.detail?.note) {
      showConflict(answer.error.detail.note);
      return;
    }
    if (!response.ok) {
      tellNews(`Not saved: ${answer?.error?.message ?? `The server answered ${response.status}.`}`);
      return;
    }
    saved = text.value;
    text.dataset.version = answer.version;
    await reload();
    show(false);
    toast("Saved.", "good");
  }

  editButton.addEventListener("click", async () => {
    // What is edited is the note as it is now.
    const current = await call(`${path}/source`);
    const note = await current.json();
    text.value = saved = note.body;
    text.dataset.version = note.version;
    show(true);
  });
  form.querySelector("[data-note-cancel]").addEventListener("click", () => {
    if (isDirty() && !confirm("Drop what you wrote?")) return;
    reload().then(() => show(false));
  });
  form.querySelector("[data-note-take]").addEventListener("click", () => {
    text.value = `${text.value.replace(/\s*$/, "")}\n\n${theirs.value}`;
    drawPreview();
    text.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
    }
  });
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(drawPreview, PREVIEW_AFTER);
  });
  window.addEventListener("beforeunload", (event) => {
    if (isDirty()) event.preventDefault();
  });
  const update = sparingly(async () => {
    const before = view().dataset.version;
    const isEditing = !form.hidden;
    if (!(await reload())) return;
    view().hidden = isEditing;
    if (isEditing && view().dataset.version !== before && view().dataset.version !== text.dataset.version) {
      news.hidden = false;
      news.textContent = "Someone else saved this note while you are writing. Save to see both texts.";
    }
  }, WORDS);
  document.body.addEventListener("trimtab:changed", update);
}

for (const part of document.querySelectorAll("[data-note]")) setUp(part);
