"""Markup and scripts in every text and every file: no page runs any, or asks anybody for anything.

A canary that sings asks the server for an address with its name in it. A policy violation is a
fault too: it tells that some text had become markup (see `new_page`).
"""

import time
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import cycle
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Error, Page, Request
from plotly import graph_objects

import trimtab
from tests.browser.faults import Faults
from tests.browser.served import Served, served
from tests.security.house import house, rooms
from trimtab.artifacts import FileSystemArtifactStore, upload_stream
from trimtab.dashboard import (
    ChoiceWidget,
    SliderWidget,
    register_objective_form_widgets,
    save_note,
    save_plotly_graph_object,
)
from trimtab.dashboard.ratings import rate
from trimtab.distributions import CategoricalDistribution, FloatDistribution
from trimtab.preferential import create_study as create_preferential_study
from trimtab.space import Distribution
from trimtab.storage import InMemoryStorage, open_storage

# Ends attributes, text, comments, scripts, styles and templates, and then sings.
SONG = (
    "\"'`--></script></style></title></textarea></template><img src=/canary-img onerror="
    "fetch('/canary-run')><script src=/canary-src></script><svg onload=fetch('/canary-svg')>"
    "{{7*7}}${7*7}<a href=javascript:fetch('/canary-a')>"
)
LINES = "\n\n".join(
    [
        SONG,
        "[x](javascript:fetch('/canary-a')) [y](data:text/html,x) ![z](/canary-image)",
        "![w](http://elsewhere.example/canary.png) <iframe src=/canary-frame></iframe>",
        "```html\n" + SONG + "\n```",
        f"| {SONG} |\n|---|\n| {SONG} |",
        "$\\href{javascript:fetch('/canary-tex')}{x}$ $$" + SONG + "$$",
        '<div hx-get="/canary-htmx" hx-trigger="load" data-figure="/canary-figure"></div>',
    ]
)
_RUN = "fetch('/canary-file');new Image().src='/canary-file';top.document.title='canary'"
_HTML = f'<html><body><script>{_RUN}</script><img src=x onerror="{_RUN}"></body></html>'
_XHTML = f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{_RUN}</script></html>'
FILES: dict[str, tuple[bytes, str | None]] = {
    "page.html": (_HTML.encode(), None),
    "page.xhtml": (_XHTML.encode(), "application/xhtml+xml"),
    "picture.svg": (
        f'<svg xmlns="http://www.w3.org/2000/svg"><script>{_RUN}</script></svg>'.encode(),
        "image/svg+xml",
    ),
    "style.xml": (
        b'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="/canary-xsl"?>'
        + _XHTML.encode(),
        "text/xml",
    ),
    "script.js": (_RUN.encode(), "text/javascript"),
    "both.gif": (b"GIF89a=1;/*" + b"0" * 20 + b"*/;" + _RUN.encode(), "image/gif"),
    "wrong.png": (_HTML.encode(), "image/png"),
    "wrong.txt": (_HTML.encode(), "text/html"),
    "none": (_HTML.encode(), ""),
    "frame.csv": (f"a,b\n{SONG.replace(',', ';')},=1\n".encode(), "text/csv"),
    "data.json": (b'{"<img src=/canary-json onerror=fetch(1)>": 1}', "application/json"),
    "notes.md": (LINES.encode(), "text/markdown"),
    "file.pdf": (
        b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.launchURL('/canary-pdf'))>>>>endobj",
        "application/pdf",
    ),
    'na"me<img src=/canary-name>.html': (_HTML.encode(), None),
}


def _fill(folder: Path) -> dict[str, list[str]]:
    """A study whose every text sings, and one of preferences."""
    url = f"sqlite:///{folder / 'study.db'}"
    storage = open_storage(url)
    store = FileSystemArtifactStore(folder / "files")
    study = trimtab.create_study(
        study_name=SONG[:255], storage=storage, directions=["minimize", "maximize"]
    )
    study.set_metric_names([SONG[:200] + "1", SONG[:200] + "2"])
    study.set_user_attr(SONG[:255], {SONG: [SONG]})
    register_objective_form_widgets(
        study,
        [
            ChoiceWidget([SONG, "other"], [1, 2], description=LINES),
            SliderWidget(0, 1, labels=[(0, SONG)], description=SONG),
        ],
    )
    save_note(study, LINES)
    space: dict[str, Distribution] = {
        SONG[:255]: CategoricalDistribution([SONG, "b"]),
        "x": FloatDistribution(0, 1),
    }
    for index in range(4):
        trial = study.ask(space)
        trial.set_user_attr(SONG[:255], SONG)
        trial.set_constraint(SONG[:255], index - 1.5)
        trial.report({SONG[:255]: 0.5}, step=index)
        save_note(trial, LINES)
        if index:
            study.tell(trial, [index, trial.params["x"]])
    rate(storage, study.study_id, study.ask(space).number, SONG[:80], [2, 0.5])
    save_plotly_graph_object(study, _figure(), graph_object_id="sings")
    study.enqueue_trial({SONG[:255]: SONG}, user_attrs={SONG[:255]: SONG})
    failing = study.ask(space)
    study.tell(failing, state=trimtab.TrialState.FAIL)
    waiting = study.ask(space)
    chosen = create_preferential_study(n_generate=2, study_name="<b>" + SONG[:200], storage=storage)
    for _ in range(3):
        chosen.ask().suggest_categorical(SONG[:255], [SONG, "b"])
    ids = []
    for name, (content, mimetype) in FILES.items():
        ids += [
            upload_stream(owner, BytesIO(content), name, store, mimetype=mimetype)
            for owner in (waiting, study)
        ]
    return {
        "ref": [f"0-{study.study_id}", f"0-{chosen.study_id}"],
        "number": [str(waiting.number), "1"],
        "style": ["csv"],
        "name": ["history", "slice", "parallel", "reports", "sings"],
        "artifact_id": ids,
    }


def _figure() -> graph_objects.Figure:
    """One whose every text sings, and that would load a picture from elsewhere."""
    bar = graph_objects.Bar(x=[SONG], y=[1], name=SONG, text=[SONG], hovertext=[SONG])
    figure = graph_objects.Figure(bar)
    figure.update_layout(title=SONG, xaxis_title=SONG)
    figure.add_annotation(text=SONG, x=0, y=1)
    figure.add_layout_image(source="http://elsewhere.example/canary.png", x=0, y=1)
    return figure


@pytest.fixture(scope="module")
def singing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, list[str]]]:
    """A dashboard of these, and all addresses that can be read."""
    folder = tmp_path_factory.mktemp("singing")
    words = _fill(folder)
    templates = {
        room.template
        for room in rooms(house(InMemoryStorage(), folder), {})
        if "GET" in room.methods and not room.template.startswith(("/static", "/events"))
    }
    addresses: list[str] = []
    for template in sorted(templates):
        found = [template]
        if "{artifact_id}" in template:
            # The files of the trial and of the study alternate.
            owners = cycle([words["number"][0], "study"])
            found = [
                template.replace("{ref}", words["ref"][0])
                .replace("{owner}", owner)
                .replace("{artifact_id}", each)
                for owner, each in zip(owners, words["artifact_id"], strict=False)
            ]
        for name, values in words.items():
            if f"{{{name}}}" in template:
                found = [f.replace(f"{{{name}}}", value) for f in found for value in values]
        addresses += dict.fromkeys(each for each in found if "{" not in each)
    with served(folder / "study.db", "--artifact-dir", folder / "files") as server:
        yield server, addresses


def _watch(page: Page, server: Served) -> list[str]:
    """What the page asks for that it should not."""
    sung: list[str] = []

    def hear(request: Request) -> None:
        url = urlsplit(request.url)
        foreign = url.scheme in ("http", "https") and url.netloc != urlsplit(server.address).netloc
        if foreign or url.path.startswith("/canary"):
            sung.append(f"{page.url}: {request.url}")

    page.context.on("request", hear)
    return sung


@pytest.mark.slow
def test_no_page_sings(
    singing: tuple[Served, list[str]], new_page: Callable[..., Page], faults: Faults
) -> None:
    server, addresses = singing
    # A page that is not there, or refuses a filter, says so in the console: that is no fault.
    faults.provoked.append("Failed to load resource")
    page = new_page()
    sung = _watch(page, server)
    server.enter(page)
    pages = [each for each in addresses if "artifacts/" not in each and not each.startswith("/api")]
    query = quote(SONG)
    study = next(each for each in pages if each.startswith("/studies/0-1"))
    texts = [f"{study}/trials?filter={query}", f"{study}/trials?sort={query}", f"/studies/{query}"]
    assert len(pages) > 8
    for path in [*pages, *texts, f"/?search={query}", f"/{query}"]:
        try:
            page.goto(server.address + path)
        except Error as error:
            assert "Download is starting" in str(error), path  # noqa: PT017 - most pages open
            continue
        page.wait_for_timeout(200)
        assert page.title() != "canary"
        assert (
            page.evaluate("document.querySelectorAll('[src*=canary],[hx-get*=canary]').length") == 0
        )
    assert sung == []


@pytest.mark.slow
def test_no_file_sings(
    singing: tuple[Served, list[str]], new_page: Callable[..., Page], faults: Faults
) -> None:
    server, addresses = singing
    faults.provoked.append("")  # a file that is refused is a fault to the browser, in many words
    page = new_page()
    sung = _watch(page, server)
    server.enter(page)
    files = [each for each in addresses if "artifacts/" in each]
    seen = 0
    for path in files:
        answer = page.request.get(server.address + path)
        if answer.status != 200:
            continue
        seen += 1
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff", path
        is_attachment = headers.get("content-disposition", "").startswith("attachment")
        kind = headers["content-type"].partition(";")[0]
        assert is_attachment or kind.startswith(("image/", "audio/", "video/", "text/html")), path
        assert kind != "image/svg+xml" or is_attachment
        if not is_attachment:
            assert "script-src" not in headers["content-security-policy"] or kind == "text/html"
        try:
            page.goto(server.address + path)
            # Not by the page, in which nothing may run.
            time.sleep(0.1)
        except Error as error:
            assert "Download is starting" in str(error)  # noqa: PT017 - most pages open
        assert sung == [], path
    assert seen >= len(FILES)
    page.goto(server.address + "/")
    for path in files[: 2 * len(FILES)]:
        page.evaluate(
            """path => {
              for (const tag of ["iframe", "embed", "img", "script"]) {
                const element = document.createElement(tag);
                element.src = path;
                document.body.append(element);
              }
            }""",
            path,
        )
    page.wait_for_timeout(1500)
    assert page.title() != "canary"
    assert sung == []
