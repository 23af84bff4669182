"""One output of a notebook is drawn over."""

from typing import Any

import pytest

pytest.importorskip("IPython", reason="IPython is not installed")

from trimtab.tune import notebook


class Handle:
    def __init__(self, frame: dict[str, str]) -> None:
        self.frames = [frame]

    def update(self, frame: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.frames.append(frame)


class Shown:
    text = "first"

    def __rich__(self) -> str:
        return f"[bold]{self.text}[/bold] <b>"


def test_it_is_drawn_over_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    handles: list[Handle] = []

    def display(frame: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        handles.append(Handle(frame))
        return handles[0]

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(notebook, "_PERIOD", 0.001)
    shown: Any = Shown()
    live = notebook.NotebookLive(shown, 40)
    live.start()
    shown.text = "last"
    live.stop()
    (handle,) = handles
    assert handle.frames[0]["text/plain"] == "first <b>\n"
    assert handle.frames[-1]["text/plain"] == "last <b>\n"
    assert "font-weight: bold" in handle.frames[-1]["text/html"]
    assert "&lt;" in handle.frames[-1]["text/html"]
    assert "<b>" not in handle.frames[-1]["text/html"]
