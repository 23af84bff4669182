"""Finds the code cells in a notebook that was saved as text, where it lost its indentation.

Of each line's indentation one space is left, if there was any. It is put back by these rules: a
line that ends in a colon opens a block; a line without the space is at the outermost level; a
blank line ends the blocks inside a function, but neither its loop nor a temporary folder in it.
"""

import json
from collections.abc import Iterator

from tests.seeds.listings import is_whole

_STEP = "    "
_STAYS_OPEN = ("while ", "def ", "with tempfile.")


def code_cells(page: str) -> Iterator[list[str]]:
    """The lines of each code cell, as far as the page has them."""
    kind, lines, inside = "", list[str](), False
    for line in page.splitlines():
        if line.startswith('"cell_type"'):
            kind = json.loads("{" + line.rstrip(",") + "}")["cell_type"]
        elif line == '"source": [':
            lines, inside = [], True
        elif inside and line.rstrip(",") == "]":
            inside = False
            if kind == "code":
                yield lines
        elif inside:
            lines.append(str(json.loads(line.rstrip(","))).rstrip("\n"))


def indented(lines: list[str]) -> str:
    """A cell as Python again."""
    out: list[str] = []
    blocks: list[str] = []
    statement = ""
    for text in lines:
        bare = text.strip()
        if not bare:
            while not statement and blocks and not blocks[-1].startswith(_STAYS_OPEN):
                blocks.pop()
            out.append("")
            continue
        if not statement and not text.startswith(" "):
            blocks = []
        out.append(_STEP * (len(blocks) + 2 * bool(statement)) + bare)
        if not statement and bare.startswith("#"):
            continue
        statement += bare + "\n"
        if is_whole(statement):
            if statement.rstrip().endswith(":"):
                blocks.append(statement)
            statement = ""
    return "\n".join(out) + "\n"
