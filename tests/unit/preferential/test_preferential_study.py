"""The study of comparisons, as its users meet it."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import trimtab
from trimtab.artifacts import save_note
from trimtab.dashboard import register_preference_feedback_component
from trimtab.errors import DuplicateStudy, InvalidArgument, InvalidType, UnknownStudy, UnknownTrial
from trimtab.preferential import PreferentialStudy, create_study, is_preferential, load_study
from trimtab.records import TrialState
from trimtab.samplers import RandomSampler
from trimtab.study import Trial


def generate(study: PreferentialStudy, ready: bool = True) -> Trial:
    trial = study.ask()
    trial.suggest_float("x", 0.0, 1.0)
    if ready:
        study.mark_comparison_ready(trial)
    return trial


def filled(n: int = 4, **arguments: Any) -> PreferentialStudy:
    arguments.setdefault("sampler", RandomSampler(seed=0))
    study = create_study(n, **arguments)
    while study.should_generate():
        generate(study)
    return study


def numbers(study: PreferentialStudy) -> list[int]:
    return [trial.number for trial in study.candidates]


# ---------------------------------------------------------------------- making and opening


def test_a_study_knows_that_it_is_preferential(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    made = create_study(3, study_name="colours", storage=url)
    assert is_preferential(made.study)
    trimtab.create_study(study_name="plain", storage=url)
    assert not is_preferential(trimtab.load_study(study_name="plain", storage=url))
    assert load_study("colours", url).n_generate == 3
    with pytest.raises(InvalidArgument, match="a study of comparisons"):
        load_study("plain", url)
    with pytest.raises(UnknownStudy):
        load_study("none", url)


def test_a_name_that_is_taken() -> None:
    storage = trimtab.storages.InMemoryStorage()
    create_study(4, study_name="a", storage=storage)
    with pytest.raises(DuplicateStudy):
        create_study(4, study_name="a", storage=storage)
    again = create_study(5, study_name="a", storage=storage, load_if_exists=True)
    assert again.n_generate == 5
    plain = trimtab.create_study(study_name="plain", storage=storage)
    plain.ask()
    with pytest.raises(InvalidArgument, match="a study of comparisons"):
        create_study(4, study_name="plain", storage=storage, load_if_exists=True)


@pytest.mark.parametrize("n_generate", [1, 0, -3])
def test_one_trial_cannot_be_compared(n_generate: int) -> None:
    with pytest.raises(InvalidArgument, match="n_generate"):
        create_study(n_generate)


@pytest.mark.parametrize("n_generate", [2.0, "4", True, None])
def test_n_generate_is_an_integer(n_generate: Any) -> None:
    with pytest.raises(InvalidType, match="n_generate"):
        create_study(n_generate)


def test_n_generate_can_change() -> None:
    study = filled(2)
    assert not study.should_generate()
    study.n_generate = 3
    assert study.should_generate()
    with pytest.raises(InvalidArgument, match="n_generate"):
        study.n_generate = 1


# ---------------------------------------------------------------------- making trials


def test_trials_are_wanted_until_enough_are_being_made_or_compared() -> None:
    study = create_study(3, sampler=RandomSampler(seed=0))
    first = generate(study, ready=False)
    generate(study)
    assert (study.generating, numbers(study)) == ([0], [1])
    assert study.should_generate()
    generate(study)
    assert not study.should_generate()
    study.mark_comparison_ready(first)
    study.mark_comparison_ready(first)  # saying it twice is no harm
    assert not study.should_generate()
    assert numbers(study) == [0, 1, 2]
    assert study.get_trial(0).state is TrialState.PAUSED


def test_what_could_not_be_made_is_given_up() -> None:
    study = create_study(2, sampler=RandomSampler(seed=0))
    trial = generate(study, ready=False)
    generate(study)
    assert not study.should_generate()
    assert study.give_up(trial).state is TrialState.FAIL
    assert study.should_generate()
    assert numbers(study) == [1]


def test_trials_can_be_enqueued_and_added() -> None:
    study = create_study(2, sampler=RandomSampler(seed=0))
    study.enqueue_trial({"x": 0.25}, user_attrs={"who": "ann"})
    trial = generate(study)
    assert (trial.params, trial.user_attrs) == ({"x": 0.25}, {"who": "ann"})
    study.add_trial(
        trimtab.create_trial(
            value=0.0,
            params={"x": 0.5},
            distributions={"x": trimtab.FloatDistribution(0.0, 1.0)},
        )
    )
    assert numbers(study) == [0, 1]
    assert not study.should_generate()
    study.judge([0, 1], 1)
    assert numbers(study) == [0]


@pytest.mark.parametrize("component", ["note", "artifact"])
def test_a_trial_that_shows_its_picture_is_ready(component: Any) -> None:
    study = create_study(2, sampler=RandomSampler(seed=0))
    if component == "artifact":
        register_preference_feedback_component(study, "artifact", "picture")
    for _ in range(2):
        assert study.should_generate()
        trial = generate(study, ready=False)
        assert trial.number in study.generating
        if component == "artifact":
            trial.set_user_attr("picture", "an-id")
        else:
            save_note(trial, "a picture")
        assert trial.number in numbers(study)
    assert not study.should_generate()
    study.judge([0, 1], 0)
    assert numbers(study) == [1]


# ---------------------------------------------------------------------- judging


def test_the_worst_is_retired() -> None:
    study = filled()
    judgement = study.judge([0, 1, 2, 3], 2, rater="ann")
    assert judgement.rater == "ann"
    assert numbers(study) == [0, 1, 3]
    assert study.should_generate()
    pairs = [(better.number, worse.number) for better, worse in study.preferences]
    assert pairs == [(0, 2), (1, 2), (3, 2)]
    assert {trial.number for trial in study.best_trials} == {0, 1, 3}


def test_the_best_retires_the_others() -> None:
    study = filled()
    study.judge(study.candidates, study.get_trial(2), "best")
    assert numbers(study) == [2]
    assert [trial.number for trial in study.best_trials] == [2]
    assert study.best_trial.number == 2


def test_one_or_all_can_be_skipped() -> None:
    study = filled()
    study.judge([0, 1, 2, 3], 1, "skip")
    assert numbers(study) == [0, 2, 3]
    study.judge([0, 2, 3], None, "skip")
    assert numbers(study) == []
    assert study.preferences == []
    assert study.best_trials == []
    with pytest.raises(InvalidArgument, match="judgements"):
        _ = study.best_trial


def test_a_judgement_is_taken_back_and_restored() -> None:
    study = filled()
    first = study.judge([0, 1, 2, 3], 2, rater="ann")
    second = study.judge([0, 1, 3], 3, rater="bob")
    assert study.undo(rater="ann").id == first.id
    assert numbers(study) == [0, 1, 2]
    assert study.undo().id == second.id
    assert numbers(study) == [0, 1, 2, 3]
    with pytest.raises(InvalidArgument, match="one that stands"):
        study.undo()
    study.restore(first.id)
    assert numbers(study) == [0, 1, 3]
    assert [one.undone for one in study.judgements] == [False, True]
    with pytest.raises(InvalidArgument, match="id of a judgement"):
        study.restore("nothing")


def test_the_same_click_sent_twice_counts_once() -> None:
    study = filled()
    study.judge([0, 1, 2, 3], 2, id="click1")
    study.judge([0, 1, 2, 3], 2, id="click1")
    assert len(study.judgements) == 1
    with pytest.raises(InvalidArgument, match="`id`"):
        study.judge([0, 1], 0, id="../x")


def test_preferences_can_be_reported() -> None:
    study = filled()
    study.report_preference(0, 1)
    study.report_preference([study.get_trial(0), study.get_trial(2)], [1, 3])
    pairs = [(better.number, worse.number) for better, worse in study.get_preferences()]
    assert pairs == [(0, 1), (0, 1), (2, 1), (0, 3), (2, 3)]
    assert len(study.judgements) == 3
    assert [trial.number for trial in study.best_trials] in ([0, 2], [2, 0])


@pytest.mark.parametrize(
    ("better", "worse", "error"),
    [
        ([], [1], InvalidArgument),
        ([1], [], InvalidArgument),
        ([1], [1], InvalidArgument),
        ([9], [1], UnknownTrial),
        (["1"], [1], InvalidType),
        (-1, 1, UnknownTrial),
    ],
)
def test_odd_preferences_are_refused(better: Any, worse: Any, error: type[Exception]) -> None:
    study = filled()
    with pytest.raises(error):
        study.report_preference(better, worse)
    assert study.judgements == []


def test_only_what_is_ready_is_judged() -> None:
    study = filled(2)
    study.n_generate = 4
    generate(study, ready=False)
    with pytest.raises(InvalidArgument, match="ready to compare"):
        study.judge([0, 1, 2], 0)
    with pytest.raises(UnknownTrial):
        study.judge([0, 7], 0)
    assert study.judgements == []


def test_two_judges_at_once_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    filled(4, study_name="s", storage=url)
    errors: list[Exception] = []

    def judge(rater: str) -> None:
        try:
            study = load_study("s", url)
            for i in range(12):
                study.judge([0, 1, 2, 3], i % 2, rater=rater)
        except Exception as error:  # noqa: BLE001 - the test shows it, whatever it is
            errors.append(error)

    threads = [threading.Thread(target=judge, args=(f"rater{i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    kept = load_study("s", url).judgements
    assert sorted(one.rater for one in kept) == sorted(["rater0", "rater1", "rater2"] * 12)


def test_a_judgement_made_elsewhere_is_seen(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    here = filled(4, study_name="s", storage=url)
    load_study("s", url).judge([0, 1, 2, 3], 0)
    assert numbers(here) == [1, 2, 3]
    assert here.should_generate()


# ---------------------------------------------------------------------- death


_CHILD = """
import os, signal, sys
from trimtab.preferential import load_study
study = load_study("s", sys.argv[1])
trial = study.ask()
print(trial.number, trial.suggest_float("x", 0.0, 1.0), flush=True)
if sys.argv[2] == "noted":
    from trimtab.artifacts import save_note
    save_note(trial, "a picture")
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(url: str, when: str) -> tuple[int, float]:
    """Number and parameter of a trial that a killed process was making."""
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, url, when],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    number, x = child.stdout.split()
    return int(number), float(x)


def test_what_a_killed_process_was_making_is_made_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    study = filled(2, study_name="s", storage=url)
    study.n_generate = 3
    number, x = killed(url, "early")
    assert study.should_generate()
    assert study.generating == []
    trial = study.ask()
    assert (trial.number, trial.attempt) == (number, 2)
    assert trial.suggest_float("x", 0.0, 1.0) == x
    study.mark_comparison_ready(trial)
    assert not study.should_generate()


def test_a_picture_that_was_made_before_its_maker_died_is_kept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    study = filled(2, study_name="s", storage=url)
    study.n_generate = 3
    number, _ = killed(url, "noted")
    assert not study.should_generate()
    assert number in numbers(study)
    assert study.get_trial(number).attempt == 1
    # It is judged like any other, and nobody makes it a second time.
    study.judge([0, 1, number], 0)
    assert study.ask().number == number + 1


def test_preferences_are_of_trials_that_are_there() -> None:
    study = filled(3)
    study.report_preference(0, [1, 2])
    assert [(a.number, b.number) for a, b in study.preferences] == [(0, 1), (0, 2)]
    study.study.delete_trials([0])
    assert study.preferences == []
