"""What README and docs/ show, runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import snippets

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TIMEOUT = 100  # seconds a page may take
MOST_NOT_RUN = 6  # blocks, over all pages: of clusters, services and files that only a reader has


def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", snippets.__file__, str(page)],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_page(page: Path, tmp_path: Path) -> None:
    done = run(page, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_few_blocks_are_not_run() -> None:
    marked = [
        f"{page.name}:{block.line}"
        for page in PAGES
        for block in snippets.blocks(page.read_text())
        if "no-run" in block.marks
    ]
    assert len(marked) <= MOST_NOT_RUN, marked


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [*PAGES, *ROOT.glob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("intro\n\n```python\nx = 1\nraise RuntimeError('no')\n```\n", 'page.md", line 5'),
        ("```python\nx = 1\n```\n\n```python\nx.y\n```\n", "no attribute 'y'"),
        ("```python no-run\nthis is no Python\n```\n", "SyntaxError"),
        ("```bash run\nfalse\ntrue\n```\n", "line 2: exit status 1"),
        ("```python\nx = 1\n", "does not end"),
        ("```python\nimport warnings\nwarnings.warn('old')\n```\n", "UserWarning"),
    ],
)
def test_a_fault_is_found_and_located(text: str, complaint: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    done = run(page, tmp_path)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_blocks_run_in_the_order_of_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "1. listed\n\n   ```python\n   name = 'a'\n   open(name, 'w').close()\n   ```\n\n"
        "```bash run\ntest -e a\nmv a b\n```\n\n"
        "```bash\nexit 1\n```\n\n"
        "```python no-run\nraise RuntimeError\n```\n\n"
        "```python\nimport os\nassert os.listdir() == ['b'], os.listdir()\n```\n"
    )
    (tmp_path / "here").mkdir()
    done = run(page, tmp_path / "here")
    assert done.returncode == 0, done.stderr


def test_a_block_may_become_a_file(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python file=answer.py\nquestion = 'six by nine'\nanswer = 42\n```\n\n"
        "```bash run\ngrep -q 42 answer.py\n```\n\n"
        "```python\nimport sys\nsys.path.insert(0, '.')\nimport answer\n"
        "assert 'question' not in globals() and answer.answer == 42\n```\n"
    )
    done = run(page, tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_file_is_compiled(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python file=answer.py\nthis is no Python\n```\n")
    assert "SyntaxError" in run(page, tmp_path).stderr
