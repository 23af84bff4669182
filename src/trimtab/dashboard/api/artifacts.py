"""Artifacts: files of a study or trial, streamed both ways."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from trimtab.artifacts import (
    ArtifactMeta,
    get_all_artifact_meta,
    open_artifact,
    remove_artifact,
    upload_stream,
)
from trimtab.artifacts.ids import check_artifact_id
from trimtab.dashboard.api import models
from trimtab.dashboard.api.answers import answer
from trimtab.dashboard.api.models import READING, WRITING, failures
from trimtab.dashboard.api.owners import OWNERS, Owner
from trimtab.dashboard.api.shapes import artifact_shape
from trimtab.dashboard.context import Context, get_context
from trimtab.dashboard.sending import FileStream
from trimtab.errors import ArtifactNotFound

_Context = Annotated[Context, Depends(get_context)]


def make_router() -> APIRouter:
    """The routes: the same for a study and for a trial."""
    router = APIRouter(tags=["artifacts"])
    for kind, path, find in OWNERS:
        _add(router, kind, path, find)
    return router


def _add(router: APIRouter, kind: str, path: str, find: Callable[..., Owner]) -> None:
    @router.get(
        f"{path}/artifacts",
        summary=f"List the files of a {kind}",
        operation_id=f"list_{kind}_artifacts",
        response_model=models.ArtifactList,
        responses=READING,
    )
    def list_artifacts(owner: Annotated[Owner, Depends(find)]) -> Response:
        """Its own, oldest first: those of a study are not those of its trials."""
        return answer({"artifacts": [artifact_shape(meta) for meta in _all(owner)]})

    @router.post(
        f"{path}/artifacts",
        summary=f"Upload a file of a {kind}",
        operation_id=f"upload_{kind}_artifact",
        status_code=201,
        response_model=models.Artifact,
        responses=WRITING | failures(501),
    )
    def upload(
        owner: Annotated[Owner, Depends(find)],
        context: _Context,
        file: UploadFile,
        mimetype: Annotated[str | None, Form(max_length=255)] = None,
    ) -> Response:
        """Keep a file (multipart/form-data); its name becomes a label, its SHA-256 is kept."""
        store = context.need_artifact_store()
        if (file.size or 0) > context.settings.max_upload:
            raise HTTPException(
                413, f"A file may have at most {context.settings.max_upload:,} bytes."
            )
        artifact_id = upload_stream(
            owner.who,
            file.file,
            file.filename or "file",
            store,
            study=owner.study,
            mimetype=mimetype or None,
        )
        return answer(artifact_shape(_one(owner, artifact_id)), 201)

    @router.get(
        f"{path}/artifacts/{{artifact_id}}",
        summary=f"Download a file of a {kind}",
        operation_id=f"download_{kind}_artifact",
        response_class=Response,
        responses={
            200: {
                "description": "The content, always as an attachment.",
                "content": {
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                },
            },
            **failures(404, 410, 501),
        },
    )
    def download(
        owner: Annotated[Owner, Depends(find)], context: _Context, artifact_id: models.ArtifactId
    ) -> Response:
        """The content as it was uploaded. An answer that breaks off was found to be damaged."""
        store = context.need_artifact_store()
        meta = _one(owner, artifact_id)
        try:
            body = open_artifact(store, artifact_id)
        except ArtifactNotFound as error:
            raise HTTPException(410, f"The content of {artifact_id} is gone.") from error
        # Without a length: the end of the content is only sent once its checksum was right.
        return FileStream(
            body,
            media_type="application/octet-stream",
            headers={
                "content-disposition": f"attachment; filename*=UTF-8''{quote(meta.filename)}",
                "x-content-type-options": "nosniff",
            },
        )

    @router.delete(
        f"{path}/artifacts/{{artifact_id}}",
        summary=f"Delete a file of a {kind}",
        operation_id=f"delete_{kind}_artifact",
        status_code=204,
        responses=WRITING | failures(501),
    )
    def delete(
        owner: Annotated[Owner, Depends(find)], context: _Context, artifact_id: models.ArtifactId
    ) -> Response:
        """Forget it, description and content."""
        remove_artifact(owner.who, artifact_id, context.need_artifact_store(), study=owner.study)
        return Response(status_code=204)


def _all(owner: Owner) -> list[ArtifactMeta]:
    return get_all_artifact_meta(owner.who, study=owner.study)


def _one(owner: Owner, artifact_id: str) -> ArtifactMeta:
    check_artifact_id(artifact_id)
    for meta in _all(owner):
        if meta.artifact_id == artifact_id:
            return meta
    raise ArtifactNotFound(f"No artifact {artifact_id} belongs to this study or trial.")
