"""Who proposed a trial is known, and hardly any trial has to keep it."""

from pathlib import Path
from typing import Any

import pytest

import trimtab
from trimtab.query import page
from trimtab.samplers import RandomSampler, TPESampler
from trimtab.study.origin import SAMPLER, origin_of


def objective(trial: trimtab.Trial) -> float:
    return trial.suggest_float("x", 0.0, 1.0)


def origins(study: trimtab.Study) -> list[Any]:
    found = page(study.history, study, columns=["sampler"])
    each = [origin_of(trial.system_attrs, study.system_attrs) for trial in study.trials]
    assert [row["sampler"] for row in found.rows] == each
    return each


@pytest.fixture(params=["memory", "sqlite"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    return None if request.param == "memory" else f"sqlite:///{tmp_path / 'a.db'}"


def test_every_origin(storage: str | None) -> None:
    study = trimtab.create_study(storage=storage, sampler=RandomSampler(seed=1), study_name="s")
    study.optimize(objective, n_trials=2)
    study.enqueue_trial({"x": 0.5})
    study.optimize(objective, n_trials=1)
    study.sampler = TPESampler(seed=1)
    study.optimize(objective, n_trials=1)
    study.add_trial(study.trials[0])
    study.tell(study.ask(replicate_of=0), 1.0)
    assert origins(study) == [
        "RandomSampler",
        "RandomSampler",
        "queued",
        "TPESampler",
        "added",
        "replicate",
    ]
    again = trimtab.load_study(study_name="s", storage=study.storage, sampler=RandomSampler(seed=2))
    again.optimize(objective, n_trials=1)
    assert origins(again)[-1] == "RandomSampler"
    found = page(study.history, study, where='sampler == "TPESampler"')
    assert found.numbers == (3,)
    assert page(study.history, study, sort="sampler").numbers[0] == 0


def test_the_usual_sampler_is_kept_once() -> None:
    study = trimtab.create_study(sampler=RandomSampler(seed=1))
    study.optimize(objective, n_trials=3)
    assert study.system_attrs[SAMPLER] == "RandomSampler"
    assert not list(study.history.with_system_attrs())


def test_a_study_without_a_usual_sampler() -> None:
    storage = trimtab.storages.InMemoryStorage()
    directions = (trimtab.StudyDirection.MINIMIZE,)
    storage.create_study("s", directions)
    study = trimtab.load_study(study_name="s", storage=storage, sampler=RandomSampler(seed=1))
    study.add_trial(trimtab.create_trial(value=1.0))
    study.optimize(objective, n_trials=1)
    assert origins(study) == [None, "RandomSampler"]


def test_a_sampler_of_optunas_interface_has_its_own_name() -> None:
    class Mine(trimtab.samplers.BaseSampler):
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return {}

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            return {}

        def sample_independent(self, study: Any, trial: Any, name: str, distribution: Any) -> Any:
            return 0.5

    study = trimtab.create_study(sampler=Mine())
    study.optimize(objective, n_trials=1)
    assert origins(study) == ["Mine"]
