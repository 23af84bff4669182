"""Configs that are given, limits of what runs at one time, and replicates."""

from collections.abc import Callable
from typing import Any

import pytest

from trimtab import tune
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.samplers import TPESampler
from trimtab.tune import ResultGrid, TuneConfig
from trimtab.tune.search import (
    BasicVariantGenerator,
    ConcurrencyLimiter,
    Repeater,
    concurrency_of,
)

Fit = Callable[..., ResultGrid]
SPACE = {
    "lr": tune.loguniform(1e-4, 1.0),
    "model": {"layers": tune.randint(1, 9), "kind": tune.choice(["a", None, 3])},
}


def score(config: dict[str, Any]) -> dict[str, float]:
    return {"score": config["lr"] * config["model"]["layers"]}


def configs(results: ResultGrid) -> list[dict[str, Any]]:
    return [result.config for result in results]


def test_given_configs_come_first(fit: Fit) -> None:
    points: list[dict[str, Any]] = [
        {"lr": 0.5, "model": {"layers": 3, "kind": None}},
        {"model": {"kind": 3}},
    ]
    first = BasicVariantGenerator(points_to_evaluate=points)
    found = configs(fit(score, SPACE, num_samples=4, metric="score", mode="max", search_alg=first))
    assert found[0] == points[0]
    assert found[1]["model"]["kind"] == 3
    assert len({config["lr"] for config in found}) == 4


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ({"rate": 1}, "expected one of .*'lr'.*got 'rate'"),
        ({"lr": 2.0}, "`lr` in .*, got 2.0"),
        ({"lr": "much"}, "`lr` in .*, got 'much'"),
        ({"model": {"kind": "b"}}, "`model/kind` in .*, got 'b'"),
    ],
)
def test_a_config_that_cannot_be_is_refused(fit: Fit, point: dict[str, Any], told: str) -> None:
    first = BasicVariantGenerator(points_to_evaluate=[point])
    with pytest.raises(InvalidArgument, match=rf"points_to_evaluate.*{told}"):
        fit(score, SPACE, metric="score", mode="max", search_alg=first)


def test_as_many_run_at_one_time_as_both_allow() -> None:
    two = ConcurrencyLimiter(TPESampler(seed=1), 2)
    assert two.seed == 1
    assert concurrency_of(two, None) == 2
    assert concurrency_of(two, 1) == 1
    assert concurrency_of(two, 5) == 2
    assert concurrency_of(BasicVariantGenerator(max_concurrent=3), 5) == 3
    assert concurrency_of(BasicVariantGenerator(), None) is None
    assert concurrency_of(None, 4) == 4
    with pytest.raises(InvalidArgument, match="max_concurrent"):
        ConcurrencyLimiter(TPESampler(), 0)
    with pytest.raises(InvalidType, match="searcher"):
        ConcurrencyLimiter(TuneConfig(), 1)  # type: ignore[arg-type]  # what is tried


def test_a_limited_sampler_proposes_what_it_would(fit: Fit) -> None:
    def run(name: str, sampler: Any) -> list[dict[str, Any]]:
        space = {"search_alg": sampler, "num_samples": 8, "metric": "score", "mode": "min"}
        return configs(fit(score, SPACE, name=name, **space))

    alone = run("alone", TPESampler(n_startup_trials=3, seed=2))
    limited = ConcurrencyLimiter(TPESampler(n_startup_trials=3, seed=2), max_concurrent=1)
    assert run("limited", limited) == alone


def test_each_config_is_run_several_times(fit: Fit) -> None:
    thrice = Repeater(TPESampler(n_startup_trials=2, seed=0), repeat=3)
    found = configs(fit(score, SPACE, num_samples=8, metric="score", mode="max", search_alg=thrice))
    assert found[0] == found[1] == found[2] != found[3]
    assert found[3] == found[4] == found[5] != found[6]
    assert found[6] == found[7]
    with pytest.raises(InvalidArgument, match="repeat"):
        Repeater(TPESampler(), 0)
