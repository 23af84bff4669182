"""Forms: what can be asked, how it is kept, and what is refused."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import trimtab
from trimtab.dashboard import (
    ChoiceWidget,
    Form,
    ObjectiveChoiceWidget,
    ObjectiveUserAttrRef,
    SliderWidget,
    TextInputWidget,
    Widget,
    get_note,
    load_form,
    register_objective_form_widgets,
    register_user_attr_form_widgets,
    save_note,
    set_objective_names,
)
from trimtab.dashboard.artifact import get_artifact_path
from trimtab.dashboard.widgets import KEY, dict_to_form_widget
from trimtab.migrate.dashboard import WIDGETS

texts = st.none() | st.text(max_size=20)
keys = st.none() | st.text("abc/_", min_size=1, max_size=9)
numbers = st.floats(-1e6, 1e6)
choices = st.lists(st.tuples(st.text(max_size=9), numbers), min_size=1).flatmap(
    lambda pairs: st.builds(
        ChoiceWidget,
        st.just([label for label, _ in pairs]),
        st.just([value for _, value in pairs]),
        texts,
        keys,
    )
)
sliders = st.builds(
    SliderWidget,
    st.floats(-10, 0),
    st.floats(1, 10),
    st.none() | st.floats(0.01, 1),
    st.none() | st.lists(st.tuples(st.floats(0, 1), st.text(max_size=9))),
    texts,
    keys,
)
inputs = st.builds(TextInputWidget, texts, keys, st.booleans())
references = st.builds(ObjectiveUserAttrRef, st.text("abc/_", min_size=1, max_size=9))


@settings(max_examples=100)
@given(choices | sliders | inputs | references)
def test_widgets_round_trip(widget: Widget) -> None:
    data = json.loads(json.dumps(widget.to_dict()))
    assert dict_to_form_widget(data) == widget
    form = Form("objective", (widget, widget))
    assert Form.from_json(json.loads(json.dumps(form.to_json()))) == form
    assert hash(form) == hash(Form("objective", (widget, widget)))


@pytest.mark.parametrize(
    ("kind", "arguments", "argument"),
    [
        (ChoiceWidget, {"choices": [], "values": []}, "choices"),
        (ChoiceWidget, {"choices": ["a"], "values": [1, 2]}, "values"),
        (ChoiceWidget, {"choices": ["a"], "values": [math.nan]}, "values"),
        (ChoiceWidget, {"choices": ["a"], "values": ["1"]}, "values"),
        (ChoiceWidget, {"choices": "ab", "values": [1, 2]}, "choices"),
        (ChoiceWidget, {"choices": [1], "values": [1]}, "choices"),
        (ChoiceWidget, {"choices": ["a"], "values": 1}, "values"),
        (ChoiceWidget, {"choices": ["a"], "values": [1], "description": 1}, "description"),
        (ChoiceWidget, {"choices": ["a"], "values": [1], "user_attr_key": ""}, "user_attr_key"),
        (SliderWidget, {"min": 1, "max": 1}, "max"),
        (SliderWidget, {"min": 0, "max": math.inf}, "max"),
        (SliderWidget, {"min": None, "max": 1}, "min"),
        (SliderWidget, {"min": 0, "max": 1, "step": 0}, "step"),
        (SliderWidget, {"min": 0, "max": 1, "step": 2}, "step"),
        (SliderWidget, {"min": 0, "max": 1, "labels": [(2, "x")]}, "labels"),
        (SliderWidget, {"min": 0, "max": 1, "labels": [(0, 1)]}, "labels"),
        (SliderWidget, {"min": 0, "max": 1, "labels": [1]}, "labels"),
        (TextInputWidget, {"optional": "yes"}, "optional"),
        (ObjectiveUserAttrRef, {"key": ""}, "key"),
        (ObjectiveUserAttrRef, {"key": None}, "key"),
    ],
)
def test_impossible_widgets(kind: Any, arguments: dict[str, Any], argument: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"`{argument}`"):
        kind(**arguments)


@pytest.mark.parametrize(
    "data",
    [{}, {"type": "other"}, {"type": "choice"}, {"type": "text", "more": 1}, [], None],
)
def test_what_is_no_widget(data: Any) -> None:
    with pytest.raises(ValueError, match="widget"):
        dict_to_form_widget(data)


@pytest.mark.parametrize("data", [{}, {"output_type": "x", "widgets": []}, {"widgets": 1}, 1])
def test_what_is_no_form(data: Any) -> None:
    with pytest.raises(ValueError, match=r"form|output_type"):
        Form.from_json(data)


def test_a_form_for_objectives() -> None:
    study = trimtab.create_study(directions=["minimize", "maximize"])
    assert load_form(study) is None
    widgets: list[Widget] = [
        ObjectiveChoiceWidget(["Good 👍", "Bad 👎"], [-1, 1], description="Well?"),
        ObjectiveUserAttrRef("flops"),
    ]
    register_objective_form_widgets(study, widgets)
    assert load_form(study) == Form("objective", tuple(widgets))
    register_objective_form_widgets(study, widgets=[SliderWidget(0, 1), TextInputWidget()])
    form = load_form(study)
    assert form is not None
    assert form.widgets == (SliderWidget(0, 1), TextInputWidget())


def test_forms_for_objectives_that_are_refused() -> None:
    study = trimtab.create_study()
    with pytest.raises(ValueError, match="1 widgets, one per objective"):
        register_objective_form_widgets(study, [])
    with pytest.raises(ValueError, match="optional"):
        register_objective_form_widgets(study, [TextInputWidget(optional=True)])
    with pytest.raises(TypeError, match="widgets"):
        register_objective_form_widgets(study, ["Good"])  # type: ignore[list-item]  # wrong on purpose
    assert load_form(study) is None
    with pytest.warns(UserWarning, match="user_attr_key"):
        register_objective_form_widgets(study, [SliderWidget(0, 1, user_attr_key="x")])
    assert load_form(study) is not None


def test_a_form_for_user_attributes() -> None:
    study = trimtab.create_study()
    widgets: list[Widget] = [
        TextInputWidget(user_attr_key="why"),
        SliderWidget(0, 1, user_attr_key="how"),
    ]
    register_user_attr_form_widgets(study, widgets)
    assert load_form(study) == Form("user_attr", tuple(widgets))
    refused: list[tuple[list[Widget], str]] = [
        ([ObjectiveUserAttrRef("x")], "ObjectiveUserAttrRef"),
        ([TextInputWidget()], "user_attr_key"),
        ([widgets[0], widgets[0]], "of its own"),
    ]
    for bad, word in refused:
        with pytest.raises(ValueError, match=word):
            register_user_attr_form_widgets(study, bad)


def test_the_form_is_kept_where_imported_ones_are() -> None:
    assert KEY == WIDGETS


def test_names_that_optuna_dashboard_has() -> None:
    study = trimtab.create_study()
    with pytest.warns(FutureWarning, match="set_metric_names"):
        set_objective_names(study, ["loss"])
    assert study.metric_names == ["loss"]
    trial = study.ask()
    save_note(trial, "# Note")
    assert get_note(trial) == "# Note"
    assert get_note(study.trials[0]) == "# Note"
    assert get_artifact_path(trial, "ab-1") == f"/artifacts/{study.study_id}/0/ab-1"
