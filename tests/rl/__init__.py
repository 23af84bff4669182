"""Tests of examples/rl, where what it needs is installed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "rl"
NEEDED = ("torch", "gymnasium", "gymnasium_robotics", "stable_baselines3", "hydra")


def example(name: str) -> Any:
    """A module of examples/rl; without what it needs, the tests of this file are skipped."""
    for needed in NEEDED:
        pytest.importorskip(needed, reason=f"{needed} is missing: pip install 'trimtab[rl]'")
    if str(EXAMPLE) not in sys.path:
        sys.path.append(str(EXAMPLE))
    return importlib.import_module(name)
