"""Finds the code in pages that were saved as text, where it lost its indentation.

A listing's lines begin with their numbers, and a space stands for any indentation. It is put back
by three rules: a line that ends in a colon opens a block; a blank line or a statement after which
nothing runs ends the blocks inside a function; brackets and strings of several lines are indented
anyhow.
"""

import io
import os
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

_NUMBERED = re.compile(r"(\d+)(.*)")
_ENDS_BLOCK = re.compile(r"(return|raise|break|continue|pass)\b")
_STEP = "    "


def seed(name: str) -> str:
    """The text of a page, from the folder of TRIMTAB_SEEDS or ``shared/seeds`` beside the project.

    Skips the test where there is none: the pages are other people's and not part of the project.
    """
    given = os.environ.get("TRIMTAB_SEEDS")
    folders = [Path(given)] if given else []
    folders += [parent / "shared" / "seeds" for parent in Path(__file__).resolve().parents[2:]]
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    pytest.skip(f"{name} is not here (set TRIMTAB_SEEDS to the folder that has it)")


def listings(page: str) -> Iterator[list[str]]:
    """The lines of each listing without their numbers."""
    found: list[str] = []
    for line in [*page.splitlines(), ""]:
        match = _NUMBERED.fullmatch(line)
        if match and int(match[1]) == len(found) + 1:
            found.append(match[2])
            continue
        if len(found) > 1:
            yield found
        found = [match[2]] if match and int(match[1]) == 1 else []


def indented(lines: list[str]) -> str:
    """A listing as Python again."""
    out: list[str] = []
    depth, statement = 0, ""
    for text in lines:
        if not text.strip():
            out.append("")
            depth = depth if statement else min(depth, 1)
            continue
        inside = bool(statement)
        out.append(_STEP * (depth + 2 * inside) + text.strip())
        if not inside and text.strip().startswith("#"):
            continue
        statement += text.strip() + "\n"
        if not is_whole(statement):
            continue
        if statement.rstrip().endswith(":"):
            depth += 1
        elif _ENDS_BLOCK.match(statement) and depth > 1:
            depth -= 1
        statement = ""
    return "\n".join(out) + "\n"


def is_whole(statement: str) -> bool:
    """Whether all brackets and strings are closed."""
    try:
        list(tokenize.generate_tokens(io.StringIO(statement).readline))
    except tokenize.TokenError:
        return False
    return True
