// An hx-swap of its own, "morph": what an answer has changed is changed in the page, and the rest
// stays as it is, with its focus, its selection, what was typed or ticked, and what is open.
// Elements are the same if they have the same id or, without ids, the same place and name.

const USER_OWNED = new Set(["open", "checked", "selected"]);

function syncAttributes(from, to) {
  for (const { name, value } of to.attributes) {
    if (!USER_OWNED.has(name) && from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    if (!USER_OWNED.has(name) && !name.startsWith("data-local") && !to.hasAttribute(name)) {
      from.removeAttribute(name);
    }
  }
}

function isSame(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? "") === (b.id ?? "");
}

function morphNode(from, to, fresh) {
  if (from.isEqualNode(to)) return;
  if (from.nodeType !== Node.ELEMENT_NODE) {
    from.nodeValue = to.nodeValue;
    return;
  }
  syncAttributes(from, to);
  morphChildren(from, to, fresh);
}

/** Make the children of one node those of another; new elements are added to `fresh`. */
export function morphChildren(from, to, fresh = []) {
  const byId = new Map([...from.children].filter((e) => e.id).map((e) => [e.id, e]));
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    let found = null;
    if (wanted.id) found = byId.get(wanted.id) ?? null;
    else if (place && isSame(place, wanted)) found = place;
    if (found && isSame(found, wanted)) {
      if (found === place) place = place.nextSibling;
      else move(from, found, place);
      morphNode(found, wanted, fresh);
    } else {
      from.insertBefore(wanted, place);
      if (wanted.nodeType === Node.ELEMENT_NODE) fresh.push(wanted);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
  return fresh;
}

function move(parent, element, before) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(element, before);
  focused?.focus({ preventScroll: true });
}

window.htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    return morphChildren(target, fragment);
  },
});
