"""Far from UTC, so that times in the wrong zone are seen."""

import os
import time
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _far_away() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Pacific/Chatham"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()
