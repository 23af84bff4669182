"""Several studies side by side."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.dashboard import asgi
from trimtab.dashboard.comparison import MOST
from trimtab.storage import InMemoryStorage

TOKEN = "a-token-for-tests"
BOTH = "study=0-1&study=1-1"


def study_in(storage: InMemoryStorage, name: str, values: list[float], way: str) -> None:
    study = trimtab.create_study(study_name=name, storage=storage, direction=way)
    for value in values:
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        study.tell(trial, value)


@pytest.fixture
def storages() -> list[InMemoryStorage]:
    storages = [InMemoryStorage(), InMemoryStorage()]
    study_in(storages[0], "one", [3.0, 1.0], "minimize")
    study_in(storages[1], "two", [2.0, 4.0], "minimize")
    study_in(storages[1], "other way", [2.0, 4.0], "maximize")
    study_in(storages[1], "empty", [], "minimize")
    two = trimtab.create_study(
        study_name="front", storage=storages[1], directions=["minimize", "maximize"]
    )
    two.tell(two.ask(), [1.0, 5.0])
    return storages


@pytest.fixture
def client(storages: list[InMemoryStorage]) -> Iterator[TestClient]:
    with TestClient(
        asgi(storages, token=TOKEN),
        base_url="http://localhost",
        headers={"authorization": f"Bearer {TOKEN}"},
    ) as client:
        yield client


def test_studies_of_several_storages(client: TestClient) -> None:
    page = client.get(f"/compare?{BOTH}")
    assert page.status_code == 200
    assert page.text.count("tag-best") == 1
    assert page.text.index("tag-best") < page.text.index("<strong>2</strong>")
    figure = client.get(f"/compare/figures/history?{BOTH}").json()
    assert [trace["name"] for trace in figure["data"]] == ["one", "two"]
    with_points = client.get(f"/compare/figures/history?{BOTH}&points=1&x=elapsed&log=1").json()
    assert len(with_points["data"]) == 4
    edf = client.get(f"/compare/figures/edf?{BOTH}&theme=dark").json()
    assert [trace["name"] for trace in edf["data"]] == ["one", "two"]


def test_different_directions_are_explained(client: TestClient) -> None:
    page = client.get("/compare?study=0-1&study=1-2").text
    assert "“one”: small is better. “other way”: large is better." in page
    assert "tag-best" not in page
    assert client.get("/compare/figures/history?study=0-1&study=1-2").status_code == 200


def test_a_study_without_the_objective_is_left_out(client: TestClient) -> None:
    query = "study=0-1&study=1-4&objective=1"
    assert "“one”: there is no objective 1" in client.get(f"/compare?{query}").text
    figure = client.get(f"/compare/figures/history?{query}")
    assert figure.status_code == 200
    assert figure.json()["data"]


def test_an_objective_that_none_has_is_the_last(client: TestClient) -> None:
    assert client.get(f"/compare?{BOTH}&objective=5").status_code == 200


def test_studies_without_trials_and_studies_that_are_gone(client: TestClient) -> None:
    page = client.get("/compare?study=0-1&study=1-3&study=0-99&study=x")
    assert page.status_code == 200
    assert "No longer there: 0-99, x." in page.text
    assert client.get("/compare/figures/history?study=1-3").status_code == 200
    assert "None of these studies is there" in client.get("/compare?study=0-99").text
    assert "No studies are chosen" in client.get("/compare").text


def test_a_study_that_is_named_twice_is_shown_once(client: TestClient) -> None:
    page = client.get(f"/compare?{BOTH}&study=0-1")
    assert page.text.count('name="study" value="0-1"') == 1


def test_more_studies_than_can_be_told_apart(
    client: TestClient, storages: list[InMemoryStorage]
) -> None:
    for index in range(MOST):
        study_in(storages[0], f"more {index}", [1.0], "minimize")
    query = "&".join(f"study=0-{index + 1}" for index in range(MOST + 1))
    assert f"At most {MOST} are shown; 1 more are not." in client.get(f"/compare?{query}").text


@pytest.mark.parametrize("address", ["slice", "history?x=sideways", "edf?theme=blue"])
def test_impossible_figures(client: TestClient, address: str) -> None:
    name, _, query = address.partition("?")
    assert client.get(f"/compare/figures/{name}?{BOTH}&{query}").status_code == 422


def test_the_table_alone(client: TestClient) -> None:
    table = client.get(f"/compare/table?{BOTH}").text
    assert "<html" not in table
    assert "Parameters of the best trial" in table
