"""The overview: what it says of a study, and how the history can be drawn."""

import math
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import trimtab
from trimtab.dashboard import asgi, templating
from trimtab.dashboard.context import Opened, StudyView
from trimtab.dashboard.figures import figure_json
from trimtab.dashboard.glance import FRONT_ROWS, Glance, Glances, attributes, pace
from trimtab.distributions import FloatDistribution
from trimtab.records import FrozenTrial, TrialState
from trimtab.storage import InMemoryStorage, open_storage

TOKEN = "a-token-for-tests"
NOW = 1_800_000_000.0


def new_study(**options: Any) -> trimtab.Study:
    return trimtab.create_study(study_name="a study", storage=InMemoryStorage(), **options)


def view_of(study: trimtab.Study) -> StudyView:
    opened = Opened("0", study.storage, "memory")
    return StudyView(f"0-{study.study_id}", opened, study.storage.study(study.study_id))


def glance_at(study: trimtab.Study) -> Glance:
    return Glances().of(view_of(study), NOW)


def client_of(study: trimtab.Study) -> TestClient:
    return TestClient(
        asgi(study.storage, token=TOKEN),
        base_url="http://localhost",
        headers={"authorization": f"Bearer {TOKEN}"},
    )


def tell(study: trimtab.Study, value: float, **params: float) -> None:
    space = {name: FloatDistribution(-10.0, 10.0) for name in params}
    study.enqueue_trial(params)
    trial = study.ask(space)
    study.tell(trial, value)


def ended(gaps: list[float], last: float = NOW) -> trimtab.Study:
    """A study whose trials took half a second each, and ended with these gaps before ``last``."""
    study = new_study()
    times = [last - sum(gaps[index:]) for index in range(len(gaps))] + [last]
    study.storage.add(
        study.study_id,
        [
            FrozenTrial.build(
                number,
                TrialState.COMPLETE,
                values=(1.0,),
                started=int((when - 0.5) * 1e6),
                finished=int(when * 1e6),
            )
            for number, when in enumerate(times)
        ],
    )
    return study


def pace_of(study: trimtab.Study, now: float = NOW, waiting: int = 0) -> Any:
    counts = dict.fromkeys(TrialState, 0) | {TrialState.WAITING: waiting}
    return pace(study.storage.history(study.study_id), counts, now)


def test_the_pace_is_that_of_the_last_twenty() -> None:
    found = pace_of(ended([100.0] * 10 + [2.0] * 19))
    assert found.per_hour == pytest.approx(1800.0, rel=1e-3)
    assert found.mean_seconds == pytest.approx(0.5, rel=1e-3)
    assert found.left is None


def test_the_pace_slows_when_nothing_ends_and_then_is_unknown() -> None:
    study = ended([2.0] * 10)
    assert pace_of(study, NOW + 30.0).per_hour == pytest.approx(120.0, rel=1e-3)
    assert pace_of(study, NOW + 61.0).per_hour is None


def test_a_slow_study_is_not_idle_soon() -> None:
    assert pace_of(ended([600.0] * 5), NOW + 3000.0).per_hour is not None


def test_the_queue_tells_when_it_is_done() -> None:
    assert pace_of(ended([2.0] * 10), waiting=5).left == pytest.approx(10.0, rel=1e-3)


def test_a_goal_tells_when_it_is_reached() -> None:
    study = ended([2.0] * 10)
    none = dict.fromkeys(TrialState, 0)
    history = study.storage.history(study.study_id)
    ahead = len(history) + 7
    assert pace(history, none, NOW, ahead).left == pytest.approx(14.0, rel=1e-3)
    assert pace(history, none, NOW, len(history)).left is None


@pytest.mark.parametrize(
    ("per_hour", "words"),
    [
        (0.5, "0.5 trials an hour"),
        (199.0, "199 trials an hour"),
        (3490.0, "58.2 trials a minute"),
        (1.8e6, "500 trials a second"),
    ],
)
def test_the_pace_is_told_in_a_unit_that_makes_it_small(per_hour: float, words: str) -> None:
    assert templating.pace(per_hour) == words


def test_one_trial_has_no_pace() -> None:
    assert pace_of(ended([])).per_hour is None


def test_the_best_is_feasible() -> None:
    study = new_study()
    for value, excess in ((1.0, 0.5), (2.0, -1.0), (3.0, -1.0)):
        trial = study.ask()
        trial.set_constraint("limit", excess)
        study.tell(trial, value)
    found = glance_at(study)
    assert found.best is not None
    assert found.best.number == 1
    assert (found.infeasible, found.constrained) == (1, True)
    with client_of(study) as client:
        page = client.get("/studies/0-1/glance").text
    assert "feasible only" in page
    assert "1 complete trial is" in page


def test_without_a_feasible_trial() -> None:
    study = new_study()
    trial = study.ask()
    trial.set_constraint("limit", 1.0)
    study.tell(trial, 1.0)
    assert glance_at(study).best is None
    with client_of(study) as client:
        assert "None of the 1 complete trials is feasible" in client.get("/studies/0-1/glance").text


def test_standard_errors_are_shown_and_bring_the_best_arm() -> None:
    study = new_study()
    for x, value, sem in ((1.0, 0.9, 0.9), (2.0, 1.0, 0.01), (3.0, 5.0, 0.01)):
        study.enqueue_trial({"x": x})
        trial = study.ask({"x": FloatDistribution(0.0, 10.0)})
        study.tell(trial, value, sems=sem)
    found = glance_at(study)
    assert found.best is not None
    assert found.best.number == 0
    assert found.arm is not None
    assert found.arm.trials == (1,)  # a little worse, and known to be so
    with client_of(study) as client:
        page = client.get("/studies/0-1/glance").text
    assert '<span class="muted" title="standard error">± 0.9</span>' in page
    assert "Best arm by the model" in page


def test_replicates_bring_the_best_arm_and_single_trials_do_not() -> None:
    study = new_study()
    for value in (1.0, 2.0):
        tell(study, value, x=value)
    assert glance_at(study).arm is None
    tell(study, 1.2, x=1.0)
    found = glance_at(study).arm
    assert found is not None
    assert found.trials == (0, 2)


def test_a_front_of_several_objectives() -> None:
    study = new_study(directions=["minimize", "maximize"])
    study.set_metric_names(["loss", "speed"])
    for index in range(FRONT_ROWS + 5):
        study.tell(study.ask(), [index, index])
    study.tell(study.ask(), [100.0, 0.0])
    found = glance_at(study)
    assert found.best is None
    assert found.front_size == FRONT_ROWS + 5
    assert [trial.number for trial in found.front] == list(range(FRONT_ROWS))
    with client_of(study) as client:
        page = client.get("/studies/0-1").text
        assert "/figures/pareto" in page
        assert "and 5 more" in page
        assert '<option value="1">speed</option>' in page
        figure = client.get("/studies/0-1/figures/history?target=1")
        assert figure.json()["layout"]["yaxis"]["title"]["text"] == "speed"


def test_glances_are_kept_until_the_study_changes() -> None:
    study = new_study()
    glances = Glances(size=1)
    first = glances.of(view_of(study), NOW)
    assert glances.of(view_of(study), NOW) is first
    study.tell(study.ask(), 1.0)
    second = glances.of(view_of(study), NOW)
    assert second.total == 1
    assert second is not first


def test_the_history_of_a_study_long_not_looked_at_is_let_go(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/studies.db")
    studies = [trimtab.create_study(study_name=f"study {i}", storage=storage) for i in range(2)]
    glances = Glances(size=1)
    glances.of(view_of(studies[0]), NOW)
    before = storage.history(studies[0].study_id)
    glances.of(view_of(studies[1]), NOW)
    assert storage.history(studies[0].study_id) is not before
    studies[0].tell(studies[0].ask(), 1.0)  # and all goes on as before
    assert glances.of(view_of(studies[0]), NOW).total == 1


def test_a_study_without_trials_says_what_to_do() -> None:
    study = new_study()
    with client_of(study) as client:
        page = client.get("/studies/0-1").text
    assert "What comes next" in page
    assert "load_study(study_name=&#34;a study&#34;" in page or 'study_name="a study"' in page
    assert 'id="pictures" hidden' in page


@pytest.mark.parametrize(
    ("query", "figure"),
    [
        ("", "figures/history"),
        ("?log=1&pruned=1&x=time", "figures/history?log=1&amp;include_pruned=1&amp;x=time"),
        ("?x=sideways&log=7&objective=3", "figures/history"),
    ],
)
def test_choices_stand_in_the_address(query: str, figure: str) -> None:
    study = new_study()
    study.tell(study.ask(), 1.0)
    with client_of(study) as client:
        page = client.get(f"/studies/0-1{query}").text
    assert f'data-figure="/studies/0-1/{figure}"' in page


def test_the_history_by_hours() -> None:
    study = ended([1800.0, 1800.0])
    with client_of(study) as client:
        figure = client.get("/studies/0-1/figures/history?x=elapsed").json()
    # x is a typed array: base64 of float64.
    import base64

    import numpy as np

    xs = np.frombuffer(base64.b64decode(figure["data"][0]["x"]["bdata"]), np.float64)
    assert xs == pytest.approx([0.5 / 3600, 0.5 + 0.5 / 3600, 1.0 + 0.5 / 3600])


def test_a_figure_is_drawn_once_per_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    study, drawn = new_study(), []

    def draw(*arguments: Any) -> str:
        drawn.append(arguments)
        return figure_json(*arguments)

    monkeypatch.setattr("trimtab.dashboard.pages.figures.figure_json", draw)
    with client_of(study) as client:
        first = client.get("/studies/0-1/figures/history")
        assert first.headers["content-encoding"] == "gzip"
        plain = client.get("/studies/0-1/figures/history", headers={"accept-encoding": "identity"})
        assert plain.json() == first.json()
        assert len(drawn) == 1
        client.get("/studies/0-1/figures/history?log=1")
        assert len(drawn) == 2
        study.tell(study.ask(), 1.0)
        client.get("/studies/0-1/figures/history")
        assert len(drawn) == 3


def test_attributes_are_text() -> None:
    assert attributes({"b": [1, math.inf], "a": "<b>"}) == [
        ("a", "<b>"),
        ("b", '[1, {"$float": "inf"}]'),
    ]
