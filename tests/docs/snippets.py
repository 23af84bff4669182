"""Runs the code of one Markdown file: `python snippets.py FILE`.

The ```python blocks share one namespace and the ```bash run blocks are run by bash, all in the
order of the page and in the current folder. A block marked `no-run` is only compiled, if Python;
one marked `file=NAME` becomes that file, for later blocks to run or import. A traceback names the
page and its line.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,}|~{3,})(?P<info>[^`\n]*)$")


@dataclass(frozen=True)
class Block:
    language: str
    marks: frozenset[str]
    line: int  # of the first line of code, from 1
    code: str

    @property
    def file(self) -> str | None:
        """Name of the file that this block is to become, if it is marked so."""
        return next((mark[5:] for mark in self.marks if mark.startswith("file=")), None)


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page. Raises ValueError for one that does not end."""
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        opening = FENCE.match(line)
        if opening is None:
            continue
        indent, ticks = len(opening["indent"]), opening["ticks"]
        language, *marks = opening["info"].split() or [""]
        code = []
        for _, inner in lines:
            closing = FENCE.match(inner)
            if closing and closing["ticks"].startswith(ticks) and not closing["info"].strip():
                break
            code.append(inner[indent:] if not inner[:indent].strip() else inner)
        else:
            raise ValueError(f"line {number}: the block that begins here does not end")
        yield Block(language, frozenset(marks), number + 1, "".join(f"{row}\n" for row in code))


def run(page: Path) -> int:
    """Run the page's blocks; return how many ran."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    ran = 0
    for block in blocks(page.read_text()):
        if block.language == "python":
            # Blank lines before it give the code the page's own line numbers.
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
            if "no-run" not in block.marks and block.file is None:
                exec(code, namespace)
                ran += 1
        elif block.language == "bash" and "run" in block.marks:
            folder = Path(sys.executable).parent
            path = f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
            command = ["bash", "-euo", "pipefail", "-c", block.code]
            status = subprocess.run(
                command, env={**os.environ, "PATH": path}, check=False
            ).returncode
            if status != 0:
                raise SystemExit(f"{page}, line {block.line}: exit status {status}")
            ran += 1
        if block.file is not None:
            file = Path(block.file)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.code)
    return ran


if __name__ == "__main__":
    run(Path(sys.argv[1]).resolve())
