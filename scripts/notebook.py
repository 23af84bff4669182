"""Writes `examples/pbt_visualization.ipynb` from `examples/pbt.py`: `python -m scripts.notebook`.

The script is the one that is edited. Its cells begin with ``# %%``, and those with ``[markdown]``
after it hold comments only. The notebook has no outputs: they belong to whoever runs it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPT, NOTEBOOK = EXAMPLES / "pbt.py", EXAMPLES / "pbt_visualization.ipynb"
_MARKDOWN = "# %% [markdown]"


def cells_of(script: str) -> list[tuple[str, str]]:
    """(kind, text) of each cell."""
    found: list[tuple[str, list[str]]] = []
    for line in script.splitlines():
        if line.startswith("# %%"):
            found.append(("markdown" if line == _MARKDOWN else "code", []))
        else:
            found[-1][1].append(line)
    return [
        (kind, "\n".join(_text(kind, line) for line in lines).strip("\n")) for kind, lines in found
    ]


def _text(kind: str, line: str) -> str:
    if kind == "markdown":
        return line.removeprefix("#").removeprefix(" ")
    return line.partition("  # noqa")[0]


def notebook_of(script: str) -> str:
    """The notebook as JSON, the same for the same script."""
    cells: list[dict[str, Any]] = []
    for index, (kind, text) in enumerate(cells_of(script)):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{index:02}", "metadata": {}}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append({**cell, "source": text.splitlines(keepends=True)})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook_of(SCRIPT.read_text(encoding="utf-8")), encoding="utf-8")
