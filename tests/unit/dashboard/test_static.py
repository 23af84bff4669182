"""Scripts, styles and pictures of the pages."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from trimtab.dashboard import asgi, static
from trimtab.storage import InMemoryStorage

TOKEN = "a-token-for-tests"


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = asgi(InMemoryStorage(), token=TOKEN)
    with TestClient(
        app, base_url="http://localhost", headers={"authorization": f"Bearer {TOKEN}"}
    ) as client:
        yield client


def test_a_page_names_files_that_are_kept_for_ever(client: TestClient) -> None:
    files = re.findall(r'"(/static/[^"]+)"', client.get("/").text)
    assert len(files) > 5
    for file in files:
        answer = client.get(file)
        assert answer.status_code == 200, file
        assert "immutable" in answer.headers["cache-control"], file


@pytest.mark.parametrize("path", ["js/lib.js", "e-0123456789ab/js/lib.js"])
def test_other_addresses_of_a_file_are_asked_for_again(client: TestClient, path: str) -> None:
    answer = client.get(f"/static/{path}")
    assert answer.text == (static.FOLDER / "js" / "lib.js").read_text()
    assert answer.headers["cache-control"] == "no-cache"
    tag = {"if-none-match": answer.headers["etag"]}
    assert client.get(f"/static/{path}", headers=tag).status_code == 304


@pytest.mark.parametrize("name", ["nothing.js", "../static.py", "js", "e-1", "{edition}/js"])
def test_what_is_no_file_is_not_there(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name.format(edition=static.edition())}").status_code == 404


def test_an_edited_file_makes_another_edition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.js"
    file.write_text("1")
    monkeypatch.setattr(static, "_files", lambda: {"a.js": file})
    before = static.edition()
    assert static.edition() == before
    os.utime(file, ns=(1, 1))
    assert static.edition() != before


def test_plotly_is_compiled_while_it_loads() -> None:
    original = static._files()[static.PLOTLY].read_bytes()
    served, packed = static.content(static.PLOTLY)
    assert packed is not None
    assert len(packed) < len(served) / 2
    # Two parentheses; that figures are drawn with it is tested in a browser.
    assert len(served.rstrip()) == len(original.rstrip()) + 2


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"console.log(1);\n",
        b"f(this, () => { return 1; }));  more();",
        b" " * 2000 + b"f(this, () => {}));",
    ],
)
def test_a_script_of_another_shape_stays_as_it_is(script: bytes) -> None:
    assert static.called_at_once(script) == script
