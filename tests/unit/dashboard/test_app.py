"""The application as a whole: it opens, and shows what is there."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.dashboard import asgi
from trimtab.errors import InvalidArgument
from trimtab.storage import InMemoryStorage

TOKEN = "a-token-for-tests"


@pytest.fixture
def study() -> trimtab.Study:
    study = trimtab.create_study(study_name="<b>first</b>", storage=InMemoryStorage())
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    return study


@pytest.fixture
def client(study: trimtab.Study) -> Iterator[TestClient]:
    app = asgi(study.storage, token=TOKEN)
    with TestClient(
        app, base_url="http://localhost", headers={"authorization": f"Bearer {TOKEN}"}
    ) as client:
        yield client


def test_the_first_page_lists_the_studies_escaped(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "&lt;b&gt;first&lt;/b&gt;" in page.text
    assert "<b>first" not in page.text


def test_a_study_has_a_page_and_a_figure(client: TestClient, study: trimtab.Study) -> None:
    ref = f"0-{study.study_id}"
    assert client.get(f"/studies/{ref}").status_code == 200
    figure = client.get(f"/studies/{ref}/figures/history", params={"theme": "dark"})
    assert figure.json()["data"][0]["customdata"] != []
    again = client.get(
        f"/studies/{ref}/figures/history", headers={"if-none-match": figure.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("ref", ["0-99", "1-1", "0", "x-1", "0-x", "0-" + "9" * 30, "-1"])
def test_a_study_that_is_not_there(client: TestClient, ref: str) -> None:
    answer = client.get(f"/studies/{ref}")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "UnknownStudy"
    page = client.get(f"/studies/{ref}", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "<h1>Not found</h1>" in page.text


def test_mounted_below_a_path(study: trimtab.Study) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    app = Starlette(routes=[Mount("/below", app=asgi(study.storage, token=TOKEN))])
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/below/").status_code == 401
        gone_in = client.get("/below/login", params={"token": TOKEN})
        assert gone_in.status_code == 200
        page = client.get("/below/")
        assert page.status_code == 200
        assert f'href="/below/studies/0-{study.study_id}"' in page.text
        assert client.get("/below/static/css/trimtab.css").status_code == 200


def test_settings_and_options_exclude_each_other(study: trimtab.Study) -> None:
    from trimtab.dashboard import Settings

    with pytest.raises(InvalidArgument, match="settings"):
        asgi(study.storage, settings=Settings(), read_only=True)
    with pytest.raises(InvalidArgument, match="storage"):
        asgi([])
