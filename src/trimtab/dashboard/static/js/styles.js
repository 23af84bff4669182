// The page's content security policy allows no inline styles, and plotly.js writes some: style
// attributes as text, and rules into style elements. Here they become what the policy allows: style
// objects, and sheets that are built by script.

const setAttribute = Element.prototype.setAttribute;
Element.prototype.setAttribute = function (name, value) {
  if (name === "style") this.style.cssText = value;
  else setAttribute.call(this, name, value);
};

const createElement = Document.prototype.createElement;
Document.prototype.createElement = function (tag, options) {
  if (String(tag).toLowerCase() !== "style") return createElement.call(this, tag, options);
  const inert = createElement.call(this, "template");
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  Object.defineProperty(inert, "sheet", { value: sheet });
  return inert;
};
