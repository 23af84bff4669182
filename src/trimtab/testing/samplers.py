"""What every sampler is held to, and a way to play a study with one.

For a sampler of your own::

    class TestMine(SamplerContract):
        def make(self, space, seed):
            return MySampler(seed=seed)
"""

from __future__ import annotations

import copy
import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.errors import InvalidArgument
from trimtab.records import History, StudyDirection, TrialState, TrialUpdate
from trimtab.samplers import Proposal, Sampler
from trimtab.schedulers import NopPruner
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    Internal,
    Space,
)
from trimtab.storage import Changes, InMemoryStorage, Storage
from trimtab.storage.urls import open_storage
from trimtab.study import Study, Trial

MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE

Objective: TypeAlias = Callable[[Trial], Sequence[float]]
"""Suggests parameters and returns one value per objective."""


# ---------------------------------------------------------------------- spaces and objectives


def _floats() -> st.SearchStrategy[Distribution]:
    bounded = st.floats(-1e6, 1e6, allow_nan=False)
    positive = st.floats(1e-12, 1e12)
    plain = st.tuples(bounded, bounded).map(lambda p: FloatDistribution(min(p), max(p)))
    log = st.tuples(positive, positive).map(lambda p: FloatDistribution(min(p), max(p), log=True))
    huge = st.just(FloatDistribution(-1e308, 1e308))
    stepped = st.tuples(
        st.integers(1, 50), st.integers(0, 20), st.sampled_from([0.25, 0.1, 3.0]), st.booleans()
    ).map(lambda a: _stepped(*a))
    return st.one_of(plain, log, huge, stepped)


def _stepped(first: int, levels: int, step: float, log: bool) -> FloatDistribution:
    low = first * step
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # 0.30000000000000004 is not on the grid
        return FloatDistribution(low, max(low, low + levels * step), log=log, step=step)


def _ints() -> st.SearchStrategy[Distribution]:
    def build(low: int, levels: int, step: int, log: bool) -> IntDistribution:
        return IntDistribution(max(low, 1) if log else low, low + levels * step, log, step)

    plain = st.builds(
        build, st.integers(1, 100), st.integers(1, 30), st.integers(1, 5), st.just(False)
    )
    log = st.builds(build, st.integers(1, 100), st.integers(1, 30), st.just(1), st.just(True))
    huge = st.just(IntDistribution(-(2**70), 2**70))
    single = st.integers(-5, 5).map(lambda n: IntDistribution(n, n))
    return st.one_of(plain, log, huge, single)


def _choices() -> st.SearchStrategy[Distribution]:
    choices: tuple[Any, ...] = ("a", None, True, 1, 1.0, -0.5)
    return st.integers(1, len(choices)).map(lambda k: CategoricalDistribution(choices[:k]))


def spaces(
    admits: Callable[[Distribution], bool] = lambda distribution: True, most: int = 4
) -> st.SearchStrategy[Space]:
    """Spaces of every kind of distribution.

    Args:
        admits: Which distributions may be part of them.
        most: Largest number of columns.
    """
    one = st.one_of(_floats(), _ints(), _choices()).filter(admits)
    return st.lists(one, min_size=1, max_size=most).map(
        lambda columns: Space({f"p{j}": distribution for j, distribution in enumerate(columns)})
    )


def suggest(trial: Trial, name: str, distribution: Distribution) -> Any:
    """A parameter of a running trial."""
    if isinstance(distribution, FloatDistribution):
        return trial.suggest_float(
            name, distribution.low, distribution.high, log=distribution.log, step=distribution.step
        )
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, log=distribution.log, step=distribution.step
        )
    return trial.suggest_categorical(name, distribution.choices)


def bowl(space: Space, m: int = 1, scale: float = 1.0) -> Objective:
    """Squared distances, in the unit cube, from m points of its diagonal."""

    def objective(trial: Trial) -> list[float]:
        for name, distribution in space.items():
            suggest(trial, name, distribution)
        internals = (d.to_internal_repr(trial.params[name]) for name, d in space.items())
        point = space.encode(tuple(internals))
        targets = np.linspace(0.3, 0.8, m)
        return [scale * float(((point - target) ** 2).sum()) for target in targets]

    return objective


def branching(trial: Trial) -> list[float]:
    """A conditional, finite space: a parameter appears late, one only under another's value."""
    total = float(trial.suggest_int("n", 1, 3))
    if trial.suggest_categorical("kind", ["a", "b"]) == "b":
        total += trial.suggest_int("depth", 1, 2)
        if trial.params["depth"] == 2:
            total += trial.suggest_float("rate", 0.0, 1.0, step=0.5)
    return [total]


# ---------------------------------------------------------------------- playing


class Watched(Sampler):
    """Holds another sampler to its contract at every call.

    A proposal has the shape of the space, lies in the unit cube or is NaN, keeps plain JSON, is
    the same when asked for again with the same random numbers, and leaves the history as it was.

    Args:
        sampler: Watched.
    """

    def __init__(self, sampler: Sampler) -> None:
        super().__init__(sampler.seed)
        self.inner = sampler
        self.streams = sampler.streams
        self.constraints_func = sampler.constraints_func

    def search_space(self, history: History) -> Space:
        """The other's, twice the same."""
        space = self.inner.search_space(history)
        assert self.inner.search_space(history) == space
        return space

    def propose(
        self, history: History, space: Space, number: int, rng: np.random.Generator
    ) -> Proposal:
        """The other's."""
        return self._checked(
            history, space, rng, lambda: self.inner.propose(history, space, number, rng)
        )

    def propose_one(
        self,
        history: History,
        space: Space,
        number: int,
        rng: np.random.Generator,
        given: Mapping[str, tuple[Distribution, Internal]],
    ) -> Proposal:
        """The other's."""
        assert len(space) == 1
        return self._checked(
            history,
            space,
            rng,
            lambda: self.inner.propose_one(history, space, number, rng, given),
        )

    def exhausted(self, history: History, space: Space) -> bool:
        """The other's."""
        before = fingerprint(history)
        answer = self.inner.exhausted(history, space)
        assert fingerprint(history) == before
        return answer

    def reseed_rng(self) -> None:
        """Reseed the other."""
        self.inner.reseed_rng()
        self.streams = self.inner.streams

    def _checked(
        self,
        history: History,
        space: Space,
        rng: np.random.Generator,
        call: Callable[[], Proposal],
    ) -> Proposal:
        before = fingerprint(history)
        position = copy.deepcopy(rng.bit_generator.state)
        proposal = call()
        assert fingerprint(history) == before, "a sampler must not write to the history"
        point = proposal.point
        assert point.shape == (len(space),)
        known = point[~np.isnan(point)]
        assert ((known >= 0.0) & (known <= 1.0)).all(), point
        assert json.loads(json.dumps(dict(proposal.state))) == dict(proposal.state)
        rng.bit_generator.state = position
        again = call()
        assert np.array_equal(again.point, point, equal_nan=True), "asked again, answered otherwise"
        assert dict(again.state) == dict(proposal.state)
        assert dict(again.params) == dict(proposal.params)
        return proposal


def fingerprint(history: History) -> tuple[Any, ...]:
    """Tells whether a history was written to."""
    arrays: list[NDArray[Any]] = [history.states, history.values, history.violation]
    arrays += [history.raw(name) for name in history.space]
    attrs = [id(history.system_attrs(n)) if history.system_attrs(n) else 0 for n in history.running]
    return (
        history.revision,
        history.rewrites,
        history.space,
        tuple(history.running),
        tuple(history.waiting),
        tuple(attrs),
        *(array.tobytes() for array in arrays),
    )


class ReplayedStorage(InMemoryStorage):
    """A memory storage whose histories are read through `changes`, as from a database."""

    history = Storage.history

    def changes(self, study_id: int, since: int) -> Changes:
        """What changed, with attributes that went through JSON."""
        changes = super().changes(study_id, since)
        trials = tuple(
            trial.replace(system_attrs=json.loads(json.dumps(dict(trial.system_attrs))))
            for trial in changes.trials
        )
        return Changes(changes.revision, trials, changes.reports, changes.deleted)


def new_study(
    sampler: Sampler,
    directions: Sequence[StudyDirection] = (MINIMIZE,),
    storage: Storage | None = None,
) -> Study:
    """A study driven by a watched sampler; one of the name "played" is opened if there is one."""
    storage = InMemoryStorage() if storage is None else storage
    if "played" not in [record.name for record in storage.studies()]:
        storage.create_study("played", tuple(directions))
    return Study("played", storage, Watched(sampler), NopPruner())


def play(study: Study, objective: Objective, n: int) -> Study:
    """Run n trials one after another, or fewer where the sampler is exhausted."""
    for _ in range(n):
        history = study.history
        if study.sampler.exhausted(history, history.space):
            break
        trial = study.ask()
        study.tell(trial, objective(trial))
    return study


def play_untidily(study: Study, objective: Objective, n: int, seed: int = 0) -> Study:
    """Run about n trials, several at a time, told in any order.

    Some fail, are pruned, are enqueued, are added from elsewhere, are archived or deleted, or
    never end.
    """
    rng = np.random.default_rng(seed)
    running: list[tuple[Trial, Sequence[float]]] = []
    m = len(study.directions)
    for i in range(n):
        history = study.history
        if study.sampler.exhausted(history, history.space):
            break
        trial = study.ask()
        running.append((trial, objective(trial)))
        while len(running) > 4:
            trial, values = running.pop(int(rng.integers(len(running))))
            fate = rng.random()
            if fate < 0.1:
                study.tell(trial, state=TrialState.FAIL)
            elif fate < 0.2:
                if m == 1:
                    trial.report(values[0], 1)
                study.tell(trial, state=TrialState.PRUNED)
            else:
                trial.set_constraint("c", float(rng.normal()))
                study.tell(trial, values)
        done = study.get_trials(states=[TrialState.COMPLETE])
        if i % 7 == 6 and done:
            study.enqueue_trial(done[0].params)
            study.archive_trials([done[len(done) // 2].number])
        if i % 11 == 10 and len(done) > 2:
            study.delete_trials([done[-1].number])
            study.add_trial(done[0])
    return study


def points(study: Study) -> list[dict[str, Any]]:
    """Parameters of all trials, in order."""
    return [trial.params for trial in study.get_trials()]


# ---------------------------------------------------------------------- the contract

_FEW = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)
_MIXED = Space(
    {
        "x": FloatDistribution(-5.0, 5.0),
        "rate": FloatDistribution(1e-5, 1e-1, log=True),
        "n": IntDistribution(1, 9),
        "kind": CategoricalDistribution(("a", "b", "c")),
    }
)


class SamplerContract(ABC):
    """Subclass it in a test module and say how to make the sampler.

    Attributes:
        random: Whether another seed makes other points.
        several_objectives: Whether studies with several objectives are served, not refused.
        conditional: Whether spaces with conditional parameters are served.
    """

    random = True
    several_objectives = True
    conditional = True

    @abstractmethod
    def make(self, space: Space, seed: int) -> Sampler:
        """A fresh sampler for a study whose parameters are those of ``space``."""

    def admits(self, distribution: Distribution) -> bool:
        """Whether a parameter may have such a distribution."""
        return True

    def mixed(self) -> Space:
        """A space of several kinds."""
        return Space({name: d for name, d in _MIXED.items() if self.admits(d)})

    @given(st.data())
    @_FEW
    def test_points_are_admissible(self, data: st.DataObject) -> None:
        space = data.draw(spaces(self.admits))
        study = play(new_study(self.make(space, 0)), bowl(space), 14)
        assert study.trials
        for trial in study.trials:
            assert trial.state is TrialState.COMPLETE
            for name, distribution in space.items():
                assert distribution._contains(distribution.to_internal_repr(trial.params[name]))

    def test_the_same_seed_makes_the_same_points(self) -> None:
        space = self.mixed()
        runs = [points(play(new_study(self.make(space, s)), bowl(space), 25)) for s in (3, 3, 4)]
        assert runs[0] == runs[1]
        if self.random:
            assert runs[0] != runs[2]

    @pytest.mark.parametrize("stop", [1, 2, 13, 24])
    def test_a_resumed_study_goes_on_exactly(self, stop: int) -> None:
        space = self.mixed()
        self._check_resume(lambda: self.make(space, 5), bowl(space), 30, stop, ReplayedStorage())

    def test_a_resumed_conditional_study_goes_on_exactly(self) -> None:
        if self.conditional:
            self._check_resume(lambda: self.make(Space(), 5), branching, 14, 7, ReplayedStorage())

    def test_a_study_resumed_from_sqlite_goes_on_exactly(self, tmp_path: Path) -> None:
        space = self.mixed()
        with open_storage(f"sqlite:///{tmp_path}/study.db") as storage:
            self._check_resume(lambda: self.make(space, 5), bowl(space), 24, 17, storage)

    def _check_resume(
        self,
        make: Callable[[], Sampler],
        objective: Objective,
        n: int,
        stop: int,
        storage: Storage,
    ) -> None:
        whole = points(play(new_study(make()), objective, n))
        study = play(new_study(make(), storage=storage), objective, stop)
        # Trial 0 moves to the end of the order in which trials changed last.
        storage.write(study.study_id, 0, None, TrialUpdate(user_attrs={"seen": True}))
        storage._histories.clear()  # the next reader begins anew
        study = new_study(make(), storage=storage)
        assert points(play(study, objective, n - len(study.trials))) == whole

    def test_other_trials_of_all_kinds_are_about(self) -> None:
        space = self.mixed()
        study = play_untidily(new_study(self.make(space, 1)), bowl(space), 60)
        for trial in study.trials:
            for name, value in trial.params.items():
                assert space[name]._contains(space[name].to_internal_repr(value))

    def test_parameters_come_and_go(self) -> None:
        if self.conditional:
            study = play_untidily(new_study(self.make(Space(), 1)), branching, 60)
            assert len(study.trials) > 5

    @pytest.mark.parametrize("value", [0.0, 1e300, -1e300, 1e-300])
    def test_all_values_are_alike(self, value: float) -> None:
        space = self.mixed()

        def constant(trial: Trial) -> list[float]:
            bowl(space)(trial)
            return [value]

        assert play(new_study(self.make(space, 1)), constant, 30).trials

    @pytest.mark.parametrize("scale", [1e300, 1e-300])
    def test_values_of_any_scale(self, scale: float) -> None:
        space = self.mixed()
        assert play(new_study(self.make(space, 1)), bowl(space, scale=scale), 30).trials

    def test_constraints_that_nothing_meets(self) -> None:
        space = self.mixed()

        def infeasible(trial: Trial) -> Sequence[float]:
            values = bowl(space)(trial)
            trial.set_constraint("c", 1.0 + values[0])
            return values

        assert play(new_study(self.make(space, 1)), infeasible, 30).trials

    def test_several_objectives_are_served_or_refused(self) -> None:
        space = self.mixed()
        study = new_study(self.make(space, 1), (MINIMIZE, MAXIMIZE))
        if self.several_objectives:
            play_untidily(study, bowl(space, 2), 40)
        else:
            with pytest.raises(InvalidArgument, match="direction"):
                play(study, bowl(space, 2), 3)

    def test_replicates_are_about(self) -> None:
        space = self.mixed()
        study = new_study(self.make(space, 1))
        rng = np.random.default_rng(0)
        for _ in range(20):
            if study.sampler.exhausted(study.history, study.history.space):
                break
            trial = study.ask()
            value = bowl(space)(trial)[0]
            study.tell(trial, value + rng.normal())
            again = study.ask(replicate_of=trial.number)
            assert [value] == bowl(space)(again)
            study.tell(again, value + rng.normal())

    def test_a_copy_in_another_process_goes_on(self) -> None:
        import cloudpickle

        space = self.mixed()
        study = play(new_study(self.make(space, 2)), bowl(space), 12)
        history = study.history
        if study.sampler.exhausted(history, history.space):
            return
        here = study.sampler
        there = cloudpickle.loads(cloudpickle.dumps(here))
        number = len(history)
        columns = here.search_space(history)
        assert there.search_space(history) == columns
        one = here.propose(history, columns, number, here.streams.at(number))
        two = there.propose(history, columns, number, there.streams.at(number))
        assert np.array_equal(one.point, two.point, equal_nan=True)
        assert (dict(one.state), dict(one.params)) == (dict(two.state), dict(two.params))

    def test_reseeding_needs_no_study(self) -> None:
        space = self.mixed()
        sampler = self.make(space, 1)
        sampler.reseed_rng()
        assert play(new_study(sampler), bowl(space), 3).trials
