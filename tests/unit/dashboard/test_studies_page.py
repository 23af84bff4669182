"""The list of studies, and what can be done to them from there."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.dashboard import ChoiceWidget, asgi, register_objective_form_widgets
from trimtab.dashboard.listing import PER_PAGE
from trimtab.errors import StorageBusy, UnknownStudy
from trimtab.records import StudyDirection, StudySummary
from trimtab.storage import InMemoryStorage

TOKEN = "a-token-for-tests"
HX = {"hx-request": "true"}


def client_of(*storages: InMemoryStorage, **options: Any) -> TestClient:
    return TestClient(
        asgi(storages, token=TOKEN, **options),
        base_url="http://localhost",
        headers={"authorization": f"Bearer {TOKEN}"},
        follow_redirects=False,
    )


@pytest.fixture
def storage() -> InMemoryStorage:
    storage = InMemoryStorage()
    for name, values in (("Alpha", [3.0, 1.0]), ("beta", [2.0]), ("gamma ray", [])):
        study = trimtab.create_study(study_name=name, storage=storage)
        for value in values:
            study.tell(study.ask(), value)
    return storage


@pytest.fixture
def client(storage: InMemoryStorage) -> Iterator[TestClient]:
    with client_of(storage) as client:
        yield client


def names(client: TestClient, query: str) -> list[str]:
    page = client.get(f"/studies?{query}", headers=HX).text
    found = [(page.find(f">{name}</a>"), name) for name in ("Alpha", "beta", "gamma ray")]
    return [name for place, name in sorted(found) if place >= 0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=name", ["Alpha", "beta", "gamma ray"]),
        ("sort=-name", ["gamma ray", "beta", "Alpha"]),
        ("sort=best", ["Alpha", "beta", "gamma ray"]),
        ("sort=-best", ["beta", "Alpha", "gamma ray"]),  # without a value: last either way
        ("sort=-trials", ["Alpha", "beta", "gamma ray"]),
        ("sort=created", ["Alpha", "beta", "gamma ray"]),
        ("q=ALPHA", ["Alpha"]),
        ("q=ray+GAM&sort=name", ["gamma ray"]),
        ("q=nothing", []),
    ],
)
def test_searching_and_sorting(client: TestClient, query: str, expected: list[str]) -> None:
    assert names(client, query) == expected


def test_the_list_tells_the_address_of_its_page(client: TestClient) -> None:
    answer = client.get("/studies?q=a%26b&sort=-activity&page=1&archived=1", headers=HX)
    assert answer.headers["hx-replace-url"] == "/?q=a%26b&archived=1"


@pytest.mark.parametrize("root", ["", "/sub"])
def test_the_list_opened_by_itself_is_the_page(storage: InMemoryStorage, root: str) -> None:
    with client_of(storage, root_path=root) as client:
        for query in ("", "?q=a%26b&archived=1"):
            answer = client.get(f"{root}/studies{query}")
            assert (answer.status_code, answer.headers["location"]) == (303, f"{root}/{query}")
            assert "<html" in client.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    "query", ["sort=size", "sort=--name", "page=0", "page=x", "q=" + "x" * 300]
)
def test_an_impossible_list(client: TestClient, query: str) -> None:
    assert client.get(f"/studies?{query}", headers=HX).status_code == 422


def test_counts_and_best_value(client: TestClient) -> None:
    page = client.get("/studies?q=alpha", headers=HX).text
    assert "2 complete" in page
    assert '<td class="best number">1</td>' in page


def test_many_studies_are_cut_into_pages() -> None:
    storage = InMemoryStorage()
    for index in range(PER_PAGE + 1):
        storage.create_study(f"study {index:03}", (StudyDirection.MINIMIZE,))
    with client_of(storage) as client:
        first = client.get("/studies?sort=name", headers=HX).text
        assert "study 000" in first
        assert f"study {PER_PAGE:03}" not in first
        assert "Page 1 of 2" in first
        # Past the end is the end: the page that one looked at may have become empty.
        last = client.get("/studies?sort=name&page=9", headers=HX).text
        assert f"study {PER_PAGE:03}" in last


def test_archived_studies_are_shown_on_demand(client: TestClient, storage: InMemoryStorage) -> None:
    study_id = storage.find_study("beta").id
    answer = client.post(f"/studies/0-{study_id}/archive", data={"archived": "1"}, headers=HX)
    assert answer.status_code == 204
    assert storage.study(study_id).archived
    assert names(client, "sort=name") == ["Alpha", "gamma ray"]
    assert "1 archived not shown" in client.get("/studies", headers=HX).text
    assert names(client, "sort=name&archived=1") == ["Alpha", "beta", "gamma ray"]
    client.post(f"/studies/0-{study_id}/archive", data={"archived": "0"})
    assert not storage.study(study_id).archived


def test_create_goes_to_the_new_study(client: TestClient, storage: InMemoryStorage) -> None:
    form = {
        "name": " a new one ",
        "direction": ["minimize", "maximize"],
        "metric": ["loss", "speed"],
    }
    answer = client.post("/studies", data=form, headers=HX)
    record = storage.find_study("a new one")
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, f"/studies/0-{record.id}")
    assert record.directions == (StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE)
    assert record.metric_names == ("loss", "speed")


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"name": "Alpha", "direction": "minimize"}, 409, "Alpha"),
        ({"name": "", "direction": "minimize"}, 422, "name"),
        ({"name": "x", "direction": "sideways"}, 422, "direction"),
        ({"name": "x"}, 422, "direction"),
        ({"name": "x", "direction": ["minimize"] * 2, "metric": ["a", ""]}, 422, "metric"),
        ({"name": "x", "direction": ["minimize"] * 2, "metric": ["a", "a"]}, 422, "metric"),
        ({"name": "x", "direction": "minimize", "storage": "7"}, 404, "storage"),
    ],
)
def test_what_cannot_be_created(
    client: TestClient, storage: InMemoryStorage, form: dict[str, Any], status: int, words: str
) -> None:
    answer = client.post("/studies", data=form, headers=HX)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert words in answer.text
    assert len(storage.studies()) == 3


def test_rename(client: TestClient, storage: InMemoryStorage) -> None:
    study_id = storage.find_study("beta").id
    answer = client.post(f"/studies/0-{study_id}/rename", data={"name": "better"}, headers=HX)
    assert "trimtab:done" in json.loads(answer.headers["hx-trigger"])
    assert storage.study(study_id).name == "better"
    taken = client.post(f"/studies/0-{study_id}/rename", data={"name": "Alpha"}, headers=HX)
    assert taken.status_code == 409


def test_delete_wants_the_name(client: TestClient, storage: InMemoryStorage) -> None:
    study_id = storage.find_study("beta").id
    wrong = client.post(f"/studies/0-{study_id}/delete", data={"name": "bet"}, headers=HX)
    assert wrong.status_code == 422
    assert storage.study(study_id).name == "beta"
    right = client.post(f"/studies/0-{study_id}/delete", data={"name": "beta"})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    with pytest.raises(UnknownStudy):
        storage.study(study_id)


def test_trials_that_wait_for_a_person_are_told(
    client: TestClient, storage: InMemoryStorage
) -> None:
    study = trimtab.load_study(study_name="gamma ray", storage=storage)
    register_objective_form_widgets(study, [ChoiceWidget(choices=["a", "b"], values=[0, 1])])
    assert "to rate" not in client.get("/").text
    study.ask()
    study.ask()
    assert "2 to rate" in client.get("/").text


def test_a_list_without_studies_says_how_to_make_one() -> None:
    with client_of(InMemoryStorage()) as client:
        page = client.get("/").text
    assert "No studies yet" in page
    assert "trimtab.create_study(" in page
    assert "trimtab create-study" in page


def test_read_only_offers_no_change(storage: InMemoryStorage) -> None:
    with client_of(storage, read_only=True) as client:
        page = client.get("/").text
        assert "<dialog" not in page
        assert "data-manage" not in page
        assert client.post("/studies", data={"name": "x"}).status_code == 403
    assert len(storage.studies()) == 3


def test_a_storage_that_is_away_does_not_hide_the_others(
    storage: InMemoryStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = InMemoryStorage()

    def fail() -> None:
        raise StorageBusy("it is away")

    monkeypatch.setattr(away, "summaries", fail)
    with client_of(away, storage) as client:
        page = client.get("/").text
    assert "it is away" in page
    assert "Alpha" in page


class Hanging(InMemoryStorage):
    """A storage that answers nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()

    def revisions(self) -> dict[int, int]:
        self._wait()
        return super().revisions()

    def summaries(self) -> list[StudySummary]:
        self._wait()
        return super().summaries()

    def _wait(self) -> None:
        if not self.may_answer.wait(60):
            raise StorageBusy("it hung to the end of the test")


def test_a_storage_that_does_not_answer_keeps_nobody_waiting(storage: InMemoryStorage) -> None:
    hanging = Hanging()
    with client_of(hanging, storage, InMemoryStorage()) as client:
        for _ in range(2):
            page = client.get("/").text
            assert "has not answered" in page
            assert "Alpha" in page
            listed = client.get("/api/studies").json()
            assert [each["name"] for each in listed["studies"]] == ["Alpha", "beta", "gamma ray"]
            assert [each["storage"] for each in listed["absent"]] == ["0"]
        hanging.may_answer.set()
        assert client.get("/api/studies").json()["absent"] == []


def test_where_no_storage_answers_the_list_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    away = InMemoryStorage()

    def fail() -> None:
        raise StorageBusy("it is away")

    monkeypatch.setattr(away, "summaries", fail)
    monkeypatch.setattr(away, "revisions", fail)
    with client_of(away) as client:
        for _ in range(2):
            answer = client.get("/api/studies")
            assert answer.status_code == 503
            assert "it is away" in answer.text
