"""Notes of studies and trials."""

import threading
import time

import pytest

from trimtab.artifacts import Note, get_note, load_note, save_note
from trimtab.errors import NoteConflict
from trimtab.records import Outcome, StudyDirection, StudyRecord, TrialState
from trimtab.storage import Draft, InMemoryStorage, Lease


class SomeStudy:
    def __init__(self, storage: InMemoryStorage | None = None) -> None:
        self.storage = storage or InMemoryStorage()
        self.study_id = self.storage.create_study("s", (StudyDirection.MINIMIZE,)).id


class SomeTrial(SomeStudy):
    def __init__(self) -> None:
        super().__init__()
        record = self.storage.start(self.study_id, Draft(), Lease())
        assert record is not None
        self.number, self.attempt = record.number, record.attempt


@pytest.mark.parametrize("kind", [SomeStudy, SomeTrial])
def test_a_note_is_kept_and_replaced(kind: type[SomeStudy]) -> None:
    owner = kind()
    assert get_note(owner) == ""
    assert load_note(owner) == Note("", 0)
    assert save_note(owner, "# One 🌅\n\n![x](/a)\n") == 1
    assert get_note(owner) == "# One 🌅\n\n![x](/a)\n"
    assert save_note(owner, "two") == 2
    assert load_note(owner) == Note("two", 2)
    assert save_note(owner, "") == 3
    assert load_note(owner) == Note("", 3)


def test_study_and_trial_have_notes_of_their_own() -> None:
    trial = SomeTrial()
    study = SomeStudy()
    study.storage, study.study_id = trial.storage, trial.study_id
    save_note(study, "study")
    save_note(trial, "trial")
    assert (get_note(study), get_note(trial)) == ("study", "trial")


def test_a_finished_trial_and_a_frozen_one() -> None:
    trial = SomeTrial()
    outcome = Outcome(TrialState.COMPLETE, (1.0,))
    frozen = trial.storage.finish(trial.study_id, trial.number, trial.attempt, outcome)
    save_note(trial, "late")
    save_note(frozen, "later", storage=trial.storage)
    assert get_note(trial) == "later"
    assert get_note(frozen) == ""
    assert get_note(frozen, storage=trial.storage) == "later"
    assert get_note(trial.storage.trial(trial.study_id, 0)) == "later"


def test_what_someone_else_wrote_meanwhile_stays() -> None:
    study = SomeStudy()
    save_note(study, "theirs", expected_version=0)
    with pytest.raises(NoteConflict) as caught:
        save_note(study, "mine", expected_version=0)
    assert (caught.value.expected, caught.value.current) == (0, 1)
    assert get_note(study) == "theirs"
    assert save_note(study, "both", expected_version=1) == 2


def test_of_many_who_save_one_version_one_wins() -> None:
    class Slow(InMemoryStorage):
        def study(self, study_id: int) -> StudyRecord:
            record = super().study(study_id)
            time.sleep(0.002)
            return record

    study = SomeStudy(Slow())
    barrier = threading.Barrier(8)
    won: list[int] = []

    def save(i: int) -> None:
        barrier.wait()
        try:
            save_note(study, str(i), expected_version=0)
        except NoteConflict:
            return
        won.append(i)

    threads = [threading.Thread(target=save, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert load_note(study) == Note(str(won[0]), 1)


def test_long_notes_are_kept_and_longer_ones_refused() -> None:
    study = SomeStudy()
    save_note(study, "é" * 100_000)
    assert get_note(study) == "é" * 100_000
    with pytest.raises(ValueError, match="at most 1000000 characters"):
        save_note(study, "x" * 1_000_001)
    assert load_note(study).version == 1


@pytest.mark.parametrize("body", ["a\0b", "\ud800"])
def test_characters_that_a_database_may_not_keep(body: str) -> None:
    with pytest.raises(ValueError, match="body"):
        save_note(SomeStudy(), body)


@pytest.mark.parametrize("body", [None, b"x", 1])
def test_a_note_is_text(body: object) -> None:
    with pytest.raises(TypeError, match="body"):
        save_note(SomeStudy(), body)  # type: ignore[arg-type]  # wrong on purpose
