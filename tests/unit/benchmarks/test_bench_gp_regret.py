"""What is scored and kept of runs with few trials."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import gp_regret
from benchmarks.gp_comparison import traces
from benchmarks.gp_instances import Instance, Outcome, Params
from benchmarks.gp_libraries import Optimizer
from benchmarks.gp_problems import PROBLEMS, Problem
from benchmarks.gp_regret import Score, lines, run_missing, traced
from trimtab import FloatDistribution


class Walk:
    """Asks for 1, 2, 3 and so on; recommends the least value it was told."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.told: dict[int, float] = {}
        self._n = 0

    def ask(self, n: int) -> list[tuple[Any, Params]]:
        self.asked.append(n)
        self._n += n
        return [(i, {"x0": float(i)}) for i in range(self._n - n + 1, self._n + 1)]

    def tell(self, key: Any, outcome: Outcome) -> None:
        self.told[key] = outcome.values[0]

    def add(self, params: Params, outcome: Outcome) -> None:
        self.told[int(params["x0"])] = outcome.values[0]

    def recommended(self) -> Params:
        return {"x0": float(min(self.told, key=self.told.__getitem__))}


def flat(outcome: Any) -> Instance:
    return Instance({"x0": FloatDistribution(0.0, 100.0)}, outcome, 1.0)


def problem(instance: Instance, **changes: Any) -> Problem:
    return Problem("walk", "smooth", lambda _: instance, **changes)


def test_regret_is_of_the_best_so_far() -> None:
    instance = flat(lambda params: Outcome((100.0 - params["x0"],)))
    trace, spent = traced(Walk(), problem(instance), instance, 0)
    assert trace == [98.0 - i for i in range(60)]
    assert spent >= 0.0


def test_what_is_infeasible_does_not_count() -> None:
    # Feasible from the fifth on, where the value is greater than before.
    instance = flat(lambda params: Outcome((params["x0"],), (-1.0, 4.5 - params["x0"])))
    trace, _ = traced(Walk(), problem(instance, n_constraints=2, worst=77.0), instance, 0)
    assert trace == [77.0] * 4 + [4.0] * 56


def test_noise_is_told_and_the_recommended_point_is_scored_without_it() -> None:
    instance = flat(lambda params: Outcome((params["x0"],)))
    asked, again, other = Walk(), Walk(), Walk()
    noisy = problem(instance, noise=3.0)
    trace, _ = traced(asked, noisy, instance, 0)
    assert [n for n, regret in enumerate(trace, 1) if regret is not None] == [20, 40, 60]
    assert trace[59] == asked.recommended()["x0"] - 1.0
    assert asked.told[1] != 1.0
    traced(again, noisy, instance, 0)
    traced(other, noisy, instance, 1)
    assert again.told == asked.told
    assert other.told != asked.told


def test_batches_are_asked_for_at_once() -> None:
    instance = flat(lambda params: Outcome((params["x0"],)))
    asked = Walk()
    traced(asked, problem(instance, batch=4), instance, 0)
    assert asked.asked == [4] * 15


def test_of_two_objectives_the_missing_volume_is_scored() -> None:
    instance = Instance({}, lambda _: Outcome((0.0, 0.0)), 4.0)
    score = Score(problem(instance, reference=(2.0, 2.0)), instance)
    assert [score.add(Outcome(v)) for v in ((1.0, 1.0), (3.0, 0.0), (0.0, 1.0), (1.0, 0.0))] == [
        *(3.0, 3.0, 2.0, 1.0)
    ]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    made: list[tuple[str, int]] = []

    def fake(library: str, problem: Problem, instance: Instance, seed: int) -> Optimizer:
        made.append((problem.name, seed))
        return Walk()

    monkeypatch.setattr(gp_regret, "optimizer", fake)
    return made


def walk(name: str) -> Problem:
    instance = flat(lambda params: Outcome((params["x0"] / 3.0,)))
    return Problem(name, "smooth", lambda _: instance)


def test_runs_are_continued(tmp_path: Path, runs: list[tuple[str, int]]) -> None:
    file = tmp_path / "runs.jsonl"
    run_missing("optuna", [walk("a")], range(2), file)
    kept = file.read_text()
    file.write_text(kept + '{"library":"optuna","problem":"b","se')  # killed while it wrote
    run_missing("optuna", [walk("a"), walk("b")], range(2), file)
    run_missing("ax", [walk("a")], range(1), file)
    assert runs == [("a", 0), ("a", 1), ("b", 0), ("b", 1), ("a", 0)]
    assert file.read_text().startswith(kept)
    found = traces(lines([file, tmp_path / "nonesuch.jsonl"]))
    assert {name: sorted(problems) for name, problems in found.items()} == {
        "optuna": ["a", "b"],
        "ax": ["a"],
    }
    assert found["optuna"]["b"][1] == [-0.6667] * 60


def test_the_peers_runs_that_are_kept_can_be_read() -> None:
    file = Path(gp_regret.__file__).parent / "data/gp_peers.jsonl"
    found = [json.loads(text) for text in file.read_text().splitlines()]
    assert {line["library"] for line in found} <= {"optuna", "ax"}
    assert {line["problem"] for line in found} <= {problem.name for problem in PROBLEMS}
    assert {len(line["trace"]) for line in found} == {60}
    keys = [(line["library"], line["problem"], line["seed"]) for line in found]
    assert len(set(keys)) == len(keys)
    assert file.stat().st_size < 1_000_000
