"""Hydra programs in folders and processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

_SRC = Path(__file__).parents[3] / "src"


def environment() -> dict[str, str]:
    """That of a program: with Trimtab as it is here."""
    path = os.pathsep.join(filter(None, [str(_SRC), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def write(folder: Path, **files: str) -> None:
    """Files of a program; ``__`` in a name is a dot, ``___`` a slash."""
    for name, text in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())


def start(folder: Path, *arguments: str, program: str = "main.py") -> subprocess.Popen[str]:
    """Begin ``python main.py ...``."""
    return subprocess.Popen(
        [sys.executable, program, *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str], status: int = 0) -> str:
    """Wait for its end; returns all that it printed."""
    output, _ = process.communicate(timeout=100)
    if process.returncode != status:
        raise AssertionError(f"status {process.returncode}, not {status}:\n{output}")
    return output


def call(folder: Path, *arguments: str, status: int = 0) -> str:
    """Run ``python main.py ...`` to its end."""
    return finish(start(folder, *arguments), status)
