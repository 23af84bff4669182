"""A run whose trial hears of nothing, to be interrupted.

python -m tests.crash.unruly_run FOLDER inline|process
"""

import sys
import time
from pathlib import Path
from typing import Any

from trimtab import tune
from trimtab.tune import RunConfig, TuneConfig, Tuner
from trimtab.tune.executors import ProcessExecutor


def train(config: dict[str, Any]) -> None:
    """Reports once, and is then busy for ever; when it is begun again it reports once more."""
    marker = Path(tune.get_context().get_trial_dir(), "begun")
    tune.report({"count": 1})
    if not marker.exists():
        marker.touch()
        print("busy", flush=True)
        while True:
            time.sleep(0.01)
    tune.report({"count": 2})


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if Tuner.can_restore(folder):
        tuner = Tuner.restore(folder, train)
    else:
        tuner = Tuner(
            train,
            tune_config=TuneConfig(
                executor="inline" if sys.argv[2] == "inline" else ProcessExecutor(1), seed=1
            ),
            run_config=RunConfig(name=folder.name, storage_path=folder.parent, verbose=0),
        )
    for result in tuner.fit():
        print(result.number, result.state.name, len(result.reports), flush=True)
    print("went on", flush=True)
