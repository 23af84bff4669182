"""The comparison of searches, made small, and the one of luck and replicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.rl import example

compare = example("compare")
noise = example("noise")


def test_all_searches_have_as_many_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "HELD_OUT", range(2))
    monkeypatch.setattr(compare, "EPISODES", 1)
    compare.measure(4, 1, tmp_path, steps=48)
    assert len(capsys.readouterr().out.splitlines()) == 5
    found = compare.read(tmp_path)
    assert list(found) == ["grid", "random", "TPE", "GP", "PBT"]
    for name, (only,) in found.items():
        rounds = compare.ROUNDS if name == "PBT" else 1
        runs, best = zip(*only["curve"], strict=True)
        assert runs[-1] == 4
        assert len(runs) == (rounds if name == "PBT" else 2)
        assert list(best) == sorted(best)
        assert len(only["schedule"]) == rounds
        assert set(only["schedule"][0]) == set(compare.SPACE)
        assert len(only["held_out"]) == 2
    assert compare.table(found).count("\n") == 6
    figure = compare.draw(found)
    assert [trace.name for trace in figure.data] == list(found)
    assert all(trace.x[-1] == 4 for trace in figure.data)

    compare.measure(4, 1, tmp_path, steps=48)  # again: nothing is left to be done
    assert capsys.readouterr().out == ""


def test_a_run_that_was_saved_goes_on_as_it_would_have(tmp_path: Path) -> None:
    settings = {"learning_rate": 0.01}
    run, other = compare.Run(settings, 1), compare.Run(settings, 2)
    run.go_on(700)
    run.save(tmp_path / "run.pt")
    other.load(tmp_path / "run.pt")
    for one, two in zip(run._agent._network, other._agent._network, strict=True):
        assert one.equal(two)
    assert other._shown == run._shown
    other._agent.learn(10)
    assert not all(
        one.equal(two) for one, two in zip(run._agent._network, other._agent._network, strict=True)
    )


def test_racing_finds_what_is_best_on_average_and_luck_does_not() -> None:
    table = np.zeros((4, 12))
    table[0] = 0.9
    table[1:] = np.tile([1.0, 0.0], 6)
    found = noise.compare(table, budget=16, n_sweeps=200)
    assert found["luckiest run"] < 0.6
    assert found["racing"] > 0.85
    assert found["racing"] >= found["best mean"]


def test_the_table_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def success(setting: dict[str, float], seed: int) -> float:
        tried.append(seed)
        return 0.5

    monkeypatch.setattr(noise, "success", success)
    path = tmp_path / "noise.csv"
    noise.measure(path, 1)
    noise.measure(path, 3)
    n = len(noise.SETTINGS)
    assert tried == [0] * n + [1] * n + [2] * n
    assert noise.read(path) == {(number, seed): 0.5 for number in range(n) for seed in range(3)}
