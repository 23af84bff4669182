"""What a sweep searches: entries of the configuration and of the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    IntervalSweep,
    Override,
    Quote,
    QuotedString,
    RangeSweep,
    Transformer,
)

from trimtab.errors import InvalidArgument, InvalidType
from trimtab.space import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
)

_KEYS: Final = ("type", "low", "high", "log", "step", "choices")
_PLAIN: Final = re.compile(r"[A-Za-z_][\w./:-]*")
_NO_STRINGS: Final = {"null", "true", "false", "nan", "inf"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One dimension of the sweep.

    Attributes:
        distribution: What it may be.
        texts: What an override says for each choice; None where it is a number.
    """

    distribution: Distribution
    texts: tuple[str, ...] | None = None

    def text(self, value: Any) -> str:
        """The value as an override has it."""
        if self.texts is None:
            return override_text(value)
        return self.texts[int(self.distribution.to_internal_repr(value))]


@dataclass(frozen=True, slots=True)
class Dimensions:
    """All that a sweep varies, and all that it does not.

    Attributes:
        parameters: By override key, such as ``++algorithm.gamma``.
        fixed: Overrides of every job, as they were given.
    """

    parameters: Mapping[str, Parameter]
    fixed: tuple[str, ...]

    def distributions(self) -> dict[str, Distribution]:
        """By override key."""
        return {key: parameter.distribution for key, parameter in self.parameters.items()}

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """The overrides of a job.

        Args:
            params: Its values by key; keys that are none of the sweep's parameters, as a custom
                search space makes them, too.
        """
        varied = [
            f"{key}={self.parameters[key].text(value)}"
            if key in self.parameters
            else f"{key}={override_text(value)}"
            for key, value in params.items()
        ]
        return [*varied, *self.fixed]


def dimensions(
    search_space: Mapping[str, Any],
    params: Mapping[str, Any],
    arguments: Sequence[str],
    config_loader: Any,
) -> Dimensions:
    """What is varied, where the command line goes before `params`, and that before `search_space`.

    Args:
        search_space: Entries by override key: mappings with ``type`` and bounds, or text.
        params: Text in Hydra's override grammar by override key.
        arguments: Overrides of the command line.
        config_loader: Hydra's.

    Raises:
        InvalidArgument: If an entry is not as it should be.
        InvalidType: If one is of the wrong type.
    """
    parser = OverridesParser.create(config_loader=config_loader)
    found: dict[str, tuple[str, Parameter | str]] = {}

    def put(key: str, what: Parameter | str) -> None:
        # `++lr`, `+lr` and `lr` are one thing, for which the last word counts, in its first place.
        found[key.lstrip("+~")] = (key, what)

    for key, entry in search_space.items():
        if isinstance(entry, Mapping):
            put(key, _entry(f"search_space.{key}", entry))
        else:
            put(key, _parsed(parser, "search_space", key, entry))
    for key, entry in params.items():
        put(key, _parsed(parser, "params", key, entry))
    for override in parser.parse_overrides(list(arguments)):
        put(override.get_key_element(), _of_override(override))
    return Dimensions(
        {key: what for key, what in found.values() if isinstance(what, Parameter)},
        tuple(what for _, what in found.values() if isinstance(what, str)),
    )


def override_text(value: Any) -> str:
    """A value as Hydra's override grammar has it: text that it might take for else is quoted."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _NO_STRINGS:
            return value
        return str(QuotedString(value, Quote.single).with_quotes())
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ",".join(f"{override_text(k)}:{override_text(v)}" for k, v in value.items())
        return f"{{{inner}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(override_text, value))}]"
    return repr(value)


def choices(argument: str, values: Sequence[Any], text: Callable[[Any], str]) -> Parameter:
    """A parameter of several values; lists and mappings go by their text.

    Args:
        argument: For messages.
        values: At least one.
        text: A value as an override has it.
    """
    if not values:
        raise InvalidArgument(argument, "at least one choice", values)
    texts = tuple(text(value) for value in values)
    labels = tuple(_label(value, shown) for value, shown in zip(values, texts, strict=True))
    if len(set(texts)) < len(texts):
        raise InvalidArgument(argument, "choices that differ", labels)
    return Parameter(CategoricalDistribution(labels), texts)


def _label(value: Any, text: str) -> Any:
    if isinstance(value, QuotedString):
        return value.text
    return value if value is None or isinstance(value, (bool, int, float, str)) else text


def _entry(argument: str, entry: Mapping[str, Any]) -> Parameter:
    for key in entry:
        if key not in _KEYS:
            raise InvalidArgument(argument, f"keys among {', '.join(_KEYS)}", key)
    kind = entry.get("type") or ("categorical" if "choices" in entry else None)
    if kind == "categorical":
        values = entry.get("choices")
        if not isinstance(values, (list, tuple)):
            raise InvalidType(argument, "a list of `choices`", values)
        return choices(argument, values, override_text)
    if kind not in ("float", "int"):
        raise InvalidArgument(argument, "a `type` of float, int or categorical", entry.get("type"))
    for bound in ("low", "high"):
        if entry.get(bound) is None:
            raise InvalidArgument(argument, "both bounds, `low` and `high`", dict(entry))
    log, step = bool(entry.get("log")), entry.get("step")
    try:
        if kind == "int":
            return Parameter(
                IntDistribution(entry["low"], entry["high"], log, 1 if step is None else step)
            )
        return Parameter(FloatDistribution(entry["low"], entry["high"], log, step))
    except InvalidType as error:
        raise InvalidType(f"{argument}.{error.argument}", error.expected, error.got) from error
    except InvalidArgument as error:
        raise InvalidArgument(f"{argument}.{error.argument}", error.expected, error.got) from error


def _parsed(parser: OverridesParser, argument: str, key: str, entry: Any) -> Parameter | str:
    text = entry if isinstance(entry, str) else override_text(entry)
    # The parser's other method does not tell a glob where the groups are.
    (override,) = parser.parse_overrides([f"{key}={text}"])
    return _of_override(override, f"{argument}.{key}")


def _of_override(override: Override, argument: str = "overrides") -> Parameter | str:
    if not override.is_sweep_override():
        return str(override.input_line)
    value = override.value()
    key = override.get_key_element()
    named = key if argument == "overrides" else argument
    if isinstance(value, IntervalSweep):
        return Parameter(_interval(named, value))
    if isinstance(value, RangeSweep) and not value.shuffle:
        return Parameter(_range(named, value))
    # A choice, or what Hydra counts as one: glob(*), or a shuffled range.
    return choices(named, list(override.sweep_iterator()), Transformer.str)


def _interval(argument: str, sweep: IntervalSweep) -> Distribution:
    tags = set(sweep.tags)
    if unknown := tags - {"int", "float", "log"}:
        raise InvalidArgument(argument, "tags among int, float and log", sorted(unknown))
    low, high = sweep.start, sweep.end
    if low is None or high is None:
        raise InvalidArgument(argument, "an interval with both its bounds", sweep)
    whole = "int" in tags or (isinstance(low, int) and isinstance(high, int))
    _ordered(argument, low, high)
    if whole:
        return IntDistribution(int(low), int(high), "log" in tags)
    return FloatDistribution(float(low), float(high), "log" in tags)


def _range(argument: str, sweep: RangeSweep) -> Distribution:
    """As Hydra's Optuna sweeper has it: the stop is part of the range."""
    if sweep.start is None or sweep.stop is None:
        raise InvalidArgument(argument, "a range with both its bounds", sweep)
    low, high, step = sweep.start, sweep.stop, sweep.step
    _ordered(argument, low, high)
    if all(isinstance(part, int) for part in (low, high, step)):
        return IntDistribution(int(low), int(high), "log" in sweep.tags, int(step))
    return FloatDistribution(float(low), float(high), "log" in sweep.tags, float(step))


def _ordered(argument: str, low: float, high: float) -> None:
    if low > high:
        raise InvalidArgument(argument, "a lower bound that is at most the upper one", (low, high))
