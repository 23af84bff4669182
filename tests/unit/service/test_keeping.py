"""Saving and loading: what is loaded goes on as what was saved would have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trimtab.errors import DuplicateStudy, InvalidArgument, InvalidType, StorageVersion, WrongStatus
from trimtab.service import AxClient, Client, ObjectiveProperties

PARAMETERS = [
    {"name": "x", "type": "range", "bounds": [0.0, 1.0]},
    {"name": "n", "type": "range", "bounds": [1, 64], "log_scale": True},
    {"name": "k", "type": "choice", "values": ["u", "v", "w"]},
]


def advance(client: Client, count: int) -> list[Any]:
    """Trials, some of which fail, are abandoned, or end in another order than they began."""
    asked = []
    for _ in range(count):
        first, one = client.get_next_trial()
        second, two = client.get_next_trial()
        asked += [first, second]
        for p, index in ((second, two), (first, one)):
            if index % 7 == 3:
                client.log_trial_failure(index, {"reason": "seven"})
            elif index % 7 == 5:
                client.abandon_trial(index, "five")
            else:
                told = {"loss": (p["x"] ** 2 + p["n"] / 64, 0.1), "cost": p["x"]}
                client.complete_trial(index, told)
    return asked


def started(**options: Any) -> Client:
    client = Client(**options)
    client.create_experiment(
        PARAMETERS,
        "saved",
        description="kept",
        objectives={"loss": ObjectiveProperties(minimize=True)},
        outcome_constraints=["cost <= 0.9"],
        tracking_metric_names=["t"],
        parameter_constraints=["n + 10*x <= 60"],
    )
    return client


@pytest.mark.parametrize("trials", [0, 1, 4, 12])
def test_a_file_goes_on_as_it_would_have(tmp_path: Path, trials: int) -> None:
    client = started()
    advance(client, trials)
    client.get_next_trial()  # one that runs
    path = tmp_path / "client.json"
    client.save_to_json_file(path)
    loaded = AxClient.load_from_json_file(path)
    assert loaded.experiment.name == "saved"
    assert loaded.experiment.description == "kept"
    assert list(loaded.experiment.metrics) == ["loss", "cost", "t"]
    assert loaded.experiment.study.trials == client.experiment.study.trials
    assert advance(loaded, 4) == advance(client, 4)
    assert repr(loaded.get_best_trial()) == repr(client.get_best_trial())  # NaN where unknown
    assert [path.name for path in tmp_path.iterdir()] == ["client.json"]


def test_a_database_goes_on_as_it_would_have(sqlite_url: str) -> None:
    kept = started(storage=sqlite_url, random_seed=5)
    memory = started(random_seed=5)
    advance(kept, 5)
    advance(memory, 5)
    again = Client(storage=sqlite_url)
    again.load_experiment("saved")
    assert advance(again, 4) == advance(memory, 4)


def test_deleted_and_archived_trials_stay_so() -> None:
    client = started(random_seed=2)
    advance(client, 3)
    client.experiment.study.delete_trials([1])
    client.experiment.study.archive_trials([2])
    loaded = Client.from_json_snapshot(json.loads(json.dumps(client.to_json_snapshot())))
    assert [t.number for t in loaded.experiment.study.trials] == [0, 3, 4, 5]
    assert advance(loaded, 2) == advance(client, 2)


def test_loading_into_a_client_fills_that_client(tmp_path: Path, sqlite_url: str) -> None:
    client = started()
    advance(client, 2)
    client.save_to_json_file(tmp_path / "a.json")
    target = Client(storage=sqlite_url)
    assert target.load_from_json_file(tmp_path / "a.json") is target
    assert len(target.experiment.trials) == 4
    other = Client(storage=sqlite_url)
    other.load_experiment("saved")
    assert len(other.experiment.trials) == 4
    with pytest.raises(WrongStatus, match="another client"):
        other.load_from_json_file(tmp_path / "a.json")
    with pytest.raises(DuplicateStudy):
        Client(storage=sqlite_url).load_from_json_file(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"version": 2}, StorageVersion, "version 2; expected 1"),
        ({"format": "another"}, InvalidArgument, "'another'"),
        ({"system_attrs": {}}, InvalidArgument, "an experiment"),
        ({"finished": None}, InvalidArgument, "all parts"),
        ({"trials": {}}, InvalidArgument, "all parts"),
    ],
)
def test_another_file_is_refused(change: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Client.from_json_snapshot(started().to_json_snapshot() | change)


def test_what_is_no_file_of_a_client_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Client.load_from_json_file(tmp_path / "none.json")
    (tmp_path / "text.json").write_text("no JSON")
    with pytest.raises(InvalidArgument, match="a file of JSON"):
        Client.load_from_json_file(tmp_path / "text.json")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(InvalidType, match="a JSON object"):
        Client.load_from_json_file(tmp_path / "list.json")


def test_a_save_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = started()
    path = tmp_path / "client.json"
    client.save_to_json_file(path)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        client.save_to_json_file(path)
    assert path.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["client.json"]
