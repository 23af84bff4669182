"""Journals of any operations, also impossible ones, replayed as Optuna replays them."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.migrate.optuna_studies import assert_same, journal, optuna
from trimtab.migrate import import_optuna
from trimtab.storage import InMemoryStorage

DISTRIBUTIONS: dict[str, dict[str, Any]] = {
    "float": {"name": "FloatDistribution", "attributes": {"low": 0, "high": 9, "log": False}},
    "log": {"name": "FloatDistribution", "attributes": {"low": 1, "high": 9, "log": True}},
    "int": {"name": "IntDistribution", "attributes": {"low": 0, "high": 9, "log": False}},
    "a": {"name": "CategoricalDistribution", "attributes": {"choices": [None, "b", 1.5]}},
    "b": {"name": "CategoricalDistribution", "attributes": {"choices": [None, "c", 1.5]}},
}
STEPS = {"float": None, "log": None, "int": 1}
for kind, step in STEPS.items():
    DISTRIBUTIONS[kind]["attributes"]["step"] = step

studies = st.integers(0, 2)
trials = st.integers(0, 6)
keys = st.sampled_from(["k", "l"])
values = st.integers(0, 9).map(float)


def operation(code: int, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "op_code": st.just(code),
            "worker_id": st.just("someone"),
            **{
                name: field if isinstance(field, st.SearchStrategy) else st.just(field)
                for name, field in fields.items()
            },
        }
    )


def attribute(name: str) -> dict[str, Any]:
    return {name: st.dictionaries(keys, values, min_size=1, max_size=1)}


time = "2026-02-03T04:05:0{}.000006+00:00".format
kinds = st.sampled_from(sorted(DISTRIBUTIONS))
parameters = operation(
    5,
    trial_id=trials,
    param_name=st.sampled_from("xy"),
    param_value_internal=st.integers(1, 2).map(float),
    distribution=kinds.map(DISTRIBUTIONS.__getitem__).map(json.dumps),
)
operations = st.one_of(
    operation(0, study_name=st.sampled_from("st"), directions=[1]),
    operation(1, study_id=studies),
    operation(2, study_id=studies, **attribute("user_attr")),
    operation(3, study_id=studies, **attribute("system_attr")),
    operation(4, study_id=studies, datetime_start=time(1)),
    operation(4, study_id=studies, datetime_start=None, state=4, system_attrs={"fixed_params": {}}),
    operation(
        4,
        study_id=studies,
        datetime_start=time(2),
        datetime_complete=time(3),
        state=1,
        value=values,
        values=None,
        params={},
        distributions={},
        user_attrs=st.dictionaries(keys, values),
        system_attrs={},
        intermediate_values=st.dictionaries(st.sampled_from("012"), values),
    ),
    parameters,
    operation(6, trial_id=trials, state=0, values=None, datetime_start=time(4)),
    operation(6, trial_id=trials, state=1, values=st.tuples(values), datetime_complete=time(5)),
    operation(6, trial_id=trials, state=2, values=None, datetime_complete=time(6)),
    operation(6, trial_id=trials, state=3, values=None, datetime_complete=time(7)),
    operation(7, trial_id=trials, step=st.integers(0, 2), intermediate_value=values),
    operation(8, trial_id=trials, **attribute("user_attr")),
    operation(9, trial_id=trials, **attribute("system_attr")),
    operation(10, trial_ids=[0]),
)
BEGIN = [
    {"op_code": 0, "worker_id": "someone", "study_name": "s", "directions": [1]},
    *[{"op_code": 4, "worker_id": "someone", "study_id": 0, "datetime_start": time(0)}] * 3,
]


@settings(max_examples=80)
@given(st.lists(operations, max_size=30) | st.lists(parameters, max_size=9))
def test_any_journal(drawn: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "optuna.log"
        path.write_text("".join(json.dumps(log) + "\n" for log in [*BEGIN, *drawn]))
        storage = journal(str(path))
        names = optuna.get_all_study_names(storage)
        target = InMemoryStorage()
        imported = import_optuna(path, target)
        assert [study.name for study in imported] == names
        for study in imported:
            assert_same(
                optuna.load_study(study_name=study.name, storage=storage), target, study.study_id
            )


def test_the_kinds_of_operations_are_all_drawn() -> None:
    codes = set()
    find: Callable[..., Any] = given(operations)(lambda log: codes.add(log["op_code"]))
    settings(max_examples=200)(find)()
    assert codes == set(range(11))
