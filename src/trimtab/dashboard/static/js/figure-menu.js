// The menu of a figure: the picture as PNG or SVG, a page that opens anywhere, the data as JSON.

import { toast } from "./lib.js";

const FORMATS = [
  ["PNG", "a picture"],
  ["SVG", "a picture that scales"],
  ["HTML", "a page that opens anywhere"],
  ["JSON", "the figure's data"],
];

function fileName(address) {
  return new URL(address, location.origin).pathname.split("/").slice(-3).join("-").replace("studies-", "");
}

async function save(format, element, library, address) {
  const kind = format.toLowerCase();
  if (kind === "png" || kind === "svg") {
    const { width, height } = element.getBoundingClientRect();
    await library.downloadImage(element, { format: kind, width, height, scale: 2, filename: fileName(address) });
    return;
  }
  const url = new URL(address, location.origin);
  url.searchParams.set("download", kind);
  const link = document.createElement("a");
  link.href = url.pathname + url.search;
  link.download = "";
  link.click();
}

/** Add the menu to a figure; `address` says where its data is now. */
export function addMenu(element, library, address) {
  const menu = document.createElement("details");
  menu.className = "figure-menu";
  const button = document.createElement("summary");
  button.textContent = "⋯";
  button.title = "Save the figure";
  button.setAttribute("aria-label", `Save the figure: ${element.getAttribute("aria-label") ?? ""}`);
  const list = document.createElement("div");
  list.className = "figure-menu-list";
  for (const [format, hint] of FORMATS) {
    const item = document.createElement("button");
    item.type = "button";
    item.className = "quiet";
    item.textContent = `${format}: ${hint}`;
    item.addEventListener("click", async () => {
      menu.open = false;
      button.focus();
      try {
        await save(format, element, library, address());
      } catch {
        toast("The figure could not be saved.", "bad");
      }
    });
    list.append(item);
  }
  menu.append(button, list);
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    button.focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  element.append(menu);
}
