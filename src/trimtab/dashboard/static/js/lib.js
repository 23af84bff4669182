// What the scripts of the pages share.

/** The path below which the dashboard is mounted. */
export const root = document.documentElement.dataset.root;

/**
 * A function that runs `work`, one run at a time; asked for meanwhile, it runs once more. What it
 * shows is then the latest: no answer overtakes another, and changes without end hold none up.
 */
export function inTurn(work) {
  let isRunning = false;
  let again = false;
  return async () => {
    again = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (again) {
        again = false;
        await work();
      }
    } finally {
      isRunning = false;
    }
  };
}

/** Show a message for a while. `kind` is "good", "bad" or "". */
export function toast(text, kind = "") {
  const message = document.createElement("p");
  message.className = `toast ${kind && "toast-" + kind}`;
  message.textContent = text;
  document.getElementById("toasts").append(message);
  setTimeout(() => message.remove(), 6000);
}

/** An error that the reader was told of: who asked need not catch it. */
class Told extends Error {}
window.addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof Told) event.preventDefault();
});

/** Ask the server for something; an error is shown and thrown. Returns the response. */
export async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(root + path, {
      ...options,
      headers: { accept: "application/json", ...options.headers },
    });
  } catch {
    toast("The server does not answer.", "bad");
    throw new Told("The server does not answer.");
  }
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    const message = body?.error?.message ?? `The server answered ${response.status}.`;
    toast(message, "bad");
    throw new Told(message);
  }
  return response;
}
