"""The dashboard of a study in a notebook: a server in the notebook's own process, and a link to it.

The pages are not framed into the notebook. They refuse to be framed at all: a page that may be
framed can be laid, unseen, under another's buttons; and what a notebook shows comes from anywhere.
"""

from __future__ import annotations

import html
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from trimtab.dashboard.app import guarded_app, open_context
from trimtab.dashboard.security.tokens import LOGIN
from trimtab.dashboard.server import listen, own_names
from trimtab.dashboard.settings import Settings, new_token
from trimtab.errors import MissingDependency, TrimtabError
from trimtab.study.display import study_html

if TYPE_CHECKING:
    import os

    from trimtab.artifacts import ArtifactStore
    from trimtab.dashboard.process import Server
    from trimtab.study import Study

_HOST: Final = "127.0.0.1"
_PATIENCE: Final = 30.0


@dataclass(frozen=True)
class _Running:
    """A server in a thread of this process, and the address by which a browser comes in."""

    server: Server
    url: str


_servers: dict[int, _Running] = {}  # by the id of the storage, which the server keeps alive
_lock = threading.Lock()


@dataclass(frozen=True)
class Shown:
    """A study that is served; a notebook shows its table and the link.

    Attributes:
        study: Which.
        url: Opens its page; whoever has it may change the study.
    """

    study: Study
    url: str

    def _repr_html_(self) -> str:
        link = html.escape(self.url, quote=True)
        return (
            f'<p><a href="{link}" target="_blank" rel="noopener noreferrer">Open the dashboard</a> '
            f"while this notebook runs.</p>{study_html(self.study)}"
        )


def show(
    study: Study, *, artifact_store: ArtifactStore | str | os.PathLike[str] | None = None
) -> Shown:
    """Serve a study's dashboard from this process, until it ends.

    One server per storage, on a free port of 127.0.0.1, is started when it is first asked for and
    used again. Studies in memory are shown like any others. Where the notebook runs on another
    machine, forward the port (``ssh -L``) to open the link.

    Args:
        study: Whose page to open; the storage's others are a click away.
        artifact_store: Where its files are; heeded by the call that starts the server.

    Returns:
        What a notebook shows as a link and the study's table; ``url`` elsewhere.

    Raises:
        MissingDependency: If the extra ``dashboard`` is not installed (an ImportError).
        TrimtabError: If the server does not start.
    """
    with _lock:
        running = _servers.get(id(study.storage))
        if running is None or running.server.should_exit:
            running = _start(study, artifact_store)
            _servers[id(study.storage)] = running
    page = quote(f"/studies/0-{study.study_id}", safe="")
    return Shown(study, f"{running.url}&next={page}")


def stop(study: Study) -> None:
    """End the server of a study's storage, if there is one."""
    with _lock:
        running = _servers.pop(id(study.storage), None)
    if running is not None:
        running.server.should_exit = True


def _start(study: Study, artifact_store: ArtifactStore | str | os.PathLike[str] | None) -> _Running:
    try:
        from trimtab.dashboard.process import Server
    except ImportError as error:
        raise MissingDependency("uvicorn", "dashboard") from error
    listener = listen(_HOST, 0)
    port = int(listener.getsockname()[1])
    settings = Settings(token=new_token(), hosts=tuple(own_names(_HOST, port)))
    context = open_context(study.storage, artifact_store, settings)
    server = Server(guarded_app(context), context.hub)

    def serve() -> None:
        with listener:
            server.run(sockets=[listener])

    thread = threading.Thread(target=serve, name="trimtab-dashboard", daemon=True)
    thread.start()
    end = time.monotonic() + _PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise TrimtabError("The dashboard's server did not start.")
        time.sleep(0.01)
    return _Running(server, f"http://{_HOST}:{port}{LOGIN}?token={quote(settings.token, safe='')}")
