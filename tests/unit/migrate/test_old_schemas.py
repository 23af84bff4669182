"""Databases of every schema since Optuna 1.3, made by Optuna's own migrations."""

import datetime
import json
import math
import sqlite3
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from tests.unit.migrate.optuna_studies import optuna
from trimtab.errors import StorageVersion
from trimtab.migrate import import_optuna
from trimtab.migrate.convert import distribution_from_optuna
from trimtab.space import CategoricalDistribution, FloatDistribution, IntDistribution
from trimtab.storage import InMemoryStorage

SCHEMAS = ["v1.3.0.a", "v2.4.0.a", "v2.6.0.a", "v3.0.0.a", "v3.0.0.b", "v3.0.0.c", "v3.0.0.d"]
START, END = "2021-03-04 05:06:07.000008", "2021-03-04 05:06:09.000000"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """An empty database of each schema, migrated from one to the next."""
    folder = tmp_path_factory.mktemp("schemas")
    url = f"sqlite:///{folder / 'growing.db'}"
    scripts = Path(optuna.__file__).parent / "storages" / "_rdb" / "alembic"
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("sqlalchemy.url", url)
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for schema in ["v1.2.0.a", *SCHEMAS]:
            command.upgrade(config, schema)
            found[schema] = folder / f"{schema}.db"
            found[schema].write_bytes((folder / "growing.db").read_bytes())
    return found


def fill(path: Path, schema: str) -> None:
    """One study of two trials, as a database of that age would hold it."""
    many, typed, types = schema >= "v2.4", schema >= "v3.0.0.c", schema >= "v3.0.0.d"
    inf = None if types else 3.4028234663852886e38
    uniform = {"low": 0.0, "high": 1.0}
    rows: dict[str, list[dict[str, Any]]] = {
        "version_info": [{"version_info_id": 1, "schema_version": 12, "library_version": "2.0.0"}],
        "studies": [
            {"study_id": 1, "study_name": "old", **({} if many else {"direction": "MAXIMIZE"})}
        ],
        "study_user_attributes": [{"study_id": 1, "key": "a", "value_json": "[1, 2]"}],
        "trials": [
            {
                "trial_id": i + 5,
                "number": i,
                "study_id": 1,
                "state": state,
                "datetime_start": START,
                "datetime_complete": END,
                **({} if many else {"value": value}),
            }
            for i, (state, value) in enumerate(
                [("COMPLETE", 0.5), ("COMPLETE", 3.4028234663852886e38)]
            )
        ],
        "trial_params": [
            {
                "trial_id": 5,
                "param_name": "x",
                "param_value": 0.25,
                "distribution_json": json.dumps(
                    {"name": "UniformDistribution", "attributes": uniform}
                ),
            }
        ],
    }
    reports: list[dict[str, Any]] = [
        {"trial_id": 5, "step": 3, "value": 1.5},
        {"trial_id": 5, "step": 4, "value": None if many and schema >= "v3.0.0.b" else 2.5},
    ]
    if many:
        rows["study_directions"] = [{"direction": "MAXIMIZE", "study_id": 1, "objective": 0}]
        rows["trial_values"] = [
            {"trial_id": 5, "objective": 0, "value": 0.5},
            {"trial_id": 6, "objective": 0, "value": inf},
        ]
        rows["trial_intermediate_values"] = [
            {"trial_id": r["trial_id"], "step": r["step"], "intermediate_value": r["value"]}
            for r in reports
        ]
        if typed:
            for row, kind in zip(rows["trial_intermediate_values"], ("FINITE", "NAN"), strict=True):
                row["intermediate_value_type"] = kind
        if types:
            for row, kind in zip(rows["trial_values"], ("FINITE", "INF_POS"), strict=True):
                row["value_type"] = kind
    else:
        rows["trial_values"] = reports
    with sqlite3.connect(path) as connection:
        connection.execute("delete from version_info")
        for table, entries in rows.items():
            for entry in entries:
                marks = ", ".join("?" * len(entry))
                connection.execute(
                    f"insert into {table} ({', '.join(entry)}) values ({marks})",
                    tuple(entry.values()),
                )
    connection.close()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_schema(empty: Mapping[str, Path], schema: str) -> None:
    fill(empty[schema], schema)
    target = InMemoryStorage()
    (imported,) = import_optuna(empty[schema], target)
    study = target.study(imported.study_id)
    assert [d.name for d in study.directions] == ["MAXIMIZE"]
    assert study.user_attrs == {"a": [1, 2]}
    first, second = target.history(imported.study_id).trials()
    assert (first.values, first.params) == ((0.5,), {"x": 0.25})
    assert first.distributions == {"x": FloatDistribution(0.0, 1.0)}
    assert first.intermediate_values[3] == 1.5
    later = first.intermediate_values[4]
    assert math.isnan(later) if schema >= "v3.0.0.b" else later == 2.5
    # Optuna wrote local times then.
    assert first.datetime_start == datetime.datetime.fromisoformat(START)
    assert first.datetime_complete == datetime.datetime.fromisoformat(END)
    assert second.state.name == "FAIL"
    assert second.system_attrs["optuna:values"] == [math.inf]
    assert len(imported.problems) == 1


def test_a_schema_that_is_too_old(empty: Mapping[str, Path]) -> None:
    with pytest.raises(StorageVersion, match="optuna storage upgrade"):
        import_optuna(empty["v1.2.0.a"], InMemoryStorage())


@pytest.mark.parametrize(
    ("name", "attributes", "expected"),
    [
        ("UniformDistribution", {"low": 0, "high": 1}, FloatDistribution(0, 1)),
        ("LogUniformDistribution", {"low": 1, "high": 9}, FloatDistribution(1, 9, log=True)),
        (
            "DiscreteUniformDistribution",
            {"low": 0, "high": 1.05, "q": 0.1},
            FloatDistribution(0, 1.0, step=0.1),
        ),
        ("IntUniformDistribution", {"low": 0, "high": 9, "step": 3}, IntDistribution(0, 9, step=3)),
        (
            "IntLogUniformDistribution",
            {"low": 1, "high": 9, "step": 1},
            IntDistribution(1, 9, log=True),
        ),
        (
            "FloatDistribution",
            {"low": 0, "high": 1, "log": False, "step": 0.5},
            FloatDistribution(0, 1, step=0.5),
        ),
        (
            "IntDistribution",
            {"low": 1, "high": 8, "log": True, "step": 1},
            IntDistribution(1, 8, log=True),
        ),
        ("CategoricalDistribution", {"choices": [1, "a", None]}, ((1, "a", None),)),
    ],
)
def test_distributions_of_every_age(name: str, attributes: dict[str, Any], expected: Any) -> None:
    if isinstance(expected, tuple):
        expected = CategoricalDistribution(*expected)
    text = json.dumps({"name": name, "attributes": attributes})
    assert distribution_from_optuna(text) == expected


@pytest.mark.parametrize("text", ["{}", "1", "[]", '{"name": "Other", "attributes": {}}', "x"])
def test_what_is_no_distribution(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        distribution_from_optuna(text)
