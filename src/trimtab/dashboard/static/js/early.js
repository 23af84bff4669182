// A click on a button may come before the scripts that know what it does: on a slow line they arrive
// after what they work on. It is held back, and made when they are there. Runs before the first paint.
(function () {
  "use strict";
  let button = null;

  function hold(event) {
    const target = event.target.closest("button");
    if (!target) return;
    button = target;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  document.addEventListener("click", hold, true);
  // Deferred scripts and modules have run by then; htmx does its part in the same event, and so a
  // turn of the loop later all are ready.
  document.addEventListener("DOMContentLoaded", () =>
    setTimeout(() => {
      document.removeEventListener("click", hold, true);
      button?.click();
    }),
  );
})();
