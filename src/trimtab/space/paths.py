"""Names of what is nested: keys joined by slashes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from trimtab.errors import InvalidArgument

Path: TypeAlias = tuple[str | int, ...]
SEPARATOR: Final = "/"


def flattened(config: Mapping[str, Any], path: Path = ()) -> dict[str, Any]:
    """A nested config as one level, its keys joined by slashes; lists are left as they are."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        # A dict is a Mapping, and what a float is not is soon said: ABCs are slow to ask.
        if type(value) is not float and isinstance(value, (dict, Mapping)) and value:
            flat |= flattened(value, (*path, key))
        elif path:
            flat[SEPARATOR.join(map(str, (*path, key)))] = value
        else:
            flat[key if type(key) is str else str(key)] = value
    return flat


def value_at(config: Any, name: str) -> Any:
    """What a config has at a path.

    Raises:
        KeyError: If it has nothing there.
    """
    for key in name.split(SEPARATOR):
        if isinstance(config, (list, tuple)):
            config = config[int(key)]
        else:
            config = config[key]
    return config


def with_value(config: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """A copy of a config with another value at a path; new keys are made."""
    key, _, rest = name.partition(SEPARATOR)
    if not rest:
        return {**config, key: value}
    inner = config.get(key, {})
    if isinstance(inner, (list, tuple)):
        path: Path = tuple(int(part) if part.isdigit() else part for part in rest.split(SEPARATOR))
        return {**config, key: replaced(inner, path, value)}
    if not isinstance(inner, Mapping):
        raise InvalidArgument("name", f"a path through dictionaries, not through {key!r}", name)
    return {**config, key: with_value(dict(inner), rest, value)}


def replaced(tree: Any, path: Path, value: Any) -> Any:
    """A copy of a tree with another value at a path; the rest is shared."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(tree, Mapping):
        return {**tree, key: replaced(tree[key], rest, value)}
    items = list(tree)
    items[int(key)] = replaced(items[int(key)], rest, value)
    return tuple(items) if isinstance(tree, tuple) else items
