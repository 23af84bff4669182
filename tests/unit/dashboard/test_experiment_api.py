"""Ask and complete over HTTP: an experiment's trials, with means and standard errors."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

import trimtab
from tests.unit.dashboard.test_api import ok, refused
from trimtab.experiment import Arm, GeneratorRun
from trimtab.service import Client, ObjectiveProperties
from trimtab.space import Distribution
from trimtab.storage import InMemoryStorage


@pytest.fixture
def client(api_storage: InMemoryStorage) -> Client:
    made = Client(storage=api_storage, random_seed=1)
    made.create_experiment(
        [{"name": name, "type": "range", "bounds": [0.0, 1.0]} for name in "xy"],
        "lab",
        objectives={"loss": ObjectiveProperties(minimize=True)},
        parameter_constraints=["x + y <= 1"],
        outcome_constraints=["cost <= 2"],
    )
    return made


def path(client: Client) -> str:
    return f"/api/studies/0-{client.experiment.study.study_id}"


def test_ask_and_complete(api: TestClient, client: Client) -> None:
    twin = Client.from_json_snapshot(client.to_json_snapshot())
    for number in range(12):
        asked = ok(api.post(f"{path(client)}/ask", json={}), 201)
        assert asked["number"] == number
        params = asked["params"]
        assert params["x"] + params["y"] <= 1.0
        assert (params, number) == twin.get_next_trial()  # by the same model
        raw: dict[str, Any] = {"loss": [params["x"], 0.0], "cost": [1.0 + number / 6, None]}
        done = ok(api.post(f"{path(client)}/trials/{number}/complete", json={"raw_data": raw}))
        twin.complete_trial(number, raw)
        assert (done["state"], done["values"], done["sems"]) == ("COMPLETE", [params["x"]], [0.0])
    assert client.experiment.study.trials[11].constraints == {"cost <= 2": 1.0 + 11 / 6 - 2.0}
    assert client.get_best_parameters() is not None


def test_fixed_features_and_keys(api: TestClient, client: Client) -> None:
    body = {"fixed_features": {"x": 0.75}}
    once = ok(api.post(f"{path(client)}/ask", json=body, headers={"Idempotency-Key": "k"}), 201)
    again = ok(api.post(f"{path(client)}/ask", json=body, headers={"Idempotency-Key": "k"}), 201)
    assert once == again
    assert once["params"]["x"] == 0.75
    assert len(client.experiment.trials) == 1


@pytest.mark.parametrize(
    ("raw_data", "kind"),
    [
        ("much", "InvalidType"),
        (None, "InvalidType"),
        ({"loss": [1.0, -1.0], "cost": 1.0}, "InvalidArgument"),
        ({"loss": {"$float": "nan"}, "cost": 1.0}, "InvalidArgument"),
        ({"loss": 1.0, "cost": 1.0, "other": 1.0}, "InvalidArgument"),
        ({"loss": 1.0}, "MissingMetric"),
    ],
)
def test_bad_results_are_refused(api: TestClient, client: Client, raw_data: Any, kind: str) -> None:
    ok(api.post(f"{path(client)}/ask", json={}), 201)
    refused(api.post(f"{path(client)}/trials/0/complete", json={"raw_data": raw_data}), 422, kind)
    told = {"raw_data": {"loss": 1.0, "cost": 1.0}}
    stale = {**told, "attempt": 2}
    refused(api.post(f"{path(client)}/trials/0/complete", json=stale), 409, "StaleAttempt")
    ok(api.post(f"{path(client)}/trials/0/complete", json=told))
    refused(api.post(f"{path(client)}/trials/0/complete", json=told), 409, "TrialFinished")
    refused(api.post(f"{path(client)}/trials/7/complete", json=told), 404, "UnknownTrial")


def test_what_does_not_go_together_is_refused(api: TestClient, client: Client) -> None:
    x = {"x": {"type": "float", "low": 0.0, "high": 1.0}}
    error = refused(
        api.post(f"{path(client)}/ask", json={"distributions": x}), 422, "InvalidArgument"
    )
    assert error["argument"] == "distributions"
    refused(
        api.post(f"{path(client)}/ask", json={"fixed_features": {"x": 9}}), 422, "InvalidArgument"
    )
    plain = ok(api.post("/api/studies", json={"name": "plain"}), 201)["ref"]
    body = {"distributions": x, "fixed_features": {"x": 0.5}}
    refused(api.post(f"/api/studies/{plain}/ask", json=body), 422, "InvalidArgument")
    told = {"raw_data": 1.0}
    ok(api.post(f"/api/studies/{plain}/ask", json={"distributions": x}), 201)
    refused(api.post(f"/api/studies/{plain}/trials/0/complete", json=told), 422, "InvalidArgument")


def test_its_model_is_drawn(api: TestClient, client: Client) -> None:
    for _ in range(4):
        p, index = client.get_next_trial()
        client.complete_trial(index, {"loss": p["x"], "cost": 1.0})
    study = path(client).removeprefix("/api")
    page = api.get(f"{study}/analytics?log=1").text
    both = {"param": ["x", "y"]}
    drawn: dict[str, tuple[dict[str, list[str]], str]] = {
        "model": (both, "Expected"),
        "model-contour": (both, "Standard deviation"),
        "model-trace": ({}, "Best by the model"),
        "model-sensitivity": ({}, "rate of change"),
        "leave-one-out": ({}, "Perfect"),
    }
    for kind, (options, text) in drawn.items():
        assert f"figures/{kind}?" in page
        figure = api.get(f"{study}/figures/{kind}", params={"target": "0", **options})
        assert figure.status_code == 200
        assert text in figure.text
    assert "figures/model-front" not in page
    ok(api.post("/api/studies", json={"name": "plain"}), 201)
    assert "figures/model" not in api.get("/studies/0-2/analytics").text


@pytest.mark.parametrize(
    ("sampler", "complete", "is_drawn"),
    [
        (None, 1, True),
        (None, 250, True),
        (None, 251, False),
        (None, 0, False),
        (trimtab.samplers.TPESampler(), 3, False),
        (trimtab.samplers.GPSampler(), 3, True),
    ],
)
def test_the_model_of_a_study_is_drawn_where_one_proposed_its_trials(
    api: TestClient, api_storage: InMemoryStorage, sampler: Any, complete: int, is_drawn: bool
) -> None:
    study = trimtab.create_study(storage=api_storage, sampler=sampler)
    space: dict[str, Distribution] = {"x": trimtab.FloatDistribution(0, 1)}
    row = trimtab.create_trial(params={"x": 0.5}, distributions=space, value=1.0)
    study.add_trials([row] * complete)
    assert ("figures/model" in api.get("/studies/0-1/analytics").text) is is_drawn


def test_a_trial_s_page_says_what_was_expected_of_it(api: TestClient, client: Client) -> None:
    for _ in range(8):
        p, index = client.get_next_trial()
        client.complete_trial(index, {"loss": p["x"], "cost": 3.0 * p["x"]})
    attrs = client.experiment.study.trials[7].system_attrs
    assert attrs["sampler"] == "GPSampler"
    ((mean, sd),), feasible = attrs["expected"]["values"], attrs["expected"]["feasible"]
    assert abs(mean - client.experiment.study.trials[7].params["x"]) < 4.0 * sd + 0.05
    assert 0.0 <= feasible <= 1.0
    study = path(client).removeprefix("/api")
    page = api.get(f"{study}/trials/7").text
    assert "<dt>Chosen by</dt><dd>GPSampler</dd>" in page
    assert "<dt>Expected of it</dt><dd>loss " in page
    assert f"feasible with {feasible:.0%}" in page
    assert "Expected of it" not in api.get(f"{study}/trials/0").text


def test_what_changes_elsewhere_is_seen(api: TestClient, client: Client) -> None:
    ok(api.post(f"{path(client)}/ask", json={}), 201)
    client.experiment.add_tracking_metric("seconds")
    raw = {"loss": 1.0, "cost": 1.0, "seconds": 3.0}
    ok(api.post(f"{path(client)}/trials/0/complete", json={"raw_data": raw}))


def test_a_status_that_no_state_tells_is_shown(api: TestClient, client: Client) -> None:
    experiment = client.experiment
    arm = GeneratorRun([Arm({"x": 0.1, "y": 0.2}), Arm({"x": 0.3, "y": 0.4})])
    experiment.new_trial(GeneratorRun(arm.arms[:1]))
    experiment.new_batch_trial(arm).mark_staged()
    _, running = client.get_next_trial()
    _, given_up = client.get_next_trial()
    client.abandon_trial(given_up)
    study = path(client).removeprefix("/api")
    table = api.get(f"{study}/trials").text
    cells = re.findall(r'data-number="(\d)".*?class="state[^>]*>([a-z]+)<', table, re.DOTALL)
    assert dict(cells) == {
        "0": "candidate",
        "1": "staged",
        "2": "staged",
        str(running): "running",
        str(given_up): "abandoned",
    }
    for number, word in cells:
        page = api.get(f"{study}/trials/{number}").text
        assert re.search(rf'<h1>Trial {number} <span class="state[^>]*>{word}<', page)
    client.experiment.trial(0).mark_running()
    assert ">candidate<" not in api.get(f"{study}/trials").text
