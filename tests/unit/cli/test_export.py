"""Export, and text that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trimtab
from tests.unit.cli.conftest import Run
from trimtab.cli.output import write_csv
from trimtab.query.spelling import harmless, jsonable


@pytest.mark.usefixtures("study")
def test_csv(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export").out)))
    assert len(rows) == 4
    assert float(rows[1]["params_x"]) == -0.25  # a negative number is no formula
    assert rows[0]["params_c"] == "'=1+1"
    assert rows[0]["user_attrs_team"] == "'@red"
    assert float(rows[1]["value"]) == 2.0


@pytest.mark.usefixtures("study")
def test_json_and_json_lines(run: Run, tmp_path: Path) -> None:
    rows = json.loads(run("export", "-f", "json").out)
    assert rows[0]["params"]["c"] == "=1+1"
    assert rows[0]["reports"] == {"3": {"value": 1.0}}
    assert rows[0]["distributions"]["x"] == {
        "name": "FloatDistribution",
        "attributes": {"low": -1.0, "high": 1.0, "log": False, "step": None},
    }
    lines = run("export", "-f", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    for suffix in ("json", "jsonl", "csv"):
        file = tmp_path / f"out.{suffix}"
        assert run("export", "--output", str(file)).out == ""
        assert file.read_text() == run("export", "-f", suffix).out


def test_an_empty_study(run: Run, database: str) -> None:
    trimtab.create_study(storage=database, study_name="e")
    assert run("export", "-f", "json").out == "[]\n"
    assert run("export", "-f", "jsonl").out == ""
    assert run("export").out.startswith("number,state,value,")
    for style in ("table", "csv", "yaml", "value"):
        assert run("trials", "-f", style).status == 0


@given(st.text(max_size=20))
def test_no_text_becomes_a_formula(text: str) -> None:
    out = io.StringIO(newline="")
    write_csv([{text: text, "deep": {text: [text]}}], out)
    for line in csv.reader(io.StringIO(out.getvalue(), newline="")):
        for cell in line:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    # Nothing is lost: the apostrophe comes off again.
    assert harmless(text).removeprefix("'") == text or text.startswith("'")


def test_json_is_standard() -> None:
    odd = {"nan": float("nan"), "up": [float("inf")], "down": (float("-inf"),)}
    assert json.dumps(jsonable(odd), allow_nan=False) == (
        '{"nan": "NaN", "up": ["Infinity"], "down": ["-Infinity"]}'
    )
