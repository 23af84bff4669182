// The gallery follows its study: the grid is asked for anew when something has changed. What the
// form says is in the address, so that a view can be shared.

import { sparingly, WORDS } from "./sparingly.js";

const form = document.getElementById("gallery-form");

async function refresh() {
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("gallery");
    const old = document.getElementById("gallery");
    if (!fresh || fresh.innerHTML === old.innerHTML) return;
    // Pictures that are there already are moved, not loaded again.
    const known = new Map([...old.querySelectorAll("li")].map((item) => [item.innerHTML, item]));
    for (const item of fresh.querySelectorAll("li")) {
      const same = known.get(item.innerHTML);
      if (same) item.replaceWith(same);
    }
    old.replaceWith(fresh);
  } catch {
    // The indicator of the page says that the server is away.
  }
}

form.addEventListener("change", (event) => {
  if (event.target.matches("select")) form.requestSubmit();
});
document.body.addEventListener("trimtab:changed", sparingly(refresh, WORDS));
