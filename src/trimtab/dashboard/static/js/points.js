// A click on a point of a figure opens its trial. With the figure in focus, the arrow keys go from
// point to point and Enter opens the trial of the one that is shown.

import { root } from "./lib.js";

/** The address of the study that a figure shows, or null where it shows several or none. */
function studyOf(element) {
  const match = /\/studies\/([^/]+)\/figures\/(?!saved\/)/.exec(element.dataset.figure ?? "");
  return match && `${root}/studies/${match[1]}`;
}

/** The trial of a point: an integer in customdata, perhaps first in a list. */
function trialOf(customdata) {
  const number = Array.isArray(customdata) ? customdata[0] : customdata;
  return Number.isInteger(number) && number >= 0 ? number : null;
}

function open(element, customdata, event) {
  const study = studyOf(element);
  const number = trialOf(customdata);
  if (study === null || number === null || element.dataset.brushing !== undefined) return;
  const address = `${study}/trials/${number}`;
  if (event?.ctrlKey || event?.metaKey || event?.button === 1) window.open(address, "_blank", "noopener");
  else location.assign(address);
}

/** All points that have a trial, from left to right: those that keys go through. */
function pointsOf(element) {
  const points = [];
  for (const [curveNumber, trace] of (element._fullData ?? []).entries()) {
    if (trace.visible !== true || trace.hoverinfo === "skip" || !trace.customdata) continue;
    if (trace.type !== "scatter" && trace.type !== "bar") continue;
    const { length } = trace.customdata;
    for (let pointNumber = 0; pointNumber < length; pointNumber++) {
      const x = trace.type === "bar" ? trace.y[pointNumber] : trace.x[pointNumber];
      const y = trace.type === "bar" ? trace.x[pointNumber] : trace.y[pointNumber];
      if (trialOf(trace.customdata[pointNumber]) === null || y === null || Number.isNaN(y)) continue;
      points.push({ curveNumber, pointNumber, x, panel: trace.xaxis + trace.yaxis, customdata: trace.customdata[pointNumber] });
    }
  }
  const places = [...new Set(points.map((point) => point.panel))];
  return points.sort((a, b) => places.indexOf(a.panel) - places.indexOf(b.panel) || Number(a.x) - Number(b.x) || a.curveNumber - b.curveNumber);
}

/** Make a figure's points open their trials. */
export function openPoints(element, library) {
  if (studyOf(element) === null) return;
  element.on("plotly_click", ({ points, event }) => open(element, points[0]?.customdata, event));

  element.tabIndex = 0;
  let points = null;
  let place = -1;
  element.addEventListener("trimtab:drawn", () => {
    points = null;
    place = -1;
  });
  const said = document.createElement("p");
  said.className = "visually-hidden";
  said.setAttribute("aria-live", "polite");
  element.append(said);

  element.addEventListener("keydown", (event) => {
    if (event.target !== element) return;
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 20, PageUp: -20 }[event.key];
    if (step) {
      points ??= pointsOf(element);
      if (!points.length) return;
      event.preventDefault();
      place = place < 0 ? (step > 0 ? 0 : points.length - 1) : Math.min(Math.max(place + step, 0), points.length - 1);
      const { curveNumber, pointNumber, panel, customdata } = points[place];
      library.Fx.hover(element, [{ curveNumber, pointNumber }], panel);
      said.textContent = `Trial ${trialOf(customdata)}. Enter opens it.`;
    } else if (event.key === "Enter" && points && place >= 0) {
      open(element, points[place].customdata, event);
    } else if (event.key === "Escape" && place >= 0) {
      place = -1;
      library.Fx.unhover(element);
    }
  });
  element.setAttribute("aria-description", "Arrow keys go from point to point, Enter opens the trial.");
}
