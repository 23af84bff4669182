"""The example of a population: four blind climbers on one hill, who take over from each other.

`trimtab demo pbt` runs this as a process of its own beside the dashboard. The hill is that of
Jaderberg et al. (2017), figure 2; `examples/pbt_visualization.ipynb` draws it, step by step.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from trimtab import tune
from trimtab.tune import RunConfig, TuneConfig, Tuner
from trimtab.tune.schedulers import PopulationBasedTraining

_INTERVAL: Final = 4
"""Steps after which the climbers are compared."""
_STEPS: Final = 100
_SLOPES: Final = (0.75, 1.0)
_START: Final = (0.9, 0.9)


def storage_url(folder: Path) -> str:
    """Where the study of a folder is."""
    return f"sqlite:///{folder / 'study.db'}"


def climb(config: dict[str, Any]) -> None:
    """Goes up the hill, of which it sees of each axis only as much as ``sight`` lets it."""
    place, step = list(_START), 0
    checkpoint = tune.get_checkpoint()
    if checkpoint:
        place, step = json.loads(Path(checkpoint.path, "state.json").read_text("utf-8"))
    while True:
        time.sleep(config["pause"])
        for axis, slope in enumerate(_SLOPES):
            place[axis] -= (
                config["rate"] * 2.0 * slope * config["sight"][f"axis{axis}"] * place[axis]
            )
        step += 1
        height = 1.2 - sum(slope * x * x for slope, x in zip(_SLOPES, place, strict=True))
        metrics = {"height": height, "x": place[0], "y": place[1]}
        if step % _INTERVAL:
            tune.report(metrics)
            continue
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "state.json").write_text(json.dumps([place, step]), "utf-8")
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))


def tuner_in(folder: Path, pause: float) -> Tuner:
    """The run in a folder, to go on with, or one that begins there.

    Args:
        folder: Its folder.
        pause: Seconds that a step takes, so that there is time to watch.
    """
    if Tuner.can_restore(folder):
        return Tuner.restore(folder, climb)
    scheduler = PopulationBasedTraining(
        time_attr="training_iteration",
        metric="height",
        mode="max",
        perturbation_interval=_INTERVAL,
        quantile_fraction=0.5,
        resample_probability=0.5,
        hyperparam_mutations={
            "rate": tune.quniform(0.005, 0.1, 0.005),
            "sight": {"axis0": tune.uniform(0.0, 1.0), "axis1": tune.uniform(0.0, 1.0)},
        },
        synch=True,
    )
    sights = [{"axis0": x, "axis1": 1.0 - x} for x in (0.0, 1.0, 0.01, 0.99)]
    return Tuner(
        climb,
        param_space={
            "rate": tune.quniform(0.01, 0.1, 0.005),
            "sight": tune.grid_search(sights),
            "pause": pause,
        },
        tune_config=TuneConfig(scheduler=scheduler, executor="inline", seed=1),
        run_config=RunConfig(
            name=folder.name,
            storage_path=folder.parent,
            stop={"training_iteration": _STEPS},
            verbose=0,
        ),
    )


def main() -> None:
    """Run what is in a folder to its end."""
    folder, pause = Path(sys.argv[1]), float(sys.argv[2])
    tuner_in(folder, pause).fit()


if __name__ == "__main__":
    main()
