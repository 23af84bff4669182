"""`import trimtab`, and a study in memory, load nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = ["alembic", "pandas", "plotly", "rich", "scipy", "sklearn", "sqlalchemy"]
PROGRAM = (
    "import sys, trimtab; trimtab.create_study; "
    "print(*[name for name in {heavy!r} if name in sys.modules])"
)


def _loaded(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_import_loads_nothing_heavy() -> None:
    assert _loaded(PROGRAM.format(heavy=HEAVY)) == ""


@pytest.mark.parametrize("module", ["scipy", "sqlalchemy"])
def test_the_check_would_see_it(module: str) -> None:
    assert module in _loaded(f"import {module}; " + PROGRAM.format(heavy=HEAVY))
