// A figure's first picture, from the same data as plotly.js draws it: that is large, and takes a
// browser that sees it for the first time a second until it runs. The sketch has the points, lines
// and axes of a figure of numbers along numbers; others have none, and wait.

const SVG = "http://www.w3.org/2000/svg";
const ARRAYS = { i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array };
const TICKS = 6;
const CHARACTER = 6.2; // pixels, of a tick's label
const PAD = 0.055; // of an axis, beyond its values on either side, as plotly.js leaves

/** The numbers of a trace's column, which comes as a list or as bytes; null where it has others. */
function numbers(column) {
  if (column?.bdata !== undefined) {
    const type = ARRAYS[column.dtype];
    if (!type || column.shape) return null;
    return [...new type(Uint8Array.from(atob(column.bdata), (c) => c.charCodeAt(0)).buffer)];
  }
  return Array.isArray(column) && column.every((v) => v === null || typeof v === "number") ? column : null;
}

/** Round steps that divide a range into about as many parts as there are to be ticks. */
function ticksOf(low, high) {
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}

/** An axis: from a value to its share of the length, and the values that are labelled. */
function axisOf(values, layout) {
  const isLog = layout.type === "log";
  const scale = isLog ? Math.log10 : (value) => value;
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    const at = value === null ? NaN : scale(value);
    if (at < low && at > -Infinity) low = at;
    if (at > high && at < Infinity) high = at;
  }
  if (!(high >= low)) return null;
  const margin = (high - low) * PAD || Math.abs(high) * PAD || 1;
  low -= margin;
  high += margin;
  const ticks = ticksOf(low, high).filter((at) => !isLog || Number.isInteger(at));
  return {
    share: (value) => (value === null ? NaN : (scale(value) - low) / (high - low)),
    ticks: ticks.map((at) => ({ at: (at - low) / (high - low), text: label(isLog ? 10 ** at : at) })),
  };
}

function label(value) {
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return value.toExponential(0);
  return value.toLocaleString("en", { maximumSignificantDigits: 6 });
}

function add(parent, name, attributes, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  parent.append(element);
  return element;
}

/** What of a figure's traces can be sketched, or null if one cannot. */
function columnsOf(traces) {
  const found = traces.map((trace) => ({ trace, x: numbers(trace.x), y: numbers(trace.y) }));
  return found.length && found.every(({ trace, x, y }) => trace.type === "scatter" && x && y) ? found : null;
}

/** A path through the points: steps or a line; else marks, which are lines without length. */
function pathOf({ trace, x, y }, across, down) {
  const isLine = trace.mode === "lines";
  const next = trace.line?.shape === "hv" ? (left, top) => `H${left}V${top}` : (left, top) => `L${left} ${top}`;
  let text = "";
  for (let i = 0; i < x.length; i++) {
    const left = across(x[i]);
    const top = down(y[i]);
    if (!Number.isFinite(left) || !Number.isFinite(top)) continue;
    const [h, v] = [left.toFixed(1), top.toFixed(1)];
    text += isLine && text ? next(h, v) : `M${h} ${v}${isLine ? "" : "h0"}`;
  }
  return text;
}

/** Draw a figure's first picture in an element. Returns whether it has one. */
export function sketch(element, { data, layout }) {
  const columns = columnsOf(data);
  const { width, height } = element.getBoundingClientRect();
  if (!columns || !width || layout.xaxis?.type === "date") return false;
  const theme = layout.template.layout;
  const x = axisOf(columns.flatMap((column) => column.x), layout.xaxis ?? {});
  const y = axisOf(columns.flatMap((column) => column.y), layout.yaxis ?? {});
  if (!x || !y) return false;
  const top = layout.margin?.t ?? theme.margin.t;
  const left = 34 + CHARACTER * Math.max(0, ...y.ticks.map(({ text }) => text.length));
  const right = width - theme.margin.r;
  const bottom = height - 76;
  const across = (value) => left + x.share(value) * (right - left);
  const down = (value) => bottom - y.share(value) * (bottom - top);

  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ class: "sketch", width, height, "aria-hidden": "true" })) svg.setAttribute(key, value);
  const { text: title, subtitle } = layout.title;
  add(svg, "text", { x: 12, y: 23, "font-size": theme.title.font.size, fill: theme.font.color }, title);
  for (const [line, text] of (subtitle?.text.split("<br>") ?? []).entries()) {
    add(svg, "text", { x: 12, y: 53 + 15 * line, "font-size": 11, fill: theme.title.subtitle.font.color }, text);
  }
  const grid = { stroke: theme.xaxis.gridcolor, "stroke-width": 1 };
  const small = { "font-size": theme.xaxis.tickfont.size, fill: theme.xaxis.tickfont.color };
  for (const { at, text } of x.ticks) {
    const place = left + at * (right - left);
    add(svg, "path", { d: `M${place} ${top}V${bottom}`, ...grid });
    add(svg, "text", { x: place, y: bottom + 15, "text-anchor": "middle", ...small }, text);
  }
  for (const { at, text } of y.ticks) {
    const place = bottom - at * (bottom - top);
    add(svg, "path", { d: `M${left} ${place}H${right}`, ...grid });
    add(svg, "text", { x: left - 4, y: place + 4, "text-anchor": "end", ...small }, text);
  }
  const named = { "text-anchor": "middle", "font-size": 12, fill: theme.font.color };
  add(svg, "text", { x: (left + right) / 2, y: bottom + 36, ...named }, layout.xaxis?.title?.text ?? "");
  const middle = (top + bottom) / 2;
  add(svg, "text", { x: 20, y: middle, transform: `rotate(-90 20 ${middle})`, ...named }, layout.yaxis?.title?.text ?? "");
  for (const column of columns) {
    const { marker, line } = column.trace;
    add(svg, "path", {
      d: pathOf(column, across, down),
      fill: "none",
      stroke: line?.color ?? marker?.color ?? theme.font.color,
      "stroke-width": line?.width ?? marker?.size ?? 6,
      "stroke-linecap": "round",
      opacity: marker?.opacity ?? 1,
      ...(line ? {} : { class: "sketch-points" }),
    });
  }
  element.replaceChildren(svg);
  return true;
}
