"""How much people like each trial: figure, table and gallery say the same."""

from typing import Any

import pytest

from trimtab.preferential import PreferentialStudy, create_study
from trimtab.preferential.utilities import utilities_of
from trimtab.query import Fields, UnknownField, default_columns, page
from trimtab.samplers import PreferentialSampler
from trimtab.study import create_study as create_plain_study
from trimtab.visualization import plot_utilities


def compared() -> PreferentialStudy:
    study = create_study(3, study_name="liked", sampler=PreferentialSampler(seed=0))
    for _ in range(4):
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        study.mark_comparison_ready(trial)
    study.judge([0, 1, 2], 1)
    study.report_preference(2, 0)
    return study


def test_nothing_was_compared_yet() -> None:
    figure = plot_utilities(create_study(2))
    assert "Nothing was compared yet." in figure.to_json()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_trial_with_its_uncertainty(theme: Any) -> None:
    study = compared()
    marks, best = plot_utilities(study, theme=theme).data
    found = utilities_of(study.history)
    assert list(marks.x) == [0, 1, 2, 3]
    assert list(marks.y) == [found[number].mean for number in range(4)]
    assert list(marks.error_y.array) == [found[number].deviation for number in range(4)]
    assert found[2].mean > found[0].mean > found[1].mean
    assert found[3].deviation > found[2].deviation  # nobody judged it
    assert max(best.y) == found[2].mean
    assert "agrees with 3 of 3 judged pairs" in plot_utilities(study).to_json()


def test_the_table_has_utilities() -> None:
    study = compared()
    fields = Fields(study.history, study)
    columns = ["number", "state", "utility", "wins", "losses", "params.x"]
    assert default_columns(fields) == columns
    found = page(study.history, study, sort="utility", descending=True, where="wins > 0")
    assert found.numbers == (2, 0)
    assert [(row["wins"], row["losses"]) for row in found.rows] == [(2, 0), (1, 1)]
    assert found.rows[0]["utility"] == study.utilities[2]


def test_other_studies_have_none() -> None:
    study = create_plain_study()
    with pytest.raises(UnknownField):
        page(study.history, study, sort="utility")


def test_they_are_found_once_and_again_after_a_judgement() -> None:
    study = compared()
    first = utilities_of(study.history)
    assert utilities_of(study.history) is first
    study.undo()
    assert utilities_of(study.history) is not first
