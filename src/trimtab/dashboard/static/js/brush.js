// Ranges on the axes of the parallel coordinates. The form below the figure holds them (a row of
// fields or choices per axis, in the axes' order); here they are drawn over the figure and dragged.

const REACH = 14; // pixels to either side of an axis
const EDGE = 7; // pixels within which an end of a range is taken
const STILL = 4; // pixels that a click may wobble
const SVG = "http://www.w3.org/2000/svg";
const DIGITS = 4; // of a dragged bound, beyond what tells the ends of its axis apart

const clamp = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);

/** The value at a height from 0 to 1. */
function valueAt({ low, high, log }, height) {
  if (height <= 0) return low;
  if (height >= 1) return high;
  if (log) return 10 ** (Math.log10(low) + height * (Math.log10(high) - Math.log10(low)));
  return low + height * (high - low);
}

function heightOf({ low, high, log }, value) {
  if (low === high) return 0.5;
  if (log) return value <= 0 ? 0 : clamp(Math.log10(value / low) / Math.log10(high / low));
  return clamp((value - low) / (high - low));
}

/** A bound with as many digits as a hand can drag. */
function rounded(axis, value) {
  if (axis.integer) return Math.round(value);
  if (axis.log) return Number(value.toPrecision(DIGITS));
  const unit = 10 ** (Math.floor(Math.log10(axis.high - axis.low)) - DIGITS + 1);
  return Number((Math.round(value / unit) * unit).toPrecision(12));
}

export class Brushes {
  /**
   * @param figure the element that the figure is drawn in
   * @param rows   gives the rows of the form, in the order of the axes
   * @param changed called when a range was dragged
   */
  constructor(figure, rows, changed) {
    this.figure = figure;
    this.rows = rows;
    this.changed = changed;
    this.drag = null;
    this.layer = document.createElementNS(SVG, "svg");
    this.layer.classList.add("brushes");
    this.layer.setAttribute("aria-hidden", "true");
    // Before Plotly's own listeners: what is dragged here is no click on a point.
    figure.addEventListener("pointerdown", (event) => this.begin(event), true);
    // Plotly lays a cover over the page while a button is down, so the rest is heard by the window.
    window.addEventListener("pointermove", (event) => this.move(event), true);
    window.addEventListener("pointerup", () => this.end(), true);
    window.addEventListener("pointercancel", () => this.cancel(), true);
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.cancel());
    figure.addEventListener("trimtab:drawn", () => this.draw());
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(figure);
  }

  get axes() {
    return this.figure._fullLayout?.meta?.axes ?? [];
  }

  /** Where the axes stand, in pixels of the figure. */
  get frame() {
    const { xaxis, yaxis } = this.figure._fullLayout;
    return {
      x: (index) => xaxis._offset + xaxis.d2p(index),
      y: (height) => yaxis._offset + yaxis.d2p(height),
      height: (y) => yaxis.p2d(y - yaxis._offset),
    };
  }

  place(event) {
    const box = this.figure.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** The index of the axis at a place, or -1. */
  axisAt({ x, y }) {
    if (!this.axes.length || !this.figure._fullLayout.xaxis) return -1;
    const frame = this.frame;
    if (y < frame.y(1) - REACH || y > frame.y(0) + REACH) return -1;
    return this.axes.findIndex((_, index) => Math.abs(frame.x(index) - x) <= REACH);
  }

  /** The row of an axis; none while the figure and the form are of different parameters. */
  row(index) {
    const row = this.rows()[index];
    return row?.querySelectorAll("[data-literal]").length === this.axes[index]?.choices ? row : null;
  }

  /** The range of an axis as heights, or null. */
  heights(index) {
    const axis = this.axes[index];
    const row = this.row(index);
    if (!row) return null;
    if (axis.choices) {
      const places = [...row.querySelectorAll("[data-literal]")].flatMap((box, i) => (box.checked ? [i] : []));
      if (!places.length) return null;
      const top = Math.max(axis.choices - 1, 1);
      return places.map((i) => (axis.choices === 1 ? [0.46, 0.54] : [i / top - 0.3 / top, i / top + 0.3 / top]));
    }
    const [low, high] = ["low", "high"].map((end) => row.querySelector(`[data-bound="${end}"]`).value);
    if (low === "" && high === "") return null;
    return [[low === "" ? 0 : heightOf(axis, Number(low)), high === "" ? 1 : heightOf(axis, Number(high))]];
  }

  draw(preview = null) {
    if (!this.figure._fullLayout?.xaxis || !this.figure.dataset.drawn) return;
    if (this.layer.parentElement !== this.figure) this.figure.append(this.layer);
    this.layer.replaceChildren();
    const frame = this.frame;
    for (const index of this.axes.keys()) {
      const strip = this.rect("strip", frame.x(index) - REACH, frame.y(1), 2 * REACH, frame.y(0) - frame.y(1));
      this.layer.append(strip);
      const spans = preview?.index === index ? [preview.span] : this.heights(index);
      for (const [low, high] of spans ?? []) {
        const top = frame.y(Math.max(low, high));
        const bottom = frame.y(Math.min(low, high));
        this.layer.append(this.rect("range", frame.x(index) - 7, top - 1, 14, Math.max(bottom - top, 1) + 2));
      }
    }
  }

  rect(name, x, y, width, height) {
    const rect = document.createElementNS(SVG, "rect");
    for (const [key, value] of Object.entries({ class: name, x, y, width, height })) rect.setAttribute(key, value);
    return rect;
  }

  begin(event) {
    if (event.button !== 0 || event.target.closest(".figure-menu, .modebar")) return;
    const place = this.place(event);
    const index = this.axisAt(place);
    if (index < 0 || !this.row(index)) return;
    const frame = this.frame;
    const span = this.axes[index].choices ? null : this.heights(index)?.[0];
    let fixed = clamp(frame.height(place.y));
    let moved = null;
    if (span) {
      const [low, high] = span.map((height) => frame.y(height));
      if (Math.abs(place.y - high) <= EDGE) fixed = span[0];
      else if (Math.abs(place.y - low) <= EDGE) fixed = span[1];
      else if (place.y > high && place.y < low) moved = { span, from: fixed };
    }
    this.drag = { index, fixed, moved, start: place, isOn: false };
  }

  move(event) {
    const place = this.place(event);
    if (!this.drag) {
      const isOver = this.figure.contains(event.target) && this.axisAt(place) >= 0;
      this.figure.classList.toggle("on-axis", isOver);
      return;
    }
    if (!this.drag.isOn) {
      if (Math.abs(place.y - this.drag.start.y) < STILL) return;
      this.drag.isOn = true;
    }
    event.preventDefault();
    this.drag.span = this.spanTo(clamp(this.frame.height(place.y), -0.02, 1.02));
    this.draw({ index: this.drag.index, span: this.drag.span });
  }

  spanTo(height) {
    const { fixed, moved } = this.drag;
    if (!moved) return [Math.min(fixed, height), Math.max(fixed, height)];
    const [low, high] = moved.span;
    const shift = clamp(height - moved.from, -low, 1 - high);
    return [low + shift, high + shift];
  }

  end() {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    if (!drag.isOn && !this.heights(drag.index)) return; // a click that may open a trial
    this.figure.dataset.brushing = "";
    this.release();
    if (drag.isOn) this.write(drag.index, drag.span);
    else clearRow(this.rows()[drag.index]);
    this.draw();
    this.changed();
  }

  cancel() {
    if (!this.drag) return;
    this.drag = null;
    this.release();
    this.draw();
  }

  /** Plotly takes the end of a drag for a click; it comes right after this. */
  release() {
    setTimeout(() => delete this.figure.dataset.brushing, 100);
  }

  /** Put a range of heights into the form. */
  write(index, [low, high]) {
    const axis = this.axes[index];
    const row = this.row(index);
    if (!row) return;
    if (axis.choices) {
      const top = Math.max(axis.choices - 1, 1);
      const slack = 0.3 / top;
      row.querySelectorAll("[data-literal]").forEach((box, i) => {
        const height = axis.choices === 1 ? 0.5 : i / top;
        box.checked = height >= low - slack && height <= high + slack;
      });
      return;
    }
    const whole = axis.integer ? [Math.ceil, Math.floor] : [(value) => rounded(axis, value), (value) => rounded(axis, value)];
    const bounds = [low <= 0 ? "" : whole[0](valueAt(axis, low)), high >= 1 ? "" : whole[1](valueAt(axis, high))];
    ["low", "high"].forEach((end, i) => {
      const field = row.querySelector(`[data-bound="${end}"]`);
      field.value = String(bounds[i]);
      delete field.dataset.open;
    });
  }
}

/** Take the range off an axis. */
export function clearRow(row) {
  for (const field of row.querySelectorAll("[data-bound]")) {
    field.value = "";
    delete field.dataset.open;
  }
  for (const box of row.querySelectorAll("[data-literal]")) box.checked = false;
}

/** What a row says, as a condition of a filter; empty where it leaves nothing out. */
export function termOf(row) {
  const name = row.dataset.field;
  const boxes = [...row.querySelectorAll("[data-literal]")];
  if (boxes.length) {
    const chosen = boxes.filter((box) => box.checked).map((box) => box.dataset.literal);
    if (!chosen.length || chosen.length === boxes.length) return "";
    return chosen.length === 1 ? `${name} == ${chosen[0]}` : `${name} in (${chosen.join(", ")})`;
  }
  const [low, high] = ["low", "high"].map((end) => row.querySelector(`[data-bound="${end}"]`));
  const written = (field) => (field.value === "" || !Number.isFinite(field.valueAsNumber) ? "" : String(field.valueAsNumber));
  const smallest = written(low);
  const largest = written(high);
  const [above, below] = [low, high].map((field) => (field.dataset.open === undefined ? "=" : ""));
  if (smallest && largest) return `${smallest} <${above} ${name} <${below} ${largest}`;
  if (smallest) return `${name} >${above} ${smallest}`;
  return largest ? `${name} <${below} ${largest}` : "";
}
