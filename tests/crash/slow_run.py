"""A run of a Tuner in worker processes, which takes its time.

python -m tests.crash.slow_run FOLDER STEPS
"""

import sys
import time
from pathlib import Path
from typing import Any

from trimtab import tune
from trimtab.tune import RunConfig, TuneConfig, Tuner
from trimtab.tune.executors import ProcessExecutor


def train(config: dict[str, Any]) -> None:
    """Counts on from its checkpoint; the first of the trials ignores that it is to end."""
    folder = Path(tune.get_context().get_trial_dir(), "mine")
    folder.mkdir(exist_ok=True)
    checkpoint = tune.get_checkpoint()
    count = 0 if checkpoint is None else int(Path(checkpoint.path, "count").read_text("utf-8"))
    while count < config["steps"]:
        count += 1
        (folder / "count").write_text(str(count), "utf-8")
        tune.report({"count": count}, checkpoint=tune.Checkpoint.from_directory(folder))
        print("reported", flush=True)
        time.sleep(0.05)


if __name__ == "__main__":
    folder, steps = Path(sys.argv[1]), int(sys.argv[2])
    if Tuner.can_restore(folder):
        tuner = Tuner.restore(folder, lambda config: train({**config, "steps": steps}))
    else:
        tuner = Tuner(
            train,
            param_space={"steps": steps},
            tune_config=TuneConfig(num_samples=3, executor=ProcessExecutor(2), seed=1),
            run_config=RunConfig(name=folder.name, storage_path=folder.parent, verbose=0),
        )
    for result in tuner.fit():
        print(result.number, result.state.name, len(result.reports), flush=True)
