"""Configs as JSON: what of them can be stored, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.errors import short_repr
from trimtab.records.lineage import OPAQUE


def json_config(config: Any) -> Any:
    """A config as JSON values; what JSON cannot hold is named."""
    if config is None or isinstance(config, (bool, int, float, str)):
        return config
    if isinstance(config, np.generic):
        return config.item()
    if isinstance(config, Mapping):
        return {str(key): json_config(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [json_config(value) for value in config]
    return {OPAQUE: short_repr(config)}


def restored(stored: Any, built: Any) -> Any:
    """A stored config, with what JSON could not hold from one that was built anew."""
    if isinstance(stored, Mapping):
        if OPAQUE in stored:
            return built
        known = built if isinstance(built, Mapping) else {}
        return {key: restored(value, known.get(key)) for key, value in stored.items()}
    if isinstance(stored, list):
        known_items = list(built) if isinstance(built, (list, tuple)) else []
        padded = known_items + [None] * (len(stored) - len(known_items))
        values = [restored(value, other) for value, other in zip(stored, padded, strict=False)]
        return tuple(values) if isinstance(built, tuple) else values
    return stored


def has_opaque(stored: Any) -> bool:
    """Whether JSON could not hold a part of it."""
    if isinstance(stored, Mapping):
        return OPAQUE in stored or any(has_opaque(value) for value in stored.values())
    return isinstance(stored, list) and any(has_opaque(value) for value in stored)


def own(config: Any) -> Any:
    """A config with containers of its own: what a trainable does to them, no other trial sees."""
    if isinstance(config, dict):
        return {key: own(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return (
            type(config)(own(value) for value in config)
            if type(config) in (list, tuple)
            else config
        )
    return config
