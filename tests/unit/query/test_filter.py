"""The filter language: what is read, what is refused and where, what it means."""

from __future__ import annotations

import contextlib
import pickle
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.query.reference import FILTERS, evaluate, histories
from trimtab.errors import InvalidFilter, InvalidType, TrimtabError
from trimtab.query import Fields, parse_filter
from trimtab.records import FrozenTrial, History, StudyDirection, TrialState
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution, Space


class Study:
    metric_names: tuple[str, ...] | None = None
    system_attrs: ClassVar[dict[str, Any]] = {}


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("value<.2 and  params.lr>1e-3", "value < 0.2 and params.lr > 0.001"),
        ("a == 1 or b == 2 and c == 3", "a == 1 or b == 2 and c == 3"),
        ("(a == 1 or b == 2) and c == 3", "(a == 1 or b == 2) and c == 3"),
        ("((a == 1) and (b == 2)) and c == 3", "a == 1 and b == 2 and c == 3"),
        ("NOT feasible", "not feasible"),
        ("not (a or b)", "not (a or b)"),
        ("not not a", "not not a"),
        ("0 < value <= -1", "0 < value <= -1"),
        ("x - (y - 1) - 2 < 3 * (a + b)", "x - (y - 1) - 2 < 3 * (a + b)"),
        ("-(1) < --x", "-1 < --x"),
        ("-(x + 1) < -x * 2", "-(x + 1) < -x * 2"),
        ("state IN ('A', \"B\",)", 'state in ("A", "B")'),
        ("a not in (none, TRUE, -inf)", "a not in (none, true, -inf)"),
        ("""a == 'it\\'s "\\\\"'""", '''a == "it's \\"\\\\\\""'''),
        ('params["my lr"] > 1', 'params["my lr"] > 1'),
        ('params["lr"] > 1', "params.lr > 1"),
        ("params.model.lr > 1", "params.model.lr > 1"),
        ("values[0] < 1", "values.0 < 1"),
        ('a contains "x" or a startswith "y"', 'a contains "x" or a startswith "y"'),
        ('größe.µ == "ß"', 'größe["µ"] == "ß"'),
    ],
)
def test_reads_and_prints(text: str, printed: str) -> None:
    parsed = parse_filter(text)
    assert str(parsed) == printed
    assert parse_filter(printed).root == parsed.root


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", "", "expected a field or a value here"),
        ("value <", "", "after `<`"),
        ("value = 3", "=", "expected `==`"),
        ("value <> 3", "<>", "expected `!=`"),
        ("a && b", "&", "expected `and`"),
        ("a || b", "|", "expected `or`"),
        ("!a", "!", "expected `not`"),
        ("value 3", "3", "expected `and`, `or` or the end after `value`"),
        ("(value < 3", "", "expected `)` after `3`"),
        ("value < 3)", ")", "expected `and`"),
        ("value < 'abc", "'abc", "expected a closing '"),
        ("value < 1x", "1x", "expected a number"),
        ("value < 1.2.3", "1.2.", "expected a number"),
        ("value + 1", "value + 1", "expected a comparison"),
        ("true", "true", "expected a comparison"),
        ("(a < 1) < 2", "a < 1", "not a condition"),
        ("a in ()", ")", "at least one value"),
        ("a in (b)", "b", "expected numbers, text"),
        ("a in 3", "3", "a list in parentheses"),
        ("a not 3", "3", "expected `in`"),
        ("a contains b", "b", "text in quotes"),
        ("params. < 1", ".", "odd names go in brackets"),
        ("params.a['b'] < 1", "[", "the whole name in brackets"),
        ("params[b] < 1", "b", "a name in quotes"),
        ("and < 1", "and", "expected a field or a value here"),
        ("-'a' < b", "'a'", "expected a number"),
        ("a ? b", "?", "no such character"),
        ("\x00", "\x00", "no such character"),
        ("(" * 1000, "(", "levels of nesting"),
        ("not " * 900, "not", "levels of nesting"),
        ("-" * 1000 + "x < 1", "-", "levels of nesting"),
        (" or ".join(["a"] * 500), "or", "at most 100 operators"),
        ("1 + " * 500 + "a < 1", "+", "at most 100 operators"),
        ("(" * 10_000, "(" * 6_000, "at most 4000 characters"),
    ],
)
def test_points_at_what_cannot_be_read(text: str, at: str, reason: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse_filter(text)
    error = caught.value
    assert text[error.position : error.position + error.length] == at
    assert error.length >= 1
    assert reason in error.reason
    assert reason in str(error)
    assert isinstance(error, ValueError)
    assert isinstance(error, TrimtabError)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.position, str(copy)) == (error.position, str(error))


def test_a_filter_is_text() -> None:
    with pytest.raises(InvalidType, match="where"):
        parse_filter(3)  # type: ignore[arg-type]  # wrong on purpose


def history_of_two() -> History:
    space = Space(
        {
            "lr": FloatDistribution(0, 1),
            "c": CategoricalDistribution(("adam", "sgd")),
            "n": CategoricalDistribution((1, 2)),
        }
    )
    history = History((StudyDirection.MINIMIZE,))
    for number, started in enumerate((1_790_000_000_000_000, None)):
        state = TrialState.COMPLETE if started else TrialState.WAITING
        history.apply(
            FrozenTrial.build(
                number,
                state,
                values=(0.5,) if started else None,
                space=space if started else Space(),
                point=(0.1, 0, 0) if started else (),
                started=started,
                finished=started and started + 10_000_000,
                user_attrs={"tags": ["red", "blue"]} if started else {},
            )
        )
    return history


def numbers(text: str, history: History | None = None) -> list[int]:
    fields = Fields(history or history_of_two(), Study())
    return [int(i) for i in parse_filter(text).mask(fields).nonzero()[0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("value < 1", [0]),
        ("value != 0.5", []),  # missing passes no comparison
        ("value != 3", [0]),
        ("not value == 0.5", [1]),
        ("value == none", [1]),
        ("none != value", [0]),
        ('state == "complete"', [0]),
        ('state in ("WAITING", "RUNNING")', [1]),
        ('started > "2026-01-01"', [0]),
        ('started == "2026-09-21T14:13:20"', [0]),  # UTC
        ('started == "2026-09-21T16:13:20+02:00"', [0]),
        ('started > "2026-01-01T00:00:00+02:00" and finished - 0 > 0', None),
        ('started < "2027-01-01" and finished >= started', [0]),
        ("9 < duration < 11", [0]),
        ("duration * 2 == 20", [0]),
        ("feasible and not archived", [0, 1]),
        ('user_attrs.tags contains "red"', [0]),
        ('user_attrs.tags contains "re"', []),
        ('params.c matches "*d*m"', [0]),
        ('params.c matches "*d*d"', []),
        ("params.n == 1.0", [0]),  # no choice 1.0: it is the choice 1, as the engine takes it
        ("number / 0 > 5", [1]),
        ("values.0 == value", [0]),
    ],
)
def test_means(text: str, expected: list[int] | None) -> None:
    if expected is None:
        with pytest.raises(InvalidFilter, match="a number to compute with"):
            numbers(text)
    else:
        assert numbers(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("started > '0001-01-01T00:00+09:00'", "'0001-01-01T00:00+09:00'", "expected a time"),
        ("params.lrr > 1", "params.lrr", "did you mean `params.lr`?"),
        ("lr > 1", "lr", "did you mean `params.lr`?"),
        ("State == 'FAIL'", "State", "did you mean `state`?"),
        ("params > 1", "params", "did you mean `params.lr`?"),
        ("value.x > 1", "value.x", "no trial has a field"),
        ("reports.loss > 1", "reports.loss", "no trial has a field"),
        ("user_attrs.tag == 1", "user_attrs.tag", "did you mean `user_attrs.tags`?"),
        ("state == 'COMPLET'", "'COMPLET'", 'did you mean "COMPLETE"?'),
        ("state == 1", "1", 'one of "RUNNING"'),
        ("value < 'a'", "'a'", "expected a number"),
        ("value == true", "true", "expected a number"),
        ("value < none", "none", "`==` or `!=` with none"),
        ("feasible == 1", "1", "expected one of false, true"),
        ("feasible < true", "true", "`==` or `!=` with true"),
        ("params.c == 'addam'", "'addam'", 'did you mean "adam"?'),
        ("params.c == 1", "1", 'one of "adam", "sgd"'),
        ("started > 5", "5", "expected a time"),
        ("started > 'yesterday'", "'yesterday'", "expected a time"),
        ("started > value", "value", "two times or two numbers"),
        ("1 < 2", "2", "a field on one side"),
        ("1 + 1 in (2)", "1 + 1", "expected a field"),
        ("state + 1 < 2", "state", "a number to compute with"),
        ("value", "value", "expected a comparison"),
        ("state", "state", "expected a comparison"),
        ("value contains 'a'", "value", "a field of text"),
    ],
)
def test_points_at_what_does_not_fit_the_study(text: str, at: str, reason: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        numbers(text)
    error = caught.value
    assert text[error.position : error.position + error.length] == at
    assert reason in error.reason


CHOICES = (1, 1.0, True, "1", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params.c == 1", [0]),
        ("params.c == 1.0", [1]),
        ("params.c == true", [2]),
        ("params.c == '1'", [3]),
        ("params.c == none", [4]),
        ("params.c != 1", [1, 2, 3]),
        ("params.c not in (1, '1')", [1, 2]),
        ("params.c <= 1", [0, 1]),
        ("params.c", [2]),
        (f"params.huge == {2**60}", [0]),
        (f"params.huge > {2**60}", [1, 2, 3, 4]),
        (f"params.huge in ({2**60 + 1}, {2**60 + 3})", [1, 3]),
        ("user_attrs.a == user_attrs.b", [0]),
        ("user_attrs.a != user_attrs.b", [1]),  # 2: NaN, 3: None, 4: missing
        ("user_attrs.a < user_attrs.b", [1]),
        ("user_attrs.name matches 'ab*ba'", [1]),
        ("user_attrs.name matches 'ab*'", [0, 1]),
        ("user_attrs.name matches '*b*b*'", [1]),
    ],
)
def test_values_are_told_apart(text: str, expected: list[int]) -> None:
    space = Space({"c": CategoricalDistribution(CHOICES), "huge": IntDistribution(0, 2**70)})
    attrs: list[dict[str, object]] = [
        {"a": "x", "b": "x", "name": "aba"},
        {"a": "x", "b": "y", "name": "abba"},
        {"a": float("nan"), "b": float("nan")},
        {"a": None, "b": None},
        {"a": "x"},
    ]
    history = History((StudyDirection.MINIMIZE,))
    for i in range(5):
        trial = FrozenTrial.build(
            i, TrialState.WAITING, space=space, point=(i, 2**60 + i), user_attrs=attrs[i]
        )
        history.apply(trial)
    assert numbers(text, history) == expected


def test_several_objectives_are_named() -> None:
    history = History((StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE))
    history.apply(
        FrozenTrial.build(0, TrialState.COMPLETE, values=(1.0, 2.0), started=1, finished=2)
    )
    named = Study()
    named.metric_names = ("loss", "top-1")
    for text in ('values["top-1"] == 2', "values.1 == 2", "values.loss == 1"):
        assert parse_filter(text).mask(Fields(history, named)).tolist() == [True]
    with pytest.raises(InvalidFilter, match=r"did you mean `values\.loss`"):
        parse_filter("value < 1").mask(Fields(history, named))


@settings(max_examples=400, deadline=None)
@given(FILTERS, histories())
def test_agrees_with_reading_one_trial_after_another(text: str, history: History) -> None:
    try:
        mask = parse_filter(text).mask(Fields(history, Study()))
    except InvalidFilter as error:
        check_place(error, text)
        return
    root = parse_filter(text).root
    expected = [bool(evaluate(trial, root)) for trial in history.trials(archived=True)]
    assert mask.dtype == bool
    assert mask.tolist() == expected, text


@settings(max_examples=300, deadline=None)
@given(FILTERS)
def test_what_is_printed_reads_the_same(text: str) -> None:
    try:
        parsed = parse_filter(text)
    except InvalidFilter:
        return
    again = parse_filter(str(parsed))
    assert again.root == parsed.root
    assert str(again) == str(parsed)


WORDS = st.sampled_from(
    "( ) [ ] , . + - * / == != < <= > >= = and or not in contains matches value params.x 1 1e9 "
    "'a' \" ' \\ inf none true state started user_attrs.k".split(" ")
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS | st.text(max_size=3), max_size=30).map(" ".join) | st.text(max_size=60))
def test_nothing_else_is_ever_raised(text: str) -> None:
    try:
        parsed = parse_filter(text)
        assert parse_filter(str(parsed)).root == parsed.root
        parsed.mask(Fields(history_of_two(), Study()))
    except InvalidFilter as error:
        check_place(error, text)


def check_place(error: InvalidFilter, text: str) -> None:
    assert 0 <= error.position <= len(text)
    assert error.length >= 1


@given(st.binary(max_size=80))
def test_bytes(data: bytes) -> None:
    with contextlib.suppress(InvalidFilter):
        parse_filter(data.decode("utf-8", "surrogateescape"))
