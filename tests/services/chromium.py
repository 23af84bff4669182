"""The browser that the tests of pages drive: Debian's Chromium, or one that a variable names."""

import os
import shutil

from tests.services.apt import install, say
from tests.services.server import Unavailable

CHROMIUM = "TRIMTAB_TEST_CHROMIUM"
"""The environment variable with the browser's path."""
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
"""A container gives no sandbox to the browser's processes, and no network to its background."""

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium() -> str | None:
    """Its path, or None where there is none."""
    if given := os.environ.get(CHROMIUM):
        return given
    return next(filter(None, map(shutil.which, _NAMES)), None)


def provide_chromium() -> str:
    """Its path; installed where it is missing. Raises Unavailable where it cannot be."""
    path = find_chromium()
    if path is None:
        install(
            ["chromium", "fonts-dejavu-core", "fonts-noto-color-emoji"], "no Chromium is installed"
        )
        path = find_chromium()
    if path is None:
        raise Unavailable("Chromium was installed and cannot be found")
    say(f"Chromium: {path}")
    return path
