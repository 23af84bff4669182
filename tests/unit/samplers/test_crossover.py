"""Crossovers and mutations against what their papers say of them."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.errors import InvalidArgument
from trimtab.records import History, StudyDirection
from trimtab.samplers.nsgaii import (
    BaseCrossover,
    BLXAlphaCrossover,
    PolynomialMutation,
    SBXCrossover,
    SPXCrossover,
    UNDXCrossover,
    UniformCrossover,
    VSBXCrossover,
)
from trimtab.space import Floats

ONE = History((StudyDirection.MINIMIZE,))
TWO = History((StudyDirection.MINIMIZE,) * 2)
PARENTS = np.array([[0.2, 0.4, 0.5, 0.3], [0.6, 0.5, 0.5, 0.9], [0.3, 0.8, 0.5, 0.1]])
BOUNDS = np.tile([0.0, 1.0], (4, 1))


def children(crossover: BaseCrossover, n: int = 4000, history: History = ONE) -> Floats:
    rng = np.random.default_rng(0)
    parents = PARENTS[: crossover.n_parents]
    return np.array([crossover.crossover(parents, rng, history, BOUNDS) for _ in range(n)])


def test_uniform_takes_either_parents_gene() -> None:
    out = children(UniformCrossover(0.25))
    first = np.isclose(out, PARENTS[0])
    assert (first | np.isclose(out, PARENTS[1])).all()
    assert first[:, 0].mean() == pytest.approx(0.25, abs=0.03)


def test_blend_fills_the_enlarged_box() -> None:
    out = children(BLXAlphaCrossover(0.5))
    assert out[:, 0].min() == pytest.approx(0.0, abs=0.01)
    assert out[:, 0].max() == pytest.approx(0.8, abs=0.01)
    assert out[:, 0].mean() == pytest.approx(0.4, abs=0.02)
    assert np.allclose(out[:, 2], 0.5)


@pytest.mark.parametrize("crossover", [SPXCrossover(), UNDXCrossover()])
def test_the_centre_is_kept(crossover: BaseCrossover) -> None:
    out = children(crossover, 20_000)
    centre = PARENTS[:2] if isinstance(crossover, UNDXCrossover) else PARENTS
    assert np.allclose(out.mean(axis=0), centre.mean(axis=0), atol=0.02)


def test_simplex_children_lie_in_the_plane_of_their_parents() -> None:
    out = children(SPXCrossover(1.0), 500)
    basis = (PARENTS[1:] - PARENTS[0]).T
    weights, *_ = np.linalg.lstsq(basis, (out - PARENTS[0]).T, rcond=None)
    assert np.allclose(basis @ weights, (out - PARENTS[0]).T)
    assert (weights >= -1e-9).all()
    assert (weights.sum(axis=0) <= 1.0 + 1e-9).all()


def test_unimodal_spread_is_that_of_the_parents() -> None:
    out = children(UNDXCrossover(0.5, 0.0), 20_000)
    line = PARENTS[1] - PARENTS[0]
    along = (out - PARENTS[:2].mean(axis=0)) @ line / (line @ line)
    assert along.std() == pytest.approx(0.5, abs=0.02)
    across = children(UNDXCrossover(0.0, 0.3), 20_000) - PARENTS[:2].mean(axis=0)
    assert np.allclose(across @ line, 0.0)
    away = PARENTS[2] - PARENTS[0]
    distance = np.linalg.norm(away - (away @ line) / (line @ line) * line)
    assert np.sqrt((across**2).sum(axis=1).mean() / 3.0) == pytest.approx(0.3 * distance, rel=0.05)
    same = np.repeat(PARENTS[:1], 3, axis=0)
    child = UNDXCrossover().crossover(same, np.random.default_rng(0), ONE, BOUNDS)
    assert np.allclose(child, same[0])


def test_simulated_binary_children_stay_inside_and_near() -> None:
    wide = children(SBXCrossover(eta=0.0, use_child_gene_prob=1.0))
    near = children(SBXCrossover(eta=50.0, use_child_gene_prob=1.0))
    for out in (wide, near):
        assert (out >= 0.0).all()
        assert (out <= 1.0).all()
    gap = [np.minimum(abs(o - PARENTS[0]), abs(o - PARENTS[1]))[:, 0].mean() for o in (wide, near)]
    assert gap[1] < gap[0] / 4.0
    assert near[:, 0].mean() == pytest.approx(0.4, abs=0.02)


def test_genes_that_are_not_crossed_are_the_parents() -> None:
    for kind in (SBXCrossover, VSBXCrossover):
        out = children(kind(use_child_gene_prob=0.3))
        kept = np.isclose(out, PARENTS[0]) | np.isclose(out, PARENTS[1])
        assert kept[:, 0].mean() == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize("kind", [SBXCrossover, VSBXCrossover])
def test_the_index_depends_on_the_number_of_objectives(
    kind: type[SBXCrossover] | type[VSBXCrossover],
) -> None:
    assert children(kind(), 50).tolist() == children(kind(eta=2.0), 50).tolist()
    assert children(kind(), 50, TWO).tolist() == children(kind(eta=20.0), 50, TWO).tolist()


def test_modified_children_may_lie_anywhere() -> None:
    out = children(VSBXCrossover(eta=2.0, use_child_gene_prob=1.0))[:, 0]
    assert (out < 0.2).any()
    assert (out > 0.6).any()
    assert ((out > 0.25) & (out < 0.55)).any()


def test_polynomial_steps_stay_inside_and_shrink() -> None:
    rng = np.random.default_rng(0)
    bounds = np.array([-2.0, 6.0])

    def steps(eta: float, start: float) -> Floats:
        mutation = PolynomialMutation(eta)
        return np.array([mutation.mutation(start, rng, ONE, bounds) for _ in range(3000)])

    for start in (-2.0, 0.0, 6.0):
        out = steps(5.0, start)
        assert (out >= -2.0).all()
        assert (out <= 6.0).all()
    assert np.abs(steps(100.0, 1.0) - 1.0).mean() < np.abs(steps(5.0, 1.0) - 1.0).mean() / 4.0
    assert steps(0.0, 2.0).std() == pytest.approx(8.0 / np.sqrt(12.0), rel=0.05)  # uniform
    assert PolynomialMutation().mutation(1.0, rng, ONE, np.array([1.0, 1.0])) == 1.0


@pytest.mark.parametrize(
    ("argument", "make"),
    [
        ("swapping_prob", lambda: UniformCrossover(2.0)),
        ("alpha", lambda: BLXAlphaCrossover(-1.0)),
        ("eta", lambda: SBXCrossover(eta=-1.0)),
        ("uniform_crossover_prob", lambda: VSBXCrossover(uniform_crossover_prob=-0.1)),
        ("use_child_gene_prob", lambda: SBXCrossover(use_child_gene_prob=0.0)),
        ("epsilon", lambda: SPXCrossover(float("nan"))),
        ("sigma_xi", lambda: UNDXCrossover(-0.5)),
        ("eta", lambda: PolynomialMutation(-1.0)),
    ],
)
def test_bad_options_are_refused(argument: str, make: type) -> None:
    with pytest.raises(InvalidArgument, match=argument):
        make()


def test_they_print_by_name() -> None:
    assert str(SPXCrossover()) == "SPXCrossover"
    assert str(PolynomialMutation()) == "PolynomialMutation"
