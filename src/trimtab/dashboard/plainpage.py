"""Pages for who is not in: their style is in them, as style sheets are for who has the token."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from trimtab.dashboard.policy import PAGE_POLICY

# The colours are those of static/css/trimtab.css.
_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center;
  background: #fff; color: #24292f; }
main { width: min(26rem, calc(100vw - 2rem)); box-sizing: border-box; padding: 2rem;
  border: 1px solid #d8dde3; border-radius: 8px; }
h1 { font-size: 1.45rem; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; }
main > :last-child { margin-bottom: 0; }
a { color: #0067a3; }
label { display: block; font-weight: 550; margin-bottom: .25rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem .6rem;
  margin-bottom: 1rem; border: 1px solid #8a929b; border-radius: 6px;
  background: transparent; color: inherit; }
button { font: inherit; font-weight: 600; padding: .4rem 1rem; border: 0; border-radius: 6px;
  background: #0067a3; color: #fff; cursor: pointer; }
:focus-visible { outline: 2px solid #0067a3; outline-offset: 2px; }
.wrong { padding: .6rem .9rem; border-left: 3px solid #b3400a; border-radius: 6px;
  background: #fdeade; }
@media (prefers-color-scheme: dark) {
  body { background: #14181d; color: #e6e9ed; }
  main { border-color: #2c333b; }
  input { border-color: #6c7681; }
  button { background: #62bbee; color: #0c1116; }
  :focus-visible { outline-color: #62bbee; }
  a { color: #62bbee; }
  .wrong { border-color: #ff9d6b; background: #3a2216; }
}
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = PAGE_POLICY.replace("style-src 'self'", f"style-src 'sha256-{_DIGEST}'")
"""That of other pages, but for the one style that stands in this one."""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
{go_on}</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
_GO_ON: Final = '<meta http-equiv="refresh" content="0; url={}">\n'


def plain_page(
    title: str, body: str, status: int = 200, *, go_on: str | None = None
) -> HTMLResponse:
    """A page that needs nothing but itself.

    Args:
        title: Of the browser's tab; text.
        body: What is on it; HTML.
        status: Of the answer.
        go_on: An address to go on to at once; None: it stays.
    """
    page = _PAGE.format(
        title=escape(title),
        style=_STYLE,
        go_on="" if go_on is None else _GO_ON.format(escape(go_on, quote=True)),
        body=body,
    )
    return HTMLResponse(page, status, {"content-security-policy": POLICY})
