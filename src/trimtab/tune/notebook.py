"""Something that changes, in one output of a notebook that is drawn over; no widgets are needed."""

from __future__ import annotations

import io
import threading
from typing import Any, Final

from rich.console import Console, RenderableType

_PERIOD: Final = 0.5
"""Seconds between two drawings."""
_FORMAT: Final = (
    '<pre style="white-space:pre;overflow-x:auto;line-height:normal;'
    "font-family:Menlo,'DejaVu Sans Mono',consolas,'Courier New',monospace\">{code}</pre>"
)


class NotebookLive:
    """Draws it until it is stopped, from a thread of its own.

    Args:
        shown: What changes.
        width: In characters.
    """

    def __init__(self, shown: RenderableType, width: int) -> None:
        self._shown = shown
        self._width = width
        self._handle: Any = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="progress", daemon=True)

    def start(self) -> None:
        """Draw it for the first time, where the cell's output is."""
        from IPython.display import display

        show: Any = display  # it has no types
        self._handle = show(self._frame(), raw=True, display_id=True)
        self._thread.start()

    def stop(self) -> None:
        """Draw it for the last time."""
        self._stopping.set()
        self._thread.join()
        self._update()

    def _draw(self) -> None:
        while not self._stopping.wait(_PERIOD):
            self._update()

    def _update(self) -> None:
        if self._handle is not None:
            self._handle.update(self._frame(), raw=True)

    def _frame(self) -> dict[str, str]:
        console = Console(
            file=io.StringIO(),
            record=True,
            width=self._width,
            force_terminal=False,
            force_jupyter=False,
            color_system="truecolor",
        )
        console.print(self._shown)
        html = console.export_html(inline_styles=True, code_format=_FORMAT, clear=False)
        return {"text/html": html, "text/plain": console.export_text()}
