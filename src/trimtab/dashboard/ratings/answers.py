"""What may be answered to a form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from trimtab.dashboard.widgets import (
    ChoiceWidget,
    Form,
    ObjectiveUserAttrRef,
    OutputType,
    SliderWidget,
    TextInputWidget,
    Widget,
)
from trimtab.errors import InvalidArgument, InvalidType

Answer: TypeAlias = float | str

_STEP_TOLERANCE: Final = 1e-6
"""Of a step: how far from one of its multiples a slider's answer may be."""


def check_answers(
    form: Form, answers: Sequence[Answer | None], user_attrs: Mapping[str, Any]
) -> tuple[Answer, ...]:
    """The answers as they are kept.

    Args:
        form: What was asked.
        answers: One per widget: a choice's value, a number in the slider's range and on its steps,
            a text, which is a number where an objective is asked for. What stands in the place of
            an `ObjectiveUserAttrRef` is not looked at.
        user_attrs: Of the trial.

    Raises:
        InvalidArgument: If there are more or fewer, or one is impossible; it names the widget.
        InvalidType: If one is of the wrong type.
    """
    if isinstance(answers, (str, bytes)) or not isinstance(answers, Sequence):
        raise InvalidType("answers", "a sequence of answers", answers)
    if len(answers) != len(form.widgets):
        raise InvalidArgument("answers", f"{len(form.widgets)} answers, one per widget", answers)
    return tuple(
        _check_answer(form, index, widget, answer, user_attrs)
        for index, (widget, answer) in enumerate(zip(form.widgets, answers, strict=True))
    )


def _check_answer(
    form: Form, index: int, widget: Widget, answer: Any, user_attrs: Mapping[str, Any]
) -> Answer:
    argument = f"answers[{index}]"
    if isinstance(widget, ObjectiveUserAttrRef):
        given = user_attrs.get(widget.key)
        number = _number_or_none(given)
        if number is None:
            expected = f"the user attribute {widget.key!r} to be a finite number"
            raise InvalidArgument(argument, expected, given)
        return number
    asked = f" for {widget.description!r}" if widget.description else ""
    if isinstance(widget, TextInputWidget):
        return _check_text(argument, asked, widget, answer, form.output_type)
    number = _number_or_none(answer)
    if isinstance(widget, ChoiceWidget):
        if number is None or number not in widget.values:
            choices = ", ".join(f"{value:g}" for value in widget.values)
            raise InvalidArgument(argument, f"one of {choices}{asked}", answer)
        return number
    return _check_slider(argument, asked, widget, number, answer)


def _check_text(
    argument: str, asked: str, widget: TextInputWidget, answer: Any, output_type: OutputType
) -> Answer:
    if output_type == "objective":
        number = _number_or_none(answer)
        if number is None:
            raise InvalidArgument(argument, f"a finite number{asked}", answer)
        return number
    if answer is None and widget.optional:
        return ""
    if not isinstance(answer, str):
        raise InvalidType(argument, f"a text{asked}", answer)
    if not answer.strip() and not widget.optional:
        raise InvalidArgument(argument, f"a text that is not empty{asked}", answer)
    return answer


def _check_slider(
    argument: str, asked: str, widget: SliderWidget, number: float | None, answer: Any
) -> float:
    if number is None or not widget.min <= number <= widget.max:
        raise InvalidArgument(
            argument, f"a number in [{widget.min:g}, {widget.max:g}]{asked}", answer
        )
    if widget.step is not None:
        steps = (number - widget.min) / widget.step
        if abs(steps - round(steps)) > _STEP_TOLERANCE:
            expected = f"{widget.min:g} plus a multiple of {widget.step:g}{asked}"
            raise InvalidArgument(argument, expected, answer)
    return number


def _number_or_none(value: Any) -> float | None:
    """A finite number, also one that is written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or "_" in str(value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
