"""`make demo`: however it is interrupted, the next run goes on and finds what one run would."""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import trimtab
from trimtab.records import FrozenTrial

pytest.importorskip("sklearn", reason="the demo tunes a model of scikit-learn")

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"
TRIALS = 14  # ten of a start that is drawn at random, and some that learn from them
PATIENCE = 150.0
"""Seconds, on a busy machine; half a run takes about five."""


@contextlib.contextmanager
def demo(folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A run of the demo, with more in its environment; it ends with the block however that ends."""
    with subprocess.Popen(
        [sys.executable, str(DEMO)],
        cwd=folder,
        env={**os.environ, **more, "TRIMTAB_DEMO_TRIALS": str(TRIALS), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(folder: Path) -> str:
    """A whole run; what it said."""
    with demo(folder) as process:
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "Warning" not in err
    return out


def trials(folder: Path) -> list[FrozenTrial]:
    if not (folder / "trimtab.db").exists():
        return []
    try:
        study = trimtab.load_study(study_name="digits", storage=str(folder / "trimtab.db"))
    except KeyError:  # not yet
        return []
    found = study.trials
    study.storage.close()
    return found


def wait_for(
    process: subprocess.Popen[str], folder: Path, condition: Callable[[list[FrozenTrial]], Any]
) -> None:
    began = time.monotonic()
    while not condition(found := trials(folder)):
        assert process.poll() is None, "the demo ended by itself"
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError(found)
        time.sleep(0.05)


def finished(found: list[FrozenTrial]) -> int:
    return sum(trial.state.is_finished() for trial in found)


def test_interrupted_while_it_loads_the_demo_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("import time\nopen('loading', 'w').close()\ntime.sleep(60)")
    with demo(tmp_path, PYTHONPATH=str(tmp_path)) as process:
        began = time.monotonic()
        while not (tmp_path / "loading").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() - began < PATIENCE
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == -signal.SIGINT


def test_interrupted_while_a_network_is_trained_the_demo_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sklearn.neural_network import MLPClassifier

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(MLPClassifier, "_update_no_improvement_count", interrupt)
    module = runpy.run_path(str(DEMO))
    network = {"n_components": 8, "classifier": "network", "units": 16, "alpha": 1.0}
    with pytest.raises(KeyboardInterrupt):
        module["objective"](trimtab.trial.FixedTrial({**network, "learning_rate": 0.1}))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_goes_on_where_it_was(tmp_path: Path) -> None:
    interrupted, whole = tmp_path / "interrupted", tmp_path / "whole"
    interrupted.mkdir()
    whole.mkdir()

    with demo(interrupted) as first:
        wait_for(first, interrupted, lambda found: finished(found) >= 2)
        first.send_signal(signal.SIGINT)
        out, err = first.communicate(timeout=PATIENCE)
    assert first.returncode == 130, err
    assert "A new study" in out
    assert "Run me again" in out
    assert "Traceback" not in err
    assert not [t for t in trials(interrupted) if t.state is trimtab.TrialState.FAIL]

    with demo(interrupted) as second:
        wait_for(
            second,
            interrupted,
            lambda found: finished(found) >= 5 and finished(found) < len(found),
        )
        second.kill()
        second.communicate(timeout=PATIENCE)
    before = trials(interrupted)
    assert len(before) < TRIALS

    out = run(interrupted)
    assert f"{finished(before)} of {TRIALS} trials are done" in out
    assert "Best trial" in out
    assert "What mattered" in out
    after = trials(interrupted)
    assert [trial.number for trial in after] == list(range(TRIALS))
    assert all(trial.state is trimtab.TrialState.COMPLETE for trial in after)
    # What was acknowledged before the kill is there as it was.
    for old in before:
        if old.state.is_finished():
            assert after[old.number] == old
    # The killed trial was taken up at once, not when its lease of a minute ran out.
    (killed,) = [t.number for t in before if not t.state.is_finished()]
    assert after[killed].attempt == 2
    assert before[killed].params.items() <= after[killed].params.items()
    retaken = after[killed].started
    assert retaken is not None
    assert all(retaken <= (trial.started or 0) for trial in after[len(before) :])

    assert f"All {TRIALS} trials" in run(interrupted)

    run(whole)
    assert [t.params for t in trials(whole)] == [t.params for t in after]
    assert [t.value for t in trials(whole)] == [t.value for t in after]
