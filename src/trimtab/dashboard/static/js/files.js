// Files of a study or a trial: taken in by choosing or dropping, with progress, and removed.

import { call, root, toast } from "./lib.js";
import { setUpModels } from "./models.js";
import { sparingly, WORDS } from "./sparingly.js";

function megabytes(bytes) {
  return `${(bytes / 2 ** 20).toLocaleString(undefined, { maximumFractionDigits: 1 })} MB`;
}

function uploadOne(form, file) {
  const line = document.createElement("li");
  const label = document.createElement("span");
  const bar = document.createElement("progress");
  label.textContent = file.name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  line.append(label, bar);
  form.querySelector(".file-progress").append(line);

  function fail(message) {
    line.replaceChildren(`${file.name}: ${message}`);
    line.className = "notice notice-bad";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "quiet";
    close.textContent = "Dismiss";
    close.addEventListener("click", () => line.remove());
    line.append(" ", close);
  }

  const limit = Number(form.dataset.limit);
  if (file.size > limit) {
    fail(`${megabytes(file.size)} is more than the ${megabytes(limit)} that a file may have.`);
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", root + form.dataset.drop);
    request.setRequestHeader("x-file-name", encodeURIComponent(file.name));
    request.setRequestHeader("content-type", "application/octet-stream");
    request.setRequestHeader("accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => {
      if (request.status < 300) {
        line.remove();
        resolve(true);
        return;
      }
      let message = `the server answered ${request.status}.`;
      try {
        message = JSON.parse(request.responseText).error.message;
      } catch {
        // It was no answer of ours.
      }
      fail(message);
      resolve(false);
    });
    request.addEventListener("error", () => {
      fail("the upload was cut off; nothing was kept.");
      resolve(false);
    });
    request.send(file);
  });
}

async function upload(form, files) {
  let kept = 0;
  for (const file of files) kept += await uploadOne(form, file); // one after the other
  if (!kept) return;
  toast(kept === 1 ? "The file is there." : `${kept} files are there.`, "good");
  refresh(form);
}

/** Show the list of files around an element as it is now. */
async function refresh(element) {
  const view = element.closest("[data-files-view]");
  if (!view) return;
  const response = await fetch(view.dataset.filesView).catch(() => null);
  if (!response?.ok) return; // the next change asks again
  const holder = document.createElement("template");
  holder.innerHTML = await response.text();
  const fresh = holder.content.querySelector("[data-files]");
  const old = view.querySelector("[data-files]");
  if (fresh.textContent === old.textContent) return; // what is open stays open
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  setUpModels(fresh);
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-drop]");
  if (!form || event.target.type !== "file") return;
  upload(form, [...event.target.files]);
  event.target.value = "";
});

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("[data-drop]");
    if (form) form.classList.add("over");
    if (document.querySelector("[data-drop]")) event.preventDefault();
  });
}
document.addEventListener("dragleave", (event) => {
  event.target.closest?.("[data-drop]")?.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  const form = event.target.closest?.("[data-drop]") ?? document.querySelector("[data-drop]");
  if (!form) return;
  event.preventDefault();
  form.classList.remove("over");
  if (event.dataTransfer.files.length) upload(form, [...event.dataTransfer.files]);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-delete]");
  if (!button) return;
  const file = button.closest("[data-file]");
  const name = file.querySelector(".file-name").textContent;
  if (!confirm(`Delete ${name}? It cannot be brought back.`)) return;
  await call(file.dataset.file, { method: "DELETE" }).catch(() => null);
  refresh(file);
});

/** Say in the place of a picture, a sound or a video that there is none. */
function tellGone(media) {
  const name = media.alt || media.ariaLabel;
  if (!name || !media.src.includes(`${root}/artifacts/`)) return;
  const notice = document.createElement("p");
  notice.className = "notice notice-bad";
  notice.textContent = `${name} cannot be shown: its content is gone or damaged.`;
  (media.closest(".file-image, .file-sound") ?? media).replaceWith(notice);
}
document.addEventListener("error", (event) => {
  if (event.target.matches?.("img, audio, video")) tellGone(event.target);
}, true);
for (const image of document.images) if (image.complete && !image.naturalWidth) tellGone(image);
for (const media of document.querySelectorAll("audio, video")) if (media.error) tellGone(media);

document.body.addEventListener(
  "trimtab:changed",
  sparingly(
    () => Promise.all([...document.querySelectorAll("[data-files-view]")].map((view) => refresh(view.firstElementChild))),
    WORDS,
  ),
);
document.body.addEventListener("trimtab:shown", (event) => {
  window.htmx?.process(event.detail);
  setUpModels(event.detail);
});
setUpModels(document);
