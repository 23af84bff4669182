"""Hydra programs that are swept, with Hydra's own launchers, as their users run them."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.unit.hydra_sweeper.programs import call, finish, start, write
from trimtab.records import FrozenTrial, TrialState
from trimtab.study import load_study

MAIN = """
    import os, sys, time
    from pathlib import Path

    import hydra
    from trimtab.integrations.hydra import report, run_seed


    @hydra.main(version_base=None, config_path="conf", config_name="config")
    def main(cfg):
        report((cfg.x - 1) ** 2, step=0)
        if cfg.wait and not Path(cfg.wait).exists():
            Path(f"{cfg.wait}-begun").touch()
            time.sleep(600)
        return (cfg.x - 1) ** 2, 0.1, run_seed() if cfg.triple else None


    if __name__ == "__main__":
        main()
"""


def trials(folder: Path, name: str) -> list[FrozenTrial]:
    study = load_study(study_name=name, storage=f"sqlite:///{folder / name}.db")
    try:
        return study.trials
    finally:
        study.storage.close()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60.0
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


# The example of Hydra's Optuna sweeper, with one word changed.
OF_THE_OPTUNA_SWEEPER = """
    defaults:
      - _self_
      - override hydra/sweeper: trimtab
      - override hydra/sweeper/sampler: tpe

    hydra:
      sweeper:
        sampler:
          seed: 123
        direction: minimize
        study_name: sphere
        storage: null
        n_trials: 6
        n_jobs: 2
        max_failure_rate: 0.0
        params:
          x: range(-5.5, 5.5, step=0.5)
          y: choice(-5 ,0 ,5)
          z: tag(log, interval(1, 10))

    x: 1
    y: 1
    z: 2
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A program of Hydra's Optuna sweeper, after its sweep, and what it printed."""
    folder = tmp_path_factory.mktemp("optuna")
    write(
        folder,
        main__py="""
            import hydra


            @hydra.main(version_base=None, config_path="conf", config_name="config")
            def sphere(cfg) -> float:
                return cfg.x**2 + cfg.y**2


            if __name__ == "__main__":
                sphere()
        """,
        conf___config__yaml=OF_THE_OPTUNA_SWEEPER,
    )
    return folder, call(folder, "--multirun", "hydra.sweep.dir=out", "z=3")


class TestAProgramOfHydrasOptunaSweeper:
    def test_its_config_runs(self, swept: tuple[Path, str]) -> None:
        folder, output = swept
        assert re.search(r"\[HYDRA\] Best parameters: \{'x': -?\d\.[05], 'y': -?[05]\}", output)
        assert re.search(r"\[HYDRA\] Best value: [\d.]+\n", output)
        found = trials(folder, "sphere")
        assert [t.value for t in found] == [t.params["x"] ** 2 + t.params["y"] ** 2 for t in found]

    def test_what_the_command_line_fixes_is_not_searched(self, swept: tuple[Path, str]) -> None:
        folder, _ = swept
        for number, trial in enumerate(trials(folder, "sphere")):
            overrides = yaml.safe_load((folder / f"out/{number}/.hydra/overrides.yaml").read_text())
            assert overrides == [f"x={trial.params['x']}", f"y={trial.params['y']}", "z=3"]

    def test_results_are_in_the_sweep_directory(self, swept: tuple[Path, str]) -> None:
        folder, _ = swept
        results = yaml.safe_load((folder / "out/optimization_results.yaml").read_text())
        assert results["best_value"] == min(t.value or 0.0 for t in trials(folder, "sphere"))
        expected = {"multirun.yaml", "trials.csv", "figures", "optimization_results.yaml"}
        assert expected <= {path.name for path in (folder / "out").iterdir()}

    def test_each_trial_knows_its_folder(self, swept: tuple[Path, str]) -> None:
        folder, _ = swept
        for number, trial in enumerate(trials(folder, "sphere")):
            assert trial.user_attrs["folder"] == str(folder / "out" / str(number))

    def test_the_same_command_goes_on(self, swept: tuple[Path, str]) -> None:
        folder, _ = swept
        more = ["hydra.sweeper.n_trials=7", "hydra.sweeper.sampler=random"]
        call(folder, "--multirun", "hydra.sweep.dir=out", "z=3", *more)
        assert {path.name for path in (folder / "out").glob("[0-9]*")} == {*map(str, range(7))}
        assert len(trials(folder, "sphere")) == 7


@pytest.fixture
def program(tmp_path: Path) -> Path:
    write(
        tmp_path,
        main__py=MAIN,
        conf___config__yaml="""
            defaults:
              - _self_
              - override hydra/sweeper: trimtab

            x: 0.0
            wait: null
            triple: true

            hydra:
              sweeper:
                study_name: sweep
                max_trials: 4
                n_jobs: 2
                figures: false
                pruner: median
                search_space:
                  ++x: {type: float, low: 0, high: 2}
        """,
    )
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_other_launchers_are_asynchronous_too(program: Path, launcher: str) -> None:
    call(program, "--multirun", f"hydra/launcher={launcher}", "hydra.sweeper.max_trials=3")
    found = trials(program, "sweep")
    assert [trial.state for trial in found] == [TrialState.COMPLETE] * 3
    for trial in found:  # reports and seeds reach the processes that the launcher starts
        assert trial.reports.keys() == {0}
        assert trial.user_attrs["run_id"] == trial.user_attrs["seed"]
        assert Path(trial.user_attrs["folder"]).is_dir()


class TestEnds:
    def test_a_sweep_that_is_killed_and_run_again(self, program: Path) -> None:
        process = start(program, "--multirun", "wait=go")
        assert eventually((program / "go-begun").exists)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        (program / "go").touch()
        call(program, "--multirun", "wait=go")
        found = trials(program, "sweep")
        complete = [trial for trial in found if trial.state is TrialState.COMPLETE]
        assert len(complete) == 4
        assert not any(trial.state is TrialState.RUNNING for trial in found)
        assert len({trial.user_attrs["folder"] for trial in complete}) == 4

    def test_ctrl_c(self, program: Path) -> None:
        process = start(program, "--multirun", "wait=go")
        assert eventually((program / "go-begun").exists)
        process.send_signal(signal.SIGINT)
        output = finish(process, status=130)
        assert "Interrupted" in output
        assert {trial.state for trial in trials(program, "sweep")} == {TrialState.FAIL}
        assert list(program.glob("multirun/*/*/optimization_results.yaml"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["+hydra.sweeper.max_trails=3"], "`hydra.sweeper`: expected `max_trials`.*'max_trails'"),
        (["hydra.sweeper.n_jobs=0"], "`n_jobs`: expected at least 1, got 0"),
        (
            ["++hydra.sweeper.sampler._target_=os.system"],
            r"class of trimtab.samplers, got 'os\.sys",
        ),
    ],
)
def test_bad_configuration_ends_with_a_typed_error(
    program: Path, arguments: list[str], says: str
) -> None:
    output = call(program, "--multirun", *arguments, status=1)
    assert re.search(rf"trimtab\.errors\.Invalid\w+: .*{says}", output)
    assert not list(program.glob("*.db"))


def test_a_program_that_does_not_sweep_pays_nothing(program: Path) -> None:
    heavy = ["numpy", "scipy", "sqlalchemy", "trimtab.study", "trimtab.space", "plotly"]
    write(
        program,
        main__py=f"""
            import sys

            import hydra


            @hydra.main(version_base=None, config_path="conf", config_name="config")
            def main(cfg):
                from hydra.core.plugins import Plugins
                from hydra.plugins.sweeper import Sweeper

                print([kind.__name__ for kind in Plugins.instance().discover(Sweeper)])
                print([name for name in {heavy!r} if name in sys.modules])


            main()
        """,
    )
    plugins, loaded = call(program).splitlines()
    assert "TrimtabSweeper" in plugins
    assert loaded == "[]"
