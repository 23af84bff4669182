"""Pages of trials: order, place, cells."""

from __future__ import annotations

import datetime
import itertools
import time
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.query.reference import histories
from trimtab.errors import InvalidArgument, InvalidFilter
from trimtab.query import UnknownField, page
from trimtab.records import Block, FrozenTrial, History, StudyDirection, TrialState
from trimtab.space import CategoricalDistribution, FloatDistribution, Space
from trimtab.storage.rules import FAIL_REASON


class Study:
    metric_names: tuple[str, ...] | None = None
    system_attrs: ClassVar[dict[str, Any]] = {}


def history_of(values: list[float | None], **more: object) -> History:
    history = History((StudyDirection.MINIMIZE,))
    for number, value in enumerate(values):
        history.apply(
            FrozenTrial.build(
                number,
                TrialState.FAIL if value is None else TrialState.COMPLETE,
                values=None if value is None else (value,),
                started=1_000_000,
                finished=3_500_000,
                **more,  # type: ignore[arg-type]  # options of any type
            )
        )
    return history


def order(history: History, **how: object) -> list[int]:
    how.setdefault("columns", ["number"])
    return [row["number"] for row in page(history, Study(), **how).rows]  # type: ignore[arg-type]  # options of any type


def test_missing_values_come_last_and_equal_ones_by_number() -> None:
    history = history_of([2.0, None, 1.0, 2.0, None, -1.0])
    assert order(history, sort="value") == [5, 2, 0, 3, 1, 4]
    assert order(history, sort="value", descending=True) == [0, 3, 2, 5, 1, 4]
    assert order(history, descending=True) == [5, 4, 3, 2, 1, 0]
    assert order(history, sort="state", descending=True) == [1, 4, 0, 2, 3, 5]


def test_a_page_knows_where_it_is() -> None:
    history = history_of([3.0, 1.0, 2.0, 5.0, 4.0])
    history.remove(2)
    found = page(history, Study(), where="value > 1", sort="value", offset=1, limit=1)
    assert (found.total, found.matched, found.offset) == (4, 3, 1)
    assert found.rows == (
        {
            "number": 4,
            "state": "COMPLETE",
            "value": 4.0,
            "duration": datetime.timedelta(seconds=2.5),
        },
    )
    assert page(history, Study(), where="  ", limit=None).matched == 4
    assert page(history, Study(), offset=100).rows == ()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ["value", "number", "user_attrs.k"])
def test_pages_after_one_another_show_every_trial_once(sort: str, descending: bool) -> None:
    history = history_of([3.0, None, 3.0, 5.0, None, 1.0, 3.0], user_attrs={"k": 1})
    whole = order(history, sort=sort, descending=descending)
    seen: list[int] = []
    after = None
    while True:
        more = order(history, sort=sort, descending=descending, after=after, limit=2)
        if not more:
            break
        seen += more
        after = more[-1]
        if len(seen) == 2:  # what leaves the list meanwhile makes no row be skipped
            history.remove(seen[0])
    assert seen == whole


def test_archived_trials_come_on_demand() -> None:
    history = history_of([1.0, 2.0])
    history.apply(FrozenTrial.build(2, TrialState.WAITING, archived=True))
    assert order(history) == [0, 1]
    assert order(history, archived=True) == [0, 1, 2]
    assert order(history, where="archived") == [2]
    assert order(history, where="number >= 0") == [0, 1]


def test_whether_a_trial_is_feasible_is_missing_until_it_tells() -> None:
    history = history_of([1.0, 2.0])
    assert order(history, where="feasible") == [0, 1], "of a study without constraints all are"
    for number, constraints in ((2, {"weight": 1.0}), (3, {"weight": 0.0}), (4, {})):
        trial = FrozenTrial.build(number, TrialState.RUNNING, constraints=constraints)
        history.apply(trial)
    assert order(history, where="feasible") == [0, 1, 3]
    assert order(history, where="feasible == false") == [2]
    assert order(history, where="violation >= 0") == [0, 1, 2, 3]


def test_every_field_has_plain_values() -> None:
    choices = ("a", 1, True, None)
    space = Space({"x": FloatDistribution(0, 1), "c": CategoricalDistribution(choices)})
    history = History((StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE))
    for number in range(len(choices)):
        history.apply(
            FrozenTrial.build(
                number,
                TrialState.COMPLETE,
                values=(1.0, float(number)),
                sems=(None, 0.5),
                space=space,
                point=(0.25, number),
                started=1_000_000,
                finished=2_500_000,
                constraints={"weight": 1.5},
                user_attrs={"tags": ["a"]},
                attempt=2,
            )
        )
    history.apply(
        FrozenTrial.build(4, TrialState.FAIL, started=1, system_attrs={FAIL_REASON: "no luck"})
    )
    study = Study()
    study.metric_names = ("loss", "accuracy top-1")
    whole = page(history, study, columns=[]).columns
    assert whole[:4] == ("number", "state", "values.loss", 'values["accuracy top-1"]')
    columns = [
        *("number", "state", 'values["accuracy top-1"]', "sems.loss", "sems.1", "params.x"),
        *("params.c", "feasible", "violation", "constraints.weight", "user_attrs.tags"),
        *("started", "finished", "duration", "attempt", "archived", "reason", "last_step"),
    ]
    rows = page(history, study, columns=columns).rows
    assert [type(row["params.c"]) for row in rows] == [str, int, bool, type(None), type(None)]
    assert list(rows[1].values()) == [
        *(1, "COMPLETE", 1.0, None, 0.5, 0.25, 1, False, 1.5, 1.5, ["a"]),
        datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.UTC),
        datetime.datetime(1970, 1, 1, 0, 0, 2, 500_000, tzinfo=datetime.UTC),
        datetime.timedelta(seconds=1.5),
        *(2, False, None, None),
    ]
    assert [type(value) for value in rows[1].values()][:4] == [int, str, float, type(None)]
    assert list(rows[4].values()) == [
        *(4, "FAIL", None, None, None, None, None, None, None, None, None),
        datetime.datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=datetime.UTC),
        *(None, None, 1, False, "no luck", None),
    ]


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"sort": "params.x"}, UnknownField),
        ({"sort": "__class__"}, UnknownField),
        ({"sort": "number; drop table trials"}, UnknownField),
        ({"sort": ""}, UnknownField),
        ({"columns": ["number", "x" * 5000]}, UnknownField),
        ({"offset": -1}, InvalidArgument),
        ({"limit": 0}, InvalidArgument),
        ({"after": 9}, InvalidArgument),
        ({"where": "value <"}, InvalidFilter),
    ],
)
def test_what_is_no_page_is_refused(how: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        page(history_of([1.0]), Study(), **how)  # type: ignore[arg-type]  # options of any type


@settings(max_examples=60, deadline=None)
@given(histories(), st.booleans())
def test_sorts_as_python_does(history: History, descending: bool) -> None:
    for name in ("value", "params.lr", "params.huge", "user_attrs.score", "duration"):
        rows = page(history, Study(), sort=name, descending=descending, columns=["number", name])
        cells = [row[name] for row in rows.rows]
        known = [cell for cell in cells if _is_number(cell)]
        if all(cell is None or _is_number(cell) for cell in cells):
            assert known == sorted(known, reverse=descending)
            assert cells[len(known) :] == [None] * (len(cells) - len(known))
        ties = [(row[name], row["number"]) for row in rows.rows]
        assert all(a[1] < b[1] for a, b in itertools.pairwise(ties) if a[0] is b[0])


def _is_number(cell: object) -> bool:
    if isinstance(cell, datetime.timedelta):
        return True
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and cell == cell


def test_a_page_of_100_000_trials_takes_no_time() -> None:
    n = 100_000
    random = np.random.default_rng(0)
    space = Space({f"x{i}": FloatDistribution(0, 1) for i in range(10)})
    history = History((StudyDirection.MINIMIZE,))
    history.extend(
        Block(
            space,
            numbers=np.arange(n),
            states=np.ones(n, dtype=np.int8),
            attempts=np.ones(n, dtype=np.int32),
            started=np.full(n, 1),
            finished=np.full(n, 2),
            archived=np.zeros(n, dtype=bool),
            points=random.random((n, 10)),
            means=random.random((n, 1)),
            sems=np.full((n, 1), np.nan),
        )
    )
    where = 'value < 0.2 and params.x0 > 1e-3 and state == "COMPLETE"'
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        found = page(history, Study(), where=where, sort="params.x3", limit=50)
        times.append(time.perf_counter() - begun)
    assert 19_000 < found.matched < 21_000
    assert min(times) < 0.5  # a hundredth of a second, and room for a busy machine
