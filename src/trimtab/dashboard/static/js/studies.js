// The list of studies: sorting and paging without a new page, what is chosen to be compared, and
// the dialogs that make and change studies.

import { root } from "./lib.js";

const filter = document.getElementById("filter");
const list = document.getElementById("list");

// ---------------------------------------------------------------- searching, sorting, paging

function ask() {
  window.htmx.trigger(filter, "submit");
}

// What is typed finds its first page; what happens to the studies leaves the page as it is.
filter.addEventListener("input", () => {
  filter.elements.page.value = 1;
});

list.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-sort], a[data-page]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.sort) filter.elements.sort.value = link.dataset.sort;
  filter.elements.page.value = link.dataset.page ?? 1;
  ask();
});

// ---------------------------------------------------------------- choosing what to compare

const chosen = new Set();
const bar = document.getElementById("chosen-bar");

function showChosen() {
  const shown = new Set();
  for (const box of list.querySelectorAll('input[name="study"]')) {
    shown.add(box.value);
    box.checked = chosen.has(box.value);
  }
  // Those on other pages of the list go with the form, too.
  const others = [...chosen].filter((ref) => !shown.has(ref));
  document.getElementById("picked").replaceChildren(
    ...others.map((ref) =>
      Object.assign(document.createElement("input"), { type: "hidden", name: "study", value: ref }),
    ),
  );
  bar.hidden = chosen.size === 0;
  document.getElementById("compare").disabled = chosen.size < 2;
  document.getElementById("chosen-count").textContent =
    chosen.size === 1 ? "1 study chosen; choose another to compare" : `${chosen.size} studies chosen`;
}

list.addEventListener("change", (event) => {
  const { name, value, checked } = event.target;
  if (name !== "study") return;
  if (checked) chosen.add(value);
  else chosen.delete(value);
  showChosen();
});
document.getElementById("choose-none").addEventListener("click", () => {
  chosen.clear();
  showChosen();
});
document.body.addEventListener("htmx:afterSwap", showChosen);
document.body.addEventListener("trimtab:changed", ({ detail }) => {
  for (const [ref, revision] of Object.entries(detail)) if (revision === null) chosen.delete(ref);
});
// A page that is come back to has its boxes ticked by the browser.
for (const box of list.querySelectorAll('input[name="study"]:checked')) chosen.add(box.value);
showChosen();

// ---------------------------------------------------------------- dialogs

const create = document.getElementById("create");
const manage = document.getElementById("manage");

for (const dialog of [create, manage]) {
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
}

document.querySelector('[data-open="create"]')?.addEventListener("click", () => create.showModal());

function showRemovers() {
  const rows = create.querySelectorAll("#objectives .objective");
  for (const button of create.querySelectorAll("[data-remove]")) button.hidden = rows.length < 2;
}

if (create) {
  const objectives = document.getElementById("objectives");
  document.getElementById("add-objective").addEventListener("click", () => {
    objectives.append(document.getElementById("objective").content.cloneNode(true));
    objectives.lastElementChild.querySelector("select").focus();
    showRemovers();
  });
  objectives.addEventListener("click", (event) => {
    if (!event.target.closest("[data-remove]")) return;
    event.target.closest(".objective").remove();
    document.getElementById("add-objective").focus();
    showRemovers();
  });
  showRemovers();
}

let managed = "";

function openManage({ manage: ref, name, archived }) {
  const isArchived = archived === "1";
  managed = name;
  document.getElementById("manage-title").textContent = name;
  document.getElementById("manage-name").value = name;
  document.getElementById("manage-delete").value = "";
  document.getElementById("manage-delete-button").disabled = true;
  document.getElementById("manage-archived").value = isArchived ? "0" : "1";
  document.getElementById("manage-archive").textContent = isArchived ? "Take back" : "Archive";
  document.getElementById("manage-archive-hint").textContent = isArchived
    ? "Archived: hidden from the list."
    : "Hides the study from the list; nothing is lost.";
  document.getElementById("manage-fault").replaceChildren();
  for (const form of manage.querySelectorAll("form")) {
    form.setAttribute("hx-post", `${root}/studies/${ref}/${form.dataset.action}`);
    window.htmx.process(form);
  }
  manage.showModal();
}

if (manage) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-manage]");
    if (button) openManage(button.dataset);
  });
  document.getElementById("manage-delete").addEventListener("input", ({ target }) => {
    document.getElementById("manage-delete-button").disabled = target.value.trim() !== managed;
  });
  document.body.addEventListener("trimtab:done", () => manage.close());
}
