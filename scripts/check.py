"""Every check, in the order in which they are quick: `make test`, or `--quick` for all but pytest.

All of them run even when one fails. pytest is last and so has the last word, in which it names
what failed before it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.services import child, provide

BIN = Path(sys.executable).parent
FOLDERS = [
    name for name in ("src", "tests", "scripts", "benchmarks", "examples") if Path(name).is_dir()
]
CHECKS = {
    "ruff check": ["ruff", "check", "--quiet", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "."],
    "mypy": ["mypy", *FOLDERS, "hatch_build.py"],
    "import-linter": ["lint-imports"],
}
MOST_WORKERS = 4  # more would wait for the databases


def passes(name: str, command: Sequence[str]) -> bool:
    """Run one check; its output is shown when it fails."""
    started = time.monotonic()
    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    verdict = "ok" if done.returncode == 0 else "FAILED"
    print(f"{name}: {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout.decode(errors="replace"), flush=True)
    return done.returncode == 0


def pytest(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    # One more than there are processors: half of the time tests wait for servers and browsers.
    workers = min((os.cpu_count() or 1) + 1, MOST_WORKERS)
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), *arguments]
    with provide() as databases:
        return child.run(command, {**environment, **databases})


def main() -> int:
    arguments = sys.argv[1:]
    failed = [name for name, command in CHECKS.items() if not passes(name, command)]
    if arguments == ["--quick"]:
        return 1 if failed else 0
    status = pytest(arguments, {**os.environ, "TRIMTAB_FAILED_CHECKS": ", ".join(failed)})
    return status or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main())
