"""Studies in which trials went on from others: what their pages show of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.dashboard import asgi
from trimtab.records import FrozenTrial, Report, TrialState
from trimtab.records.lineage import BEGAN, CONFIG, LINEAGE
from trimtab.storage import InMemoryStorage

TOKEN = "a-token-for-tests"
HOSTILE = "<script>alert(1)</script>"


def member(number: int, rate: float, lineage: Sequence[object] | None = None) -> FrozenTrial:
    attrs: dict[str, object] = {CONFIG: {"rate": rate, "nest": {"name": "sgd"}}}
    if lineage:
        attrs |= {
            LINEAGE: lineage,
            BEGAN: attrs[CONFIG],
            CONFIG: {"rate": 0.5, "nest": {"name": HOSTILE}},
        }
    return FrozenTrial.build(
        number,
        TrialState.COMPLETE,
        values=(float(number),),
        started=1_700_000_000_000_000,
        finished=1_700_000_001_000_000,
        reports={step: Report(step, {"score": step * rate}, None) for step in range(1, 5)},
        system_attrs=attrs,
    )


@pytest.fixture
def study() -> trimtab.Study:
    """Trial 0 went on from trial 1 twice; trial 2 is alone."""
    study = trimtab.create_study(study_name="run", storage=InMemoryStorage())
    lineage = [[2, 1, 2, {"rate": 0.2}], [3, 1, 3, {"rate": 0.5, "nest/name": HOSTILE}]]
    study.storage.add(study.study_id, [member(0, 0.1, lineage), member(1, 0.3), member(2, 0.9)])
    return study


@pytest.fixture
def client(study: trimtab.Study) -> Iterator[TestClient]:
    with TestClient(
        asgi(study.storage, token=TOKEN),
        base_url="http://localhost",
        headers={"authorization": f"Bearer {TOKEN}"},
    ) as client:
        yield client


def page(client: TestClient, path: str) -> str:
    answer = client.get(f"/studies/0-1{path}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_page_of_a_trial_tells_from_whom_when_and_what_changed(client: TestClient) -> None:
    text = page(client, "/trials/0")
    assert "Went on from others" in text
    assert "Others went on from it" not in text
    newest, oldest = text.index('class="number">3</th>'), text.index('class="number">2</th>')
    assert newest < oldest
    assert text.count("/trials/1") >= 2
    assert HOSTILE not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "Config at the end" in text


def test_and_who_went_on_from_it(client: TestClient) -> None:
    text = page(client, "/trials/1")
    assert "Others went on from it" in text
    assert "Went on from others" not in text
    assert "Population" not in page(client, "/trials/2")


def test_the_pictures_are_there_where_there_is_lineage(
    client: TestClient, study: trimtab.Study
) -> None:
    overview = page(client, "")
    assert '<div id="lineage">' in overview
    assert 'data-lineage="1"' in overview
    assert "the trial went on from others 2 times" in overview
    assert "figures/population" in page(client, "/analytics")
    assert "figures/paths" in page(client, "/analytics")
    other = trimtab.create_study(study_name="other", storage=study.storage)
    other.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    assert '<div id="lineage" hidden>' in client.get("/studies/0-2").text
    assert "figures/population" not in client.get("/studies/0-2/analytics").text


@pytest.mark.parametrize(
    "address", ["population", "population?metric=score&log=1", "paths?param=rate"]
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figures(client: TestClient, address: str, theme: str) -> None:
    joint = "&" if "?" in address else "?"
    answer = client.get(f"/studies/0-1/figures/{address}{joint}theme={theme}")
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) >= 2


def test_figures_refuse_what_cannot_be(client: TestClient) -> None:
    assert client.get("/studies/0-1/figures/population?metric=").status_code == 422
    assert client.get("/studies/0-1/figures/paths?param=nope").status_code == 422


def test_clocks_are_not_drawn_beside_metrics(client: TestClient, study: trimtab.Study) -> None:
    metrics = {"score": 1.0, "time_total_s": 3.0, "timestamp": 1.7e9}
    reports = {1: Report(1, metrics, None)}
    study.storage.add(
        study.study_id, [FrozenTrial.build(3, TrialState.COMPLETE, values=(1.0,), reports=reports)]
    )
    (line,) = client.get("/studies/0-1/trials/3/figures/reports").json()["data"]
    assert line["name"] == "score"


def test_a_population_that_still_trains_is_drawn(client: TestClient, study: trimtab.Study) -> None:
    other = trimtab.create_study(study_name="other", storage=study.storage)
    members = [member(0, 0.1, [[2, 1, 2, {"rate": 0.2}]]), member(1, 0.3)]
    running = [
        each.replace(state=TrialState.RUNNING, values=None, finished=None) for each in members
    ]
    study.storage.add(other.study_id, running)
    text = client.get("/studies/0-2/analytics").text
    assert text.count("figures/population") == 1
    assert text.index("figures/population") < text.index("figures/parallel")
    assert "Nothing to draw yet" not in text
    assert '<div id="lineage">' in client.get("/studies/0-2").text
