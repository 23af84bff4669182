"""The form by which people rate a trial: what it asks, and where the answer goes.

A widget is a frozen value with a JSON form, kept with the study; Optuna Dashboard's is the same,
so that an imported study keeps its form.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias, get_args

from trimtab.artifacts.owner import SystemAttributes, read_attributes
from trimtab.errors import InvalidArgument, InvalidType
from trimtab.records import as_float
from trimtab.space import check_name

if TYPE_CHECKING:
    from trimtab.study import Study

KEY: Final = "dashboard:form_widgets"
"""The system attribute of a study that holds what `Form.to_json` wrote."""


@dataclass(frozen=True, slots=True)
class ChoiceWidget:
    """Buttons of which one is pressed.

    Attributes:
        choices: What stands on them, at least one.
        values: What each one means: finite numbers, as many.
        description: What is asked, or None.
        user_attr_key: Where `register_user_attr_form_widgets` puts the answer.

    Raises:
        InvalidArgument: If there is no choice, the numbers differ, or a value is not finite.
        InvalidType: If a choice is no string or a value no number.
    """

    type: ClassVar = "choice"

    choices: Sequence[str]
    values: Sequence[float]
    description: str | None = None
    user_attr_key: str | None = None

    def __post_init__(self) -> None:
        choices = tuple(_texts("choices", self.choices))
        values = tuple(_finite("values", value) for value in _items("values", self.values))
        if not choices:
            raise InvalidArgument("choices", "at least one choice", self.choices)
        if len(values) != len(choices):
            raise InvalidArgument("values", f"{len(choices)} values, one per choice", self.values)
        object.__setattr__(self, "choices", choices)
        object.__setattr__(self, "values", values)
        _check_common(self.description, self.user_attr_key)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that `dict_to_form_widget` reads."""
        return {
            "type": self.type,
            "description": self.description,
            "choices": list(self.choices),
            "values": list(self.values),
            "user_attr_key": self.user_attr_key,
        }


@dataclass(frozen=True, slots=True)
class SliderWidget:
    """A number between two ends.

    Attributes:
        min: The lower end, finite.
        max: The upper end, finite, above ``min``.
        step: Distance between the numbers that can be chosen, counted from ``min``; None: any.
        labels: Words under some of the numbers, as (number, word), or None.
        description: What is asked, or None.
        user_attr_key: Where `register_user_attr_form_widgets` puts the answer.

    Raises:
        InvalidArgument: If the ends are reversed, the step is not between 0 and their distance,
            or a label stands outside them.
        InvalidType: If a number is none, or a word no string.
    """

    type: ClassVar = "slider"

    min: float
    max: float
    step: float | None = None
    labels: Sequence[tuple[float, str]] | None = None
    description: str | None = None
    user_attr_key: str | None = None

    def __post_init__(self) -> None:
        low, high = _finite("min", self.min), _finite("max", self.max)
        if not low < high:
            raise InvalidArgument("max", f"a number above `min`={low}", self.max)
        object.__setattr__(self, "min", low)
        object.__setattr__(self, "max", high)
        if self.step is not None:
            step = _finite("step", self.step)
            if not 0 < step <= high - low:
                raise InvalidArgument("step", f"a number above 0, at most {high - low}", self.step)
            object.__setattr__(self, "step", step)
        if self.labels is not None:
            labels = tuple(self._label(label) for label in _items("labels", self.labels))
            object.__setattr__(self, "labels", labels)
        _check_common(self.description, self.user_attr_key)

    def _label(self, label: Any) -> tuple[float, str]:
        try:
            number, word = label
        except (TypeError, ValueError) as error:
            raise InvalidArgument("labels", "pairs of a number and a word", label) from error
        number = _finite("labels", number)
        if not self.min <= number <= self.max:
            raise InvalidArgument("labels", f"numbers in [{self.min}, {self.max}]", number)
        (word,) = _texts("labels", [word])
        return number, word

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that `dict_to_form_widget` reads."""
        labels = None
        if self.labels is not None:
            labels = [{"value": number, "label": word} for number, word in self.labels]
        return {
            "type": self.type,
            "description": self.description,
            "min": self.min,
            "max": self.max,
            "step": self.step,
            "labels": labels,
            "user_attr_key": self.user_attr_key,
        }


@dataclass(frozen=True, slots=True)
class TextInputWidget:
    """A line of text; a number, where an objective is asked for.

    Attributes:
        description: What is asked, or None.
        user_attr_key: Where `register_user_attr_form_widgets` puts the answer.
        optional: Whether it may be left empty.
    """

    type: ClassVar = "text"

    description: str | None = None
    user_attr_key: str | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        _check_common(self.description, self.user_attr_key)
        if not isinstance(self.optional, bool):
            raise InvalidType("optional", "True or False", self.optional)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that `dict_to_form_widget` reads."""
        return {
            "type": self.type,
            "description": self.description,
            "user_attr_key": self.user_attr_key,
            "optional": self.optional,
        }


@dataclass(frozen=True, slots=True)
class ObjectiveUserAttrRef:
    """Asks nothing: the objective is what the trial has as a user attribute.

    Attributes:
        key: Of the user attribute.
    """

    type: ClassVar = "user_attr"

    key: str

    def __post_init__(self) -> None:
        check_name("key", self.key)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that `dict_to_form_widget` reads."""
        return {"type": self.type, "key": self.key}


Widget: TypeAlias = ChoiceWidget | SliderWidget | TextInputWidget | ObjectiveUserAttrRef
OutputType: TypeAlias = Literal["objective", "user_attr"]

_BY_TYPE: Final[Mapping[str, Any]] = {widget.type: widget for widget in get_args(Widget)}


def dict_to_form_widget(data: Mapping[str, Any]) -> Widget:
    """The widget that ``to_dict`` made.

    Raises:
        InvalidArgument: If ``data`` describes none.
    """
    try:
        fields = dict(data)
        kind = _BY_TYPE[fields.pop("type")]
        if fields.get("labels") is not None:
            fields["labels"] = [(label["value"], label["label"]) for label in fields["labels"]]
        widget: Widget = kind(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidArgument("widget", "the JSON of a widget", data) from error
    return widget


@dataclass(frozen=True, slots=True)
class Form:
    """What people are asked about each trial of a study.

    Attributes:
        output_type: ``"objective"``: the answers, one per objective, end the trial;
            ``"user_attr"``: they become user attributes.
        widgets: In the order in which they are shown.
        n_ratings: How many people are to answer, at least 1, before the answers end a trial.
    """

    output_type: OutputType
    widgets: tuple[Widget, ...]
    n_ratings: int = 1

    def __post_init__(self) -> None:
        if self.output_type not in get_args(OutputType):
            raise InvalidArgument("output_type", "'objective' or 'user_attr'", self.output_type)
        for widget in self.widgets:
            if not isinstance(widget, Widget):
                raise InvalidType("widgets", "widgets", widget)
        if isinstance(self.n_ratings, bool) or not isinstance(self.n_ratings, int):
            raise InvalidType("n_ratings", "an integer", self.n_ratings)
        if self.n_ratings < 1:
            raise InvalidArgument("n_ratings", "at least 1", self.n_ratings)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads."""
        return {
            "output_type": self.output_type,
            "widgets": [widget.to_dict() for widget in self.widgets],
            "n_ratings": self.n_ratings,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Form:
        """What `to_json` wrote.

        Raises:
            InvalidArgument: If ``data`` is no form.
        """
        try:
            widgets = tuple(map(dict_to_form_widget, data["widgets"]))
            # Optuna Dashboard's forms do not say how many.
            return cls(data["output_type"], widgets, data.get("n_ratings", 1))
        except (AttributeError, KeyError, TypeError) as error:
            raise InvalidArgument("form", "the JSON of a form", data) from error


def register_objective_form_widgets(
    study: Study, widgets: Sequence[Widget | Mapping[str, Any]], *, n_ratings: int = 1
) -> None:
    """Ask people for the objectives: what they answer is told as the trial's values.

    Replaces the form that the study had.

    Args:
        study: Whose trials are rated.
        widgets: One per objective, in the order of its directions; also as their dictionaries.
        n_ratings: How many people are to rate each trial, at least 1. From two on its values are
            the means of what they said, with standard errors, which samplers heed.

    Raises:
        InvalidArgument: If there are more or fewer, one may be left empty, or ``n_ratings`` is
            below 1.
        InvalidType: If one is no widget, or ``n_ratings`` no integer.

    A ``user_attr_key`` has no meaning here; one that is set is warned of.
    """
    form = Form("objective", _widgets(widgets), n_ratings)
    n_objectives = len(study.directions)
    if len(form.widgets) != n_objectives:
        raise InvalidArgument("widgets", f"{n_objectives} widgets, one per objective", widgets)
    if any(isinstance(w, TextInputWidget) and w.optional for w in form.widgets):
        raise InvalidArgument("widgets", "widgets that must be filled in (optional=False)", widgets)
    if any(getattr(widget, "user_attr_key", None) is not None for widget in form.widgets):
        warnings.warn(
            "`user_attr_key` is set, but objectives are asked for: it will not be used.",
            UserWarning,
            stacklevel=2,
        )
    _save(study, form)
    # Fewer may be wanted now than before.
    from trimtab.dashboard.ratings import settle_all

    settle_all(study.storage, study.study_id)


def register_user_attr_form_widgets(
    study: Study, widgets: Sequence[Widget | Mapping[str, Any]]
) -> None:
    """Ask people for user attributes of a trial, which goes on running.

    Replaces the form that the study had.

    Args:
        study: Whose trials are asked about.
        widgets: Each with a ``user_attr_key`` of its own; also as their dictionaries.

    Raises:
        InvalidArgument: If a key is missing or stands twice, or on an `ObjectiveUserAttrRef`.
        InvalidType: If one is no widget.
    """
    form = Form("user_attr", _widgets(widgets))
    keys = []
    for widget in form.widgets:
        if isinstance(widget, ObjectiveUserAttrRef):
            raise InvalidArgument("widgets", "no ObjectiveUserAttrRef, which asks nothing", widget)
        if widget.user_attr_key is None:
            raise InvalidArgument("user_attr_key", "a key for each widget", None)
        keys.append(widget.user_attr_key)
    if len(set(keys)) != len(keys):
        raise InvalidArgument("user_attr_key", "a key of its own for each widget", keys)
    _save(study, form)


def load_form(study: Study) -> Form | None:
    """The form that was registered for a study, or None."""
    data = read_attributes(study).get(KEY)
    return None if data is None else Form.from_json(data)


def set_objective_names(study: Study, names: Sequence[str]) -> None:
    """Deprecated name of ``study.set_metric_names(names)``."""
    warnings.warn(
        "`set_objective_names` is deprecated; use `study.set_metric_names`.",
        FutureWarning,
        stacklevel=2,
    )
    study.set_metric_names(names)


def _save(study: Study, form: Form) -> None:
    SystemAttributes.of(study).write({KEY: form.to_json()})


def _widgets(widgets: Sequence[Widget | Mapping[str, Any]]) -> tuple[Widget, ...]:
    given = _items("widgets", widgets)
    return tuple(dict_to_form_widget(w) if isinstance(w, Mapping) else w for w in given)


def _items(argument: str, items: Any) -> list[Any]:
    if isinstance(items, (str, bytes, Mapping)):
        raise InvalidType(argument, "a sequence", items)
    try:
        return list(items)
    except TypeError as error:
        raise InvalidType(argument, "a sequence", items) from error


def _texts(argument: str, items: Any) -> list[str]:
    texts = _items(argument, items)
    for text in texts:
        if not isinstance(text, str):
            raise InvalidType(argument, "strings", text)
    return texts


def _finite(argument: str, value: Any) -> float:
    number = as_float(argument, value)
    if not math.isfinite(number):
        raise InvalidArgument(argument, "a finite number", value)
    return number


def _check_common(description: Any, user_attr_key: Any) -> None:
    if description is not None and not isinstance(description, str):
        raise InvalidType("description", "a string or None", description)
    if user_attr_key is not None:
        check_name("user_attr_key", user_attr_key)
