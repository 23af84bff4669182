"""Debian's packages, where they may be installed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from tests.services.server import Unavailable


def install(packages: Sequence[str], reason: str) -> None:
    """Install packages that are missing for `reason`; raises Unavailable where we cannot."""
    if shutil.which("apt-get") is None:
        raise Unavailable(f"{reason}, and there is no apt-get")
    if os.geteuid() != 0:
        raise Unavailable(f"{reason}; as root: apt-get install {' '.join(packages)}")
    # RUNLEVEL=1 keeps the packages from starting servers of the system's own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    for command in (
        [*apt, "update"],
        [*apt, "install", "--yes", "--no-install-recommends", *packages],
    ):
        say("$ " + " ".join(command))
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            check=False,
        )
        if done.returncode != 0:
            sys.stderr.write(done.stdout.decode(errors="replace"))
            raise Unavailable(f"{reason}, and {' '.join(command)} failed")


def say(message: str) -> None:
    """A line for who waits for the tests."""
    print(message, file=sys.stderr, flush=True)
