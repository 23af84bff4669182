"""A dashboard in this process, with something in every room, and the list of its rooms."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

import trimtab
from trimtab.artifacts import FileSystemArtifactStore, upload_artifact
from trimtab.dashboard import (
    ChoiceWidget,
    Settings,
    asgi,
    register_objective_form_widgets,
    save_note,
)
from trimtab.dashboard.security import Gate
from trimtab.preferential import create_study as create_preferential_study
from trimtab.storage import Storage

TOKEN = "a-token-for-tests"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "get", "X")
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Room:
    """One route.

    Attributes:
        template: Its path with parameters in braces.
        path: The same with parameters that exist.
        methods: Those it answers.
    """

    template: str
    path: str
    methods: frozenset[str]


def fill(storage: Storage, folder: Path) -> dict[str, str]:
    """Studies with trials, files, notes, a form and preferences.

    Returns:
        What stands for each parameter of a path.
    """
    store = FileSystemArtifactStore(folder / "files")
    study = trimtab.create_study(study_name="first", storage=storage)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=4)
    study.set_user_attr("who", "nobody")
    register_objective_form_widgets(study, [ChoiceWidget(["good", "bad"], [-1, 1])])
    save_note(study, "# A note")
    trial = study.ask({"x": trimtab.distributions.FloatDistribution(0, 1)})
    picture = folder / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 40)
    artifact_id = upload_artifact(artifact_store=store, file_path=picture, study_or_trial=trial)
    save_note(trial, "A trial's note")
    chosen = create_preferential_study(n_generate=2, study_name="chosen", storage=storage)
    for _ in range(2):
        chosen.ask().suggest_float("x", 0, 1)
    return {
        "ref": f"0-{study.study_id}",
        "number": str(trial.number),
        "artifact_id": artifact_id,
        "name:path": "css/trimtab.css",
        "name": "history",
        "store": "0",
        "operation": "studies",
    }


def application(gate: Gate) -> FastAPI:
    """What the layers guard."""
    app = gate.__dict__["_app"]
    if not isinstance(app, FastAPI):
        raise TypeError(app)
    return app


def rooms(gate: Gate, words: dict[str, str]) -> list[Room]:
    """Every route; one that is new is here by itself."""
    found: list[Room] = []
    for route in iter_route_contexts(application(gate).routes):
        path = template = str(route.path)
        for name, word in words.items():
            path = path.replace(f"{{{name}}}", word)
        found.append(Room(template, path, frozenset(route.methods or ())))
    return found


def client(gate: Any, *, signed_in: bool = True, root: str = "", **headers: str) -> TestClient:
    """Somebody with the token, or without."""
    if signed_in:
        headers["authorization"] = f"Bearer {TOKEN}"
    return TestClient(
        gate,
        base_url="http://localhost",
        headers=headers,
        root_path=root,
        follow_redirects=False,
        raise_server_exceptions=False,
    )


def house(storage: Storage, folder: Path, **options: Any) -> Gate:
    """A dashboard of a storage."""
    return asgi(storage, folder / "files", settings=Settings(token=TOKEN, **options))


@dataclass(frozen=True)
class Answer:
    """What an application sent."""

    status: int
    headers: dict[str, str]
    body: bytes


def raw(
    app: Any,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]] = (),
    *,
    query: str = "",
    bodies: Sequence[bytes] = (b"",),
    scope_more: dict[str, Any] | None = None,
) -> Answer:
    """One request that no client library would send: nothing is checked, encoded or added."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        **(scope_more or {}),
    }
    pieces = list(bodies)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not pieces:
            await asyncio.Event().wait()  # the client stays until it has its answer
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = sent[0]
    return Answer(
        start["status"],
        {k.decode().lower(): v.decode() for k, v in start["headers"]},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )
