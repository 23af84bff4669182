"""What people say of trials, and what becomes of a trial by it."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pytest

import trimtab
from trimtab import Study
from trimtab.dashboard import (
    ChoiceWidget,
    ObjectiveUserAttrRef,
    SliderWidget,
    TextInputWidget,
    Widget,
    load_form,
    register_objective_form_widgets,
    register_user_attr_form_widgets,
)
from trimtab.dashboard import ratings as r
from trimtab.errors import InvalidArgument, InvalidType, NoForm, NotRated, TrialFinished
from trimtab.records import Outcome, TrialState

CHOICE = ChoiceWidget(["Good 👍", "So-so👌", "Bad 👎"], [-1, 0, 1], "Your score!")


def a_study(n_ratings: int = 1, widgets: Sequence[Widget] = (CHOICE,), running: int = 4) -> Study:
    study = trimtab.create_study(directions=["minimize"] * len(widgets))
    register_objective_form_widgets(study, widgets, n_ratings=n_ratings)
    for _ in range(running):
        study.ask()
    return study


def rate(study: Study, number: int, rater: str, *answers: Any) -> Any:
    return r.rate(study.storage, study.study_id, number, rater, answers)


def undo(study: Study, rater: str) -> Any:
    return r.undo(study.storage, study.study_id, rater)


def queue(study: Study, rater: str, skipped: Sequence[int] = ()) -> list[int]:
    form = load_form(study)
    assert form is not None
    return r.queue(study.history, form, rater, skipped)


def waiting(study: Study) -> int:
    form = load_form(study)
    assert form is not None
    return r.n_waiting(study.history, form)


def test_one_rating_ends_a_trial() -> None:
    study = a_study()
    assert queue(study, "Ann") == [0, 1, 2, 3]
    assert rate(study, 1, " Ann ", -1).state is TrialState.COMPLETE
    trial = study.trials[1]
    assert (trial.values, trial.sems) == ((-1.0,), None)
    assert queue(study, "Ann") == [0, 2, 3]
    assert waiting(study) == 3
    (rating,) = r.ratings_in(trial.system_attrs)
    assert (rating.rater, rating.answers) == ("Ann", (-1.0,))
    assert trimtab.create_study().study_name != study.study_name


def test_several_ratings_become_a_mean_and_its_error() -> None:
    study = a_study(n_ratings=3)
    assert rate(study, 0, "Ann", -1).state is TrialState.RUNNING
    assert queue(study, "Ann") == [1, 2, 3]
    assert queue(study, "Ben") == [0, 1, 2, 3]
    rate(study, 0, "Ben", 0)
    assert rate(study, 0, "Cem", 1).values == (0.0,)
    expected = np.std([-1, 0, 1], ddof=1) / np.sqrt(3)
    assert study.history.sems[0, 0] == pytest.approx(expected)
    assert queue(study, "Dan") == [1, 2, 3]


def test_equal_ratings_leave_the_error_unknown() -> None:
    assert r.pooled([(1.0, 2.0), (1.0, 4.0)]) == Outcome(
        TrialState.COMPLETE, (1.0, 3.0), (None, 1.0)
    )
    assert r.pooled([(1.0,), (1.0,)]).sems is None


def test_a_rating_can_be_corrected() -> None:
    study = a_study(n_ratings=2)
    rate(study, 0, "Ann", -1)
    rate(study, 0, "Ben", 1)
    before = study.trials[0]
    after = r.correct(study.storage, study.study_id, 0, "Ben", [0])
    assert after.values == (-0.5,)
    assert study.history.values[0, 0] == -0.5
    assert (after.finished, after.attempt) == (before.finished, before.attempt)
    with pytest.raises(NotRated, match="Cem"):
        r.correct(study.storage, study.study_id, 0, "Cem", [0])


def test_the_last_rating_is_taken_back() -> None:
    study = a_study()
    rate(study, 2, "Ann", 1)
    rate(study, 0, "Ann", -1)
    rate(study, 1, "Ben", -1)
    reopened = undo(study, "Ann")
    assert (reopened.number, reopened.state) == (0, TrialState.RUNNING)
    assert r.ENDED not in reopened.system_attrs
    assert queue(study, "Ann") == [0, 3]
    assert undo(study, "Ann").number == 2
    with pytest.raises(NotRated, match="Ann"):
        undo(study, "Ann")
    assert rate(study, 0, "Ann", 1).values == (1.0,)


def test_taking_back_one_of_enough_leaves_the_others() -> None:
    study = a_study(n_ratings=2)
    rate(study, 0, "Ann", -1)
    rate(study, 0, "Ben", 1)
    register_objective_form_widgets(study, [CHOICE])
    trial = r.undo(study.storage, study.study_id, "Ben", 0)
    assert (trial.state, trial.values, trial.sems) == (TrialState.COMPLETE, (-1.0,), None)


def test_fewer_are_wanted_than_there_are() -> None:
    study = a_study(n_ratings=3)
    rate(study, 0, "Ann", -1)
    rate(study, 0, "Ben", 1)
    register_objective_form_widgets(study, [CHOICE], n_ratings=2)
    assert study.trials[0].values == (0.0,)
    assert study.trials[1].state is TrialState.RUNNING


def test_trials_that_take_no_rating() -> None:
    study = a_study()
    rate(study, 0, "Ann", -1)
    with pytest.raises(TrialFinished, match="rated by others"):
        rate(study, 0, "Ben", 1)
    study.tell(1, 0.25)
    study.tell(2, state=TrialState.FAIL)
    for number in (1, 2):
        with pytest.raises(TrialFinished, match="not by ratings"):
            rate(study, number, "Ann", 1)
    study.enqueue_trial({})
    with pytest.raises(InvalidArgument, match="has begun"):
        rate(study, 4, "Ann", 1)
    assert queue(study, "Ben") == [3]
    bare = trimtab.create_study()
    bare.ask()
    with pytest.raises(NoForm):
        rate(bare, 0, "Ann", 1)


def test_what_was_told_otherwise_stays_when_a_rating_goes() -> None:
    study = a_study(n_ratings=2)
    rate(study, 0, "Ann", -1)
    study.tell(0, 0.75)
    with pytest.raises(TrialFinished):
        rate(study, 0, "Ann", 1)
    assert undo(study, "Ann").values == (0.75,)


def test_skipped_trials_come_last() -> None:
    study = a_study()
    assert queue(study, "Ann", [0, 2]) == [1, 3, 0, 2]


def test_trials_that_show_nothing_yet_come_after_the_others() -> None:
    study = a_study(running=1)
    trimtab.artifacts.save_note(study.ask(), "a picture")
    assert queue(study, "Ann") == [1, 0]
    assert queue(study, "Ann", [1]) == [0, 1]


def test_paused_trials_wait_too_and_archived_ones_do_not() -> None:
    study = a_study()
    study.storage.set_state(study.study_id, 1, None, TrialState.PAUSED)
    study.storage.archive_trials(study.study_id, [0])
    assert queue(study, "Ann") == [1, 2, 3]
    assert rate(study, 1, "Ann", 0).state is TrialState.COMPLETE


@pytest.mark.parametrize(
    ("widget", "answer", "kept"),
    [
        (CHOICE, 0, 0.0),
        (CHOICE, "-1.0", -1.0),
        (SliderWidget(0, 1, 0.1), 0.30000000000000004, 0.3),
        (SliderWidget(-1, 1), 0.123, 0.123),
        (TextInputWidget(), " 2.5e-3 ", 0.0025),
        (ObjectiveUserAttrRef("flops"), None, 7.0),
    ],
)
def test_answers_that_are_kept(widget: Widget, answer: Any, kept: float) -> None:
    study = a_study(widgets=[widget], running=0)
    study.ask().set_user_attr("flops", 7)
    assert rate(study, 0, "Ann", answer).values == (pytest.approx(kept, abs=1e-12),)


@pytest.mark.parametrize(
    ("widget", "answer", "expected"),
    [
        (CHOICE, 2, "one of -1, 0, 1 for 'Your score!'"),
        (CHOICE, None, "one of -1, 0, 1"),
        (CHOICE, True, "one of -1, 0, 1"),
        (CHOICE, "Good", "one of -1, 0, 1"),
        (SliderWidget(0, 1), 1.1, r"a number in \[0, 1\]"),
        (SliderWidget(0, 1), float("nan"), r"a number in \[0, 1\]"),
        (SliderWidget(0, 1, 0.25), 0.3, "multiple of 0.25"),
        (TextInputWidget("How?"), "well", "a finite number for 'How[?]'"),
        (TextInputWidget(), "inf", "a finite number"),
        (TextInputWidget(), "1_0", "a finite number"),
        (TextInputWidget(), [1], "a finite number"),
        (ObjectiveUserAttrRef("flops"), 1, "the user attribute 'flops'"),
    ],
)
def test_answers_that_are_refused(widget: Widget, answer: Any, expected: str) -> None:
    study = a_study(widgets=[SliderWidget(0, 1), widget])
    with pytest.raises(InvalidArgument, match=expected) as caught:
        rate(study, 0, "Ann", 0.5, answer)
    assert caught.value.argument == "answers[1]"
    assert not r.ratings_in(study.trials[0].system_attrs)


def test_wrong_numbers_of_answers_and_wrong_raters() -> None:
    study = a_study()
    with pytest.raises(InvalidArgument, match="1 answers"):
        rate(study, 0, "Ann", 0, 0)
    for rater in ("", "  ", "a" * 81, "a\nb"):
        with pytest.raises(InvalidArgument, match="rater"):
            rate(study, 0, rater, 0)
    with pytest.raises(InvalidType, match="rater"):
        rate(study, 0, None, 0)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="n_ratings"):
        register_objective_form_widgets(study, [CHOICE], n_ratings=0)
    with pytest.raises(TypeError, match="n_ratings"):
        register_objective_form_widgets(study, [CHOICE], n_ratings=1.5)  # type: ignore[arg-type]  # wrong on purpose


def test_answers_that_become_attributes() -> None:
    study = trimtab.create_study()
    register_user_attr_form_widgets(
        study,
        [
            TextInputWidget("Why?", user_attr_key="why"),
            SliderWidget(0, 5, user_attr_key="warmth"),
            TextInputWidget(user_attr_key="more", optional=True),
        ],
    )
    study.ask()
    trial = rate(study, 0, "Ann", "too green", 2, None)
    assert trial.state is TrialState.RUNNING
    assert trial.user_attrs == {"why": "too green", "warmth": 2.0, "more": ""}
    assert (queue(study, "Ann"), queue(study, "Ben"), waiting(study)) == ([], [0], 0)
    rate(study, 0, "Ben", "dull", 1, "!")
    assert undo(study, "Ben").user_attrs == {"why": "too green", "warmth": 2.0, "more": ""}
    assert undo(study, "Ann").user_attrs == {"why": None, "warmth": None, "more": None}
    with pytest.raises(InvalidArgument, match="not empty"):
        rate(study, 0, "Ann", " ", 2, None)
    with pytest.raises(InvalidType, match="a text"):
        rate(study, 0, "Ann", 3, 2, None)


def test_what_is_no_rating_hides_none() -> None:
    study = a_study(n_ratings=2)
    update = trimtab.records.TrialUpdate(system_attrs={"ratings:Eve": 1, "ratings:Fox": {}})
    study.storage.write(study.study_id, 0, None, update)
    rate(study, 0, "Ann", 1)
    assert [rating.rater for rating in r.ratings_in(study.trials[0].system_attrs)] == ["Ann"]


def at_once(*calls: Callable[[], object]) -> None:
    """Run all at the same moment; what one raises is raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        barrier.wait()
        call()

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(run, calls))


def test_raters_who_finish_at_once_all_count(sqlite_url: str) -> None:
    study = trimtab.create_study(storage=sqlite_url)
    register_objective_form_widgets(study, [CHOICE], n_ratings=3)
    stores = {rater: trimtab.storage.open_storage(sqlite_url) for rater in ("Ann", "Ben", "Cem")}

    def says(rater: str, number: int, answer: float) -> Callable[[], object]:
        return partial(r.rate, stores[rater], study.study_id, number, rater, [answer])

    for number in range(6):
        study.ask()
        at_once(says("Ann", number, -1), says("Ben", number, 0), says("Cem", number, 1))
        assert study.trials[number].values == (0.0,)
        at_once(says("Ann", number, 0), says("Ben", number, 1))
        assert study.trials[number].values == (pytest.approx(2 / 3),)  # type: ignore[comparison-overlap]  # pytest's approx equals a float
        assert r.ended_by_ratings(study.trials[number])
    for store in stores.values():
        store.close()


def test_more_than_enough_at_once_all_count(sqlite_url: str) -> None:
    study = trimtab.create_study(storage=sqlite_url)
    register_objective_form_widgets(study, [CHOICE])
    study.ask()
    trial = study.trials[0]
    # Both saw it running; what the second says is no correction, and is not lost.
    for rater, answer in (("Ann", 1.0), ("Ben", -1.0)):
        rating = r.Rating(rater, (answer,), 1)
        update = trimtab.records.TrialUpdate(system_attrs={rating.key: rating.to_json()})
        study.storage.write(study.study_id, trial.number, None, update)
        form = load_form(study)
        assert form is not None
        settled = r.settle(study.storage, study.study_id, trial.number, form)
    assert settled.values == (0.0,)
    assert settled.sems == (1.0,)


def test_a_trial_that_another_rater_ends_at_that_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    study = a_study(n_ratings=2)
    rate(study, 0, "Ann", -1)
    finish = study.storage.finish
    late: list[int] = []

    def taken(*arguments: Any) -> Any:
        done = finish(*arguments)
        if not late:  # as another process did just before
            late.append(1)
            raise TrialFinished("Trial 0 has finished.")
        return done

    monkeypatch.setattr(study.storage, "finish", taken)
    assert rate(study, 0, "Ben", 1).values == (0.0,)
    assert late
