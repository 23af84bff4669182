"""The figure of who beat whom."""

from typing import Any

import pytest

from trimtab.preferential import PreferentialStudy, create_study
from trimtab.samplers import RandomSampler
from trimtab.visualization import plot_preference_graph


def study_of(n: int) -> PreferentialStudy:
    study = create_study(2, sampler=RandomSampler(seed=0))
    for _ in range(n):
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        study.mark_comparison_ready(trial)
    return study


def arrows(figure: Any) -> list[tuple[str, int]]:
    """Colour and number of the arrows of each trace."""
    return [(t.line.color, len(t.x) // 3) for t in figure.data if t.mode == "lines+markers"]


def test_an_empty_study_says_so() -> None:
    figure = plot_preference_graph(create_study(2))
    assert "Nothing was compared yet" in figure.layout.annotations[0].text
    assert len(figure.data) == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_winners_stand_above_losers(theme: Any) -> None:
    study = study_of(4)
    study.report_preference(2, [0, 1])
    study.report_preference(0, 1)
    figure = plot_preference_graph(study, theme=theme)
    nodes = figure.data[-1]
    height = dict(zip(nodes.customdata.tolist(), nodes.y, strict=True))
    assert height == {2: 0.0, 0: -1.0, 1: -2.0}  # 3 was not compared
    assert [count for _, count in arrows(figure)] == [2]  # 2 over 1 follows from the others
    assert figure.layout.meta["notes"] == ["pairs that follow from others are not drawn"]
    assert "beat: 2" in nodes.hovertext[0]


def test_contradictions_are_named_and_drawn_apart() -> None:
    study = study_of(4)
    for better, worse in [(0, 1), (1, 2), (2, 0), (3, 0)]:
        study.report_preference(better, worse)
    figure = plot_preference_graph(study)
    assert "contradictions: 0–1–2" in figure.layout.meta["notes"]
    (plain, one), (accent, three) = arrows(figure)
    assert (one, three) == (1, 3)
    assert plain != accent


def test_many_trials_are_cut_to_the_best() -> None:
    study = study_of(80)
    for number in range(79):
        study.report_preference(number + 1, number)
    figure = plot_preference_graph(study)
    assert figure.data[-1].customdata.tolist() == list(range(79, 19, -1))
    assert "showing 60 of 80 trials" in figure.layout.meta["notes"]


def test_only_svg_traces() -> None:
    study = study_of(3)
    study.report_preference(0, [1, 2])
    assert {trace.type for trace in plot_preference_graph(study).data} == {"scatter"}
