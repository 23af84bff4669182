"""The pages by which people rate, look, keep files and write notes."""

import re
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.artifacts import (
    FileSystemArtifactStore,
    get_all_artifact_meta,
    get_artifact_path,
    get_note,
    save_note,
    upload_artifact,
)
from trimtab.dashboard import (
    ChoiceWidget,
    SliderWidget,
    TextInputWidget,
    Widget,
    asgi,
    register_objective_form_widgets,
    register_user_attr_form_widgets,
)
from trimtab.records import TrialState
from trimtab.storage import InMemoryStorage

TOKEN = "a-token-for-tests"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
CHOICE = ChoiceWidget(["Good 👍", "So-so", "<Bad>"], [-1, 0, 1], "How is it?")


@pytest.fixture
def store(tmp_path: Path) -> FileSystemArtifactStore:
    return FileSystemArtifactStore(tmp_path / "artifact")


@pytest.fixture
def study(tmp_path: Path, store: FileSystemArtifactStore) -> trimtab.Study:
    study = trimtab.create_study(study_name="sunset", storage=InMemoryStorage())
    register_objective_form_widgets(study, [CHOICE])
    for _ in range(4):
        show_another(study, tmp_path, store)
    return study


def show_another(study: trimtab.Study, folder: Path, store: FileSystemArtifactStore) -> None:
    trial = study.ask()
    trial.suggest_int("r", 0, 255)
    picture = folder / f"picture-{trial.number}.png"
    picture.write_bytes(PNG + bytes([trial.number]))
    artifact_id = upload_artifact(trial, picture, store)
    save_note(trial, f"## Trial\n\n![seen]({get_artifact_path(trial, artifact_id)})\n")


@pytest.fixture
def client(study: trimtab.Study, store: FileSystemArtifactStore) -> Iterator[TestClient]:
    app = asgi(study.storage, store, token=TOKEN, max_upload=1000)
    headers = {"authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url="http://localhost", headers=headers) as client:
        client.cookies.set("trimtab_rater", "Ann%20A")
        yield client


def rate(client: TestClient, number: int, *answers: Any, rater: str = "Ann A") -> Any:
    body = {"number": number, "rater": rater, "answers": answers}
    return client.post("/studies/0-1/rate", json=body)


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["type"]


# ------------------------------------------------------------------------------ rating


def test_the_queue_goes_on_with_every_rating(client: TestClient, study: trimtab.Study) -> None:
    page = client.get("/studies/0-1/rate").text
    assert "Trial 0</a>" in page
    assert "&lt;Bad&gt;" in page
    assert "<strong>4</strong> waiting · <strong>0</strong> rated" in page
    assert page.count('<button type="submit" class="choice"') == 3
    assert 'data-preload="/artifacts/0-1/1/' in page
    card = rate(client, 0, -1).text
    assert "Trial 1</a>" in card
    assert "<strong>3</strong> waiting · <strong>1</strong> rated" in card
    assert study.trials[0].values == (-1.0,)
    skipping = client.get("/studies/0-1/rate/card", params={"skip": [1, 2]}).text
    assert 'data-number="3"' in skipping
    keeping = client.get("/studies/0-1/rate/card", params={"keep": 2}).text
    assert 'data-number="2"' in keeping
    assert client.get("/studies/0-1/rate/badge").text == "3"


def test_correct_and_undo(client: TestClient, study: trimtab.Study) -> None:
    rate(client, 0, -1)
    opened = client.get("/studies/0-1/rate/card", params={"at": 0}).text
    assert 'value="-1.0" aria-pressed="true"' in opened
    rate(client, 0, 1)
    assert study.trials[0].values == (1.0,)
    undone = client.post("/studies/0-1/rate/undo", json={"rater": "Ann A"})
    assert 'data-number="0"' in undone.text
    assert study.trials[0].state is TrialState.RUNNING
    again = client.post("/studies/0-1/rate/undo", json={"rater": "Ann A"})
    assert error(again) == (404, "NotRated")


def test_ratings_that_are_refused(client: TestClient, study: trimtab.Study) -> None:
    assert error(rate(client, 0, 5)) == (422, "InvalidArgument")
    assert "How is it?" in rate(client, 0, 5).json()["error"]["message"]
    assert error(rate(client, 0, -1, rater=" ")) == (422, "InvalidArgument")
    assert error(rate(client, 9, -1)) == (404, "UnknownTrial")
    study.tell(0, 0.5)
    assert error(rate(client, 0, -1)) == (409, "TrialFinished")
    assert error(client.get("/studies/0-1/rate/card", params={"at": 77})) == (404, "UnknownTrial")
    bare = trimtab.create_study(storage=study.storage)
    answer = client.get(f"/studies/0-{bare.study_id}/rate")
    assert error(answer) == (404, "NoForm")
    assert ">Rate" not in client.get(f"/studies/0-{bare.study_id}/gallery").text


def test_an_empty_queue_says_so(client: TestClient) -> None:
    for number in range(4):
        rate(client, number, 0)
    assert "Nothing waits for you" in client.get("/studies/0-1/rate").text


def test_a_form_of_all_widgets(client: TestClient, study: trimtab.Study) -> None:
    other = trimtab.create_study(storage=study.storage, directions=["minimize"] * 3)
    widgets: list[Widget] = [
        CHOICE,
        SliderWidget(0, 1, 0.5, [(0, "cold")], "Warm?"),
        TextInputWidget("Long?"),
    ]
    register_objective_form_widgets(other, widgets, n_ratings=2)
    other.ask()
    page = client.get(f"/studies/0-{other.study_id}/rate").text
    for part in ('type="radio"', 'type="range"', 'step="0.5"', 'data-at="0.0"', "2 ratings"):
        assert part in page
    body = {"number": 0, "rater": "Ben", "answers": [0, 0.5, "2.5"]}
    assert client.post(f"/studies/0-{other.study_id}/rate", json=body).status_code == 200
    assert other.trials[0].state is TrialState.RUNNING
    told = client.get(f"/studies/0-{other.study_id}/trials/0/ratings").json()
    assert (told[0]["rater"], told[0]["answers"]) == ("Ben", [0, 0.5, 2.5])


def test_a_form_of_attributes(client: TestClient, study: trimtab.Study) -> None:
    other = trimtab.create_study(storage=study.storage)
    register_user_attr_form_widgets(other, [TextInputWidget("Why?", user_attr_key="why")])
    other.ask()
    body = {"number": 0, "rater": "Ben", "answers": ["<i>"]}
    card = client.post(f"/studies/0-{other.study_id}/rate", json=body)
    assert "&lt;i&gt;" in card.text
    assert other.trials[0].user_attrs == {"why": "<i>"}


def test_the_page_of_a_trial_has_the_form(client: TestClient) -> None:
    page = client.get("/studies/0-1/trials/0").text
    assert 'id="rating"' in page
    assert 'aria-label="Delete picture-0.png"' in page
    rate(client, 0, 1, rater="Ben")
    assert 'id="rating"' not in client.get("/studies/0-1/trials/0").text


# ------------------------------------------------------------------------------ gallery


def test_the_best_pictures_are_outlined(client: TestClient, study: trimtab.Study) -> None:
    for number, answer in enumerate((1, -1, -1)):
        rate(client, number, answer)
    page = client.get("/studies/0-1/gallery").text
    assert page.count('class="picture picture-best"') == 2
    assert page.count('loading="lazy"') == 4
    best = client.get("/studies/0-1/gallery", params={"order": "best"}).text
    assert best.index('alt="Trial 1"') < best.index('alt="Trial 0"')
    worst = client.get("/studies/0-1/gallery", params={"order": "worst"}).text
    assert worst.index('alt="Trial 0"') < worst.index('alt="Trial 1"')
    some = client.get("/studies/0-1/gallery", params={"where": "value == 1"}).text
    assert 'alt="Trial 0"' in some
    assert 'alt="Trial 1"' not in some
    none = client.get("/studies/0-1/gallery", params={"where": "value > 5"}).text
    assert "No trial with a picture passes" in none
    fault = client.get("/studies/0-1/gallery", params={"where": "value <"})
    assert fault.status_code == 200
    assert 'id="gallery-fault" role="alert"' in fault.text


def test_trials_chosen_in_analytics_are_those_of_the_table_and_the_gallery(
    client: TestClient, study: trimtab.Study
) -> None:
    for number in range(4):
        rate(client, number, 1 if number % 2 else -1)
    where = "value >= 0.5 and number != 3"
    page = client.get("/studies/0-1/analytics", params={"where": where}).text
    assert "1 of 4 trials match" in page
    links = re.findall(r'<a class="button" href="([^"]+)">Open in (\w+)</a>', page)
    assert [name for _, name in links] == ["Trials", "Gallery"]
    for link, _ in links:
        shown = client.get(unescape(link)).text
        assert f'value="{escape(where)}"' in shown.replace("&#34;", "&quot;")
        numbers = set(re.findall(r'href="/studies/0-1/trials/(\d+)', shown))
        assert numbers == {"1"}, link


def test_a_gallery_in_pages(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from trimtab.dashboard.pages import gallery

    monkeypatch.setattr(gallery, "PAGE", 3)
    first = client.get("/studies/0-1/gallery").text
    assert "Page 1 of 2" in first
    last = client.get("/studies/0-1/gallery", params={"page": 99}).text
    assert "Page 2 of 2" in last
    assert last.count('loading="lazy"') == 1


# ------------------------------------------------------------------------------ files


def upload(client: TestClient, name: str, body: bytes, path: str = "/studies/0-1") -> str:
    answer = client.post(f"{path}/artifacts", content=body, headers={"x-file-name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["artifact_id"])


def test_a_picture_is_shown_and_nothing_else_can_be(client: TestClient) -> None:
    picture = upload(client, "a.png", PNG)
    shown = client.get(f"/artifacts/0-1/study/{picture}")
    assert shown.content == PNG
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["content-disposition"].startswith("inline")
    for name in ("a.html", "a.svg", "a.xml", "a.pdf", "a.js", "b"):
        sent = client.get(f"/artifacts/0-1/study/{upload(client, name, b'<script>')}")
        assert sent.headers["content-type"] == "application/octet-stream"
        assert sent.headers["content-disposition"].startswith("attachment")
        assert sent.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert sent.headers["x-content-type-options"] == "nosniff"
    saved = client.get(f"/artifacts/0-1/study/{picture}", params={"download": True})
    assert saved.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=4-", 206, b"456789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-99", 206, b"89"),
        ("bytes=10-", 416, b""),
        ("bytes=5-2", 416, b""),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_parts_of_a_file(client: TestClient, wanted: str, status: int, part: bytes) -> None:
    sound = upload(client, "a.wav", b"0123456789")
    answer = client.get(f"/artifacts/0-1/study/{sound}", headers={"range": wanted})
    assert (answer.status_code, answer.content) == (status, part)
    if status == 206:
        assert answer.headers["content-range"].endswith("/10")
        assert answer.headers["content-length"] == str(len(part))


def test_files_that_are_not_there(
    client: TestClient, study: trimtab.Study, store: FileSystemArtifactStore
) -> None:
    (meta,) = get_all_artifact_meta(study.trials[0])
    path = f"/artifacts/0-1/0/{meta.artifact_id}"
    assert client.get(path).status_code == 200
    # Of another trial, of none, of a trial that is none, of a store that has lost it.
    assert error(client.get(f"/artifacts/0-1/1/{meta.artifact_id}")) == (404, "ArtifactNotFound")
    assert error(client.get("/artifacts/0-1/0/abc")) == (404, "ArtifactNotFound")
    assert error(client.get(f"/artifacts/0-1/99/{meta.artifact_id}")) == (404, "UnknownTrial")
    assert error(client.get(f"/artifacts/0-1/x/{meta.artifact_id}")) == (404, "UnknownTrial")
    store.remove(meta.artifact_id)
    assert error(client.get(path)) == (410, "Gone")
    assert error(client.get(f"{path}/preview")) == (410, "Gone")


def test_files_come_and_go(
    client: TestClient, study: trimtab.Study, store: FileSystemArtifactStore, tmp_path: Path
) -> None:
    kept = upload(client, "..%2F..%2Fa%20b.txt", b"hello", "/studies/0-1/trials/0")
    (_, meta) = get_all_artifact_meta(study.trials[0])
    assert (meta.artifact_id, meta.filename, meta.size) == (kept, "a b.txt", 5)
    assert "a b.txt" in client.get("/studies/0-1/trials/0/files/view").text
    assert client.delete(f"/artifacts/0-1/0/{kept}").status_code == 204
    assert error(client.delete(f"/artifacts/0-1/0/{kept}")) == (404, "ArtifactNotFound")
    upload(client, "s.txt", b"hello")
    assert "s.txt" in client.get("/studies/0-1/files").text
    before = sorted((tmp_path / "artifact").iterdir())
    too_large = client.post(
        "/studies/0-1/artifacts", content=b"x" * 1001, headers={"x-file-name": "x"}
    )
    assert error(too_large) == (413, "TooLarge")
    assert "1,000 bytes" in too_large.json()["error"]["message"]
    nameless = client.post("/studies/0-1/artifacts", content=b"x")
    assert error(nameless) == (422, "InvalidArgument")
    assert sorted((tmp_path / "artifact").iterdir()) == before


def test_an_upload_that_is_cut_off_leaves_nothing(
    study: trimtab.Study, store: FileSystemArtifactStore, tmp_path: Path
) -> None:
    import asyncio

    app = asgi(study.storage, store, token=TOKEN)
    before = sorted((tmp_path / "artifact").iterdir())
    headers = {
        "host": "localhost",
        "authorization": f"Bearer {TOKEN}",
        "content-length": "100",
        "x-file-name": "half.bin",
        "accept": "application/json",
    }
    pieces: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"x" * 50, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/studies/0-1/artifacts",
        "raw_path": b"/studies/0-1/artifacts",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 400
    assert sorted((tmp_path / "artifact").iterdir()) == before
    assert get_all_artifact_meta(study) == []


def test_without_a_store_files_are_not_taken(study: trimtab.Study) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    app = asgi(study.storage, token=TOKEN)
    with TestClient(app, base_url="http://localhost", headers=headers) as client:
        assert "--artifact-dir" in client.get("/studies/0-1/files").text
        sent = client.post("/studies/0-1/artifacts", content=b"", headers={"x-file-name": "x"})
        assert sent.status_code == 501


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("a.txt", b"<b>&", "&lt;b&gt;&amp;"),
        ("a.json", b'{"a":[1]}', "&#34;a&#34;: ["),
        ("a.json", b"{", "This is not JSON"),
        ("a.json", b"[" * 900, "This is not JSON"),
        ("a.csv", b'x,"a<b"\n1,2\n', '<th scope="col">a&lt;b</th>'),
        ("a.csv", b"", "The file is empty"),
        ("a.tsv", b"x\ty\n1\t2\n", '<th scope="col">y</th>'),
        ("a.csv", b"a\n" + b"1\n" * 200, "The first 100 rows"),
        ("a.jsonl", b'{"a":1}\n{"b":[2]}\n3\n', "<td>[2]</td>"),
        ("a.jsonl", b"{\n", "Line 1 is not JSON"),
    ],
)
def test_previews(client: TestClient, name: str, body: bytes, expected: str) -> None:
    artifact = upload(client, name, body)
    shown = client.get(f"/artifacts/0-1/study/{artifact}/preview")
    assert shown.status_code == 200
    assert expected in shown.text
    assert shown.text.count("<tr>") <= 101


# ------------------------------------------------------------------------------ notes


def test_a_note_shows_its_picture_below_a_mount(
    study: trimtab.Study, store: FileSystemArtifactStore
) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    first = InMemoryStorage()
    app = Starlette(routes=[Mount("/sub", app=asgi([first, study.storage], store, token=TOKEN))])
    headers = {"authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url="http://localhost", headers=headers) as client:
        view = client.get("/sub/studies/1-1/trials/2/note/view").text
        (meta,) = get_all_artifact_meta(study.trials[2])
        source = f"/sub/artifacts/1-1/2/{meta.artifact_id}"
        assert f'<img src="{source}" alt="seen"' in view
        assert client.get(source).content.startswith(PNG)


def test_two_who_edit_at_once(client: TestClient, study: trimtab.Study) -> None:
    path = "/studies/0-1/trials/0/note"
    source = client.get(f"{path}/source").json()
    mine, theirs = ({"body": text, "version": source["version"]} for text in ("mine", "theirs"))
    assert client.post(path, json=theirs).json()["version"] == source["version"] + 1
    refused = client.post(path, json=mine)
    assert error(refused) == (409, "NoteConflict")
    note = refused.json()["error"]["detail"]["note"]
    assert note == {"body": "theirs", "version": source["version"] + 1}
    assert get_note(study.trials[0]) == "theirs"
    assert client.post(path, json={"body": "both", "version": note["version"]}).status_code == 200


def test_notes_that_are_refused_or_shown_as_text(client: TestClient, study: trimtab.Study) -> None:
    path = "/studies/0-1/note"
    for save in (path, f"{path}/preview"):
        refused = client.post(save, json={"body": "x" * 10_000_000, "version": 0})
        assert error(refused) == (422, "InvalidArgument")
        assert "1000000 characters" in refused.json()["error"]["message"]
    assert client.post(path, json={"body": "# Hello", "version": 0}).status_code == 200
    assert "<h2>Hello</h2>" in client.get(path).text
    assert client.post(f"{path}/preview", json={"body": "*a*"}).text == "<p><em>a</em></p>\n"
