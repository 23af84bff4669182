"""Rules of the house that no linter knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
FILES = sorted(SRC.rglob("*.py"))
LONGEST = 900  # lines
# What is stored or received is JSON and raw arrays; a pickle could run anything.
NO_PICKLE = ("artifacts", "dashboard", "records", "samplers", "schedulers", "storage")
PICKLES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
# Arithmetic only: no input or output but the log, no clock, no global random state, no threads.
PURE = ("samplers", "schedulers")
IMPURE = frozenset(
    "asyncio concurrent datetime http io multiprocessing os pathlib random secrets shutil "
    "socket sqlalchemy sqlite3 subprocess tempfile threading time urllib uuid".split()
)


def imports(tree: ast.AST) -> Iterator[str]:
    """The top-level packages that are imported anywhere in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def faults(path: Path, source: str) -> list[str]:
    """What the module at `path`, below src/, does against the rules."""
    tree = ast.parse(source)
    found = []
    if (lines := source.count("\n")) > LONGEST:
        found.append(f"{lines} lines, more than {LONGEST}")
    floor = path.parts[1] if path.parts[0] == "trimtab" else ""
    imported = set(imports(tree))
    if floor in NO_PICKLE:
        found += [f"imports {name}: no pickle here" for name in sorted(imported & PICKLES)]
    if floor in PURE:
        found += [f"imports {name}: arithmetic only" for name in sorted(imported & IMPURE)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append(f"line {node.lineno}: bare except")
        # In trimtab.testing an assertion is the point.
        if isinstance(node, ast.Assert) and floor != "testing":
            found.append(f"line {node.lineno}: assert vanishes under python -O: raise an error")
    return found


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(SRC)) for path in FILES])
def test_house(path: Path) -> None:
    assert faults(path.relative_to(SRC), path.read_text()) == []


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("trimtab/study/study.py", "x = 1\n" * 901, "901 lines"),
        ("trimtab/storage/sql.py", "def f():\n    from pickle import loads\n", "imports pickle"),
        ("trimtab/samplers/base.py", "import cloudpickle.cloudpickle\n", "imports cloudpickle"),
        ("trimtab/schedulers/pbt.py", "from time import sleep\n", "imports time"),
        ("trimtab/samplers/tpe/x.py", "import os.path\n", "imports os"),
        ("trimtab/errors.py", "try:\n    pass\nexcept:\n    pass\n", "line 3: bare except"),
        ("trimtab/__init__.py", "assert True\n", "line 1: assert"),
        ("hydra_plugins/x.py", "assert True\n", "line 1: assert"),
    ],
)
def test_each_fault_is_found(path: str, source: str, fault: str) -> None:
    assert [found for found in faults(Path(path), source) if found.startswith(fault)]


def test_what_is_allowed_is_no_fault() -> None:
    source = "import os\nimport cloudpickle\ntry:\n    pass\nexcept Exception:\n    pass\n"
    assert faults(Path("trimtab/study/parallel.py"), source) == []
    assert faults(Path("trimtab/testing/storage.py"), "assert True\n") == []
