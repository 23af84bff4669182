"""Kernels are densities, on every kind of column."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.samplers.tpe.parzen import Columns
from trimtab.space import CategoricalDistribution, FloatDistribution, Floats, IntDistribution, Space

FLOAT = FloatDistribution(0.0, 1.0)
MISS = 0.15


def densities(space: Space, centre: list[float], width: float, points: Floats) -> Floats:
    """One kernel at every point, relative to the uniform density."""
    columns = Columns(space)
    widths = np.full(columns.q, width)
    kernel = np.empty((1, columns.width))
    columns.kernel_features(np.array([centre]), kernel)
    kernel[:, 2 * columns.q] = columns.constants(kernel, widths, MISS)
    out: Floats = np.exp(columns.point_features(points, widths, MISS) @ kernel.T)[:, 0]
    return out


@given(centre=st.floats(0.0, 1.0), width=st.floats(0.003, 0.5))
@settings(max_examples=50, deadline=None)
def test_a_continuous_kernel_integrates_to_one(centre: float, width: float) -> None:
    n = 4000
    points = ((np.arange(n) + 0.5) / n)[:, None]
    total = densities(Space({"x": FLOAT}), [centre], width, points).mean()
    assert total == pytest.approx(1.0, abs=1e-4)


@given(
    levels=st.one_of(st.integers(1, 300), st.just(10**6)),
    cell=st.floats(0.0, 1.0, exclude_max=True),
    width=st.floats(0.01, 0.5),
)
@settings(max_examples=80, deadline=None)
def test_a_discrete_kernel_sums_to_one_over_the_cells(
    levels: int, cell: float, width: float
) -> None:
    space = Space({"n": IntDistribution(1, levels)})
    width = max(width, 0.3 / levels)
    points = ((np.arange(min(levels, 5000)) + 0.5) / min(levels, 5000))[:, None]
    centre = (int(cell * levels) + 0.5) / levels
    total = densities(space, [centre], width, points).mean()
    assert total == pytest.approx(1.0, abs=6e-4)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_categorical_kernel_sums_to_one_and_prefers_its_choice(count: int) -> None:
    space = Space({"c": CategoricalDistribution(tuple("abcdefg"[:count]))})
    points = ((np.arange(count) + 0.5) / count)[:, None]
    mass = densities(space, [0.5 / count], 0.1, points) / count
    assert mass.sum() == pytest.approx(1.0)
    assert mass[0] == pytest.approx(1.0 - MISS + MISS / count)


def test_a_product_kernel_integrates_to_one_and_is_flat_where_absent() -> None:
    space = Space(
        {"x": FLOAT, "n": IntDistribution(0, 4), "c": CategoricalDistribution(("a", "b"))}
    )
    x, n, c = np.meshgrid(
        (np.arange(400) + 0.5) / 400, (np.arange(5) + 0.5) / 5, [0.25, 0.75], indexing="ij"
    )
    points = np.stack([x.ravel(), n.ravel(), c.ravel()], axis=1)
    whole = densities(space, [0.3, 0.1, 0.75], 0.1, points)
    assert whole.mean() == pytest.approx(1.0, abs=1e-4)
    flat = densities(space, [0.3, np.nan, np.nan], 0.1, points).reshape(400, 10)
    assert np.allclose(flat, flat[:, :1])
    assert np.allclose(densities(space, [np.nan] * 3, 0.1, points), 1.0)


def test_snap_moves_points_to_cell_centres() -> None:
    columns = Columns(
        Space({"x": FLOAT, "n": IntDistribution(0, 3), "c": CategoricalDistribution(("a", "b"))})
    )
    points = np.array([[0.123, 0.99999, 1.0], [0.5, 0.0, 0.49]])
    columns.snap(points)
    assert points.tolist() == [[0.123, 0.875, 0.75], [0.5, 0.125, 0.25]]
