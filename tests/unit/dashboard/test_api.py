"""The API, resource by resource."""

import math
from typing import Any

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.dashboard import SliderWidget, register_objective_form_widgets
from trimtab.storage import InMemoryStorage

DISTRIBUTIONS = {
    "x": {"type": "float", "low": 0.0, "high": 1.0},
    "c": {"type": "categorical", "choices": ["a", None, 1]},
}


@pytest.fixture
def ref(api: TestClient) -> str:
    """A study with five finished trials: values 0 to 4."""
    ref: str = ok(api.post("/api/studies", json={"name": "first"}), 201)["ref"]
    for i in range(5):
        trial = ok(api.post(f"/api/studies/{ref}/ask", json={"distributions": DISTRIBUTIONS}), 201)
        ok(api.post(f"/api/studies/{ref}/trials/{trial['number']}/tell", json={"values": [i]}))
    return ref


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: Any, status: int, kind: str) -> Any:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"type", "message", "argument", "detail"}
    assert error["type"] == kind
    assert error["message"]
    return error


class TestStudies:
    def test_one_s_life(self, api: TestClient) -> None:
        made = ok(
            api.post(
                "/api/studies",
                json={
                    "name": "s",
                    "directions": ["maximize", "minimize"],
                    "metric_names": ["accuracy", "cost"],
                    "user_attrs": {"who": "me", "inf": {"$float": "inf"}},
                },
            ),
            201,
        )
        assert made["ref"] == "0-1"
        assert made["directions"] == ["maximize", "minimize"]
        path = f"/api/studies/{made['ref']}"
        assert ok(api.get(path)) == made
        changed = ok(api.patch(path, json={"name": "t", "archived": True, "user_attrs": {"a": 1}}))
        assert (changed["name"], changed["archived"]) == ("t", True)
        assert changed["user_attrs"] == {"who": "me", "inf": {"$float": "inf"}, "a": 1}
        assert ok(api.get("/api/studies"))["studies"] == []
        assert len(ok(api.get("/api/studies?archived=true"))["studies"]) == 1
        assert api.delete(path).status_code == 204
        for gone in (path, path.replace("0-1", "9-1")):
            error = refused(api.get(gone), 404, "UnknownStudy")
            assert error["message"] == "There is no such study; it may have been deleted."

    def test_pages_over_all_storages(self, api: TestClient) -> None:
        for storage in "01":
            for i in range(3):
                ok(api.post("/api/studies", json={"name": f"{i}", "storage": storage}), 201)
        refs: list[str] = []
        cursor: str | None = None
        while True:
            query = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
            page = ok(api.get("/api/studies", params=query))
            refs += [study["ref"] for study in page["studies"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
            api.delete(f"/api/studies/{cursor}")  # a page may end with what is gone since
        assert refs == ["0-1", "0-2", "0-3", "1-1", "1-2", "1-3"]

    def test_what_a_list_shows(self, api: TestClient, ref: str) -> None:
        (study,) = ok(api.get("/api/studies"))["studies"]
        assert study["counts"]["COMPLETE"] == 5
        assert study["counts"]["WAITING"] == 0
        assert study["best_value"] == 0.0
        assert study["last_activity"].endswith("+00:00")

    def test_refusals(self, api: TestClient, ref: str) -> None:
        refused(api.post("/api/studies", json={"name": "first"}), 409, "DuplicateStudy")
        refused(api.post("/api/studies", json={"name": "n", "storage": "7"}), 404, "UnknownStudy")
        error = refused(api.post("/api/studies", json={"name": "a\x00"}), 422, "InvalidArgument")
        assert error["argument"] == "study_name"
        error = refused(
            api.post("/api/studies", json={"name": "n", "directions": ["up"]}),
            422,
            "InvalidArgument",
        )
        assert error["argument"] == "directions.0"
        refused(api.post("/api/studies", json={"name": "n", "more": 1}), 422, "InvalidArgument")
        refused(api.get("/api/studies?cursor=x"), 422, "InvalidArgument")
        refused(api.get("/api/studies?limit=0"), 422, "InvalidArgument")
        refused(api.get("/api/studies?limit=1001"), 422, "InvalidArgument")


class TestTrials:
    def test_pages_and_filters(self, api: TestClient, ref: str) -> None:
        path = f"/api/studies/{ref}/trials"
        page = ok(api.get(path, params={"where": "value >= 1", "limit": 3}))
        assert page["total"] == 4
        assert [trial["number"] for trial in page["trials"]] == [1, 2, 3]
        assert page["next_cursor"] == "3"
        rest = ok(api.get(path, params={"where": "value >= 1", "limit": 3, "cursor": "3"}))
        assert [trial["number"] for trial in rest["trials"]] == [4]
        assert rest["next_cursor"] is None
        error = refused(api.get(path, params={"where": "value >"}), 422, "InvalidFilter")
        assert error["detail"]["position"] == 7

    def test_one(self, api: TestClient, ref: str) -> None:
        trial = ok(api.get(f"/api/studies/{ref}/trials/2"))
        assert (trial["values"], trial["state"]) == ([2.0], "COMPLETE")
        assert trial["distributions"]["c"]["choices"] == ["a", None, 1]
        refused(api.get(f"/api/studies/{ref}/trials/99"), 404, "UnknownTrial")

    def test_changing(self, api: TestClient, ref: str) -> None:
        path = f"/api/studies/{ref}/trials/2"
        changed = ok(api.patch(path, json={"archived": True, "user_attrs": {"seen": [1, None]}}))
        assert (changed["archived"], changed["user_attrs"]) == (True, {"seen": [1, None]})
        assert ok(api.get(f"/api/studies/{ref}/trials"))["total"] == 4
        assert ok(api.get(f"/api/studies/{ref}/trials?archived=true"))["total"] == 5
        assert api.delete(path).status_code == 204
        refused(api.get(path), 404, "UnknownTrial")
        refused(api.delete(path), 404, "UnknownTrial")

    def test_a_queue(self, api: TestClient, ref: str) -> None:
        queued = ok(api.post(f"/api/studies/{ref}/trials", json={"params": {"x": 0.125}}), 201)
        assert (queued["number"], queued["state"]) == (5, "WAITING")
        refused(
            api.post(f"/api/studies/{ref}/trials/5/tell", json={"values": 1}),
            422,
            "InvalidArgument",
        )
        asked = ok(api.post(f"/api/studies/{ref}/ask", json={"distributions": DISTRIBUTIONS}), 201)
        assert (asked["number"], asked["params"]["x"]) == (5, 0.125)


class TestAskAndTell:
    def test_the_server_knows_the_space_of_earlier_trials(self, api: TestClient, ref: str) -> None:
        assert set(ok(api.post(f"/api/studies/{ref}/ask", json={}), 201)["params"]) == {"x", "c"}

    def test_a_key_asks_once(self, api: TestClient, ref: str) -> None:
        answers = [
            ok(api.post(f"/api/studies/{ref}/ask", json={}, headers={"idempotency-key": "k"}), 201)
            for _ in range(3)
        ]
        assert answers[0] == answers[1] == answers[2]
        assert ok(api.get(f"/api/studies/{ref}/trials"))["total"] == 6

    def test_reports(self, api: TestClient, ref: str) -> None:
        number = ok(api.post(f"/api/studies/{ref}/ask", json={}), 201)["number"]
        path = f"/api/studies/{ref}/trials/{number}"
        for step, value in enumerate([0.5, {"$float": "nan"}]):
            body = {"step": step, "metrics": {"value": value}}
            assert ok(api.post(f"{path}/report", json=body)) == {"should_prune": False}
        told = ok(api.post(f"{path}/tell", json={"state": "PRUNED"}))
        assert told["reports"][1]["metrics"] == {"value": {"$float": "nan"}}
        assert told["values"] is None
        refused(
            api.post(f"{path}/report", json={"step": 3, "metrics": {"value": 1}}),
            409,
            "TrialFinished",
        )

    def test_the_pruner_speaks(self, api: TestClient, api_storage: InMemoryStorage) -> None:
        study = trimtab.create_study(storage=api_storage)

        def objective(trial: trimtab.Trial) -> float:
            trial.report(trial.number, 1)
            return float(trial.number)

        study.optimize(objective, n_trials=6)
        number = ok(api.post(f"/api/studies/0-{study.study_id}/ask", json={}), 201)["number"]
        path = f"/api/studies/0-{study.study_id}/trials/{number}/report"
        assert ok(api.post(path, json={"step": 1, "metrics": {"value": 99}})) == {
            "should_prune": True
        }

    def test_telling(self, api: TestClient, ref: str) -> None:
        number = ok(api.post(f"/api/studies/{ref}/ask", json={"lease": 60}), 201)["number"]
        path = f"/api/studies/{ref}/trials/{number}/tell"
        refused(api.post(path, json={"values": [1, 2]}), 422, "InvalidArgument")
        refused(api.post(path, json={"values": [{"$float": "nan"}]}), 422, "InvalidArgument")
        refused(api.post(path, json={}), 422, "InvalidArgument")
        refused(api.post(path, json={"values": 1, "attempt": 2}), 409, "StaleAttempt")
        body = {"values": 1, "sems": [0.5], "attempt": 1, "constraints": {"c": -1}}
        told = ok(api.post(path, json=body))
        assert (told["sems"], told["constraints"]) == ([0.5], {"c": -1})
        assert ok(api.post(path, json=body)) == told
        refused(api.post(path, json={"values": 2}), 409, "TrialFinished")

    def test_failing(self, api: TestClient, ref: str) -> None:
        number = ok(api.post(f"/api/studies/{ref}/ask", json={}), 201)["number"]
        path = f"/api/studies/{ref}/trials/{number}/tell"
        told = ok(api.post(path, json={"state": "FAIL", "reason": "no power"}))
        assert (told["state"], told["reason"]) == ("FAIL", "no power")

    def test_a_distribution_that_is_none(self, api: TestClient, ref: str) -> None:
        body = {"distributions": {"y": {"type": "float", "low": 1, "high": 0}}}
        refused(api.post(f"/api/studies/{ref}/ask", json=body), 422, "InvalidArgument")
        body = {"distributions": {"x": {"type": "int", "low": 0, "high": 1}}}
        refused(api.post(f"/api/studies/{ref}/ask", json=body), 422, "IncompatibleDistribution")


class TestRatings:
    @pytest.fixture
    def asked(self, api: TestClient, api_storage: InMemoryStorage) -> str:
        """A study that asks for two numbers by a slider, with one running trial."""
        study = trimtab.create_study(storage=api_storage)
        register_objective_form_widgets(study, [SliderWidget(min=0, max=5)], n_ratings=2)
        study.ask()
        return f"/api/studies/0-{study.study_id}"

    def test_two_raters(self, api: TestClient, asked: str) -> None:
        path = f"{asked}/trials/0/ratings"
        queued = {"total": 1, "numbers": [0]}
        assert ok(api.get(f"{asked}/queue?rater=Ann")) == queued
        assert ok(api.put(f"{path}/Ann", json={"answers": [3]}))["state"] == "RUNNING"
        assert ok(api.get(f"{asked}/queue?rater=Ann")) == {"total": 0, "numbers": []}
        assert ok(api.get(f"{asked}/queue?rater=Bo")) == queued
        done = ok(api.put(f"{path}/Bo", json={"answers": [5]}))
        assert (done["state"], done["values"], done["sems"]) == ("COMPLETE", [4.0], [1.0])
        said = ok(api.get(path))["ratings"]
        assert [(r["rater"], r["answers"]) for r in said] == [("Ann", [3.0]), ("Bo", [5.0])]
        assert ok(api.put(f"{path}/Ann", json={"answers": [1]}))["values"] == [3.0]
        assert ok(api.delete(f"{path}/Bo"))["state"] == "RUNNING"
        refused(api.delete(f"{path}/Bo"), 404, "NotRated")

    def test_refusals(self, api: TestClient, asked: str, ref: str) -> None:
        path = f"{asked}/trials/0/ratings/Ann"
        error = refused(api.put(path, json={"answers": [6]}), 422, "InvalidArgument")
        assert error["argument"] == "answers[0]"
        refused(api.put(path, json={"answers": []}), 422, "InvalidArgument")
        other = f"/api/studies/{ref}/trials/0/ratings/Ann"
        refused(api.put(other, json={"answers": [1]}), 404, "NoForm")


@pytest.mark.parametrize("owner", ["", "/trials/0"])
class TestNotesAndArtifacts:
    def test_notes(self, api: TestClient, ref: str, owner: str) -> None:
        path = f"/api/studies/{ref}{owner}/note"
        assert ok(api.get(path)) == {"body": "", "version": 0}
        assert ok(api.put(path, json={"body": "# Hello", "version": 0}))["version"] == 1
        error = refused(api.put(path, json={"body": "x", "version": 0}), 409, "NoteConflict")
        assert error["detail"] == {"expected": 0, "current": 1}
        assert ok(api.get(path)) == {"body": "# Hello", "version": 1}
        refused(api.put(path, json={"body": "x" * 1_000_001}), 422, "InvalidArgument")

    def test_artifacts(self, api: TestClient, ref: str, owner: str) -> None:
        path = f"/api/studies/{ref}{owner}/artifacts"
        assert ok(api.get(path)) == {"artifacts": []}
        content = bytes(range(256)) * 10
        kept = ok(api.post(path, files={"file": ("ä/../b.png", content)}), 201)
        assert (kept["size"], kept["mimetype"]) == (2560, "image/png")
        assert ok(api.get(path))["artifacts"] == [kept]
        loaded = api.get(f"{path}/{kept['id']}")
        assert loaded.content == content
        assert loaded.headers["content-disposition"].startswith("attachment;")
        assert loaded.headers["x-content-type-options"] == "nosniff"
        assert api.delete(f"{path}/{kept['id']}").status_code == 204
        refused(api.get(f"{path}/{kept['id']}"), 404, "ArtifactNotFound")
        refused(api.delete(f"{path}/{kept['id']}"), 404, "ArtifactNotFound")

    def test_an_artifact_that_is_gone(
        self, api: TestClient, ref: str, owner: str, tmp_path: Any
    ) -> None:
        path = f"/api/studies/{ref}{owner}/artifacts"
        kept = ok(api.post(path, files={"file": ("a.txt", b"abc")}), 201)
        (tmp_path / "files" / kept["id"]).unlink()
        refused(api.get(f"{path}/{kept['id']}"), 410, "Gone")

    def test_an_artifact_that_is_too_large(self, api: TestClient, ref: str, owner: str) -> None:
        path = f"/api/studies/{ref}{owner}/artifacts"
        for size in (100_001, 1_000_000):
            refused(api.post(path, files={"file": ("a", b"x" * size)}), 413, "TooLarge")
        assert ok(api.get(path)) == {"artifacts": []}


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "known"),
        [
            ("GET", "/api/studies/0-1/trials?limit=2&filter=value%3C1", "archived, cursor, limit"),
            ("GET", "/api/studies?archive=1", "one of archived, cursor, limit"),
            ("GET", "/api/studies/0-1/queue?rater=me&max=3", "one of limit, rater"),
            ("GET", "/api/studies/0-1/trials/0?deep=1", "none"),
            ("DELETE", "/api/studies/0-1/trials/0?dry_run=1", "none"),
            ("PUT", "/api/studies/0-1/note?version=1", "none"),
        ],
    )
    def test_no_argument_of_the_query_goes_unheeded(
        self, api: TestClient, ref: str, method: str, path: str, known: str
    ) -> None:
        error = refused(api.request(method, path), 422, "InvalidArgument")
        assert error["argument"] == path.rpartition("=")[0].replace("&", "?").rpartition("?")[2]
        assert known in error["message"]
        assert len(ok(api.get(f"/api/studies/{ref}/trials?limit=2&where=value%3C1"))["trials"]) == 1

    """One shape, whatever is wrong."""

    @pytest.mark.parametrize(
        ("method", "path", "status", "kind"),
        [
            ("GET", "/api/nothing", 404, "NotFound"),
            ("GET", "/api", 404, "NotFound"),
            ("PUT", "/api/studies", 405, "MethodNotAllowed"),
            ("GET", "/api/studies/0-1/trials/0", 404, "UnknownStudy"),
            ("GET", "/api/storages/0/nothing", 404, "NotFound"),
            ("GET", "/api/storages/9/studies", 404, "UnknownStudy"),
            ("GET", "/api/storages/0/study?study_id=x", 422, "InvalidType"),
            ("GET", "/api/storages/0/study", 422, "InvalidArgument"),
            ("POST", "/api/storages/0/start", 422, "InvalidArgument"),
        ],
    )
    def test_routes(self, api: TestClient, method: str, path: str, status: int, kind: str) -> None:
        refused(api.request(method, path), status, kind)

    def test_bodies(self, api: TestClient) -> None:
        json = {"content-type": "application/json"}
        refused(api.post("/api/studies", content=b"{", headers=json), 400, "BadRequest")
        refused(api.post("/api/studies", content=b"[]", headers=json), 422, "InvalidArgument")
        refused(api.post("/api/studies"), 422, "InvalidArgument")
        digits = b'{"name": ' + b"1" * 5000 + b"}"
        refused(api.post("/api/studies", content=digits, headers=json), 400, "BadRequest")
        refused(api.post("/api/storages/0/add", content=b"[" * 100_000), 422, "InvalidArgument")
        refused(api.post("/api/studies", content=b"x" * (17 << 20)), 413, "TooLarge")

    def test_without_the_token(self, api: TestClient) -> None:
        refused(
            api.get("/api/studies", headers={"authorization": "Bearer no"}), 401, "NotAuthorized"
        )

    def test_the_document(self, api: TestClient) -> None:
        document = ok(api.get("/api/openapi.json"))
        for path, methods in document["paths"].items():
            for method, told in methods.items():
                assert told["tags"], (method, path)
                assert {"401", "422", "503"} <= set(told["responses"]), (method, path)
                assert told["security"], (method, path)
        assert "HTTPValidationError" not in document["components"]["schemas"]

    def test_values_that_json_lacks(self, api: TestClient, api_storage: InMemoryStorage) -> None:
        study = trimtab.create_study(storage=api_storage)
        study.set_user_attr("odd", (math.nan, 2**70, -0.0))
        odd = ok(api.get(f"/api/studies/0-{study.study_id}"))["user_attrs"]["odd"]
        assert odd == {"$tuple": [{"$float": "nan"}, 2**70, -0.0]}
