"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

import psutil

_PACKAGES = (
    *("trimtab", "optuna", "rustuna", "ray"),
    *("numpy", "scipy", "sqlalchemy", "cmaes", "plotly"),
)


def machine() -> list[str]:
    """Processor, memory, system and versions: nothing that tells whose machine it is."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return [
        (
            f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, "
            f"{platform.system()} {platform.machine()}"
        ),
        f"{platform.python_implementation()} {platform.python_version()}; {versions}",
    ]


def load() -> str:
    """How busy the machine is with others, before we begin."""
    average, cores = os.getloadavg()[0], os.cpu_count() or 1
    if average < 0.5 * cores:
        return f"load average {average:.1f} before"
    return (
        f"load average {average:.1f} before: others were at work, which inflates all times and "
        "spreads the ratios"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        # Run from a source tree that is not installed.
        return "unreleased" if package == "trimtab" else "not installed"
