"""Times as people see them, and back."""

from __future__ import annotations

import time

import pytest

from trimtab.records.times import from_micros, to_micros

BACK = 1_793_512_800_000_000
"""Clocks in New York go back to 01:00 at this moment (1 November 2026), in microseconds."""


@pytest.mark.parametrize("hours", [-2, -1, 0, 1, 2])
def test_no_hour_is_lost_when_clocks_go_back(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        moment = BACK + hours * 3_600_000_000 + 123_457
        assert to_micros(from_micros(moment)) == moment
    finally:
        monkeypatch.undo()
        time.tzset()
