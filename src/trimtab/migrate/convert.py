"""Turns a study of Optuna's into one of ours, and lists what had to change."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.artifacts.meta import PREFIX as ARTIFACT
from trimtab.artifacts.notes import KEY as NOTE
from trimtab.errors import IncompatibleDistribution
from trimtab.migrate.dashboard import DashboardAttributes, read_artifact
from trimtab.migrate.links import Links
from trimtab.migrate.raw import RawStudy, RawTrial
from trimtab.records import VALUE, FrozenTrial, Report, StudyDirection, TrialState
from trimtab.space import (
    MAX_NAME,
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    Internal,
    Space,
    check_compatible,
    from_optuna,
)

FOREIGN = "optuna:"
"""Prefix of system attributes that mean nothing here, kept so that nothing is lost."""

FIXED_PARAMS = "fixed_params"
"""The system attribute with the parameters of a trial that was enqueued; ours is the same."""


def distribution_from_optuna(text: str) -> Distribution:
    """A distribution from Optuna's JSON, of any version.

    Raises:
        ValueError: If it is none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return from_optuna(json.loads(text))


class Converter:
    """Converts one study.

    Args:
        study: What was read of it.

    Attributes:
        directions: One per objective.
        metric_names: One per objective, or None.
        user_attrs: Of the study.
        system_attrs: Of the study.
        problems: What is not as it was, in words; grows with every trial.
    """

    def __init__(self, study: RawStudy) -> None:
        self.problems = list(study.problems)
        self._distributions: dict[str, Distribution | None] = {}
        self._spaces: dict[tuple[tuple[str, int], ...], Space] = {}
        self._known: dict[str, Distribution] = {}
        self._names: dict[str, str] = {}
        self._links = Links()
        self.directions = tuple(self._direction(name) for name in study.directions)
        self.metric_names: tuple[str, ...] | None = None
        self.user_attrs = {
            self._name(key): value
            for key, value in study.user_attrs.items()
            if not self._is_null(key, value)
        }
        self._dashboard = DashboardAttributes(self._named(study.system_attrs), self.problems)
        self.system_attrs = {
            **self._dashboard.study,
            **{
                self._name(FOREIGN + key): value
                for key, value in self._dashboard.rest.items()
                if value is not None
            },
        }
        self._links.add(None, self.system_attrs)

    # ------------------------------------------------------------------ the study

    def _direction(self, name: str) -> StudyDirection:
        if name == "NOT_SET":
            self.problems.append("the study had no direction; it is taken to minimize")
            return StudyDirection.MINIMIZE
        return StudyDirection[name]

    def _is_null(self, key: str, value: Any) -> bool:
        if value is None:
            self.problems.append(f"study attribute {key!r} was None and was left out")
        return value is None

    def _named(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes but for the names of the objectives, which are taken in."""
        rest = dict(attrs)
        found = [rest.pop("study:metric_names", None), rest.pop("dashboard:objective_names", None)]
        names = found[0] or found[1]
        if names is not None and len(names) == len(self.directions):
            self.metric_names = tuple(self._name(str(name)) for name in names)
        return rest

    def late_attrs(self, study_id: int) -> Iterator[tuple[int | None, dict[str, Any]]]:
        """System attributes that need all trials to be converted before.

        They are the notes that link to artifacts, any note to any of them, with links that lead to
        them here; and what people said when they compared trials.

        Args:
            study_id: Of the study here.

        Yields:
            Trials by number, None for the study, each with the system attributes that change.
        """
        for number, note in self._links.notes(study_id):
            yield number, {NOTE: note.to_json()}
        yield from self._dashboard.comparisons.judgements(self.problems)

    # ------------------------------------------------------------------ a trial

    def trial(self, raw: RawTrial, number: int) -> FrozenTrial:
        """One trial, valid here.

        Args:
            raw: As it was read.
            number: Its number here.
        """
        problems = list(raw.problems)
        if raw.number != number:
            problems.append(f"its number was {raw.number}")
        system_attrs = self._dashboard.trials.pop(raw.id, {})
        constraints = self._constraints(raw.system_attrs, problems)
        for key, value in raw.system_attrs.items():
            if key.startswith(ARTIFACT):
                read_artifact(key, value, system_attrs, problems)
            elif key == FIXED_PARAMS:
                system_attrs[key] = {self._name(name): v for name, v in value.items()}
            elif key != "constraints" and not key.startswith("constraints:"):
                system_attrs[self._name(FOREIGN + key)] = value
        self._links.add(number, system_attrs)
        compared = self._dashboard.comparisons
        compared.met(raw, number)
        state, values = compared.state(*self._outcome(raw, system_attrs, problems))
        space, point = self._params(raw, system_attrs, problems)
        started = raw.started
        finished = raw.finished if state.is_finished() else None
        if state.is_finished():
            started = started if started is not None else finished
            finished = finished if finished is not None else started
        trial = FrozenTrial.build(
            number,
            state,
            values=values,
            space=space,
            point=point,
            started=started,
            finished=finished,
            reports=self._reports(raw, problems),
            constraints=constraints,
            user_attrs={self._name(key): value for key, value in raw.user_attrs.items()},
            system_attrs=system_attrs,
        )
        self.problems.extend(f"trial {number}: {problem}" for problem in problems)
        return trial

    def _outcome(
        self, raw: RawTrial, system_attrs: dict[str, Any], problems: list[str]
    ) -> tuple[TrialState, tuple[float, ...] | None]:
        state = TrialState[raw.state]
        if not raw.values and state is not TrialState.COMPLETE:
            return state, None
        stored = [raw.values.get(i) for i in range(max(len(self.directions), len(raw.values)))]
        values = tuple(v for v in stored if v is not None and math.isfinite(v))
        if state.is_finished() and len(values) == len(stored) == len(self.directions):
            return state, tuple(float(v) for v in values)
        shown = [math.nan if value is None else value for value in stored]
        system_attrs[f"{FOREIGN}values"] = shown
        if state is TrialState.COMPLETE:
            state = TrialState.FAIL
            reason = f"its values were {shown}, not {len(self.directions)} finite numbers"
            system_attrs["fail_reason"] = reason
            problems.append(f"{reason}; it is FAIL here, not COMPLETE")
        else:
            problems.append(f"{state.name} with the values {shown}, which were set aside")
        return state, None

    def _params(
        self, raw: RawTrial, system_attrs: dict[str, Any], problems: list[str]
    ) -> tuple[Space, tuple[Internal, ...]]:
        distributions: dict[str, Distribution] = {}
        point: list[Internal] = []
        for given, (internal, text) in raw.params.items():
            name = self._name(given)
            distribution, why = self._distribution(name, text)
            value = None if distribution is None else _internal(distribution, internal)
            if distribution is None or value is None:
                why = why or f"{internal} is no value of it"
                problems.append(f"parameter {given!r} was set aside: {why}")
                aside = system_attrs.setdefault(f"{FOREIGN}set_aside", {})
                aside[given] = {"internal": internal, "distribution": text}
                continue
            distributions[name] = distribution
            point.append(value)
            if not distribution._contains(value):
                problems.append(f"parameter {given!r} is {value}, outside {distribution}")
        key = tuple((name, id(d)) for name, d in distributions.items())
        space = self._spaces.get(key)
        if space is None:
            space = self._spaces[key] = Space(distributions)
        return space, tuple(point)

    def _distribution(self, name: str, text: str) -> tuple[Distribution | None, str]:
        """The distribution, the same object for the same text, and why there is none."""
        if text not in self._distributions:
            try:
                self._distributions[text] = distribution_from_optuna(text)
            except (TypeError, ValueError):
                self._distributions[text] = None
        distribution = self._distributions[text]
        if distribution is None:
            return None, f"its distribution {text} cannot be read"
        known = self._known.setdefault(name, distribution)
        if known is not distribution:
            if _same_choices(known, distribution):
                return known, ""
            try:
                check_compatible(name, known, distribution)
            except IncompatibleDistribution as error:
                return None, str(error)
            self._known[name] = distribution
        return distribution, ""

    def _reports(self, raw: RawTrial, problems: list[str]) -> dict[int, Report]:
        reports = {}
        for step in sorted(raw.reports):
            value = raw.reports[step]
            if step < 0:
                problems.append(f"its report of {value} at step {step} was left out")
                continue
            reports[step] = Report(step, {VALUE: math.nan if value is None else float(value)})
        return reports

    def _constraints(self, attrs: Mapping[str, Any], problems: list[str]) -> dict[str, float]:
        # Samplers of version 4 wrote a list; `set_constraint` of version 5 writes one key each.
        given = {str(i): value for i, value in enumerate(attrs.get("constraints") or ())}
        for key, value in attrs.items():
            if key.startswith("constraints:"):
                given[key.removeprefix("constraints:")] = value
        constraints = {}
        for name, value in given.items():
            if not isinstance(value, (int, float)) or math.isnan(value):
                problems.append(f"constraint {name!r} was {value} and was left out")
                continue
            constraints[self._name(name)] = float(value)
        return constraints

    def _name(self, name: str) -> str:
        """``name``, or the nearest name that may be used here."""
        if name not in self._names:
            self._names[name] = legal_name(name)
            if self._names[name] != name:
                self.problems.append(f"the name {name!r} became {self._names[name]!r}")
        return self._names[name]


def legal_name(name: str) -> str:
    """``name`` in NFC, without control characters, of 1 to 255 characters.

    What had to be changed gets a checksum at its end, so that two names stay two.
    """
    clean = "".join(
        "_" if unicodedata.category(character) in ("Cc", "Cs") else character
        for character in unicodedata.normalize("NFC", name)
    )
    if clean == name and 0 < len(name) <= MAX_NAME:
        return name
    checksum = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{clean[: MAX_NAME - 9]}~{checksum}"


def _internal(distribution: Distribution, internal: float | None) -> Internal | None:
    """Our internal value for Optuna's, which is always a float; None if there is none."""
    if internal is None or not math.isfinite(internal):
        return None
    if isinstance(distribution, FloatDistribution):
        return float(internal)
    if isinstance(distribution, CategoricalDistribution) and not distribution._contains(internal):
        return None
    return int(internal)


def _same_choices(a: Distribution, b: Distribution) -> bool:
    """Whether both are choices that Optuna takes for equal: 1, 1.0 and True."""
    return (
        isinstance(a, CategoricalDistribution)
        and isinstance(b, CategoricalDistribution)
        and a.choices == b.choices
    )
