"""What the installed Optuna Dashboard wrote, imported and looked at in our pages."""

import io
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.unit.migrate.optuna_studies import journal, optuna, rdb
from trimtab.artifacts import get_all_artifact_meta, get_note
from trimtab.artifacts.figures import MAX_FIGURES, figure_ids
from trimtab.dashboard import asgi, load_form, widgets
from trimtab.dashboard.saved_figures import read_figure
from trimtab.migrate import import_optuna
from trimtab.migrate.dashboard import WIDGETS
from trimtab.preferential import PreferentialStudy
from trimtab.preferential import load_study as load_preferential
from trimtab.records import TrialState
from trimtab.storage import InMemoryStorage
from trimtab.study import load_study

theirs: Any = pytest.importorskip("optuna_dashboard", reason="writes what is imported (extra dev)")
preferential: Any = pytest.importorskip("optuna_dashboard.preferential")
go: Any = pytest.importorskip("plotly.graph_objects")

pytestmark = [
    pytest.mark.filterwarnings("ignore:.* is experimental"),
    pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning"),
]

TOKEN = "a-token-for-tests"


@pytest.fixture(params=["sqlite", "journal"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """What `import_optuna` reads, and the storage that Optuna writes to."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'theirs.db'}"
        storage = rdb(url)
        yield url, storage
        storage.remove_session()
        storage.engine.dispose()
    else:
        path = str(tmp_path / "theirs.log")
        yield path, journal(path)


def call(storage: Any, method: str, path: str, content: Any = None) -> None:
    """A request to the server of Optuna Dashboard's."""
    body = json.dumps(content).encode()
    status = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
    }
    list(theirs.wsgi(storage)(environ, lambda line, *_: status.append(line)))
    assert status[0].startswith("20"), status


def page(storage: InMemoryStorage, path: str) -> str:
    with TestClient(
        asgi(storage, token=TOKEN),
        base_url="http://localhost",
        headers={"authorization": f"Bearer {TOKEN}"},
    ) as client:
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


def imported(source: str) -> tuple[InMemoryStorage, int, tuple[str, ...]]:
    target = InMemoryStorage()
    (study,) = import_optuna(source, target)
    return target, study.study_id, study.problems


def test_what_scripts_keep_with_a_study(place: tuple[str, Any], tmp_path: Path) -> None:
    source, storage = place
    study = optuna.create_study(
        storage=storage, study_name="s", directions=["minimize", "maximize"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        theirs.set_objective_names(study, ["ugliness", "size"])
    theirs.register_objective_form_widgets(
        study,
        [
            theirs.SliderWidget(1, 5, 1, labels=[(0, "never"), (1, "ugly"), (5, "nice")]),
            theirs.ObjectiveUserAttrRef(key="bytes"),
        ],
    )
    theirs.save_note(study, "# All\n" + "long " * 1000)
    theirs.save_note(study, "# All of it")
    long = go.Figure(go.Scatter(y=list(range(2000))), {"title": {"text": "Long"}})
    assert theirs.save_plotly_graph_object(study, long, graph_object_id="curve:1") == "curve:1"
    short = go.Figure(go.Bar(y=[1, 2]))
    assert theirs.save_plotly_graph_object(study, long, graph_object_id="9 lives".replace(" ", "."))
    assert theirs.save_plotly_graph_object(study, short, graph_object_id="9.lives") == "9.lives"
    unnamed = theirs.save_plotly_graph_object(study, short)
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    trial.set_user_attr("bytes", 12)
    theirs.save_note(trial, "a *trial*")
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"pixels")
    backend: Any = pytest.importorskip("optuna_dashboard.artifact.file_system")
    artifact: Any = pytest.importorskip("optuna_dashboard.artifact")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        older = artifact.upload_artifact(
            backend.FileSystemBackend(str(tmp_path)), trial, str(picture)
        )
        newer = optuna.artifacts.upload_artifact(
            artifact_store=optuna.artifacts.FileSystemArtifactStore(str(tmp_path)),
            file_path=str(picture),
            study_or_trial=trial,
        )

    target, study_id, problems = imported(source)
    assert problems == ("the saved figure '9.lives' became 'figure-9.lives'",)
    ours = load_study(study_name="s", storage=target)
    assert ours.metric_names == ["ugliness", "size"]
    form = load_form(ours)
    assert form == widgets.Form(
        "objective",
        (
            widgets.SliderWidget(1, 5, 1, labels=[(1, "ugly"), (5, "nice")]),
            widgets.ObjectiveUserAttrRef("bytes"),
        ),
    )
    assert get_note(ours) == "# All of it"
    found = ours.get_trial(0)
    assert get_note(found) == "a *trial*"
    assert {meta.artifact_id for meta in get_all_artifact_meta(found)} == {older, newer}
    assert figure_ids(ours.system_attrs) == sorted(["curve:1", "figure-9.lives", unnamed])
    assert read_figure(ours.system_attrs, "curve:1")["layout"] == {"title": {"text": "Long"}}
    assert read_figure(ours.system_attrs, "figure-9.lives")["data"][0]["type"] == "bar"
    assert not any(key.startswith("optuna:dashboard") for key in ours.system_attrs)
    assert "curve:1" in page(target, f"/studies/0-{study_id}/analytics")
    assert "nice" in page(target, f"/studies/0-{study_id}/rate")


def test_a_form_for_user_attributes(place: tuple[str, Any]) -> None:
    source, storage = place
    study = optuna.create_study(storage=storage, study_name="s")
    theirs.register_user_attr_form_widgets(
        study,
        [
            theirs.ChoiceWidget(["a", "b"], [1, 2], "which?", "choice"),
            theirs.TextInputWidget("why?", "reason", optional=True),
        ],
    )
    target, _, problems = imported(source)
    assert problems == ()
    assert load_form(load_study(study_name="s", storage=target)) == widgets.Form(
        "user_attr",
        (
            widgets.ChoiceWidget(["a", "b"], [1, 2], "which?", "choice"),
            widgets.TextInputWidget("why?", "reason", optional=True),
        ),
    )


@pytest.mark.parametrize("as_text", [False, True])
def test_forms_of_older_versions(place: tuple[str, Any], as_text: bool) -> None:
    source, storage = place
    study = optuna.create_study(storage=storage, study_name="s")
    given = [theirs.ChoiceWidget(["a"], [1.0]).to_dict()]
    key = "dashboard:objective_form_widgets" + ("" if as_text else ":v1")
    value = json.dumps(given) if as_text else given
    storage.set_study_system_attr(study._study_id, key, value)
    target, study_id, _ = imported(source)
    form = load_form(load_study(study_name="s", storage=target))
    assert form == widgets.Form("objective", (widgets.ChoiceWidget(["a"], [1.0]),))
    assert list(target.study(study_id).system_attrs) == [WIDGETS] == [widgets.KEY]


def ask(study: Any, n: int) -> list[int]:
    """Trials as a generator of pictures makes them."""
    numbers = []
    for _ in range(n):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        theirs.save_note(trial, f"picture {trial.number}")
        numbers.append(trial.number)
    return numbers


def test_comparisons(place: tuple[str, Any]) -> None:
    source, storage = place
    other = optuna.create_study(storage=storage, study_name="earlier")
    other.ask()  # so that keys are no numbers
    study = preferential.create_study(
        n_generate=4, storage=storage, study_name="s", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    theirs.register_preference_feedback_component(study, "artifact", "picture")
    study_id = study._study._study_id
    ask(study, 4)
    root = f"/api/studies/{study_id}"
    clicks = [([0, 1, 2, 3], 1), ([0, 2, 3, 4], 3), ([0, 2, 4, 5], 0)]
    for candidates, clicked in clicks:
        call(
            storage,
            "POST",
            f"{root}/preference",
            {"mode": "ChooseWorst", "candidates": candidates, "clicked": clicked},
        )
        ask(study, 1)
    attrs = storage.get_study_system_attrs(study_id)
    # A database hands out attributes in no order.
    (last,) = [
        key
        for key, value in attrs.items()
        if key.startswith("preference:history") and 5 in json.loads(value)["candidates"]
    ]
    call(storage, "DELETE", f"{root}/preference/{last.removeprefix('preference:history')}")
    trials = study.get_trials()
    call(storage, "POST", f"{root}/{trials[5]._trial_id}/skip")
    study.report_preference([trials[0], trials[4]], [trials[2], trials[6]])
    study.enqueue_trial({"x": 0.5})

    target = InMemoryStorage()
    (copied,) = import_optuna(source, target, study_names=["s"])
    assert copied.problems == ()
    ours = load_preferential("s", target)
    assert ours.n_generate == 4
    assert [(b.number, w.number) for b, w in ours.preferences] == [
        (b.number, w.number)
        for b, w in sorted(study.preferences, key=lambda p: (p[1].number in (2, 6), p[1].number))
    ]
    assert {t.number for t in ours.best_trials} == {t.number for t in study.best_trials} == {0, 4}
    said = [(one.mode, one.candidates, one.clicked) for one in ours.judgements if not one.undone]
    assert said[:2] == [("worst", tuple(shown), worst) for shown, worst in clicks[:2]]
    assert sorted(said[2:]) == [
        ("skip", (5,), 5),
        ("worst", (0, 4, 2), 2),
        ("worst", (0, 4, 6), 6),
    ]
    (undone,) = [one for one in ours.judgements if one.undone]
    assert (undone.candidates, undone.clicked) == ((0, 2, 4, 5), 0)
    assert [trial.number for trial in ours.candidates] == [0, 4]
    states = [trial.state for trial in ours.trials]
    assert states == [TrialState.PAUSED] * 7 + [TrialState.WAITING]
    assert all(trial.values is None for trial in ours.trials)
    assert study.should_generate()
    assert ours.should_generate()
    assert not any(key.startswith("optuna:") for key in ours.system_attrs)
    goes_on(ours)
    shown = page(target, f"/studies/0-{copied.study_id}/preferences")
    assert "beat" in shown or "worst" in shown
    assert "skip" in shown


def goes_on(study: PreferentialStudy) -> None:
    """People judge on, also what was taken back there, and the sampler learns from all of it."""
    undone = next(one for one in study.judgements if one.undone)
    study.restore(undone)
    assert [trial.number for trial in study.candidates] == [4]
    study.undo(undone)
    study.undo(next(one for one in study.judgements if one.mode == "skip"))
    assert [trial.number for trial in study.candidates] == [0, 4, 5]
    study.judge([0, 4], 0)
    assert [trial.number for trial in study.candidates] == [4, 5]
    utilities = study.utilities
    assert utilities[4] > utilities[0] > utilities[1]


def test_comparisons_that_cannot_be_read(place: tuple[str, Any]) -> None:
    source, storage = place
    study = preferential.create_study(
        n_generate=1, storage=storage, study_name="s", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    ask(study, 2)
    for key, value in {
        "preference:valuesa": [[0, 9]],
        "preference:valuesb": "no pairs",
        "preference:valuesc": [[0, 0]],
        "preference:historyd": "{}",
        "preference:skip_trial:99": True,
        "preference:valuese": [[0, 1]],
        "preference:later": 1,
    }.items():
        storage.set_study_system_attr(study._study._study_id, key, value)
    target, study_id, problems = imported(source)
    assert len(problems) == 6
    ours = load_preferential("s", target)
    assert ours.n_generate == 2
    assert [(b.number, w.number) for b, w in ours.preferences] == [(0, 1)]
    assert target.study(study_id).system_attrs["optuna:preference:later"] == 1


def test_figures_that_cannot_be_kept(place: tuple[str, Any]) -> None:
    source, storage = place
    study = optuna.create_study(storage=storage, study_name="s")
    small = go.Figure(go.Bar(y=[1]), {"template": None})
    for i in range(MAX_FIGURES + 1):
        theirs.save_plotly_graph_object(study, small, graph_object_id=f"f{i}")
    storage.set_study_system_attr(study._study_id, "dashboard:plot_data:broken:0", '{"data"')
    target, study_id, problems = imported(source)
    assert len(figure_ids(target.study(study_id).system_attrs)) == MAX_FIGURES
    assert [problem.split("'")[1] for problem in problems] == ["f30", "broken"]
