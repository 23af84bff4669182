"""Commands that change a storage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import trimtab
from tests.unit.cli.conftest import Run
from trimtab.artifacts import get_note

SPACE = json.dumps(
    {
        "x": {"name": "FloatDistribution", "attributes": {"low": 0.0, "high": 1.0}},
        "n": {"name": "IntDistribution", "attributes": {"low": 1, "high": 9, "step": 2}},
        "c": {"name": "CategoricalDistribution", "attributes": {"choices": ["a", None, 1]}},
    }
)


def test_create_study(run: Run, database: str) -> None:
    assert run("create-study", "--study-name", "a", "--direction", "maximize").out == "a\n"
    assert run("create-study", "--study-name", "a").status == 2
    assert run("create-study", "--study-name", "a", "--skip-if-exists").status == 0
    assert run("create-study").out.startswith("no-name-")
    two = run("create-study", "--directions", "minimize", "maximize", "--study-name", "two")
    assert (two.status, two.err) == (0, "")
    assert trimtab.load_study(study_name="two", storage=database).directions == [
        trimtab.StudyDirection.MINIMIZE,
        trimtab.StudyDirection.MAXIMIZE,
    ]
    assert run("create-study", "--direction", "up").status == 2
    both = run("create-study", "--direction", "minimize", "--directions", "minimize")
    assert both.status == 2


@pytest.mark.usefixtures("study")
def test_delete_study(run: Run) -> None:
    assert run("delete-study").status == 2  # it must be named
    assert run("delete-study", "--study-name", "s").status == 0
    assert run("study-names").out == ""
    assert "expected a study of this storage" in run("delete-study", "-n", "s").err


def test_ask_and_tell(run: Run, database: str) -> None:
    run("create-study", "-n", "a")
    asked = json.loads(run("ask", "--study-name", "a", "--search-space", SPACE).out)
    assert asked["number"] == 0
    assert 0 <= asked["params"]["x"] <= 1
    assert asked["params"]["n"] in (1, 3, 5, 7, 9)
    assert asked["params"]["c"] in ("a", None, 1)
    told = run("tell", "--study-name", "a", "--trial-number", "0", "--values", "-1e-3")
    assert (told.status, told.out, told.err) == (0, "", "")
    trial = trimtab.load_study(study_name="a", storage=database).trials[0]
    assert trial.value == -1e-3
    assert trial.params == asked["params"]
    again = run("tell", "--trial-number", "0", "--values", "2")
    assert (again.status, "finished" in again.err) == (2, True)
    assert run("tell", "--trial-number", "0", "--values", "2", "--skip-if-finished").status == 0
    run("ask")
    assert run("tell", "--trial-number", "1", "--state", "fail").status == 0


def test_ask_with_a_sampler(run: Run) -> None:
    run("create-study", "-n", "a")

    def asked(*options: str) -> str:
        return run("ask", "--search-space", SPACE, *options).out

    seeded = ("--sampler", "RandomSampler", "--sampler-kwargs", '{"seed": 3}', "-f", "value")
    first = asked(*seeded)
    run("delete-study", "-n", "a")
    run("create-study", "-n", "a")
    assert asked(*seeded) == first
    assert "expected one of" in run("ask", "--sampler", "os.system").err
    assert "alone" in run("ask", "--sampler-kwargs", "{}").err
    wrong = run("ask", "--sampler", "RandomSampler", "--sampler-kwargs", '{"sed": 3}')
    assert "arguments of RandomSampler" in wrong.err


def test_values_of_several_objectives(run: Run, database: str) -> None:
    run("create-study", "--directions", "minimize", "minimize", "-n", "a")
    run("ask")
    few = run("tell", "--trial-number", "0", "--values", "1")
    assert few.status == 2
    assert "expected 2 of them, got 1" in few.err
    told = run("tell", "--trial-number", "0", "--values", "-1", "-2.5", "--sems", "0.1", "0")
    assert told.status == 0
    trial = trimtab.load_study(study_name="a", storage=database).trials[0]
    assert (trial.values, trial.sems) == ((-1.0, -2.5), (0.1, 0.0))


def test_options_may_be_repeated_as_well(run: Run, database: str) -> None:
    run("create-study", "--directions", "minimize", "--directions", "maximize", "-n", "a")
    assert len(trimtab.load_study(study_name="a", storage=database).directions) == 2


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize("command", [("set-user-attr",), ("study", "set-user-attr")])
def test_set_user_attr(run: Run, database: str, command: tuple[str, ...]) -> None:
    assert run(*command, "--study-name", "s", "--key", "team", "--value", "7").status == 0
    assert run(*command, "-k", "list", "--value", "[1, null]", "--json").status == 0
    assert run(*command, "-k", "k", "--value", "v", "--trial-number", "1").status == 0
    study = trimtab.load_study(study_name="s", storage=database)
    assert study.user_attrs == {"team": "7", "list": [1, None]}
    assert study.trials[1].user_attrs == {"k": "v"}
    assert run(*command, "-k", "k", "--value", "v", "--trial-number", "9").status == 2
    assert run(*command, "-k", "k", "--value", "[", "--json").status == 2
    assert run(*command, "-k", "\x07", "--value", "v").status == 2


@pytest.mark.usefixtures("study")
def test_archive_and_delete_trials(run: Run, database: str) -> None:
    def numbers() -> list[int]:
        return [t.number for t in trimtab.load_study(study_name="s", storage=database).trials]

    run("archive-trials", "0", "2")
    assert numbers() == [1, 3]
    assert run("archive-trials", "1", "77").status == 2
    assert numbers() == [1, 3]
    run("archive-trials", "--restore", "2")
    assert numbers() == [1, 2, 3]
    run("delete-trials", "2", "3")
    assert numbers() == [1]
    assert json.loads(run("ask").out)["number"] == 4


def test_notes(run: Run, study: trimtab.Study, tmp_path: Path) -> None:
    assert run("note", "show").out == ""
    assert run("note", "set", "# Plan\n\nTry *this*.").status == 0
    assert run("note", "show").out == "# Plan\n\nTry *this*.\n"
    page = tmp_path / "page.md"
    page.write_text("Überraschung\n")
    run("note", "set", "--trial-number", "1", "--file", str(page))
    assert run("note", "show", "--trial-number", "1").out == "Überraschung\n"
    assert get_note(study) == "# Plan\n\nTry *this*."
    run("note", "set", "")
    assert run("note", "show").out == ""
    assert run("note", "show", "--trial-number", "9").status == 2
    assert run("note", "set", "x", "--file", str(page)).status == 2
    assert "Missing command" in run("note").err


@pytest.mark.usefixtures("study")
def test_artifacts(run: Run, tmp_path: Path) -> None:
    store = ("--artifact-store", str(tmp_path / "store"))
    source, copy = tmp_path / "plot.png", tmp_path / "copy.png"
    source.write_bytes(b"\x89PNG")
    name = run("artifacts", "upload", "--trial-number", "0", *store, str(source)).out.strip()
    listed = json.loads(run("artifacts", "list", "--trial-number", "0", "-f", "json").out)
    assert [(a["artifact_id"], a["filename"], a["size"]) for a in listed] == [(name, "plot.png", 4)]
    assert run("artifacts", "list", "-f", "json").out == "[]\n"
    assert run("artifacts", "download", *store, name, str(copy)).status == 0
    assert copy.read_bytes() == source.read_bytes()
    assert run("artifacts", "download", *store, name, str(copy)).status == 2
    assert run("artifacts", "download", *store, "../x", str(tmp_path / "y")).status == 2
    assert run("artifacts", "upload", *store, str(tmp_path / "nothing")).status == 2
    assert "artifact-store" in run("artifacts", "upload", str(source)).err
