"""Files: sent to browsers, shown in pages, taken in and removed.

A file is somebody else's. It is sent with a policy of its own, as a type of a list or as bytes to
be saved, so that nothing in it runs as a page of the dashboard.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, BinaryIO, Final
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from trimtab.artifacts import (
    ArtifactMeta,
    ArtifactStore,
    open_artifact,
    remove_artifact,
    upload_stream,
)
from trimtab.artifacts.ids import check_artifact_id
from trimtab.artifacts.meta import DEFAULT_MIMETYPE
from trimtab.dashboard.context import Context, StudyView, get_context, get_study
from trimtab.dashboard.media import FileView, files_in, media_type
from trimtab.dashboard.previews import preview
from trimtab.dashboard.receive import received
from trimtab.dashboard.sending import FileStream
from trimtab.dashboard.templating import render
from trimtab.errors import ArtifactNotFound, InvalidArgument, UnknownTrial
from trimtab.records import FrozenTrial

router = APIRouter()

POLICY: Final = "sandbox; default-src 'none'"
"""A file that is opened by itself is in an origin of its own, and loads nothing."""

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_FOR_EVER: Final = "private, max-age=31536000, immutable"

_Study = Annotated[StudyView, Depends(get_study)]
_Context = Annotated[Context, Depends(get_context)]


@router.get("/artifacts/{ref}/{owner}/{artifact_id}")
def artifact(
    request: Request,
    study: _Study,
    context: _Context,
    owner: str,
    artifact_id: str,
    download: bool = False,
) -> Response:
    """The bytes of a file; a part of them where the browser asks for one."""
    meta = find(study, owner, artifact_id).meta
    store = context.need_artifact_store()
    shown = None if download else media_type(meta)
    headers = {
        "content-type": shown or DEFAULT_MIMETYPE,
        "content-disposition": _disposition(meta, "inline" if shown else "attachment"),
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "cache-control": _FOR_EVER,
        "etag": f'"{meta.artifact_id}"',
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if wanted is None:
        if meta.size is not None:
            headers["content-length"] = str(meta.size)
        headers["accept-ranges"] = "bytes"
        return FileStream(_opened(open_artifact, store, artifact_id), headers=headers)
    return _part(_opened(_unchecked, store, artifact_id), wanted, headers)


@router.get("/artifacts/{ref}/{owner}/{artifact_id}/preview")
def artifact_preview(
    request: Request, study: _Study, context: _Context, owner: str, artifact_id: str
) -> Response:
    """The beginning of a file of text as a fragment: text, JSON or a table."""
    file = find(study, owner, artifact_id)
    with _opened(_unchecked, context.need_artifact_store(), artifact_id) as body:
        shown = preview(file.kind, body, file.suffix)
    return render(request, "preview.html", file=file, shown=shown)


@router.post("/studies/{ref}/artifacts")
async def upload_to_study(request: Request, study: _Study, context: _Context) -> Response:
    """Take in a file of the study; see `_upload`."""
    return await _upload(request, study, context, None)


@router.post("/studies/{ref}/trials/{number}/artifacts")
async def upload_to_trial(
    request: Request, study: _Study, context: _Context, number: int
) -> Response:
    """Take in a file of a trial; see `_upload`."""
    trial = await run_in_threadpool(study.storage.trial, study.study_id, number)
    return await _upload(request, study, context, trial)


@router.delete("/artifacts/{ref}/{owner}/{artifact_id}")
def delete_artifact(study: _Study, context: _Context, owner: str, artifact_id: str) -> Response:
    """Remove a file for good."""
    find(study, owner, artifact_id)
    owned: Any = study if owner == "study" else study.storage.trial(study.study_id, int(owner))
    store = context.need_artifact_store()
    remove_artifact(owned, artifact_id, store, study=None if owner == "study" else study)
    return Response(status_code=204)


def find(study: StudyView, owner: str, artifact_id: str) -> FileView:
    """A file by its address.

    Args:
        study: Whose, or whose trial's.
        owner: The trial's number, or ``"study"``.
        artifact_id: Which one.

    Raises:
        ArtifactNotFound: If the study or trial has none of that id.
        UnknownTrial: If there is no such trial.
    """
    number = None
    attrs = study.record.system_attrs
    if owner != "study":
        if not (owner.isascii() and owner.isdigit() and len(owner) < 19):
            raise UnknownTrial(f"`number`: expected a trial of this study, got {owner[:20]!r}.")
        number = int(owner)
        attrs = study.storage.trial(study.study_id, number).system_attrs
    for file in files_in(attrs, study.ref, number):
        if file.meta.artifact_id == artifact_id:
            return file
    whose = "This study" if number is None else f"Trial {number}"
    raise ArtifactNotFound(f"{whose} has no such file: it was removed, or never there.")


def _opened(
    how: Callable[[ArtifactStore, str], BinaryIO], store: ArtifactStore, artifact_id: str
) -> BinaryIO:
    try:
        return how(store, artifact_id)
    except ArtifactNotFound as error:
        raise HTTPException(410, "The content of this file is gone.") from error


def _unchecked(store: ArtifactStore, artifact_id: str) -> BinaryIO:
    """To read a part of it, whose checksum nobody knows."""
    return store.open_reader(check_artifact_id(artifact_id))


async def _upload(
    request: Request, study: StudyView, context: Context, trial: FrozenTrial | None
) -> Response:
    """Keep the body of a request as a file, whose name is in the header ``x-file-name``.

    Nothing is kept of a body that ends too early or is too long.
    """
    store = context.need_artifact_store()
    name = unquote(request.headers.get("x-file-name", "")).replace("\\", "/").rpartition("/")[2]
    if not name:
        raise InvalidArgument("x-file-name", "the name of the file, percent-encoded", name)
    owned: Any = study if trial is None else trial
    async with received(request, context.settings.max_upload) as body:
        artifact_id = await run_in_threadpool(
            upload_stream, owned, body, name, store, study=None if trial is None else study
        )
    return JSONResponse({"artifact_id": artifact_id}, 201)


def _disposition(meta: ArtifactMeta, kind: str) -> str:
    return f"{kind}; filename*=UTF-8''{quote(meta.filename, safe='')}"


def _part(reader: BinaryIO, wanted: str, headers: dict[str, str]) -> Response:
    """The part of a file that a Range header names (RFC 9110, section 14)."""
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or not any(match.groups()) or not reader.seekable():
        return FileStream(reader, headers=headers)  # it may be ignored
    size = reader.seek(0, 2)
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last or size), size - 1)
    else:
        start, end = max(size - int(last), 0), size - 1
    if start > end:
        reader.close()
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    reader.seek(start)
    headers |= {
        "content-range": f"bytes {start}-{end}/{size}",
        "content-length": str(end - start + 1),
    }
    return FileStream(reader, end - start + 1, status_code=206, headers=headers)
