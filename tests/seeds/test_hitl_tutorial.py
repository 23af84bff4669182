"""The tutorial of rating by people: its own script, with only its imports changed."""

import contextlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import trimtab
from tests.seeds.listings import indented, listings, seed
from trimtab import Study
from trimtab.artifacts import (
    FileSystemArtifactStore,
    get_all_artifact_meta,
    get_artifact_path,
    get_note,
    open_artifact,
)
from trimtab.dashboard import ChoiceWidget, load_form
from trimtab.trial import TrialState

image_module: Any = pytest.importorskip("PIL.Image", reason="the script draws with Pillow")

URL = "sqlite:///db.sqlite3"
NAME = "Human-in-the-loop Optimization"
SUNSET = (250, 110, 60)
IMPORTS = """\
import os
import textwrap
import time
from typing import NoReturn

from PIL import Image

import trimtab as optuna
from trimtab.artifacts import FileSystemArtifactStore, upload_artifact
from trimtab.dashboard import ChoiceWidget, register_objective_form_widgets, save_note
from trimtab.dashboard.artifact import get_artifact_path
from trimtab.trial import TrialState
"""


@pytest.fixture(scope="module")
def script() -> str:
    """The tutorial's functions under our imports."""
    functions = [indented(lines) for lines in listings(seed("hitl-dashboard-tutorial.txt"))]
    assert len(functions) == 3
    return "\n\n".join([IMPORTS, *functions])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the script runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rating(params: dict[str, Any]) -> float:
    """What a person who looks for a sunset presses: -1 for good, 0 for so-so, 1 for bad."""
    away = distance(params)
    return -1.0 if away < 80 else 0.0 if away < 150 else 1.0


def distance(params: dict[str, Any]) -> float:
    return math.dist([params[name] for name in "rgb"], SUNSET)


class _EnoughError(Exception):
    """The evaluator goes home."""


def run(script: str, folder: Path, n_ratings: int) -> Study:
    """Run the script; whoever it waits for rates all that it shows, until there are enough."""
    told = 0

    def sleep(_: float) -> None:
        nonlocal told
        study = trimtab.load_study(study_name=NAME, storage=URL)
        running = study.get_trials(states=(TrialState.RUNNING,))
        assert len(running) == 4
        for trial in running:
            if told == n_ratings:
                raise _EnoughError
            study.tell(trial.number, rating(trial.params))
            told += 1

    names: dict[str, Any] = {"__file__": str(folder / "main.py"), "__name__": "tutorial"}
    exec(compile(script, "main.py", "exec"), names)
    names["time"] = SimpleNamespace(sleep=sleep)
    with contextlib.suppress(_EnoughError):
        names["main"]()
    return trimtab.load_study(study_name=NAME, storage=URL)


@pytest.fixture(scope="module")
def evenings(script: str, tmp_path_factory: pytest.TempPathFactory) -> list[Study]:
    """Three studies of thirty ratings: the script sets no seed, and one may go astray."""
    studies = []
    for _ in range(3):
        folder = tmp_path_factory.mktemp("evening")
        with contextlib.chdir(folder):
            studies.append(run(script, folder, 30))
    return studies


def test_thirty_ratings(evenings: list[Study]) -> None:
    for study in evenings:
        assert len(study.get_trials(states=(TrialState.COMPLETE,))) == 30
        assert study.metric_names == ["Looks like sunset color?"]
        assert study.best_value <= 0.0


def test_thirty_ratings_bring_the_sunset(evenings: list[Study]) -> None:
    first, last = [], []
    for study in evenings:
        rated = study.get_trials(states=(TrialState.COMPLETE,))
        away = [distance(trial.params) for trial in rated]
        first.append(np.median(away[:10]))
        last.append(np.median(away[-10:]))
    # A colour drawn at random is about 170 away.
    assert np.mean(last) < 0.9 * np.mean(first)


def test_what_the_evaluator_is_shown(script: str, folder: Path) -> None:
    study = run(script, folder, 2)
    form = load_form(study)
    assert form is not None
    (widget,) = form.widgets
    assert isinstance(widget, ChoiceWidget)
    assert widget.values == (-1.0, 0.0, 1.0)
    store = FileSystemArtifactStore(folder / "artifact")
    for trial in study.trials:
        (meta,) = get_all_artifact_meta(trial)
        assert (meta.filename, meta.mimetype) == (f"sample-{trial.number}.png", "image/png")
        with open_artifact(store, meta.artifact_id) as file, image_module.open(file) as image:
            assert image.size == (320, 240)
            assert image.getpixel((5, 5)) == tuple(trial.params[name] for name in "rgb")
        path = f"/artifacts/{study.study_id}/{trial.number}/{meta.artifact_id}"
        assert get_note(trial) == f"## Trial {trial.number}\n\n![generated-image]({path})\n"
    (later,) = get_all_artifact_meta(study.trials[0])
    assert get_artifact_path(study, later.artifact_id).endswith(later.artifact_id)


@contextlib.contextmanager
def started(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The script as its reader starts it; killed in the end."""
    process = subprocess.Popen([sys.executable, "main.py"], cwd=folder, env=os.environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(process: "subprocess.Popen[bytes]", n_trials: int) -> list[Any]:
    """The running trials, once they are so many with a note each."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(KeyError):  # the study is not there yet
            study = trimtab.load_study(study_name=NAME, storage=URL)
            running = study.get_trials(states=(TrialState.RUNNING,))
            if len(running) == 4 and len(study.trials) == n_trials and get_note(running[-1]):
                return running
        time.sleep(0.05)
    raise AssertionError(f"the script did not show {n_trials} trials; it said {process.poll()}")


def test_as_a_process_that_is_killed_and_started_again(script: str, folder: Path) -> None:
    (folder / "main.py").write_text(f'{script}\n\nif __name__ == "__main__":\n    main()\n')
    with started(folder) as process:
        shown = wait_for(process, 4)
        study = trimtab.load_study(study_name=NAME, storage=URL)
        study.tell(shown[0].number, rating(shown[0].params))
        wait_for(process, 5)
    with started(folder) as process:
        again = wait_for(process, 5)
        study.tell(again[0].number, 1.0)
        wait_for(process, 6)
