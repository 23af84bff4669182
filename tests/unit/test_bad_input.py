"""Bad input at every door: a typed error that says what is wrong, and nothing lost.

Three doors: Python (in memory and in a database), the command line, and a storage itself.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

import trimtab
from trimtab.cli import main
from trimtab.errors import (
    DuplicateStudy,
    IncompatibleDistribution,
    InvalidArgument,
    InvalidType,
    StorageBusy,
    StorageError,
    StorageFull,
    StorageUnreadable,
    StorageVersion,
    TrialFinished,
    TrimtabError,
    UnknownStudy,
    UnknownTrial,
    UnsupportedURL,
)
from trimtab.records import FrozenTrial, Outcome, Report, TrialState, TrialUpdate
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Space,
)
from trimtab.storage import Draft, Lease, SQLStorage
from trimtab.storage.sql.versions import HEAD

LONG = "n" * 10_000


@pytest.fixture(params=["memory", "sqlite"])
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[trimtab.Study]:
    """A study with a complete trial (x = 0.5, c = "a"), in every kind of storage."""
    trimtab.logging.set_verbosity(trimtab.logging.ERROR)
    storage = None if request.param == "memory" else f"sqlite:///{tmp_path / 'study.db'}"
    study = trimtab.create_study(storage=storage, study_name="s")
    study.enqueue_trial({"x": 0.5, "c": "a"})
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    trial.suggest_categorical("c", ["a", "b"])
    study.tell(trial, 1.0)
    yield study
    study.storage.close()
    trimtab.logging.set_verbosity(trimtab.logging.INFO)


def states(study: trimtab.Study) -> list[str]:
    return [trial.state.name for trial in study.trials]


@contextmanager
def refused(
    study: trimtab.Study, *kinds: type[BaseException], words: str | None = None
) -> Iterator[pytest.ExceptionInfo[BaseException]]:
    """A typed error, of each of these kinds, that leaves the study as it is."""
    before = study.trials, study.user_attrs, study.metric_names, study.history.revision
    with pytest.raises(kinds[0], match=words) as caught:
        yield caught
    assert isinstance(caught.value, TrimtabError)
    for kind in kinds:
        assert isinstance(caught.value, kind), kind
    if isinstance(caught.value, (InvalidArgument, InvalidType)):
        assert re.search(r"`.+`: expected .+, got .+", str(caught.value), re.DOTALL)
        assert len(str(caught.value)) < 1000
    after = study.trials, study.user_attrs, study.metric_names, study.history.revision
    assert after == before


# ---------------------------------------------------------------------------- objective values

BAD_VALUES: dict[str, Any] = {
    "nan": math.nan,
    "inf": math.inf,
    "minus inf": -math.inf,
    "None": None,
    "a word": "good",
    "a number in quotes": "1.5",
    "complex": 1j,
    "two values": [1.0, 2.0],
    "no values": [],
    "a value and None": [1.0, None],
    "bytes": b"1",
    "a dictionary": {"value": 1.0},
    "an object": object(),
    "10,000 characters": LONG,
}
bad_value = pytest.mark.parametrize("value", BAD_VALUES.values(), ids=BAD_VALUES.keys())


@bad_value
def test_told_in_python_it_fails_the_trial_with_the_reason(
    study: trimtab.Study, value: Any
) -> None:
    trial = study.ask()
    if value is None:
        with pytest.warns(UserWarning, match="Trial 1 fails"):
            study.tell(trial, [None])
    else:
        with pytest.warns(UserWarning, match="Trial 1 fails"):
            study.tell(trial, value)
    assert states(study) == ["COMPLETE", "FAIL"]
    reason = study.trials[1].system_attrs["fail_reason"]
    assert reason
    assert len(reason) < 1000
    assert study.trials[1].values is None
    assert study.best_value == 1.0


@bad_value
def test_told_as_complete_it_is_refused(study: trimtab.Study, value: Any) -> None:
    trial = study.ask()
    with refused(study, InvalidArgument, ValueError, words="`values`: expected"):
        study.tell(trial, value, state=TrialState.COMPLETE)
    study.tell(trial, 2.0)
    assert states(study) == ["COMPLETE", "COMPLETE"]


@bad_value
def test_returned_by_an_objective_it_fails_the_trial_and_the_loop_goes_on(
    study: trimtab.Study, value: Any
) -> None:
    answers = iter([value, 2.0])
    study.optimize(lambda trial: next(answers), n_trials=2)
    assert states(study) == ["COMPLETE", "FAIL", "COMPLETE"]


SINGLE_VALUES = {name: value for name, value in BAD_VALUES.items() if not isinstance(value, list)}


@pytest.mark.parametrize("value", SINGLE_VALUES.values(), ids=SINGLE_VALUES.keys())
def test_written_to_the_storage_it_is_refused(study: trimtab.Study, value: Any) -> None:
    trial = study.ask()
    with refused(study, TrimtabError):
        study.storage.finish(
            study.study_id, trial.number, 1, Outcome(TrialState.COMPLETE, (value,))
        )
    study.tell(trial, 2.0)


@pytest.mark.parametrize("values", [(), (1.0, 2.0)])
def test_the_storage_refuses_a_wrong_number_of_values(
    study: trimtab.Study, values: tuple[float, ...]
) -> None:
    trial = study.ask()
    with refused(study, InvalidArgument, ValueError, words="`values`: expected 1 value"):
        study.storage.finish(study.study_id, trial.number, 1, Outcome(TrialState.COMPLETE, values))
    study.tell(trial, 2.0)


@pytest.mark.parametrize("sem", [-1.0, math.nan, math.inf, "x", 1j])
def test_a_bad_standard_error_is_refused(study: trimtab.Study, sem: Any) -> None:
    trial = study.ask()
    with refused(study, TrimtabError):
        study.tell(trial, 1.0, sems=sem)
    study.tell(trial, 1.0, sems=0.5)


# ---------------------------------------------------------------------------- trials


def test_unknown_trials(study: trimtab.Study) -> None:
    for number in (99, -1, 2**70):
        with refused(study, UnknownTrial, KeyError, ValueError, words=str(number)):
            study.tell(number, 1.0)
        with refused(study, UnknownTrial, words=str(number)):
            study.get_trial(number)
        with refused(study, UnknownTrial):
            study.delete_trials([0, number])
        with refused(study, UnknownTrial):
            study.archive_trials([0, number])
        with refused(study, UnknownTrial):
            study.ask(replicate_of=number)
        with refused(study, UnknownTrial):
            study.storage.finish(study.study_id, number, None, Outcome(TrialState.COMPLETE, (1.0,)))
        with refused(study, UnknownTrial):
            study.storage.write(study.study_id, number, None, TrialUpdate(user_attrs={"k": 1}))
    for what in ("0", 0.0, None, True):
        with refused(study, InvalidType, TypeError, words="`trial`: expected"):
            study.tell(what, 1.0)  # type: ignore[arg-type]  # wrong on purpose


def test_telling_twice(study: trimtab.Study) -> None:
    assert study.tell(0, 1.0).value == 1.0  # the same again is answered the same
    for told in ({"values": 2.0}, {"state": TrialState.FAIL}, {"state": TrialState.PRUNED}):
        with refused(study, TrialFinished, ValueError, RuntimeError, words="Trial 0"):
            study.tell(0, **told)
    with refused(study, TrialFinished):
        study.storage.finish(study.study_id, 0, 1, Outcome(TrialState.COMPLETE, (2.0,)))
    assert study.tell(0, 2.0, skip_if_finished=True).value == 1.0


def test_reports(study: trimtab.Study) -> None:
    trial = study.ask()
    for value in (None, "x", "1.5", 1j, [1.0]):
        with refused(study, InvalidType, TypeError, words="expected a real number"):
            trial.report(value, 1)  # type: ignore[arg-type]  # wrong on purpose
    for step, kind in ((-1, ValueError), ("x", TypeError), (None, TypeError)):
        with refused(study, kind, words="`step`: expected"):
            trial.report(1.0, step)  # type: ignore[arg-type]  # wrong on purpose
    with refused(study, TrimtabError):
        study.storage.write(
            study.study_id,
            1,
            1,
            TrialUpdate(reports=(Report(1, {"value": "x"}),)),  # type: ignore[dict-item]  # wrong on purpose
        )
    trial.report(math.nan, 1)  # a fact about the run, and kept
    study.tell(trial, 1.0)
    assert math.isnan(study.trials[1].intermediate_values[1])


# ---------------------------------------------------------------------------- parameters


@dataclass(frozen=True)
class Bad:
    """A parameter that cannot be."""

    suggest: Callable[[Any], Any]
    make: Callable[[], Any]
    words: str


BAD_PARAMETERS = {
    "low above high": Bad(
        lambda t: t.suggest_float("p", 2, 1),
        lambda: FloatDistribution(2, 1),
        "`low`: expected .* `high`=1.*, got 2",
    ),
    "int: low above high": Bad(
        lambda t: t.suggest_int("p", 2, 1), lambda: IntDistribution(2, 1), "`.*`: expected"
    ),
    "step 0": Bad(
        lambda t: t.suggest_float("p", 0, 1, step=0),
        lambda: FloatDistribution(0, 1, step=0),
        "`step`: expected a positive number, got 0",
    ),
    "negative step": Bad(
        lambda t: t.suggest_float("p", 0, 1, step=-0.5),
        lambda: FloatDistribution(0, 1, step=-0.5),
        "`step`",
    ),
    "int: step 0": Bad(
        lambda t: t.suggest_int("p", 0, 9, step=0),
        lambda: IntDistribution(0, 9, step=0),
        "`step`",
    ),
    "log from 0": Bad(
        lambda t: t.suggest_float("p", 0, 1, log=True),
        lambda: FloatDistribution(0, 1, log=True),
        "`low`: expected a positive number when log=True, got 0",
    ),
    "int: log from 0": Bad(
        lambda t: t.suggest_int("p", 0, 9, log=True),
        lambda: IntDistribution(0, 9, log=True),
        "`low`",
    ),
    "int: log from -1": Bad(
        lambda t: t.suggest_int("p", -1, 9, log=True),
        lambda: IntDistribution(-1, 9, log=True),
        "`low`",
    ),
    "nan": Bad(
        lambda t: t.suggest_float("p", math.nan, 1), lambda: FloatDistribution(math.nan, 1), "`low`"
    ),
    "inf": Bad(
        lambda t: t.suggest_float("p", 0, math.inf),
        lambda: FloatDistribution(0, math.inf),
        "`high`",
    ),
    "None": Bad(
        lambda t: t.suggest_float("p", None, 1),
        lambda: FloatDistribution(None, 1),  # type: ignore[arg-type]  # wrong on purpose
        "`low`",
    ),
    "a word": Bad(
        lambda t: t.suggest_float("p", "a", 1),
        lambda: FloatDistribution("a", 1),  # type: ignore[arg-type]  # wrong on purpose
        "`low`",
    ),
    "complex": Bad(
        lambda t: t.suggest_float("p", 0, 1j),
        lambda: FloatDistribution(0, 1j),  # type: ignore[arg-type]  # wrong on purpose
        "`high`",
    ),
    "half an integer": Bad(
        lambda t: t.suggest_int("p", 0.5, 9),
        lambda: IntDistribution(0.5, 9),  # type: ignore[arg-type]  # wrong on purpose
        "`low`",
    ),
    "no choices": Bad(
        lambda t: t.suggest_categorical("p", []), lambda: CategoricalDistribution([]), "`choices`"
    ),
    "choices that are no sequence": Bad(
        lambda t: t.suggest_categorical("p", 3),
        lambda: CategoricalDistribution(3),  # type: ignore[arg-type]  # wrong on purpose
        "`choices`",
    ),
}


@pytest.mark.parametrize("case", BAD_PARAMETERS.values(), ids=BAD_PARAMETERS.keys())
def test_a_parameter_that_cannot_be(study: trimtab.Study, case: Bad) -> None:
    trial = study.ask()
    with refused(study, TrimtabError, words=case.words):
        case.suggest(trial)
    with pytest.raises(TrimtabError, match=case.words):
        case.make()
    assert 0 <= trial.suggest_float("p", 0, 1) <= 1  # the name is not spoilt
    study.tell(trial, 2.0)
    assert states(study) == ["COMPLETE", "COMPLETE"]


CHANGED = {
    "a choice more": ("c", CategoricalDistribution(["a", "b", "z"])),
    "a choice less": ("c", CategoricalDistribution(["a"])),
    "another order": ("c", CategoricalDistribution(["b", "a"])),
    "another kind": ("x", IntDistribution(0, 1)),
    "log now": ("x", FloatDistribution(0.1, 1, log=True)),
}


@pytest.mark.parametrize(("name", "new"), CHANGED.values(), ids=CHANGED.keys())
def test_a_changed_parameter(study: trimtab.Study, name: str, new: Distribution) -> None:
    trial = study.ask()
    with refused(study, IncompatibleDistribution, ValueError, words=f"`{name}`: expected .*, got"):
        trial._suggest(name, new)
    point = (new.to_internal_repr("a") if isinstance(new, CategoricalDistribution) else 1,)
    with refused(study, IncompatibleDistribution):
        study.storage.write(study.study_id, 1, 1, TrialUpdate(Space({name: new}), point))
    with refused(study, IncompatibleDistribution):
        study.storage.start(study.study_id, Draft(Space({name: new}), point), Lease())
    trial.suggest_float("x", 0, 2)  # another range is fine
    study.tell(trial, 2.0)


@pytest.mark.parametrize("params", [[("x", 1)], "x", None, 3])
def test_queued_parameters_that_are_no_dictionary(study: trimtab.Study, params: Any) -> None:
    with refused(study, InvalidType, TypeError, words="`params`: expected a dictionary, got"):
        study.enqueue_trial(params)


def test_a_trial_that_cannot_be_is_not_added(study: trimtab.Study) -> None:
    good = trimtab.create_trial(value=1.0)
    for bad in (trimtab.create_trial(values=[1.0, 2.0]), "trial", None):
        with refused(study, TrimtabError):
            study.add_trials([good, bad])  # type: ignore[list-item]  # wrong on purpose
    assert isinstance(good, FrozenTrial)
    for kwargs in (
        {"value": math.nan},
        {"value": "x"},
        {"value": 1j},
        {},
        {"value": 1.0, "params": {"x": 1.0}},
        {
            "value": 1.0,
            "params": {"x": 9.0},
            "distributions": {"x": FloatDistribution(0, 1)},
        },
        {"value": 1.0, "user_attrs": {"": 1}},
        {"value": 1.0, "constraints": {"c": math.nan}},
        {"value": 1.0, "intermediate_values": {-1: 1.0}},
    ):
        with refused(study, TrimtabError):
            study.add_trial(trimtab.create_trial(**kwargs))


# ---------------------------------------------------------------------------- names

BAD_NAMES: dict[str, Any] = {
    "empty": "",
    "a line feed": "a\nb",
    "NUL": "a\0b",
    "an escape": "\x1b[31m",
    "C1": "a\x85b",
    "10,000 characters": LONG,
    "no text": 3,
    "None": None,
    "a lone surrogate": "\ud800",
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_a_bad_name(study: trimtab.Study, name: Any) -> None:
    trial = study.ask()
    doors: dict[str, Callable[[], Any]] = {
        "a parameter": lambda: trial.suggest_float(name, 0, 1),
        "a choice": lambda: trial.suggest_categorical(name, ["a", "b"]),
        "a fixed parameter": lambda: study.ask({name: FloatDistribution(0, 1)}),
        "a queued parameter": lambda: study.enqueue_trial({name: 1.0}),
        "a trial's attribute": lambda: trial.set_user_attr(name, 1),
        "a constraint": lambda: trial.set_constraint(name, 1.0),
        "a metric": lambda: study.set_metric_names([name]),
        "a reported metric": lambda: trial.report({name: 1.0}, 1),
        "a study's attribute": lambda: study.set_user_attr(name, 1),
        "the storage's attribute": lambda: study.storage.set_study_attrs(
            study.study_id, user={name: 1}
        ),
        "a space": lambda: Space({name: FloatDistribution(0, 1)}),
        "a renamed study": lambda: study.storage.update_study(study.study_id, name=name),
        "a study of the storage": lambda: study.storage.create_study(
            name, [trimtab.StudyDirection.MINIMIZE]
        ),
    }
    if name is None:
        del doors["a renamed study"]  # None means: leave it
    else:
        doors["a study"] = lambda: trimtab.create_study(storage=study.storage, study_name=name)
    for door, enter in doors.items():
        try:
            with refused(study, TrimtabError, words="expected"):
                enter()
        except (AssertionError, pytest.fail.Exception) as failure:
            raise AssertionError(f"{door}: {failure}") from failure
    assert [record.name for record in study.storage.studies()] == ["s"]
    study.tell(trial, 1.0)


def test_what_json_cannot_hold(study: trimtab.Study) -> None:
    trial = study.ask()
    for value in (object(), {1, 2}, b"x", 1j, print):
        with refused(study, InvalidType, TypeError):
            study.set_user_attr("k", value)
        with refused(study, InvalidType, TypeError):
            trial.set_user_attr("k", value)
        with refused(study, InvalidType, TypeError):
            study.enqueue_trial({"x": value})
    study.tell(trial, 1.0)


def test_studies(study: trimtab.Study) -> None:
    with refused(study, DuplicateStudy, ValueError, words="got 's'"):
        trimtab.create_study(storage=study.storage, study_name="s")
    for name in ("t", ""):
        with refused(study, UnknownStudy, KeyError, words=f"got '{name}'"):
            trimtab.load_study(study_name=name, storage=study.storage)
        with refused(study, UnknownStudy, KeyError):
            trimtab.delete_study(study_name=name, storage=study.storage)
    for directions in ([], ["up"], [None], 3, "minimize"):
        with refused(study, TrimtabError, words="`directions?`: expected"):
            trimtab.create_study(storage=study.storage, directions=directions)  # type: ignore[arg-type]  # wrong on purpose


# ---------------------------------------------------------------------------- databases

BAD_URLS = ["ftp://host/db", "nosuch://x", "study", "", "sqlite:/study.db", "://"]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_bad_url(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnsupportedURL, match=r"`storage`: expected .*got") as caught:
        trimtab.create_study(storage=url)
    assert isinstance(caught.value, ValueError)
    if url:
        assert main(["studies", "--storage", url]) == 2
        assert url in capsys.readouterr().err


@pytest.mark.parametrize("storage", [3, b"x", ["a"], 1j])
def test_what_is_no_storage(storage: Any) -> None:
    with pytest.raises(InvalidType, match="`storage`: expected"):
        trimtab.create_study(storage=storage)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with one study of one trial."""
    path = tmp_path / "study.db"
    study = trimtab.create_study(storage=str(path), study_name="s")
    study.add_trial(trimtab.create_trial(value=1.0))
    study.storage.close()
    return path


def edit(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_an_unreadable_database(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = b"no database at all " * 500
    path.write_bytes(content)
    with pytest.raises(StorageUnreadable, match=r"study\.db"):
        trimtab.load_study(study_name="s", storage=str(path))
    assert main(["trials", "--storage", str(path)]) == 2
    assert "study.db" in capsys.readouterr().err
    assert path.read_bytes() == content


def test_a_damaged_database(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[1024:] = b"\xff" * (len(content) - 1024)
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"study\.db"):
        trimtab.load_study(study_name="s", storage=str(path)).ask()
    assert path.read_bytes() == content


def test_another_programs_database(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    edit(path, "CREATE TABLE accounts (name TEXT)")
    edit(path, "INSERT INTO accounts VALUES ('me')")
    with suppress(StorageError):
        trimtab.create_study(storage=str(path))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM accounts").fetchall() == [("me",)]


def test_a_newer_database(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(path, "UPDATE trimtab_version SET version_num = '9999'")
    with pytest.raises(StorageVersion, match="pip install --upgrade trimtab"):
        trimtab.load_study(study_name="s", storage=str(path))
    assert main(["trials", "--storage", str(path)]) == 2
    assert "9999" in capsys.readouterr().err
    edit(path, f"UPDATE trimtab_version SET version_num = '{HEAD}'")
    assert len(trimtab.load_study(study_name="s", storage=str(path)).trials) == 1


def test_a_locked_file(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = SQLStorage(f"sqlite:///{path}", patience=0.3)
    study = trimtab.load_study(study_name="s", storage=storage)
    trial = study.ask()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusy, match=r"study\.db") as caught:
            study.tell(trial, 2.0)
        assert isinstance(caught.value, TimeoutError)
        assert len(study.trials) == 2  # reading goes on
        url = f"sqlite:///{path}?timeout=0.3"
        assert main(["tell", "--storage", url, "--trial-number", "1", "--values", "2"]) == 2
        told = capsys.readouterr().err.splitlines()[-1]
        assert told.startswith("trimtab: error: ")
        assert "study.db" in told
        other.execute("ROLLBACK")
    study.tell(trial, 2.0)
    assert [t.value for t in study.trials] == [1.0, 2.0]


def test_a_full_disk(path: Path) -> None:
    storage = SQLStorage(f"sqlite:///{path}")
    study = trimtab.load_study(study_name="s", storage=storage)
    before = study.trials
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    big = trimtab.create_trial(value=1.0, user_attrs={"k": LONG * 100})
    with full(storage, pages), pytest.raises(StorageFull) as caught:
        study.add_trials([big])
    assert isinstance(caught.value, OSError)
    assert study.trials == before
    study.add_trial(trimtab.create_trial(value=5.0))  # there is room again
    assert study.trials[-1].value == 5.0
    storage.close()
    assert len(trimtab.load_study(study_name="s", storage=str(path)).trials) == len(before) + 1


@contextmanager
def full(storage: SQLStorage, pages: int) -> Iterator[None]:
    """A disk with room for no more than these pages."""
    engine = storage.database.engine

    def limit(raw: Any, *_: Any) -> None:
        raw.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(engine, "checkout", limit)
        pages = 1_000_000
        event.listen(engine, "checkout", limit)


def test_a_file_that_may_only_be_read(path: Path) -> None:
    """Root may write all, so the file system must say no: the folder is a file here."""
    with pytest.raises(StorageError):
        trimtab.create_study(storage=f"sqlite:///{path}/inside.db")
    with pytest.raises(StorageError):
        trimtab.create_study(storage=f"sqlite:///{path.parent}/no/such/folder/study.db")


# ---------------------------------------------------------------------------- the command line


def asking(name: str, kind: str, **attributes: Any) -> list[str]:
    """The command that asks for one parameter."""
    space = {name: {"name": f"{kind}Distribution", "attributes": attributes}}
    return ["ask", "--search-space", json.dumps(space)]


BAD_COMMANDS: dict[str, tuple[list[str], str]] = {
    "a word": (["tell", "--trial-number", "1", "--values", "good"], "'good'"),
    "complex": (["tell", "--trial-number", "1", "--values", "1j"], "'1j'"),
    "two values": (["tell", "--trial-number", "1", "--values", "1", "2"], "expected 1"),
    "no value": (["tell", "--trial-number", "1"], "--values"),
    "unknown trial": (["tell", "--trial-number", "99", "--values", "1"], "got 99"),
    "telling twice": (["tell", "--trial-number", "0", "--values", "2"], "Trial 0"),
    "bad sem": (["tell", "--trial-number", "1", "--values", "1", "--sems", "-1"], "`sem"),
    "low above high": (asking("p", "Float", low=2, high=1), "`low`"),
    "step 0": (asking("p", "Int", low=0, high=1, step=0), "`step`"),
    "log from 0": (asking("p", "Float", low=0, high=1, log=True), "`low`"),
    "no choices": (asking("p", "Categorical", choices=[]), "`choices`"),
    "a bound is missing": (asking("p", "Float", low=0), "'high'"),
    "a bound in words": (asking("p", "Float", low=0, high="one"), "`high`"),
    "changed choices": (asking("c", "Categorical", choices=["a", "z"]), "`c`: expected"),
    "unknown kind": (asking("p", "Normal", low=0, high=1), "NormalDistribution"),
    "empty parameter name": (asking("", "Float", low=0, high=1), "expected"),
    "long parameter name": (asking(LONG, "Float", low=0, high=1), "expected"),
    "empty name": (["create-study", "--study-name", ""], "`study_name`"),
    "control characters": (["create-study", "--study-name", "a\x07"], "`study_name`"),
    "10,000 characters": (["create-study", "--study-name", LONG], "`study_name`"),
    "empty key": (["set-user-attr", "--key", "", "--value", "1"], "`key`"),
    "unknown study": (["trials", "--study-name", "t"], "got 't'"),
    "a study that is there": (["create-study", "--study-name", "s"], "got 's'"),
}


@pytest.mark.parametrize(("args", "words"), BAD_COMMANDS.values(), ids=BAD_COMMANDS.keys())
def test_the_command_line(
    args: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRIMTAB_STORAGE", str(tmp_path / "study.db"))
    study = trimtab.create_study(storage=str(tmp_path / "study.db"), study_name="s")
    study.add_trial(
        trimtab.create_trial(
            value=1.0,
            params={"c": "a"},
            distributions={"c": CategoricalDistribution(["a", "b"])},
        )
    )
    trial = study.ask()
    before = study.trials
    capsys.readouterr()
    assert main(args) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
    assert told.err.startswith("trimtab: error: ")
    assert told.err.count("\n") == 1
    assert len(told.err) < 1000
    assert study.trials == before
    assert [record.name for record in study.storage.studies()] == ["s"]
    study.tell(trial, 2.0)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_the_command_line_fails_a_trial_as_python_does(
    value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "study.db")
    study = trimtab.create_study(storage=path)
    study.ask()
    args = ["tell", "--storage", path, "--trial-number", "0", "--values", value]
    assert main(args) == 0
    assert "Trial 0 fails" in capsys.readouterr().err
    assert states(study) == ["FAIL"]
    assert json.dumps(study.trials[0].system_attrs["fail_reason"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert study.get_trial(0).values is None
