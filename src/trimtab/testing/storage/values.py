"""Promises about exactness: what was given comes back, bit for bit."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.records import Report, TrialUpdate
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution, Space
from trimtab.storage import Draft, Storage
from trimtab.testing.storage.base import FOREVER, complete, few_examples, new_study
from trimtab.testing.storage.studies import names

_HUGE = 2**70
INTEGERS = Space({"n": IntDistribution(-_HUGE - 1, _HUGE + 1)})
FLOATS = Space({"x": FloatDistribution(-1.7e308, 1.7e308)})
CHOICES = (None, True, False, 1, 0, 1.0, 0.0, -0.0, "1", "True", "", "é", "None", math.inf)

finite = st.floats(-1.7e308, 1.7e308, allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | st.sampled_from(["$tuple", "$float"]), inner)
    ),
    max_leaves=8,
)


def bits(value: float) -> bytes:
    """The eight bytes of a float: tells -0.0 from 0.0."""
    return struct.pack("<d", value)


class ValuePromises:
    """Floats, integers, choices, names and attributes."""

    @few_examples
    @given(x=finite, value=finite, sem=st.floats(0.0, 1e308))
    def test_floats(self, storage: Storage, x: float, value: float, sem: float) -> None:
        study_id = new_study(storage)
        storage.start(study_id, Draft(FLOATS, (x,)), FOREVER)
        update = TrialUpdate(
            reports=(Report(0, {"value": value}),), constraints={"c": sem}, user_attrs={"v": value}
        )
        storage.finish(study_id, 0, 1, complete(value, sems=(sem,)), update)
        for trial in (storage.trial(study_id, 0), storage.history(study_id).trial(0)):
            assert trial.values is not None
            assert trial.sems is not None
            assert trial.sems[0] is not None
            assert bits(trial.params["x"]) == bits(x)
            assert bits(trial.values[0]) == bits(value)
            assert bits(trial.sems[0]) == bits(sem)
            assert bits(trial.reports[0].metrics["value"]) == bits(value)
            assert bits(trial.constraints["c"]) == bits(sem)
            assert bits(trial.user_attrs["v"]) == bits(value)

    @pytest.mark.parametrize(
        "n",
        [
            sign * size + more
            for size in (0, 2**53, 2**63, 2**70)
            for sign in (-1, 1)
            for more in (-1, 0, 1)
        ],
    )
    def test_integers(self, storage: Storage, n: int) -> None:
        study_id = new_study(storage)
        storage.start(study_id, Draft(INTEGERS, (n,), {"n": n}), FOREVER)
        for trial in (storage.trial(study_id, 0), storage.history(study_id).trial(0)):
            assert (trial.params, trial.user_attrs) == ({"n": n}, {"n": n})
            assert type(trial.params["n"]) is int

    def test_an_integer_may_change_its_size(self, storage: Storage) -> None:
        study_id = new_study(storage)
        storage.start(study_id, Draft(INTEGERS, (_HUGE,)), FOREVER)
        storage.write(study_id, 0, 1, TrialUpdate(space=INTEGERS, point=(3,)))
        assert storage.history(study_id).trial(0).params == {"n": 3}
        assert storage.trial(study_id, 0).params == {"n": 3}

    def test_choices_are_kept_apart(self, storage: Storage) -> None:
        study_id = new_study(storage)
        space = Space({"c": CategoricalDistribution(CHOICES)})
        for index in range(len(CHOICES)):
            storage.start(study_id, Draft(space, (index,)), FOREVER)
        changes = storage.changes(study_id, 0).trials
        history = storage.history(study_id)
        for index, choice in enumerate(CHOICES):
            for trial in (storage.trial(study_id, index), changes[index], history.trial(index)):
                assert repr(trial.params["c"]) == repr(choice)
                assert trial.distributions == dict(space)

    @few_examples
    @given(attrs=st.dictionaries(names, json_values, max_size=4))
    def test_attributes(self, storage: Storage, attrs: dict[str, Any]) -> None:
        study_id = new_study(storage)
        trial = storage.start(study_id, Draft(user_attrs=attrs), FOREVER)
        assert trial is not None
        storage.set_study_attrs(study_id, user=attrs)
        for found in (
            trial.user_attrs,
            storage.trial(study_id, 0).user_attrs,
            storage.history(study_id).trial(0).user_attrs,
            storage.study(study_id).user_attrs,
        ):
            assert repr(dict(sorted(found.items()))) == repr(dict(sorted(attrs.items())))

    @few_examples
    @given(name=names, checkpoint=names)
    def test_names(self, storage: Storage, name: str, checkpoint: str) -> None:
        study_id = new_study(storage)
        space = Space({name: FloatDistribution(0.0, 1.0)})
        storage.start(study_id, Draft(space, (0.5,)), FOREVER)
        report = Report(0, {name: 1.0}, checkpoint)
        storage.write(study_id, 0, 1, TrialUpdate(reports=(report,), constraints={name: -1.0}))
        for trial in (storage.trial(study_id, 0), storage.history(study_id).trial(0)):
            assert trial.params == {name: 0.5}
            assert trial.reports == {0: report}
            assert trial.constraints == {name: -1.0}

    def test_much_text(self, storage: Storage) -> None:
        study_id = new_study(storage)
        long = "é\x00\ud800\\'\"%s" * 30_000
        storage.start(study_id, Draft(user_attrs={"long": long}), FOREVER)
        assert storage.trial(study_id, 0).user_attrs["long"] == long

    def test_what_is_given_is_copied(self, storage: Storage) -> None:
        study_id = new_study(storage)
        mine = {"list": [1]}
        trial = storage.start(study_id, Draft(user_attrs=mine), FOREVER)
        assert trial is not None
        mine["list"].append(2)
        trial.user_attrs["more"] = 1  # type: ignore[index]  # a mapping to type checkers only
        assert storage.trial(study_id, 0).user_attrs == {"list": [1]}
        assert storage.history(study_id).trial(0).user_attrs == {"list": [1]}
        done = storage.finish(study_id, 0, 1, complete(1.0))
        assert done.user_attrs == {"list": [1]}
