"""Every promise names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/promises.md").read_text()
NAMED = re.findall(r"`([\w/.]+\.py)::(\w+)", PAGE)


def test_every_promise_names_a_test() -> None:
    promises = [text for text in re.split(r"\n\n(?=\*\*)", PAGE) if text.startswith("**")]
    assert len(promises) > 10
    assert [
        text.split("\n")[0] for text in promises if not re.search(r"::(test_|Test)", text)
    ] == []


def test_the_tests_exist() -> None:
    unknown = [
        f"{path}::{name}"
        for path, name in NAMED
        if not (ROOT / path).exists()
        or not re.search(rf"^\s*def {name}\(|^{name} = ", (ROOT / path).read_text(), re.MULTILINE)
    ]
    assert unknown == []
