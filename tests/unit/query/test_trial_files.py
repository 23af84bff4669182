"""Trials as CSV, JSON and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import InvalidFilter
from trimtab.query import UnknownField, export
from trimtab.query.spelling import csv_lines, harmless, json_text
from trimtab.records import FrozenTrial, History, Report, StudyDirection, TrialState
from trimtab.space import CategoricalDistribution, FloatDistribution, Space


class Study:
    metric_names: tuple[str, ...] | None = None
    system_attrs: ClassVar[dict[str, Any]] = {}


def history_of(n: int) -> History:
    choices = ("=1+1", None)
    space = Space({"x": FloatDistribution(-1, 1), "c": CategoricalDistribution(choices)})
    history = History((StudyDirection.MINIMIZE,))
    for number in range(n):
        history.apply(
            FrozenTrial.build(
                number,
                TrialState.COMPLETE,
                values=(number / 3,),
                space=space if number != 2 else Space(),
                point=(-0.5, number % 2) if number != 2 else (),
                started=1_000_000,
                finished=2_000_000,
                reports={4: Report(4, {"loss": float("nan")})} if number == 1 else {},
                user_attrs={"k": [1, float("inf")]} if number == 0 else {},
            )
        )
    return history


def test_csv() -> None:
    text = "".join(export(history_of(3), Study(), "csv"))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [float(row["value"]) for row in rows] == [0.0, 1 / 3, 2 / 3]  # every digit
    assert [row["params_x"] for row in rows] == ["-0.5", "-0.5", ""]
    assert [row["params_c"] for row in rows] == ["'=1+1", "", ""]
    assert rows[0]["user_attrs_k"] == '[1, "Infinity"]'
    assert rows[0]["datetime_start"] == "1970-01-01T00:00:01+00:00"
    assert rows[0]["duration"] == "1.0"


def test_json_keeps_none_apart_from_missing() -> None:
    rows = json.loads("".join(export(history_of(3), Study(), "json")))
    assert [row["params"] for row in rows] == [{"x": -0.5, "c": "=1+1"}, {"x": -0.5, "c": None}, {}]
    assert rows[1]["reports"] == {"4": {"loss": "NaN"}}
    assert rows[0]["user_attrs"] == {"k": [1, "Infinity"]}
    assert sorted(rows[0]["distributions"]) == ["c", "x"]


def test_a_view_is_exported_as_it_is_seen() -> None:
    view: dict[str, Any] = {"where": "value < 0.5", "sort": "value", "descending": True}
    columns = ["number", "params.c", "reports.loss", "started"]
    history = history_of(3)
    lines = "".join(export(history, Study(), "jsonl", columns=columns, **view)).splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "number": 1,
            "params": {"c": None},
            "last_report": {"loss": "NaN"},
            "datetime_start": "1970-01-01T00:00:01+00:00",
        },
        {
            "number": 0,
            "params": {"c": "=1+1"},
            "last_report": {},
            "datetime_start": "1970-01-01T00:00:01+00:00",
        },
    ]
    text = "".join(export(history, Study(), "csv", columns=columns, **view))
    assert text.splitlines()[0] == "number,params_c,last_report_loss,datetime_start"
    assert len(text.splitlines()) == 3


def test_objectives_without_names_are_a_list() -> None:
    history = History((StudyDirection.MINIMIZE, StudyDirection.MINIMIZE))
    history.apply(
        FrozenTrial.build(0, TrialState.COMPLETE, values=(1.0, 2.0), started=1, finished=2)
    )
    named = Study()
    named.metric_names = ("a", "b")
    for study, expected in ((Study(), [1.0, 2.0]), (named, {"a": 1.0, "b": 2.0})):
        assert json.loads("".join(export(history, study, "jsonl")))["values"] == expected


def test_the_text_comes_in_pieces_and_the_lock_is_let_go_between_them() -> None:
    history, lock = history_of(1200), threading.Lock()
    for style, ends in (("csv", 1), ("json", 1), ("jsonl", 1)):
        pieces = export(history, Study(), style, lock=lock)  # type: ignore[arg-type]  # one of them
        sizes = []
        for piece in pieces:
            assert not lock.locked()
            sizes.append(piece.count("\n"))
        assert len(sizes) == 3 + ends
        assert max(sizes) <= 502


def test_a_trial_deleted_meanwhile_is_left_out() -> None:
    history = history_of(1200)
    pieces = export(history, Study(), "jsonl")
    text = next(pieces)
    history.remove(900)
    numbers = [json.loads(line)["number"] for line in (text + "".join(pieces)).splitlines()]
    assert numbers == [i for i in range(1200) if i != 900]


def test_nothing_is_begun_that_cannot_be_written() -> None:
    with pytest.raises(InvalidFilter):
        export(history_of(1), Study(), "csv", where="value <")
    with pytest.raises(UnknownField):
        export(history_of(1), Study(), "csv", columns=["params.nothing"])


@pytest.mark.parametrize(
    ("style", "expected"), [("json", "[]\n"), ("jsonl", ""), ("csv", "number\n")]
)
def test_no_trials(style: Any, expected: str) -> None:
    pieces: Iterator[str] = export(history_of(0), Study(), style, columns=["number"])
    assert "".join(pieces) == expected


TEXT = st.text(alphabet=st.sampled_from("'=+-@\t\r\n\",a"), max_size=8) | st.text(max_size=10)


def restored(cell: str) -> str:
    """What `trimtab.query.spelling` says of reading a cell back."""
    return cell[1:] if cell.startswith("'") and harmless(cell) != cell else cell


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_text_survives_a_spreadsheet(texts: list[str]) -> None:
    (line,) = csv_lines([texts])
    (cells,) = csv.reader(io.StringIO(line, newline="")) if line != "\n" else ([""],)
    assert [restored(cell) for cell in cells] == texts
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


@given(st.floats() | st.integers())
def test_numbers_survive_json(number: float) -> None:
    read = json.loads(json_text({"x": number}))["x"]
    # Infinities and NaN are spelled as words; integers are exact at any size.
    back = read if isinstance(number, int) else float(read)
    assert back == number or number != number
