"""BoTorch behind the sampler's interface."""

from typing import Any

import numpy as np
import pytest

from tests.unit.samplers.gp_support import cube, new_study, run
from trimtab.errors import InvalidArgument
from trimtab.samplers import BoTorchSampler, GPSampler
from trimtab.space import CategoricalDistribution, FloatDistribution, Floats, Space

needs_botorch = pytest.mark.filterwarnings("ignore")


def bowl(x: Floats) -> float:
    return float(((x - 0.37) ** 2).sum())


@pytest.fixture
def botorch() -> Any:
    return pytest.importorskip("botorch", reason="needs the extra `botorch`")


@needs_botorch
def test_it_finds_the_bottom(botorch: Any) -> None:
    study = run(
        new_study(BoTorchSampler(seed=0, num_restarts=2, raw_samples=32)), cube(2), bowl, 16
    )
    assert study.best_value < 0.01


@needs_botorch
def test_the_same_seed_makes_the_same_points(botorch: Any) -> None:
    runs = []
    for seed in (1, 1, 2):
        sampler = BoTorchSampler(seed=seed, n_startup_trials=4, num_restarts=2, raw_samples=16)
        runs.append([t.params for t in run(new_study(sampler), cube(2), bowl, 7).trials])
    assert runs[0] == runs[1] != runs[2]


@needs_botorch
@pytest.mark.parametrize("m", [1, 2])
def test_choices_constraints_and_objectives(botorch: Any, m: int) -> None:
    space = Space({"x": FloatDistribution(0.0, 1.0), "k": CategoricalDistribution(("a", "b", "c"))})
    sampler = BoTorchSampler(seed=0, n_startup_trials=6, num_restarts=2, raw_samples=16)
    study = new_study(sampler, m)
    for _ in range(9):
        trial = study.ask(dict(space))
        x = trial.params["x"] + (trial.params["k"] != "b")
        trial.set_constraint("c", 0.2 - trial.params["x"])
        study.tell(trial, [x, 1.0 - x][:m])
    late = study.trials[6:]
    assert all(trial.params["x"] > 0.05 for trial in late)


@needs_botorch
def test_a_model_and_an_acquisition_of_one_s_own(botorch: Any) -> None:
    from botorch.acquisition import UpperConfidenceBound
    from botorch.models import SingleTaskGP

    seen: list[tuple[int, ...]] = []

    def model(X: Any, Y: Any, V: Any) -> Any:
        seen.append(tuple(Y.shape))
        return SingleTaskGP(X, Y, V)

    sampler = BoTorchSampler(
        seed=0,
        n_startup_trials=4,
        model=model,
        acquisition=lambda model, X, Y, pending: UpperConfidenceBound(model, beta=0.1),
    )
    run(new_study(sampler), cube(1), bowl, 6)
    assert seen == [(4, 1), (5, 1)]


@needs_botorch
def test_our_model_is_a_yardstick_away(botorch: Any) -> None:
    """Both models, each with its own priors, predict a smooth function alike."""
    import torch

    from trimtab.samplers.botorch import default_model

    sampler = GPSampler(seed=0, n_startup_trials=30)
    study = run(new_study(sampler), cube(2), lambda x: float(np.sin(4.0 * x[0]) + x[1]), 30)
    at = np.random.default_rng(0).random((40, 2))
    ours, _ = sampler.predictor(study.history).predict(at)
    X = torch.from_numpy(study.history.unit(cube(2)).copy())
    model = default_model(X, torch.from_numpy(study.history.values.copy()), None)
    theirs = model.posterior(torch.from_numpy(at)).mean.detach().numpy()[:, 0]
    assert np.abs(ours - theirs).max() < 0.1


@pytest.mark.parametrize("name", ["n_startup_trials", "num_restarts", "raw_samples"])
def test_arguments(name: str) -> None:
    arguments: dict[str, Any] = {name: 0}
    with pytest.raises(InvalidArgument, match=name):
        BoTorchSampler(**arguments)
