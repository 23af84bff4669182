"""Dashboards as processes of their own, and a browser that looks at them."""

from __future__ import annotations

import contextlib
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.services.chromium import ARGUMENTS

_TOKEN = "a-token-for-benchmarks"
_DEADLINE = 120_000.0  # ms
TICK = 10  # ms between two looks at the page
SETTLE = 3.0  # seconds
_ARE_THERE = "([selector, least]) => document.querySelectorAll(selector).length >= least"


@dataclass(frozen=True)
class Served:
    """A dashboard that runs.

    Attributes:
        process: Its server.
        base: Its address.
    """

    process: psutil.Process
    base: str


@contextlib.contextmanager
def served(library: str, path: str) -> Iterator[Served]:
    """A dashboard in a process of its own, as its command starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"sqlite:///{path}"
    if library == "trimtab":
        command = [sys.executable, "-m", "trimtab", "dashboard", url, "--token", _TOKEN]
    else:
        command = [str(Path(sys.executable).with_name("optuna-dashboard")), url]
    server = subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, server)
        yield Served(psutil.Process(server.pid), f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            time.sleep(SETTLE)  # as long as it takes somebody to click the address
            return
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with status {server.returncode}")
        time.sleep(0.1)
    raise RuntimeError("the server does not listen")


@contextlib.contextmanager
def browser_page(library: str, base: str) -> Iterator[Any]:
    """A page of a fresh browser that may enter."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
        )
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(_DEADLINE)
        if library == "trimtab":
            context.request.get(f"{base}/login", params={"token": _TOKEN})
        try:
            page = context.new_page()
            time.sleep(SETTLE)  # a browser that starts loads pages of its own
            yield page
        finally:
            browser.close()


def seconds_until(page: Any, address: str, *wanted: str, least: int = 1) -> list[float]:
    """From asking for a page until it has elements of each selector, one after the other.

    Args:
        page: Of the browser.
        address: Of the page that is asked for.
        wanted: Selectors.
        least: So many elements of each at least.
    """
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    seconds = []
    for selector in wanted:
        page.wait_for_function(_ARE_THERE, arg=[selector, least], polling=TICK)
        seconds.append(time.perf_counter() - start)
    return seconds


def seconds_to_answer(page: Any, address: str, times: int = 5) -> float:
    """From asking for an address over HTTP until all of its answer is there, the median."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        answer = page.context.request.get(address)
        answer.body()
        seconds.append(time.perf_counter() - start)
        if not answer.ok:
            raise RuntimeError(f"{address}: expected an answer, got status {answer.status}")
    return statistics.median(seconds)
