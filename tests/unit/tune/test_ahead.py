"""What happened is decided on before it is stored, and is stored as it was decided on."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab import tune
from trimtab.records import History, Outcome, Report, StudyDirection, TrialState, TrialUpdate
from trimtab.schedulers import PopulationBasedTraining
from trimtab.storage import InMemoryStorage, Lease, Storage, Write
from trimtab.storage.base import Draft
from trimtab.storage.sql import SQLStorage
from trimtab.tune import CheckpointConfig, ResultGrid, journal
from trimtab.tune.ahead import Ahead

Fit = Callable[..., ResultGrid]


def study_of(storage: Storage, trials: int = 3) -> int:
    study_id = storage.create_study("run", (StudyDirection.MINIMIZE,)).id
    for _ in range(trials):
        storage.start(study_id, Draft(), Lease())
    return study_id


def seen(history: History) -> list[Any]:
    """All that there is of every trial."""
    return [
        (trial, dict(trial.reports), number in history.paused, number in history.running)
        for number, trial in enumerate(history.trials())
    ]


def reported(number: int, step: int, **attrs: Any) -> Write:
    report = Report(step, {"score": float(step)}, f"checkpoint_{step}")
    return Write(number, TrialUpdate(reports=(report,), system_attrs=attrs))


writes = st.builds(
    lambda number, steps, attrs, state: Write(
        number,
        TrialUpdate(
            reports=tuple(Report(step, {"score": step / 3}) for step in steps), system_attrs=attrs
        ),
        state,
    ),
    st.integers(0, 2),
    st.lists(st.integers(0, 5), max_size=3),
    st.dictionaries(
        st.sampled_from("abc"),
        st.one_of(st.none(), st.integers(), st.lists(st.floats(), max_size=2)),
        max_size=2,
    ),
    st.sampled_from([None, TrialState.RUNNING, TrialState.PAUSED]),
)


@given(batches=st.lists(st.tuples(st.lists(writes, max_size=4), st.booleans()), max_size=6))
def test_it_is_what_would_be_stored(batches: list[tuple[list[Write], bool]]) -> None:
    storage, other = InMemoryStorage(), InMemoryStorage()
    study_id = study_of(storage)
    assert study_of(other) == study_id
    ahead = Ahead(storage, study_id)
    for batch, is_stored in batches:
        for write in batch:
            other.write_all(study_id, [write])
        ahead_of_it = ahead.history(batch)
        assert_alike(seen(ahead_of_it), seen(other.history(study_id)))
        if is_stored:
            storage.write_all(study_id, ahead.take([]))
            assert not ahead
            assert_alike(seen(storage.history(study_id)), seen(other.history(study_id)))
            assert_alike(seen(ahead.history([])), seen(other.history(study_id)))


def assert_alike(one: list[Any], other: list[Any]) -> None:
    """Equal but for the moments at which trials began; NaN is NaN."""
    assert len(one) == len(other)
    for (trial, *rest), (twin, *others) in zip(one, other, strict=True):
        assert trial.state is twin.state
        assert repr(sorted(trial.system_attrs.items())) == repr(sorted(twin.system_attrs.items()))
        assert rest == others


def test_what_others_do_is_seen_and_takes_nothing_away(tmp_path: Any) -> None:
    with SQLStorage(f"sqlite:///{tmp_path / 'a.db'}") as storage:
        study_id = study_of(storage)
        ahead = Ahead(storage, study_id)
        ahead.history([reported(0, 1, mine=1)])
        with SQLStorage(storage.url) as another:
            another.write(study_id, 0, None, TrialUpdate(system_attrs={"theirs": 2}))
            another.finish(study_id, 1, None, Outcome(TrialState.COMPLETE, (1.0,)))
        assert "theirs" not in ahead.history([]).system_attrs(0)
        ahead.look()
        history = ahead.history([reported(0, 2), reported(1, 1)])
        assert dict(history.system_attrs(0)) == {"mine": 1, "theirs": 2}
        assert list(history.reports(0)) == [1, 2]
        assert history.states[1] == TrialState.COMPLETE
        assert not history.reports(1)  # it has ended: the storage refuses more of it
        (first, second) = ahead.take([])
        assert (first.number, second.number) == (0, 1)
        with SQLStorage(storage.url) as another:
            another.write(study_id, 2, None, TrialUpdate(system_attrs={"theirs": 3}))
        storage.write_all(study_id, [first])
        ahead.stored()
        history = ahead.history([], 0)
        assert dict(history.system_attrs(2)) == {"theirs": 3}
        assert dict(history.system_attrs(0)) == {"mine": 1, "theirs": 2}


def test_a_trial_that_began_meanwhile_is_there_when_it_has_to_be() -> None:
    storage = InMemoryStorage()
    study_id = study_of(storage)
    ahead = Ahead(storage, study_id)
    assert len(ahead.history([])) == 3
    storage.start(study_id, Draft(), Lease())
    assert len(ahead.history([], 2)) == 3
    assert len(ahead.history([reported(3, 1)], 3)) == 4


class Climber(tune.Trainable):
    def setup(self, config: dict[str, Any]) -> None:
        self.height = 0.0

    def step(self) -> dict[str, Any]:
        self.height += self.config["rate"]
        return {"height": self.height}

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, float]:
        return {"height": self.height}

    def load_checkpoint(self, checkpoint: Any) -> None:
        self.height = checkpoint["height"]


def climb(fit: Fit, name: str) -> list[Any]:
    results = fit(
        Climber,
        {"rate": tune.uniform(0.0, 1.0)},
        name=name,
        num_samples=6,
        metric="height",
        mode="max",
        stop={"training_iteration": 30},
        scheduler=PopulationBasedTraining(
            "training_iteration",
            perturbation_interval=3,
            hyperparam_mutations={"rate": tune.uniform(0.0, 1.0)},
        ),
        checkpoint_config=CheckpointConfig(num_to_keep=1),
    )
    assert all(len(result.best_checkpoints) == 1 for result in results)
    return [(each.config, each.lineage, dict(each.metrics)["height"]) for each in results]


def test_when_it_is_written_makes_no_difference(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write_all = SQLStorage.write_all

    def counted(self: SQLStorage, study_id: int, writes: Sequence[Write]) -> None:
        sizes.append(len(writes))
        write_all(self, study_id, writes)

    monkeypatch.setattr(SQLStorage, "write_all", counted)
    monkeypatch.setattr(journal, "_DELAY", 0.0)
    at_once = climb(fit, "at once")
    assert len(sizes) >= 6 * 30 / 3
    sizes.clear()
    monkeypatch.setattr(journal, "_DELAY", math.inf)
    assert climb(fit, "at the end") == at_once
    assert len(sizes) <= 6 + 1  # before each ends: none of 60 comparisons is waited for
    assert sum(bool(lineage) for _, lineage, _ in at_once) > 2
