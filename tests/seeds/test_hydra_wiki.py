"""The wiki page on hyperparameter optimization: its configuration runs, its log lines appear."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.seeds.listings import seed
from tests.unit.hydra_sweeper.programs import finish, start, write
from trimtab.records import TrialState
from trimtab.study import load_study

MAIN = """
    import hydra
    from trimtab.integrations.hydra import report, run_seed


    @hydra.main(version_base=None, config_path="../conf", config_name="main")
    def main(cfg):
        assert cfg.algorithm.use_her and cfg.env == "FetchReach-v4"
        better = {"min": 0.24, "max": 0.21}[cfg.algorithm.critic_select]
        for epoch in range(3):
            report(better, epoch)
        return better + run_seed() % 10 / 1000, 3, "run"


    if __name__ == "__main__":
        main()
"""
COMMAND = ["+performance=FetchReach/cleansac_mod-opti", "n_epochs=60", "--multirun"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project laid out like the page's, after its sweep, and what that printed."""
    folder = tmp_path_factory.mktemp("rl")
    page = seed("hydra-hyperopt-wiki.txt")
    # The listing after all changes; the environments of version 2 are no longer there.
    (opti,) = [
        block for block in re.findall(r"```\n(.*?)```", page, re.DOTALL) if "max_trials: 8" in block
    ]
    write(
        folder,
        src___main__py=MAIN,
        conf___main__yaml="""
            defaults:
              - _self_
              - algorithm: cleansac
              - override hydra/sweeper: trimtab
            env: ""
            n_epochs: 60
        """,
        conf___algorithm___cleansac__yaml="use_her: false",
        conf___algorithm___cleansac_mod__yaml="{use_her: false, critic_select: min}",
    )
    path = folder / "conf/performance/FetchReach/cleansac_mod-opti.yaml"
    path.parent.mkdir(parents=True)
    # The page names the variable twice; today's YAML readers take a key once.
    lines = dict.fromkeys(opti.replace("-v2", "-v4").splitlines())
    path.write_text("\n".join(lines))
    return folder, finish(start(folder, *COMMAND, program="src/main.py"))


def test_it_ends_by_naming_the_better_choice(project: tuple[Path, str]) -> None:
    _, output = project
    assert "[HYDRA] Best parameters: {'++algorithm.critic_select': 'min'}\n" in output
    (best,) = re.findall(r"\[HYDRA\] Best value: (0\.2[45]\d*)\n", output)
    assert 0.24 <= float(best) < 0.25
    assert re.search(r"\[HYDRA\] Standard error: 0\.\d+, of 4 runs\n", output)


def test_each_choice_is_run_four_times(project: tuple[Path, str]) -> None:
    folder, output = project
    study = load_study(
        study_name="cleansac_mod_FetchReach",
        storage=f"sqlite:///{folder}/cleansac_mod_FetchReach.db",
    )
    choices = Counter(trial.params["++algorithm.critic_select"] for trial in study.trials)
    assert choices == {"min": 4, "max": 4}
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE}
    study.storage.close()
    jobs = re.findall(r"#\d : (.*)", output)
    line = "++algorithm.critic_select=%s +performance=FetchReach/cleansac_mod-opti n_epochs=60"
    assert Counter(job for job in jobs if "=" in job) == {line % "min": 4, line % "max": 4}


def test_its_results_have_mean_and_standard_error(project: tuple[Path, str]) -> None:
    folder, _ = project
    (path,) = folder.glob("multirun/*/*/optimization_results.yaml")
    found = yaml.safe_load(path.read_text())
    assert found["best_params"] == {"++algorithm.critic_select": "min"}
    assert found["runs"] == 4
    assert 0.0 <= found["best_sem"] < 0.01


def test_the_same_command_has_nothing_left_to_run(project: tuple[Path, str]) -> None:
    folder, _ = project
    output = finish(start(folder, *COMMAND, program="src/main.py"))
    assert "Launching" not in output
    assert "Best parameters: {'++algorithm.critic_select': 'min'}" in output
