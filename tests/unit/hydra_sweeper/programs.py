"""Hydra programs in a folder, run as their users run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def environment() -> dict[str, str]:
    """Of a process that has this source, one thread and nothing of a sweep around it."""
    path = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)), "OMP_NUM_THREADS": "1"}


def command(*arguments: str) -> list[str]:
    """That sweeps with the program of a folder."""
    return [sys.executable, "main.py", *arguments, "--multirun"]


def hydra_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The whole run of a folder's ``main.py``."""
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120.0,
        check=False,
    )
