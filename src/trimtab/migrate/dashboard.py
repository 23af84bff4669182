"""What Optuna Dashboard keeps of a study: notes, forms, files, figures and comparisons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from trimtab.artifacts.figures import MAX_FIGURES, figure_to_text, is_figure_id
from trimtab.artifacts.figures import PREFIX as FIGURE
from trimtab.artifacts.meta import PREFIX as ARTIFACT
from trimtab.artifacts.meta import ArtifactMeta
from trimtab.artifacts.notes import KEY as NOTE
from trimtab.artifacts.notes import Note
from trimtab.migrate.comparisons import Comparisons

WIDGETS: Final = "dashboard:form_widgets"
"""The system attribute of a study that holds its form; see `trimtab.dashboard`."""

_FORMS: Final = (
    "dashboard:form_widgets:v2",
    "dashboard:objective_form_widgets:v1",
    "dashboard:objective_form_widgets",
)
"""Where versions of it kept a form, the newest first."""


class DashboardAttributes:
    """Takes apart the system attributes of a study.

    Args:
        attrs: As they were read.
        problems: Gets what is not as it was, in words.

    Attributes:
        study: System attributes that the study has here.
        trials: Those of its trials, by their keys there.
        comparisons: What people said in a study of comparisons.
        rest: What is not the dashboard's.
    """

    def __init__(self, attrs: Mapping[str, Any], problems: list[str]) -> None:
        self.study: dict[str, Any] = {}
        self.trials: dict[int, dict[str, Any]] = {}
        self.comparisons = Comparisons()
        self.rest: dict[str, Any] = {}
        notes: dict[str, dict[str, Any]] = {}
        figures: dict[str, dict[int, str]] = {}
        for key, value in attrs.items():
            match key.split(":"):
                case ["artifacts", _]:
                    read_artifact(key, value, self.study, problems)
                case ["dashboard", "artifacts", trial, name]:
                    read_artifact(ARTIFACT + name, value, self._of_trial(trial), problems)
                case ["dashboard", "note_ver"]:
                    notes.setdefault("", {})["version"] = value
                case ["dashboard", "note_str", part]:
                    notes.setdefault("", {})[part] = value
                case ["dashboard", trial, "note_ver"]:
                    notes.setdefault(trial, {})["version"] = value
                case ["dashboard", trial, "note_str", part]:
                    notes.setdefault(trial, {})[part] = value
                case ["dashboard", "plot_data", _, *_, part] if part.isdecimal():
                    name = key.split(":", 2)[2].rpartition(":")[0]
                    figures.setdefault(name, {})[int(part)] = str(value)
                case ["preference", _, *_] if self.comparisons.read(key, value, problems):
                    pass
                case _ if key not in _FORMS:
                    self.rest[key] = value
        for trial, parts in notes.items():
            _read_note(parts, self._of_trial(trial) if trial else self.study)
        for name, chunks in figures.items():
            self._read_figure(name, "".join(chunks[i] for i in sorted(chunks)), problems)
        self._read_form(attrs)
        self.study.update(self.comparisons.study_attrs)

    def _of_trial(self, key: str) -> dict[str, Any]:
        return self.trials.setdefault(int(key) if key.isdecimal() else -1, {})

    def _read_figure(self, name: str, text: str, problems: list[str]) -> None:
        kept = name if is_figure_id(name) else _figure_id(name)
        try:
            content = figure_to_text(json.loads(text))
        except (TypeError, ValueError) as error:
            problems.append(f"the saved figure {name!r} was left out: {error}")
            return
        if sum(key.startswith(FIGURE) for key in self.study) == MAX_FIGURES:
            problems.append(f"the saved figure {name!r} was left out: {MAX_FIGURES} are kept")
            return
        self.study[FIGURE + kept] = content
        if kept != name:
            problems.append(f"the saved figure {name!r} became {kept!r}")

    def _read_form(self, attrs: Mapping[str, Any]) -> None:
        found = next(((key, attrs[key]) for key in _FORMS if attrs.get(key) is not None), None)
        if found is None:
            return
        key, form = found
        if key != _FORMS[0]:
            widgets = json.loads(form) if isinstance(form, str) else form
            form = {"output_type": "objective", "widgets": widgets}
        self.study[WIDGETS] = {**form, "widgets": [_widget(widget) for widget in form["widgets"]]}


def read_artifact(key: str, value: Any, out: dict[str, Any], problems: list[str]) -> None:
    """Put the description of an artifact into ``out``, unless it was removed."""
    try:
        described = json.loads(value)
        if described is not None:
            out[key] = ArtifactMeta.from_json(described).to_json()
    except (TypeError, ValueError) as error:
        problems.append(f"the artifact {key!r} is not described and was left out: {error}")


def _read_note(parts: dict[str, Any], out: dict[str, Any]) -> None:
    version = parts.pop("version", 1)
    body = "".join(str(parts[part]) for part in sorted(parts, key=int))
    if body:
        out[NOTE] = Note(body.replace("\0", ""), int(version)).to_json()


def _widget(widget: Mapping[str, Any]) -> dict[str, Any]:
    """A widget without the labels that its slider never showed, as they stand beside it."""
    out = dict(widget)
    if out.get("type") == "slider" and out.get("labels"):
        out["labels"] = [m for m in out["labels"] if out["min"] <= m["value"] <= out["max"]]
    return out


def _figure_id(name: str) -> str:
    """A name that a figure may have here, like one that it may not."""
    like = "".join(c if c.isascii() and (c.isalnum() or c in "_.:-") else "_" for c in name)
    return f"figure-{like}"[:64]
