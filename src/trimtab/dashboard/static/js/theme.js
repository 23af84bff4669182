// Light or dark: what the reader chose, else what the system says. Runs before the first paint.
(function () {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      const theme = localStorage.getItem("trimtab-theme");
      return theme === "light" || theme === "dark" ? theme : null;
    } catch {
      return null; // storage may be switched off
    }
  }

  function apply() {
    const theme = chosen() || (system.matches ? "dark" : "light");
    if (root.dataset.theme !== theme) {
      root.dataset.theme = theme;
      document.dispatchEvent(new CustomEvent("trimtab:theme", { detail: theme }));
    }
  }

  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#theme")) return;
    try {
      localStorage.setItem("trimtab-theme", root.dataset.theme === "dark" ? "light" : "dark");
    } catch {
      root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
      document.dispatchEvent(new CustomEvent("trimtab:theme", { detail: root.dataset.theme }));
    }
    apply();
  });
})();
