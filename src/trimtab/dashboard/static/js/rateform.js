// The form by which a trial is rated: on the page of ratings and on the page of a trial.

/** The answers that stand in a form, one per widget; `pressed` is the button that was pressed. */
export function answersOf(form, pressed = null) {
  return [...form.querySelectorAll("[data-widget]")].map((widget) => {
    const name = `answer-${widget.dataset.index}`;
    switch (widget.dataset.widget) {
      case "choice": {
        if (form.dataset.quick === "1") return pressed ? Number(pressed.value) : null;
        const chosen = widget.querySelector("input:checked");
        return chosen ? Number(chosen.value) : null;
      }
      case "slider":
        return Number(form.elements[name].value);
      case "text":
        return form.elements[name].value;
      default:
        return null; // the trial's own attribute
    }
  });
}

/** Make the sliders of a form tell their number, and put their labels where they belong. */
export function setUpForm(form) {
  for (const slider of form.querySelectorAll(".slider")) {
    const input = slider.querySelector("input");
    const output = slider.querySelector("output");
    const show = () => {
      output.textContent = String(Number(Number(input.value).toPrecision(6)));
    };
    input.addEventListener("input", show);
    show();
    const labels = slider.parentElement.querySelector(".slider-labels");
    for (const label of labels?.children ?? []) {
      label.style.setProperty("--at", label.dataset.at);
      label.addEventListener("click", () => {
        input.value = label.dataset.value;
        show();
      });
    }
  }
}

/** Press the choice of a number key (1 to 9); returns whether there was one. */
export function pressChoice(form, digit) {
  const widgets = [...form.querySelectorAll('[data-widget="choice"]')];
  if (!widgets.length || form.querySelector(".rate-fields").disabled) return false;
  if (form.dataset.quick === "1") {
    const button = widgets[0].querySelectorAll("button.choice")[digit - 1];
    button?.click();
    return Boolean(button);
  }
  // The widget that has the focus, else the first without an answer, else the first.
  const focused = document.activeElement?.closest('[data-widget="choice"]');
  const widget =
    (widgets.includes(focused) && focused) ||
    widgets.find((each) => !each.querySelector("input:checked")) ||
    widgets[0];
  const input = widget.querySelectorAll("input")[digit - 1];
  if (!input) return false;
  input.checked = true;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

/** Tell under a form why it was refused; an empty text takes that away. */
export function showFault(form, message) {
  const fault = form?.querySelector(".rate-fault");
  if (!fault) return;
  fault.textContent = message;
  fault.hidden = !message;
}

/** The rater's name, as the cookie has it. */
export function raterName() {
  const entry = document.cookie.split("; ").find((each) => each.startsWith("trimtab_rater="));
  return entry ? decodeURIComponent(entry.slice(entry.indexOf("=") + 1)) : "";
}

/** Keep the rater's name for a year. */
export function keepRaterName(name) {
  const path = document.documentElement.dataset.root || "/";
  document.cookie = `trimtab_rater=${encodeURIComponent(name)}; path=${path}; max-age=31536000; samesite=strict`;
}

/** Ask for the rater's name; `onName` is called once it is kept. */
export function askRater(onName) {
  const dialog = document.getElementById("rater-dialog");
  const form = dialog.querySelector("form");
  form.elements.rater.value = raterName();
  form.onsubmit = (event) => {
    const name = form.elements.rater.value.trim();
    if (!name) {
      event.preventDefault();
      return;
    }
    keepRaterName(name);
    onName();
  };
  if (!dialog.open) dialog.showModal();
}
