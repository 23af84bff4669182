"""Studies that the installed Optuna wrote, imported and compared field by field."""

import json
import math
import re
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from tests.databases import fresh_database, server_url
from tests.services import MYSQL_URL, POSTGRES_URL
from tests.unit.migrate.optuna_studies import (
    assert_same,
    journal,
    optuna,
    rdb,
    write_study,
    write_two_objectives,
)
from trimtab.artifacts import (
    FileSystemArtifactStore,
    download_artifact,
    get_all_artifact_meta,
    get_note,
)
from trimtab.artifacts.owner import SystemAttributes
from trimtab.dashboard import asgi
from trimtab.errors import (
    DuplicateStudy,
    StorageUnreadable,
    UnknownStudy,
    UnsupportedURL,
)
from trimtab.migrate import import_optuna
from trimtab.migrate import optuna as module
from trimtab.migrate.rdb import Database
from trimtab.records import StudyDirection, TrialState
from trimtab.storage import Draft, InMemoryStorage, Lease

pytestmark = [
    pytest.mark.filterwarnings("ignore:.* is experimental"),
    # Optuna's artifacts import Google's client where it is installed.
    pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning"),
]

MakeStorage = Callable[[], Any]


KINDS = [
    "sqlite",
    "journal",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("mysql", marks=pytest.mark.mysql),
]


@contextmanager
def place_of(kind: str, folder: Path) -> Iterator[tuple[str, MakeStorage]]:
    """What to import from, and what makes Optuna's storage of it."""
    if kind == "journal":
        path = str(folder / "optuna.log")
        yield path, lambda: journal(path)
        return
    storages = []

    def make() -> Any:
        storages.append(rdb(url))
        return storages[-1]

    with ExitStack() as stack:
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'optuna.db'}"
        else:
            server = server_url(POSTGRES_URL if kind == "postgres" else MYSQL_URL)
            url = stack.enter_context(fresh_database(server))
        yield url, make
        for storage in storages:
            storage.engine.dispose()


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, MakeStorage]]:
    """An empty place; see `place_of`."""
    with place_of(request.param, tmp_path) as found:
        yield found


@pytest.fixture(scope="module", params=KINDS)
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Any]]:
    """What to import from, with two studies in it, and Optuna's storage of it: only to be read."""
    with place_of(request.param, tmp_path_factory.mktemp("written")) as (source, make):
        storage = make()
        write_study(storage)
        write_two_objectives(storage)
        yield source, storage


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an ``optuna.db`` and an ``optuna.log`` to be copied."""
    folder = tmp_path_factory.mktemp("original")
    for kind in ("sqlite", "journal"):
        with place_of(kind, folder) as (_, make):
            write_study(make())
    return folder


@pytest.fixture
def database(original: Path, tmp_path: Path) -> Path:
    """A SQLite file of Optuna's."""
    return Path(shutil.copy(original / "optuna.db", tmp_path))


@pytest.fixture
def log(original: Path, tmp_path: Path) -> Path:
    """A journal of Optuna's."""
    return Path(shutil.copy(original / "optuna.log", tmp_path))


def test_every_field(written: tuple[str, Any]) -> None:
    source, storage = written
    target = InMemoryStorage()
    first, two = import_optuna(source, target)
    assert (first.source_name, first.name, first.n_trials) == ("first", "first", 15)
    assert first.problems == ()
    assert two.problems == ()
    for imported in (first, two):
        theirs = optuna.load_study(study_name=imported.name, storage=storage)
        assert_same(theirs, target, imported.study_id)
    states = [trial.state for trial in target.history(first.study_id).trials()]
    assert {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL} < set(states)
    assert {TrialState.RUNNING, TrialState.WAITING} < set(states)
    # The trial that waits is run with the parameters that it was given.
    waiting = target.start(first.study_id, None, Lease())
    assert waiting is not None
    assert waiting.system_attrs["fixed_params"] == {"x": 0.5, "n": 3}


def test_values_that_are_not_finite(place: tuple[str, MakeStorage]) -> None:
    source, make = place
    study = optuna.create_study(storage=make(), study_name="s")
    study.optimize(lambda trial: (math.inf, -math.inf, 1.0)[trial.number], n_trials=3)
    target = InMemoryStorage()
    (imported,) = import_optuna(source, target)
    trials = list(target.history(imported.study_id).trials())
    assert [trial.state.name for trial in trials] == ["FAIL", "FAIL", "COMPLETE"]
    assert trials[0].system_attrs["optuna:values"] == [math.inf]
    assert "[inf]" in trials[0].system_attrs["fail_reason"]
    assert [problem[:9] for problem in imported.problems] == ["trial 0: ", "trial 1: "]
    assert "FAIL here" in imported.problems[0]


def test_names_are_chosen_and_changed(place: tuple[str, MakeStorage]) -> None:
    source, make = place
    storage = make()
    for name in ("a", "b", "c"):
        optuna.create_study(storage=storage, study_name=name).add_trial(
            optuna.create_trial(value=ord(name))
        )
    target = InMemoryStorage()
    assert [i.name for i in import_optuna(source, target, study_names=["c", "a"])] == ["a", "c"]
    with pytest.raises(DuplicateStudy, match="'a'"):
        import_optuna(source, target)
    assert [study.name for study in target.studies()] == ["a", "c"]
    with pytest.raises(DuplicateStudy, match="'b'"):
        import_optuna(source, target, study_names=["a", "b"], rename={"a": "b"})
    assert [study.name for study in target.studies()] == ["a", "c"]
    (again,) = import_optuna(source, target, study_names=["a"], rename={"a": "again"})
    assert (again.source_name, again.name) == ("a", "again")
    assert target.trial(again.study_id, 0).values == (97.0,)
    with pytest.raises(UnknownStudy, match=r"\['a', 'b', 'c'\]"):
        import_optuna(source, target, study_names=["z"])
    with pytest.raises(UnknownStudy, match="rename"):
        import_optuna(source, target, study_names=["b"], rename={"z": "y"})


def test_names_that_may_not_be_used_here(place: tuple[str, MakeStorage]) -> None:
    source, make = place
    study = optuna.create_study(storage=make(), study_name="two\nlines")
    study.set_user_attr("x" * 300, 1)
    study.enqueue_trial({"tab\t": 0.5})
    study.optimize(lambda t: t.suggest_float("tab\t", 0, 1), n_trials=1)
    target = InMemoryStorage()
    (imported,) = import_optuna(source, target)
    assert imported.name.startswith("two_lines~")
    trial = target.trial(imported.study_id, 0)
    ((name, value),) = trial.params.items()
    assert name.startswith("tab_~")
    assert value == 0.5
    assert trial.system_attrs["fixed_params"] == {name: 0.5}
    (key,) = target.study(imported.study_id).user_attrs
    assert len(key) == 255
    assert sum("became" in problem for problem in imported.problems) == 2


def test_notes_forms_and_artifacts_of_the_dashboard(
    place: tuple[str, MakeStorage], tmp_path: Path
) -> None:
    source, make = place
    storage = make()
    study = optuna.create_study(storage=storage, study_name="s")
    trial, other = study.ask(), study.ask()
    folder = tmp_path / "artifacts"
    folder.mkdir()
    store = optuna.artifacts.FileSystemArtifactStore(str(folder))
    (tmp_path / "picture.png").write_bytes(b"pixels")
    name = optuna.artifacts.upload_artifact(
        artifact_store=store, file_path=str(tmp_path / "picture.png"), study_or_trial=trial
    )
    older = str(uuid.uuid4())
    described = {"artifact_id": older, "filename": "a", "mimetype": "text/plain", "encoding": None}
    form = {"output_type": "objective", "widgets": [{"type": "user_attr", "key": "score"}]}
    for key, value in {
        "dashboard:note_ver": 3,
        **{f"dashboard:note_str:{i}": f"{i}," + "x" * 2043 for i in range(12)},
        f"dashboard:{other._trial_id}:note_ver": 1,
        f"dashboard:{other._trial_id}:note_str:0": "of the trial",
        f"dashboard:artifacts:{other._trial_id}:{older}": json.dumps(described),
        "dashboard:form_widgets:v2": form,
        "artifacts:" + str(uuid.uuid4()): "null",
    }.items():
        storage.set_study_system_attr(study._study_id, key, value)
    target = InMemoryStorage()
    (imported,) = import_optuna(source, target)
    assert imported.problems == ()
    ours = SystemAttributes(target, imported.study_id)
    assert get_note(ours) == "".join(f"{i}," + "x" * 2043 for i in range(12))
    assert target.study(imported.study_id).system_attrs["note"]["version"] == 3
    assert target.study(imported.study_id).system_attrs["dashboard:form_widgets"] == form
    assert get_all_artifact_meta(ours) == []
    assert get_note(target.trial(imported.study_id, 1)) == "of the trial"
    (meta,) = get_all_artifact_meta(target.trial(imported.study_id, 0))
    assert (meta.artifact_id, meta.filename, meta.mimetype) == (name, "picture.png", "image/png")
    (meta,) = get_all_artifact_meta(target.trial(imported.study_id, 1))
    assert meta.artifact_id == older
    download_artifact(
        artifact_store=FileSystemArtifactStore(folder),
        file_path=tmp_path / "copy",
        artifact_id=name,
    )
    assert (tmp_path / "copy").read_bytes() == b"pixels"


def test_links_from_notes_lead_to_the_artifacts_here(
    place: tuple[str, MakeStorage], tmp_path: Path
) -> None:
    source, make = place
    storage = make()
    optuna.create_study(storage=storage, study_name="earlier").ask()  # so that keys are no numbers
    study = optuna.create_study(storage=storage, study_name="s")
    trials = [study.ask() for _ in range(3)]
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (tmp_path / "picture.png").write_bytes(b"pixels")
    paths = {}  # as `optuna_dashboard.artifact.get_artifact_path` makes them
    ids = {}
    for number, owner in [*enumerate(trials), (None, study)]:
        ids[number] = optuna.artifacts.upload_artifact(
            artifact_store=optuna.artifacts.FileSystemArtifactStore(str(folder)),
            file_path=str(tmp_path / "picture.png"),
            study_or_trial=owner,
        )
        trial = "" if number is None else f"/{owner._trial_id}"
        paths[number] = f"/artifacts/{study._study_id}{trial}/{ids[number]}"
    study.tell(trials[0], 1.0)
    elsewhere = f"/artifacts/{study._study_id}/{trials[0]._trial_id}/{uuid.uuid4()}"
    written = {
        f"dashboard:{trials[0]._trial_id}:": f"![]({paths[0]}) and ![]({paths[2]})",
        f"dashboard:{trials[1]._trial_id}:": f"[gone]({elsewhere}), http://a:80{paths[0]}",
        "dashboard:": f"# All\n\n![a]({paths[None]})\n![b]({paths[1]})",
    }
    for prefix, body in written.items():
        storage.set_study_system_attr(study._study_id, f"{prefix}note_ver", 4)
        storage.set_study_system_attr(study._study_id, f"{prefix}note_str:0", body)
    target = InMemoryStorage()
    for name in ("a", "b", "c", "d"):
        target.create_study(name, (StudyDirection.MINIMIZE,))
    (imported,) = import_optuna(source, target, study_names=["s"])
    here = imported.study_id
    assert here > 4
    ours = {number: f"/artifacts/{here}/{number}/{ids[number]}" for number in range(3)}
    assert get_note(target.trial(here, 0)) == f"![]({ours[0]}) and ![]({ours[2]})"
    assert get_note(target.trial(here, 1)) == written[f"dashboard:{trials[1]._trial_id}:"]
    note = f"# All\n\n![a](/artifacts/{here}/{ids[None]})\n![b]({ours[1]})"
    assert target.study(here).system_attrs["note"] == {"body": note, "version": 4}
    client = TestClient(
        asgi(target, folder, token="a-token-for-tests"),
        base_url="http://localhost",
        headers={"authorization": "Bearer a-token-for-tests"},
    )
    with client:
        pages = client.get(f"/studies/0-{here}/note").text
        pages += client.get(f"/studies/0-{here}/trials/0").text
        pictures = set(re.findall(r'<img src="(/artifacts/[^"]+)"', pages))
        assert len(pictures) == 4
        for picture in pictures:
            assert client.get(picture).content == b"pixels"


def test_many_trials_come_in_chunks(
    written: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, storage = written
    sizes = []
    add = InMemoryStorage.add

    def counted(self: InMemoryStorage, study_id: int, trials: Any) -> list[int]:
        sizes.append(len(trials))
        return add(self, study_id, trials)

    monkeypatch.setattr(InMemoryStorage, "add", counted)
    monkeypatch.setattr(module, "CHUNK", 7)
    monkeypatch.setattr("trimtab.migrate.rdb._PAGE", 4)
    target = InMemoryStorage()
    (imported,) = import_optuna(source, target, study_names=["first"])
    assert sizes == [7, 7, 1]
    theirs = optuna.load_study(study_name="first", storage=storage)
    assert_same(theirs, target, imported.study_id)


def test_an_import_that_fails_leaves_nothing(
    written: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = InMemoryStorage()

    def fail(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(target, "update_study", fail)
    with pytest.raises(KeyboardInterrupt):
        import_optuna(written[0], target)
    assert target.studies() == []


def test_a_deleted_study_and_its_trials(place: tuple[str, MakeStorage]) -> None:
    source, make = place
    storage = make()
    for name in ("gone", "kept"):
        optuna.create_study(storage=storage, study_name=name).optimize(
            lambda t: t.suggest_float("x", 0, 1), n_trials=2
        )
    optuna.delete_study(study_name="gone", storage=storage)
    study = optuna.create_study(storage=storage, study_name="gone")
    study.optimize(lambda t: t.suggest_int("x", 0, 1), n_trials=3)
    target = InMemoryStorage()
    kept, gone = import_optuna(source, target)
    assert (kept.name, kept.n_trials, gone.name, gone.n_trials) == ("kept", 2, "gone", 3)
    for imported in (kept, gone):
        theirs = optuna.load_study(study_name=imported.name, storage=storage)
        assert_same(theirs, target, imported.study_id)


def test_a_sqlite_file_is_recognized_and_not_changed(database: Path, tmp_path: Path) -> None:
    path = database.rename(tmp_path / "100% odd?#.db")
    before = path.read_bytes()
    path.chmod(0o400)
    (imported,) = import_optuna(path, InMemoryStorage())
    assert imported.n_trials == 15
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_sqlite_file_is_opened_read_only(database: Path) -> None:
    with Database(database) as opened, pytest.raises(OperationalError, match="readonly"):
        opened._connection.execute(text("create table x (y int)"))


def test_a_row_that_cannot_be_read_is_set_aside(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        for change in (
            "update trial_params set distribution_json='{' where trial_id=1 and param_name='x'",
            "update trial_params set param_value=99 where trial_id=2 and param_name='kind'",
            "update trial_params set param_value=7.5 where trial_id=3 and param_name='x'",
            "update trial_user_attributes set value_json='no' where trial_id=1 and key='list'",
            "delete from trial_values where trial_id=2",
            "update trials set number=50 where trial_id=13",
        ):
            assert connection.execute(change).rowcount == 1
    connection.close()
    target = InMemoryStorage()
    (imported,) = import_optuna(database, target)
    assert imported.n_trials == 15
    assert [problem.partition(":")[0] for problem in imported.problems] == [
        *["trial 0"] * 2,
        *["trial 1"] * 2,
        "trial 2",
        *["trial 12", "trial 13", "trial 14"],
    ]
    assert "its number was 13" in imported.problems[5]
    assert "its number was 50" in imported.problems[7]
    first = target.trial(imported.study_id, 0)
    assert "x" not in first.params
    assert first.system_attrs["optuna:set_aside"]["x"]["distribution"] == "{"
    assert target.trial(imported.study_id, 1).state is TrialState.FAIL
    assert target.trial(imported.study_id, 2).params["x"] == 7.5


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"hello\n", 1),
        (b"{}\n", 1),
        (b'{"op_code": 99}\n', 1),
        (b'{"op_code": 0, "worker_id": "w", "study_name": "s", "directions": [1]}\n[1]\n', 2),
    ],
)
def test_what_is_no_journal(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(StorageUnreadable, match=f"line {line}"):
        import_optuna(path, InMemoryStorage())


def test_a_journal_whose_last_line_was_cut_off(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-7])
    (imported,) = import_optuna(log, InMemoryStorage())
    assert imported.n_trials == 14


def test_what_is_no_database_of_optunas(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table studies (id integer)")
    connection.close()
    with pytest.raises(StorageUnreadable, match="trial_params"):
        import_optuna(path, InMemoryStorage())
    path.write_bytes(path.read_bytes()[:200] + b"\xff" * 5000)
    with pytest.raises(StorageUnreadable, match="cannot be read"):
        import_optuna(path, InMemoryStorage())


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    target = InMemoryStorage()
    with pytest.raises(FileNotFoundError):
        import_optuna(tmp_path / "nothing.log", target)
    with pytest.raises(FileNotFoundError, match=r"nothing\.db"):
        import_optuna(f"sqlite:///{tmp_path / 'nothing.db'}", target)
    assert list(tmp_path.iterdir()) == []
    for url in ("redis://localhost", "nonsense://", "mysql+nodriver://localhost/x"):
        with pytest.raises(UnsupportedURL, match="source"):
            import_optuna(url, target)
    with pytest.raises(StorageUnreadable, match="cannot be read"):
        import_optuna("postgresql://127.0.0.1:1/optuna", target)


def test_the_target_keeps_what_it_had(log: Path) -> None:
    target = InMemoryStorage()
    mine = target.create_study("mine", (StudyDirection.MINIMIZE,))
    target.start(mine.id, Draft(), Lease())
    import_optuna(log, target)
    assert len(target.history(mine.id)) == 1
    assert [study.name for study in target.studies()] == ["mine", "first"]
