"""Files of the pages: our own, htmx's, and the plotly.js that ships in the plotly package.

Pages name them by their edition, as in ``/static/e-1f3c/js/lib.js``: what has it in its address
never changes, and browsers keep it without asking again. Scripts import each other by relative
addresses, which have it too.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import mimetypes
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from trimtab.errors import MissingDependency

router = APIRouter()

FOLDER: Final = Path(__file__).parent / "static"
PLOTLY: Final = "vendor/plotly.min.js"
_EDITION: Final = "e-"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_SMALL: Final = 1024
_HEAD: Final = 1000  # bytes within which plotly.js's outer function begins


@cache
def _files() -> dict[str, Path]:
    """Every file that is served, by its name: what is not here does not exist."""
    files = {
        path.relative_to(FOLDER).as_posix(): path
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    spec = importlib.util.find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency("plotly", "dashboard")
    files[PLOTLY] = Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    return files


def edition() -> str:
    """What tells these files from those of another time; an edited file makes another one."""
    states = [(name, path.stat()) for name, path in _files().items()]
    text = "".join(f"{name} {state.st_mtime_ns} {state.st_size}\n" for name, state in states)
    return _EDITION + hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _content(name: str, modified: int) -> tuple[bytes, bytes | None]:
    """A file's bytes, and the same compressed where that is worth it."""
    del modified  # part of the key: an edited file is read again
    body = _files()[name].read_bytes()
    if name == PLOTLY:
        body = called_at_once(body)
    return body, gzip.compress(body, 6) if len(body) > _SMALL else None


def content(name: str) -> tuple[bytes, bytes | None]:
    """The bytes of a file that there is, and the same compressed where that is worth it."""
    return _content(name, _files()[name].stat().st_mtime_ns)


def called_at_once(script: bytes) -> bytes:
    """plotly.js with parentheses around the one function that all of it is in.

    Browsers take them for a sign that a function is called as soon as the script runs: they
    compile it while the script loads, off the main thread, and not when it is called, which costs
    a page a quarter of a second. A file of another shape stays as it is.
    """
    head, begin, rest = script.partition(b"this, () => {")
    body, end, nothing = rest.rpartition(b"}));")
    if not begin or len(head) > _HEAD or not end or nothing.strip():
        return script
    return b"".join((head, b"this, (() => {", body, b"})));\n"))


@router.get("/static/{name:path}")
def static_file(request: Request, name: str) -> Response:
    """One file; kept by the browser for ever where the address names its edition."""
    is_kept = False
    if name.startswith(_EDITION):
        # A page of another edition gets the file as it is now.
        asked, _, name = name.partition("/")
        is_kept = asked == edition()
    file = _files().get(name)
    if file is None:
        raise HTTPException(404, "There is no such file.")
    tag = f'"{file.stat().st_mtime_ns:x}"'
    headers = {
        "cache-control": _FOR_EVER if is_kept else "no-cache",
        "etag": tag,
        "vary": "accept-encoding",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    body, packed = content(name)
    if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body = packed
        headers["content-encoding"] = "gzip"
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(body, media_type=kind, headers=headers)
