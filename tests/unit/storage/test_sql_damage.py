"""One bad row: it is set aside and named, the rest loads, and the doctor mends."""

import sqlite3
import warnings
from pathlib import Path
from typing import Any

import pytest

from trimtab.errors import StorageUnreadable, TrimtabError, TrimtabWarning
from trimtab.records import (
    FrozenTrial,
    History,
    Outcome,
    Report,
    TrialState,
    TrialUpdate,
    parse_directions,
)
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution, Space
from trimtab.storage import Draft, Lease, Storage, open_storage
from trimtab.storage.base import absorb
from trimtab.storage.doctor import Finding, Trouble, diagnose, mend

SPACE = Space(
    {
        "x": FloatDistribution(0.0, 1.0),
        "n": IntDistribution(0, 10),
        "c": CategoricalDistribution(("a", "b")),
    }
)
BAD = 2
N = 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A study of five trials, all finished but the last."""
    path = tmp_path / "study.db"
    with open_storage(path) as storage:
        study_id = storage.create_study("s", parse_directions("minimize")).id
        storage.set_study_attrs(study_id, user={"k": 1})
        for number in range(N):
            draft = Draft(SPACE, (0.5, number, 1), {"u": 1}, {"s": 1})
            storage.start(study_id, draft, Lease(3600.0, "w"))
            update = TrialUpdate(
                reports=(Report(0, {"value": 1.0}), Report(1, {"value": 1.0}, "ck")),
                constraints={"c": -1.0},
            )
            storage.write(study_id, number, 1, update)
            if number < N - 1:
                outcome = Outcome(TrialState.COMPLETE, (float(number),), (0.5,))
                storage.finish(study_id, number, 1, outcome)
    return path


def edit(path: Path, statement: str, *parameters: Any) -> None:
    """Change the file behind the storage's back."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, parameters)
    connection.close()


def ask(path: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(path)
    rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def numbers(storage: Storage) -> list[int]:
    study_id = storage.find_study("s").id
    return [trial.number for trial in storage.history(study_id).trials(archived=True)]


UNREADABLE = [
    ("state", "garbage"),
    ("state", 17),
    ("state", -2),
    ("attempt", "x"),
    ("attempt", 0),
    ("layout", 99),
    ("layout", "x"),
    ("layout", 0),
    ("point", ""),
    ("point", "[0.5"),
    ("point", "[0.5, 1]"),
    ("point", "[0.5, 1, 1, 1]"),
    ("point", "[null, 1, 1]"),
    ("point", '["a", 1, 1]'),
    ("point", "[0.5, 1.5, 1]"),
    ("point", "[0.5, 1, 7]"),
    ("point", "{}"),
    ("point", "[[0.5, 1, 1]]"),
    ("point", 5),
    ("point", b"\xff\x00"),
    ("means", "[]"),
    ("means", "[1.0, 2.0]"),
    ("means", "[NaN]"),
    ("means", "[Infinity]"),
    ("means", "[null]"),
    ("means", "[true, "),
    ("means", '["1"]'),
    ("means", None),
    ("sems", "[1.0, 2.0]"),
    ("sems", "oops"),
    ("constraints", "[1]"),
    ("constraints", '{"c": "x"}'),
    ("constraints", '{"": 1.0}'),
    ("constraints", "{"),
    ("user_attrs", "["),
    ("user_attrs", "[]"),
    ("user_attrs", '{"a": {"$float": "x"}}'),
    ("user_attrs", "[" * 100_000),
    ("system_attrs", "null"),
    ("started", "yesterday"),
    ("finished", "today"),
    ("finished", 1.5),
]


@pytest.mark.parametrize(("column", "value"), UNREADABLE)
def test_a_trial_that_cannot_be_read(path: Path, column: str, value: Any) -> None:
    edit(path, f"UPDATE trimtab_trial SET {column} = ? WHERE number = ?", value, BAD)
    rest = [number for number in range(N) if number != BAD]
    with open_storage(path) as storage:
        study_id = storage.find_study("s").id
        with pytest.warns(TrimtabWarning, match=f"Trial {BAD} of study.*trimtab doctor"):
            assert numbers(storage) == rest
        assert numbers(storage) == rest
        changes = storage.changes(study_id, 0)
        assert list(changes.damaged) == [BAD]
        assert sorted(trial.number for trial in changes.trials) == rest
        follower = History(storage.study(study_id).directions)
        absorb(follower, changes)
        assert [trial.number for trial in follower.trials()] == rest
        with pytest.raises(StorageUnreadable, match=f"Trial {BAD}.*doctor"):
            storage.trial(study_id, BAD)
        with pytest.raises(StorageUnreadable):
            storage.write(study_id, BAD, None, TrialUpdate(user_attrs={"a": 1}))
        # The study goes on.
        assert (
            storage.finish(study_id, N - 1, 1, Outcome(TrialState.COMPLETE, (1.0,))).state
            is TrialState.COMPLETE
        )
        new = storage.start(study_id, Draft(SPACE, (0.5, 1, 1)), Lease())
        assert new is not None
        assert new.number == N
    before = ask(path, f"SELECT * FROM trimtab_trial WHERE number = {BAD}")
    (finding,) = diagnose(path)
    assert (finding.trouble, finding.number) == (Trouble.TRIAL, BAD)
    assert ask(path, f"SELECT * FROM trimtab_trial WHERE number = {BAD}") == before
    assert mend(path) == [finding]
    check_mended(path, list(range(N + 1)))
    with open_storage(path) as storage:
        failed = storage.trial(study_id, BAD)
        assert failed.state is TrialState.FAIL
        assert "trimtab_quarantine" in failed.system_attrs["fail_reason"]
    ((body,),) = ask(path, "SELECT body FROM trimtab_quarantine")
    assert '"number":2' in body


def check_mended(path: Path, expected: list[int]) -> None:
    """Nothing is left to find, and a new reader is told nothing."""
    assert diagnose(path) == []
    assert mend(path) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with open_storage(path) as storage:
            assert numbers(storage) == expected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("revision", "x"),
        ("revision", 10**9),
        ("revision", -1),
        ("ended", "x"),
        ("ended", None),
        ("claimable_at", "x"),
    ],
)
def test_a_trial_that_would_be_missed(path: Path, column: str, value: Any) -> None:
    edit(path, f"UPDATE trimtab_trial SET {column} = ? WHERE number = ?", value, BAD)
    with open_storage(path) as storage:
        assert numbers(storage) == list(range(N))
    (finding,) = diagnose(path)
    assert (finding.trouble, finding.number) == (Trouble.BOOKKEEPING, BAD)
    assert mend(path) == [finding]
    check_mended(path, list(range(N)))
    with open_storage(path) as storage:
        assert storage.trial(1, BAD).state is TrialState.COMPLETE


def test_text_that_is_none(path: Path) -> None:
    edit(path, "UPDATE trimtab_trial SET point = CAST(x'ff' AS TEXT) WHERE number = ?", BAD)
    with open_storage(path) as storage:
        with pytest.warns(TrimtabWarning, match=f"Trial {BAD}"):
            assert numbers(storage) == [0, 1, 3, 4]
        assert storage.trial(1, 0).params == {"x": 0.5, "n": 0, "c": "b"}
    assert [finding.number for finding in mend(path)] == [BAD]
    check_mended(path, list(range(N)))


def test_a_waiting_trial_nobody_would_take(path: Path) -> None:
    with open_storage(path) as storage:
        storage.add(1, [FrozenTrial.build(0, TrialState.WAITING)])
    edit(path, "UPDATE trimtab_trial SET claimable_at = NULL WHERE state = 4")
    assert [finding.trouble for finding in mend(path)] == [Trouble.BOOKKEEPING]
    with open_storage(path) as storage:
        taken = storage.start(1, None, Lease())
        assert taken is not None
        assert taken.number == N


def test_a_damaged_waiting_trial_does_not_block_the_queue(path: Path) -> None:
    with open_storage(path) as storage:
        storage.add(1, [FrozenTrial.build(0, TrialState.WAITING)] * 2)
    edit(path, "UPDATE trimtab_trial SET point = 'x' WHERE number = ?", N)
    with open_storage(path) as storage:
        with pytest.warns(TrimtabWarning, match=f"Trial {N}"):
            taken = storage.start(1, None, Lease())
        assert taken is not None
        assert taken.number == N + 1


@pytest.mark.parametrize("value", ["x", -5, 2**60])
def test_a_number_that_is_none(path: Path, value: Any) -> None:
    edit(path, "UPDATE trimtab_trial SET number = ? WHERE number = ?", value, BAD)
    with open_storage(path) as storage, pytest.warns(TrimtabWarning, match="cannot be read"):
        assert numbers(storage) == [0, 1, 3, 4]
    troubles = {finding.trouble for finding in mend(path)}
    assert troubles == {Trouble.TRIAL, Trouble.GAP, Trouble.ORPHAN}
    check_mended(path, [0, 1, 3, 4])
    assert len(ask(path, "SELECT * FROM trimtab_quarantine")) == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("metrics", "x"),
        ("metrics", "[1]"),
        ("metrics", '{"value": "x"}'),
        ("metrics", '{"": 1.0}'),
        ("metrics", b"\xff"),
        ("step", "x"),
        ("step", -1),
        ("checkpoint", "a\x00b"),
    ],
)
def test_a_report_that_cannot_be_read(path: Path, column: str, value: Any) -> None:
    edit(path, f"UPDATE trimtab_report SET {column} = ? WHERE number = ? AND step = 1", value, BAD)
    with open_storage(path) as storage:
        with pytest.warns(TrimtabWarning, match=f"Trial {BAD}.*report"):
            history = storage.history(1)
        assert list(history.reports(BAD)) == [0]
        assert list(history.reports(BAD - 1)) == [0, 1]
        assert list(storage.trial(1, BAD).reports) == [0]
    (finding,) = mend(path)
    assert (finding.trouble, finding.number) == (Trouble.REPORT, BAD)
    check_mended(path, list(range(N)))


@pytest.mark.parametrize("body", ["x", "[]", '[["x", {"type": "float"}]]', "[[1, 2]]", b"\xff"])
def test_a_layout_that_cannot_be_read(path: Path, body: Any) -> None:
    with open_storage(path) as storage:
        other = Space({"z": FloatDistribution(0.0, 1.0)})
        storage.start(1, Draft(other, (0.5,)), Lease())
    edit(path, "UPDATE trimtab_layout SET body = ? WHERE id = 1", body)
    with open_storage(path) as storage:
        with pytest.warns(TrimtabWarning, match="Trials 0, 1, 2, 3, 4 of"):
            assert numbers(storage) == [N]
        third = Space({"t": FloatDistribution(0.0, 1.0)})
        storage.start(1, Draft(third, (0.5,)), Lease())
        assert storage.history(1).trial(N + 1).params == {"t": 0.5}
    assert [finding.trouble for finding in mend(path)] == [Trouble.TRIAL] * N
    check_mended(path, list(range(N + 2)))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("directions", "x"),
        ("directions", "[]"),
        ("directions", '["UP"]'),
        ("metric_names", "5"),
        ("metric_names", '["a", "b"]'),
        ("name", "a\nb"),
        ("name", b"\xff"),
        ("created", "x"),
    ],
)
def test_a_study_that_cannot_be_read(path: Path, column: str, value: Any) -> None:
    with open_storage(path) as storage:
        storage.create_study("other", parse_directions("minimize"))
    edit(path, f"UPDATE trimtab_study SET {column} = ? WHERE id = 1", value)
    with open_storage(path) as storage:
        with pytest.warns(TrimtabWarning, match="Study 1 cannot be read"):
            records = storage.studies()
        assert [record.name for record in records] == ["other"]
        with pytest.raises(StorageUnreadable, match="doctor"):
            storage.study(1)
    findings = diagnose(path)
    assert [(finding.trouble, finding.mendable) for finding in findings] == [(Trouble.STUDY, False)]
    assert mend(path) == []


def test_an_attribute_that_cannot_be_read(path: Path) -> None:
    edit(path, "UPDATE trimtab_study_attr SET body = 'x'")
    with open_storage(path) as storage, pytest.raises(StorageUnreadable):
        storage.study(1)
    assert [finding.trouble for finding in mend(path)] == [Trouble.STUDY]
    check_mended(path, list(range(N)))


def test_counters_gaps_orphans_and_leases(path: Path) -> None:
    edit(path, "UPDATE trimtab_study SET next_number = 3")
    edit(path, "DELETE FROM trimtab_trial WHERE number = 1")
    edit(path, "UPDATE trimtab_trial SET claimable_at = 1000 WHERE number = ?", N - 1)
    edit(path, "INSERT INTO trimtab_layout VALUES (77, 1, '[]')")
    edit(path, "INSERT INTO trimtab_study_attr VALUES (77, 'user', 'a', '1')")
    findings = diagnose(path)
    troubles = [finding.trouble for finding in findings]
    assert sorted(trouble.name for trouble in troubles) == [
        "COUNTER",
        "GAP",
        "LEASE",
        "ORPHAN",
        "ORPHAN",
        "ORPHAN",
        "ORPHAN",
    ]
    assert all(isinstance(finding, Finding) for finding in findings)
    mend(path)
    left = diagnose(path)
    assert [finding.trouble for finding in left] == [Trouble.LEASE]
    with open_storage(path) as storage:
        assert numbers(storage) == [0, 2, 3, 4]
        new = storage.start(1, None, Lease())
        assert new is not None
        assert (new.number, new.attempt) == (4, 2)
        assert storage.add(1, [FrozenTrial.build(0, TrialState.WAITING)]) == [N]


def test_a_healthy_database(path: Path) -> None:
    assert diagnose(path) == []
    assert mend(f"sqlite:///{path}") == []


def test_what_is_no_database(tmp_path: Path) -> None:
    text = tmp_path / "notes.db"
    text.write_text("This is no database. " * 100)
    for call in (open_storage, diagnose, mend):
        with pytest.raises(StorageUnreadable, match=r"notes\.db"):
            call(text)
    (tmp_path / "empty.db").touch()
    with pytest.raises(StorageUnreadable, match="no tables"):
        diagnose(tmp_path / "empty.db")
    with pytest.raises(StorageUnreadable, match="no such file"):
        diagnose(tmp_path / "missing.db")
    assert not (tmp_path / "missing.db").exists()


def test_a_damaged_file(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(content)
    try:
        findings = diagnose(path)
    except StorageUnreadable:
        return
    assert {finding.trouble for finding in findings} == {Trouble.INTEGRITY}
    with pytest.raises(TrimtabError), open_storage(path) as storage:
        storage.history(1)
