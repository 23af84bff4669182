"""A script for Optuna Dashboard changes its import lines and runs: names, arguments, defaults."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import trimtab
from trimtab import dashboard, preferential

theirs: Any = pytest.importorskip("optuna_dashboard", reason="the names to have (extra dev)")
their_preferential: Any = pytest.importorskip("optuna_dashboard.preferential")

ELSEWHERE = {"wsgi"}
"""What has another name; docs/how-to/from-optuna-dashboard.md says which."""

ARGUMENTS = {
    "run_server": {"artifact_backend", "host", "llm_provider"},
    "dict_to_form_widget": {"d"},
}
"""Arguments that ours do not have, or that are meant to differ."""


def public(module: Any) -> set[str]:
    return {
        name
        for name, found in vars(module).items()
        if not name.startswith("_") and (inspect.isclass(found) or inspect.isfunction(found))
    }


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    }


@pytest.mark.parametrize("name", sorted(public(theirs) - ELSEWHERE))
def test_names_and_arguments(name: str) -> None:
    same(getattr(theirs, name), getattr(dashboard, name), ARGUMENTS.get(name, set()))


@pytest.mark.parametrize("name", ["create_study", "load_study"])
def test_comparisons(name: str) -> None:
    same(getattr(their_preferential, name), getattr(preferential, name), set())


@pytest.mark.parametrize("name", sorted(public(their_preferential.PreferentialStudy)))
def test_methods_of_a_study_of_comparisons(name: str) -> None:
    method = getattr(preferential.PreferentialStudy, name)
    same(getattr(their_preferential.PreferentialStudy, name), method, set())


def same(one: Callable[..., Any], ours: Callable[..., Any], left_out: set[str]) -> None:
    given = arguments(ours)
    for argument, default in arguments(one).items():
        if argument in left_out:
            continue
        assert argument in given
        if default is not inspect.Parameter.empty:
            assert given[argument] == default


def test_widgets_and_their_dictionaries() -> None:
    study = trimtab.create_study(directions=["minimize"] * 4)
    every: dict[str, dict[str, Any]] = {
        "ChoiceWidget": {"choices": ["a"], "values": [1.0]},
        "SliderWidget": {"min": 1.0, "max": 2.0, "labels": [(1.0, "low")], "step": 0.5},
        "TextInputWidget": {"description": "why?"},
        "ObjectiveUserAttrRef": {"key": "k"},
    }
    for kind, fields in every.items():
        widget = getattr(dashboard, kind)(**fields)
        assert widget.to_dict() == getattr(theirs, kind)(**fields).to_dict()
        assert dashboard.dict_to_form_widget(widget.to_dict()) == widget
    widgets = [theirs.ChoiceWidget(["a"], [1.0]).to_dict()] * 4
    dashboard.register_objective_form_widgets(study, widgets)
    form = dashboard.load_form(study)
    assert form is not None
    assert form.widgets == (dashboard.ChoiceWidget(["a"], [1.0]),) * 4
