"""The Trials page, trials side by side, the page of one trial, and what is done there."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.datastructures import QueryParams
from starlette.testclient import TestClient

import trimtab
from trimtab.dashboard import (
    ChoiceWidget,
    asgi,
    ratings,
    register_objective_form_widgets,
    save_note,
)
from trimtab.dashboard.trialactions import QUEUED_FROM, act
from trimtab.dashboard.trialview import TrialView
from trimtab.errors import InvalidArgument
from trimtab.query.fields import RATINGS
from trimtab.records import TrialState
from trimtab.samplers.arms import REPLICATE_OF
from trimtab.storage import InMemoryStorage
from trimtab.storage.rules import STOP_REQUESTED

TOKEN = "a-token-for-tests"


@pytest.fixture
def study() -> trimtab.Study:
    """Trials 0 to 5 are complete, 6 failed, 7 runs, 8 waits."""
    study = trimtab.create_study(study_name="s", storage=InMemoryStorage())

    def objective(trial: trimtab.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.suggest_categorical("c", ["<i>a</i>", None])
        trial.set_user_attr("team", "red" if trial.number % 2 else "=1+1")
        trial.report(x, 0)
        trial.report(x / 2, 5)
        trial.set_constraint("weight", trial.number - 4.5)
        return float(trial.number)

    study.optimize(objective, n_trials=6)
    study.tell(study.ask(), state=TrialState.FAIL)
    study.ask()
    study.enqueue_trial({"x": 0.25})
    return study


@pytest.fixture
def client(study: trimtab.Study) -> Iterator[TestClient]:
    app = asgi(study.storage, token=TOKEN)
    with TestClient(
        app, base_url="http://localhost", headers={"authorization": f"Bearer {TOKEN}"}
    ) as client:
        yield client


PAGE = "/studies/0-1/trials"


def listed(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr data-number="(\d+)"', text)]


def test_the_table_is_filtered_sorted_and_paged_by_the_address(client: TestClient) -> None:
    assert listed(client.get(PAGE).text) == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    view = {"where": "value > 1", "sort": "value", "desc": "0"}
    for path in (PAGE, f"{PAGE}/table"):
        assert listed(client.get(path, params=view).text) == [2, 3, 4, 5]
    page = client.get(PAGE, params={**view, "col": ["user_attrs.team", "params.x"], "sel": "3,4"})
    head = re.findall(r'<a data-view data-key="sort ([^"]+)"', page.text)
    assert head == ["user_attrs.team", "params.x"]
    assert 'data-selected="3,4"' in page.text
    assert 'value="value &gt; 1"' in page.text
    assert "&lt;i&gt;a&lt;/i&gt;" in client.get(PAGE).text
    assert "<i>a</i>" not in client.get(PAGE).text


def test_a_page_beyond_the_end_is_the_last_one(client: TestClient) -> None:
    page = client.get(PAGE, params={"offset": "1000", "limit": "25"})
    assert listed(page.text) == [8, 7, 6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/table"])
def test_a_filter_that_does_not_parse_is_shown_at_the_place(client: TestClient, path: str) -> None:
    answer = client.get(path, params={"where": "value < 1 and params.y > <b>"})
    assert (
        'data-position="14" data-length="8"'
        in client.get(path, params={"where": "value < 1 and params.y > 1"}).text
    )
    assert "<b>" not in answer.text.replace("<b>s</b>", "")
    assert "<mark>" in answer.text
    assert client.get(f"{PAGE}/table", params={"where": "value <"}).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        *("limit=3", "limit=x", "offset=-1", "offset=1e9", "desc=2", "archived=yes", "sel=1,x"),
        *("sel=" + ",".join(["1"] * 501), "sort=bogus", "col=params.nothing", "unknown=1"),
        "offset=" + "9" * 30,
    ],
)
def test_a_view_that_cannot_be(client: TestClient, query: str) -> None:
    for path in (PAGE, f"{PAGE}/table", f"{PAGE}/export.csv", f"{PAGE}/compare"):
        answer = client.get(f"{path}?{query}")
        if answer.status_code != 200:
            assert answer.status_code == 422
            assert answer.json()["error"]["type"] in {"InvalidArgument", "UnknownField"}
    assert client.get(f"{PAGE}?{query}").status_code == 422


def test_a_view_is_its_address() -> None:
    view = TrialView(
        "value < 1", "params.x", False, 50, 25, ("number", 'params["a b"]'), True, (3, 1)
    )
    assert TrialView.read(QueryParams(view.query()[1:])) == view
    assert view.query(where="", columns=(), selected=(), archived=False, limit=50, offset=0) == (
        "?sort=params.x&desc=0"
    )
    assert TrialView().query() == "?"
    assert parse_qs(TrialView(where="a & b").query()[1:]) == {"where": ["a & b"]}


def test_files_of_the_view_and_of_the_selection(client: TestClient) -> None:
    answer = client.get(f"{PAGE}/export.csv", params={"where": "value >= 4", "sort": "value"})
    assert answer.headers["content-disposition"] == 'attachment; filename="trials-0-1.csv"'
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["number"] for row in rows] == ["4", "5"]
    assert rows[0]["user_attrs_team"] == "'=1+1"
    lines = client.get(
        f"{PAGE}/export.jsonl", params={"col": ["number", "value"], "sel": "1,0"}
    ).text
    assert [json.loads(line) for line in lines.splitlines()] == [
        {"number": 1, "value": 1.0},
        {"number": 0, "value": 0.0},
    ]
    assert client.get(f"{PAGE}/export.csv", params={"where": "value <"}).status_code == 422
    assert client.get(f"{PAGE}/export.xml").status_code == 422


def test_side_by_side(client: TestClient) -> None:
    page = client.get(f"{PAGE}/compare", params={"sel": "5,1,999"}).text
    assert re.findall(r">Trial (\d+)<", page) == ["5", "1"]
    assert re.search(r'<tr class="differs"><th scope="row" class="mono">value', page)
    assert re.search(r'<tr><th scope="row" class="mono">user_attrs.team', page)
    assert "1 of the selected trials are not shown" in page
    only = client.get(f"{PAGE}/compare", params={"sel": "5,1", "only": "1"}).text
    assert "user_attrs.team" not in only
    assert "No trials are selected" in client.get(f"{PAGE}/compare").text


def test_the_page_of_a_trial(client: TestClient, study: trimtab.Study) -> None:
    save_note(study.trials[5], "# Burnt <script>", study=study)
    page = client.get(f"{PAGE}/5").text
    for text in (
        "Trial 5",
        "one of &lt;i&gt;a&lt;/i&gt;, None",
        "0 to 1",
        "not feasible",
        "2 steps",
    ):
        assert text in page
    assert "<script>" not in page.replace('<script src="', "")
    assert f'href="{PAGE}/4"' in page
    assert f'href="{PAGE}/6"' in page
    figure = client.get(f"{PAGE}/5/figures/reports", params={"theme": "dark"}).json()
    assert figure["data"][0]["name"] == "value"
    waiting = client.get(f"{PAGE}/8").text
    assert "It waits to be run with these values" in waiting
    assert 'id="next"' not in waiting
    for number in ("9", "-1", "99999999999999999999", "x"):
        answer = client.get(f"{PAGE}/{number}")
        assert answer.status_code in (404, 422)
        assert "error" in answer.json()


def test_who_rated_what(client: TestClient, study: trimtab.Study) -> None:
    widget = ChoiceWidget(["Good", "Bad"], [-1, 1], "How is it?")
    register_objective_form_widgets(study, [widget])
    ratings.rate(study.storage, study.study_id, 7, "Ada", [1.0])
    page = client.get(f"{PAGE}/7").text
    assert re.search(r"<dt>Ada</dt><dd>Bad \(1\)", page)
    assert listed(client.get(PAGE, params={"where": "ratings > 0"}).text) == [7]
    assert ratings.PREFIX == RATINGS


def do(client: TestClient, action: str, *numbers: int) -> dict[str, Any]:
    answer = client.post(f"{PAGE}/actions", json={"action": action, "numbers": list(numbers)})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def test_archive_and_bring_back(client: TestClient) -> None:
    assert do(client, "archive", 1, 2, 2)["message"] == "2 trials archived."
    assert listed(client.get(PAGE).text) == [8, 7, 6, 5, 4, 3, 0]
    assert listed(client.get(PAGE, params={"where": "archived"}).text) == [2, 1]
    assert "archived" in client.get(f"{PAGE}/1").text
    assert do(client, "restore", 1)["message"] == "Trial 1 brought back."
    assert 1 in listed(client.get(PAGE).text)


def test_fail_only_what_has_not_finished(client: TestClient, study: trimtab.Study) -> None:
    done = do(client, "fail", 0, 7, 8, 99)
    assert done["done"] == [7, 8]
    assert sorted(done["refused"]) == ["0", "99"]
    assert "Not trial 0: it is complete already." in str(done["message"])
    assert [study.trials[n].state for n in (0, 7, 8)] == [
        TrialState.COMPLETE,
        TrialState.FAIL,
        TrialState.FAIL,
    ]
    assert "Failed by hand" in client.get(f"{PAGE}/7").text


def test_queue_again(client: TestClient, study: trimtab.Study) -> None:
    assert do(client, "queue", 3)["message"] == "Trial 3 queued again as trial 9."
    assert do(client, "queue", 8)["refused"] == {"8": "it waits already."}
    waiting = study.trials[9]
    assert waiting.params == study.trials[3].params
    assert waiting.system_attrs == {QUEUED_FROM: 3, REPLICATE_OF: 3}
    assert f'<a href="{PAGE}/9">trial 9</a>' in client.get(f"{PAGE}/3").text
    assert f'Queued from</dt><dd><a href="{PAGE}/3">' in client.get(f"{PAGE}/9").text
    do(client, "fail", 8)
    taken = study.ask()
    assert taken.number == 9
    x = taken.suggest_float("x", 0, 1)
    assert x == study.trials[3].params["x"]
    study.tell(taken, 4.0)
    assert "The arm&#39;s mean" in client.get(f"{PAGE}/3").text.replace("'", "&#39;")
    assert do(client, "queue", 6)["refused"] == {"6": "it has no parameters."}
    failed = study.ask()
    failed.suggest_float("x", 0, 1)
    study.tell(failed, state=TrialState.FAIL)
    do(client, "queue", failed.number)
    assert study.trials[-1].system_attrs == {QUEUED_FROM: failed.number}
    assert REPLICATE_OF not in study.trials[-1].system_attrs  # a failed trial measured nothing


def test_stop_ends_a_trial_at_its_next_look(client: TestClient, study: trimtab.Study) -> None:
    seen = []

    def objective(trial: trimtab.Trial) -> float:
        for step in range(3):
            trial.report(1.0, step)
            seen.append(trial.should_prune())
            if seen[-1]:
                raise trimtab.TrialPruned
            done = do(client, "stop", trial.number)
            assert done["message"] == f"Trial {trial.number} asked to stop."
            assert "asked to stop" in client.get(f"{PAGE}/{trial.number}").text
        return 0.0

    do(client, "fail", 8)
    study.pruner = trimtab.pruners.NopPruner()
    study.optimize(objective, n_trials=1)
    assert seen == [False, True]
    assert study.trials[-1].state is TrialState.PRUNED
    assert study.trials[-1].system_attrs[STOP_REQUESTED] is True
    assert "only a running one" in str(do(client, "stop", 0)["message"])


@pytest.mark.parametrize(
    "body",
    [
        {"action": "drop", "numbers": [1]},
        {"action": "fail", "numbers": []},
        {"action": "fail", "numbers": [1] * 501},
        {"action": "fail", "numbers": ["x"]},
        {"numbers": [1]},
        [],
    ],
)
def test_what_is_no_action(client: TestClient, body: object) -> None:
    answer = client.post(f"{PAGE}/actions", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["type"] == "InvalidArgument"


def test_a_number_that_is_none(client: TestClient) -> None:
    refused = do(client, "archive", -1, 1 << 70)["refused"]
    assert sorted(refused) == ["-1", str(1 << 70)]


def test_a_dashboard_that_only_shows_has_no_buttons(study: trimtab.Study) -> None:
    app = asgi(study.storage, token=TOKEN, read_only=True)
    with TestClient(
        app, base_url="http://localhost", headers={"authorization": f"Bearer {TOKEN}"}
    ) as client:
        for path in (PAGE, f"{PAGE}/7"):
            assert "data-action=" not in client.get(path).text
        body = {"action": "archive", "numbers": [1]}
        assert client.post(f"{PAGE}/actions", json=body).status_code == 403


def test_no_such_action(study: trimtab.Study) -> None:
    from trimtab.dashboard.context import Opened, StudyView

    record = study.storage.study(study.study_id)
    view = StudyView("0-1", Opened("0", study.storage, ""), record)
    with pytest.raises(InvalidArgument, match="archive"):
        act(view, "explode", [1])


def test_an_empty_study(client: TestClient, study: trimtab.Study) -> None:
    trimtab.create_study(study_name="empty", storage=study.storage)
    assert "No trials yet" in client.get("/studies/0-2/trials").text
    assert "None of the 9 trials" in client.get(PAGE, params={"where": "value > 99"}).text
