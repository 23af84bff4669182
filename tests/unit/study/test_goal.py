"""What a run is to bring a study to is kept, for the dashboard's estimate."""

import trimtab
from trimtab.study.goal import goal_in


def objective(trial: trimtab.Trial) -> float:
    return trial.suggest_float("x", 0, 1)


def test_the_goal_is_kept_and_replaced(sqlite_url: str) -> None:
    study = trimtab.create_study(storage=sqlite_url)
    study.optimize(objective, timeout=0.01)
    assert goal_in(study.system_attrs) is None
    before = len(study.trials)
    study.optimize(objective, n_trials=3)
    assert goal_in(study.system_attrs) == before + 3
    study.optimize(objective, total_trials=before + 5)
    assert goal_in(study.system_attrs) == before + 5 == len(study.trials)
    study.storage.close()


def test_what_is_no_goal() -> None:
    assert goal_in({"goal": "5"}) is goal_in({"goal": True}) is goal_in({}) is None
