"""The empirical distribution function."""

import numpy as np
import pytest

from tests.unit.visualization.standin import make_study, make_trial
from trimtab.visualization import plot_edf


def test_steps_are_exact() -> None:
    study = make_study().add(*(make_trial(v) for v in (3.0, 1.0, 2.0, 2.0)))
    (line,) = plot_edf(study).data
    assert line.x.tolist() == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert line.y.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert line.line.shape == "hv"


@pytest.mark.parametrize("n", [500, 3_000])
def test_it_is_the_share_of_values_at_most_x(n: int) -> None:
    values = np.random.default_rng(0).lognormal(size=n)
    study = make_study().add(*(make_trial(v) for v in values))
    (line,) = plot_edf(study).data
    inner = slice(1, -1)
    share = (values[:, None] <= line.x[None, inner]).mean(axis=0)
    assert np.allclose(line.y[inner], share, atol=1e-9)
    assert len(line.x) <= 1_002
    assert line.x[0] == values.min()
    assert line.x[-1] == values.max()


def test_studies_share_their_limits() -> None:
    a = make_study(name="a").add(make_trial(1.0), make_trial(2.0))
    b = make_study(name="b<b>").add(make_trial(5.0))
    empty = make_study(name="c")
    figure = plot_edf([a, b, empty])
    assert [line.name for line in figure.data] == ["a", "b&lt;b&gt;"]
    for line in figure.data:
        assert (line.x[0], line.y[0]) == (1.0, 0.0)
        assert (line.x[-1], line.y[-1]) == (5.0, 1.0)
    assert plot_edf([]).layout.annotations[0].text == "No studies were given."


def test_log() -> None:
    study = make_study().add(make_trial(1e-4), make_trial(1.0))
    assert plot_edf(study, log=True).layout.xaxis.type == "log"
