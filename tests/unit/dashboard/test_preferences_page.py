"""The pages of comparisons, and what their scripts send."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.artifacts import save_note
from trimtab.dashboard import asgi, register_preference_feedback_component
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.preferential import PreferentialStudy, create_study
from trimtab.samplers import RandomSampler

TOKEN = "a-token-for-tests"


@pytest.fixture
def study() -> PreferentialStudy:
    study = create_study(4, sampler=RandomSampler(seed=0), study_name="compared")
    while study.should_generate():
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        save_note(trial, f"<b>picture {trial.number}</b>")
    return study


def client_of(study: PreferentialStudy, **options: Any) -> TestClient:
    headers = {"authorization": f"Bearer {TOKEN}"}
    app = asgi(study.storage, token=TOKEN, **options)
    return TestClient(app, base_url="http://localhost", headers=headers)


@pytest.fixture
def client(study: PreferentialStudy) -> Iterator[TestClient]:
    with client_of(study) as client:
        yield client


def path(study: PreferentialStudy, *more: str) -> str:
    return "/".join([f"/studies/0-{study.study_id}/preferences", *more])


def said(**changes: Any) -> dict[str, Any]:
    body = {"id": "click1", "candidates": [0, 1, 2, 3], "clicked": 2, "mode": "worst"}
    return body | changes


def test_the_page_shows_what_waits_to_be_judged(
    client: TestClient, study: PreferentialStudy
) -> None:
    page = client.get(path(study)).text
    assert page.count("Choose trial") == 4
    assert "&lt;b&gt;picture 0&lt;/b&gt;" in page
    assert "<b>picture" not in page
    assert 'aria-current="page">Preferences' in page


def test_only_studies_of_comparisons_have_it(study: PreferentialStudy) -> None:
    plain = trimtab.create_study(study_name="plain", storage=study.storage)
    with client_of(study) as client:
        overview = client.get(f"/studies/0-{plain.study_id}").text
        assert "Preferences" not in overview
        assert client.get(f"/studies/0-{plain.study_id}/preferences").status_code == 422
        assert client.get("/studies/0-77/preferences").status_code == 404


def test_a_judgement_is_kept_and_can_be_taken_back(
    client: TestClient, study: PreferentialStudy
) -> None:
    kept = client.post(path(study, "judgements"), json=said(rater="ann"))
    assert kept.status_code == 201
    client.post(path(study, "judgements"), json=said(rater="ann"))  # sent again
    (judgement,) = study.judgements
    assert (judgement.rater, judgement.clicked) == ("ann", 2)
    fragment = client.get(path(study, "choice")).text
    assert fragment.count("Choose trial") == 3
    assert "waiting for the script" in fragment
    assert "<b>2</b> is the worst of 0, 1, 2, 3" in fragment
    changed = client.post(path(study, "judgements", "click1"), json={"undone": True})
    assert changed.json()["undone"] is True
    assert [trial.number for trial in study.candidates] == [0, 1, 2, 3]
    client.post(path(study, "judgements", "click1"), json={"undone": False})
    assert [trial.number for trial in study.candidates] == [0, 1, 3]


def test_skips(client: TestClient, study: PreferentialStudy) -> None:
    client.post(path(study, "judgements"), json=said(mode="skip", clicked=1))
    rest = said(id="click2", candidates=[0, 2, 3], mode="skip", clicked=None)
    client.post(path(study, "judgements"), json=rest)
    assert study.candidates == []
    fragment = client.get(path(study, "choice")).text
    assert "skipped 1" in fragment
    assert "skipped 0, 2, 3" in fragment
    assert "At least two are needed" in fragment


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"clicked": 9}, 404),
        ({"clicked": None}, 422),
        ({"candidates": [2]}, 422),
        ({"candidates": [2, 2]}, 422),
        ({"candidates": [2, 77]}, 404),
        ({"candidates": []}, 422),
        ({"candidates": list(range(1000))}, 422),
        ({"mode": "middle"}, 422),
        ({"id": "../x"}, 422),
        ({"rater": "x" * 300}, 422),
        ({"candidates": ["a", "b"]}, 422),
    ],
)
def test_odd_judgements_are_refused(
    client: TestClient, study: PreferentialStudy, changes: dict[str, Any], status: int
) -> None:
    answer = client.post(path(study, "judgements"), json=said(**changes))
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert study.judgements == []


def test_a_judgement_that_is_not_there(client: TestClient, study: PreferentialStudy) -> None:
    answer = client.post(path(study, "judgements", "nothing"), json={"undone": True})
    assert answer.status_code == 422


def test_reading_writes_nothing(client: TestClient, study: PreferentialStudy) -> None:
    before = study.history.revision
    for page in ("", "choice", "graph"):
        assert client.get(path(study, page).rstrip("/")).status_code == 200
    assert client.get(f"/studies/0-{study.study_id}/figures/preferences").status_code == 200
    assert study.history.revision == before


def test_read_only(study: PreferentialStudy) -> None:
    with client_of(study, read_only=True) as client:
        assert client.post(path(study, "judgements"), json=said()).status_code == 403
        page = client.get(path(study)).text
        assert page.count("Choose trial") == page.count("data-skip=") == 4
        assert page.count("disabled") >= 10
    assert study.judgements == []


def test_the_artifact_that_was_registered_is_shown(study: PreferentialStudy) -> None:
    register_preference_feedback_component(study, "artifact", "picture")
    with client_of(study) as client:
        page = client.get(path(study)).text
        assert '<dt class="mono">x</dt>' in page  # no artifact yet: the parameters
        assert "picture 0" not in page


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("sound",), InvalidArgument),
        (("artifact",), InvalidArgument),
        (("note", "key"), InvalidArgument),
        (("artifact", 3), InvalidType),
        (("artifact", ""), InvalidArgument),
    ],
)
def test_odd_components_are_refused(
    study: PreferentialStudy, arguments: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        register_preference_feedback_component(study, *arguments)
    with pytest.raises(InvalidType, match="PreferentialStudy"):
        register_preference_feedback_component(study.study, *arguments)  # type: ignore[arg-type]  # arguments of any type
